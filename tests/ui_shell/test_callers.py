"""Caller cards as a person sees them: on the call card and on the pop."""

import asyncio

import pytest
from callmanager.api import (
    Answer,
    CallerCard,
    CallerDetails,
    CallHoldReported,
    CallPartyReported,
    Party,
)
from callmanager_shell import links
from callmanager_shell.incoming import IncomingPop
from callmanager_shell.widgets.button import Button
from callmanager_shell.widgets.caller_details import CallerDetailsView, _Line
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QLabel

ONE = CallerDetails(
    title="<b>Northwind</b> Dental",
    lines=(("Open tickets", "2"), ("Last visit", "12 November, " * 8), ("Plan", "Premium"), ("City", "Lund"), ("Fifth", "x")),
    link="https://crm.example.com/4477",
)


@pytest.fixture
def gate():
    """Look-ups answer when this is set."""
    return asyncio.Event()


@pytest.fixture
def plugins(contribute, gate):
    async def customer(call):
        await gate.wait()
        return ONE if call.remote.number.startswith("555") else None

    async def patient(call):
        await gate.wait()
        return CallerDetails(title="Patient", lines=(("Next date", "3 May"),)) if call.remote.number.startswith("555") else None

    return {
        "crm": contribute(caller_cards=[CallerCard(id="customer", look_up=customer, order=1)]),
        "clinic": contribute(caller_cards=[CallerCard(id="patient", look_up=patient, order=2)]),
    }


@pytest.fixture
async def pop(stage):
    made = IncomingPop(stage.services)
    yield made
    made.close_down()
    made.deleteLater()
    await stage.harness.settle()


def words(widget):
    """What can be read in it, in order of the plugins."""
    view = widget.findChild(CallerDetailsView)
    if view is None or not view.isVisibleTo(widget):
        return []
    labels = [label.text() for label in view.findChildren(QLabel) if label.isVisibleTo(view)]
    return labels + [line.accessibleName() for line in view.findChildren(_Line) if line.isVisibleTo(view)]


def button(card, text):
    return next(found for found in card.findChildren(Button) if found.text().startswith(text) and found.isVisibleTo(card))


async def test_answers_of_several_plugins_stand_under_the_name_as_plain_text(stage, gate):
    await stage.harness.connect()
    await stage.arrive()
    (card,) = stage.window.strip.cards()
    assert words(card) == []
    gate.set()
    await stage.harness.until(lambda: "Patient" in words(card))
    shown = words(card)
    assert "<b>Northwind</b> Dental" in shown
    assert {"Open tickets 2", "Plan Premium", "City Lund", "Next date 3 May"} <= set(shown)
    assert not any("Fifth" in text for text in shown)
    assert all(
        label.textFormat() is Qt.TextFormat.PlainText for label in card.findChild(CallerDetailsView).findChildren(QLabel)
    )
    assert "Patient, Next date 3 May" in card.accessibleDescription()
    long = next(line for line in card.findChildren(_Line) if "Last visit" in line.accessibleName())
    assert long.tip() == long.accessibleName()
    assert next(line for line in card.findChildren(_Line) if "Plan" in line.accessibleName()).tip() == ""


async def test_the_link_opens_in_the_browser(stage, gate, monkeypatch):
    opened = []
    monkeypatch.setattr(links.QDesktopServices, "openUrl", lambda url: opened.append(url.toString()) or True)
    await stage.harness.connect()
    gate.set()
    await stage.arrive()
    (card,) = stage.window.strip.cards()
    await stage.harness.until(lambda: bool(words(card)))
    button(card, "Open <b>Northwind</b> Dental in the browser").click()
    assert opened == ["https://crm.example.com/4477"]
    assert not links.open_in_browser("file:///etc/passwd")
    assert len(opened) == 1


async def test_the_answer_button_stays_under_the_pointer_on_the_card(stage, gate):
    await stage.harness.connect()
    await stage.arrive()
    (card,) = stage.window.strip.cards()
    await stage.harness.settle()
    before = button(card, "Answer").mapToGlobal(QPoint())
    gate.set()
    await stage.harness.until(lambda: bool(words(card)))
    await stage.harness.settle()
    assert button(card, "Answer").mapToGlobal(QPoint()) == before


