"""The board shows what sources say, coalesced, and unknown where nobody says anything any more."""

from collections.abc import Callable
from pathlib import Path

import pytest
from callmanager.api import (
    ContributionsChanged,
    Handle,
    Party,
    Permissions,
    PluginContext,
    Presence,
    PresenceChanged,
    PresenceSource,
    PresenceStatus,
    SignInNeeded,
    SourceStanding,
    hookimpl,
)
from callmanager.testing import FakePresenceSource, Harness, running


def plugin_with(*sources: FakePresenceSource) -> type:
    class Plugin:
        def __init__(self, ctx: PluginContext) -> None:
            self.ctx = ctx

        @hookimpl
        def callmanager_presence_sources(self) -> list[PresenceSource]:
            return list(sources)

    return Plugin


def presence(handle: str, status: PresenceStatus = PresenceStatus.AVAILABLE, **more: object) -> Presence:
    return Presence(handle=Handle(handle), status=status, **more)


async def shown(phone: Harness, handle: str, status: PresenceStatus) -> None:
    await phone.until(lambda: phone.app.presence.get(handle).status is status)


def told(phone: Harness) -> list[dict[str, str]]:
    return [{one.handle: one.status.value for one in event.changed} for event in phone.published(PresenceChanged)]


async def test_what_nobody_tells_is_unknown(harness: Harness) -> None:
    assert harness.app.presence.get("2002") == presence("2002", PresenceStatus.UNKNOWN)
    assert harness.app.presence.all() == ()


async def test_a_storm_is_told_at_once_with_the_last_state_of_each_handle(tmp_path: Path) -> None:
    source = FakePresenceSource("ami")
    async with running(tmp_path, plugins={"ami": plugin_with(source)}) as phone:
        await phone.until(lambda: source.running)
        for status in (PresenceStatus.RINGING, PresenceStatus.ON_CALL, PresenceStatus.AVAILABLE, PresenceStatus.ON_CALL):
            source.tell(*(presence(str(number), status) for number in range(2000, 2500)))
        await shown(phone, "2499", PresenceStatus.ON_CALL)
        (event,) = phone.published(PresenceChanged)
        assert len(event.changed) == 500
        assert len(phone.app.presence.all()) == 500


async def test_a_handle_that_is_back_at_what_it_was_is_not_told(tmp_path: Path) -> None:
    source = FakePresenceSource("ami")
    async with running(tmp_path, plugins={"ami": plugin_with(source)}) as phone:
        await phone.until(lambda: source.running)
        source.tell(presence("2001"), presence("2002"))
        await shown(phone, "2002", PresenceStatus.AVAILABLE)
        source.tell(presence("2001", PresenceStatus.RINGING), presence("2002", PresenceStatus.ON_CALL))
        source.tell(presence("2001"))
        await shown(phone, "2002", PresenceStatus.ON_CALL)
        assert told(phone) == [{"2001": "available", "2002": "available"}, {"2002": "on_call"}]


async def test_what_a_lost_source_said_is_unknown_until_it_is_back(tmp_path: Path) -> None:
    source = FakePresenceSource("ami")
    async with running(tmp_path, plugins={"ami": plugin_with(source)}) as phone:
        await phone.until(lambda: source.running)
        source.tell(presence("2001"))
        await shown(phone, "2001", PresenceStatus.AVAILABLE)
        source.fail()
        await shown(phone, "2001", PresenceStatus.UNKNOWN)
        assert phone.app.presence.all() == ()
        (state,) = phone.app.presence.sources()
        assert (state.standing, state.detail) == (SourceStanding.LOST, "cut by a test")
        await phone.until(lambda: source.runs == 2)
        source.tell(presence("2001", PresenceStatus.ON_HOLD))
        await shown(phone, "2001", PresenceStatus.ON_HOLD)
        assert [problem.id for problem in phone.app.problems.current()] == []


async def test_a_refused_sign_in_is_not_tried_again(tmp_path: Path) -> None:
    source = FakePresenceSource("ami", label="Asterisk")
    source.refusal = SignInNeeded("the password was refused")
    async with running(tmp_path, plugins={"ami": plugin_with(source)}) as phone:
        await phone.until(lambda: any(problem.id == "sign-in:Asterisk" for problem in phone.app.problems.current()))
        assert source.runs == 1
        assert phone.app.presence.sources()[0].standing is SourceStanding.SIGN_IN


async def test_the_first_source_is_believed_unless_it_does_not_know(tmp_path: Path) -> None:
    first, second = FakePresenceSource("first"), FakePresenceSource("second")
    async with running(tmp_path, plugins={"a": plugin_with(first, second)}) as phone:
        await phone.until(lambda: first.running and second.running)
        first.tell(presence("2001"), presence("2002", PresenceStatus.UNKNOWN))
        second.tell(presence("2001", PresenceStatus.ON_CALL), presence("2002", PresenceStatus.RINGING))
        await shown(phone, "2002", PresenceStatus.RINGING)
        assert phone.app.presence.get("2001").status is PresenceStatus.AVAILABLE
        first.fail()
        await shown(phone, "2001", PresenceStatus.ON_CALL)


async def test_a_plugin_that_is_switched_off_takes_its_presence_along(tmp_path: Path) -> None:
    source = FakePresenceSource("ami")
    async with running(tmp_path, plugins={"ami": plugin_with(source)}) as phone:
        await phone.until(lambda: source.running)
        source.tell(presence("2001"))
        await shown(phone, "2001", PresenceStatus.AVAILABLE)
        await phone.app.plugins.disable("ami")
        await shown(phone, "2001", PresenceStatus.UNKNOWN)
        assert not source.running
        await phone.app.plugins.enable("ami")
        await phone.until(lambda: source.running)
        assert len(phone.published(ContributionsChanged)) >= 2


@pytest.mark.expects_log("handles that can't be used")
async def test_text_from_outside_is_plain_and_a_handle_nobody_can_dial_is_left_out(tmp_path: Path) -> None:
    source = FakePresenceSource("ami")
    async with running(tmp_path, plugins={"ami": plugin_with(source)}) as phone:
        await phone.until(lambda: source.running)
        evil = Party(number="2002\r\n", name="\u202eMaria\x00 " + "x" * 500)
        source.tell(presence("2001", PresenceStatus.ON_CALL, with_party=evil, note="a\nb"), presence("20 01"), presence(""))
        await shown(phone, "2001", PresenceStatus.ON_CALL)
        found = phone.app.presence.get("2001")
        assert (found.with_party.number, found.note) == ("2002", "a b")
        assert found.with_party.name.startswith("Maria x")
        assert len(found.with_party.name) <= 120
        assert len(phone.app.presence.all()) == 1


async def test_plugins_see_the_board(tmp_path: Path) -> None:
    seen: list[Callable[[], object]] = []

    class Reader:
        permissions = Permissions(presence=True)

        def __init__(self, ctx: PluginContext) -> None:
            seen.append(lambda: ctx.presence.get("2001").status)

    source = FakePresenceSource("ami")
    async with running(tmp_path, plugins={"ami": plugin_with(source), "reader": Reader}) as phone:
        await phone.until(lambda: source.running)
        source.tell(presence("2001"))
        await phone.until(lambda: seen[0]() is PresenceStatus.AVAILABLE)
