"""The switch in the header: quiet while off, loud while on, reached by mouse, key and palette."""

import pytest
from callmanager.api import EndCause, Reject
from callmanager_call_control.do_not_disturb.plugin import DoNotDisturb
from callmanager_call_control.do_not_disturb.settings import DoNotDisturbSettings, Manner
from callmanager_call_control.plugin import CallControl
from callmanager_shell.incoming import IncomingPop
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QMenu, QPushButton


@pytest.fixture
def plugins():
    return {"call_control": CallControl, "do_not_disturb": DoNotDisturb}


@pytest.fixture
async def ready(stage):
    stage.window.resize(900, 700)
    await stage.harness.connect()
    await stage.harness.settle()
    return stage


def button(stage):
    return stage.window.header.findChild(QPushButton, "doNotDisturb")


def choose(stage, word):
    QTest.mouseClick(button(stage), Qt.MouseButton.LeftButton)
    menu = button(stage).findChildren(QMenu, options=Qt.FindChildOption.FindDirectChildrenOnly)[-1]
    offered = [entry.text() for entry in menu.actions() if entry.text()]
    next(entry for entry in menu.actions() if entry.text() == word).trigger()
    menu.close()
    return offered


async def test_it_is_a_bell_while_off_and_loud_with_words_while_on(ready):
    assert (button(ready).text(), button(ready).accessibleName()) == ("", "Do not disturb: off")
    quiet = button(ready).styleSheet()
    offered = choose(ready, "Until I turn it off")
    assert offered == ["Until I turn it off", "For 30 minutes", "For 1 hour", "Until tomorrow, 8:00", "Settings…"]
    assert (button(ready).text(), button(ready).accessibleName()) == ("Do not disturb", "Do not disturb: on")
    assert ready.look.theme.danger_background in button(ready).styleSheet()
    assert button(ready).toolTip().endswith("(Ctrl+Shift+D)")
    assert choose(ready, "Turn off")[0] == "Turn off"
    assert (button(ready).text(), button(ready).styleSheet()) == ("", quiet)


async def test_missed_calls_and_the_end_are_shown_in_it(ready):
    choose(ready, "For 1 hour")
    assert button(ready).text().startswith("Do not disturb · until ")
    call_id = await ready.arrive("2002", "Bob")
    assert ready.engine.sent(Reject) == [Reject(call_id=call_id, status=486)]
    assert button(ready).text().endswith(" · 1 missed")
    choose(ready, "Turn off")
    assert [toast.text for toast in ready.services.toasts.current()] == ["Meanwhile Bob called."]


async def test_in_a_narrow_window_it_stays_as_a_loud_bell(ready):
    choose(ready, "Until I turn it off")
    ready.window.resize(380, 640)
    await ready.harness.until(lambda: button(ready).text() == "")
    await ready.arrive("2002", "Bob")
    assert button(ready).text() == "1"
    await ready.harness.settle()
    assert button(ready) in ready.window.header.items()
    assert button(ready).accessibleName() == "Do not disturb: on, 1 missed"


@pytest.mark.parametrize("width", [380, 480, 640, 900])
async def test_it_is_never_left_out_of_the_header_however_much_it_has_to_say(ready, width):
    ready.window.resize(width, 640)
    choose(ready, "Until tomorrow, 8:00")
    for _ in range(12):
        await ready.arrive("2002", "Bob")
    await ready.harness.settle()
    assert button(ready) in ready.window.header.items()
    assert "12" in button(ready).text()


async def test_it_stays_while_the_window_is_made_narrow_and_wide_again(ready):
    choose(ready, "Until I turn it off")
    await ready.arrive("2002", "Bob")
    for width in (720, 380, 500, 380, 900):
        ready.window.resize(width, 640)
        await ready.harness.until(lambda: button(ready) in ready.window.header.items())
        assert button(ready).isVisible()
    await ready.harness.until(lambda: button(ready).text() == "Do not disturb · 1 missed")


async def test_the_shortcut_works_in_the_whole_window(ready):
    for on in (True, False):
        QTest.keyClick(ready.window, Qt.Key.Key_D, Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.ShiftModifier)
        await ready.harness.until(lambda on=on: bool(button(ready).text()) is on)


async def test_a_silenced_call_pops_up_nowhere_and_waits_on_its_card(ready):
    ready.app.settings.update(DoNotDisturbSettings, manner=Manner.SILENT)
    choose(ready, "Until I turn it off")
    pop = IncomingPop(ready.services)
    call_id = await ready.arrive("2002", "Bob")
    assert not pop.isVisible()
    assert [card.call.id for card in ready.window.strip.cards()] == [call_id]
    ready.engine.finish(call_id, EndCause.MISSED)
    assert button(ready).text() == "Do not disturb · 1 missed"
    pop.close_down()
    pop.deleteLater()
