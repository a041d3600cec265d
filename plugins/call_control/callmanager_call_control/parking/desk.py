"""Parks calls, finds the slots they got, and knows them again when they come back."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final

import attrs
from callmanager.api import (
    CallChanged,
    CallerDetails,
    CallId,
    CallRemoved,
    CallState,
    Direction,
    EndCause,
    ParkedCall,
    ParkedIn,
    ParkingChanged,
    Severity,
    TransferStage,
    UserError,
    explain,
)

from callmanager_call_control.parking.settings import ParkingSettings
from callmanager_call_control.parking.words import back_words
from callmanager_call_control.timing import after_in, utc_now

if TYPE_CHECKING:
    from callmanager.api import Account, Call, Failure, PluginContext

    from callmanager_call_control.timing import After, Cancel

_DUE: Final = timedelta(seconds=4)
"""The PBX's seconds and ours: a call that leaves its slot so shortly before its time has not been fetched."""
_COMES: Final = timedelta(seconds=40)
"""So long after it left its slot a call may still be on its way back, ringing at other phones of ours first."""
_GUESS: Final = timedelta(seconds=20)
"""How far the time in Settings may be from that of the PBX, where nobody tells."""
_MOST: Final = 100


@attrs.define(eq=False, kw_only=True)
class _Parking:
    """A call of ours from the wish to park it until nobody can tell any more what became of it."""

    call_id: CallId
    number: str
    began: datetime
    not_it: tuple[ParkedCall, ...]
    """What was parked before: none of these can be ours."""
    ended: bool = False
    spot: ParkedCall | None = None
    cancel: Cancel = lambda: None


@attrs.frozen(kw_only=True)
class _Left:
    """A call that we had parked and that has left its slot, or may have."""

    number: str
    slot: str
    parked_at: datetime
    left_at: datetime
    """For sure, or as expected."""
    since: datetime
    until: datetime
    """Between these times it may ring here."""


