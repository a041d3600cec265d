"""Does a message transport keep to the contract? Each check drives it against a carrier and answers in words."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from enum import Enum
from typing import Any, Final, Protocol

import attrs

from callmanager.errors import DeliveryRefused, DeliveryUncertain, NotConfigured, SignInNeeded, Unreachable
from callmanager.model.messages import (
    Delivery,
    DeliveryReport,
    IncomingMessage,
    MessageId,
    OutgoingMessage,
    Receipt,
    TransportAbilities,
)
from callmanager.sources import MessageTransport


class CarrierMood(Enum):
    """How the carrier of a bench treats what it is asked from now on."""

    WELL = "well"
    GONE = "gone"
    """Nobody listens at its address."""
    REFUSING = "refusing"
    """It answers each message with a refusal for good: a number that can't be texted."""
    SILENT = "silent"
    """It takes messages and drops the connection without an answer."""
    SIGNED_OUT = "signed-out"
    """It does not accept the credentials."""


class TransportBench(Protocol):
    """What an author writes for the checks: the transport, set up against a carrier that the test owns on loopback."""

    @property
    def own(self) -> str:
        """The number that the transport is set up for."""
        ...

    def transport(self) -> MessageTransport:
        """A transport that is set up and has not run yet; each call makes another one."""
        ...

    def unconfigured(self) -> MessageTransport:
        """A transport as it is after installation."""
        ...

    async def behave(self, mood: CarrierMood) -> None: ...

    def taken(self) -> Sequence[str]:
        """The texts of the messages that the carrier took, in order, each as often as it took it."""
        ...

    async def come_in(self, text: str, *, remote_id: str) -> None:
        """A message for our number arrives at the carrier, which offers it until it is acknowledged."""
        ...

    async def offer_again(self, remote_id: str) -> None:
        """The carrier offers a message once more that it was told of already (its memory failed it)."""
        ...

    def acknowledged(self) -> Sequence[str]:
        """The remote ids of messages that the carrier was told have arrived, or that it will not offer again."""
        ...


Check = Callable[[TransportBench], Awaitable[list[str]]]
_SECONDS: Final = 10.0
_PEER: Final = "+12025550123"


@attrs.define(eq=False)
class _Inlet:
    """Stores in memory, or waits until the test lets it."""

    stored: dict[str, IncomingMessage] = attrs.Factory(dict)
    offered: list[str] = attrs.Factory(list)
    reports: list[DeliveryReport] = attrs.Factory(list)
    gate: asyncio.Event = attrs.Factory(asyncio.Event)
    error: Exception | None = None

    async def receive(self, message: IncomingMessage) -> None:
        self.offered.append(message.remote_id)
        await self.gate.wait()
        if self.error is not None:
            raise self.error
        self.stored.setdefault(message.remote_id, message)

    async def report(self, report: DeliveryReport) -> None:
        self.reports.append(report)


async def check_message_transport(bench: TransportBench) -> list[str]:
    """Run all checks; an empty list is a pass. Each complaint begins with the name of its check."""
    return [f"{name}: {words}" for name, check in TRANSPORT_CHECKS.items() for words in await check(bench)]


# -------------------------------------------------------------------------------------------------------- standing still


async def describes_itself(bench: TransportBench) -> list[str]:
    transport: Any = bench.transport()
    found = []
    if not isinstance(transport.id, str) or not transport.id:
        found.append("id must be a text that is not empty")
    if transport.id != bench.transport().id:
        found.append("id must be the same each time")
    if not isinstance(transport.label, str) or not transport.label.strip():
        found.append("label must be a text that people read")
    if not isinstance(transport.abilities, TransportAbilities):
        found.append("abilities must be TransportAbilities")
    if bench.own not in transport.senders():
        found.append(f"senders() must have {bench.own} once it is set up")
    return found


async def has_no_senders_before_it_is_set_up(bench: TransportBench) -> list[str]:
    transport = bench.unconfigured()
    found = ["senders() must be empty while it is not set up"] if tuple(transport.senders()) else []
    error = await _error_of(transport.run(_open_inlet()))
    if not isinstance(error, NotConfigured):
        found.append(f"run must raise NotConfigured while it is not set up, not {_named(error)}")
    error = await _error_of(transport.send(_message(bench, "never")))
    if not isinstance(error, NotConfigured):
        found.append(f"send must raise NotConfigured while it is not set up, not {_named(error)}")
    return found


# ---------------------------------------------------------------------------------------------------------------- sending


