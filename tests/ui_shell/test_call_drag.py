"""A call card that is dragged: what lights up, what is offered, and what a plugin's widget gets."""

import pytest
from callmanager.api import Conference as ConferenceCommand
from callmanager.api import TransferTo
from callmanager_call_control.conference.plugin import Conference
from callmanager_call_control.plugin import CallControl
from callmanager_call_control.transfer.plugin import Transfer
from callmanager_shell.call_drag import CallDropTarget, DropLight, carried, mime_of
from callmanager_shell.kit import ShellKit
from PySide6.QtCore import QEvent, QMimeData, QPoint, QPointF, QRect, Qt
from PySide6.QtGui import QDragEnterEvent, QDragLeaveEvent, QDragMoveEvent, QDropEvent, QMouseEvent
from PySide6.QtWidgets import QApplication, QListView, QMenu, QWidget

LINK = Qt.DropAction.LinkAction
MIDDLE = QPoint(5, 5)
LEFT, NONE = Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier


@pytest.fixture
def plugins():
    return {"call_control": CallControl, "transfer": Transfer, "conference": Conference}


@pytest.fixture
async def phone(stage):
    await stage.harness.connect()
    return stage


@pytest.fixture
def kit(stage):
    return ShellKit(stage.services, "sidecar")


def enter(widget, data, point=MIDDLE):
    event = QDragEnterEvent(point, LINK, data, LEFT, NONE)
    QApplication.sendEvent(widget, event)
    return event.isAccepted()


def move(widget, data, point=MIDDLE):
    event = QDragMoveEvent(point, LINK, data, LEFT, NONE)
    QApplication.sendEvent(widget, event)
    return event.isAccepted()


def drop(widget, data, point=MIDDLE):
    event = QDropEvent(QPointF(point), LINK, data, LEFT, NONE)
    QApplication.sendEvent(widget, event)
    return event.isAccepted()


def light(widget) -> DropLight:
    return widget.findChild(DropLight)


