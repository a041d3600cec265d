"""Several calls in the window, by keyboard: transfers, consultations, conferences, swapping."""

import itertools

import pytest
from callmanager.api import (
    CallEnd,
    CallFinished,
    CallHoldReported,
    CallPartyReported,
    EndCause,
    Failure,
    FailureKind,
    Party,
    TransferTo,
)
from callmanager_call_control.conference.plugin import Conference
from callmanager_call_control.plugin import CallControl
from callmanager_call_control.transfer.plugin import Transfer
from callmanager_shell.call_text import person_key
from callmanager_shell.confirm import QuestionOverlay
from callmanager_shell.picker import Picker, avatar_key
from callmanager_shell.widgets.button import Button, ButtonKind
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest

CTRL = Qt.KeyboardModifier.ControlModifier
SHIFT = Qt.KeyboardModifier.ShiftModifier


@pytest.fixture
def plugins():
    return {"call_control": CallControl, "transfer": Transfer, "conference": Conference}


@pytest.fixture
async def phone(stage):
    await stage.harness.connect()
    stage.window.resize(1080, 720)
    return stage


def press(stage, key, modifier=Qt.KeyboardModifier.NoModifier):
    QTest.keyClick(stage.window.focusWidget() or stage.window, key, modifier)


def buttons(widget) -> set[str]:
    return {button.text() for button in widget.findChildren(Button) if button.isVisibleTo(widget)}


def button(widget, text) -> Button:
    return next(found for found in widget.findChildren(Button) if found.text() == text and found.isVisibleTo(widget))


def card_of(stage, call_id):
    return next(card for card in stage.window.strip.cards() if card.call.id == call_id)


def words(card) -> str:
    notice = card._notice.text() if card._notice.isVisibleTo(card) else ""
    return " | ".join(filter(None, (card._meta.text(), notice)))


async def picker(stage) -> Picker:
    def opened():
        return [each for each in stage.window.findChildren(Picker) if each.is_open]

    await stage.harness.until(lambda: bool(opened()))
    return opened()[0]


async def question(stage) -> QuestionOverlay:
    def opened():
        return [each for each in stage.window.findChildren(QuestionOverlay) if each.is_open]

    await stage.harness.until(lambda: bool(opened()))
    return opened()[0]


async def caller(stage):
    call_id = await stage.arrive()
    press(stage, Qt.Key.Key_Return, CTRL)
    await stage.harness.until(lambda: stage.app.calls.get(call_id).talking)
    return call_id


async def transfer_to(stage, number, modifier=Qt.KeyboardModifier.NoModifier):
    """Ctrl+T, a number, Enter."""
    press(stage, Qt.Key.Key_T, CTRL)
    dialog = await picker(stage)
    QTest.keyClicks(dialog.field, number)
    press(stage, Qt.Key.Key_Return, modifier)
    await stage.harness.until(lambda: any(call.about for call in stage.app.calls.current()))
    return next(call.id for call in stage.app.calls.current() if call.about)


class TestWatchedTransfer:
    async def test_three_keys_transfer_and_one_takes_back(self, phone):
        call_id = await caller(phone)
        target = await transfer_to(phone, "2004")
        await phone.harness.until(lambda: phone.app.calls.get(target).state.value == "progress")
        (card,) = phone.window.strip.cards()
        await phone.harness.until(lambda: card.call.held)
        assert words(card) == "On hold | Transferring to 2004… ringing"
        assert "Take back" in buttons(card)
        assert "Resume" not in buttons(card)
        assert button(card, "Take back").kind is ButtonKind.PRIMARY
        assert card._colours(phone.look.theme)[1] == phone.look.theme.held_background
        press(phone, Qt.Key.Key_T, CTRL)
        await phone.harness.until(lambda: phone.app.calls.get(call_id).talking and phone.app.calls.get(target) is None)
        assert "Transfer" in buttons(card)
        assert not card._notice.isVisibleTo(card)

    async def test_the_call_to_the_target_has_no_card(self, phone):
        call_id = await caller(phone)
        target = await transfer_to(phone, "2004")
        assert [card.call.id for card in phone.window.strip.cards()] == [call_id]
        phone.engine.far_end_answers(target)
        await phone.harness.until(lambda: not phone.app.calls.current())
        assert phone.engine.sent(TransferTo) == [TransferTo(call_id=call_id, other_id=target)]
        (card,) = phone.window.strip.cards()
        assert card._meta.text().startswith("Transferred to 2004")

    async def test_a_failed_one_says_why_until_the_caller_is_resumed(self, phone):
        call_id = await caller(phone)
        target = await transfer_to(phone, "2004")
        await phone.harness.until(lambda: phone.app.calls.get(call_id).held)
        phone.engine.finish(target, EndCause.FAILED, Failure(kind=FailureKind.BUSY))
        (card,) = phone.window.strip.cards()
        assert words(card) == "On hold | 2004: the line is busy"
        assert "2004: the line is busy" in card.accessibleName()
        assert {"Resume", "Transfer"} <= buttons(card)
        press(phone, Qt.Key.Key_H, CTRL)
        await phone.harness.until(lambda: phone.app.calls.get(call_id).talking)
        assert not card._notice.isVisibleTo(card)

    async def test_an_emergency_number_is_refused_in_words(self, phone):
        call_id = await caller(phone)
        press(phone, Qt.Key.Key_T, CTRL)
        QTest.keyClicks((await picker(phone)).field, "911")
        press(phone, Qt.Key.Key_Return)
        text = "A call can't be transferred to an emergency number."
        await phone.harness.until(lambda: text in [toast.text for toast in phone.services.toasts.current()])
        assert phone.app.calls.get(call_id).talking