async def sends_one_message_once(bench: TransportBench) -> list[str]:
    await bench.behave(CarrierMood.WELL)
    before = len(bench.taken())
    text = "one line\nand another – with a dash"
    receipt = await _answer_of(bench.transport().send(_message(bench, text)))
    found = []
    if not isinstance(receipt, Receipt):
        return [f"send must answer with a Receipt, not {_named(receipt)}"]
    if receipt.delivery not in {Delivery.SENT, Delivery.DELIVERED, Delivery.QUEUED}:
        found.append(f"a message that was taken must not have the delivery {receipt.delivery.value}")
    if list(bench.taken()[before:]) != [text]:
        found.append(f"the carrier must get the message once and as it was written, it got {list(bench.taken()[before:])}")
    return found


async def says_unreachable_when_nothing_was_taken(bench: TransportBench) -> list[str]:
    return await _refuses(bench, CarrierMood.GONE, Unreachable, taken=False)


async def says_refused_when_the_carrier_refuses(bench: TransportBench) -> list[str]:
    found = await _refuses(bench, CarrierMood.REFUSING, DeliveryRefused, taken=False)
    await bench.behave(CarrierMood.REFUSING)
    error = await _error_of(bench.transport().send(_message(bench, "why not?")))
    await bench.behave(CarrierMood.WELL)
    if isinstance(error, DeliveryRefused) and not error.text.strip():
        found.append("DeliveryRefused must say why")
    return found


async def says_uncertain_when_the_answer_is_lost(bench: TransportBench) -> list[str]:
    return await _refuses(bench, CarrierMood.SILENT, DeliveryUncertain, taken=True)


async def says_sign_in_when_the_credentials_are_refused(bench: TransportBench) -> list[str]:
    return await _refuses(bench, CarrierMood.SIGNED_OUT, SignInNeeded, taken=False)


async def never_repeats_by_itself(bench: TransportBench) -> list[str]:
    await bench.behave(CarrierMood.SILENT)
    before = len(bench.taken())
    transport, inlet = bench.transport(), _open_inlet()
    await _error_of(transport.send(_message(bench, "only once")))
    await bench.behave(CarrierMood.WELL)
    async with _running(transport, inlet):
        await _answer_of(transport.send(_message(bench, "another")))
    times = list(bench.taken()[before:]).count("only once")
    return [] if times == 1 else [f"the carrier got a message {times} times whose answer was lost; the core decides on that"]


# --------------------------------------------------------------------------------------------------------------- receiving


async def acknowledges_only_what_is_stored(bench: TransportBench) -> list[str]:
    await bench.behave(CarrierMood.WELL)
    transport, inlet = bench.transport(), _Inlet()
    async with _running(transport, inlet) as task:
        await bench.come_in("hello\nthere", remote_id="conformance-1")
        if not await _until(lambda: "conformance-1" in inlet.offered or task.done()) or task.done():
            return [f"a message that comes in must reach receive{_end_of(task)}"]
        await _moment()
        if "conformance-1" in bench.acknowledged():
            return ["the carrier was told that a message arrived before receive had returned"]
        inlet.gate.set()
        if not await _until(lambda: "conformance-1" in bench.acknowledged()):
            return ["the carrier must be told that a message arrived once receive has returned"]
    message = inlet.stored["conformance-1"]
    found = []
    if (message.text, message.own) != ("hello\nthere", bench.own):
        found.append(f"text and own must be those of the message, not {message.text!r} and {message.own!r}")
    if message.at.tzinfo is None:
        found.append("at must be an aware time")
    return found


async def does_not_acknowledge_what_can_not_be_stored(bench: TransportBench) -> list[str]:
    await bench.behave(CarrierMood.WELL)
    transport, inlet = bench.transport(), _open_inlet()
    inlet.error = Unreachable("the disk is full")
    async with _running(transport, inlet) as task:
        await bench.come_in("keep me", remote_id="conformance-2")
        if not await _until(lambda: "conformance-2" in inlet.offered):
            return [f"a message that comes in must reach receive{_end_of(task)}"]
        await _moment()
        if "conformance-2" in bench.acknowledged():
            return ["the carrier was told that a message arrived which receive had refused"]
    again = _open_inlet()
    async with _running(bench.transport(), again):
        if not await _until(lambda: "conformance-2" in again.stored):
            return ["a message that could not be stored must come again with the next run"]
    return []


async def gives_a_repetition_the_same_id(bench: TransportBench) -> list[str]:
    await bench.behave(CarrierMood.WELL)
    transport, inlet = bench.transport(), _open_inlet()
    async with _running(transport, inlet):
        await bench.come_in("ok", remote_id="conformance-3")
        await bench.come_in("ok", remote_id="conformance-4")
        if not await _until(lambda: {"conformance-3", "conformance-4"} <= inlet.stored.keys()):
            return [f"two messages with the same words are two, with the ids of the carrier; came: {sorted(inlet.stored)}"]
        before = len(inlet.stored)
        await bench.offer_again("conformance-3")
        await bench.come_in("after", remote_id="conformance-5")
        if not await _until(lambda: "conformance-5" in inlet.stored):
            return ["after a repetition the next message must come"]
        if len(inlet.stored) != before + 1:
            return [f"a repetition must keep its remote_id; came: {sorted(inlet.stored)}"]
    return []


