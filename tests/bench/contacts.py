"""What the contacts service costs: `python tests/bench/contacts.py [COUNT ...]` prints a line of JSON for each count.

Each count runs in a process of its own. People have common and rare names, every fourth shares its company's main number, and
every tenth is in a second source as well. The figures: seconds until the answer of a source is taken in, and until its copy is
read after a restart; the longest time for which the loop stood still meanwhile; the time of a key press in the search, over
whole queries being typed; that of a match, and of the same asked again; and what the process has grown by.
"""

from __future__ import annotations

import asyncio
import gc
import json
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import attrs
import psutil
from callmanager.api import (
    Contact,
    ContactBatch,
    ContactSource,
    NumberKind,
    PhoneNumber,
    PluginContext,
    SourceStanding,
    SyncToken,
    contact_id,
    hookimpl,
)
from callmanager.testing import Harness, running

GIVEN_NAMES = """
Ann Anna Maria Marie John Jon Jonathan Daniel Dana Grace Peter Petra Paul Paula Thomas Tom Robert Bob Linda Susan Karen Lisa
José María Jürgen Björn Søren Zoë Chloé François Łukasz Agnieszka Nguyễn Mehmet Ayşe Ibrahim Fatima Olga Sergei Wei Li
"""
FAMILY_NAMES = """
Smith Johnson Williams Brown Jones Garcia Miller Davis Rodriguez Martinez Hernandez Lopez Gonzalez Wilson Anderson Thomas
Taylor Moore Jackson Martin Lee Perez Thompson White Harris O'Brien Müller Schmidt Weiß Nowak Kowalski Nielsen Hansen Özdemir
"""
PARTS = "ba be bi bo bra da de di do fa fe ga go ka ke ki ko la le li lo ma me mi mo na ne ni no pa pe ra re ri ro sa se ta te"
GIVEN, FAMILY, SYLLABLES = GIVEN_NAMES.split(), FAMILY_NAMES.split(), PARTS.split()
COMPANIES = 4000
WORKING = SourceStanding.WORKING
TYPED = "maria;john smith;o'brien;mul;5550;+1 (555) 2;20;s;a s;ann s;acm;zzz;jonh smi;ann.smith@;company 12;kowalsky;li 2;c c"
QUERIES = TYPED.split(";")


def rare(chance: random.Random) -> str:
    return "".join(chance.choice(SYLLABLES) for _ in range(chance.randint(2, 4))).capitalize()


def contact(number: int, source: str, chance: random.Random) -> Contact:
    given = chance.choice(GIVEN) if chance.random() < 0.7 else rare(chance)
    family = chance.choice(FAMILY) if chance.random() < 0.3 else rare(chance)
    company = chance.randrange(COMPANIES)
    main = PhoneNumber(number=f"+1 (555) {company // 1000 + 200:03}-{company % 10000:04}", kind=NumberKind.WORK)
    own = PhoneNumber(
        number=f"({200 + number % 700}) {200 + number // 700 % 700:03}-{number % 10000:04}", kind=NumberKind.MOBILE
    )
    return Contact(
        id=contact_id(source, f"{number:08x}-{chance.getrandbits(64):016x}"),
        source_id=source,
        name=f"{given} {family}",
        given_name=given,
        family_name=family,
        company=f"{'Acme' if company < 50 else 'Company'} {company} {FAMILY[company % len(FAMILY)]} Ltd",
        title="Sales Manager" if number % 3 else "",
        extension=str(2000 + number) if number % 50 == 0 else "",
        numbers=(own, main) if number % 4 == 0 else (own,),
        emails=(f"{given}.{family}@company{company}.example.com".lower(),),
    )


class Two:
    """A source that knows so many."""

    refresh_seconds = 3600.0

    def __init__(self, name: str, contacts: Sequence[Contact]) -> None:
        self.id = self.label = name
        self.contacts = tuple(contacts)

    async def fetch(self, since: SyncToken | None) -> ContactBatch:
        if since is not None:
            return ContactBatch(complete=False, token=since)
        contacts, self.contacts = self.contacts, ()
        return ContactBatch(contacts=contacts, token=SyncToken("1"))


