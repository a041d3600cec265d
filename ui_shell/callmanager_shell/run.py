"""Qt, the loop, the window: the only place where a loop is started."""

from __future__ import annotations

import asyncio
import gc
import logging
import signal
import socket
import sys
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from callmanager.api import AppearanceSettings
from PySide6.QtCore import QtMsgType, qInstallMessageHandler
from PySide6.QtWidgets import QApplication

from callmanager_shell.exit_codes import ExitCode
from callmanager_shell.look import Look

if TYPE_CHECKING:
    from callmanager.app import Application
    from PySide6.QtCore import QMessageLogContext

_log = logging.getLogger(__name__)

_STOP_PATIENCE: Final = 10.0


def run(app: Application, endpoint: str, *, hidden: bool, dial: str, started: float) -> int:
    """Show the window and live until the user quits; returns the exit code."""
    qInstallMessageHandler(_log_qt)
    qt = QApplication(["callmanager"])
    qt.setApplicationName("PC CallManager")
    qt.setDesktopFileName("pc-callmanager")
    qt.setQuitOnLastWindowClosed(False)
    # importing the loop's library costs as much as building the window, so it is done while the window is being shown
    from qasync import QEventLoop

    from callmanager_shell.shell import Shell

    loop = QEventLoop(qt)
    asyncio.set_event_loop(loop)
    appearance = app.settings.get(AppearanceSettings)
    look = Look(qt, choice=appearance.theme, density=appearance.density)

    async def life() -> int:
        undo = _end_on_signals(loop, shell.quit)
        try:
            first = await shell.run()
            if not first:
                _log.info("another phone of this profile is running; it was shown instead")
        finally:
            undo()
            try:
                async with asyncio.timeout(_STOP_PATIENCE):
                    await app.stop()
            except TimeoutError:
                _log.exception("the phone did not stop in time")
        return ExitCode.DONE

    try:
        shell = Shell(app, look, endpoint=endpoint, dial=dial, hidden=hidden)
        shell.window.painted_first.connect(
            lambda: _log.info("window shown %.0f ms after the start", (time.monotonic() - started) * 1000)
        )
        shell.present()
        gc.enable()
        return int(loop.run_until_complete(life()))
    finally:
        loop.close()
        qInstallMessageHandler(None)


def _end_on_signals(loop: asyncio.AbstractEventLoop, end: Callable[[], None]) -> Callable[[], None]:
    """Quit on SIGINT and SIGTERM. Qt's loop does not return to Python for a signal, so a socket wakes it. Returns the undo."""
    if sys.platform == "win32":
        return lambda: None
    reader, writer = socket.socketpair()
    reader.setblocking(False)
    writer.setblocking(False)
    before = {number: signal.signal(number, lambda _number, _frame: None) for number in (signal.SIGINT, signal.SIGTERM)}
    previous = signal.set_wakeup_fd(writer.fileno())

    def woken() -> None:
        if any(byte in {signal.SIGINT, signal.SIGTERM} for byte in reader.recv(64)):
            end()

    loop.add_reader(reader.fileno(), woken)

    def undo() -> None:
        loop.remove_reader(reader.fileno())
        signal.set_wakeup_fd(previous)
        for number, handler in before.items():
            signal.signal(number, handler)
        reader.close()
        writer.close()

    return undo


def _log_qt(kind: QtMsgType, _context: QMessageLogContext, text: str) -> None:
    levels = {
        QtMsgType.QtWarningMsg: logging.INFO,
        QtMsgType.QtCriticalMsg: logging.WARNING,
        QtMsgType.QtFatalMsg: logging.CRITICAL,
    }
    _log.log(levels.get(kind, logging.DEBUG), "Qt: %s", text[:500])
