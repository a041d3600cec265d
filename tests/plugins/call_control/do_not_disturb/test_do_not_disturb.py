"""While it is on nobody rings but those who may; what was missed is told when it ends."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from callmanager.api import (
    CallAdded,
    CallRecord,
    Contact,
    DialingSettings,
    EndCause,
    Match,
    NoticePosted,
    Permissions,
    PluginState,
    Reject,
    Ring,
    UserError,
    contact_id,
    hookimpl,
)
from callmanager.testing import Harness, running
from callmanager_call_control.blocking.plugin import Blocking
from callmanager_call_control.do_not_disturb import desk as module
from callmanager_call_control.do_not_disturb.desk import DoNotDisturbDesk, tomorrow
from callmanager_call_control.do_not_disturb.plugin import DoNotDisturb
from callmanager_call_control.do_not_disturb.settings import DoNotDisturbSettings, Manner


class Office:
    """Knows one favourite, and keeps the records of calls."""

    permissions = Permissions(call_information=True)

    def __init__(self, ctx) -> None:
        self.records: list[CallRecord] = []

    @hookimpl
    def callmanager_match_number(self, number: str) -> Match | None:
        if number not in {"2040", "2041"}:
            return None
        contact = Contact(id=contact_id("office", number), source_id="office", name="Ann", favourite=number == "2040")
        return Match(contact=contact, number=number)

    @hookimpl
    def callmanager_call_ended(self, record: CallRecord) -> None:
        self.records.append(record)


PLUGINS = {"do_not_disturb": DoNotDisturb, "office": Office}


@pytest.fixture
async def phone(tmp_path: Path):
    async with running(tmp_path, plugins=PLUGINS) as harness:
        harness.app.settings.update(DialingSettings, country="US")
        await harness.connect()
        yield harness


def desk(phone: Harness) -> DoNotDisturbDesk:
    return phone.app.plugins._entries["do_not_disturb"].instance.desk


def records(phone: Harness) -> list[CallRecord]:
    return phone.app.plugins._entries["office"].instance.records


def rings(phone: Harness, number: str, name: str = "") -> bool:
    """Whether a call from there rings aloud; it is over then."""
    before = len(phone.engine.sent(Ring))
    call_id = phone.engine.arrive(number, name)
    rang = any(not command.silent for command in phone.engine.sent(Ring)[before:])
    phone.engine.finish(call_id, EndCause.MISSED)
    return rang


def told(phone: Harness) -> list[str]:
    return [event.notice.text for event in phone.published(NoticePosted)]


async def test_while_it_is_on_a_caller_is_busy_away_unseen_and_counts_as_missed(phone: Harness) -> None:
    assert rings(phone, "2002")
    desk(phone).turn_on()
    before = len(phone.published(CallAdded))
    call_id = phone.engine.arrive("2002", "Bob")
    assert phone.engine.sent(Reject) == [Reject(call_id=call_id, status=486)]
    assert len(phone.published(CallAdded)) == before
    record = records(phone)[-1]
    assert (record.screened_by, record.screened_reason, record.end.cause) == (
        "do_not_disturb", "do not disturb", EndCause.MISSED,
    )  # fmt: skip
    assert desk(phone).missed == ("Bob",)
    assert told(phone) == []
    desk(phone).turn_off()
    assert rings(phone, "2002")


async def test_silenced_callers_wait_unheard_and_can_be_answered(phone: Harness) -> None:
    phone.app.settings.update(DoNotDisturbSettings, manner=Manner.SILENT)
    desk(phone).turn_on()
    call_id = phone.engine.arrive("2002", "Bob")
    assert phone.engine.sent(Ring) == [Ring(call_id=call_id, silent=True)]
    assert phone.app.calls.get(call_id).silenced
    phone.app.calls.answer(call_id)
    await phone.settle()
    phone.engine.finish(call_id)
    assert desk(phone).missed == ()
    phone.engine.finish(phone.engine.arrive("2003", "Carla"), EndCause.MISSED)
    assert desk(phone).missed == ("Carla",)


async def test_when_it_ends_it_is_said_who_called(phone: Harness) -> None:
    desk(phone).turn_on()
    desk(phone).turn_off()
    assert told(phone) == []
    desk(phone).turn_on()
    for number, name in (("2002", "Bob"), ("2002", "Bob"), ("5550100199", ""), ("anonymous", ""), ("2003", "Carla")):
        phone.engine.arrive(number, name)
    desk(phone).turn_off()
    assert told(phone) == ["Meanwhile Bob (2 times), (555) 010-0199 and 2 more called."]
    assert desk(phone).missed == ()


async def test_favourites_and_those_on_the_list_get_through(phone: Harness) -> None:
    desk(phone).turn_on()
    assert not rings(phone, "2040")
    phone.app.settings.update(DoNotDisturbSettings, favourites=True, allowed=("555 010 0199", "+44*"))
    seen = {number: rings(phone, number) for number in ("2040", "2041", "+15550100199", "+442079460000", "2002", "anonymous")}
    assert seen == {
        "2040": True, "2041": False, "+15550100199": True, "+442079460000": True, "2002": False, "anonymous": False,
    }  # fmt: skip


async def test_a_dispatcher_who_calls_back_gets_through(phone: Harness) -> None:
    desk(phone).turn_on()
    phone.engine.finish(phone.app.calls.dial("911"))
    assert rings(phone, "anonymous")
    phone.clock.advance(3 * 3600)
    assert not rings(phone, "anonymous")
    assert rings(phone, "911")


async def test_who_is_blocked_is_blocked_and_not_missed(tmp_path: Path) -> None:
    async with running(tmp_path, plugins={"blocking": Blocking, **PLUGINS}) as phone:
        await phone.connect()
        await phone.app.plugins._entries["blocking"].instance.desk.add("2002")
        phone.app.settings.update(DoNotDisturbSettings, manner=Manner.SILENT)
        desk(phone).turn_on()
        phone.engine.arrive("2002", "Bob")
        assert records(phone)[-1].screened_by == "blocking"
        assert (desk(phone).missed, phone.engine.sent(Ring)) == ((), [])


async def test_it_is_the_same_after_a_restart(tmp_path: Path) -> None:
    async with running(tmp_path, plugins=PLUGINS) as phone:
        desk(phone).turn_on()
    async with running(tmp_path, plugins=PLUGINS) as phone:
        assert desk(phone).on
        assert not rings(phone, "2002")
        desk(phone).turn_off()
    async with running(tmp_path, plugins=PLUGINS) as phone:
        assert rings(phone, "2002")


class Wall:
    """The clock on the wall."""

    now = datetime(2026, 3, 4, 12, 0, tzinfo=UTC)


@pytest.fixture
def wall(monkeypatch: pytest.MonkeyPatch) -> Wall:
    made = Wall()
    monkeypatch.setattr(DoNotDisturbDesk.__init__, "__kwdefaults__", {"clock": lambda: made.now})
    monkeypatch.setattr(module, "_LONGEST_SLEEP", 0.005)
    return made


async def test_it_ends_by_itself_at_its_time_and_says_who_called(tmp_path: Path, wall: Wall) -> None:
    async with running(tmp_path, plugins=PLUGINS) as phone:
        desk(phone).turn_on_for(timedelta(minutes=30))
        phone.engine.arrive("2002", "Bob")
        wall.now += timedelta(minutes=29, seconds=59)
        assert desk(phone).on
        wall.now += timedelta(seconds=1)
        assert rings(phone, "2003")  # whether or not a timer has come so far
        await phone.until(lambda: told(phone) == ["Meanwhile Bob called."])
        settings = phone.app.settings.get(DoNotDisturbSettings)
        assert (settings.on, settings.until) == (False, "")


async def test_a_later_choice_goes_before_an_earlier_end(tmp_path: Path, wall: Wall) -> None:
    async with running(tmp_path, plugins=PLUGINS) as phone:
        desk(phone).turn_on_for(timedelta(minutes=30))
        desk(phone).turn_on()
        wall.now += timedelta(days=2)
        await phone.settle()
        assert desk(phone).on
        desk(phone).turn_on_until_tomorrow()
        assert desk(phone).until == tomorrow(wall.now)
        wall.now += timedelta(days=2)
        await phone.until(lambda: not phone.app.settings.get(DoNotDisturbSettings).on)


async def test_an_end_that_passed_while_the_phone_was_off_is_an_end(tmp_path: Path, wall: Wall) -> None:
    async with running(tmp_path, plugins=PLUGINS) as phone:
        desk(phone).turn_on_for(timedelta(hours=1))
    wall.now += timedelta(hours=2)
    async with running(tmp_path, plugins=PLUGINS) as phone:
        assert rings(phone, "2002")
        await phone.until(lambda: not phone.app.settings.get(DoNotDisturbSettings).on)


def test_tomorrow_is_eight_in_the_morning_of_the_next_day() -> None:
    for hour in (0, 7, 9, 23):
        now = datetime(2026, 3, 4, hour, 30).astimezone()
        found = tomorrow(now).astimezone()
        assert (found.month, found.day, found.hour, found.minute) == (3, 5, 8, 0)


async def test_the_palette_switches_it_and_has_a_shortcut(phone: Harness) -> None:
    toggle, half, hour, until_tomorrow = [owned.value for owned in phone.app.palette_commands()]
    assert toggle.shortcut == "Ctrl+Shift+D"
    await toggle.run()
    assert (desk(phone).on, desk(phone).until) == (True, None)
    await toggle.run()
    assert not desk(phone).on
    now = datetime.now(UTC)
    for command, least in ((half, 29), (hour, 59), (until_tomorrow, 1)):
        await command.run()
        assert desk(phone).until - now > timedelta(minutes=least)
    assert desk(phone).until == tomorrow(datetime.now(UTC))


async def test_a_broken_time_in_the_file_means_until_it_is_turned_off(phone: Harness) -> None:
    phone.app.settings.update(DoNotDisturbSettings, on=True, until="soon")
    assert (desk(phone).on, desk(phone).until) == (True, None)


async def test_what_the_site_locks_is_said(tmp_path: Path) -> None:
    (tmp_path / "site").mkdir()
    (tmp_path / "site" / "site.toml").write_text('[lock]\nkeys = ["do_not_disturb.on"]\n', encoding="utf-8")
    async with running(tmp_path, plugins=PLUGINS) as phone:
        with pytest.raises(UserError) as refused:
            desk(phone).turn_on()
        assert "administrator" in refused.value.hint
        assert rings(phone, "2002")


async def test_switched_off_as_a_plugin_it_keeps_nobody_away(phone: Harness) -> None:
    desk(phone).turn_on()
    await phone.app.plugins.disable("do_not_disturb")
    assert rings(phone, "2002")
    await phone.app.plugins.enable("do_not_disturb")
    assert phone.app.plugins.state("do_not_disturb") is PluginState.ACTIVE
    assert not rings(phone, "2002")
