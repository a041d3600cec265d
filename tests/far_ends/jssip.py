"""JsSIP in headless Chromium: what the old product is made of, as a far end and as the peer of the benchmark."""

import asyncio
import base64
import contextlib
import fcntl
import json
import secrets
import shutil
import subprocess
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import numpy as np
from pbx.accounts import Account
from pbx.certificates import public_key_pin
from pbx.packages import NPM_PACKAGES
from pbx.places import cache_folder

from far_ends.chromium import Chromium
from far_ends.page_server import PageServer
from far_ends.process import FarEndError, FarEndMissing
from far_ends.tones import Sound, write_tone

_PAGE = Path(__file__).resolve().parent / "page"

Event = dict[str, Any]
"""One report of the page: `type`, `at` (milliseconds since the epoch, when it happened in the page) and more."""


class JsSipPhone:
    """One browser with one registered phone. `events` holds everything the page reported, in order.

    It trusts the PBX by the pin of its server key: this is the test's peer, the product itself never does such a thing.
    """

    def __init__(
        self,
        account: Account,
        *,
        folder: Path,
        server_certificate: Path,
        port: int = 8089,
        tone_hz: float = 1000.0,
        processing: bool = False,
        register_expires: int = 600,
        ice_servers: tuple[str, ...] = (),
    ) -> None:
        """`processing` leaves the browser's echo and noise suppression on, which eats steady tones."""
        self.account = account
        self.events: list[Event] = []
        self._folder = folder / f"jssip-{account.user}-{secrets.token_hex(3)}"
        self._server_certificate = server_certificate
        self._port = port
        self._tone_hz = tone_hz
        self._processing = processing
        self._register_expires = register_expires
        self._ice_servers = ice_servers
        self._changed = asyncio.Condition()
        self._tellers: set[asyncio.Task[None]] = set()
        self._browser: Chromium | None = None
        self._server: PageServer | None = None

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.stop()

    async def start(self, *, register: bool = True) -> None:
        """Launch the browser and, unless `register` is off, return when the phone is registered."""
        script = await asyncio.to_thread(jssip_script)
        self._folder.mkdir(parents=True)
        source = write_tone(self._folder / "microphone.wav", self._tone_hz, seconds=10, rate=48000)
        flags = (
            f"--use-file-for-fake-audio-capture={source}",
            f"--ignore-certificate-errors-spki-list={public_key_pin(self._server_certificate)}",
        )
        start = f"phone.start({json.dumps(self._configuration(register=register))});\n"
        phone = (_PAGE / "phone.js").read_text(encoding="utf-8")
        self._server = PageServer(
            {
                "/": ("text/html", (_PAGE / "phone.html").read_bytes()),
                "/jssip.js": ("text/javascript", script.read_bytes()),
                "/phone.js": ("text/javascript", (phone + start).encode()),
            }
        )
        self._browser = Chromium(folder=self._folder, flags=flags, on_report=self._on_report)
        try:
            await self._browser.start(await self._server.start())
            if register:
                event = await self.wait_event("registered", "registration_failed", within=20)
                if event["type"] != "registered":
                    raise FarEndError(f"{self.account.user} was not registered: {event.get('cause')}")
        except BaseException:
            await self.stop()
            raise

    async def stop(self) -> None:
        """Unregister and end the browser."""
        if self._browser is not None:
            with contextlib.suppress(FarEndError, TimeoutError):
                await self.browser.evaluate("phone.stop()", within=2)
            await self._browser.stop()
            self._browser = None
        if self._server is not None:
            await self._server.stop()
            self._server = None
        for teller in list(self._tellers):
            await teller
        shutil.rmtree(self._folder / "profile", ignore_errors=True)

    @property
    def browser(self) -> Chromium:
        """The browser, for memory and processor time."""
        if self._browser is None:
            raise FarEndError("the browser does not run: start it first")
        return self._browser

    async def register(self) -> None:
        """Register again and return when it is done."""
        mark = len(self.events)
        await self.browser.evaluate("phone.register()")
        await self.wait_event("registered", since=mark)

    async def call(self, number: str, *, wait: bool = True) -> None:
        """Dial; with `wait` return when the call is answered, or raise with the reason that it is not."""
        mark = len(self.events)
        await self.browser.evaluate(f"phone.call({json.dumps(f'sip:{number}@{self.account.host}')})")
        if wait:
            event = await self.wait_event("confirmed", "failed", since=mark, within=20)
            if event["type"] == "failed":
                raise FarEndError(f"the call to {number} failed: {event.get('status')} {event.get('cause')}")

    async def wait_incoming(self, *, since: int = 0, within: float = 10.0) -> Event:
        """Return the incoming call's report (`number`, `name`) once it rings."""
        return await self.wait_event("incoming", since=since, within=within)

    async def answer(self) -> None:
        """Answer the ringing call and return when it is up."""
        mark = len(self.events)
        await self.browser.evaluate("phone.answer()")
        await self.wait_event("confirmed", since=mark)

    async def hang_up(self) -> None:
        """End or reject the call."""
        await self.browser.evaluate("phone.hangUp()")

    async def hold(self) -> None:
        """Put the far party on hold."""
        await self.browser.evaluate("phone.hold()")

    async def resume(self) -> None:
        """Take the call back."""
        await self.browser.evaluate("phone.resume()")

    async def mute(self, *, on: bool = True) -> None:
        """Stop or start sending the microphone."""
        await self.browser.evaluate(f"phone.mute({json.dumps(on)})")

    async def transfer(self, number: str) -> None:
        """Blind transfer by REFER."""
        await self.browser.evaluate(f"phone.transfer({json.dumps(f'sip:{number}@{self.account.host}')})")

    async def send_keys(self, digits: str) -> None:
        """Send RFC 4733 digits, 170 ms each; returns before they are all out."""
        await self.browser.evaluate(f"phone.sendKeys({json.dumps(digits)})")

    async def heard(self, *, seconds: float = 0.6) -> Sound:
        """Listen for that long (0.68 s at most) and return what came out of the speaker."""
        answer = await self.browser.evaluate(f"phone.hear({seconds})")
        if answer is None:
            raise FarEndError(f"{self.account.user} has had no call with audio yet")
        samples = np.frombuffer(base64.b64decode(answer["samples"]), dtype="<f4").astype(np.float64)
        return Sound(samples=samples, rate=int(answer["rate"]))

    async def heard_frequency(self, *, seconds: float = 0.6) -> float:
        """Listen and return the strongest frequency in Hz, 0.0 for silence."""
        return (await self.heard(seconds=seconds)).frequency()

    async def statistics(self) -> list[dict[str, Any]]:
        """Return the browser's own figures of the call: inbound and outbound RTP, codecs, candidate pairs."""
        rows: list[dict[str, Any]] = await self.browser.evaluate("phone.statistics()")
        return rows

    async def wait_event(self, *types: str, since: int = 0, within: float = 10.0) -> Event:
        """Return the first event of one of the types at or after index `since` of `events`."""
        deadline = asyncio.get_running_loop().time() + within
        while True:
            for event in self.events[since:]:
                if event["type"] in types:
                    return event
            left = deadline - asyncio.get_running_loop().time()
            if left <= 0:
                seen = [event["type"] for event in self.events[since:]]
                raise FarEndError(f"JsSIP reported none of {types} in {within:g} s but {seen}")
            async with self._changed:
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(min(left, 0.1)):
                        await self._changed.wait()

    # ---- timings for the benchmark, in milliseconds ----------------------------------------------------------------

    def launch_to_registered_ms(self) -> float:
        """From starting the browser process to its first registration."""
        return self._at("registered") - self.browser.launched_at

    def click_to_invite_ms(self, *, since: int = 0) -> float:
        """From the latest `call` at or after index `since` to its INVITE leaving the page."""
        return self._at("invite_sent", since=since) - self._at("click", since=since)

    def click_to_media_ms(self, *, since: int = 0) -> float:
        """From `call` or `answer` to the first audio packet received."""
        return self._at("media", since=since) - self._at("click", since=since)

    def _at(self, kind: str, *, since: int = 0) -> float:
        for event in self.events[since:]:
            if event["type"] == kind:
                return float(event["at"])
        raise FarEndError(f"JsSIP has not reported {kind}")

    def _configuration(self, *, register: bool) -> dict[str, Any]:
        account = self.account
        return {
            "url": f"wss://{account.host}:{self._port}/ws",
            "uri": account.uri,
            "authUser": account.auth_user,
            "password": account.password,
            "displayName": account.display_name,
            "register": register,
            "registerExpires": self._register_expires,
            "processing": self._processing,
            "iceServers": [{"urls": url} for url in self._ice_servers],
        }

    def _on_report(self, payload: str) -> None:
        self.events.append(json.loads(payload))
        teller = asyncio.get_running_loop().create_task(self._tell())
        self._tellers.add(teller)
        teller.add_done_callback(self._tellers.discard)

    async def _tell(self) -> None:
        async with self._changed:
            self._changed.notify_all()


def jssip_script() -> Path:
    """Return JsSIP as one script, fetched and bundled once into the cache folder."""
    folder = cache_folder() / "npm"
    folder.mkdir(parents=True, exist_ok=True)
    script = folder / f"{NPM_PACKAGES[0].replace('@', '-')}.js"
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not script.exists():
            _fetch(folder, script)
    return script


def _fetch(folder: Path, script: Path) -> None:
    npm = shutil.which("npm")
    if npm is None:
        raise FarEndMissing("npm is missing: install the Debian package npm")
    options = ("--no-save", "--no-package-lock", "--ignore-scripts", "--no-audit", "--no-fund", "--prefix", str(folder))
    commands = (
        (npm, "install", *options, *NPM_PACKAGES),
        (str(folder / "node_modules/.bin/esbuild"), str(folder / "node_modules/jssip/lib/JsSIP.js"), "--bundle",
         "--format=iife", "--global-name=JsSIP", f"--outfile={script}.new"),
    )  # fmt: skip
    for command in commands:
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=180, check=False)
        if done.returncode != 0:
            raise FarEndMissing(f"JsSIP could not be fetched: {Path(command[0]).name}: {done.stderr.strip()[-400:]}")
    Path(f"{script}.new").rename(script)
