"""The event bus keeps its promises about order, containment and threads."""

import threading

import attrs
import pytest
from callmanager.bus import EventBus
from callmanager.events import EngineChanged, Event, PluginStateChanged
from callmanager.model.plugins import PluginState


@attrs.define
class Bus:
    """A bus whose reports are kept."""

    faults: list[dict] = attrs.Factory(list)

    def make(self) -> EventBus:
        return EventBus(lambda error, **where: self.faults.append({"error": error, **where}))


@pytest.fixture
def reports() -> Bus:
    return Bus()


def test_handlers_hear_exactly_their_class_in_order_of_subscription(reports: Bus) -> None:
    bus, heard = reports.make(), []
    bus.subscribe(EngineChanged, lambda event: heard.append(("first", event.running)))
    bus.subscribe(EngineChanged, lambda event: heard.append(("second", event.running)))
    bus.subscribe(PluginStateChanged, lambda event: heard.append(("other", event)))
    bus.publish(EngineChanged(running=True))
    assert heard == [("first", True), ("second", True)]


def test_an_event_published_while_another_is_dispatched_reaches_everybody_after_it(reports: Bus) -> None:
    bus, heard = reports.make(), []

    def answer(event: EngineChanged) -> None:
        if event.running:
            bus.publish(EngineChanged(running=False))

    bus.subscribe(EngineChanged, answer)
    bus.subscribe(EngineChanged, lambda event: heard.append(event.running))
    bus.publish(EngineChanged(running=True))
    assert heard == [True, False]


def test_a_handler_that_raises_is_named_with_the_place_of_publishing_and_the_others_still_hear(reports: Bus) -> None:
    bus, heard = reports.make(), []

    def broken(_: EngineChanged) -> None:
        raise ValueError("no")

    bus.subscribe(EngineChanged, broken, owner="crm")
    bus.subscribe(EngineChanged, heard.append)
    bus.publish(EngineChanged(running=True))
    (fault,) = reports.faults
    assert (fault["owner"], type(fault["error"])) == ("crm", ValueError)
    assert "broken" in fault["handler"]
    assert __file__ in fault["published_at"]
    assert len(heard) == 1


def test_unsubscribing_works_while_dispatching_and_twice(reports: Bus) -> None:
    bus, heard = reports.make(), []
    undo_late = bus.subscribe(EngineChanged, lambda _: None)
    bus.subscribe(EngineChanged, lambda _: (undo_second(), undo_second()))
    undo_second = bus.subscribe(EngineChanged, heard.append)
    bus.publish(EngineChanged(running=True))
    undo_late()
    assert heard == []


def test_the_base_class_cannot_be_subscribed_to(reports: Bus) -> None:
    with pytest.raises(TypeError, match="concrete event class"):
        reports.make().subscribe(Event, lambda _: None)


def test_another_thread_is_turned_away(reports: Bus) -> None:
    bus, errors = reports.make(), []

    def publish() -> None:
        try:
            bus.publish(EngineChanged(running=True))
        except RuntimeError as error:
            errors.append(str(error))

    thread = threading.Thread(target=publish)
    thread.start()
    thread.join(5)
    assert "loop thread" in errors[0]


def test_a_tap_sees_events_before_their_subscribers(reports: Bus) -> None:
    bus, seen = reports.make(), []
    bus.subscribe(PluginStateChanged, lambda _: seen.append("subscriber"))
    undo = bus.tap(lambda _: seen.append("tap"))
    bus.publish(PluginStateChanged(plugin_id="x", state=PluginState.ACTIVE))
    undo()
    bus.publish(PluginStateChanged(plugin_id="x", state=PluginState.ACTIVE))
    assert seen == ["tap", "subscriber", "subscriber"]
