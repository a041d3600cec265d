"""PC CallManager as a user has it: real window on an X server, real engine, real (virtual) sound devices, over WSS."""

import asyncio
import contextlib
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np
from audio_bench.bench import AudioBench, sound_file
from callmanager.api import ConnectionSettings, Transport
from callmanager.app import Application, AppOptions
from pbx.accounts import Account

from bench import hearing, usage
from bench.registrar import Registrar
from bench.screen import Screen
from bench.sides import ECHO, SETTLE_SECONDS, Run, Scene

USER = "2001"
MICROPHONE, SPEAKER = "bench_microphone", "bench_speaker"
_LAUNCH_SECONDS = 30
_LISTEN_SECONDS = 6.0
_WINDOW = (340, 300)
_POP = (200, 60)


class Product:
    """Runs the product once per `run`; the profile is set up once, as a user's is."""

    def __init__(self, scene: Scene, screen: Screen, sound: AudioBench) -> None:
        self._scene = scene
        self._screen = screen
        self._sound = sound
        self._profile = scene.folder / "profile"
        self._keys = scene.folder / "keys.json"
        self._track = sound_file(scene.folder / "chirps.wav", (hearing.chirps(60) * 32767).astype("<i2"))

    def set_up(self) -> None:
        """Connection and password through the product's own settings, before anything is measured."""
        os.environ.update(self._key_store())
        asyncio.run(_fill_in(self._profile, self._scene.pbx.account(USER), self._scene.pbx.ca_file))

    def run(self, run: Run) -> None:
        """One life of the product: launch, rest, call out, listen, be called, quit."""
        scene = self._scene
        with Registrar(scene.pbx, USER) as registrar:
            registrar.wait_gone()
            self._screen.forget_the_past()
            with self._started() as (process, launched):
                window = self._screen.wait_painted(
                    min_width=_WINDOW[0], min_height=_WINDOW[1], within=_LAUNCH_SECONDS, what="the window"
                )
                registered = registrar.wait_registered(since=launched, within=_LAUNCH_SECONDS)
                run.add("launch_to_window_ms", 1000 * (window.at - launched))
                run.add("launch_to_registered_ms", 1000 * (registered - launched))
                time.sleep(SETTLE_SECONDS)
                run.add("memory_pss_mb", usage.memory_mb(process.pid))
                run.add("cpu_idle_percent", usage.cpu_percent(process.pid, seconds=scene.cpu_seconds))
                self._call_out(run, process.pid)
                self._be_called(run)
                self._command("quit")
                process.wait(15)

    def _call_out(self, run: Run, pid: int) -> None:
        self._screen.press("Control_L", "d")
        self._screen.type(ECHO)
        time.sleep(0.5)  # the person has read what was typed
        clicked = self._screen.press("Return")
        run.add("click_to_invite_ms", 1000 * (self._scene.wire.first_sip_out(since=clicked) - clicked))
        run.add("click_to_media_ms", 1000 * (self._scene.wire.media_both_ways(since=clicked) - clicked))
        playing = self._sound.play_into_microphone(MICROPHONE, self._track)
        try:
            time.sleep(SETTLE_SECONDS)
            run.add("cpu_call_percent", usage.cpu_percent(pid, seconds=self._scene.cpu_seconds))
            path = self._scene.folder / f"both-{run.number}.wav"
            said, heard = self._sound.record_both(MICROPHONE, SPEAKER, seconds=_LISTEN_SECONDS, path=path)
        finally:
            playing.end()
        delays = hearing.delays_ms(said / 32768, heard / 32768)
        if not delays:
            raise AssertionError(f"no chirp came back; what was said and heard is in {path}")
        run.add("mouth_to_ear_ms", float(np.median(delays)))
        self._scene.pbx.hang_up()
        self._scene.pbx.wait_until(lambda: not self._scene.pbx.channels(), what="the call to end")
        time.sleep(1)

    def _be_called(self, run: Run) -> None:
        self._screen.forget_the_past()
        began = time.time()
        self._scene.pbx.originate(USER, action="wait", caller_name="Maria Lindqvist", caller_number="3001")
        invited = self._scene.wire.first_sip_in(since=began)
        pop = self._screen.wait_painted(min_width=_POP[0], min_height=_POP[1], within=10, what="the incoming pop")
        run.add("invite_to_pop_ms", 1000 * (pop.at - invited))
        self._scene.pbx.hang_up()
        self._scene.pbx.wait_until(lambda: not self._scene.pbx.channels(), what="the call to end")

    @contextlib.contextmanager
    def _started(self) -> Iterator[tuple["subprocess.Popen[bytes]", float]]:
        with (self._scene.folder / "product.log").open("ab") as log:
            launched = time.time()
            process = subprocess.Popen(
                self._words(), env=self._env(), stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True
            )
        try:
            yield process, launched
        finally:
            family = usage.tree(process.pid)
            if process.poll() is None:
                process.kill()
            process.wait(10)
            for pid in family[1:]:  # the engine ends by itself when its link is gone; this is for a run that failed
                _wait_gone(pid)

    def _command(self, *words: str) -> None:
        command = self._words(*words)
        # our own standard output is for the figures alone
        subprocess.run(command, env=self._env(), stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, timeout=20, check=True)

    def _words(self, *words: str) -> list[str]:
        return [sys.executable, "-m", "callmanager_shell", "--profile", str(self._profile), *words]

    def _env(self) -> dict[str, str]:
        shown = {key: os.environ[key] for key in ("DISPLAY", "XAUTHORITY", "PYTHONPATH") if key in os.environ}
        return self._sound.env() | shown | self._key_store() | {"QT_QPA_PLATFORM": "xcb"}

    def _key_store(self) -> Mapping[str, str]:
        return {"PYTHON_KEYRING_BACKEND": "bench.keystore.FileKeyStore", "CALLMANAGER_BENCH_KEYS": str(self._keys)}


async def _fill_in(profile: Path, account: Account, ca_file: Path) -> None:
    application = Application(AppOptions(profile=profile))
    try:
        application.settings.update(
            ConnectionSettings,
            server=account.host,
            port=8089,
            transport=Transport.WSS,
            extension=account.extension,
            sip_user=account.user,
            auth_user=account.auth_user,
            display_name=account.display_name,
            ca_file=ca_file,
        )
        await application.settings.set_secret(ConnectionSettings, "password", account.password)
    finally:
        await application.stop()


def _wait_gone(pid: int) -> None:
    deadline = time.monotonic() + 5
    while Path("/proc", str(pid)).exists() and time.monotonic() < deadline:
        time.sleep(0.05)


@contextlib.contextmanager
def virtual_sound() -> Iterator[AudioBench]:
    """A sound system with one microphone and one speaker, both the defaults."""
    if shutil.which("pipewire") is None:
        raise RuntimeError("PipeWire is missing; dev.py bench installs it as root")
    with AudioBench() as sound:
        sound.add_microphone(MICROPHONE)
        sound.add_sink(SPEAKER)
        sound.set_default_microphone(MICROPHONE)
        sound.set_default_sink(SPEAKER)
        yield sound
