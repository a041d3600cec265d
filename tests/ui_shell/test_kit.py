import asyncio

import pytest
from callmanager.api import CallEnd, CallFinished, EndCause, PresenceStatus, TextStyle, ThemeColour, UserError
from callmanager_shell.confirm import ConfirmOverlay
from callmanager_shell.kit import ShellKit
from callmanager_shell.tokens import LIGHT
from callmanager_shell.widgets import presence_dot
from callmanager_shell.widgets.button import Button, ButtonKind
from callmanager_shell.widgets.presence_dot import STATUS_WORDS
from PySide6.QtCore import QPoint, QRectF, Qt
from PySide6.QtGui import QImage, QPainter
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QLabel, QPushButton, QWidget


@pytest.fixture
def kit(stage):
    return ShellKit(stage.services, "my_plugin")


def asking(stage):
    return next(overlay for overlay in stage.window.findChildren(ConfirmOverlay) if overlay.is_open)


async def asked(stage, kit, **more):
    more = {"title": "Delete the note?", "text": "That can't be undone.", "action": "Delete"} | more
    task = asyncio.ensure_future(kit.confirm(stage.window.dial_field, **more))
    await stage.harness.settle()
    return task, asking(stage)


@pytest.mark.parametrize("colour", list(ThemeColour))
def test_each_colour_is_one_of_the_theme(colour):
    assert getattr(LIGHT, colour.value).startswith("#")


async def test_colours_and_fonts_are_those_of_the_theme_in_force(stage, kit):
    assert kit.colour(ThemeColour.TEXT).name() == stage.look.theme.text
    assert {style: kit.font(style).pixelSize() for style in TextStyle} == {
        TextStyle.SMALL: 12,
        TextStyle.BODY: 13,
        TextStyle.NAME: 14,
        TextStyle.TITLE: 18,
        TextStyle.DIGITS: 15,
    }


async def test_the_theme_is_followed_until_the_widget_is_gone(stage, kit):
    seen = []
    widget = QWidget()
    kit.follow_theme(widget, lambda: seen.append(kit.colour(ThemeColour.SURFACE).name()))
    stage.look.choose("dark", "comfortable")
    assert seen == ["#ffffff", "#1b1c25"]
    widget.deleteLater()
    await stage.harness.settle()
    stage.look.choose("light", "comfortable")
    assert len(seen) == 2


@pytest.mark.expects_log("my_plugin failed in following the theme")
async def test_one_that_cant_follow_the_theme_is_named(stage, kit):
    widget = QWidget()

    def broken():
        raise RuntimeError("no such colour")

    kit.follow_theme(widget, broken)
    assert any("my_plugin" in toast.text for toast in stage.services.toasts.current())
    widget.deleteLater()


async def test_a_presence_is_a_shape_and_a_word_besides_a_colour(stage, kit, monkeypatch):
    monkeypatch.setattr(presence_dot, "_COLOURS", dict.fromkeys(PresenceStatus, "good"))
    pictures = set()
    parent = QWidget()
    dot = kit.presence_dot(parent, size=24)
    for status in PresenceStatus:
        dot.show_status(status)
        assert dot.widget.accessibleName() == dot.widget.toolTip() == STATUS_WORDS[status]
        dot.widget.resize(24, 24)
        pictures.add(bytes(dot.widget.grab().toImage().constBits()))
    assert len(pictures) == len(PresenceStatus)
    dot.show_status(PresenceStatus.ON_CALL, note="with Maria")
    assert dot.widget.accessibleName() == "On a call: with Maria"
    parent.deleteLater()


async def test_a_delegate_paints_a_person_with_presence(stage, kit):
    images = []
    for status in (None, PresenceStatus.AVAILABLE, PresenceStatus.ON_CALL):
        image = QImage(40, 40, QImage.Format.Format_ARGB32)
        image.fill(Qt.GlobalColor.white)
        painter = QPainter(image)
        kit.paint_avatar(painter, QRectF(0, 0, 40, 40), name="Ada Lovelace", key="2001", status=status)
        painter.end()
        images.append(image)
    assert images[0] != images[1] != images[2] != images[0]
    assert images[0].pixelColor(37, 20).name() == images[1].pixelColor(37, 20).name()


