"""Asterisk's command line over its control socket: works although the PBX is another host, and while its cable is out."""

import os
import socket
from pathlib import Path

_LIMIT = 4 * 1024 * 1024


def run_command(run_folder: Path, command: str, *, timeout: float = 10.0) -> str:
    """Return what the command prints. Raises `OSError` while Asterisk does not run.

    The socket speaks the protocol of ``asterisk -rx``: a banner, then one command, then the end of the stream.
    """
    if "\n" in command or "\0" in command:
        raise ValueError("a console command is one line")
    # Addressed through the folder's descriptor: a socket's path is limited to 107 bytes, a cache folder's is not.
    folder = os.open(run_folder, os.O_PATH | os.O_DIRECTORY)
    try:
        with socket.socket(socket.AF_UNIX) as console:
            console.settimeout(timeout)
            console.connect(f"/proc/self/fd/{folder}/asterisk.ctl")
            console.sendall(f"cli quit after {command}\0".encode())
            answer = bytearray()
            while len(answer) < _LIMIT and (part := console.recv(65536)):
                answer += part
    finally:
        os.close(folder)
    text = answer.replace(b"\0", b"").decode("utf-8", errors="replace")
    banner, _, rest = text.partition("\n")
    return rest if "/" in banner else text
