"""Which transport carries a message, and how sending through each of them is going."""

from __future__ import annotations

import logging
import random
from typing import TYPE_CHECKING, Final

import attrs

from callmanager.errors import NotConfigured, SignInNeeded, Unreachable
from callmanager.events import SourceChanged
from callmanager.model.messages import Sender, TransportAbilities
from callmanager.model.sources import SourceKind, SourceStanding, SourceState
from callmanager.tasks import FIRST_PAUSE, LONGEST_PAUSE
from callmanager.texts import plain

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from callmanager.bus import EventBus
    from callmanager.messaging.checks import Normalise
    from callmanager.model.messages import Message
    from callmanager.problems import ProblemBoard
    from callmanager.source_set import SourceSet
    from callmanager.sources import MessageTransport
    from callmanager.tasks import FaultReport

_log = logging.getLogger(__name__)

_NOTHING: Final = "no way to send text messages is set up"
_STANDINGS: Final = (
    (SignInNeeded, SourceStanding.SIGN_IN),
    (NotConfigured, SourceStanding.NOT_CONFIGURED),
    (Unreachable, SourceStanding.LOST),
)


@attrs.define(eq=False)
class _Trouble:
    """Why nothing is sent through a transport now. It is tried again at `until`, or never by itself."""

    standing: SourceStanding
    reason: str
    until: float | None
    pause: float = FIRST_PAUSE


