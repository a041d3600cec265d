from callmanager.api import (
    Answer,
    AppearanceSettings,
    Failure,
    FailureKind,
    HangUp,
    NoticeAction,
    PlaceCall,
    RegistrationState,
    Reject,
    SetHeld,
    SetMuted,
    Severity,
)
from callmanager_shell.connection_popover import ConnectionPopover
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QAbstractButton, QComboBox, QLineEdit, QPlainTextEdit, QSlider, QSpinBox, QWidget


async def test_the_title_bar_shows_the_version(stage):
    assert stage.window.windowTitle() == "PC CallManager 0.1.0"


async def test_the_pill_shows_a_green_dot_with_the_extension_when_registered(stage):
    assert stage.window.header.pill.text() == "Not set up"
    await stage.harness.connect(extension="2001")
    pill = stage.window.header.pill
    assert pill.text() == "2001"
    assert pill._view.dot == "good"
    stage.engine.register(RegistrationState.RETRYING, Failure(kind=FailureKind.LINK_LOST))
    assert (pill.text(), pill._view.dot) == ("Reconnecting…", "warning")
    stage.engine.register(RegistrationState.FAILED, Failure(kind=FailureKind.PASSWORD))
    assert (pill.text(), pill._view.dot) == ("Offline", "danger")


async def test_the_empty_window_says_what_to_do(stage):
    assert stage.window.empty.texts()[0] == "Welcome to PC CallManager"
    assert stage.window.empty.button.text() == "Set up the connection"
    await stage.harness.connect()
    assert stage.window.empty.texts() == ("Ready for calls", "Dial above, or wait for a call.")
    stage.engine.register(RegistrationState.FAILED, Failure(kind=FailureKind.PASSWORD))
    title, text = stage.window.empty.texts()
    assert title == "Offline"
    assert "refused the extension or the password" in text
    assert stage.window.empty.button.text() == "Connect"


async def test_a_wrong_number_is_refused_below_the_field_and_stays_there_to_be_corrected(stage):
    await stage.harness.connect()
    edit = stage.window.dial_field.edit
    edit.setText("call me")
    QTest.keyClick(edit, Qt.Key.Key_Return)
    assert "not a number that can be called" in stage.window.dial_field.error()
    assert edit.text() == "call me"
    assert not stage.engine.sent(PlaceCall)
    QTest.keyClick(edit, "1")
    assert stage.window.dial_field.error() == ""


async def test_dialling_while_not_connected_says_so(stage):
    stage.window.dial("2004")
    assert stage.window.dial_field.error().startswith("Not connected to the PBX.")


async def test_shortcuts_reach_the_active_call(stage):
    await stage.harness.connect()
    call_id = await stage.talk()
    stage.window.activateWindow()
    QTest.keyClick(stage.window, Qt.Key.Key_M, Qt.KeyboardModifier.ControlModifier)
    await stage.harness.until(lambda: stage.engine.sent(SetMuted) == [SetMuted(call_id=call_id, muted=True)])
    QTest.keyClick(stage.window, Qt.Key.Key_H, Qt.KeyboardModifier.ControlModifier)
    await stage.harness.until(lambda: stage.engine.sent(SetHeld) == [SetHeld(call_id=call_id, held=True)])
    QTest.keyClick(stage.window, Qt.Key.Key_Escape)
    await stage.harness.until(lambda: stage.engine.sent(HangUp) == [HangUp(call_id=call_id)])


async def test_escape_closes_settings_before_it_hangs_up(stage):
    await stage.harness.connect()
    await stage.talk()
    stage.window.open_settings()
    QTest.keyClick(stage.window, Qt.Key.Key_Escape)
    assert not stage.window.settings_open
    assert not stage.engine.sent(HangUp)


async def test_escape_clears_the_dial_field_before_it_hangs_up(stage):
    await stage.harness.connect()
    await stage.talk()
    stage.window.dial_field.edit.setFocus()
    stage.window.dial_field.edit.setText("20")
    QTest.keyClick(stage.window.dial_field.edit, Qt.Key.Key_Escape)
    assert stage.window.dial_field.edit.text() == ""
    assert not stage.engine.sent(HangUp)


async def test_a_waiting_call_is_answered_and_rejected_by_keyboard(stage):
    await stage.harness.connect()
    first = await stage.arrive("2004", "Marcus Hale")
    QTest.keyClick(stage.window, Qt.Key.Key_Return, Qt.KeyboardModifier.ControlModifier)
    assert stage.engine.sent(Answer) == [Answer(call_id=first)]
    await stage.harness.settle()
    second = await stage.arrive("2005", "Chen Wei")
    QTest.keyClick(stage.window, Qt.Key.Key_Backspace, Qt.KeyboardModifier.ControlModifier)
    assert [command.call_id for command in stage.engine.sent(Reject)] == [second]


