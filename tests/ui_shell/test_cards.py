import pytest
from callmanager.api import (
    CallAction,
    CallEnd,
    CallFinished,
    CallMuteReported,
    CallStatistics,
    CallStatisticsReported,
    EndCause,
    Failure,
    FailureKind,
    HangUp,
    SetHeld,
    SetMuted,
    UserError,
    hookimpl,
)
from callmanager_shell.widgets.button import Button
from PySide6.QtCore import QEvent, QObject, QPointF, Qt
from PySide6.QtGui import QMouseEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QWidget
from typing_extensions import override


def buttons(card) -> list[str]:
    """What a person can click, left to right as far as it is visible."""
    return [button.text() for button in card.findChildren(Button) if button.isVisibleTo(card)]


def button(card, text) -> Button:
    return next(found for found in card.findChildren(Button) if found.text() == text and found.isVisibleTo(card))


async def test_a_dialled_number_becomes_a_card_and_then_a_conversation(stage):
    await stage.harness.connect()
    stage.window.dial_field.edit.setText("(555) 010-4477")
    QTest.keyClick(stage.window.dial_field.edit, Qt.Key.Key_Return)
    await stage.harness.settle()
    (card,) = stage.window.strip.cards()
    assert card.call.remote.number == "5550104477"
    assert "Ringing…" in card._meta.text()
    assert stage.window.dial_field.edit.text() == ""
    stage.engine.far_end_answers(card.call.id)
    stage.harness.clock.advance(61)
    stage.window.strip._tick()
    assert card._timer.text() == "01:01"
    assert "encrypted" in card._meta.text()
    assert set(buttons(card)) == {"Hold", "Mute", "Keypad", "Hang Up"}


async def test_hold_turns_the_card_orange_and_the_button_to_resume(stage):
    await stage.harness.connect()
    call_id = await stage.talk()
    (card,) = stage.window.strip.cards()
    button(card, "Hold").click()
    await stage.harness.until(lambda: card.call.held)
    assert stage.engine.sent(SetHeld)[-1] == SetHeld(call_id=call_id, held=True)
    assert card._colours(stage.look.theme)[1] == stage.look.theme.held_background
    assert "Resume" in buttons(card)
    assert "On hold" in card._meta.text()


async def test_double_click_on_a_held_card_swaps(stage):
    await stage.harness.connect()
    first = await stage.talk("2004")
    second = await stage.talk("2005")
    await stage.harness.until(lambda: stage.app.calls.get(first).held)
    held = next(card for card in stage.window.strip.cards() if card.call.id == first)
    position = QPointF(100, 10)
    event = QMouseEvent(
        QMouseEvent.Type.MouseButtonDblClick,
        position,
        held.mapToGlobal(position),
        Qt.MouseButton.LeftButton,
        Qt.MouseButton.LeftButton,
        Qt.KeyboardModifier.NoModifier,
    )
    held.mouseDoubleClickEvent(event)
    await stage.harness.until(lambda: stage.app.calls.get(second).held and not stage.app.calls.get(first).held)
    assert stage.window.strip.cards()[0].call.id == first


async def test_the_card_is_muted_only_when_the_engine_says_so(stage):
    await stage.harness.connect()
    call_id = await stage.talk()
    stage.engine.obedient = False
    (card,) = stage.window.strip.cards()
    button(card, "Mute").click()
    await stage.harness.until(lambda: bool(stage.engine.sent(SetMuted)))
    await stage.harness.settle()
    assert "Muted" not in card._meta.text()
    stage.engine.report(CallMuteReported(call_id=call_id, muted=True))
    assert card._meta.text().startswith("Muted")
    assert button(card, "Unmute").kind.value == "muted_on"


async def test_a_failed_call_says_why_and_can_be_repeated(stage):
    await stage.harness.connect()
    call_id = stage.app.calls.dial("6004")
    await stage.harness.settle()
    stage.engine.report(
        CallFinished(call_id=call_id, end=CallEnd(cause=EndCause.FAILED, failure=Failure(kind=FailureKind.BUSY, sip_code=486)))
    )
    (card,) = stage.window.strip.cards()
    assert card._meta.text() == "The line is busy"
    button(card, "Call again").click()
    await stage.harness.settle()
    (again,) = stage.window.strip.cards()
    assert again.call.id != call_id
    assert again.call.remote.number == "6004"


async def test_an_ended_card_goes_away_by_itself(stage, monkeypatch):
    monkeypatch.setattr("callmanager_shell.call_strip._LINGER_MS", 10)
    await stage.harness.connect()
    call_id = await stage.talk()
    stage.app.calls.hang_up(call_id)
    await stage.harness.until(lambda: not stage.window.strip.cards())
    assert not stage.window.strip.isVisible()


