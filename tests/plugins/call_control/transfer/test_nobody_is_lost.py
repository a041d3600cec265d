"""Whatever happens in whatever order during a watched transfer: no caller is lost, and nobody is called in vain."""

import asyncio
import contextlib
import tempfile
from pathlib import Path

from callmanager.api import CallEnd, CallFinished, CallState, EndCause, Failure, FailureKind, TransferStage, UserError
from callmanager.engine import commands, facts
from callmanager.testing import FakeEngine
from callmanager.testing.harness import make
from callmanager_call_control.transfer.plugin import Transfer
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from plugins.call_control.transfer.test_watched import Timers

FAILURES = [Failure(kind=kind) for kind in (FailureKind.BUSY, FailureKind.DECLINED, FailureKind.UNAVAILABLE)]


_RARELY = st.sampled_from([False, False, False, True])
"""What ends everything must not end every run at once."""


class Pbx:
    """What becomes of the commands: an engine and PBX whose every answer is one step, and may come late or never."""

    def __init__(self, engine: FakeEngine) -> None:
        self.engine = engine
        self.pending: list = []

    def take(self) -> None:
        kinds = (commands.SetHeld, commands.HangUp, commands.TransferTo)
        self.pending += [command for command in self.engine.commands if isinstance(command, kinds)]
        self.engine.commands.clear()