async def test_the_theme_is_switched_without_a_restart_and_remembered(stage):
    assert not stage.look.theme.dark
    stage.window.header.theme_button.click()
    assert stage.look.theme.dark
    assert stage.app.settings.get(AppearanceSettings).theme == "dark"
    assert stage.window.header.theme_button.accessibleName() == "Light theme"
    stage.window.header.theme_button.click()
    assert not stage.look.theme.dark


async def test_the_pill_opens_the_details_of_the_connection(stage):
    await stage.harness.connect()
    stage.window.header.pill.click()
    popover = stage.window.findChild(ConnectionPopover)
    texts = [label.text() for label in popover.findChildren(QWidget) if hasattr(label, "text")]
    assert {"Connected", "pbx.example.com:8089", "WebRTC (WSS)", "12 ms"} <= set(texts)
    popover.close()


async def test_a_problem_is_shown_with_its_hint_and_details_until_it_is_over(stage):
    await stage.harness.connect()
    stage.app.problems.raise_problem("engine", "The call engine stopped.", hint="It is started again.", details="exit code -9")
    banner = stage.window.banner
    assert banner.isVisible()
    assert banner.text() == "The call engine stopped."
    banner.details_button.click()
    assert banner._details.isVisible()
    assert banner._details.text() == "exit code -9"
    stage.app.problems.clear("engine")
    assert not banner.isVisible()


async def test_two_problems_that_say_the_same_are_shown_as_one(stage):
    stage.app.problems.raise_problem("presence", "The PBX can't be reached.", hint="It is tried again.")
    stage.app.problems.raise_problem("parking", "The PBX can't be reached.", hint="It is tried again.")
    assert not stage.window.banner._next.isVisible()
    stage.app.problems.raise_problem("c", "Another.", severity=Severity.WARNING)
    assert stage.window.banner._next.isVisible()
    stage.app.problems.clear("presence")
    assert stage.window.banner.text() == "The PBX can't be reached."


async def test_the_most_serious_problem_comes_first(stage):
    stage.app.problems.raise_problem("a", "A warning.", severity=Severity.WARNING)
    stage.app.problems.raise_problem("b", "An error.")
    assert stage.window.banner.text() == "An error."
    stage.window.banner._next.click()
    assert stage.window.banner.text() == "A warning."


async def test_a_notice_with_something_to_do_has_a_button_that_works_once(stage):
    done = []

    async def undo() -> None:
        done.append(True)

    stage.app.notices.post("Removed.", action=NoticeAction(label="Undo", run=undo))
    toast = stage.services.toasts.current()[0]
    assert (toast.button.text(), toast.button.accessibleName()) == ("Undo", "Undo")
    toast.button.click()
    toast.button.click()
    await stage.harness.settle()
    assert done == [True]
    assert stage.services.toasts.current() == ()
    stage.app.notices.post("Removed.", action=NoticeAction(label="Undo", run=undo))
    QTest.mouseClick(stage.services.toasts.current()[0], Qt.MouseButton.LeftButton)
    assert (done, stage.services.toasts.current()) == ([True], ())


async def test_notices_become_toasts_three_at_most_and_none_twice(stage):
    for text in ("one", "two", "two", "three", "four"):
        stage.app.notices.post(text)
    assert [toast.text for toast in stage.services.toasts.current()] == ["two", "three", "four"]
    toast = stage.services.toasts.current()[0]
    QTest.mouseClick(toast, Qt.MouseButton.LeftButton)
    assert [toast.text for toast in stage.services.toasts.current()] == ["three", "four"]


async def test_everything_that_takes_input_has_a_name_for_screen_readers(stage):
    await stage.harness.connect()
    await stage.talk()
    await stage.arrive()
    stage.window.open_settings()
    kinds = (QAbstractButton, QLineEdit, QComboBox, QSpinBox, QSlider, QPlainTextEdit)
    nameless = [
        widget
        for kind in kinds
        for widget in stage.window.findChildren(kind)
        if not widget.accessibleName() and not isinstance(widget.parent(), QSpinBox)
    ]
    assert nameless == []


async def test_the_window_stays_where_it_was(stage):
    stage.window.resize(640, 700)
    kept = stage.window.geometry_state()
    stage.window.resize(400, 500)
    stage.window.restore(kept)
    assert (stage.window.width(), stage.window.height()) == (640, 700)


async def test_a_damaged_geometry_gives_the_first_size(stage):
    stage.window.restore(b"nonsense")
    assert (stage.window.width(), stage.window.height()) == (480, 720)


async def test_closing_is_decided_by_the_shell(stage):
    stage.window.on_close = lambda: False
    stage.window.close()
    assert stage.window.isVisible()
    stage.window.on_close = lambda: True
    stage.window.close()
    assert not stage.window.isVisible()


async def test_nothing_moves_sideways_in_the_narrowest_window(stage):
    await stage.harness.connect()
    await stage.talk("2004")
    await stage.talk("2005")
    await stage.arrive()
    stage.window.resize(380, 640)
    stage.window.open_settings()
    await stage.harness.settle()
    assert stage.window.width() == 380
    for card in stage.window.strip.cards():
        assert card.geometry().right() <= stage.window.width()
