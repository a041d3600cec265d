"""A phone that others wrote: baresip registers, calls, and records what it hears."""

from __future__ import annotations

import array
import asyncio
import json
import math
import os
import shutil
import sys
import wave
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import attrs
import pytest
from callmanager_demo.office.server import Office
from plugins.demo.hearing import level_of, share_of
from plugins.demo.raw_phone import PASSWORD, USER, wait_until

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(shutil.which("baresip") is None and not os.environ.get("CI"), reason="baresip is not installed"),
    pytest.mark.skipif(sys.platform != "linux", reason="baresip's modules are looked for where Linux keeps them"),
]

CONFIG = """
sip_listen 127.0.0.1:0
module_path /usr/lib/baresip/modules
audio_source aufile,{folder}/said.wav
audio_player aufile,{folder}/unused.wav
audio_alert aufile,/dev/null
ausrc_srate 8000
auplay_srate 8000
ausrc_channels 1
auplay_channels 1
call_max_calls 4
ctrl_tcp_listen 127.0.0.1:{control}
snd_path {folder}
module g711.so
module aufile.so
module sndfile.so
module_tmp uuid.so
module_tmp account.so
module_app menu.so
module_app ctrl_tcp.so
"""


@attrs.define
class Baresip:
    folder: Path
    control: int
    events: list[dict[str, object]] = attrs.Factory(list)
    _writer: asyncio.StreamWriter | None = None

    async def connect(self) -> asyncio.Task[None]:
        async with asyncio.timeout(10):
            while True:
                try:
                    reader, self._writer = await asyncio.open_connection("127.0.0.1", self.control)
                except OSError:
                    await asyncio.sleep(0.05)
                else:
                    return asyncio.ensure_future(self._read(reader))

    async def _read(self, reader: asyncio.StreamReader) -> None:
        while (length := await reader.readuntil(b":")) and length[:-1].isdigit():
            self.events.append(json.loads(await reader.readexactly(int(length[:-1]))))
            await reader.readexactly(1)

    def command(self, command: str, params: str = "") -> None:
        assert self._writer is not None
        data = json.dumps({"command": command, "params": params})
        self._writer.write(f"{len(data)}:{data},".encode())

    async def event(self, kind: str, *, seconds: float = 15.0) -> dict[str, object]:
        await wait_until(lambda: any(event.get("type") == kind for event in self.events), seconds=seconds)
        return next(event for event in self.events if event.get("type") == kind)

    def heard(self) -> array.array[int]:
        """Everything decoded so far; the file is complete when the call is over."""
        (recording,) = self.folder.glob("dump-*-dec.wav")
        with wave.open(str(recording)) as file:
            return array.array("h", file.readframes(file.getnframes()))

    def close(self) -> None:
        if self._writer is not None:
            self._writer.close()


@asynccontextmanager
async def baresip(folder: Path, port: int, *, transport: str = "udp", codec: str = "PCMU") -> AsyncIterator[Baresip]:
    with wave.open(str(folder / "said.wav"), "wb") as file:
        file.setparams((1, 2, 8000, 0, "NONE", ""))
        tone = (round(8000 * math.sin(2 * math.pi * 700 * n / 8000)) for n in range(8000 * 20))
        file.writeframes(array.array("h", tone).tobytes())
    server = await asyncio.start_server(lambda *_: None, "127.0.0.1", 0)
    control = server.sockets[0].getsockname()[1]
    server.close()
    await server.wait_closed()
    (folder / "config").write_text(CONFIG.format(folder=folder, control=control))
    account = f"<sip:{USER}@127.0.0.1:{port};transport={transport}>;auth_pass={PASSWORD};regint=60;audio_codecs={codec}"
    (folder / "accounts").write_text(account.replace(PASSWORD, f'"{PASSWORD}"') + "\n")
    (folder / "contacts").write_text("")
    quiet = asyncio.subprocess.DEVNULL
    process = await asyncio.create_subprocess_exec(
        "baresip", "-f", str(folder), "-t", "60", stdin=quiet, stdout=quiet, stderr=quiet
    )
    phone = Baresip(folder, control)
    reading: asyncio.Task[None] | None = None
    try:
        reading = await phone.connect()
        yield phone
        phone.command("quit")
        await asyncio.wait_for(process.wait(), 10)
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
        if reading is not None:
            reading.cancel()
            await asyncio.gather(reading, return_exceptions=True)
        phone.close()