class TestPluginsWidget:
    @pytest.fixture
    async def key(self, phone, kit):
        """A key of a sidecar that hands calls over to 2004."""
        widget = QWidget(phone.window)
        widget.setGeometry(0, 0, 120, 40)
        widget.show()
        widget.got = []

        async def handler(call, point):
            widget.got.append((call.id, point))
            phone.app.calls.hand_over(call.id, "2004", name="Marcus Hale")

        widget.undo = kit.accept_calls(widget, handler, label="Transfer to Marcus Hale")
        return widget

    async def test_it_lights_up_says_what_would_happen_and_takes_the_call(self, phone, key):
        call_id = await phone.talk("2005")
        data = mime_of(call_id)
        assert enter(key, data)
        assert light(key).isVisible()
        assert light(key).label == "Transfer to Marcus Hale"
        assert light(key).geometry() == key.rect()
        QApplication.sendEvent(key, QDragLeaveEvent())
        assert not light(key).isVisible()
        enter(key, data)
        assert drop(key, data, QPoint(7, 9))
        assert not light(key).isVisible()
        await phone.harness.until(lambda: key.got == [(call_id, QPoint(7, 9))])
        assert phone.app.calls.get(call_id).transfer.target == "Marcus Hale"

    async def test_what_is_no_call_or_over_or_not_answered_is_not_taken(self, phone, key):
        foreign = QMimeData()
        foreign.setText("5550104477")
        ringing = await phone.arrive()
        over = await phone.talk("2005")
        phone.engine.finish(over)
        for data in (foreign, mime_of(ringing), mime_of(over), mime_of("never was")):
            enter(key, data)
            assert not light(key).isVisible()
            assert not drop(key, data)
        await phone.harness.settle()
        assert key.got == []

    async def test_a_call_that_ends_while_it_is_dragged_is_let_go(self, phone, key):
        call_id = await phone.talk("2005")
        data = mime_of(call_id)
        assert enter(key, data)
        phone.engine.finish(call_id)
        assert not move(key, data)
        assert not light(key).isVisible()
        assert not drop(key, data)

    async def test_undone_it_takes_nothing_more(self, phone, key):
        call_id = await phone.talk("2005")
        key.undo()
        key.undo()
        assert not key.acceptDrops()
        assert not enter(key, mime_of(call_id))
        key.deleteLater()
        await phone.harness.settle()
        key.undo()

    async def test_in_a_list_one_row_is_meant(self, phone, kit):
        call_id = await phone.talk("2005")
        view = QListView(phone.window)
        view.setGeometry(0, 0, 200, 200)
        view.show()
        rows = []

        async def handler(call, point):
            rows.append(point.y() // 40)

        def spot(point):
            row = point.y() // 40
            return QRect(0, row * 40, 200, 40) if row < 3 else None

        kit.accept_calls(view.viewport(), handler, label="Transfer", spot=spot)
        data = mime_of(call_id)
        assert enter(view.viewport(), data, QPoint(10, 190)), "it may be moved on to a row"
        assert not light(view.viewport()).isVisible()
        assert move(view.viewport(), data, QPoint(10, 50))
        assert light(view.viewport()).geometry() == QRect(0, 40, 200, 40)
        assert not drop(view.viewport(), data, QPoint(10, 190))
        enter(view.viewport(), data, QPoint(10, 90))
        assert drop(view.viewport(), data, QPoint(10, 90))
        await phone.harness.until(lambda: rows == [2])

    @pytest.mark.expects_log("sidecar failed in taking the call")
    async def test_a_fault_bears_the_plugins_name(self, phone, kit):
        call_id = await phone.talk("2005")
        widget = QWidget(phone.window)

        async def handler(call, point):
            raise RuntimeError("bug")

        kit.accept_calls(widget, handler, label="x")
        enter(widget, mime_of(call_id))
        drop(widget, mime_of(call_id))
        await phone.harness.until(lambda: any("sidecar" in toast.text for toast in phone.services.toasts.current()))


class TestCardOnCard:
    async def two(self, phone):
        first, second = await phone.talk("2004"), await phone.talk("2005")
        await phone.harness.until(lambda: phone.app.calls.get(first).held)
        cards = {card.call.id: card for card in phone.window.strip.cards()}
        return cards[first], cards[second]

    def menu_of(self, card) -> QMenu:
        return next(child for child in card.children() if isinstance(child, QMenu) and child.isVisible())

    async def test_what_can_be_done_with_the_two_is_offered(self, phone):
        held, active = await self.two(phone)
        data = mime_of(active.call.id)
        assert enter(held, data)
        assert light(held).label == "2005 with 2004…"
        assert drop(held, data)
        menu = self.menu_of(held)
        assert [entry.text() for entry in menu.actions()] == [
            "Connect 2005 with 2004",
            "Merge 2005 and 2004 into a conference",
            "Talk to 2004",
        ]
        menu.actions()[0].trigger()
        await phone.harness.until(lambda: bool(phone.engine.sent(TransferTo)))
        assert phone.engine.sent(TransferTo) == [TransferTo(call_id=active.call.id, other_id=held.call.id)]
        menu.close()

    async def test_the_same_is_in_the_context_menu_for_the_keyboard(self, phone):
        held, active = await self.two(phone)
        menu = active._menu([])
        active._add_pairs(menu)
        merge = next(entry for entry in menu.actions() if entry.text() == "Merge 2005 and 2004 into a conference")
        merge.trigger()
        await phone.harness.until(lambda: bool(phone.engine.sent(ConferenceCommand)))
        assert set(phone.engine.sent(ConferenceCommand)[-1].call_ids) == {held.call.id, active.call.id}
        menu.close()

    async def test_a_card_takes_neither_itself_nor_a_call_with_which_nothing_can_be_done(self, phone):
        _held, active = await self.two(phone)
        ringing = await phone.arrive()
        for call_id in (active.call.id, ringing):
            enter(active, mime_of(call_id))
            assert not light(active).isVisible()
            assert not drop(active, mime_of(call_id))

    async def test_the_pointer_drags_an_answered_call_once_it_has_moved_far_enough(self, phone):
        _held, active = await self.two(phone)
        seen = []
        active.dragged.disconnect()
        active.dragged.connect(seen.append)

        def mouse(kind, point, buttons):
            QApplication.sendEvent(active, QMouseEvent(kind, QPointF(point), active.mapToGlobal(point), LEFT, buttons, NONE))

        mouse(QEvent.Type.MouseButtonPress, QPoint(20, 20), LEFT)
        mouse(QEvent.Type.MouseMove, QPoint(21, 20), LEFT)
        assert seen == []
        mouse(QEvent.Type.MouseMove, QPoint(60, 60), LEFT)
        mouse(QEvent.Type.MouseMove, QPoint(90, 60), LEFT)
        assert seen == [active.call.id]

    async def test_what_is_carried_means_nothing_to_other_programs(self, phone):
        call_id = await phone.talk("2004")
        data = mime_of(call_id)
        assert carried(data) == call_id
        assert not data.hasText()
        assert carried(QMimeData()) is None
        assert phone.window.strip.cards()[0].findChild(CallDropTarget) is not None
