"""The caller ID as people see it: the choice in the header, the list in Settings, the line on the pop."""

import pytest
from callmanager.api import DialingSettings, PlaceCall, SettingsError
from callmanager_call_control.caller_id.panel import DEFAULT, CallerIds
from callmanager_call_control.caller_id.plugin import CallerId
from callmanager_call_control.caller_id.settings import CallerIdSettings
from callmanager_call_control.plugin import CallControl
from callmanager_shell.incoming import IncomingPop
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QMenu, QPushButton

NUMBERS = ("Main office <+15550100100>", "Support <+15550100150>")


@pytest.fixture
def plugins():
    return {"call_control": CallControl, "caller_id": CallerId}


@pytest.fixture
async def ready(stage):
    stage.window.resize(900, 700)
    stage.app.settings.update(DialingSettings, country="US")
    stage.app.settings.update(CallerIdSettings, numbers=NUMBERS)
    await stage.harness.connect()
    await stage.harness.settle()
    return stage


def desk(stage):
    return stage.app.plugins._entries["caller_id"].instance.desk


def button(stage):
    return stage.window.header.findChild(QPushButton, "callerId")


def opened(stage):
    return button(stage).findChildren(QMenu, options=Qt.FindChildOption.FindDirectChildrenOnly)[-1]


def choose(stage, *words):
    """Open the menu of the header and press an entry, perhaps of its submenu."""
    QTest.mouseClick(button(stage), Qt.MouseButton.LeftButton)
    menu = opened(stage)
    top = menu
    for word in words:
        (entry,) = [entry for entry in menu.actions() if entry.text().startswith(word)]
        menu = entry.menu() or menu
    entry.trigger()
    top.close()
    top.deleteLater()


def sent(stage):
    stage.engine.finish(stage.app.calls.dial("5550100199"))
    return [header.value for header in stage.engine.sent(PlaceCall)[-1].headers]


async def test_there_is_no_choice_in_the_header_while_there_is_nothing_to_choose(ready):
    assert button(ready).isVisible()
    ready.app.settings.update(CallerIdSettings, numbers=())
    await ready.harness.settle()
    assert not button(ready).isVisible()
    ready.app.settings.update(CallerIdSettings, numbers=NUMBERS)
    await ready.harness.settle()
    assert button(ready).isVisible()


async def test_the_header_shows_the_label_in_use_and_chooses_another(ready):
    assert (button(ready).text(), button(ready).accessibleName()) == ("Caller ID", f"Caller ID: {DEFAULT}")
    choose(ready, "Support")
    assert (button(ready).text(), button(ready).toolTip()) == ("Support", "Caller ID: Support, +1 555 010 0150")
    assert "+15550100150" in sent(ready)[0]
    choose(ready, DEFAULT)
    assert button(ready).text() == "Caller ID"
    assert sent(ready) == []


async def test_the_choice_for_one_call_is_shown_until_the_call_and_can_be_taken_back(ready):
    choose(ready, "Support")
    choose(ready, "For the next call only", "Main office")
    assert button(ready).text() == "Next: Main office"
    assert "+15550100100" in sent(ready)[0]
    assert button(ready).text() == "Support"
    choose(ready, "For the next call only", DEFAULT)
    assert button(ready).text() == "Next: Default"
    choose(ready, "For the next call only", "As usual")
    assert button(ready).text() == "Support"


async def test_the_menu_marks_what_is_in_use_and_leads_to_settings(ready):
    desk(ready).choose("Support")
    QTest.mouseClick(button(ready), Qt.MouseButton.LeftButton)
    menu = opened(ready)
    assert [entry.text() for entry in menu.actions() if entry.isChecked()] == ["Support  +1 555 010 0150"]
    menu.actions()[-1].trigger()
    menu.close()
    await ready.harness.settle()
    assert ready.window.settings_open
    assert ready.window.settings_page.card("caller_id").head.isChecked()


async def the_list(stage) -> CallerIds:
    stage.window.open_settings("caller_id")
    await stage.harness.settle()
    return stage.window.settings_page.card("caller_id").body.findChild(CallerIds)


def rows(view):
    return [(line.title, line.mark) for line in view.list.lines()]


async def test_numbers_are_added_chosen_and_removed_in_settings(ready):
    view = await the_list(ready)
    assert rows(view) == [(DEFAULT, "In use"), ("Main office", ""), ("Support", "")]
    QTest.keyClicks(view.label, "Berlin")
    QTest.keyClick(view.label, Qt.Key.Key_Return)
    QTest.keyClicks(view.number, "+49 30 123456")
    QTest.keyClick(view.number, Qt.Key.Key_Return)
    await ready.harness.until(lambda: len(view.list.lines()) == 4)
    view.list.select("Berlin")
    QTest.mouseClick(view.use_button, Qt.MouseButton.LeftButton)
    await ready.harness.until(lambda: ("Berlin", "In use") in rows(view))
    assert button(ready).text() == "Berlin"
    QTest.keyClick(view.list, Qt.Key.Key_Delete)
    await ready.harness.until(lambda: len(view.list.lines()) == 3)
    assert rows(view)[0] == (DEFAULT, "In use")
    (toast,) = [toast for toast in ready.services.toasts.current() if toast.button is not None]
    assert toast.text == "Berlin is no caller ID any more."
    QTest.mouseClick(toast.button, Qt.MouseButton.LeftButton)
    await ready.harness.until(lambda: ("Berlin", "In use") in rows(view))


async def test_the_extensions_own_number_cannot_be_removed_and_what_is_wrong_is_said_at_the_field(ready):
    view = await the_list(ready)
    view.list.select("")
    assert not view.remove_button.isEnabled()
    QTest.keyClick(view.list, Qt.Key.Key_Delete)
    QTest.keyClicks(view.label, "Support")
    QTest.keyClicks(view.number, "+15550100111")
    QTest.mouseClick(view.add_button, Qt.MouseButton.LeftButton)
    await ready.harness.until(lambda: "already" in view.complaint.text())
    assert len(view.list.lines()) == 3


async def test_what_the_administrator_has_locked_is_said_when_somebody_changes_it(ready, monkeypatch):
    view = await the_list(ready)

    def refuse(*_arguments, **_changes):
        raise SettingsError(("caller_id.active: is set by your administrator",))

    monkeypatch.setattr(ready.app.settings, "update", refuse)
    view.list.select("Support")
    QTest.mouseClick(view.use_button, Qt.MouseButton.LeftButton)
    await ready.harness.until(lambda: any("administrator" in toast.hint for toast in ready.services.toasts.current()))
    assert rows(view)[0] == (DEFAULT, "In use")


async def test_the_pop_names_the_line_that_was_called(ready):
    pop = IncomingPop(ready.services)
    call_id = await ready.arrive("5550104477", "Dana Kowalski", called="5550100150")
    await ready.harness.until(lambda: bool(ready.services.callers.details(call_id)))
    await ready.harness.settle()
    (details,) = pop.cards()[0].details
    assert details.lines == (("Line", "Support"),)
    pop.close_down()
    pop.deleteLater()
