"""The kinds of call that a soak mixes; each raises `AssertionError` or `UserError` when anything of it goes wrong."""

import itertools
from collections.abc import Awaitable, Callable
from typing import Final

from callmanager.api import CallId, EndCause
from pbx.accounts import Dial
from pbx.bench import AsteriskPbx

from soak.phone import USER, SoakPhone

_numbers = itertools.count(700_000)


async def out(phone: SoakPhone, _pbx: AsteriskPbx) -> None:
    """We call the echo and hang up."""
    call = phone.app.calls.dial(Dial.ECHO)
    await phone.talking(call)
    await _hang_up(phone, call)


async def called(phone: SoakPhone, pbx: AsteriskPbx) -> None:
    """Somebody calls, we answer, they hang up."""
    call = await _answered(phone, pbx)
    hang_up_callers(pbx)
    _came_to(phone, (await phone.ended(call)).id, EndCause.REMOTE)


async def out_held(phone: SoakPhone, _pbx: AsteriskPbx) -> None:
    """We call, hold, resume and hang up."""
    call = phone.app.calls.dial(Dial.TONE_500)
    await phone.talking(call)
    await _hold_and_resume(phone, call)
    await _hang_up(phone, call)


async def called_held(phone: SoakPhone, pbx: AsteriskPbx) -> None:
    """Somebody calls, we answer, hold, resume and hang up."""
    call = await _answered(phone, pbx)
    await _hold_and_resume(phone, call)
    await _hang_up(phone, call)


async def out_transferred(phone: SoakPhone, pbx: AsteriskPbx) -> None:
    """We call somebody and hand them on blind."""
    call = phone.app.calls.dial(Dial.BRIDGED_TONE)
    await phone.talking(call)
    await _hand_on(phone, pbx, call)


async def called_transferred(phone: SoakPhone, pbx: AsteriskPbx) -> None:
    """Somebody calls, we answer and hand them on blind, from hold as most people do."""
    call = await _answered(phone, pbx)
    phone.app.calls.set_held(call, held=True)
    await phone.until(lambda: _held(phone, call), what="hold")
    await _hand_on(phone, pbx, call)


KINDS: Final[tuple[Callable[[SoakPhone, AsteriskPbx], Awaitable[None]], ...]] = (
    out,
    called,
    out_held,
    called_held,
    out_transferred,
    called_transferred,
)


def ring(pbx: AsteriskPbx) -> str:
    """A caller who hears and says a tone calls the phone through the dial plan; returns the number they call from."""
    number = str(next(_numbers))
    with pbx.ami() as ami:
        ami.action("Originate", Channel=f"Local/{Dial.TONE_500}@cos-all/n", Context="cos-all", Exten=USER, Priority="1",
                   CallerID=f'"Soak" <{number}>', Timeout="30000", Async="true")  # fmt: skip
    return number


def hang_up_callers(pbx: AsteriskPbx) -> None:
    """End what `ring` began, from the caller's side."""
    for channel in pbx.channels():
        if channel.name.startswith(f"Local/{Dial.TONE_500}@"):
            pbx.hang_up(channel.name)


async def _answered(phone: SoakPhone, pbx: AsteriskPbx) -> CallId:
    call = await phone.arrived(ring(pbx))
    phone.app.calls.answer(call)
    await phone.talking(call)
    return call


async def _hold_and_resume(phone: SoakPhone, call: CallId) -> None:
    phone.app.calls.set_held(call, held=True)
    await phone.until(lambda: _held(phone, call), what="hold")
    phone.app.calls.set_held(call, held=False)
    await phone.talking(call)


async def _hang_up(phone: SoakPhone, call: CallId) -> None:
    phone.app.calls.hang_up(call)
    await phone.ended(call)
    _came_to(phone, call, EndCause.LOCAL)


async def _hand_on(phone: SoakPhone, pbx: AsteriskPbx, call: CallId) -> None:
    # Asterisk calls a transfer done when the target is heard; of one that says nothing and hangs up it tells 503.
    phone.app.calls.transfer(call, Dial.ECHO)
    await phone.ended(call)
    _came_to(phone, call, EndCause.TRANSFERRED)
    await pbx.until(lambda: any(c.extension == Dial.ECHO for c in pbx.channels()), what="the target to have the call")
    hang_up_callers(pbx)


def _held(phone: SoakPhone, call_id: CallId) -> bool:
    call = phone.app.calls.get(call_id)
    return call is not None and call.held


def _came_to(phone: SoakPhone, call_id: CallId, cause: EndCause) -> None:
    call = phone.call(call_id)
    assert call is not None
    if call.end is None or call.end.cause is not cause:
        raise AssertionError(f"the call ended otherwise than by {cause.value}: {call.end}")
