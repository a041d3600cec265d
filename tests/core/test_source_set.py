"""Sources come and go with their plugins, and whoever looks can see how each is doing."""

import asyncio
from collections.abc import AsyncIterator, Callable

import attrs
import pytest
from callmanager.bus import EventBus
from callmanager.contributions import Owned
from callmanager.errors import NotConfigured, SignInNeeded, Unreachable
from callmanager.events import ContributionsChanged, SecretChanged, SettingsChanged, SourceChanged
from callmanager.model.sources import SourceKind, SourceStanding
from callmanager.problems import ProblemBoard
from callmanager.source_set import SourceGround, SourceSet


class Fake:
    """A source that does what it was told: waits, or raises."""

    def __init__(self, source_id: str) -> None:
        self.id = source_id
        self.label = f"The {source_id}"
        self.error: Exception | None = None
        self.begun = 0
        self.cancelled = 0

    async def run(self) -> None:
        self.begun += 1
        if self.error is not None:
            raise self.error
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            self.cancelled += 1
            raise


class CrmSettings: ...


@attrs.define(eq=False)
class Bench:
    plugins: dict[str, list[Fake]] = attrs.Factory(dict)
    events: list[SourceChanged] = attrs.Factory(list)
    lost: list[str] = attrs.Factory(list)
    faults: list[tuple[str, str]] = attrs.Factory(list)
    bus: EventBus = attrs.Factory(lambda: EventBus(lambda error, **_: pytest.fail(f"{error!r}")))
    problems: ProblemBoard = attrs.field(init=False)
    sources: SourceSet[Fake] = attrs.field(init=False)

    def __attrs_post_init__(self) -> None:
        self.problems = ProblemBoard(self.bus)
        self.bus.subscribe(SourceChanged, self.events.append)
        ground = SourceGround(
            bus=self.bus,
            problems=self.problems,
            report_fault=lambda error, *, owner, doing: self.faults.append((type(error).__name__, owner)),
            owner_of_settings=lambda model: "crm" if model is CrmSettings else "core",
        )
        self.sources = SourceSet(
            ground, kind=SourceKind.PRESENCE, collect=self._collect, work=self._work, lost=self.lost.append
        )

    def _collect(self, *, only: str | None = None) -> list[Owned[Fake]]:
        return [
            Owned(plugin_id=plugin_id, value=source)
            for plugin_id, sources in self.plugins.items()
            if only in (None, plugin_id)
            for source in sources
        ]

    async def _work(self, source: Fake) -> None:
        if source.error is None:
            self.sources.succeeded(source.id)
        await source.run()

    def standings(self) -> dict[str, str]:
        return {state.id: state.standing.value for state in self.sources.states()}


@pytest.fixture
async def bench() -> AsyncIterator[Bench]:
    bench = Bench()
    yield bench
    await bench.sources.close()


async def until(condition: Callable[[], object]) -> None:
    async with asyncio.timeout(5):
        while not condition():  # noqa: ASYNC110 - any condition, so there is no event to wait for
            await asyncio.sleep(0.001)


async def test_every_source_is_run_and_says_that_it_works(bench: Bench) -> None:
    one, two = Fake("ami"), Fake("crm.people")
    bench.plugins = {"presence_ami": [one], "crm": [two]}
    bench.sources.start()
    assert bench.standings() == {"ami": "new", "crm.people": "new"}
    await until(lambda: set(bench.standings().values()) == {"working"})
    (state, _) = bench.sources.states()
    assert (state.plugin_id, state.label, state.last_success is not None) == ("presence_ami", "The ami", True)
    assert bench.sources.get("ami") is one
    assert bench.sources.all() == (one, two)


async def test_a_plugin_that_goes_takes_its_sources_along(bench: Bench) -> None:
    source = Fake("crm")
    bench.plugins = {"crm": [source]}
    bench.sources.start()
    await until(lambda: source.begun)
    bench.plugins = {}
    bench.bus.publish(ContributionsChanged(plugin_id="crm"))
    await until(lambda: source.cancelled)
    assert bench.sources.states() == ()
    assert bench.lost == ["crm"]
    assert bench.events[-1].after is None


async def test_a_plugin_that_comes_brings_its_sources(bench: Bench) -> None:
    bench.sources.start()
    source = Fake("crm")
    bench.plugins = {"crm": [source]}
    bench.bus.publish(ContributionsChanged(plugin_id="crm"))
    await until(lambda: source.begun)


@pytest.mark.parametrize(
    ("error", "standing", "problem"),
    [
        (Unreachable("no route to the host"), SourceStanding.LOST, "unreachable:The crm"),
        (SignInNeeded("the password was refused"), SourceStanding.SIGN_IN, "sign-in:The crm"),
        (NotConfigured("there is no address yet"), SourceStanding.NOT_CONFIGURED, None),
    ],
)
async def test_what_is_wrong_is_said_where_people_look_and_taken_back_when_the_settings_change(
    bench: Bench, error: Exception, standing: SourceStanding, problem: str | None
) -> None:
    source = Fake("crm")
    source.error = error
    bench.plugins = {"crm": [source]}
    bench.sources.start()
    await until(lambda: bench.standings()["crm"] == standing.value)
    await asyncio.sleep(0)
    (state,) = bench.sources.states()
    assert (state.detail, bench.lost) == (str(error), ["crm"])
    assert [(one.id, one.owner) for one in bench.problems.current()] == ([(problem, "crm")] if problem else [])
    source.error = None
    bench.bus.publish(SettingsChanged(section_id="crm", before=CrmSettings(), after=CrmSettings()))
    await until(lambda: bench.standings()["crm"] == "working")
    assert bench.problems.current() == ()


async def test_a_new_secret_is_a_new_try(bench: Bench) -> None:
    source = Fake("crm")
    source.error = SignInNeeded("the password was refused")
    bench.plugins = {"crm": [source]}
    bench.sources.start()
    await until(lambda: bench.standings() == {"crm": "sign_in"})
    source.error = None
    bench.bus.publish(SecretChanged(section_id="crm", field="token", owner="crm"))
    await until(lambda: bench.standings() == {"crm": "working"})


async def test_a_fault_counts_against_the_plugin(bench: Bench) -> None:
    source = Fake("crm")
    source.error = ZeroDivisionError()
    bench.plugins = {"crm": [source]}
    bench.sources.start()
    await until(lambda: bench.faults)
    assert bench.faults == [("ZeroDivisionError", "crm")]
    assert bench.standings() == {"crm": "failed"}


@pytest.mark.expects_log("provides a source named same")
async def test_of_two_sources_with_one_id_the_first_stays(bench: Bench) -> None:
    first, second = Fake("same"), Fake("same")
    bench.plugins = {"a": [first], "b": [second]}
    bench.sources.start()
    await until(lambda: first.begun)
    assert (bench.sources.owner("same"), second.begun) == ("a", 0)


async def test_a_source_that_ends_by_itself_is_lost(bench: Bench) -> None:
    class Short(Fake):
        async def run(self) -> None: ...

    bench.plugins = {"a": [Short("short")]}
    bench.sources.start()
    await until(lambda: bench.standings() == {"short": "lost"})
    assert bench.lost == ["short"]


async def test_settings_of_others_disturb_nobody(bench: Bench) -> None:
    source = Fake("crm")
    bench.plugins = {"crm": [source]}
    bench.sources.start()
    await until(lambda: source.begun)
    bench.bus.publish(SettingsChanged(section_id="audio", before=object(), after=object()))
    assert source.cancelled == 0