@pytest.mark.parametrize(("transport", "codec"), [("udp", "PCMU"), ("udp", "PCMA"), ("tcp", "PCMU")])
async def test_the_line_test_tone_is_heard(office: Office, tmp_path: Path, transport: str, codec: str) -> None:
    async with baresip(tmp_path, office.port, transport=transport, codec=codec) as phone:
        await wait_until(lambda: office.registrar.bindings)
        phone.command("dial", f"sip:6009@127.0.0.1:{office.port};transport={transport}")
        await phone.event("CALL_ESTABLISHED")
        (call,) = office.calls.values()
        await wait_until(lambda: call.media._packets > 120)
        phone.command("hangup")
        await wait_until(lambda: not office.calls)
    samples = phone.heard()[1600:-800]
    assert len(samples) > 8000
    assert share_of(1004.0, samples) > 0.95


async def test_the_echo_is_heard(office: Office, tmp_path: Path) -> None:
    async with baresip(tmp_path, office.port) as phone:
        await wait_until(lambda: office.registrar.bindings)
        phone.command("dial", f"sip:6000@127.0.0.1:{office.port}")
        await phone.event("CALL_ESTABLISHED")
        (call,) = office.calls.values()
        await wait_until(lambda: call.media._packets > 160)
        phone.command("hangup")
        await wait_until(lambda: not office.calls)
    samples = phone.heard()
    greeting, echo = samples[1600:6000], samples[-12_000:-2000]
    assert share_of(700.0, greeting) < 0.1
    assert share_of(700.0, echo) > 0.95
    assert level_of(echo) == pytest.approx(-15.3, abs=1.0)


async def test_each_digit_arrives_once(office: Office, tmp_path: Path) -> None:
    async with baresip(tmp_path, office.port) as phone:
        await wait_until(lambda: office.registrar.bindings)
        phone.command("dial", f"sip:6002@127.0.0.1:{office.port}")
        await phone.event("CALL_ESTABLISHED")
        (call,) = office.calls.values()
        for index, digit in enumerate("4711*0"):
            phone.command("sndcode", digit)
            await wait_until(lambda index=index: len(call.digits) > index)  # type: ignore[misc]
        phone.command("hangup")
        await wait_until(lambda: not office.calls)
        assert call.digits == "4711*0"


async def test_hold_and_resume(office: Office, tmp_path: Path) -> None:
    async with baresip(tmp_path, office.port) as phone:
        await wait_until(lambda: office.registrar.bindings)
        phone.command("dial", f"sip:6009@127.0.0.1:{office.port}")
        await phone.event("CALL_ESTABLISHED")
        (call,) = office.calls.values()
        phone.command("hold")
        await wait_until(lambda: call.held)
        phone.command("resume")
        await wait_until(lambda: not call.held)


async def test_a_colleague_calls_and_is_answered(office: Office, tmp_path: Path) -> None:
    async with baresip(tmp_path, office.port) as phone:
        await wait_until(lambda: office.registrar.bindings)
        phone.command("dial", f"sip:6010@127.0.0.1:{office.port}")
        await phone.event("CALL_ESTABLISHED")
        phone.command("hangup")
        incoming = await phone.event("CALL_INCOMING")
        assert incoming["peerdisplayname"] == "Daniel Okafor"
        phone.command("accept")
        await wait_until(lambda: any(call.confirmed and call.person.number == "2011" for call in office.calls.values()))