class WatchedTransfer(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.loop = asyncio.new_event_loop()
        self.folder = tempfile.TemporaryDirectory()
        self.phone = make(Path(self.folder.name), plugins={"transfer": Transfer}, engine=FakeEngine())
        self.timers = Timers()
        self.caller = None
        self.left = self.engine_died = self.handed = False
        self.run(self._start())

    def run(self, work):
        return self.loop.run_until_complete(work)

    async def _start(self) -> None:
        self.phone.app.prepare()
        await self.phone.app.start()
        await self.phone.connect()
        self.phone.engine.obedient = False
        self.phone.engine.commands.clear()
        self.pbx = Pbx(self.phone.engine)
        self.watched = self.phone.app.plugins._entries["transfer"].instance.desk.watched
        self.watched._after = self.timers

    def teardown(self) -> None:
        self.run(self.phone.app.stop())
        self.loop.close()
        self.folder.cleanup()

    # ---------------------------------------------------------------------------------------------------- what can happen

    async def _do(self, work, *, allowed: type[Exception] | tuple = ()) -> None:
        with contextlib.suppress(allowed):
            work()
        await self.phone.settle()
        self.pbx.take()

    @initialize()
    def a_caller_talks_to_us(self) -> None:
        async def work() -> None:
            self.left = self.handed = False
            self.caller = self.phone.engine.arrive("5550104477", "Dana")
            self.phone.engine.far_end_answers(self.caller)

        self.run(work())

    @precondition(lambda self: self.call() is None and not self.engine_died)
    @rule()
    def somebody_else_calls(self) -> None:
        self.a_caller_talks_to_us()

    def call(self):
        return self.phone.app.calls.get(self.caller)

    def target(self):
        return next((call for call in self.phone.app.calls.current() if call.background), None)

    @rule(number=st.sampled_from(["2004", "2005"]))
    def we_transfer(self, number: str) -> None:
        self.run(self._do(lambda: self.watched.begin(self.caller, number), allowed=UserError))

    @rule()
    def we_take_it_back(self) -> None:
        self.run(self._do(lambda: self.watched.take_back(self.caller), allowed=UserError))

    @rule(held=st.booleans())
    def we_hold_or_resume(self, held: bool) -> None:
        self.run(self._do(lambda: self.phone.app.calls.set_held(self.caller, held=held), allowed=UserError))

    @precondition(lambda self: self.target() is not None and self.target().state is CallState.DIALING)
    @rule()
    def the_target_rings(self) -> None:
        self.run(self._do(lambda: self.phone.engine.far_end_rings(self.target().id)))

    @precondition(lambda self: self.target() is not None and self.target().state is not CallState.CONNECTED)
    @rule()
    def the_target_answers(self) -> None:
        self.run(self._do(lambda: self.phone.engine.far_end_answers(self.target().id)))

    @precondition(lambda self: self.target() is not None)
    @rule(failure=st.sampled_from(FAILURES))
    def the_target_refuses_or_leaves(self, failure: Failure) -> None:
        target = self.target()
        answered = target.state is CallState.CONNECTED
        end = CallEnd(cause=EndCause.REMOTE) if answered else CallEnd(cause=EndCause.FAILED, failure=failure)
        self.run(self._do(lambda: self.phone.engine.report(CallFinished(call_id=target.id, end=end))))

    @precondition(lambda self: self.call() is not None)
    @rule(sure=_RARELY)
    def the_caller_hangs_up(self, sure: bool) -> None:
        if not sure:
            return
        self.left = True
        self.run(self._do(lambda: self.phone.engine.finish(self.caller)))

    @rule()
    def time_passes(self) -> None:
        self.run(self._do(self.timers.run_out))

    @precondition(lambda self: bool(self.pbx.pending))
    @rule(succeeds=st.booleans(), early=st.booleans())
    def the_pbx_obeys(self, succeeds: bool, early: bool) -> None:
        command = self.pbx.pending.pop(0)
        self.run(self._do(lambda: self._obey(command, succeeds=succeeds, early=early)))

    @precondition(lambda self: not self.engine_died)
    @rule(sure=_RARELY)
    def the_engine_dies(self, sure: bool) -> None:
        if not sure:
            return
        self.engine_died = True
        self.run(self._do(self.phone.engine.crash))

    def _obey(self, command, *, succeeds: bool, early: bool) -> None:
        engine, calls = self.phone.engine, self.phone.app.calls
        match command:
            case commands.SetHeld() if calls.get(command.call_id) is not None:
                engine.report(facts.CallHoldReported(call_id=command.call_id, held=command.held, remote_held=False))
            case commands.HangUp() if calls.get(command.call_id) is not None:
                engine.finish(command.call_id, EndCause.LOCAL)
            case commands.TransferTo() if calls.get(command.call_id) is not None:
                other = calls.get(command.other_id)
                if other is None or other.state is not CallState.CONNECTED:
                    failure = Failure(kind=FailureKind.ENGINE, detail="there is no other answered call")
                    engine.report(facts.CommandRefused(command="TransferTo", failure=failure, call_id=command.call_id))
                    return
                engine.transfer_stands(command.call_id, TransferStage.ASKED)
                if not succeeds:
                    engine.transfer_stands(command.call_id, TransferStage.FAILED, Failure(kind=FailureKind.FORBIDDEN))
                    return
                self.handed = True
                if early:
                    engine.finish(command.other_id, EndCause.REMOTE)
                engine.transfer_stands(command.call_id, TransferStage.DONE)
                engine.finish(command.call_id, EndCause.TRANSFERRED)

    # ------------------------------------------------------------------------------------------------- what always holds

    @invariant()
    def the_caller_is_with_us_or_gone_for_a_reason(self) -> None:
        if self.caller is not None and self.call() is None:
            assert self.left or self.handed or self.engine_died

    @invariant()
    def nobody_is_called_for_a_transfer_that_is_no_more(self) -> None:
        target = self.target() if self.caller is not None else None
        if target is None or self.watched.watching(self.caller) or target.id in self.watched._leaving:
            return
        ordered = [command.call_id for command in self.pbx.pending if isinstance(command, commands.HangUp)]
        assert target.id in ordered, "the call to the target goes on and nothing ends it"

    @invariant()
    def what_the_card_says_is_true(self) -> None:
        call = self.call() if self.caller is not None else None
        if call is None or call.transfer is None:
            return
        if call.transfer.watched and call.transfer.under_way:
            assert self.watched.watching(call.id)
        if call.transfer.stage is TransferStage.FAILED:
            assert call.transfer.failure is not None
            assert not self.watched.watching(call.id)

    @invariant()
    def every_watch_ends_some_time(self) -> None:
        if self.caller is not None and self.watched.watching(self.caller):
            assert self.timers.waiting

    @invariant()
    def a_transfer_that_is_over_is_not_watched(self) -> None:
        if self.caller is not None and self.call() is None:
            assert not self.watched.watching(self.caller)


TestNobodyIsLost = WatchedTransfer.TestCase
TestNobodyIsLost.settings = settings(
    max_examples=100,
    stateful_step_count=40,
    deadline=None,
    derandomize=True,
    phases=(Phase.generate,),  # an application for each example makes shrinking take longer than a test may
    suppress_health_check=[HealthCheck.too_slow],
)
