"""What the contacts service costs: `cd tests && python -m bench.contacts [COUNT ...]` prints a line of JSON for each count.

Each count runs in two processes of its own, one that fetches and one that is started again. People have common and rare names,
every fourth shares its company's main number, and every tenth is in a second source as well. The figures: seconds, and of them
seconds of computing, until the answers are taken in, and until the copies are read after a restart; the longest time for which
the loop was kept meanwhile, by the clock and in computing (others use the machine, too); the time of a key press in the search,
over whole queries being typed; that of a match, and of the same asked again; and what the process has grown by.
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
    """How long the loop was kept at most, by the clock and in computing, and what was computed altogether."""

    clock: float = 0.0
    computing: float = 0.0
    altogether: float = 0.0

    @asynccontextmanager
    async def watching(self) -> AsyncIterator[None]:
        async def tick() -> None:
            while True:
                clock, computing = time.perf_counter(), time.thread_time()
                await asyncio.sleep(0.001)
                self.clock = max(self.clock, time.perf_counter() - clock - 0.001)
                self.computing = max(self.computing, time.thread_time() - computing)

        began = time.process_time()
        task = asyncio.ensure_future(tick())
        try:
            yield
        finally:
            task.cancel()
            self.altogether = time.process_time() - began
            with suppress(asyncio.CancelledError):
                await task

    def figures(self, doing: str, took: float) -> dict[str, object]:
        return {
            f"{doing} s": round(took, 2),
            f"{doing} computing s": round(self.altogether, 2),
            f"{doing} loop kept ms": round(self.clock * 1000, 1),
            f"{doing} loop kept computing ms": round(self.computing * 1000, 1),
        }


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


def plugin(*sources: Two) -> type:
    class Plugin:
        def __init__(self, ctx: PluginContext) -> None: ...

        @hookimpl
        def callmanager_contact_sources(self) -> list[ContactSource]:
            return list(sources)

    return Plugin


async def fill(count: int, folder: Path) -> dict[str, object]:
    """Two sources answer, and copies are written."""
    chance = random.Random(count)
    first = [contact(number, "crm", chance) for number in range(count - count // 10)]
    second = [
        attrs.evolve(one, id=contact_id("m365", str(place)), source_id="m365", favourite=place % 100 == 0)
        for place, one in enumerate(first[: count // 10])
    ]
    sources, watch = (Two("crm", first), Two("m365", second)), Watch()
    del first, second
    gc.collect()
    gc.freeze()  # the contacts of the bench itself are none of the phone's
    async with running(folder, plugins={"crm": plugin(*sources)}) as harness, watch.watching():
        took = await until_working(harness)
    return {"contacts": count, **watch.figures("taking in", took)}


async def read(count: int, folder: Path) -> dict[str, object]:
    """The phone is started again and used."""
    figures: dict[str, object] = {}
    watch = Watch()
    chance = random.Random(count)
    some = [contact(number, "crm", chance).numbers[0].number for number in range(count - count // 10)][:: max(1, count // 1000)]
    async with running(folder, plugins={"crm": plugin()}) as harness:
        await asyncio.sleep(1.0)
        before = memory()
    async with running(folder, plugins={"crm": plugin(Two("crm", ()), Two("m365", ()))}) as harness:
        async with watch.watching():
            took = await until_working(harness)
        figures.update(watch.figures("reading copies", took))
        contacts = harness.app.contacts
        figures["people"] = len(contacts.people())
        figures["memory MB"] = round(memory() - before, 1)
        search(harness, figures)
        for name in ("match us", "match again us"):
            began = time.perf_counter()
            assert all(contacts.match(number) is not None for number in some)
            figures[name] = round((time.perf_counter() - began) / len(some) * 1e6, 2)
        strangers = [f"+1 909 {number:03} 0000" for number in range(200, 300)]
        began = time.perf_counter()
        assert not any(contacts.match(number) for number in strangers)
        figures["no match us"] = round((time.perf_counter() - began) / len(strangers) * 1e6, 2)
    return figures


def search(harness: Harness, figures: dict[str, object]) -> None:
    """Queries are typed three times; of each key press the best time counts, because others use the machine, too."""
    recent = [str(2000 + number) for number in range(0, 5000, 50)]
    best: dict[str, float] = {}
    for _ in range(3):
        for query in QUERIES:
            for end in range(1, len(query) + 1):
                began = time.perf_counter()
                harness.app.contacts.search(query[:end], limit=20, recent=recent)
                best[query[:end]] = min(best.get(query[:end], 1e9), time.perf_counter() - began)
    for name, share in (("p50", 0.5), ("p95", 0.95), ("worst", 1.0)):
        figures[f"key press {name} ms"] = round(percentile(list(best.values()), share) * 1000, 2)
    figures["worst query"] = max(best, key=lambda query: best[query])


def one_after_the_other(count: str) -> None:
    figures: dict[str, object] = {}
    with tempfile.TemporaryDirectory() as folder:
        for step in ("fill", "read"):
            command = [sys.executable, "-m", "bench.contacts", step, count, folder]
            run = subprocess.run(command, check=True, capture_output=True, text=True, cwd=Path(__file__).parents[1])
            figures.update(json.loads(run.stdout))
    print(json.dumps(figures), flush=True)


if __name__ == "__main__":
    if sys.argv[1:2] in (["fill"], ["read"]):
        step = fill if sys.argv[1] == "fill" else read
        print(json.dumps(asyncio.run(step(int(sys.argv[2]), Path(sys.argv[3])))))
    else:
        for wanted in sys.argv[1:] or ("10", "1000", "100000"):
            one_after_the_other(wanted)
