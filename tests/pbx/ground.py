"""Where Asterisk runs: as another host in a root and namespace of its own, or plainly on this machine."""

import contextlib
import ctypes
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Protocol

from pbx import instance
from pbx.image import INSTANCE_MOUNT, asterisk_ids, ensure_image
from pbx.network import PbxNetwork
from pbx.places import PbxUnavailable, cache_folder, tool

_PR_SET_PDEATHSIG = 1
WRITTEN_BY_ASTERISK = ("lib", "spool", "run", "log", "log/ivr", "recorded")


class Ground(Protocol):
    """What the bench asks of the place in which one Asterisk runs. Addresses are known from `claim` on."""

    number: int
    pbx_address: str
    client_address: str
    data: str
    """Asterisk's own read-only files: sounds and music."""
    modules: str

    def claim(self) -> None:
        """Take a place, or raise `PbxUnavailable` with the reason."""

    def seen_as(self, home: Path) -> str:
        """Return how Asterisk sees the instance's folder."""

    def open(self, home: Path) -> None:
        """Make everything but Asterisk; `close` undoes it even after a failure in here."""

    def run(self) -> None:
        """Start Asterisk and return at once; a running one is killed."""

    def kill(self) -> None:
        """SIGKILL Asterisk."""

    def check_alive(self) -> None:
        """Raise `PbxUnavailable` when Asterisk has ended."""

    def link(self, *, up: bool) -> None:
        """Plug or pull the network cable."""

    def close(self, home: Path) -> None:
        """Remove everything, the instance's folder too."""


def choose_ground(*, lifeline: bool) -> Ground:
    """Return this machine's own Asterisk when `CALLMANAGER_PBX` is ``host``, a host of its own otherwise."""
    choice = os.environ.get("CALLMANAGER_PBX", "")
    if choice not in {"", "host"}:
        raise PbxUnavailable(f"CALLMANAGER_PBX={choice} means nothing: set it to host or leave it out")
    return HostGround() if choice == "host" else NamespaceGround(lifeline=lifeline)


class NamespaceGround:
    """The PBX as another host. With `lifeline` it goes when this process goes, however that ends."""

    def __init__(self, *, lifeline: bool) -> None:
        self._lifeline = lifeline
        self._slot: instance.Slot | None = None
        self._supervisor: subprocess.Popen[bytes] | None = None
        self._root = Path()
        self.number = -1
        self.pbx_address = self.client_address = self.modules = ""
        self.data = "/usr/share/asterisk"

    def claim(self) -> None:
        if os.geteuid() != 0:
            raise PbxUnavailable("the PBX needs root for its own network: run as root, or set CALLMANAGER_PBX=host")
        self._root = ensure_image()
        self.modules = f"/{_module_folder(self._root).relative_to(self._root)}"
        self._slot = instance.claim()
        self.number = self._slot.number
        network = PbxNetwork(number=self.number)
        self.pbx_address, self.client_address = network.pbx_address, network.host_address

    def seen_as(self, home: Path) -> str:
        return f"/{INSTANCE_MOUNT}"

    def open(self, home: Path) -> None:
        assert self._slot is not None
        user, group = asterisk_ids(self._root)
        home.chmod(0o755)  # mkdtemp made it private to root
        for name in WRITTEN_BY_ASTERISK:
            shutil.chown(home / name, user, group)
        # Asterisk asks for its own host's name with each call; nothing else can be resolved where it lives.
        (home / "etc/hosts").write_text(f"127.0.0.1 localhost\n{self.pbx_address} pbx pbx.test\n", encoding="ascii")
        instance.write_state(self.number, {"home": str(home), "host": self.pbx_address})
        script = Path(__file__).with_name("supervisor.py")
        command = [sys.executable, str(script), "--number", str(self.number), "--root", str(self._root),
                   "--home", str(home), "--run-folder", str(self._slot.run_folder),
                   *(["--lifeline"] if self._lifeline else [])]  # fmt: skip
        self._supervisor = subprocess.Popen(
            command,
            stdin=subprocess.PIPE if self._lifeline else subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE if self._lifeline else subprocess.DEVNULL,
            pass_fds=(self._slot.lock,),
            start_new_session=True,  # Ctrl-C is for the test run: it ends us by the lifeline, in order
        )
        control = self._slot.run_folder / "control"
        self._slot.release()  # the supervisor's hold is the one that counts: it ends with the supervisor
        self._slot = None
        self._wait_for_supervisor(control)

    def run(self) -> None:
        instance.command(self.number, "start")

    def kill(self) -> None:
        instance.command(self.number, "kill")

    def check_alive(self) -> None:
        instance.command(self.number, "alive")

    def link(self, *, up: bool) -> None:
        instance.command(self.number, "link-up" if up else "link-down")

    def close(self, home: Path) -> None:
        supervisor, self._supervisor = self._supervisor, None
        slot, self._slot = self._slot, None
        if slot is not None:
            slot.release()
        if supervisor is not None:
            with contextlib.suppress(PbxUnavailable):  # it may be gone already; its end is what is asked for
                instance.command(self.number, "quit")
            if supervisor.stdin is not None:
                supervisor.stdin.close()
            try:
                supervisor.wait(timeout=20)
            except subprocess.TimeoutExpired:
                supervisor.kill()
                supervisor.wait()
            if supervisor.stderr is not None:
                supervisor.stderr.close()
        shutil.rmtree(home, ignore_errors=True)
        instance.sweep()

    def _wait_for_supervisor(self, control: Path) -> None:
        assert self._supervisor is not None
        deadline = time.monotonic() + 20
        while not control.exists():
            if self._supervisor.poll() is not None or time.monotonic() > deadline:
                text = self._supervisor.stderr.read().decode(errors="replace") if self._supervisor.stderr else ""
                reason = (text.strip().splitlines() or ["no reason given"])[-1]
                raise PbxUnavailable(f"the PBX's supervisor ended: {reason}")
            time.sleep(0.01)