async def test_the_focus_goes_to_the_dial_field_when_its_button_goes(stage):
    await stage.harness.connect()
    call_id = await stage.talk()
    (card,) = stage.window.strip.cards()
    button(card, "Hang Up").setFocus(Qt.FocusReason.MouseFocusReason)
    stage.engine.report(CallFinished(call_id=call_id, end=CallEnd(cause=EndCause.REMOTE)))
    assert stage.window.focusWidget() is stage.window.dial_field.edit


async def test_a_name_with_markup_is_shown_as_text(stage):
    await stage.harness.connect()
    await stage.arrive(name="<b>Bold</b><img src=x>")
    (card,) = stage.window.strip.cards()
    assert card._name.text() == "<b>Bold</b><img src=x>"
    assert card._name.textFormat() is Qt.TextFormat.PlainText


async def test_in_a_narrow_window_buttons_become_icons_that_keep_their_names(stage):
    await stage.harness.connect()
    await stage.talk()
    (card,) = stage.window.strip.cards()
    stage.window.resize(380, 600)
    await stage.harness.until(lambda: button(card, "Mute").compact)
    mute = button(card, "Mute")
    assert mute.accessibleName() == "Mute"
    assert mute.toolTip() == "Mute (Ctrl+M)"
    stage.window.resize(700, 600)
    await stage.harness.until(lambda: not button(card, "Mute").compact)


class Broken:
    """A plugin whose button fails in every way."""

    def __init__(self, ctx):
        pass

    @hookimpl
    def callmanager_call_actions(self):
        async def refuse(call):
            raise UserError("the far end said no", "Ask again.")

        async def crash(call):
            raise RuntimeError("bug in the plugin")

        def unsure(call):
            raise ValueError("does not know")

        return [
            CallAction(id="refuse", label="Refuse", icon="info", run=refuse, available=lambda call: call.talking),
            CallAction(id="crash", label="Crash", icon="info", run=crash, available=lambda call: call.talking),
            CallAction(id="unsure", label="Unsure", icon="info", run=crash, available=unsure),
        ]


class TestBrokenPlugin:
    @pytest.fixture
    def plugins(self):
        return {"broken": Broken}

    @pytest.mark.expects_log("asking whether “Unsure” is available")
    async def test_a_refusal_is_a_toast(self, stage):
        await stage.harness.connect()
        await stage.talk()
        button(stage.window.strip.cards()[0], "Refuse").click()

        def shown():
            return [(toast.text, toast.hint) for toast in stage.services.toasts.current()]

        await stage.harness.until(lambda: ("The far end said no.", "Ask again.") in shown())

    @pytest.mark.expects_log("broken failed in")
    async def test_a_bug_is_named_and_the_card_lives_on(self, stage):
        await stage.harness.connect()
        call_id = await stage.talk()
        card = stage.window.strip.cards()[0]
        assert "Unsure" not in buttons(card)
        button(card, "Crash").click()
        await stage.harness.until(lambda: any("broken" in toast.text for toast in stage.services.toasts.current()))
        await stage.harness.until(lambda: button(card, "Crash").isEnabled())
        button(card, "Hang Up").click()
        await stage.harness.settle()
        assert stage.engine.sent(HangUp) == [HangUp(call_id=call_id)]


class Painted(QObject):
    """Which widgets Qt painted."""

    def __init__(self) -> None:
        super().__init__()
        self.widgets: list[QObject] = []

    @override
    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() is QEvent.Type.Paint:
            self.widgets.append(watched)
        return False


async def test_the_figures_of_a_call_paint_nothing_but_what_they_change(stage):
    await stage.harness.connect()
    call_id = await stage.talk()
    (card,) = stage.window.strip.cards()

    async def measured(mos: float, jitter: float) -> None:
        reading = CallStatistics(mos=mos, loss_percent=0.0, jitter_ms=jitter, round_trip_ms=12.0)
        stage.engine.report(CallStatisticsReported(call_id=call_id, statistics=reading))
        await stage.harness.until(lambda: card.call.statistics == reading)
        await stage.harness.settle()

    await measured(4.3, 3.0)
    stage.window.grab()
    painted = Painted()
    watched = [stage.window.header.pill, card, *card.findChildren(QWidget)]
    for widget in watched:
        widget.installEventFilter(painted)
    await measured(4.3, 5.0)
    assert painted.widgets == []
    assert "jitter 5 ms" in card._quality._bits[0].tip
    assert card._quality._areas[0][1] == card._quality._bits[0]
    await measured(3.2, 5.0)
    assert card._quality in painted.widgets
    assert card._quality.text() == "fair"
    assert stage.window.header.pill not in painted.widgets
    for widget in watched:
        widget.removeEventFilter(painted)