async def ends_when_it_is_cancelled(bench: TransportBench) -> list[str]:
    await bench.behave(CarrierMood.WELL)
    task = asyncio.ensure_future(bench.transport().run(_open_inlet()))
    await _moment()
    if task.done():
        return [f"run must go on until it is cancelled{_end_of(task)}"]
    task.cancel()
    await asyncio.wait({task}, timeout=_SECONDS)
    if not task.done():
        return ["run must end when it is cancelled"]
    return [] if task.cancelled() else ["run must let CancelledError through"]


async def raises_when_it_loses_the_carrier(bench: TransportBench) -> list[str]:
    await bench.behave(CarrierMood.GONE)
    error = await _error_of(bench.transport().run(_open_inlet()))
    await bench.behave(CarrierMood.WELL)
    if not isinstance(error, Unreachable):
        return [f"run must raise Unreachable while the carrier is gone, not {_named(error)}"]
    return []


TRANSPORT_CHECKS: Final[Mapping[str, Check]] = {
    check.__name__: check
    for check in (
        describes_itself,
        has_no_senders_before_it_is_set_up,
        sends_one_message_once,
        says_unreachable_when_nothing_was_taken,
        says_refused_when_the_carrier_refuses,
        says_uncertain_when_the_answer_is_lost,
        says_sign_in_when_the_credentials_are_refused,
        never_repeats_by_itself,
        acknowledges_only_what_is_stored,
        does_not_acknowledge_what_can_not_be_stored,
        gives_a_repetition_the_same_id,
        ends_when_it_is_cancelled,
        raises_when_it_loses_the_carrier,
    )
}
"""By name, for `pytest.mark.parametrize`."""


# ----------------------------------------------------------------------------------------------------------------- internal


def _open_inlet() -> _Inlet:
    inlet = _Inlet()
    inlet.gate.set()
    return inlet


def _message(bench: TransportBench, text: str) -> OutgoingMessage:
    return OutgoingMessage(id=MessageId(f"conformance-{text[:8]}"), own=bench.own, peer=_PEER, text=text)


async def _refuses(bench: TransportBench, mood: CarrierMood, kind: type[Exception], *, taken: bool) -> list[str]:
    await bench.behave(mood)
    before = len(bench.taken())
    try:
        error = await _error_of(bench.transport().send(_message(bench, f"to a carrier that is {mood.value}")))
    finally:
        await bench.behave(CarrierMood.WELL)
    if not isinstance(error, kind):
        return [f"send must raise {kind.__name__} when the carrier is {mood.value}, not {_named(error)}"]
    if len(bench.taken()) - before != int(taken):
        return [f"the bench's carrier took {len(bench.taken()) - before} messages while it was {mood.value}"]
    return []


async def _answer_of(work: Awaitable[Any]) -> Any:
    """The answer or the error, or `TimeoutError` when it takes too long."""
    try:
        async with asyncio.timeout(_SECONDS):
            return await work
    except Exception as error:  # noqa: BLE001 - whatever it is, the check says what it should have been
        return error


async def _error_of(work: Awaitable[Any]) -> Exception | None:
    answer = await _answer_of(work)
    return answer if isinstance(answer, Exception) else None


class _running:  # noqa: N801 - read as a phrase
    """`run` as a task for the time of a block."""

    def __init__(self, transport: MessageTransport, inlet: _Inlet) -> None:
        self._work = transport.run(inlet)
        self._inlet = inlet

    async def __aenter__(self) -> asyncio.Future[None]:
        self._task = asyncio.ensure_future(self._work)
        return self._task

    async def __aexit__(self, *_: object) -> None:
        self._inlet.gate.set()
        self._task.cancel()
        await asyncio.wait({self._task}, timeout=_SECONDS)
        if self._task.done() and not self._task.cancelled():
            self._task.exception()


async def _until(condition: Callable[[], bool]) -> bool:
    try:
        async with asyncio.timeout(_SECONDS):
            while not condition():  # noqa: ASYNC110 - any condition, so there is no event to wait for
                await asyncio.sleep(0.005)
    except TimeoutError:
        return False
    return True


async def _moment() -> None:
    """Time enough for a transport that does the wrong thing to do it."""
    await asyncio.sleep(0.1)


def _end_of(task: asyncio.Future[None]) -> str:
    if not task.done() or task.cancelled():
        return ""
    return f"; run ended with {_named(task.exception())}"


def _named(answer: object) -> str:
    return "nothing" if answer is None else f"{type(answer).__name__}({answer})"