class HostGround:
    """An Asterisk that an administrator installed here, run as the present user; its network cannot be cut.

    It listens on this machine's first real address (or `CALLMANAGER_PBX_ADDRESS`): neither Asterisk nor phones offer
    loopback addresses for media. The usual ports must be free, so there is one at a time.
    """

    def __init__(self) -> None:
        self._process: subprocess.Popen[bytes] | None = None
        self._home = Path()
        self.number = 0
        self.pbx_address = self.client_address = self.modules = self.data = ""
        self._program = ""

    def claim(self) -> None:
        self._program = tool("asterisk", package="asterisk (22 or newer)")
        self.modules = str(_module_folder(Path("/")))
        folders = [Path(name) for name in ("/usr/share/asterisk", "/var/lib/asterisk") if Path(name, "sounds").is_dir()]
        self.data = str(folders[0] if folders else cache_folder())
        self.pbx_address = self.client_address = os.environ.get("CALLMANAGER_PBX_ADDRESS") or _first_address()

    def seen_as(self, home: Path) -> str:
        return str(home)

    def open(self, home: Path) -> None:
        self._home = home

    def run(self) -> None:
        self.kill()
        libc = ctypes.CDLL(None)
        (self._home / "run/asterisk.ctl").unlink(missing_ok=True)
        with (self._home / "log/console").open("ab") as output:
            self._process = subprocess.Popen(
                [self._program, "-f", "-C", str(self._home / "etc/asterisk.conf")],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
                preexec_fn=lambda: libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL),
            )

    def kill(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def check_alive(self) -> None:
        if self._process is None or self._process.poll() is not None:
            raise PbxUnavailable("Asterisk has ended")

    def link(self, *, up: bool) -> None:
        raise PbxUnavailable("this machine's own Asterisk cannot be cut off: run as root without CALLMANAGER_PBX=host")

    def close(self, home: Path) -> None:
        self.kill()
        shutil.rmtree(home, ignore_errors=True)


def _module_folder(root: Path) -> Path:
    patterns = ("usr/lib/*/asterisk/modules", "usr/lib/asterisk/modules", "usr/lib64/asterisk/modules")
    if found := [folder for pattern in patterns for folder in sorted(root.glob(pattern))]:
        return found[0]
    raise PbxUnavailable(f"no Asterisk modules below {root}: install Asterisk there again")


def _first_address() -> str:
    ip = tool("ip", package="iproute2")
    done = subprocess.run([ip, "-j", "-4", "address", "show", "up"], capture_output=True, timeout=10, check=True)
    for link in json.loads(done.stdout):
        if "LOOPBACK" not in link.get("flags", []) and link.get("operstate") == "UP":
            for entry in link.get("addr_info", []):
                return str(entry["local"])
    raise PbxUnavailable("this machine has no address but loopback: set CALLMANAGER_PBX_ADDRESS")
