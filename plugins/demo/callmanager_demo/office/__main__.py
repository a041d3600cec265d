"""The office as a process.

Reads one JSON line with `user` and `password` from standard input, writes one with `port` to standard output, and ends when
standard input does: with the app, however that ends.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import signal
import sys
import threading

from callmanager_demo.office.reception import Reception
from callmanager_demo.office.server import Credentials, Office

_LONGEST_LINE = 4096
_FAREWELL_SECONDS = 1.5


def _read_credentials() -> Credentials:
    given = json.loads(sys.stdin.readline(_LONGEST_LINE))
    if not isinstance(given, dict) or not isinstance(given.get("user"), str) or not isinstance(given.get("password"), str):
        raise TypeError("standard input must begin with a JSON object holding user and password")
    return Credentials(user=given["user"], password=given["password"])


async def _run(credentials: Credentials) -> None:
    stopped = asyncio.Event()
    loop = asyncio.get_running_loop()

    def wait_for_end() -> None:
        # A thread, because a pipe can't be watched by the loop on Windows; it is a daemon, so it holds nobody up.
        while sys.stdin.readline(_LONGEST_LINE):
            pass
        loop.call_soon_threadsafe(stopped.set)

    office = Office(credentials)
    Reception(office).open()
    await office.open()
    try:
        print(json.dumps({"port": office.port}), flush=True)
        threading.Thread(target=wait_for_end, name="stdin", daemon=True).start()
        await stopped.wait()
        # The phone takes leave at the same time; without an answer it would hold up the end of the app.
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(office.wait_unregistered(), _FAREWELL_SECONDS)
    finally:
        await office.close()


def main() -> None:
    """Entry point of the process; ends with the standard input."""
    # Ctrl+C in a terminal reaches both processes; the app decides when the office ends.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    logging.basicConfig(level=logging.INFO, format="%(levelname)s %(message)s", stream=sys.stderr)
    # The selector loop everywhere: on Windows the default one stops reading a UDP socket after "port unreachable".
    with asyncio.Runner(loop_factory=asyncio.SelectorEventLoop) as runner:
        runner.run(_run(_read_credentials()))


if __name__ == "__main__":
    main()
