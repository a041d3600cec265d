"""The last net: every uncaught exception, wherever it happens, ends in one funnel and never silently."""

from __future__ import annotations

import faulthandler
import logging
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

if TYPE_CHECKING:
    import asyncio
    from types import TracebackType

    from callmanager.tasks import FaultReport

_log = logging.getLogger(__name__)


def install_hooks(report: FaultReport, loop: asyncio.AbstractEventLoop) -> Callable[[], None]:
    """Funnel uncaught exceptions of the main thread, other threads, destructors and the loop; returns the undo.

    `report` is called on the loop thread whatever thread the exception is from; until it arrives there, the log has it.
    """
    main = threading.get_ident()
    before = sys.excepthook, threading.excepthook, sys.unraisablehook
    loop_before = loop.get_exception_handler()

    def tell(error: BaseException, doing: str) -> None:
        if threading.get_ident() == main:
            report(error, owner="core", doing=doing)
            return
        try:
            loop.call_soon_threadsafe(lambda: report(error, owner="core", doing=doing))
        except RuntimeError:  # the loop is closed
            _log.exception("uncaught in %s", doing, exc_info=error)

    def uncaught(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
        if isinstance(error, (KeyboardInterrupt, SystemExit)):
            before[0](kind, error, trace)
            return
        tell(error, "the main thread")

    def uncaught_in_thread(args: threading.ExceptHookArgs) -> None:
        if args.exc_value is not None and not isinstance(args.exc_value, SystemExit):
            tell(args.exc_value, f"the thread {args.thread.name if args.thread else 'unknown'}")

    def unraisable(args: Any) -> None:
        if args.exc_value is not None:
            tell(args.exc_value, f"{args.err_msg or 'cleaning up'} {type(args.object).__qualname__}")

    def uncaught_in_loop(_: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        message = str(context.get("message", "a callback"))
        error = context.get("exception")
        if isinstance(error, BaseException):
            tell(error, message)
        else:
            _log.error("the event loop says: %s", message)

    hooks = uncaught, uncaught_in_thread, unraisable
    sys.excepthook, threading.excepthook, sys.unraisablehook = hooks
    loop.set_exception_handler(uncaught_in_loop)

    def undo() -> None:
        if (sys.excepthook, threading.excepthook, sys.unraisablehook) == hooks:
            sys.excepthook, threading.excepthook, sys.unraisablehook = before
        loop.set_exception_handler(loop_before)

    return undo


class CrashFile:
    """Where the interpreter leaves the stack when a native library takes the process down; read back at the next start."""

    def __init__(self, file: Path) -> None:
        self._path = file
        self._file: TextIO | None = None

    def open(self) -> str:
        """Return what the last run left (empty if it ended well), then listen; nothing if somebody else listens already."""
        left = ""
        try:
            if self._path.exists():
                left = self._path.read_text(encoding="utf-8", errors="replace")[:20_000]
                self._path.unlink()  # told once, also where somebody else listens from now on
            if not faulthandler.is_enabled():
                self._file = self._path.open("w", encoding="utf-8")
                faulthandler.enable(self._file, all_threads=True)
        except OSError as error:
            _log.info("no crash file: %s", error)
        return left

    def close(self) -> None:
        """Ended well: stop listening and leave no file."""
        if self._file is not None:
            faulthandler.disable()
            self._file.close()
            self._file = None
            self._path.unlink(missing_ok=True)