class TestDialog:
    async def test_escape_closes_it_gives_the_focus_back_and_hangs_up_on_nobody(self, phone):
        call_id = await caller(phone)
        before = phone.window.focusWidget()
        press(phone, Qt.Key.Key_T, CTRL)
        dialog = await picker(phone)
        assert phone.window.focusWidget() is dialog.field
        press(phone, Qt.Key.Key_Escape)
        await phone.harness.settle()
        assert phone.window.focusWidget() is before
        assert phone.app.calls.get(call_id).talking
        assert button(card_of(phone, call_id), "Transfer").isEnabled()

    async def test_its_button_and_its_key_open_it_and_close_it_again(self, phone):
        call_id = await caller(phone)
        button(card_of(phone, call_id), "Transfer").click()
        dialog = await picker(phone)
        press(phone, Qt.Key.Key_T, CTRL)
        await phone.harness.until(lambda: not dialog.is_open)
        press(phone, Qt.Key.Key_T, CTRL)
        assert await picker(phone) is not dialog

    async def test_it_closes_when_the_call_is_over(self, phone):
        call_id = await caller(phone)
        press(phone, Qt.Key.Key_T, CTRL)
        dialog = await picker(phone)
        phone.engine.report(CallFinished(call_id=call_id, end=CallEnd(cause=EndCause.REMOTE)))
        await phone.harness.until(lambda: not dialog.is_open)

    async def test_another_call_is_offered_and_connected_with(self, phone):
        first, second = await phone.talk("2004"), await caller(phone)
        press(phone, Qt.Key.Key_T, CTRL)
        dialog = await picker(phone)
        assert dialog.titles() == ["2004"]
        assert dialog.field.accessibleDescription() == "2004, on hold"
        assert avatar_key(dialog.selected()) == person_key(phone.app.calls.get(first).remote)
        press(phone, Qt.Key.Key_Return)
        await phone.harness.until(lambda: bool(phone.engine.sent(TransferTo)))
        assert phone.engine.sent(TransferTo) == [TransferTo(call_id=second, other_id=first)]

    async def test_what_fits_nobody_is_said_and_enter_does_nothing(self, phone):
        await caller(phone)
        press(phone, Qt.Key.Key_T, CTRL)
        dialog = await picker(phone)
        QTest.keyClicks(dialog.field, "nobody")
        assert dialog.titles() == []
        assert [each.isEnabled() for each in dialog.buttons] == [False, False]
        press(phone, Qt.Key.Key_Return)
        assert dialog.is_open

    async def test_whom_was_transferred_to_before_is_offered_first_with_a_name(self, phone):
        call_id = await caller(phone)
        phone.app.calls.hand_over(call_id, "2011", name="Maria Lindqvist")
        await phone.harness.settle()
        press(phone, Qt.Key.Key_T, CTRL)  # takes it back
        await phone.harness.until(lambda: phone.app.calls.get(call_id).talking)
        press(phone, Qt.Key.Key_T, CTRL)
        dialog = await picker(phone)
        assert dialog.titles() == ["Maria Lindqvist"]
        QTest.keyClicks(dialog.field, "lin")
        assert dialog.titles() == ["Maria Lindqvist"]

    async def test_each_button_does_what_its_key_does(self, phone):
        await caller(phone)
        press(phone, Qt.Key.Key_T, CTRL)
        dialog = await picker(phone)
        assert [each.text() for each in dialog.buttons] == ["Transfer now", "Ask first"]
        assert [each.toolTip() for each in dialog.buttons] == ["Transfer now (Enter)", "Ask first (Shift+Enter)"]
        QTest.keyClicks(dialog.field, "2004")
        dialog.buttons[1].click()
        await phone.harness.until(lambda: len(phone.window.strip.cards()) == 2)


