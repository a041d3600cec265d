"""Entry point of the engine process: connects to the app that started it and obeys it until the link ends."""

import gc
import os
import sys
import threading
from typing import Final

_LAST_WORDS_SECONDS: Final = 6.0
_SWITCH_SECONDS: Final = 0.001


def main() -> int:
    """Run until the app lets go. The exit code is 0 after an orderly end, 2 when there is no app to serve."""
    # Nothing that is loaded becomes garbage: looking for some takes a tenth of the time. `Engine.load` lets it begin again.
    gc.disable()
    from callmanager_sip_engine.link import Invitation, LinkError

    _ignore_keyboard()
    # Voice is moved by threads that need the interpreter every few milliseconds; the default of 5 ms starves them.
    sys.setswitchinterval(_SWITCH_SECONDS)
    try:
        invitation = Invitation.from_line(sys.stdin.buffer.readline(4096))
    except LinkError as error:
        print(f"E {error}", file=sys.stderr)
        return 2
    threading.Thread(target=_end_with_standard_input, name="parent watch", daemon=True).start()
    from callmanager_sip_engine.service import serve

    try:
        serve(invitation)
    except LinkError as error:
        print(f"E {error}", file=sys.stderr)
        return 2
    return 0


def _ignore_keyboard() -> None:
    """Ctrl+C in a terminal reaches the whole process group; the app decides when the engine ends, so calls end in order."""
    import signal

    signal.signal(signal.SIGINT, signal.SIG_IGN)


def _end_with_standard_input() -> None:
    """The app holds the other end of our standard input: when it closes, there is nobody left to serve."""
    while True:
        try:
            octets = os.read(0, 64)
        except OSError:
            octets = b""
        if not octets:
            break
    # The closing link ends us in order; this is for the case that it can't.
    killer = threading.Timer(_LAST_WORDS_SECONDS, os._exit, args=(3,))
    killer.daemon = True
    killer.start()


if __name__ == "__main__":
    sys.exit(main())
