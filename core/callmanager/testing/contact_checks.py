"""Does a contact source keep to its protocol? Ours run these checks, and so should yours: `assert await check(...) == []`."""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import Awaitable, Callable, Generator
from typing import TYPE_CHECKING, Any, Final, TypeVar

import attrs

from callmanager.contacts.cleaning import MOST_CONTACTS, Cleaner
from callmanager.errors import NotConfigured, SignInNeeded, Unreachable
from callmanager.model.contacts import Contact, ContactBatch, ContactId, SyncToken, refers_to
from callmanager.texts import plain

if TYPE_CHECKING:
    from callmanager.sources import ContactSource

T = TypeVar("T")
Make = Callable[[], "ContactSource"]

_PATIENCE: Final = 30.0
_STEP_SECONDS: Final = 0.05
"""Of computing between two awaits, for a thousand contacts."""
_STUCK_SECONDS: Final = 0.25
"""Of waiting without letting others run."""
_TRIES: Final = 3


async def check_contact_source(
    make: Make,
    *,
    change: Callable[[], Awaitable[None]] | None = None,
    unreachable: Make | None = None,
    signed_out: Make | None = None,
    not_configured: Make | None = None,
) -> list[str]:
    """What is wrong with a contact source, in words; an empty list is a pass.

    `make` gives a source that is set up and whose server answers, always with the same people; `change` changes some of them on
    the server. The other three give a source whose server is away, refuses the credentials, or was never named.
    """
    complaints = _about_itself(make(), make())
    first = await _fetched(make, None, complaints)
    if first is not None:
        complaints.extend(_about_batch(make().id, first, since=None))
        again = await _fetched(make, None, complaints)
        if again is not None and _by_id(again.contacts) != _by_id(first.contacts):
            complaints.append(
                "two complete answers about the same people differ: ids must be stable, and nothing may be random"
            )
        complaints.extend(await _about_tokens(make, first, change))
        complaints.extend(await _about_steps(make, len(first.contacts)))
    complaints.extend(await _about_cancelling(make))
    for situation, source, error in (
        ("its server is away", unreachable, Unreachable),
        ("its credentials are refused", signed_out, SignInNeeded),
        ("it is not set up", not_configured, NotConfigured),
    ):
        if source is not None:
            complaints.extend(await _about_error(source, situation, error))
    return complaints


def _about_itself(source: ContactSource, other: ContactSource) -> list[str]:
    complaints = []
    if not _short_and_plain(source.id):
        complaints.append(f"id is {source.id!r}, not a short plain text")
    if source.id != other.id:
        complaints.append(f"id is {source.id!r} and then {other.id!r}: it must be stable")
    if not _short_and_plain(source.label):
        complaints.append(f"label is {source.label!r}, not a short plain text")
    seconds: object = source.refresh_seconds
    if not isinstance(seconds, (int, float)) or not math.isfinite(seconds) or seconds < 15:
        complaints.append(f"refresh_seconds is {seconds!r}; it must be a number of at least 15")
    return complaints


def _short_and_plain(text: object) -> bool:
    return isinstance(text, str) and bool(text) and plain(text) == text


def _about_batch(source_id: str, batch: ContactBatch, *, since: SyncToken | None) -> list[str]:
    complaints = []
    if since is None and not batch.complete:
        complaints.append("asked without a token it answered with changes only")
    if batch.complete and batch.removed:
        complaints.append("a complete answer has removed entries")
    if len(batch.contacts) > MOST_CONTACTS:
        complaints.append(f"there are {len(batch.contacts)} contacts; {MOST_CONTACTS} are taken")
    if batch.complete and len({contact.id for contact in batch.contacts}) != len(batch.contacts):
        complaints.append("an id is there twice")
    complaints.extend(
        f"removed {identity!r} is no id of this source" for identity in batch.removed if not refers_to(source_id, identity)
    )
    cleaner = Cleaner(source_id)
    for contact in batch.contacts[:MOST_CONTACTS]:
        cleaned = cleaner.contact(contact)
        if cleaned is None:
            complaints.append(f"the contact {contact!r:.200} can't be used: {', '.join(cleaner.reasons())}")
        elif cleaned != contact:
            complaints.append(f"the contact {contact.id} is not plain and bounded: {', '.join(_differences(contact, cleaned))}")
        if len(complaints) > 20:
            break
    return complaints


def _differences(given: Contact, cleaned: Contact) -> list[str]:
    names = (attribute.name for attribute in attrs.fields(Contact))
    return [
        f"{name} becomes {getattr(cleaned, name)!r:.80}" for name in names if getattr(given, name) != getattr(cleaned, name)
    ]