class ParkingDesk:
    """Loop thread only. The call goes to the parking extension by a blind transfer: in SIP nobody tells which slot it gets, so
    that is looked up among the parked calls that the PBX tells of."""

    def __init__(self, ctx: PluginContext, *, after: After | None = None, clock: Callable[[], datetime] = utc_now) -> None:
        self._ctx = ctx
        self._after = after or after_in(ctx, name="waiting for a parked call")
        self._clock = clock
        self._parkings: dict[CallId, _Parking] = {}
        self._left: list[_Left] = []
        self._back: dict[CallId, CallerDetails] = {}
        ctx.events.subscribe(CallChanged, lambda event: self._changed(event.before, event.after))
        ctx.events.subscribe(CallRemoved, lambda event: self._removed(event.call))
        ctx.events.subscribe(ParkingChanged, self._lot_changed)
        ctx.on_deactivate(self._close)

    def park(self, call: Call) -> None:
        """Hand the far end to the next free slot. Raises `UserError` when that can't be, and then nothing has changed."""
        present = self._ctx.calls.get(call.id)
        if present is None or present.state is not CallState.CONNECTED:
            raise UserError("a call can be parked when it is connected")
        if call.id in self._parkings:
            raise UserError("this call is being parked already")
        self._ctx.calls.show_parked(call.id, ParkedIn())
        try:
            self._ctx.calls.transfer(call.id, self._settings.extension)
        except UserError:
            self._ctx.calls.show_parked(call.id, None)
            raise
        self._parkings[call.id] = _Parking(
            call_id=call.id, number=present.remote.number, began=self._clock(), not_it=self._ctx.parking.calls()
        )

    async def returned(self, call: Call) -> CallerDetails | None:
        """What is to be said of an incoming call that we have parked and nobody fetched; none for any other call."""
        if call.direction is not Direction.INCOMING:
            return None
        if call.id not in self._back:
            found = self._comes_back(call)
            if found is None:
                return None
            while len(self._back) >= _MOST:
                del self._back[next(iter(self._back))]
            self._back[call.id] = back_words(found.slot, waited=(found.left_at - found.parked_at).total_seconds())
        return self._back[call.id]

    # ---------------------------------------------------------------------------------------------------------- following

    def _changed(self, before: Call, call: Call) -> None:
        parking = self._parkings.get(call.id)
        transfer = call.transfer
        if parking is None or not call.live or transfer is None or transfer == before.transfer:
            return
        if transfer.stage is TransferStage.FAILED:
            self._forget(parking)
            self._show(parking, None)
            self._tell_failure(transfer.failure)

    def _removed(self, call: Call) -> None:
        self._back.pop(call.id, None)
        parking = self._parkings.get(call.id)
        if parking is None:
            return
        if call.end is None or call.end.cause is not EndCause.PARKED:
            self._forget(parking)
            return
        parking.ended = True
        if parking.spot is None:
            self._wait_blindly(parking)

    def _lot_changed(self, event: ParkingChanged) -> None:
        if not event.known:
            return
        for parking in tuple(self._parkings.values()):
            spot = parking.spot
            if spot is not None and spot.lot == event.lot:
                parking.spot = next((call for call in event.calls if _same(call, spot)), None)
                if parking.spot is None:
                    self._gone(parking, spot)
        taken = [parking.spot for parking in self._parkings.values()]
        for call in event.calls:
            if call not in taken:
                self._came(call)

    def _came(self, call: ParkedCall) -> None:
        """A call is parked: the one of ours that it can be, if any."""
        waiting = [
            one for one in self._parkings.values() if one.spot is None and not any(_same(call, other) for other in one.not_it)
        ]
        same_number = [one for one in waiting if one.number == call.caller.number]
        account = self._ctx.accounts.current
        by_us = account is not None and _is_us(call, account)
        if call.parked_by is not None and call.parked_by.number and not by_us:
            return
        # A call that we placed has another number at the PBX than we dialled, perhaps: then who parked it must do.
        ours = next(iter(same_number), None) or (waiting[0] if by_us and len(waiting) == 1 else None)
        if ours is None:
            return
        ours.cancel()
        ours.spot = call
        self._left = [one for one in self._left if one.slot or one.parked_at != ours.began]  # no guess any more
        self._show(ours, ParkedIn(slot=call.slot, lot=call.lot))

    def _gone(self, parking: _Parking, spot: ParkedCall) -> None:
        """Fetched, hung up, or on its way back: the PBX does not say which, its time does."""
        now = self._clock()
        self._forget(parking)
        if spot.returns_at is not None and now >= spot.returns_at - _DUE:
            self._keep(self._left_of(spot, now))
        self._show(parking, None)

    def _wait_blindly(self, parking: _Parking) -> None:
        """Nobody tells the slot, at least not yet; when it should have come back there is nothing more to say of it."""
        after = timedelta(seconds=self._settings.return_seconds)
        due = parking.began + after
        self._keep(
            _Left(
                number=parking.number,
                slot="",
                parked_at=parking.began,
                left_at=due,
                since=due - _GUESS,
                until=due + _GUESS,
            )
        )
        parking.cancel = self._after((after + _GUESS).total_seconds(), lambda: self._give_up(parking))

    def _give_up(self, parking: _Parking) -> None:
        self._forget(parking)
        self._show(parking, None)

    # ---------------------------------------------------------------------------------------------------------- internal

    @property
    def _settings(self) -> ParkingSettings:
        return self._ctx.settings.get(ParkingSettings)

    def _show(self, parking: _Parking, parked: ParkedIn | None) -> None:
        try:
            self._ctx.calls.show_parked(parking.call_id, parked)
        except UserError:
            return  # it ended another way, which its own events tell

    @staticmethod
    def _left_of(spot: ParkedCall, now: datetime) -> _Left:
        return _Left(
            number=spot.caller.number,
            slot=spot.slot,
            parked_at=spot.parked_at,
            left_at=now,
            since=now - _DUE,
            until=now + _COMES,
        )

    def _keep(self, left: _Left) -> None:
        self._left = [*(one for one in self._left if one.until > self._clock()), left][-_MOST:]

    def _comes_back(self, call: Call) -> _Left | None:
        """The call of ours that rings here again. It may ring a moment before we hear that it has left its slot."""
        now = self._clock()
        spots = [parking.spot for parking in self._parkings.values() if parking.spot is not None]
        for spot in spots:
            due = spot.returns_at is not None and now >= spot.returns_at - _DUE
            if due and spot.caller.number == call.remote.number:
                return self._left_of(spot, now)
        fits = [one for one in self._left if one.number == call.remote.number and one.since <= now <= one.until]
        known = next((one for one in fits if one.slot), None)
        found = known or next(iter(fits), None)
        if found is not None:
            self._left.remove(found)
        return found

    def _forget(self, parking: _Parking) -> None:
        parking.cancel()
        self._parkings.pop(parking.call_id, None)

    def _tell_failure(self, failure: Failure | None) -> None:
        why = explain(failure).text.rstrip(".") if failure is not None else "the PBX refused"
        self._ctx.notices.post(
            f"The call was not parked: {why[0].lower()}{why[1:]}.",
            hint=f"It is still with you. Is {self._settings.extension} where your PBX parks? See Settings, Parking.",
            severity=Severity.WARNING,
        )

    def _close(self) -> None:
        for parking in tuple(self._parkings.values()):
            self._forget(parking)


def _same(one: ParkedCall, other: ParkedCall) -> bool:
    """The same parked call: the PBX may put another channel in its place, and tells the time anew after a reconnect."""
    here = (one.lot, one.slot) == (other.lot, other.slot)
    return here and (one.channel == other.channel or one.parked_at == other.parked_at)


def _is_us(call: ParkedCall, account: Account) -> bool:
    return call.parked_by is not None and call.parked_by.number in {account.extension, account.user}