class TestAskingFirst:
    async def test_the_second_card_says_for_whom_and_the_key_completes(self, phone):
        call_id = await caller(phone)
        asked = await transfer_to(phone, "2004", SHIFT)
        card = card_of(phone, asked)
        assert "asking for Dana Kowalski" in words(card)
        assert "you are asking 2004" in words(card_of(phone, call_id))
        assert "Complete transfer" not in buttons(card)
        phone.engine.far_end_answers(asked)
        await phone.harness.until(lambda: "Complete transfer" in buttons(card))
        assert {"Complete transfer", "Back to caller", "Swap", "Merge"} <= buttons(card)
        press(phone, Qt.Key.Key_T, CTRL)
        await phone.harness.until(lambda: not phone.app.calls.current())
        assert phone.engine.sent(TransferTo) == [TransferTo(call_id=call_id, other_id=asked)]

    async def test_back_to_the_caller(self, phone):
        call_id = await caller(phone)
        asked = await transfer_to(phone, "2004", SHIFT)
        phone.engine.far_end_answers(asked)
        await phone.harness.until(lambda: "Back to caller" in buttons(card_of(phone, asked)))
        button(card_of(phone, asked), "Back to caller").click()
        await phone.harness.until(lambda: phone.app.calls.get(asked) is None and phone.app.calls.get(call_id).talking)

    async def test_swapping_by_key_goes_back_and_forth(self, phone):
        call_id = await caller(phone)
        asked = await transfer_to(phone, "2004", SHIFT)
        phone.engine.far_end_answers(asked)
        for wanted in (call_id, asked, call_id):
            await phone.harness.until(lambda: any(call.talking for call in phone.app.calls.current()))
            press(phone, Qt.Key.Key_J, CTRL)
            await phone.harness.until(
                lambda wanted=wanted: [call.id for call in phone.app.calls.current() if call.talking] == [wanted]
            )

    async def test_in_a_narrow_window_the_main_thing_keeps_its_word_and_the_rest_is_behind_more(self, phone):
        await caller(phone)
        asked = await transfer_to(phone, "2004", SHIFT)
        phone.engine.far_end_answers(asked)
        phone.window.resize(380, 620)
        card = card_of(phone, asked)
        await phone.harness.until(lambda: card.width() < 380 and "More" in buttons(card))
        assert not button(card, "Complete transfer").compact
        assert button(card, "Hang Up").isVisibleTo(card)
        edges = [each.geometry().right() for each in card.findChildren(Button) if each.isVisibleTo(card)]
        assert max(edges) <= card.width()
        button(card, "More").click()
        menu = next(each for each in card.children() if each.metaObject().className() == "QMenu")
        assert {"Swap", "Merge"} <= {entry.text() for entry in menu.actions()}
        menu.close()


