"""Whom a call can be handed to, found while somebody types."""

from pathlib import Path

import pytest
from callmanager.api import CallState, Handle, Presence, PresenceStatus
from callmanager.testing import FakeEngine, Harness, running
from callmanager_call_control.targets import KnownPresence, LiveCalls, RecentTargets, Target, Targets, fit, remember

RECENT = ("2004 Marcus Hale", "5550104477 Dana Kowalski", "2011 Maria Lindqvist")


class Board:
    """Presence as it stands."""

    def __init__(self, **known: PresenceStatus) -> None:
        self._known = {handle.removeprefix("x"): status for handle, status in known.items()}

    def get(self, handle: str) -> Presence:
        return Presence(handle=Handle(handle), status=self._known.get(handle, PresenceStatus.UNKNOWN))

    def all(self) -> tuple[Presence, ...]:
        return tuple(map(self.get, self._known))

    def sources(self):
        return ()


BOARD = Board(x2004=PresenceStatus.ON_CALL, x2009=PresenceStatus.UNAVAILABLE, x2011=PresenceStatus.AVAILABLE)


@pytest.fixture
def targets() -> Targets:
    return Targets((RecentTargets(lambda: RECENT), KnownPresence(BOARD)), presence=BOARD)


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("", ["2004", "5550104477", "2011", "2009"]),
        ("mar", ["2004", "2011"]),
        ("MARIA", ["2011"]),
        ("hale", ["2004"]),
        ("m li", ["2011"]),
        ("0104", ["0104", "5550104477"]),
        ("200", ["200", "2004", "2009"]),
        ("(555) 010-4477", ["5550104477"]),
        ("nobody", []),
        ("sip:desk@example.com", ["sip:desk@example.com"]),
        ("12 apples", []),
    ],
)
def test_names_and_numbers_are_found_and_what_was_typed_can_be_called(targets: Targets, query: str, found: list) -> None:
    assert [target.number for target in targets.find(query)] == found


def test_each_number_is_there_once_with_its_name_and_presence(targets: Targets) -> None:
    (marcus,) = targets.find("2004")
    assert (marcus.name, marcus.status, marcus.typed) == ("Marcus Hale", PresenceStatus.ON_CALL, False)


def test_a_typed_number_of_which_nothing_is_known_says_nothing_of_presence(targets: Targets) -> None:
    (typed,) = targets.find("77")[:1]
    assert (typed.typed, typed.status, typed.label) == (True, None, "77")


def test_the_best_fit_comes_first() -> None:
    target = Target(name="Ana Maria Lopez", number="2012")
    assert [fit(query, target) for query in ("ana", "20", "lo", "opez", "x", "")] == [0, 0, 1, 2, None, 0]


def test_the_last_target_is_remembered_first_and_keeps_its_name() -> None:
    recent = remember(Target(name="", number="2011"), RECENT)
    assert recent == ("2011 Maria Lindqvist", "2004 Marcus Hale", "5550104477 Dana Kowalski")
    assert remember(Target(name="New", number="1"), recent, most=2) == ("1 New", "2011 Maria Lindqvist")


async def test_the_other_calls_can_be_chosen_but_neither_this_one_nor_one_in_the_background(tmp_path: Path) -> None:
    from callmanager.api import CallPurpose, CallRequest

    async with running(tmp_path, engine=FakeEngine(autoanswer=True)) as phone:
        await phone.connect()
        first, second = await _talk(phone, "2004"), await _talk(phone, "2005")
        phone.app.calls.dial(CallRequest(target="2006", purpose=CallPurpose.TRANSFER, about=first))
        found = LiveCalls(phone.app.calls, besides=second).find("")
        assert [(target.call_id, target.note) for target in found] == [(first, "on hold")]


async def _talk(phone: Harness, number: str):
    call_id = phone.app.calls.dial(number)
    await phone.until(lambda: phone.app.calls.get(call_id).state is CallState.CONNECTED)
    return call_id