@pytest.mark.expects_log("my_plugin failed in running “Reload”")
async def test_an_empty_state_has_its_words_and_one_action_whose_faults_are_the_plugins(stage, kit):
    calls = []

    def act():
        calls.append(True)
        if len(calls) == 2:
            raise UserError("not now")
        if len(calls) == 3:
            raise RuntimeError("bug")

    parent = QWidget()
    empty = kit.empty_state(parent, icon="clock", title="No calls yet", text="They are listed here.", action="Reload", run=act)
    assert {"No calls yet", "They are listed here."} <= {label.text() for label in empty.findChildren(QLabel)}
    button = empty.findChild(QPushButton)
    for _ in range(3):
        button.click()
    texts = [toast.text for toast in stage.services.toasts.current()]
    assert "Not now." in texts
    assert any("The plugin my_plugin had a fault" in text for text in texts)
    parent.deleteLater()


async def test_settings_are_opened_at_a_section_and_an_unknown_one_is_just_settings(stage, kit):
    kit.open_settings("audio")
    assert stage.window.settings_open
    assert stage.window.focusWidget() is stage.window.settings_page.card("audio").head
    stage.window.close_settings()
    kit.open_settings("no such section")
    assert stage.window.settings_open


async def test_a_question_is_answered_by_keyboard_and_gives_the_focus_back(stage, kit):
    stage.window.header.gear.setFocus()
    task, question = await asked(stage, kit)
    assert [label.text() for label in question.findChildren(QLabel)] == ["Delete the note?", "That can't be undone."]
    assert stage.window.focusWidget() is question.yes
    QTest.keyClick(question.yes, Qt.Key.Key_Return)
    assert await task is True
    assert stage.window.focusWidget() is stage.window.header.gear


async def test_before_something_is_destroyed_the_safe_answer_has_the_focus(stage, kit):
    task, question = await asked(stage, kit, destructive=True)
    assert question.yes.kind is ButtonKind.DANGER
    assert stage.window.focusWidget() is question.no
    QTest.keyClick(question.no, Qt.Key.Key_Tab)
    assert stage.window.focusWidget() is question.yes
    QTest.keyClick(question.yes, Qt.Key.Key_Tab)
    assert stage.window.focusWidget() is question.no
    QTest.keyClick(question.no, Qt.Key.Key_Return)
    assert await task is False


async def test_escape_and_a_click_elsewhere_mean_no(stage, kit):
    await stage.harness.connect()
    await stage.talk()
    task, question = await asked(stage, kit)
    QTest.keyClick(question.yes, Qt.Key.Key_Escape)
    assert await task is False
    task, question = await asked(stage, kit)
    QTest.mouseClick(question, Qt.MouseButton.LeftButton, pos=QPoint(3, 3))
    assert await task is False
    assert stage.window.strip.active_call() is not None


async def test_whoever_asked_and_is_cancelled_takes_the_question_along(stage, kit):
    task, question = await asked(stage, kit)
    task.cancel()
    await stage.harness.settle()
    assert not question.is_open
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_a_call_is_answered_while_a_question_stands(stage, kit):
    await stage.harness.connect()
    task, question = await asked(stage, kit)
    call_id = await stage.arrive()
    QTest.keyClick(question.yes, Qt.Key.Key_Return, Qt.KeyboardModifier.ControlModifier)
    await stage.harness.until(lambda: stage.app.calls.get(call_id).state.value == "connected")
    assert not task.done()
    stage.engine.report(CallFinished(call_id=call_id, end=CallEnd(cause=EndCause.REMOTE)))
    question.no.click()
    assert await task is False


async def test_plain_buttons_of_a_plugin_are_as_high_as_the_windows_own(stage, kit):
    plain, own = QPushButton("Plain", stage.window), Button(stage.look, "Own", parent=stage.window)
    plain.ensurePolished()
    assert abs(plain.sizeHint().height() - own.sizeHint().height()) <= 2
