"""The phases of a soak: mixed calls, a full house of held ones, cut cables; then what is left is counted."""

import asyncio
import random
import sys
import time
from pathlib import Path

import attrs
import psutil
from callmanager.api import CallId, EndCause, UserError
from pbx.accounts import Dial
from pbx.bench import AsteriskPbx

from soak.kinds import KINDS, hang_up_callers, ring
from soak.phone import SoakPhone, soak_phone
from soak.values import CallFailure, Cut, Found, Held, Sample

_SAMPLES = 200
_NOTICED_SECONDS = 30.0
_BACK_SECONDS = 20.0
_RETRY_PHASES_SECONDS = 4.0
"""The cable comes back anywhere in the phone's own rhythm of attempts, which is two seconds at most."""
_FADE_SECONDS = 40.0
"""What a call leaves for late packets is gone after 32 s, SIP's own timer H."""


@attrs.frozen(kw_only=True)
class Plan:
    """How much of each phase; a soak that takes longer than `minutes` ends after the call or cut that it is in."""

    calls: int
    cuts: int
    held: int = 20
    minutes: float = 120.0
    hasten_cuts: bool = False
    """The cable stays out for a moment only, and not until the phone has noticed."""


async def soak(pbx: AsteriskPbx, plan: Plan, folder: Path) -> Found:
    """Runs all phases on a PBX of its own; raises only where there is nothing to measure (no registration, engine gone)."""
    found = Found()
    began = time.monotonic()
    deadline = began + plan.minutes * 60
    async with soak_phone(pbx, folder) as phone:
        chance = random.Random(4)  # the same cuts in every run
        _sample(phone, found)
        # One of everything first: pools of threads and sockets that are made when first needed are no leak.
        await _calls(phone, pbx, plan, found, up_to=min(len(KINDS), plan.calls), deadline=deadline)
        await _cuts(phone, pbx, plan, found, chance, up_to=min(1, plan.cuts), deadline=deadline)
        found.warm = await _settled(phone)
        await _calls(phone, pbx, plan, found, up_to=plan.calls, deadline=deadline)
        if plan.held:
            found.held = await _full_house(phone, plan.held)
        await _cuts(phone, pbx, plan, found, chance, up_to=plan.cuts, deadline=deadline)
        await _count_what_is_left(phone, pbx, found)
    found.seconds = time.monotonic() - began
    return found


async def _calls(phone: SoakPhone, pbx: AsteriskPbx, plan: Plan, found: Found, *, up_to: int, deadline: float) -> None:
    every = max(1, plan.calls // _SAMPLES)
    while found.calls < up_to and time.monotonic() < deadline:
        kind = KINDS[found.calls % len(KINDS)]
        found.calls += 1
        try:
            await kind(phone, pbx)
        except (AssertionError, UserError) as error:
            found.failures.append(CallFailure(number=found.calls, kind=kind.__name__, detail=str(error)))
            _tell(f"call {found.calls} ({kind.__name__}) failed: {error}", every=1, number=1)
            hang_up_callers(pbx)
            await phone.quiet()
        if found.calls % every == 0:
            _sample(phone, found)
        _tell(f"{found.calls} of {plan.calls} calls, {len(found.failures)} failed", every=50, number=found.calls)


async def _full_house(phone: SoakPhone, wanted: int) -> Held:
    """As many calls at once as wanted, or until the engine refuses one; all of them held."""
    calls: list[CallId] = []
    refusal = ""
    while len(calls) < wanted and not refusal:
        call_id = phone.app.calls.dial(Dial.ECHO)
        try:
            await phone.talking(call_id)
            calls.append(call_id)
        except AssertionError as error:
            refusal = str(error)
    if calls:
        phone.app.calls.set_held(calls[-1], held=True)

    def all_held() -> bool:
        return all((call := phone.app.calls.get(call_id)) is not None and call.held for call_id in calls)

    try:
        await phone.until(all_held, what="all calls to be held")
        held = len(calls)
    except AssertionError as error:
        refusal = refusal or str(error)
        held = sum(call.held for call in phone.app.calls.current())
    await phone.quiet()
    return Held(wanted=wanted, held=held, refusal=refusal)


async def _cuts(
    phone: SoakPhone, pbx: AsteriskPbx, plan: Plan, found: Found, chance: random.Random, *, up_to: int, deadline: float
) -> None:
    while len(found.cuts) < up_to and time.monotonic() < deadline:
        longer = 0.0 if plan.hasten_cuts else chance.uniform(0, _RETRY_PHASES_SECONDS)
        await _cut(phone, pbx, plan, found, longer)
        _tell(f"cut {len(found.cuts)} of {plan.cuts}: {found.cuts[-1]}", every=1, number=1)


async def _cut(phone: SoakPhone, pbx: AsteriskPbx, plan: Plan, found: Found, longer: float) -> None:
    pbx.link_down()
    try:
        if not plan.hasten_cuts:
            await phone.until(lambda: not phone.registered, what="the phone to notice the cut", within=_NOTICED_SECONDS)
        await asyncio.sleep(longer)
    except AssertionError as error:
        found.failures.append(CallFailure(number=len(found.cuts) + 1, kind="cut", detail=str(error)))
    finally:
        pbx.link_up()
    back = time.monotonic()
    registered = reached = None
    try:
        await phone.until(lambda: phone.registered, what="registration after a cut", within=_BACK_SECONDS)
        registered = time.monotonic() - back
        call = await phone.arrived(ring(pbx), within=_BACK_SECONDS)
        reached = time.monotonic() - back
        phone.app.calls.reject(call)
        ended = await phone.ended(call)
        if ended.end is None or ended.end.cause is not EndCause.REJECTED:
            raise AssertionError(f"the call after a cut ended otherwise than by our refusal: {ended.end}")
    except (AssertionError, UserError, OSError) as error:
        found.failures.append(CallFailure(number=len(found.cuts) + 1, kind="cut", detail=str(error)))
    finally:
        hang_up_callers(pbx)
    found.cuts.append(Cut(registered=registered, reached=reached))


async def _count_what_is_left(phone: SoakPhone, pbx: AsteriskPbx, found: Found) -> None:
    for _ in range(round(_FADE_SECONDS / 0.5)):
        found.after = {name: _look(pid) for name, pid in phone.processes.items()}
        found.channels_left = [f"{channel.name} {channel.application}" for channel in pbx.channels()]
        if not (found.left or found.channels_left):
            return
        await asyncio.sleep(0.5)


async def _settled(phone: SoakPhone) -> dict[str, Sample]:
    """What the processes have open once that stays the same for a second, or what there is after `_FADE_SECONDS`."""
    before: list[tuple[int, int]] = []
    for _ in range(round(_FADE_SECONDS)):
        looks = {name: _look(pid) for name, pid in phone.processes.items()}
        now = [(look.files, look.threads) for look in looks.values()]
        if now == before:
            break
        before = now
        await asyncio.sleep(1)
    return looks


def _sample(phone: SoakPhone, found: Found) -> None:
    for name, pid in phone.processes.items():
        found.samples.setdefault(name, []).append(_look(pid))


def _look(pid: int) -> Sample:
    process = psutil.Process(pid)
    with process.oneshot():
        memory = process.memory_full_info()
        return Sample(pss_mb=memory.pss / 1e6, uss_mb=memory.uss / 1e6, files=process.num_fds(), threads=process.num_threads())


def _tell(text: str, *, every: int, number: int) -> None:
    if number % every == 0:
        print(text, file=sys.stderr, flush=True)
