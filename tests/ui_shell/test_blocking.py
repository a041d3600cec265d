"""Blocked numbers as people see them: the list in Settings, the pop, the menus and the messages."""

import pytest
from callmanager.api import CallRecord, Contact, DialingSettings, EndCause, PhoneNumber, Reject, contact_id
from callmanager.model.calls import CallEnd
from callmanager_call_control.blocking.panel import BlockedNumbers, details
from callmanager_call_control.blocking.plugin import Blocking
from callmanager_call_control.plugin import CallControl
from callmanager_shell.incoming import IncomingPop
from callmanager_shell.kit import ShellKit
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QMenu

SPAM = "+15550100199"


@pytest.fixture
def plugins():
    return {"call_control": CallControl, "blocking": Blocking}


@pytest.fixture
async def ready(stage):
    stage.app.settings.update(DialingSettings, country="US")
    await stage.harness.connect()
    await stage.harness.until(lambda: desk(stage).loaded)
    return stage


def desk(stage):
    return stage.app.plugins._entries["blocking"].instance.desk


def shown(stage):
    return [toast.text for toast in stage.services.toasts.current()]


def press(stage, label):
    """Press the button of the newest message that has this one."""
    buttons = [toast.button for toast in stage.services.toasts.current() if toast.button is not None]
    QTest.mouseClick([button for button in buttons if button.text() == label][-1], Qt.MouseButton.LeftButton)


async def blocked(stage, *texts):
    await stage.harness.until(lambda: sorted(entry.text for entry in desk(stage).entries) == sorted(texts))


async def the_list(stage) -> BlockedNumbers:
    stage.window.open_settings("blocking")
    await stage.harness.settle()
    return stage.window.settings_page.card("blocking").body.findChild(BlockedNumbers)


def rows(view):
    return [line.title for line in view.list.lines()]


async def test_a_number_is_typed_blocked_and_taken_back(ready):
    view = await the_list(ready)
    assert view.list.isHidden()
    QTest.keyClicks(view.number, "555 010 0199")
    QTest.keyClicks(view.note, "windows")
    QTest.keyClick(view.note, Qt.Key.Key_Return)
    await blocked(ready, SPAM)
    assert rows(view) == ["+1 555 010 0199"]
    assert (view.number.text(), view.note.text()) == ("", "")
    assert shown(ready) == ["+1 555 010 0199 can't call you any more."]
    assert details(desk(ready).entries[0]).startswith("windows · since ")
    press(ready, "Undo")
    await blocked(ready)
    assert rows(view) == []
    assert shown(ready) == []


@pytest.mark.parametrize(
    ("text", "words"),
    [("911", "An emergency number"), ("+1*", "too many"), ("a b c", "not a number"), (SPAM, "blocked already")],
)
async def test_what_cannot_be_blocked_is_said_at_the_field_and_stays_in_it(ready, text, words):
    await desk(ready).add(SPAM)
    view = await the_list(ready)
    QTest.keyClicks(view.number, text)
    QTest.mouseClick(view.add_button, Qt.MouseButton.LeftButton)
    await ready.harness.until(lambda: words in view.complaint.text())
    assert view.number.text() == text
    assert rows(view) == ["+1 555 010 0199"]
    QTest.keyClicks(view.number, "0")
    assert view.complaint.text() == ""


async def test_selected_numbers_are_unblocked_by_key_and_by_button_and_come_back_by_undo(ready):
    for text in (SPAM, "+1900*", "2001"):
        await desk(ready).add(text)
    view = await the_list(ready)
    assert rows(view) == ["2001", "+1900…", "+1 555 010 0199"]
    assert not view.unblock_button.isEnabled()
    view.list.selectAll()
    view.list.selectionModel().select(view.list.model().index(0, 0), view.list.selectionModel().SelectionFlag.Deselect)
    QTest.keyClick(view.list, Qt.Key.Key_Delete)
    await blocked(ready, "2001")
    assert shown(ready)[-1] == "2 numbers can call you again."
    press(ready, "Undo")
    await blocked(ready, "2001", "+1900*", SPAM)
    view.list.setCurrentIndex(view.list.model().index(0, 0))
    QTest.mouseClick(view.unblock_button, Qt.MouseButton.LeftButton)
    await blocked(ready, "+1900*", SPAM)


async def test_a_refused_call_is_a_message_that_unblocks_and_nothing_pops_up(ready):
    pop = IncomingPop(ready.services)
    await desk(ready).add(SPAM)
    await ready.arrive("5550100199", "Window Sales")
    assert not pop.isVisible()
    assert ready.window.strip.cards() == ()
    assert shown(ready)[-1] == "Refused a blocked call from Window Sales, (555) 010-0199."
    press(ready, "Unblock")
    await blocked(ready)
    pop.close_down()
    pop.deleteLater()


async def test_the_pop_has_a_menu_that_blocks_who_rings(ready):
    pop = IncomingPop(ready.services)
    call_id = await ready.arrive("5550100199", "Window Sales")
    (card,) = pop.cards()
    QTest.mouseClick(card.more_button, Qt.MouseButton.LeftButton)
    menu = pop.findChild(QMenu)
    assert [entry.text() for entry in menu.actions()] == ["Block number"]
    menu.actions()[0].trigger()
    menu.close()
    await blocked(ready, SPAM)
    assert ready.engine.sent(Reject) == [Reject(call_id=call_id, status=603)]
    assert not pop.isVisible()
    withheld = await ready.arrive("anonymous", "")
    assert [card.more_button.isHidden() for card in pop.cards()] == [True]
    ready.app.calls.reject(withheld)
    await ready.harness.settle()
    pop.close_down()
    pop.deleteLater()


async def test_contacts_and_history_offer_it_in_their_menus(ready):
    kit = ShellKit(ready.services, "office")
    contact = Contact(
        id=contact_id("crm", "1"), source_id="crm", name="Window Sales", numbers=(PhoneNumber(number="555-010-0199"),)
    )
    menu = kit.contact_menu(ready.window, contact)
    (entry,) = [entry for entry in menu.actions() if entry.text() == "Block number"]
    entry.trigger()
    menu.close()
    await blocked(ready, SPAM)
    call = ready.app.calls.get(await ready.arrive("2001"))
    record = CallRecord.of(call, ended_at=call.created_at, end=CallEnd(cause=EndCause.MISSED))
    menu = kit.history_menu(ready.window, record)
    assert "Block number" in [entry.text() for entry in menu.actions()]
    menu.close()
