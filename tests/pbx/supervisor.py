"""Owns one running PBX: its network namespace, its process tree and their removal, whoever dies first.

Run by `bench.py` as a process of its own in the machine's own namespaces. What keeps a machine clean:

* Asterisk is the child of a PID-1 shell in private mount and PID namespaces: killing the one `unshare` process ends the
  tree and with it every mount.
* With ``--lifeline`` the end of standard input (the test run ended, or was killed) takes everything down.
* When this process itself is killed, `unshare` dies by its parent-death signal; name and cable of the namespace remain
  and are swept by the next start, which sees that the lock is free.

Commands come over a Unix socket that only root can open, one line each: start, kill, alive, link-down, link-up, quit.
"""

import argparse
import contextlib
import ctypes
import os
import select
import shutil
import signal
import socket
import subprocess
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from pbx.image import INSTANCE_MOUNT
from pbx.network import PbxNetwork
from pbx.places import PbxUnavailable, tool

_PR_SET_PDEATHSIG = 1

# $1 root, $2 instance folder, $3 its name in the root. The root is read-only: instances share it.
_INSIDE = """
set -e
ulimit -c 0
mount --bind "$1" "$1"
mount -o remount,bind,ro "$1"
mount -t proc proc "$1/proc"
mount --rbind /dev "$1/dev"
mount -t tmpfs tmpfs "$1/tmp"
mount -t tmpfs tmpfs "$1/run"
mount --bind "$2" "$1/$3"
mount --bind "$2/etc/hosts" "$1/etc/hosts"
mount --bind /dev/null "$1/etc/resolv.conf"
hostname pbx
chroot --userspec=asterisk:asterisk "$1" /usr/sbin/asterisk -f -C "/$3/etc/asterisk.conf" &
wait $!
"""


class Supervisor:
    """Carries out commands for one instance until told to quit or its lifeline ends."""

    def __init__(self, *, network: PbxNetwork, root: Path, home: Path, run_folder: Path) -> None:
        self._network = network
        self._root = root
        self._home = home
        self._run_folder = run_folder
        self._tree: subprocess.Popen[bytes] | None = None

    def serve(self, *, lifeline: int | None) -> None:
        """Make the network, answer commands, and take everything down at the end, errors included."""
        wake_read, wake_write = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
        signal.set_wakeup_fd(wake_write)
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            signal.signal(number, lambda *_: None)
        try:
            self._network.create()
            with socket.socket(socket.AF_UNIX) as listener:
                os.umask(0o077)
                listener.bind(str(self._run_folder / "control"))
                os.umask(0o022)
                listener.listen(4)
                watched = [listener.fileno(), wake_read, *([] if lifeline is None else [lifeline])]
                while True:
                    ready, _, _ = select.select(watched, [], [])
                    if wake_read in ready or lifeline in ready:
                        return
                    if not self._answer(listener):
                        return
        finally:
            self._end_tree()
            self._network.delete()
            shutil.rmtree(self._home, ignore_errors=True)
            shutil.rmtree(self._run_folder, ignore_errors=True)

    def _answer(self, listener: socket.socket) -> bool:
        connection, _ = listener.accept()
        with connection, contextlib.suppress(OSError):  # a client that went away is no reason to end
            connection.settimeout(5)
            command = connection.recv(64).decode("ascii", errors="replace").strip()
            try:
                self._obey(command)
                reply = "ok"
            except (PbxUnavailable, OSError, subprocess.SubprocessError) as error:
                reply = f"error {error}"
            if command == "quit":
                self._end_tree()
                self._network.delete()
            connection.sendall(reply.encode())
            return command != "quit"
        return True

    def _obey(self, command: str) -> None:
        match command:
            case "start":
                self._end_tree()
                self._tree = self._start_tree()
            case "kill":
                self._end_tree()
            case "alive":
                if self._tree is None or self._tree.poll() is not None:
                    raise PbxUnavailable("Asterisk has ended")
            case "link-down":
                self._network.link_down()
            case "link-up":
                self._network.link_up()
            case "quit":
                pass
            case _:
                raise PbxUnavailable(f"unknown command {command!r}")

    def _start_tree(self) -> subprocess.Popen[bytes]:
        (self._home / "run/asterisk.ctl").unlink(missing_ok=True)
        libc = ctypes.CDLL(None)
        command = [tool("nsenter", package="util-linux"), f"--net=/run/netns/{self._network.namespace}", "--",
                   tool("unshare", package="util-linux"), "--mount", "--pid", "--uts", "--fork", "--kill-child=SIGKILL",
                   "--propagation", "private", "--", "/bin/sh", "-c", _INSIDE, "sh",
                   str(self._root), str(self._home), INSTANCE_MOUNT]  # fmt: skip
        with (self._home / "log/console").open("ab") as output:
            return subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "HOME": f"/{INSTANCE_MOUNT}", "LANG": "C.UTF-8"},
                preexec_fn=lambda: libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL),
            )

    def _end_tree(self) -> None:
        if self._tree is not None:
            self._tree.kill()
            self._tree.wait()
            self._tree = None


def main() -> None:
    """Serve until the end; prints ``ready`` once commands are taken."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--number", type=int, required=True)
    parser.add_argument("--root", type=Path, required=True)
    parser.add_argument("--home", type=Path, required=True)
    parser.add_argument("--run-folder", type=Path, required=True)
    parser.add_argument("--lifeline", action="store_true")
    options = parser.parse_args()
    network = PbxNetwork(number=options.number)
    supervisor = Supervisor(network=network, root=options.root, home=options.home, run_folder=options.run_folder)
    supervisor.serve(lifeline=0 if options.lifeline else None)


if __name__ == "__main__":
    main()
