"""baresip as a far end: an independent SIP phone that sends a tone and records what it hears."""

import asyncio
import contextlib
import json
import secrets
import shutil
from collections.abc import Callable
from enum import Enum
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from pbx.accounts import Account

from far_ends.process import FarEndError, end_program, free_port, start_program
from far_ends.tones import Sound, read_wav, write_tone

_SOURCE_SECONDS = 120.0  # its file source does not loop: the call ends with the file
# The account module reads the accounts when it is loaded: codecs and encryption must be there before it.
_MODULES = ("g722", "g711", "aufile", "srtp", "sndfile", "plc", "uuid", "contact", "menu", "account", "ctrl_tcp")


class Transport(Enum):
    """How baresip reaches the PBX; its names for them."""

    UDP = "udp"
    TCP = "tcp"
    TLS = "tls"


Event = dict[str, Any]
"""One event as baresip writes it: `type` such as CALL_ESTABLISHED, `param`, `peeruri`, `peerdisplayname`, `id`."""


class Baresip:
    """One registered phone. `events` holds everything it reported, in order.

    ``async with Baresip(account, folder=tmp_path, local_address=pbx.client_address) as far: await far.call("2001")``
    """

    def __init__(
        self,
        account: Account,
        *,
        folder: Path,
        local_address: str,
        transport: Transport = Transport.UDP,
        tone_hz: float = 1000.0,
        auto_answer: bool = True,
        codecs: tuple[str, ...] = ("g722/16000/1", "pcmu/8000/1", "pcma/8000/1"),
        media_encryption: str = "",
        ca_file: Path | None = None,
        registration_seconds: int = 3600,
    ) -> None:
        self.account = account
        self.events: list[Event] = []
        self._folder = folder / f"baresip-{account.user}-{secrets.token_hex(3)}"
        self._local_address = local_address
        self._transport = transport
        self._tone_hz = tone_hz
        self._auto_answer = auto_answer
        self._codecs = codecs
        self._media_encryption = media_encryption
        self._ca_file = ca_file
        self._registration_seconds = registration_seconds
        self._process: asyncio.subprocess.Process | None = None
        self._writer: asyncio.StreamWriter | None = None
        self._reading: asyncio.Task[None] | None = None
        self._answers: dict[str, asyncio.Future[Event]] = {}
        self._changed = asyncio.Condition()

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.stop()

    async def start(self, *, register: bool = True) -> None:
        """Start it and, unless `register` is off, return when it is registered."""
        port = free_port()
        self._write_configuration(port, register=register)
        try:
            self._process = await start_program("baresip", "-f", str(self._folder), package="baresip", log=self._folder / "log")
            await self._connect(port)
            if register:
                # The registration may have been answered before the control connection was there to tell.
                event = await self.wait_event("REGISTER_OK", "REGISTER_FAIL", or_else=self._registered_in_log)
                if event.get("type") == "REGISTER_FAIL":
                    raise FarEndError(f"{self.account.user} was not registered: {event.get('param')}")
        except BaseException:
            await self.stop()
            raise

    async def stop(self) -> None:
        """End the calls, unregister, end the program."""
        if self._writer is not None:
            with contextlib.suppress(OSError, FarEndError, TimeoutError):
                await self.command("hangupall")
            with contextlib.suppress(OSError, FarEndError, TimeoutError):
                await self.command("quit")
            self._writer.close()
        if self._process is not None:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(3):  # it unregisters before it ends
                    await self._process.wait()
            await end_program(self._process)
            self._process = None
        if self._reading is not None:
            self._reading.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._reading
            self._reading = None
        if self._writer is not None:
            with contextlib.suppress(OSError):
                await self._writer.wait_closed()
            self._writer = None

    async def call(self, number: str, *, wait: bool = True) -> None:
        """Dial; with `wait` return when the call is answered, or raise with the reason that it is not."""
        mark = len(self.events)
        await self.command("dial", f"sip:{number}@{self.account.host}")
        if wait:
            event = await self.wait_event("CALL_ESTABLISHED", "CALL_CLOSED", since=mark, within=20)
            if event["type"] == "CALL_CLOSED":
                raise FarEndError(f"the call to {number} ended: {event.get('param')}")

    async def answer(self) -> None:
        """Answer the ringing call and return when it is up."""
        mark = len(self.events)
        await self.command("accept")
        await self.wait_event("CALL_ESTABLISHED", since=mark)

    async def hang_up(self) -> None:
        """End the call, or reject the ringing one (486)."""
        await self.command("hangup")

    async def hold(self) -> None:
        """Put the far party on hold by re-INVITE."""
        await self.command("hold")

    async def resume(self) -> None:
        """Take the call back."""
        await self.command("resume")

    async def transfer(self, number: str) -> None:
        """Blind transfer by REFER."""
        await self.command("transfer", f"sip:{number}@{self.account.host}")

    async def send_keys(self, digits: str) -> None:
        """Send RFC 4733 digits."""
        for digit in digits:
            await self.command("sndcode", digit)

    async def wait_event(
        self,
        *types: str,
        since: int = 0,
        within: float = 10.0,
        or_else: Callable[[], bool] | None = None,
    ) -> Event:
        """Return the first event of one of the types at or after index `since` of `events`."""
        deadline = asyncio.get_running_loop().time() + within
        while True:
            for event in self.events[since:]:
                if event.get("type") in types:
                    return event
            if or_else is not None and or_else():
                return {"type": types[0]}
            left = deadline - asyncio.get_running_loop().time()
            if left <= 0 or self._process is None or self._process.returncode is not None:
                seen = [event.get("type") for event in self.events[since:]]
                raise FarEndError(f"baresip reported none of {types} in {within:g} s but {seen}; log: {self.log()[-800:]}")
            async with self._changed:
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(min(left, 0.2)):
                        await self._changed.wait()

    def heard(self) -> Sound:
        """Return what it heard in its latest call so far; readable while the call lasts."""
        return read_wav(self._latest("dec"))

    def said(self) -> Sound:
        """Return what it sent in its latest call so far."""
        return read_wav(self._latest("enc"))

    def has_heard(self, seconds: float) -> bool:
        """Tell whether the latest call's recording is that long already."""
        return any(self._folder.glob("dump-*-dec.wav")) and self.heard().seconds >= seconds

    def log(self) -> str:
        """Return what it printed."""
        path = self._folder / "log"
        return path.read_text(encoding="utf-8", errors="replace") if path.exists() else ""

    async def command(self, name: str, parameters: str = "", *, within: float = 5.0) -> str:
        """Run one of its console commands by name; return what it printed."""
        if self._writer is None:
            raise FarEndError("baresip does not run: start it first")
        token = secrets.token_hex(6)
        text = json.dumps({"command": name, "params": parameters, "token": token}).encode()
        future = self._answers[token] = asyncio.get_running_loop().create_future()
        try:
            self._writer.write(b"%d:%s," % (len(text), text))
            await self._writer.drain()
            async with asyncio.timeout(within):
                reply = await future
        finally:
            del self._answers[token]
        if not reply.get("ok"):
            raise FarEndError(f"baresip refused {name} {parameters}: {reply.get('data')}")
        return str(reply.get("data", ""))

    def _latest(self, direction: str) -> Path:
        found = sorted(self._folder.glob(f"dump-*-{direction}.wav"), key=lambda path: path.stat().st_mtime_ns)
        if not found:
            raise FarEndError(f"{self.account.user} has had no call with audio yet")
        return found[-1]

    def _registered_in_log(self) -> bool:
        return "200 OK" in self.log() and "binding" in self.log()

    def _write_configuration(self, control_port: int, *, register: bool) -> None:
        self._folder.mkdir(parents=True)
        source = write_tone(self._folder / "source.wav", self._tone_hz, seconds=_SOURCE_SECONDS)
        account = self.account
        options = [
            f"<sip:{account.user}@{account.host};transport={self._transport.value}>",
            f"auth_user={account.auth_user}",
            f"auth_pass={account.password}",
            f"answermode={'auto' if self._auto_answer else 'manual'}",
            f"audio_codecs={','.join(self._codecs)}",
            f"regint={self._registration_seconds if register else 0}",
        ]
        if self._media_encryption:
            options.append(f"mediaenc={self._media_encryption}")
        accounts = self._folder / "accounts"
        accounts.touch(mode=0o600)
        accounts.write_text(";".join(options) + "\n", encoding="utf-8")
        (self._folder / "contacts").touch()
        lines = [
            "poll_method epoll",
            f"sip_listen {self._local_address}:0",
            *([f"sip_cafile {self._ca_file}"] if self._ca_file else []),
            f"audio_source aufile,{source}",
            "audio_player none",  # what it hears is taken by the sndfile filter
            "audio_alert none",
            "ausrc_srate 16000",
            "auplay_srate 16000",
            "audio_buffer 20-160",
            "rtp_ports 20002-29998",
            "rtp_timeout 0",
            f"module_path {_module_path()}",
            f"snd_path {self._folder}",
            f"ctrl_tcp_listen 127.0.0.1:{control_port}",
            *(f"module {name}.so" for name in _MODULES),
        ]
        (self._folder / "config").write_text("\n".join(lines) + "\n", encoding="utf-8")

    async def _connect(self, port: int) -> None:
        deadline = asyncio.get_running_loop().time() + 10
        while True:
            try:
                reader, self._writer = await asyncio.open_connection("127.0.0.1", port)
            except OSError as error:
                ended = self._process is None or self._process.returncode is not None
                if ended or asyncio.get_running_loop().time() > deadline:
                    raise FarEndError(f"baresip did not start: {self.log()[-800:]}") from error
                await asyncio.sleep(0.02)
            else:
                self._reading = asyncio.create_task(self._read(reader))
                return

    async def _read(self, reader: asyncio.StreamReader) -> None:
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
            while True:
                size = int((await reader.readuntil(b":"))[:-1])
                message: Event = json.loads((await reader.readexactly(size + 1))[:-1])
                if message.get("event"):
                    self.events.append(message)
                elif (future := self._answers.get(str(message.get("token")))) is not None and not future.done():
                    future.set_result(message)
                async with self._changed:
                    self._changed.notify_all()


def _module_path() -> Path:
    binary = shutil.which("baresip")
    beside = Path(binary or "/usr/bin/baresip").resolve().parents[1] / "lib/baresip/modules"
    return beside if beside.exists() else Path("/usr/lib/baresip/modules")
