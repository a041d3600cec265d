"""Type-checked, never run: a handler and its event belong together."""

from callmanager.api import CallAdded, CallChanged, Events


def on_added(event: CallAdded) -> None:
    number: str = event.call.remote.number
    print(number)


def on_anything(event: CallAdded | CallChanged) -> None: ...


def subscribe(events: Events) -> None:
    undo = events.subscribe(CallAdded, on_added)
    events.subscribe(CallChanged, on_anything)
    undo()
    events.subscribe(CallChanged, on_added)  # type: ignore[arg-type]
    events.subscribe(CallAdded, lambda event: event.nothing)  # type: ignore[attr-defined]
    events.publish("not an event")  # type: ignore[arg-type]
