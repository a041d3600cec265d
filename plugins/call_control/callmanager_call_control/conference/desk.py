"""What can be done with a conference: the verbs, without Qt."""

from __future__ import annotations

from typing import TYPE_CHECKING

from callmanager.api import Call, CallPurpose, CallRequest, CallState, UserError

from callmanager_call_control.targets import Target, Targets, targets_for

if TYPE_CHECKING:
    from callmanager.api import PluginContext


class ConferenceDesk:
    """Keeps nothing: who is in the conference stands in the snapshots of the calls."""

    def __init__(self, ctx: PluginContext) -> None:
        self._ctx = ctx
        self._calls = ctx.calls

    def invite(self, call: Call, target: Target) -> None:
        """Call somebody who is to join this call, which is held meanwhile; another call of ours joins at once."""
        if target.call_id is not None:
            self.join(call, self._live(target.call_id))
            return
        self._calls.dial(CallRequest(target=target.number, name=target.name, purpose=CallPurpose.CONFERENCE, about=call.id))

    def merge(self, call: Call) -> None:
        """Join this call with the one that it belongs to, or with the conversation there is."""
        partner = self._partner(call)
        if partner is None:
            raise UserError("there is no other call to merge with", "Call somebody else first.")
        self.join(call, partner)

    def join(self, call: Call, other: Call) -> None:
        """One conference of the two, and of whoever is in one with them already."""
        joined = [each for each in self._calls.current() if each.conference and (call.conference or other.conference)]
        self._calls.confer([*(each.id for each in joined), call.id, other.id])

    def split(self, call: Call) -> None:
        """Go on with this one and hold the others."""
        self._calls.split(keep=call.id)

    def connect(self, one: Call, other: Call) -> None:
        """Leave, and let the two go on without us."""
        self._calls.transfer_to(one.id, other.id)

    def end(self) -> None:
        for call in self.members():
            self._calls.hang_up(call.id)

    # ------------------------------------------------------------------------------------------------------------ questions

    def members(self) -> list[Call]:
        return [call for call in self._calls.current() if call.conference]

    def outsiders(self) -> list[Call]:
        return [call for call in self._calls.current() if self.ready(call) and not call.conference]

    def ready(self, call: Call) -> bool:
        """Whether it can be in a conference: answered, shown, and not on its way to somebody else."""
        return call.state is CallState.CONNECTED and not call.background and not call.transferring

    def can_merge(self, call: Call) -> bool:
        return not call.conference and self.ready(call) and self._partner(call) is not None

    def waiting_for(self, call: Call) -> bool:
        """Somebody is being called who is to join it."""
        return any(each.about == call.id and each.state is not CallState.CONNECTED for each in self._calls.current())

    def targets(self, call: Call) -> Targets:
        """Where the dialog looks."""
        return targets_for(self._ctx, call)

    def _partner(self, call: Call) -> Call | None:
        """With whom "Merge" on this card would join it; none where that is not clear."""
        others = [each for each in self._calls.current() if each.id != call.id and self.ready(each)]
        if not others:
            return None
        belonging = [each for each in others if call.about == each.id or each.about == call.id]
        joined = [each for each in others if each.conference]
        talking = [each for each in others if each.talking]
        first = next(iter((*belonging, *joined, *talking)), None)
        return first or (others[0] if len(others) == 1 else None)

    def _live(self, call_id: str) -> Call:
        call = next((each for each in self._calls.current() if each.id == call_id), None)
        if call is None:
            raise UserError("this call is over")
        return call
