"""The demo for machines without a screen: plays a short working day on a virtual display and tells what happened."""

import shutil
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from devtools import tones
from devtools.display import virtual_display
from devtools.errors import SetupError
from devtools.phone import Phone, SeenCall, TourFailed, started_phone
from devtools.places import ROOT
from devtools.processes import say

PICTURES = ROOT / ".cache" / "demo"

OWN_TONE = 620
"""What the microphone hears, in Hz; nothing in the rehearsal office sounds like it."""
TEST_TONE = 1004
"""What the line test tone plays, in Hz."""
HEARD = 0.5
"""A tone counts as heard when it is at least this part of the sound's energy."""

_DIGITS = "159"
_LINE_TEST, _ECHO, _SPOKEN_MENU, _CALL_ME_BACK = "6009", "6000", "6002", "6010"


def tour(python: Path, arguments: Sequence[str]) -> int:
    """Plays the tour; 0 when every step happened, 1 with the reason otherwise. Nothing is left running."""
    shutil.rmtree(PICTURES, ignore_errors=True)
    PICTURES.mkdir(parents=True)
    began = time.monotonic()
    # the profile holds a socket, and a socket's path must be short: not below the working copy
    with tempfile.TemporaryDirectory(prefix="callmanager-demo-") as scratch, virtual_display() as env:
        try:
            _Tour(python, Path(scratch), env, _extra(arguments)).play()
        except (TourFailed, SetupError) as reason:
            say(f"  FAILED   {reason}")
            _tell_log(Path(scratch) / "log")
            return 1
    say(f"  done     after {time.monotonic() - began:.0f} s; pictures are in {PICTURES.relative_to(ROOT)}/")
    return 0


def _extra(arguments: Sequence[str]) -> list[str]:
    """What the caller asked for beside the demo; the profile is ours, because the tour must not touch a real one."""
    for word in arguments:
        if word.partition("=")[0] in ("--profile", "--audio"):
            raise SetupError(f"the demo on a virtual display brings its own {word.partition('=')[0]}; leave it out")
    return [word for word in arguments if word != "--demo"]


def _tell_log(log: Path) -> None:
    if log.exists():
        for line in log.read_text(encoding="utf-8", errors="replace").splitlines()[-20:]:
            say(f"           {line}")


class _Tour:
    def __init__(self, python: Path, scratch: Path, env: Mapping[str, str], extra: list[str]) -> None:
        self._python = python
        self._env = env
        self._extra = extra
        self._scratch = scratch
        self._microphone = scratch / "microphone.wav"
        self._speaker = scratch / "speaker.wav"

    def play(self) -> None:
        tones.write_tone(self._microphone, hertz=OWN_TONE, seconds=1)
        audio = f"file:{self._microphone},{self._speaker}"
        arguments = ["--demo", "--audio", audio, *self._extra]
        profile, log = self._scratch / "profile", self._scratch / "log"
        with started_phone(self._python, profile=profile, arguments=arguments, env=self._env, log=log) as phone:
            self._register(phone)
            self._line_test(phone)
            self._echo(phone)
            self._menu(phone)
            self._colleague(phone)
            phone.quit()
            say("  quit     the phone ended in order")

    def _register(self, phone: Phone) -> None:
        seconds = phone.wait(phone.registered_after, what="the registration", within=30)
        say(f"  ready    registered with the rehearsal office {seconds * 1000:.0f} ms after launch")
        self._picture(phone, "1-registered")

    def _line_test(self, phone: Phone) -> None:
        call = self._dial(phone, _LINE_TEST)
        self._hear(phone, TEST_TONE, what="the line test tone")
        self._picture(phone, "2-in-a-call")
        self._hang_up(phone, call)

    def _echo(self, phone: Phone) -> None:
        call = self._dial(phone, _ECHO)
        self._hear(phone, OWN_TONE, what="our own voice (a tone) back from the echo")
        self._hang_up(phone, call)

    def _menu(self, phone: Phone) -> None:
        call = self._dial(phone, _SPOKEN_MENU)
        phone.wait(lambda: self._level() > -45, what="the spoken menu", within=10)
        say(f"  heard    the spoken menu, {self._level():.0f} dB below full scale")
        phone.tell("keypad", _DIGITS)
        phone.wait(lambda: len(phone.digits(call)) >= len(_DIGITS), what="the digits to be sent", within=10)
        sent = phone.digits(call)
        if sent != _DIGITS:
            raise TourFailed(f"the digits {_DIGITS} went out as {sent}")
        say(f"  pressed  {sent} on the keypad, each sent once")
        self._picture(phone, "3-keypad")
        self._hang_up(phone, call)

    def _colleague(self, phone: Phone) -> None:
        """A colleague calls some seconds after the start; if that is over, one is asked to call back."""
        call, said = _incoming(phone), "called"
        if call is None:
            phone.tell("dial", _CALL_ME_BACK)
            said = "was asked to call back, and did"
            call = phone.wait(lambda: _incoming(phone), what="the colleague's call", within=30)
        say(f"  ringing  {call.name or call.number} ({call.number}) {said}")
        self._picture(phone, "4-incoming")
        phone.tell("answer")
        talking = phone.wait(lambda: _find(phone, call.id, "connected"), what="the answered call", within=10)
        phone.wait(lambda: self._level() > -45, what="the colleague's voice", within=10)
        say(f"  talking  answered with {talking.codec}, the voice is {self._level():.0f} dB below full scale")
        self._picture(phone, "5-answered")
        self._hang_up(phone, talking)

    def _dial(self, phone: Phone, number: str) -> SeenCall:
        began = time.monotonic()
        phone.tell("dial", number)
        call = phone.wait(lambda: _find(phone, number, "connected"), what=f"{number} to answer", within=15)
        say(f"  dialled  {number} {call.name}: answered with {call.codec} after {(time.monotonic() - began) * 1000:.0f} ms")
        return call

    def _hear(self, phone: Phone, hertz: int, *, what: str) -> None:
        phone.wait(lambda: tones.share(*self._sound(), hertz) >= HEARD, what=what, within=15)
        samples, rate = self._sound()
        found = tones.strongest(samples, rate, range(hertz - 60, hertz + 61, 2))
        part = tones.share(samples, rate, hertz)
        say(f"  heard    {what}: {found} Hz, {part:.0%} of the sound, {tones.level(samples):.0f} dB below full scale")

    def _hang_up(self, phone: Phone, call: SeenCall) -> None:
        phone.tell("hangup")
        phone.wait(lambda: all(other.id != call.id for other in phone.calls()), what="the call to end", within=10)

    def _sound(self) -> tuple[tones.Samples, int]:
        return tones.read_end(self._speaker, seconds=0.5)

    def _level(self) -> float:
        return tones.level(self._sound()[0])

    def _picture(self, phone: Phone, name: str) -> None:
        phone.tell("screenshot", PICTURES / f"{name}.png")
        if not (PICTURES / f"{name}.png").is_file():
            raise TourFailed(f"callmanager screenshot wrote no {name}.png")


def _incoming(phone: Phone) -> SeenCall | None:
    return next((call for call in phone.calls() if call.incoming and call.state == "ringing"), None)


def _find(phone: Phone, key: str, state: str) -> SeenCall | None:
    return next((call for call in phone.calls() if key in (call.id, call.number) and call.state == state), None)
