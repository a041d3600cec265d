"""The third button of a call that rings: on the pop, on the card, by key and from the palette."""

import pytest
from callmanager.api import Redirect
from callmanager_call_control.blocking.plugin import Blocking
from callmanager_call_control.plugin import CallControl
from callmanager_call_control.voicemail_transfer.plugin import VoicemailTransfer
from callmanager_shell.commands import entries
from callmanager_shell.incoming import IncomingPop
from callmanager_shell.widgets.button import Button
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QMenu


@pytest.fixture
def plugins():
    return {"call_control": CallControl, "voicemail_transfer": VoicemailTransfer, "blocking": Blocking}


@pytest.fixture
async def ready(stage):
    stage.window.resize(900, 700)
    await stage.harness.connect(extension="2001")
    await stage.harness.settle()
    return stage


@pytest.fixture
async def pop(ready):
    made = IncomingPop(ready.services)
    yield made
    made.close_down()
    made.deleteLater()
    await ready.harness.settle()


def sent(stage):
    return [(command.call_id, command.target) for command in stage.engine.sent(Redirect)]


def shown(widget):
    """The visible buttons with words, from left to right."""
    found = [button for button in widget.findChildren(Button) if button.isVisibleTo(widget)]
    found.sort(key=lambda button: button.mapTo(widget, button.rect().topLeft()).x())
    return found


def named(widget, word):
    return next(button for button in shown(widget) if button.accessibleName().startswith(word))


async def test_the_pop_has_answer_reject_and_to_vm_and_keeps_the_rest_behind_more(ready, pop):
    call_id = await ready.arrive()
    (card,) = pop.cards()
    words = [button.accessibleName() for button in shown(card)]
    assert [word for word in words if not word.startswith("More")] == ["To VM", "Reject", "Answer"]
    QTest.mouseClick(card.more_button, Qt.MouseButton.LeftButton)
    menu = pop.findChild(QMenu)
    assert [entry.text() for entry in menu.actions()] == ["Block number"]
    menu.close()
    (button,) = card.action_buttons
    assert button.focusPolicy() is Qt.FocusPolicy.NoFocus
    QTest.mouseClick(button, Qt.MouseButton.LeftButton)
    await ready.harness.until(lambda: sent(ready) == [(call_id, "*952001")])
    await ready.harness.until(lambda: not pop.isVisible())


async def test_without_the_plugin_the_pop_has_two_buttons(ready, pop):
    await ready.app.plugins.disable("voicemail_transfer")
    await ready.harness.settle()
    await ready.arrive()
    assert pop.cards()[0].action_buttons == ()


async def test_each_of_several_callers_is_sent_by_the_button_of_their_own_card(ready, pop):
    first = await ready.arrive("2004", "Marcus Hale")
    second = await ready.arrive("2005", "Chen Wei")
    card = next(card for card in pop.cards() if card.call_id == second)
    QTest.mouseClick(card.action_buttons[0], Qt.MouseButton.LeftButton)
    await ready.harness.until(lambda: sent(ready) == [(second, "*952001")])
    await ready.harness.until(lambda: [card.call_id for card in pop.cards()] == [first])


async def test_the_card_has_it_too_and_says_where_the_caller_went(ready):
    call_id = await ready.arrive()
    (card,) = ready.window.strip.cards()
    QTest.mouseClick(named(card, "To VM"), Qt.MouseButton.LeftButton)
    await ready.harness.until(lambda: sent(ready) == [(call_id, "*952001")])
    await ready.harness.until(lambda: card._meta.text().startswith("Sent to voicemail"))


async def test_in_a_narrow_window_answer_and_reject_keep_their_words_longer(ready):
    await ready.arrive()
    (card,) = ready.window.strip.cards()
    widths = {}
    for width in range(900, 379, -20):
        ready.window.resize(width, 700)
        await ready.harness.settle()
        said = (not named(card, "To VM").compact, not named(card, "Answer").compact)
        widths.setdefault(said, width)
        assert said in {(True, True), (False, True), (False, False)}
    assert {(True, True), (False, True)} <= set(widths)


async def test_the_shortcut_means_the_waiting_caller_also_during_a_call(ready):
    await ready.talk("6002")
    waiting = await ready.arrive()
    QTest.keyClick(ready.window, Qt.Key.Key_V, Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.ShiftModifier)
    await ready.harness.until(lambda: sent(ready) == [(waiting, "*952001")])


async def test_the_palette_offers_it_while_somebody_waits(ready):
    def offered():
        return [entry for entry in entries(ready.services, ready.window.guests.desk) if entry.title == "To VM"]

    assert offered() == []
    await ready.talk("6002")
    waiting = await ready.arrive()
    (entry,) = offered()
    assert entry.shortcut == "Ctrl+Shift+V"
    entry.run()
    await ready.harness.until(lambda: sent(ready) == [(waiting, "*952001")])
