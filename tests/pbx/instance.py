"""Numbers, locks and leftovers of PBX instances on this machine."""

import contextlib
import fcntl
import json
import os
import shutil
import socket
import time
from dataclasses import dataclass
from pathlib import Path

from pbx.network import PbxNetwork
from pbx.places import MAX_INSTANCES, RUN_FOLDER, PbxUnavailable


@dataclass(frozen=True, kw_only=True)
class Slot:
    """One claimed instance number. The lock lives as long as any process holds `lock` open."""

    number: int
    lock: int

    @property
    def run_folder(self) -> Path:
        """Control socket and state of this instance."""
        return run_folder(self.number)

    def release(self) -> None:
        """Close this process's hold on the lock; a supervisor that inherited it keeps it."""
        os.close(self.lock)


def run_folder(number: int) -> Path:
    """Return the folder of the instance with that number, which may not exist."""
    return RUN_FOLDER / str(number)


def claim() -> Slot:
    """Take the first free number, after sweeping what killed runs left behind."""
    RUN_FOLDER.mkdir(mode=0o700, parents=True, exist_ok=True)
    sweep()
    for number in range(MAX_INSTANCES):
        lock = _try_lock(number)
        if lock is not None:
            return Slot(number=number, lock=lock)
    raise PbxUnavailable(f"{MAX_INSTANCES} PBX instances run already: end one with pbx.py down")


def sweep() -> list[int]:
    """Remove namespaces, cables and folders of instances whose processes are gone; return their numbers."""
    swept = []
    for number in range(MAX_INSTANCES):
        network = PbxNetwork(number=number)
        leftovers = (run_folder(number), Path("/run/netns", network.namespace), Path("/sys/class/net", network.host_link))
        if not any(path.exists() for path in leftovers):
            continue
        lock = _try_lock(number)
        if lock is None:
            continue
        try:
            network.delete()
            with contextlib.suppress(OSError, ValueError, KeyError):  # no readable state: then there is no home to name
                shutil.rmtree(Path(read_state(number)["home"]), ignore_errors=True)
            shutil.rmtree(run_folder(number), ignore_errors=True)
            swept.append(number)
        finally:
            os.close(lock)
    return swept


def running() -> list[int]:
    """Return the numbers of the instances that are up."""
    found = []
    for number in range(MAX_INSTANCES):
        if run_folder(number).exists():
            lock = _try_lock(number)
            if lock is None:
                found.append(number)
            else:
                os.close(lock)
    return found


def write_state(number: int, state: dict[str, str]) -> None:
    """Leave what `pbx.py` needs to find the instance again."""
    folder = run_folder(number)
    folder.mkdir(mode=0o700, exist_ok=True)
    (folder / "state.json").write_text(json.dumps(state), encoding="utf-8")


def read_state(number: int) -> dict[str, str]:
    """Return what `write_state` left."""
    state: dict[str, str] = json.loads((run_folder(number) / "state.json").read_text(encoding="utf-8"))
    return state


def command(number: int, text: str, *, timeout: float = 20.0) -> None:
    """Have the supervisor of an instance do something; returns when it is done."""
    with socket.socket(socket.AF_UNIX) as control:
        control.settimeout(timeout)
        try:
            control.connect(str(run_folder(number) / "control"))
            control.sendall(text.encode("ascii") + b"\n")
            reply = control.recv(4096).decode("utf-8", errors="replace")
        except OSError as error:
            raise PbxUnavailable(f"PBX instance {number} does not answer {text!r}: {error}") from error
    if reply != "ok":
        raise PbxUnavailable(f"PBX instance {number} refused {text!r}: {reply or 'its supervisor ended'}")


def quit_and_wait(number: int, *, within: float = 20.0) -> None:
    """End an instance and return when nothing of it is left."""
    command(number, "quit")
    deadline = time.monotonic() + within
    while number in running():
        if time.monotonic() > deadline:
            raise PbxUnavailable(f"PBX instance {number} does not end: look at its processes")
        time.sleep(0.01)


def _try_lock(number: int) -> int | None:
    RUN_FOLDER.mkdir(mode=0o700, parents=True, exist_ok=True)
    lock = os.open(RUN_FOLDER / f"{number}.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(lock)
        return None
    return lock
