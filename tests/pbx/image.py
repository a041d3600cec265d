"""The PBX's root file system: Debian with Asterisk 22, unpacked once and then shared read-only by all instances."""

import fcntl
import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from pbx.apt_sources import debian_mirror
from pbx.packages import IMAGE_PACKAGES
from pbx.places import PbxUnavailable, cache_folder, tool

SUITES = ("forky", "sid")
"""Tried in this order: the first Debian suites that carry Asterisk 22."""

INSTANCE_MOUNT = "pbx"
"""Folder in the root at which an instance's own folder appears to Asterisk."""

_KEYRING = Path("/usr/share/keyrings/debian-archive-keyring.gpg")
_SCRIPTS = Path("/usr/share/debootstrap/scripts")
_FORMAT = "2"  # a changed recipe gets a new number and with it a new folder
_BUILD_SECONDS = 900


def ensure_image() -> Path:
    """Return the root folder, building it when this machine has none (needs root; under a minute on a near mirror).

    Safe to call from several processes: one builds, the others wait. A build that dies leaves nothing that is taken
    for a root. The archive's signatures are always checked.
    """
    folder = cache_folder() / "pbx"
    root = folder / f"root-{_FORMAT}"
    if root.is_dir():
        return root
    if os.geteuid() != 0:
        raise PbxUnavailable("the PBX image can be made by root only: run as root once, or set CALLMANAGER_PBX=host")
    folder.mkdir(parents=True, exist_ok=True)
    with _locked(folder / "image.lock"):
        if not root.is_dir():
            _build(root)
    return root


def _build(root: Path) -> None:
    debootstrap = tool("debootstrap", package="debootstrap")
    mirror = debian_mirror()
    reasons: list[str] = []
    for suite in SUITES:
        draft = root.with_name(f"{root.name}.draft")
        shutil.rmtree(draft, ignore_errors=True)
        log = root.with_name(f"{root.name}.{suite}.log")
        # An older debootstrap does not know the newest suite's name; Debian suites all unpack by the same script.
        script = _SCRIPTS / suite
        command = [debootstrap, "--variant=minbase", f"--keyring={_KEYRING}", f"--include={','.join(IMAGE_PACKAGES)}"]
        command += [suite, str(draft), mirror, str(script if script.exists() else _SCRIPTS / "sid")]
        with log.open("wb") as output:
            try:
                done = subprocess.run(
                    command, stdin=subprocess.DEVNULL, stdout=output, stderr=output, timeout=_BUILD_SECONDS, check=False
                )
            except subprocess.TimeoutExpired:
                reasons.append(f"{suite}: not finished after {_BUILD_SECONDS} s")
                continue
        if done.returncode != 0 or not (draft / "usr/sbin/asterisk").exists():
            tail = log.read_text(encoding="utf-8", errors="replace").strip().splitlines()[-1:]
            reasons.append(f"{suite}: {' '.join(tail)} (see {log})")
            continue
        shutil.rmtree(draft / "var/cache/apt", ignore_errors=True)
        shutil.rmtree(draft / "var/lib/apt/lists", ignore_errors=True)
        (draft / INSTANCE_MOUNT).mkdir()
        for name in ("hosts", "resolv.conf"):  # each instance mounts its own over them; this machine's are not for it
            (draft / "etc" / name).unlink(missing_ok=True)
            (draft / "etc" / name).touch()
        draft.chmod(0o755)
        draft.rename(root)
        return
    raise PbxUnavailable(f"the PBX image could not be made: {'; '.join(reasons)}")


def asterisk_ids(root: Path) -> tuple[int, int]:
    """Return user and group id of `asterisk` inside the root."""
    for line in (root / "etc/passwd").read_text(encoding="utf-8").splitlines():
        name, _, user, group, *_ = line.split(":")
        if name == "asterisk":
            return int(user), int(group)
    raise PbxUnavailable(f"no user asterisk in {root}: remove that folder and run again")


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
