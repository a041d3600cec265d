"""What the window shows of parking: the card until somebody has fetched the call, and the panel."""

from datetime import UTC, datetime, timedelta

import attrs
import pytest
from callmanager.api import (
    EndCause,
    NotConfigured,
    ParkedCall,
    ParkedIn,
    ParkingSource,
    Party,
    TransferStage,
    Unreachable,
    hookimpl,
)
from callmanager.testing import FakeParkingSource
from callmanager_call_control.parking.panel import ParkedCallsPanel
from callmanager_call_control.parking.plugin import ParkingControl
from callmanager_call_control.plugin import CallControl
from callmanager_shell import call_text
from callmanager_shell.kit import ShellKit
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest

SOURCE = "lot"
LOT = "parking-1"


class Lot:
    """Tells who is parked, as the test says."""

    def __init__(self, ctx) -> None:
        self.source = FakeParkingSource(SOURCE)

    @hookimpl
    def callmanager_parking_sources(self) -> list[ParkingSource]:
        return [self.source]


@pytest.fixture
def plugins():
    return {"call_control": CallControl, "parking": ParkingControl, "lot": Lot}


def spot(slot: str = "5901", number: str = "2004", **more: object) -> ParkedCall:
    now = datetime.now(UTC)
    known = {"slot": slot, "lot": LOT, "caller": Party(number=number, name="Dana Kowalski"), "parked_by": Party(number="2001")}
    return ParkedCall(**(known | {"parked_at": now, "returns_at": now + timedelta(seconds=45), "channel": slot} | more))


async def lot(stage) -> FakeParkingSource:
    source = stage.app.plugins._entries["lot"].instance.source
    await stage.harness.until(lambda: source.running)
    return source


async def park(stage, number: str = "2004"):
    await stage.harness.connect()
    call_id = await stage.talk(number)
    stage.engine.obedient = False
    (action,) = (owned.value for owned in stage.app.call_actions() if owned.value.id == "parking.park")
    await action.run(stage.app.calls.get(call_id))
    stage.engine.transfer_stands(call_id, TransferStage.ASKED)
    return call_id


def words(stage, call_id) -> str:
    return call_text.state_words(stage.window.strip._cards[call_id].call)


async def test_the_card_shows_the_slot_in_orange_and_stays_until_the_call_is_fetched(stage) -> None:
    source = await lot(stage)
    call_id = await park(stage)
    card = stage.window.strip._cards[call_id]
    assert words(stage, call_id) == "Parking…"
    source.tell(LOT, spot())
    assert words(stage, call_id) == "Parked — Slot 5901"
    stage.engine.finish(call_id, EndCause.TRANSFERRED)
    assert words(stage, call_id) == "Parked — Slot 5901"
    (first, *_rest) = call_text.details(card.call)
    assert first.colour == "warning_text"
    assert card._colours(stage.look.theme) == (stage.look.theme.warning, stage.look.theme.held_background)
    assert call_text.timer(card.call, stage.harness.clock()) == ""
    assert call_id not in stage.window.strip._lingering
    assert "Parked — Slot 5901" in card.accessibleName()
    source.tell(LOT)
    assert words(stage, call_id) == "No longer parked"
    assert call_id in stage.window.strip._lingering


async def test_retrieve_on_the_card_dials_the_slot(stage) -> None:
    source = await lot(stage)
    call_id = await park(stage)
    source.tell(LOT, spot())
    stage.engine.finish(call_id, EndCause.TRANSFERRED)
    card = stage.window.strip._cards[call_id]
    assert card._again.text() == "Retrieve" or card._again.accessibleName().startswith("Retrieve")
    QTest.mouseClick(card._again, Qt.MouseButton.LeftButton)
    assert [call.called for call in stage.app.calls.current()] == ["5901"]
    assert call_id not in stage.window.strip._cards


async def test_without_a_slot_the_card_says_so_and_offers_nothing_that_can_not_work(stage) -> None:
    call_id = await park(stage)
    stage.engine.finish(call_id, EndCause.TRANSFERRED)
    card = stage.window.strip._cards[call_id]
    assert words(stage, call_id) == "Parked — slot unknown"
    assert not card._again.isVisibleTo(card)
    assert card._close.isVisibleTo(card)
    card._close.click()
    stage.app.calls.show_parked(call_id, ParkedIn(slot="5902"))
    assert call_id not in stage.window.strip._cards  # what was put away stays away


