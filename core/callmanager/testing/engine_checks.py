"""The check for whatever makes calls (`CallEngine`)."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from typing import Final

from callmanager.engine.commands import (
    Answer,
    CheckNetwork,
    Command,
    Conference,
    HangUp,
    PlaceCall,
    Redirect,
    Reject,
    Ring,
    SendDigits,
    SetHeld,
    SetMuted,
    Transfer,
    TransferTo,
    Unregister,
)
from callmanager.engine.facts import CommandRefused, EngineStarted, EngineStopped, Fact
from callmanager.engine.protocol import CallEngine
from callmanager.model.accounts import AccountId
from callmanager.model.calls import CallId

_CALL: Final = CallId("a-call-that-never-was")
_ACCOUNT: Final = AccountId("an-account-that-never-was")

IMPOSSIBLE: Final[tuple[Command, ...]] = (
    PlaceCall(call_id=CallId("conformance"), account_id=_ACCOUNT, target="5551234"),
    Ring(call_id=_CALL),
    Answer(call_id=_CALL),
    Reject(call_id=_CALL),
    Redirect(call_id=_CALL, target="5551234"),
    HangUp(call_id=_CALL),
    SetHeld(call_id=_CALL, held=True),
    SetMuted(call_id=_CALL, muted=True),
    SendDigits(call_id=_CALL, digits="5"),
    Transfer(call_id=_CALL, target="5551234"),
    TransferTo(call_id=_CALL, other_id=CallId("another-that-never-was")),
    Conference(call_ids=(_CALL, CallId("another-that-never-was"))),
    Unregister(account_id=_ACCOUNT),
    CheckNetwork(),
)
"""Commands for calls and accounts that do not exist: the app sends such when a call ends at the moment of a click."""


async def check_call_engine(make: Callable[[], CallEngine], *, seconds: float = 20.0) -> list[str]:
    """What is wrong with an engine, in words; an empty list is a pass. `make` makes a new one each time.

    Checked: the first fact is `EngineStarted`; facts come on the loop's thread, and not before `submit` has returned; no
    command raises, whether before the start, for a call that is not there, or after the end; after all of that it still runs;
    `stop` ends it with `EngineStopped(expected=True)` as the last fact but refusals, may be called twice, and works without a
    start. `seconds` is the longest wait for each fact.
    """
    complaints: list[str] = []
    never = make()
    complaints += _submit_all(never, "before its start")
    await _stop(never, complaints, "an engine that was never started")

    engine = make()
    watch = _Watch(engine)
    engine.prepare()
    await engine.start(watch.report)
    if not await watch.heard(EngineStarted, seconds):
        complaints.append(f"no EngineStarted within {seconds:.0f} seconds; an engine that can't start says EngineStopped")
    elif not isinstance(watch.facts[0], EngineStarted):
        complaints.append(f"the first fact was {type(watch.facts[0]).__name__}, not EngineStarted")
    complaints += _submit_all(engine, "for a call that is not there", around=watch)
    for _ in range(3):
        await asyncio.sleep(0)
    if watch.count(EngineStopped):
        complaints.append("a command that could not be done ended the engine")
    await _stop(engine, complaints, "a running engine")
    if not watch.facts or not isinstance(last := watch.facts[-1], EngineStopped) or not last.expected:
        complaints.append("the last fact of an engine that was stopped must be EngineStopped(expected=True)")
    told = len(watch.facts)
    complaints += _submit_all(engine, "after its end")
    await _stop(engine, complaints, "an engine that was stopped already")
    await asyncio.sleep(0)
    late = {type(fact).__name__ for fact in watch.facts[told:] if not isinstance(fact, CommandRefused)}
    complaints += [f"{name} came after stop had returned" for name in sorted(late)]
    return complaints + sorted(watch.complaints)


def _submit_all(engine: CallEngine, when: str, *, around: _Watch | None = None) -> list[str]:
    found = []
    for command in IMPOSSIBLE:
        if around is not None:
            around.submitting = type(command).__name__
        try:
            engine.submit(command)
        except Exception as error:  # noqa: BLE001 - that is what is looked for
            found.append(f"{type(command).__name__} {when} raised {error!r}; say CommandRefused, or nothing")
        if around is not None:
            around.submitting = ""
    return found


async def _stop(engine: CallEngine, complaints: list[str], which: str) -> None:
    try:
        await engine.stop()
    except Exception as error:  # noqa: BLE001 - that is what is looked for
        complaints.append(f"stop of {which} raised {error!r}")


class _Watch:
    """Listens to one engine."""

    def __init__(self, engine: CallEngine) -> None:
        self.engine = engine
        self.facts: list[Fact] = []
        self.complaints: set[str] = set()
        self.submitting = ""
        self._thread = threading.get_ident()
        self._more = asyncio.Event()

    def report(self, fact: Fact) -> None:
        name = type(fact).__name__
        if threading.get_ident() != self._thread:
            self.complaints.add(f"{name} came on another thread than the loop's")
        if self.submitting:
            self.complaints.add(f"{name} came before submit({self.submitting}) had returned")
        self.facts.append(fact)
        if threading.get_ident() == self._thread:
            self._more.set()

    def count(self, kind: type[Fact]) -> int:
        return sum(isinstance(fact, kind) for fact in self.facts)

    async def heard(self, kind: type[Fact], seconds: float) -> bool:
        try:
            async with asyncio.timeout(seconds):
                while not self.count(kind) and not self.count(EngineStopped):
                    self._more.clear()
                    await self._more.wait()
        except TimeoutError:
            pass
        return self.count(kind) > 0