class TestConference:
    async def joined(self, stage):
        first = await stage.talk("2004")
        second = await stage.talk("2005")
        press(stage, Qt.Key.Key_M, CTRL | SHIFT)
        await stage.harness.until(lambda: all(call.conference and call.talking for call in stage.app.calls.current()))
        return first, second

    async def test_a_second_party_is_called_to_join_and_merged(self, phone):
        first = await phone.talk("2004")
        press(phone, Qt.Key.Key_M, CTRL | SHIFT)
        dialog = await picker(phone)
        assert [each.text() for each in dialog.buttons] == ["Call to join"]
        QTest.keyClicks(dialog.field, "2005")
        press(phone, Qt.Key.Key_Return)
        await phone.harness.until(lambda: len(phone.window.strip.cards()) == 2)
        second = next(call.id for call in phone.app.calls.current() if call.about)
        assert "to join 2004" in words(card_of(phone, second))
        phone.engine.far_end_answers(second)
        await phone.harness.until(lambda: "Merge" in buttons(card_of(phone, second)))
        assert button(card_of(phone, second), "Merge").kind is ButtonKind.PRIMARY
        button(card_of(phone, second), "Merge").click()
        await phone.harness.until(lambda: phone.window.strip.head is not None)
        assert [call.id for call in phone.window.strip.head.members] == [first, second]

    async def test_the_cards_are_joined_below_a_head_and_parted_again(self, phone):
        first, second = await self.joined(phone)
        head = phone.window.strip.head
        assert head.accessibleName() == "Conference with 2004, 2005: You and 2 others"
        await phone.harness.until(lambda: buttons(head) == {"Hold all", "Mute", "Add", "Split", "Leave"})  # laid out
        assert buttons(card_of(phone, first)) == {"Talk in private", "Drop"}
        phone.window.layout().activate()
        tops = [head.geometry(), *(card_of(phone, each).geometry() for each in (first, second))]
        await phone.harness.settle()
        assert all(upper.bottom() + 1 == lower.top() for upper, lower in itertools.pairwise(tops))
        button(card_of(phone, second), "Talk in private").click()
        await phone.harness.until(lambda: phone.window.strip.head is None)
        await phone.harness.until(lambda: phone.app.calls.get(second).talking and phone.app.calls.get(first).held)

    async def test_hold_and_mute_keys_mean_everybody(self, phone):
        await self.joined(phone)
        press(phone, Qt.Key.Key_M, CTRL)
        await phone.harness.until(lambda: all(call.muted for call in phone.app.calls.current()))
        assert phone.window.strip.head._meta.text().startswith("Muted")
        for held in (True, False):
            press(phone, Qt.Key.Key_H, CTRL)
            await phone.harness.until(lambda held=held: {call.held for call in phone.app.calls.current()} == {held})

    async def test_dropping_one_leaves_the_other_alone_with_us(self, phone):
        first, second = await self.joined(phone)
        button(card_of(phone, first), "Drop").click()
        await phone.harness.until(lambda: phone.app.calls.get(first) is None)
        phone.engine.report(_no_conference())
        await phone.harness.until(lambda: phone.window.strip.head is None)
        assert phone.app.calls.get(second).talking

    async def test_escape_asks_and_enter_connects_the_other_two(self, phone):
        first, second = await self.joined(phone)
        press(phone, Qt.Key.Key_Escape)
        await question(phone)
        assert phone.window.focusWidget().text() == "Connect the other two"
        press(phone, Qt.Key.Key_Return)
        await phone.harness.until(lambda: not phone.app.calls.current())
        assert phone.engine.sent(TransferTo) == [TransferTo(call_id=first, other_id=second)]

    async def test_escape_twice_changes_nothing(self, phone):
        await self.joined(phone)
        press(phone, Qt.Key.Key_Escape)
        asked = await question(phone)
        press(phone, Qt.Key.Key_Escape)
        await phone.harness.settle()
        assert not asked.is_open
        assert len(phone.app.calls.current()) == 2
        assert all(call.conference and call.talking for call in phone.app.calls.current())

    async def test_both_calls_can_be_ended_on_purpose(self, phone):
        await self.joined(phone)
        button(phone.window.strip.head, "Leave").click()
        asked = await question(phone)
        assert asked.buttons[1].kind is ButtonKind.DANGER
        asked.buttons[1].click()
        await phone.harness.until(lambda: not phone.app.calls.current())
        assert phone.engine.sent(TransferTo) == []

    async def test_the_keyboard_reaches_every_button_of_it(self, phone):
        first, _second = await self.joined(phone)
        for holder in (phone.window.strip.head, card_of(phone, first)):
            for each in holder.findChildren(Button):
                if each.isVisibleTo(holder):
                    assert each.focusPolicy() & Qt.FocusPolicy.TabFocus
                    assert each.accessibleName()


def _no_conference():
    from callmanager.api import ConferenceReported

    return ConferenceReported(call_ids=())


class TestFarEnd:
    async def test_its_hold_and_its_new_name_show_on_the_card(self, phone):
        call_id = await phone.talk("2004")
        phone.engine.report(CallPartyReported(call_id=call_id, remote=Party(number="2011", name="Maria Lindqvist")))
        phone.engine.report(CallHoldReported(call_id=call_id, held=False, remote_held=True))
        card = card_of(phone, call_id)
        assert card._name.text() == "Maria Lindqvist"
        assert "On hold by the other side" in words(card)
        assert card._colours(phone.look.theme)[0] == phone.look.theme.warning


class TestSwitchedOff:
    @pytest.fixture
    def plugins(self):
        return {"call_control": CallControl}

    async def test_without_the_plugins_their_buttons_and_keys_are_not_there(self, phone):
        call_id = await phone.talk("2004")
        assert buttons(card_of(phone, call_id)) == {"Hold", "Mute", "Keypad", "Hang Up"}
        press(phone, Qt.Key.Key_T, CTRL)
        press(phone, Qt.Key.Key_M, CTRL | SHIFT)
        await phone.harness.settle()
        assert not [each for each in phone.window.findChildren(Picker) if each.is_open]