class Routes:
    """Chooses transports and remembers which of them failed. Loop thread only.

    After `Unreachable` a transport is left alone with growing pauses; after `SignInNeeded` and `NotConfigured` until its
    settings change, it comes to work anew, or the user asks for another try. The trouble of sending stands over that of
    receiving in `states`, and `SourceChanged` tells of both.
    """

    def __init__(
        self,
        *,
        sources: SourceSet[MessageTransport],
        bus: EventBus,
        problems: ProblemBoard,
        report_fault: FaultReport,
        normalise: Normalise,
        monotonic: Callable[[], float],
    ) -> None:
        self._sources = sources
        self._bus = bus
        self._problems = problems
        self._report_fault = report_fault
        self._normalise = normalise
        self._monotonic = monotonic
        self._troubles: dict[str, _Trouble] = {}
        self._told: list[SourceChanged] = []

    # ------------------------------------------------------------------------------------------------------ what there is

    def states(self) -> tuple[SourceState, ...]:
        """How each transport is doing, both ways."""
        return tuple(self._merged(state) for state in self._sources.states())

    def senders(self) -> tuple[Sender, ...]:
        """The numbers that messages may come from, each once; the first transport that has one keeps it."""
        found: dict[str, Sender] = {}
        for transport in self._sources.all():
            abilities = self.abilities(transport)
            for number in self._numbers(transport):
                sender = Sender(
                    number=number, transport_id=str(transport.id), label=self.label(str(transport.id)), abilities=abilities
                )
                found.setdefault(number, sender)
        return tuple(found.values())

    def label(self, transport_id: str) -> str:
        return next((state.label for state in self._sources.states() if state.id == transport_id), transport_id)

    def abilities(self, transport: MessageTransport) -> TransportAbilities:
        try:
            abilities: object = transport.abilities
        except Exception as error:  # noqa: BLE001 - a plugin's code
            self.fault(str(transport.id), error, doing="telling what it can carry")
            return TransportAbilities()
        return abilities if isinstance(abilities, TransportAbilities) else TransportAbilities()

    def find(self, message: Message) -> tuple[MessageTransport | None, str]:
        """The transport for a queued message, its own first; or none, and why."""
        transports = self._sources.all()
        ordered = sorted(transports, key=lambda transport: str(transport.id) != message.transport_id)
        carrier = next((one for one in ordered if message.own in self._numbers(one)), None)
        if carrier is None:
            state = next((state for state in self.states() if state.id == message.transport_id), None)
            if state is None:
                return None, f"nothing here sends from {message.own}" if transports else _NOTHING
            return None, plain(f"{state.label} is not set up for {message.own}: {state.detail}", limit=300).rstrip(": ")
        trouble = self._troubles.get(str(carrier.id))
        if trouble is not None and trouble.until is None:
            return None, trouble.reason
        return carrier, trouble.reason if trouble else ""

    def pause_left(self, transport_id: str) -> float:
        """Seconds until this transport may be asked again."""
        trouble = self._troubles.get(transport_id)
        return max(0.0, trouble.until - self._monotonic()) if trouble is not None and trouble.until is not None else 0.0

    # --------------------------------------------------------------------------------------------------- what has happened

    def worked(self, transport_id: str) -> None:
        """The carrier answered, whatever it said."""
        self._recover(transport_id)

    def failed(self, transport_id: str, error: Exception) -> str:
        """The carrier surely got nothing; returns in plain words why the message waits."""
        standing = next(standing for kind, standing in _STANDINGS if isinstance(error, kind))
        label = self.label(transport_id)
        words = {
            SourceStanding.SIGN_IN: f"{label} needs you to sign in",
            SourceStanding.NOT_CONFIGURED: f"{label} is not set up",
            SourceStanding.LOST: f"{label} can't be reached",
        }[standing]
        detail = plain(str(error), limit=300)
        reason = f"{words}: {detail}" if detail else words
        before = self._troubles.get(transport_id)
        pause = FIRST_PAUSE
        if before is not None and before.until is not None:
            pause = min(before.pause * 2, LONGEST_PAUSE)
        until = None
        if standing is SourceStanding.LOST:
            until = self._monotonic() + pause * random.uniform(0.75, 1.25)  # noqa: S311 - spread, not secrecy
        shown = self._shown(transport_id)
        self._troubles[transport_id] = _Trouble(standing=standing, reason=reason, until=until, pause=pause)
        if standing is SourceStanding.SIGN_IN:
            self._problems.raise_problem(
                self._problem(transport_id),
                f"{reason}. Messages wait until then.",
                hint="Check the credentials in Settings.",
                owner=self._sources.owner(transport_id) or "core",
            )
        self._tell(transport_id, shown)
        return reason

    def fault(self, transport_id: str, error: BaseException, *, doing: str) -> None:
        """A bug of the transport's plugin."""
        self._report_fault(error, owner=self._sources.owner(transport_id) or "core", doing=f"{doing} ({transport_id})")

    def try_again(self, transport_id: str | None = None, *, paused_only: bool = False) -> None:
        """Forget the trouble with this transport, or with all: something has changed, or the user wants another try."""
        for one in (transport_id,) if transport_id is not None else tuple(self._troubles):
            trouble = self._troubles.get(one)
            if trouble is not None and not (paused_only and trouble.until is None):
                self._recover(one)

    def owned_by(self, plugin_id: str) -> tuple[str, ...]:
        return tuple(state.id for state in self._sources.states() if state.plugin_id == plugin_id)

    def follow(self, event: SourceChanged) -> bool:
        """See a change of the set's, and correct it while sending is in trouble; true if sending may be possible anew."""
        if any(event is own for own in self._told):
            self._told = [own for own in self._told if own is not event]
            return False
        state = event.after or event.before
        if state is None or state.kind is not SourceKind.MESSAGES:
            return False
        if event.after is None or event.before is None:
            self._forget(state.id, owner=state.plugin_id)
            return True
        if event.after.standing is SourceStanding.WORKING and event.before.standing is not SourceStanding.NEW:
            self._forget(state.id, owner=state.plugin_id)
            return True
        self._tell(state.id, event.after)
        return False

    # ---------------------------------------------------------------------------------------------------------- internal

    def _numbers(self, transport: MessageTransport) -> Sequence[str]:
        try:
            return [self._normalise(str(number)) for number in transport.senders()]
        except Exception as error:  # noqa: BLE001 - a plugin's code
            self.fault(str(transport.id), error, doing="telling its numbers")
            return ()

    def _merged(self, state: SourceState) -> SourceState:
        trouble = self._troubles.get(state.id)
        return attrs.evolve(state, standing=trouble.standing, detail=trouble.reason) if trouble is not None else state

    def _shown(self, transport_id: str) -> SourceState | None:
        return next((state for state in self.states() if state.id == transport_id), None)

    def _tell(self, transport_id: str, before: SourceState | None) -> None:
        after = self._shown(transport_id)
        if before is not None and after is not None and before != after:
            event = SourceChanged(before=before, after=after)
            self._told.append(event)
            self._bus.publish(event)

    def _recover(self, transport_id: str) -> None:
        if transport_id not in self._troubles:
            return
        before = self._shown(transport_id)
        self._forget(transport_id, owner=self._sources.owner(transport_id))
        self._tell(transport_id, before)

    def _forget(self, transport_id: str, *, owner: str) -> None:
        self._troubles.pop(transport_id, None)
        self._problems.clear(self._problem(transport_id), owner=owner or "core")

    @staticmethod
    def _problem(transport_id: str) -> str:
        return f"sending:{transport_id}"