@attrs.define(eq=False)
class Watch:
    """How long the loop stood still at most."""

    worst: float = 0.0

    @asynccontextmanager
    async def watching(self) -> AsyncIterator[None]:
        async def tick() -> None:
            while True:
                before = time.perf_counter()
                await asyncio.sleep(0.001)
                self.worst = max(self.worst, time.perf_counter() - before - 0.001)

        task = asyncio.ensure_future(tick())
        try:
            yield
        finally:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task


def memory() -> float:
    gc.collect()
    return psutil.Process().memory_full_info().uss / 1e6


async def until_working(harness: Harness) -> float:
    """Until all sources have answered and the last change is settled; the time from now on."""
    began = time.perf_counter()
    async with asyncio.timeout(600):
        while not (states := harness.app.contacts.sources()) or any(one.standing is not WORKING for one in states):  # noqa: ASYNC110
            await asyncio.sleep(0.01)
    return time.perf_counter() - began


def percentile(values: list[float], share: float) -> float:
    return sorted(values)[min(len(values) - 1, int(len(values) * share))]


async def measure(count: int) -> dict[str, object]:
    chance = random.Random(count)
    first = [contact(number, "crm", chance) for number in range(count - count // 10)]
    second = [
        attrs.evolve(one, id=contact_id("m365", str(place)), source_id="m365", favourite=place % 100 == 0)
        for place, one in enumerate(first[: count // 10])
    ]
    sources: list[Two] = []

    class Plugin:
        def __init__(self, ctx: PluginContext) -> None: ...

        @hookimpl
        def callmanager_contact_sources(self) -> list[ContactSource]:
            return list(sources)

    figures: dict[str, object] = {"contacts": count}
    with tempfile.TemporaryDirectory() as folder:
        sources[:] = [Two("crm", first), Two("m365", second)]
        numbers = [one.numbers[0].number for one in first[:: max(1, count // 1000)]]
        del first, second
        watch = Watch()
        async with running(Path(folder), plugins={"crm": Plugin}) as harness, watch.watching():
            figures["taken in after s"] = round(await until_working(harness), 2)
            figures["standing still ms"] = round(watch.worst * 1000, 1)
        sources[:] = [Two("crm", ()), Two("m365", ())]
        before, watch = memory(), Watch()
        async with running(Path(folder), plugins={"crm": Plugin}) as harness:
            async with watch.watching():
                figures["copy read after s"] = round(await until_working(harness), 2)
            figures["standing still reading ms"] = round(watch.worst * 1000, 1)
            figures["people"] = len(harness.app.contacts.people())
            figures["memory MB"] = round(memory() - before, 1)
            search(harness, figures)
            times = []
            for number in numbers:
                began = time.perf_counter()
                assert harness.app.contacts.match(number) is not None
                times.append(time.perf_counter() - began)
            figures["match us"] = round(sum(times) / len(times) * 1e6, 1)
            began = time.perf_counter()
            for number in numbers:
                harness.app.contacts.match(number)
            figures["match again us"] = round((time.perf_counter() - began) / len(numbers) * 1e6, 2)
    return figures


def search(harness: Harness, figures: dict[str, object]) -> None:
    contacts, times, worst = harness.app.contacts, [], ("", 0.0)
    recent = [str(2000 + number) for number in range(0, 5000, 50)]
    for round_number in range(3):
        for query in QUERIES:
            for end in range(1, len(query) + 1):
                began = time.perf_counter()
                contacts.search(query[:end], limit=20, recent=recent)
                took = time.perf_counter() - began
                if round_number:
                    times.append(took)
                    worst = max(worst, (query[:end], took), key=lambda one: one[1])
    figures["key press p95 ms"] = round(percentile(times, 0.95) * 1000, 2)
    figures["key press worst ms"] = round(worst[1] * 1000, 2)
    figures["worst query"] = worst[0]


if __name__ == "__main__":
    if len(sys.argv) == 3 and sys.argv[1] == "--one":
        print(json.dumps(asyncio.run(measure(int(sys.argv[2])))))
    else:
        for wanted in sys.argv[1:] or ("10", "1000", "100000"):
            subprocess.run([sys.executable, __file__, "--one", wanted], check=True)
