import pytest
from callmanager.api import Answer, CallEnd, CallFinished, EndCause, Reject
from callmanager_shell.incoming import IncomingPop
from callmanager_shell.keypad import Keypad
from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QLabel


@pytest.fixture
async def pop(stage):
    await stage.harness.connect()
    made = IncomingPop(stage.services)
    yield made
    made.close_down()
    made.deleteLater()
    await stage.harness.settle()


async def test_it_pops_up_with_who_calls_which_line_and_without_taking_the_focus(stage, pop):
    assert not pop.isVisible()
    await stage.arrive("5550104477", "Dana Kowalski", called="2001")
    assert pop.isVisible()
    texts = [label.text() for label in pop.findChildren(QLabel) if label.text()]
    assert texts == ["Incoming call", "Dana Kowalski", "(555) 010-4477", "Calls 2001"]
    flags = pop.windowFlags()
    assert flags & Qt.WindowType.WindowStaysOnTopHint
    assert flags & Qt.WindowType.WindowDoesNotAcceptFocus
    assert pop.testAttribute(Qt.WidgetAttribute.WA_ShowWithoutActivating)


async def test_it_stands_in_the_corner_of_the_screen(stage, pop):
    await stage.arrive()
    area = QGuiApplication.primaryScreen().availableGeometry()
    assert pop.geometry().right() == area.right() - 16
    assert pop.geometry().bottom() == area.bottom() - 16


async def test_answer_by_mouse(stage, pop):
    call_id = await stage.arrive()
    QTest.mouseClick(pop.cards()[0].answer_button, Qt.MouseButton.LeftButton)
    assert stage.engine.sent(Answer) == [Answer(call_id=call_id)]
    await stage.harness.until(lambda: not pop.isVisible())


async def test_reject_by_mouse(stage, pop):
    call_id = await stage.arrive()
    QTest.mouseClick(pop.cards()[0].reject_button, Qt.MouseButton.LeftButton)
    assert [command.call_id for command in stage.engine.sent(Reject)] == [call_id]
    await stage.harness.until(lambda: not pop.isVisible())


async def test_several_calls_stack_and_each_goes_by_itself(stage, pop):
    first = await stage.arrive("2004", "Marcus Hale")
    await stage.arrive("2005", "Chen Wei")
    assert len(pop.cards()) == 2
    top = pop.geometry().top()
    stage.engine.report(CallFinished(call_id=first, end=CallEnd(cause=EndCause.ELSEWHERE)))
    (left,) = pop.cards()
    assert left.accessibleName().startswith("Incoming call from Chen Wei")
    assert pop.geometry().top() > top


async def test_the_keypad_sends_each_digit_once_and_shows_what_was_sent(stage, pop):
    await stage.harness.connect()
    call_id = await stage.talk("6002")
    stage.window.open_keypad(call_id, stage.window.strip.cards()[0])
    pad = stage.window.findChild(Keypad)
    QTest.mouseClick(pad.key("5"), Qt.MouseButton.LeftButton)
    QTest.keyClick(pad, "7")
    QTest.keyClick(pad, "#")
    QTest.keyClick(pad, "x")
    assert pad.shown_digits() == ""  # nothing is claimed before the engine says so
    await stage.harness.settle()
    assert pad.shown_digits() == "57#"
    assert [pad.key(digit).accessibleName() for digit in "*#0"] == ["star", "pound", "0"]
    stage.engine.report(CallFinished(call_id=call_id, end=CallEnd(cause=EndCause.REMOTE)))
    assert not pad.isVisible()