async def test_a_card_does_not_grow_while_the_pointer_is_on_a_button(stage, gate):
    await stage.harness.connect()
    await stage.arrive("5550104477", "Dana Kowalski")
    await stage.arrive("2004", "Marcus Hale")
    upper, lower = stage.window.strip.cards()
    await stage.harness.settle()
    answer = button(lower, "Answer")
    answer.setAttribute(Qt.WidgetAttribute.WA_UnderMouse)
    before = answer.mapToGlobal(QPoint())
    gate.set()
    await stage.harness.until(lambda: bool(stage.services.callers.details(upper.call.id)))
    await stage.harness.settle()
    assert words(upper) == []
    assert answer.mapToGlobal(QPoint()) == before
    answer.setAttribute(Qt.WidgetAttribute.WA_UnderMouse, on=False)
    await stage.harness.until(lambda: bool(words(upper)))


async def test_the_pop_grows_upwards_so_that_its_buttons_stay_where_they_are(stage, pop, gate):
    await stage.harness.connect()
    call_id = await stage.arrive()
    (card,) = pop.cards()
    before, top = card.answer_button.mapToGlobal(QPoint()), pop.geometry().top()
    gate.set()
    await stage.harness.until(lambda: bool(words(card)))
    assert card.answer_button.mapToGlobal(QPoint()) == before
    assert pop.geometry().top() < top
    assert "Patient" in words(card)
    QTest.mouseClick(card.answer_button, Qt.MouseButton.LeftButton)
    assert stage.engine.sent(Answer) == [Answer(call_id=call_id)]


async def test_a_lower_card_of_the_pop_does_not_lift_the_button_under_the_pointer(stage, pop, gate):
    await stage.harness.connect()
    await stage.arrive("2004", "Marcus Hale")
    await stage.arrive("5550104477", "Dana Kowalski")
    upper, lower = pop.cards()
    upper.answer_button.setAttribute(Qt.WidgetAttribute.WA_UnderMouse)
    before = upper.answer_button.mapToGlobal(QPoint())
    gate.set()
    await stage.harness.until(lambda: bool(stage.services.callers.details(lower.call_id)))
    await stage.harness.settle()
    assert upper.answer_button.mapToGlobal(QPoint()) == before
    upper.answer_button.setAttribute(Qt.WidgetAttribute.WA_UnderMouse, on=False)
    await stage.harness.until(lambda: bool(words(lower)))


async def test_somebody_else_on_the_line_shows_nothing_of_the_first(stage, gate):
    await stage.harness.connect()
    gate.set()
    call_id = await stage.talk("5550104477")
    (card,) = stage.window.strip.cards()
    await stage.harness.until(lambda: bool(words(card)))
    stage.engine.report(CallPartyReported(call_id=call_id, remote=Party(number="2004", name="Marcus Hale")))
    assert words(card) == []


async def test_a_held_card_is_one_line_and_shows_them_again_when_it_is_resumed(stage, gate):
    await stage.harness.connect()
    gate.set()
    call_id = await stage.talk("5550104477")
    (card,) = stage.window.strip.cards()
    await stage.harness.until(lambda: bool(words(card)))
    stage.engine.report(CallHoldReported(call_id=call_id, held=True, remote_held=False))
    assert words(card) == []
    stage.engine.report(CallHoldReported(call_id=call_id, held=False, remote_held=False))
    assert words(card) != []


async def test_they_go_with_their_plugin_and_come_with_it(stage, gate):
    await stage.harness.connect()
    gate.set()
    await stage.talk("5550104477")
    (card,) = stage.window.strip.cards()
    await stage.harness.until(lambda: "Patient" in words(card) and "Open tickets 2" in words(card))
    await stage.app.plugins.disable("crm")
    await stage.harness.until(lambda: "Open tickets 2" not in words(card))
    assert "Patient" in words(card)
    await stage.app.plugins.enable("crm")
    await stage.harness.until(lambda: "Open tickets 2" in words(card))


async def test_a_look_up_under_way_ends_with_its_plugin_and_with_its_call(stage, gate):
    await stage.harness.connect()
    call_id = await stage.talk("5550104477")
    await stage.app.plugins.disable("crm")
    stage.app.calls.hang_up(call_id)
    await stage.harness.until(lambda: not stage.services.tasks._tasks)


async def test_many_cards_are_counted_rather_than_shown(look):
    from callmanager_shell.caller_lookups import ShownDetails

    view = CallerDetailsView(look, most=2)
    view.show_details(tuple(ShownDetails(key=str(n), plugin_id="p", title=f"Card {n}") for n in range(5)))
    texts = [label.text() for label in view.findChildren(QLabel)]
    assert texts == ["Card 0", "Card 1", "3 more"]
    view.deleteLater()
