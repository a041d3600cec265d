"""The look-ups without widgets: what is asked when, and what is made of the answers."""

import asyncio
from datetime import UTC, datetime

import attrs
import pytest
from callmanager.api import (
    AccountId,
    Call,
    CallerCard,
    CallerDetails,
    CallId,
    CallState,
    Direction,
    Owned,
    Party,
    Unreachable,
)
from callmanager_shell.caller_lookups import MOST_LINES, CallerLookUps, https_address, presentable, summary


def a_call(number="5550104477", name="Dana Kowalski", call_id="1"):
    return Call(
        id=CallId(call_id),
        account_id=AccountId("a"),
        direction=Direction.INCOMING,
        state=CallState.RINGING,
        remote=Party(number=number, name=name),
        created_at=datetime(2026, 1, 1, tzinfo=UTC),
    )


@attrs.define(eq=False)
class Bench:
    """Look-ups with everything they told."""

    cards: list = attrs.Factory(list)
    asked: list = attrs.Factory(list)
    changed: list = attrs.Factory(list)
    faults: list = attrs.Factory(list)
    tasks: list = attrs.Factory(list)
    lookups: CallerLookUps = None

    def card(self, look_up, *, plugin="crm", card_id="customer", order=100):
        async def noting(call):
            self.asked.append((plugin, call.remote.number))
            return await look_up(call)

        self.cards.append(Owned(plugin_id=plugin, value=CallerCard(id=card_id, look_up=noting, order=order)))

    def start(self, work, *, owner):
        task = asyncio.get_running_loop().create_task(work)
        self.tasks.append(task)
        return task.cancel

    def fault(self, error, *, owner, doing):
        self.faults.append((owner, type(error)))

    async def rest(self):
        await asyncio.wait([*self.tasks, asyncio.create_task(asyncio.sleep(0))])

    def titles(self, call_id="1"):
        return [details.title for details in self.lookups.details(CallId(call_id))]


@pytest.fixture
async def bench():
    made = Bench()
    made.lookups = CallerLookUps(
        lambda: sorted(made.cards, key=lambda owned: owned.value.order),
        start=made.start,
        report_fault=made.fault,
        changed=made.changed.append,
        seconds=0.05,
    )
    yield made
    made.lookups.close()
    for task in made.tasks:
        task.cancel()
    await asyncio.gather(*made.tasks, return_exceptions=True)


def answering(title, **more):
    async def look_up(call):
        return CallerDetails(title=title, **more)

    return look_up


async def forever(call):
    await asyncio.Event().wait()


async def test_each_card_is_asked_once_for_a_call_however_often_it_changes(bench):
    bench.card(answering("Second"), plugin="b", order=2)
    bench.card(answering("First"), plugin="a", order=1)
    call = a_call()
    bench.lookups.follow(call)
    assert bench.changed == []
    await bench.rest()
    bench.lookups.follow(attrs.evolve(call, state=CallState.CONNECTED, muted=True))
    await bench.rest()
    assert bench.titles() == ["First", "Second"]
    assert sorted(bench.asked) == [("a", "5550104477"), ("b", "5550104477")]
    assert bench.changed == ["1", "1"]


async def test_a_stranger_shows_nothing(bench):
    async def unknown(call):
        return None

    bench.card(unknown)
    bench.lookups.follow(a_call())
    await bench.rest()
    assert (bench.titles(), bench.changed, bench.faults) == ([], [], [])


async def test_another_number_is_asked_anew_and_shows_nothing_of_the_first(bench):
    async def by_number(call):
        return CallerDetails(title=call.remote.number) if call.remote.number == "1" else await forever(call)

    bench.card(by_number)
    bench.lookups.follow(a_call("1"))
    await bench.rest()
    assert bench.titles() == ["1"]
    bench.lookups.follow(a_call("2"))
    assert bench.titles() == []
    assert [number for _plugin, number in bench.asked] == ["1"]
    await asyncio.sleep(0)
    assert [number for _plugin, number in bench.asked] == ["1", "2"]


async def test_another_name_for_the_number_is_asked_anew_and_keeps_what_is_known_meanwhile(bench):
    answers = iter(["First", "Second"])

    async def look_up(call):
        return CallerDetails(title=next(answers))

    bench.card(look_up)
    bench.lookups.follow(a_call(name="5550104477"))
    await bench.rest()
    bench.lookups.follow(a_call(name="Dana Kowalski"))
    assert bench.titles() == ["First"]
    await bench.rest()
    assert bench.titles() == ["Second"]


