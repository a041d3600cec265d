"""What plugins may decide about an incoming call, and where nobody asks them: around an emergency call."""

from pathlib import Path

import pytest
from callmanager.api import (
    Call,
    CallAdded,
    CallRecord,
    CallScreened,
    DialingSettings,
    EndCause,
    Permissions,
    Reject,
    Ring,
    SettingsChanged,
    Verdict,
    hookimpl,
)
from callmanager.testing import FakeEngine, Harness, running


class Guard:
    """Gives the verdict that the caller's number stands for."""

    permissions = Permissions(call_information=True)

    def __init__(self, ctx: object) -> None:
        self.asked: list[str] = []
        self.records: list[CallRecord] = []

    @hookimpl
    def callmanager_screen_incoming(self, call: Call) -> Verdict | None:
        self.asked.append(call.remote.number)
        return {
            "1": Verdict(reason="not\nnow"),
            "2": Verdict(status=486, reason="busy", missed=True),
            "3": Verdict(silent=True),
            "911": Verdict(),
            "112": Verdict(silent=True),
        }.get(call.remote.number)

    @hookimpl
    def callmanager_call_ended(self, record: CallRecord) -> None:
        self.records.append(record)


@pytest.fixture
async def phone(tmp_path: Path):
    async with running(tmp_path, plugins={"guard": Guard}, engine=FakeEngine(obedient=True)) as harness:
        await harness.connect()
        yield harness


def guard(phone: Harness) -> Guard:
    return phone.app.plugins._entries["guard"].instance


async def test_a_refused_call_is_recorded_with_who_refused_it_why_and_as_what_it_counts(phone: Harness) -> None:
    phone.engine.arrive("1")
    phone.engine.arrive("2")
    assert [command.status for command in phone.engine.sent(Reject)] == [603, 486]
    told = [(record.screened_by, record.screened_reason, record.end.cause) for record in guard(phone).records]
    assert told == [("guard", "not now", EndCause.REJECTED), ("guard", "busy", EndCause.MISSED)]
    assert [event.reason for event in phone.published(CallScreened)] == ["not now", "busy"]


async def test_a_silenced_call_waits_without_a_sound_and_is_missed_when_it_is_given_up(phone: Harness) -> None:
    call_id = phone.engine.arrive("3")
    assert phone.engine.sent(Ring) == [Ring(call_id=call_id, silent=True)]
    assert phone.published(CallAdded)[0].call.silenced
    phone.engine.finish(call_id, EndCause.MISSED)
    (record,) = guard(phone).records
    assert (record.screened_by, record.end.cause) == ("", EndCause.MISSED)


@pytest.mark.parametrize("number", ["911", "112"])
async def test_nobody_is_asked_about_an_emergency_service(phone: Harness, number: str) -> None:
    call_id = phone.engine.arrive(number)
    assert phone.engine.sent(Ring) == [Ring(call_id=call_id)]
    assert guard(phone).asked == []


async def test_after_an_emergency_call_everybody_gets_through_for_the_time_of_the_settings(phone: Harness) -> None:
    phone.app.settings.update(DialingSettings, call_back_minutes=10)
    phone.engine.finish(phone.app.calls.dial("911"))
    phone.engine.arrive("1")
    phone.clock.advance(9 * 60 + 59)
    phone.engine.arrive("3")
    assert (phone.engine.sent(Reject), guard(phone).asked) == ([], [])
    assert not any(command.silent for command in phone.engine.sent(Ring))
    phone.clock.advance(1)
    phone.engine.arrive("1")
    assert guard(phone).asked == ["1"]


async def test_an_ordinary_call_opens_no_door(phone: Harness) -> None:
    phone.engine.finish(phone.app.calls.dial("6000"))
    phone.engine.arrive("1")
    assert guard(phone).asked == ["1"]


async def test_the_time_is_kept_over_a_restart_and_a_clock_that_was_set_back_does_not_open_the_door(tmp_path: Path) -> None:
    async with running(tmp_path, plugins={"guard": Guard}) as phone:
        await phone.connect()
        phone.app.calls.dial("911")
    async with running(tmp_path, plugins={"guard": Guard}) as phone:
        phone.engine.arrive("1")
        assert guard(phone).asked == []
        phone.clock.advance(-3600)
        phone.engine.arrive("1")
        assert guard(phone).asked == ["1"]


async def test_nobody_opens_the_door_by_a_broken_note_of_the_time(phone: Harness) -> None:
    for text in ("yesterday", "2026-01-02T03:04:05"):
        phone.app.settings.update(DialingSettings, emergency_at=text)
        phone.engine.arrive("1")
    assert guard(phone).asked == ["1", "1"]


@pytest.mark.expects_log("known until the end of the program only")
async def test_the_emergency_call_goes_out_when_its_time_cannot_be_written_down(tmp_path: Path) -> None:
    (tmp_path / "site").mkdir()
    (tmp_path / "site" / "site.toml").write_text('[lock]\nkeys = ["dialing.*"]\n', encoding="utf-8")
    async with running(tmp_path, plugins={"guard": Guard}) as phone:
        await phone.connect()
        before = len(phone.published(SettingsChanged))
        assert phone.app.calls.get(phone.app.calls.dial("911")) is not None
        assert len(phone.published(SettingsChanged)) == before
        phone.engine.arrive("1")
        assert guard(phone).asked == []