@attrs.define
class Panel:
    widget: ParkedCallsPanel
    stage: object

    def words(self) -> list[str]:
        rows = self.widget.list
        return [rows.item(index).data(Qt.ItemDataRole.AccessibleTextRole) for index in range(rows.count())]

    def dialled(self) -> list[str]:
        return [call.called for call in self.stage.app.calls.current()]


@pytest.fixture
async def panel(stage):
    (owned,) = (owned for owned in stage.app.panels() if owned.value.id == "parking.calls")
    widget = owned.value.build(ShellKit(stage.services, "parking"))
    widget.resize(320, 300)
    widget.show()
    await lot(stage)
    yield Panel(widget, stage)
    widget.close()
    widget.deleteLater()
    await stage.harness.settle()


async def test_the_panel_lists_who_is_parked_and_a_click_fetches_once(stage, panel) -> None:
    await stage.harness.connect()
    source = await lot(stage)
    source.tell(LOT, spot("5901"), spot("5903", "5550170022", caller=Party(number="5550170022")))
    assert panel.words() == [
        "Dana Kowalski, parked in slot 5901, by you",
        "(555) 017-0022, parked in slot 5903, by you",
    ]
    view = panel.widget.list
    place = view.visualItemRect(view.item(1)).center()
    QTest.mouseClick(view.viewport(), Qt.MouseButton.LeftButton, pos=QPoint(place))
    QTest.mouseDClick(view.viewport(), Qt.MouseButton.LeftButton, pos=QPoint(place))
    assert panel.dialled() == ["5903"]


async def test_the_keyboard_fetches_as_well_and_keeps_its_place_while_time_goes_on(stage, panel) -> None:
    await stage.harness.connect()
    source = await lot(stage)
    source.tell(LOT, spot("5901"), spot("5902"))
    view = panel.widget.list
    QTest.keyClick(view, Qt.Key.Key_Down)
    QTest.keyClick(view, Qt.Key.Key_Down)
    panel.widget._tick()
    source.tell(LOT, spot("5902"))
    assert [item.data(Qt.ItemDataRole.UserRole).slot for item in view.selectedItems()] == ["5902"]
    QTest.keyClick(view, Qt.Key.Key_Return)
    assert panel.dialled() == ["5902"]


async def test_a_call_that_can_not_be_fetched_now_is_said(stage, panel) -> None:
    source = await lot(stage)
    source.tell(LOT, spot())
    panel.widget.list.chosen.emit("5901")
    await stage.harness.settle()
    assert panel.dialled() == []
    assert stage.services.toasts.current()


@pytest.mark.parametrize(
    ("error", "title", "action"),
    [
        (NotConfigured("the AMI user is missing"), "Parked calls are not shown", "Set it up"),
        (Unreachable("nothing listens there"), "Parked calls are not known now", "Open settings"),
    ],
)
async def test_an_empty_panel_says_why_and_what_to_do(stage, panel, error, title, action) -> None:
    source = await lot(stage)
    source.tell(LOT)
    assert panel.widget._emptiness.title == "Nobody is parked"
    source.fail(error)
    await stage.harness.until(lambda: panel.widget._emptiness is not None and panel.widget._emptiness.title == title)
    assert panel.widget._emptiness.action == action
    assert "5901–5909" in panel.widget._emptiness.text
    asked: list[str] = []
    stage.services.wishes.settings.connect(asked.append)
    panel.widget._placeholder.button.click()
    assert asked == ["presence_ami"]


async def test_the_clock_stands_still_while_nobody_looks(stage, panel) -> None:
    source = await lot(stage)
    assert not panel.widget._timer.isActive()
    source.tell(LOT, spot())
    assert panel.widget._timer.isActive()
    panel.widget.hide()
    assert not panel.widget._timer.isActive()
    panel.widget.show()
    assert panel.widget._timer.isActive()
    source.tell(LOT)
    assert not panel.widget._timer.isActive()
