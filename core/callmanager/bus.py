"""The typed event bus: one thread, ordered, contained."""

import threading
import traceback
from collections import deque
from collections.abc import Callable
from typing import Protocol, TypeVar

import attrs

from callmanager.events import Event

E = TypeVar("E", bound=Event)
Unsubscribe = Callable[[], None]


class HandlerFault(Protocol):
    """Told when a subscriber raised: which event, which handler, who owns it, and where the event was published."""

    def __call__(self, error: Exception, *, event: Event, handler: str, owner: str, published_at: str) -> None: ...


@attrs.define(eq=False)
class _Subscription:
    event_type: type[Event]
    handler: Callable[[Event], None]
    owner: str
    live: bool = True


class EventBus:
    """Carries facts from those who know them to those who care.

    Guarantees: used on one thread only (the one that made it; anything else raises); handlers run in order of subscription and
    are matched by the exact class of the event; an event published while another is being dispatched is queued, so every
    subscriber sees the same order; a handler that raises is reported and the others still run. No return values, no
    cancelling, no bubbling: who wants to decide implements a hook instead.
    """

    def __init__(self, report_fault: HandlerFault) -> None:
        self._report_fault = report_fault
        self._thread = threading.get_ident()
        self._subscriptions: dict[type[Event], list[_Subscription]] = {}
        self._taps: list[Callable[[Event], None]] = []
        self._queue: deque[tuple[Event, str]] = deque()
        self._dispatching = False

    def subscribe(self, event_type: type[E], handler: Callable[[E], None], *, owner: str = "core") -> Unsubscribe:
        """Call `handler` with every event of exactly this class from now on; returns the undo, which may be called twice."""
        self._check_thread()
        if event_type is Event:
            raise TypeError("subscribe to a concrete event class: events are matched exactly")
        subscription = _Subscription(event_type, handler, owner)  # type: ignore[arg-type] # contravariance is upheld by exact match
        self._subscriptions.setdefault(event_type, []).append(subscription)

        def unsubscribe() -> None:
            if subscription.live:
                subscription.live = False
                self._subscriptions[event_type].remove(subscription)

        return unsubscribe

    def tap(self, handler: Callable[[Event], None]) -> Unsubscribe:
        """See every event before its subscribers do; for logging, traces and tests only."""
        self._taps.append(handler)
        return lambda: self._taps.remove(handler) if handler in self._taps else None

    def publish(self, event: Event) -> None:
        """Deliver to all subscribers before returning, or after the event that is being dispatched now."""
        self._check_thread()
        frame = traceback.extract_stack(limit=2)[0]
        self._queue.append((event, f"{frame.filename}:{frame.lineno}"))
        if self._dispatching:
            return
        self._dispatching = True
        try:
            while self._queue:
                self._dispatch(*self._queue.popleft())
        finally:
            self._dispatching = False

    def _dispatch(self, event: Event, published_at: str) -> None:
        for tap in tuple(self._taps):
            tap(event)
        for subscription in tuple(self._subscriptions.get(type(event), ())):
            if not subscription.live:
                continue
            try:
                subscription.handler(event)
            except Exception as error:  # noqa: BLE001 - one bad subscriber must not silence the others
                self._report_fault(
                    error,
                    event=event,
                    handler=getattr(subscription.handler, "__qualname__", repr(subscription.handler)),
                    owner=subscription.owner,
                    published_at=published_at,
                )

    def _check_thread(self) -> None:
        if threading.get_ident() != self._thread:
            raise RuntimeError("the event bus is used on the loop thread only; hop with loop.call_soon_threadsafe")
