"""The checks for contact sources pass a good one and name every kind of mistake."""

import asyncio
import time
from collections.abc import Callable
from typing import Any

import attrs
import pytest
from callmanager.api import ContactBatch, NotConfigured, SignInNeeded, SyncToken, Unreachable, contact_id
from callmanager.testing import FakeContactSource
from callmanager.testing.conformance import check_contact_source


def crm(**changes: Any) -> FakeContactSource:
    source = FakeContactSource("crm")
    source.put("1", "Ann Smith", "(555) 010-0199", company="Acme", emails=("ann@example.com",))
    source.put("2", "Bob Brown", extension="2001")
    for name, value in changes.items():
        setattr(source, name, value)
    return source


def failing(error: Exception) -> Callable[[], FakeContactSource]:
    return lambda: crm(error=error)


async def test_a_good_source_passes_everything() -> None:
    source = crm()

    async def change() -> None:
        source.put("1", "Ann Jones")
        source.put("3", "Carl")
        source.remove("2")

    complaints = await check_contact_source(
        lambda: source,
        change=change,
        unreachable=failing(Unreachable("no route to the host")),
        signed_out=failing(SignInNeeded("the password was refused")),
        not_configured=failing(NotConfigured("there is no address yet")),
    )
    assert complaints == []
    assert source.cancelled == 0


async def test_a_source_without_tokens_passes() -> None:
    class Simple(FakeContactSource):
        async def fetch(self, since: SyncToken | None) -> ContactBatch:
            assert since is None
            return attrs.evolve(await super().fetch(None), token=None)

    def make() -> FakeContactSource:
        source = Simple("crm")
        source.put("1", "Ann")
        return source

    assert await check_contact_source(make) == []


def answering(answer: Callable[[ContactBatch], Any]) -> Callable[[], FakeContactSource]:
    """A source that spoils its answers so."""

    class Spoiled(FakeContactSource):
        async def fetch(self, since: SyncToken | None) -> ContactBatch:
            return answer(await super().fetch(since))  # type: ignore[no-any-return]

    def make() -> FakeContactSource:
        source = Spoiled("crm")
        source.put("1", "Ann")
        return source

    return make


def first_changed(**changes: Any) -> Callable[[], FakeContactSource]:
    return answering(lambda batch: attrs.evolve(batch, contacts=tuple(attrs.evolve(one, **changes) for one in batch.contacts)))


SERIAL = iter(range(10**6))

MISTAKES: dict[str, Callable[[], FakeContactSource]] = {
    "not a short plain text": lambda: crm(label="The\u202e people"),
    "it must be stable": lambda: crm(id=f"crm{next(SERIAL)}"),
    "at least 15": lambda: crm(refresh_seconds=0.0),
    "answered with changes only": answering(lambda batch: attrs.evolve(batch, complete=False)),
    "has removed entries": answering(lambda batch: attrs.evolve(batch, removed=(contact_id("crm", "9"),))),
    "an id is there twice": answering(lambda batch: attrs.evolve(batch, contacts=batch.contacts * 2)),
    "the id of another source": first_changed(source_id="other"),
    "can't be used: nothing to show": first_changed(name=""),
    "is not plain and bounded: name becomes": first_changed(name="An\u202en"),
    "two complete answers about the same people differ": answering(
        lambda batch: attrs.evolve(
            batch, contacts=tuple(attrs.evolve(one, id=contact_id("crm", str(next(SERIAL)))) for one in batch.contacts)
        )
    ),
    "reported changes although nothing had changed": answering(
        lambda batch: batch if batch.contacts else attrs.evolve(batch, removed=(contact_id("crm", "1"),))
    ),
    "must be answered completely": answering(lambda batch: batch),
    "answered with a list": answering(lambda batch: list(batch.contacts)),
    "raised ZeroDivisionError": lambda: crm(error=ZeroDivisionError()),
}


def forgetful() -> FakeContactSource:
    """Takes every token for its newest."""

    class Forgetful(FakeContactSource):
        async def fetch(self, since: SyncToken | None) -> ContactBatch:
            return ContactBatch(complete=False, token=since) if since else await super().fetch(None)

    source = Forgetful("crm")
    source.put("1", "Ann")
    return source


MISTAKES["must be answered completely"] = forgetful


@pytest.mark.parametrize("words", MISTAKES)
async def test_a_mistake_is_told_in_words(words: str) -> None:
    complaints = await check_contact_source(MISTAKES[words])
    assert any(words in complaint for complaint in complaints), complaints


async def test_a_change_that_does_not_lead_to_what_is_there_is_told() -> None:
    source = forgetful()

    async def change() -> None:
        source.put("2", "Bob")

    complaints = await check_contact_source(lambda: source, change=change)
    assert any("put on top of what was known" in complaint for complaint in complaints)


async def test_wrong_errors_and_none_are_told() -> None:
    complaints = await check_contact_source(
        crm, unreachable=failing(OSError("no route")), signed_out=crm, not_configured=failing(NotConfigured(""))
    )
    assert [complaint.split(",")[0] for complaint in complaints] == [
        "when its server is away",
        "when its credentials are refused",
        "when it is not set up",
    ]
    assert "OSError" in complaints[0]
    assert "must raise SignInNeeded" in complaints[1]
    assert "without a reason" in complaints[2]


async def test_computing_and_blocking_without_an_await_are_told_apart() -> None:
    class Computes(FakeContactSource):
        async def fetch(self, since: SyncToken | None) -> ContactBatch:
            until = time.thread_time() + 0.08
            while time.thread_time() < until:
                pass
            return await super().fetch(since)

    class Blocks(FakeContactSource):
        async def fetch(self, since: SyncToken | None) -> ContactBatch:
            time.sleep(0.3)  # noqa: ASYNC251 - this is what the check is for
            return await super().fetch(since)

    class Waits(FakeContactSource):
        async def fetch(self, since: SyncToken | None) -> ContactBatch:
            await asyncio.sleep(0.3)
            return await super().fetch(since)

    assert ["computes for" in one for one in await check_contact_source(lambda: Computes("crm"))] == [True]
    assert ["blocks the loop" in one for one in await check_contact_source(lambda: Blocks("crm"))] == [True]
    assert await check_contact_source(lambda: Waits("crm")) == []


async def test_a_fetch_that_turns_a_cancellation_into_an_error_is_told() -> None:
    class Stubborn(FakeContactSource):
        async def fetch(self, since: SyncToken | None) -> ContactBatch:
            try:
                await asyncio.sleep(0.01)
            except asyncio.CancelledError:
                raise RuntimeError("not now") from None
            return await super().fetch(since)

    assert any("cancelled raises" in one for one in await check_contact_source(lambda: Stubborn("crm")))