async def _about_tokens(make: Make, first: ContactBatch, change: Callable[[], Awaitable[None]] | None) -> list[str]:
    complaints: list[str] = []
    if first.token is None:
        if change is not None:
            await change()
        return complaints
    same = await _fetched(make, first.token, complaints)
    if same is not None:
        complaints.extend(_about_batch(make().id, same, since=first.token))
        if _applied(first, same) != _by_id(first.contacts):
            complaints.append("asked with the newest token it reported changes although nothing had changed")
    unknown = await _fetched(make, SyncToken("a token of nobody"), complaints)
    if unknown is not None and not unknown.complete:
        complaints.append("a token that it does not know must be answered completely")
    if change is not None:
        await change()
        changed = await _fetched(make, first.token, complaints)
        whole = await _fetched(make, None, complaints)
        if changed is not None and whole is not None and _applied(first, changed) != _by_id(whole.contacts):
            complaints.append("a change, put on top of what was known, does not give what a complete answer says")
    return complaints


async def _about_cancelling(make: Make) -> list[str]:
    task = asyncio.ensure_future(_as_coroutine(make().fetch(None)))
    await asyncio.sleep(0)
    task.cancel()
    _, pending = await asyncio.wait((task,), timeout=_PATIENCE)
    if pending:
        return ["a fetch that is cancelled does not end"]
    if not task.cancelled() and task.exception() is not None:
        return [f"a fetch that is cancelled raises {task.exception()!r}"]
    return []


async def _about_error(make: Make, situation: str, wanted: type[Exception]) -> list[str]:
    try:
        async with asyncio.timeout(_PATIENCE):
            await make().fetch(None)
    except wanted as error:
        return [] if str(error) else [f"when {situation}, {wanted.__name__} is raised without a reason"]
    except Exception as error:  # noqa: BLE001 - told in words
        return [f"when {situation}, {error!r} is raised, not {wanted.__name__}"]
    return [f"when {situation}, fetch answers; it must raise {wanted.__name__}"]


async def _about_steps(make: Make, contacts: int) -> list[str]:
    """Whether a fetch lets others run; the best of some tries, because the machine may be busy with something else."""
    allowed = _STEP_SECONDS * max(1.0, contacts / 1000)
    computing = stuck = math.inf
    for _ in range(_TRIES):
        steps = _Steps(make().fetch(None))
        await steps
        computing, stuck = min(computing, steps.computing), min(stuck, steps.stuck)
        if computing <= allowed and stuck <= _STUCK_SECONDS:
            return []
    if computing > allowed:
        return [f"fetch computes for {computing * 1000:.0f} ms without an await: hand long work to a thread, or do it in parts"]
    return [f"fetch blocks the loop for {stuck * 1000:.0f} ms: await what takes time"]


class _Steps:
    """Awaits something and looks at each step between two awaits of it: the longest computing, the longest time off the CPU."""

    def __init__(self, work: Awaitable[Any]) -> None:
        self._work = work
        self.computing = self.stuck = 0.0

    def __await__(self) -> Generator[Any, Any, Any]:
        inner = self._work.__await__()
        error: BaseException | None = None
        while True:
            wall, cpu = time.perf_counter(), time.thread_time()
            try:
                waited_for = next(inner) if error is None else inner.throw(error)
            except StopIteration as end:
                return end.value
            finally:
                used = time.thread_time() - cpu
                self.computing = max(self.computing, used)
                self.stuck = max(self.stuck, time.perf_counter() - wall - used)
            error = None
            try:
                yield waited_for
            except BaseException as thrown:  # noqa: BLE001 - handed on
                error = thrown


async def _fetched(make: Make, since: SyncToken | None, complaints: list[str]) -> ContactBatch | None:
    try:
        async with asyncio.timeout(_PATIENCE):
            batch: object = await make().fetch(since)
    except Exception as error:  # noqa: BLE001 - told in words
        complaints.append(f"fetch({since!r}) raised {error!r}")
        return None
    if not isinstance(batch, ContactBatch):
        complaints.append(f"fetch({since!r}) answered with a {type(batch).__name__}")
        return None
    return batch


async def _as_coroutine(work: Awaitable[T]) -> T:
    return await work


def _by_id(contacts: tuple[Contact, ...]) -> dict[ContactId, Contact]:
    return {contact.id: contact for contact in contacts}


def _applied(before: ContactBatch, change: ContactBatch) -> dict[ContactId, Contact]:
    if change.complete:
        return _by_id(change.contacts)
    known = {**_by_id(before.contacts), **_by_id(change.contacts)}
    return {identity: contact for identity, contact in known.items() if identity not in change.removed}