async def test_a_look_up_is_given_up_when_the_call_is_over(bench):
    bench.card(forever)
    call = a_call()
    bench.lookups.follow(call)
    await asyncio.sleep(0)
    bench.lookups.follow(attrs.evolve(call, state=CallState.ENDED))
    await bench.rest()
    assert bench.tasks[0].cancelled()
    assert bench.faults == []


async def test_one_that_takes_too_long_is_given_up_and_is_no_fault(bench, caplog):
    caplog.set_level("INFO")
    bench.card(forever)
    bench.lookups.follow(a_call())
    await bench.rest()
    assert (bench.titles(), bench.faults, bench.changed) == ([], [], [])
    assert "crm took too long to look a caller up (customer)" in caplog.text


async def test_a_server_out_of_reach_is_no_fault_and_a_bug_is_its_plugins(bench):
    async def away(call):
        raise Unreachable("the CRM does not answer")

    async def bug(call):
        raise TimeoutError("its own, long before ours")

    async def nonsense(call):
        return {"title": "a dictionary"}

    def no_coroutine(call):
        raise KeyError("number")

    for number, look_up in enumerate((away, bug, nonsense)):
        bench.card(look_up, plugin=f"p{number}")
    bench.cards.append(Owned(plugin_id="p3", value=CallerCard(id="x", look_up=no_coroutine)))
    bench.card(answering("Fine"), plugin="p4")
    bench.lookups.follow(a_call())
    await bench.rest()
    assert bench.titles() == ["Fine"]
    assert sorted(bench.faults, key=str) == [("p1", TimeoutError), ("p2", TypeError), ("p3", KeyError)]


async def test_a_plugin_that_goes_takes_its_answer_along_and_one_that_comes_is_asked(bench):
    bench.card(answering("Stays"), plugin="a", order=1)
    bench.card(answering("Goes"), plugin="b", order=2)
    bench.lookups.follow(a_call())
    await bench.rest()
    gone = bench.cards.pop()
    bench.lookups.reload()
    assert bench.titles() == ["Stays"]
    assert bench.changed[-1] == "1"
    bench.cards.append(gone)
    bench.lookups.reload()
    await bench.rest()
    assert bench.titles() == ["Stays", "Goes"]
    assert bench.asked.count(("a", "5550104477")) == 1


async def test_an_answer_that_swallowed_its_cancelling_comes_too_late(bench):
    free = asyncio.Event()

    async def stubborn(call):
        while not free.is_set():
            try:
                await free.wait()
            except asyncio.CancelledError:
                continue
        return CallerDetails(title="late")

    bench.card(stubborn)
    bench.lookups.follow(a_call())
    await asyncio.sleep(0)
    bench.lookups.forget(CallId("1"))
    free.set()
    await bench.rest()
    assert (bench.titles(), bench.changed) == ([], [])


def test_an_answer_becomes_few_plain_lines():
    details = CallerDetails(
        title="Northwind\nDental \u202eevil\x00",
        lines=(("Empty", "  "), *((f"Label {number} " * 20, "value\t" * 100) for number in range(9))),
        link="https://crm.example.com/1",
    )
    shown = presentable(details, key="crm/customer", plugin_id="crm")
    assert shown.title == "Northwind Dental evil"
    assert len(shown.lines) == MOST_LINES
    assert all(len(label) <= 40 and len(value) <= 200 and "\t" not in value for label, value in shown.lines)


@pytest.mark.parametrize(
    "details", [CallerDetails(title=""), CallerDetails(title=" \n", lines=(("Label", ""),), link="https://x.y")]
)
def test_an_answer_with_nothing_to_see_is_none(details):
    assert presentable(details, key="k", plugin_id="p") is None


@pytest.mark.parametrize(
    "link",
    [
        "http://crm.example.com",
        "file:///etc/passwd",
        "javascript:alert(1)",
        "https://",
        "https://user:secret@crm.example.com",
        "https://crm.example.com/a b",
        "https://crm.example.com/\u202e",
        "https://crm.example.com:99999/",
        "https://[",
        "\nhttps://crm.example.com",
        "https://crm.example.com/" + "x" * 3000,
        "",
    ],
)
def test_only_a_plain_https_address_is_a_link(link):
    assert https_address(link) == ""


def test_an_https_address_is_kept_as_it_is():
    assert https_address("https://crm.example.com:8443/c/1?x=%20#top") == "https://crm.example.com:8443/c/1?x=%20#top"


def test_all_of_it_is_said_in_one_sentence():
    details = CallerDetails(title="Northwind", lines=(("Open tickets", "2"),))
    assert summary([presentable(details, key="k", plugin_id="p")]) == "Northwind, Open tickets 2"
