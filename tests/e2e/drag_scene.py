"""Two calls in a real window, and the pointer drags one card onto the other; prints what lit up and what was offered."""

from __future__ import annotations

import asyncio
import tempfile
from pathlib import Path
from typing import Any


async def _pointer(*arguments: object) -> None:
    process = await asyncio.create_subprocess_exec("xdotool", *map(str, arguments))
    await process.wait()


async def _play(app: Any) -> None:
    from callmanager.testing.harness import running
    from callmanager_call_control.conference.plugin import Conference
    from callmanager_call_control.plugin import CallControl
    from callmanager_call_control.transfer.plugin import Transfer
    from callmanager_shell.call_drag import DropLight
    from callmanager_shell.look import Look
    from callmanager_shell.shell import make_services
    from callmanager_shell.window import MainWindow
    from PySide6.QtCore import QPoint
    from PySide6.QtWidgets import QMenu

    plugins = {"call_control": CallControl, "transfer": Transfer, "conference": Conference}
    with tempfile.TemporaryDirectory() as folder:
        async with running(Path(folder), plugins=plugins) as phone:
            await phone.connect()
            look = Look(app, choice="light")
            services = make_services(phone.app, look, clock=phone.clock)
            window = MainWindow(services, version="0.1.0")
            window.show()
            for number in ("2004", "2005"):
                call_id = phone.app.calls.dial(number)
                await phone.until(lambda call_id=call_id: phone.app.calls.get(call_id).state.value == "progress")
                phone.engine.far_end_answers(call_id)
            strip = window.strip
            await phone.until(lambda: [card.call.held for card in strip.cards()] == [False, True])
            await phone.until(lambda: window.isActiveWindow(), seconds=10)
            active, held = strip.cards()
            await asyncio.sleep(0.3)  # the window manager has put the window where it stays
            start = active._name.mapToGlobal(QPoint(10, 8))
            end = held._name.mapToGlobal(QPoint(60, 8))
            await _pointer("mousemove", start.x(), start.y())
            await _pointer("mousedown", 1)
            light = held.findChild(DropLight)
            for step in range(1, 200):
                share = min(1.0, step / 8)
                place = start + (end - start) * share
                await _pointer("mousemove", place.x() + step % 2, place.y())
                if light.isVisible() and share == 1.0:
                    break
            print("lit:", light.label if light.isVisible() else "nothing")
            await _pointer("mouseup", 1)

            def offered() -> list[str]:
                return [entry.text() for menu in held.findChildren(QMenu) if menu.isVisible() for entry in menu.actions()]

            await phone.until(lambda: bool(offered()), seconds=10)
            print("offered:", "; ".join(offered()))
            for menu in held.findChildren(QMenu):
                menu.close()
            window.close_down()
            await services.tasks.stop()
            window.close()
            window.deleteLater()
            await phone.settle()


def main() -> None:
    from PySide6.QtWidgets import QApplication
    from qasync import QEventLoop

    app = QApplication([])
    app.setQuitOnLastWindowClosed(False)
    with QEventLoop(app) as loop:
        loop.run_until_complete(_play(app))


if __name__ == "__main__":
    main()
