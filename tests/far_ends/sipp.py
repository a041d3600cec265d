"""SIPp as a far end: SIP spelled out message by message, for what well-behaved phones never do."""

import asyncio
import contextlib
import random
import secrets
import socket
import time
from pathlib import Path

from pbx.accounts import Account

from far_ends.process import FarEndError, end_program, free_port, start_program

SCENARIOS = Path(__file__).resolve().parent / "scenarios"


class Sipp:
    """Runs scenarios over udp for one account, always from the same port, so that it is called where it registered."""

    def __init__(self, account: Account, *, folder: Path, local_address: str, peer_port: int = 5060) -> None:
        """`peer_port` is where the other side listens: the PBX, or a phone that is called without one."""
        self.account = account
        self._peer_port = peer_port
        self._folder = folder / f"sipp-{account.user}-{secrets.token_hex(3)}"
        self._folder.mkdir(parents=True)
        self._local_address = local_address
        self._port = free_port(local_address, kind=socket.SOCK_DGRAM)
        self._process: asyncio.subprocess.Process | None = None

    async def register(self, *, expires: int = 600) -> None:
        """Register, or unregister with 0."""
        await self.run("register", expires=expires)

    async def run(self, scenario: str | Path, *, number: str = "", seconds: float = 1.0, expires: int = 600) -> None:
        """Run a scenario to its end; `FarEndError` when a message was not as it should be."""
        await self.start(scenario, number=number, seconds=seconds, expires=expires)
        await self.finish()

    @property
    def port(self) -> int:
        """Where it is called."""
        return self._port

    async def start(
        self,
        scenario: str | Path,
        *,
        number: str = "",
        seconds: float = 1.0,
        expires: int = 600,
        echo: bool = True,
        calls: int = 1,
    ) -> None:
        """Start a scenario (a name from `scenarios/` or a file) for so many calls and return once SIPp listens.

        Fields: 0 the user, 1 its authentication, 2 `expires`, 3 `number`; `seconds` is the length of bare pauses. With
        `echo` received media goes back to its sender.
        """
        if self._process is not None:
            raise FarEndError("a scenario is running: finish it first")
        path = scenario if isinstance(scenario, Path) else SCENARIOS / f"{scenario}.xml"
        fields = self._folder / "fields.csv"
        fields.touch(mode=0o600)  # the password goes by file, never by the command line
        login = f"[authentication username={self.account.auth_user} password={self.account.password}]"
        fields.write_text(f"SEQUENTIAL\n{self.account.user};{login};{expires};{number}\n", encoding="utf-8")
        self._process = await start_program(
            "sipp", f"{self.account.host}:{self._peer_port}", "-sf", str(path), "-inf", str(fields),
            "-i", self._local_address, "-p", str(self._port),
            "-mi", self._local_address, "-mp", str(_media_port(self._local_address)),
            "-m", str(calls), "-d", str(round(seconds * 1000)), "-timeout", "90", "-timeout_error", "-nostdin",
            "-trace_msg", "-message_file", str(self._folder / "messages"),
            "-trace_err", "-error_file", str(self._folder / "errors"), *(("-rtp_echo",) if echo else ()),
            package="sip-tester", log=self._folder / "log", cwd=self._folder,
        )  # fmt: skip
        if not await asyncio.to_thread(_bound, self._process.pid, self._port) and self._process.returncode is None:
            await self.stop()
            raise FarEndError(f"sipp does not listen on {self._port}: {self._text('log')[-400:]}")

    async def finish(self, *, within: float = 30.0) -> None:
        """Return when the scenario ended as written; `FarEndError` with SIPp's own words otherwise."""
        if self._process is None:
            raise FarEndError("no scenario is running: start one first")
        try:
            async with asyncio.timeout(within):
                code = await self._process.wait()
        except TimeoutError:
            raise FarEndError(f"the scenario did not end in {within:g} s: {self._text('errors')[-800:]}") from None
        finally:
            await self.stop()
        if code != 0:
            raise FarEndError(f"the scenario failed ({code}): {(self._text('errors') or self._text('log'))[-800:]}")

    async def stop(self) -> None:
        """End whatever runs."""
        if self._process is not None:
            await end_program(self._process)
            self._process = None

    def messages(self) -> str:
        """Return every message sent and received, as text."""
        return self._text("messages")

    def _text(self, name: str) -> str:
        path = self._folder / name
        return path.read_text(encoding="utf-8", errors="replace") if path.exists() else ""


def _media_port(address: str) -> int:
    """An even port that is free with those after it: SIPp takes four, and ends at once when one of them is taken."""
    for _ in range(50):
        port = random.randrange(20_000, 32_000, 2)  # below what the system gives out by itself
        with contextlib.ExitStack() as taken:
            try:
                for offset in range(4):
                    taken.enter_context(socket.socket(socket.AF_INET, socket.SOCK_DGRAM)).bind((address, port + offset))
            except OSError:
                continue
            return port
    raise FarEndError(f"no free media ports on {address}")


def _bound(pid: int, port: int) -> bool:
    """Wait until the process has its udp port: only then may it be called."""
    wanted = f":{port:04X} "
    for _ in range(200):
        table = Path(f"/proc/{pid}/net/udp")
        if not table.exists():
            return False
        if any(wanted in line[:24] + " " for line in table.read_text(encoding="ascii").splitlines()):
            return True
        # A poll of another program's state: there is nothing to wait on.
        time.sleep(0.01)
    return False
