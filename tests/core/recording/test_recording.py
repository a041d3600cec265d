"""A session is written down masked, read back whole, and replayed against a plugin."""

import json
import sys
from pathlib import Path

import attrs
import pytest
from callmanager.api import (
    Call,
    CallAdded,
    CallEnd,
    CallRecord,
    CallRemoved,
    CallRequest,
    CallState,
    EndCause,
    EngineChanged,
    Event,
    Handle,
    Message,
    MessageAdded,
    MessageDirection,
    MessageId,
    Party,
    Permissions,
    PluginContext,
    Presence,
    PresenceChanged,
    PresenceStatus,
    UserError,
    Verdict,
    hookimpl,
)
from callmanager.app import AppOptions
from callmanager.recording.reading import read_trace
from callmanager.recording.recorder import Recorder
from callmanager.testing import ManualClock, replay, running

NAME, NUMBER = "Maria Lindqvist", "5550100199"


@pytest.fixture
async def recording(tmp_path: Path) -> Path:
    """A session with a call in and a call out."""
    file = tmp_path / "session.jsonl"
    options = AppOptions(profile=tmp_path / "then", site=tmp_path / "site", log_level="debug", record=file)
    async with running(tmp_path, options=options) as phone:
        await phone.connect()
        phone.engine.obedient = False
        incoming = phone.engine.arrive(NUMBER, NAME)
        phone.clock.advance(7)
        phone.engine.far_end_answers(incoming)
        phone.engine.finish(incoming)
        phone.clock.advance(60)
        outgoing = phone.app.calls.dial("6000")
        phone.engine.far_end_answers(outgoing)
        phone.engine.finish(outgoing)
    return file


class Screener:
    permissions = Permissions(call_information=True)

    def __init__(self, ctx: PluginContext) -> None:
        self._ctx = ctx
        ctx.events.subscribe(CallAdded, lambda event: ctx.notices.post(f"new: {event.call.direction.value}"))

    @hookimpl
    def callmanager_screen_incoming(self, call: Call) -> Verdict | None:
        return Verdict(reason="not today") if call.remote.name else None

    @hookimpl
    def callmanager_prepare_outgoing(self, request: CallRequest) -> CallRequest | None:
        return attrs.evolve(request, target="1" + request.target)

    @hookimpl
    def callmanager_call_ended(self, record: CallRecord) -> None:
        if record.talked_seconds:
            raise ZeroDivisionError


def test_nothing_that_identifies_anybody_is_in_the_file(recording: Path) -> None:
    text = recording.read_text()
    for secret in (NAME, "Lindqvist", NUMBER, "correct horse", "pbx.example.com"):
        assert secret not in text
    header, *lines = [json.loads(line) for line in text.splitlines()]
    assert header["callmanager_trace"] == 1
    assert {"t", "event", "data"} <= set(lines[0])


def test_what_was_recorded_is_read_back_whole(recording: Path, tmp_path: Path) -> None:
    trace = read_trace(recording.read_text().splitlines(), start=ManualClock()())
    assert [words for words in trace.complaints if "settings" not in words] == []
    added = [recorded for recorded in trace.events if isinstance(recorded.event, CallAdded)]
    removed = [recorded for recorded in trace.events if isinstance(recorded.event, CallRemoved)]
    assert [recorded.at for recorded in added] == [0, 67]
    assert removed[0].event.call.id == added[0].event.call.id
    assert removed[0].event.call.end == CallEnd(cause=EndCause.REMOTE)
    assert added[1].event.call.state is CallState.DIALING


@pytest.mark.expects_log("failed in callmanager_call_ended")
async def test_a_plugin_is_asked_and_told_again(recording: Path, tmp_path: Path) -> None:
    done = await replay(recording, Screener, folder=tmp_path / "again")
    assert [answer.answer.reason for answer in done.of("callmanager_screen_incoming")] == ["not today"]
    (prepared,) = done.of("callmanager_prepare_outgoing")
    assert prepared.answer.target.startswith("1")
    assert {type(answer.error) for answer in done.of("callmanager_call_ended")} <= {ZeroDivisionError, type(None)}
    assert [notice.text for notice in done.notices if notice.text.startswith("new")] == ["new: incoming", "new: outgoing"]
    assert done.record.id == "plugin"
    assert done.events >= 6


async def test_old_damaged_and_foreign_lines_are_told_and_left_out(tmp_path: Path) -> None:
    lines = [
        '{"callmanager_trace": 1, "version": "0.1.0"}',
        "not json",
        '{"t": 1, "event": "NoSuchEvent", "data": {}}',
        '{"t": 2, "event": "CallAdded", "data": {}}',
        '{"t": 3, "event": "EngineChanged", "data": {"running": true, "detail": "", "colour": "red"}}',
        '{"t": -1, "event": "EngineChanged", "data": {"running": true}}',
    ]
    done = await replay(lines, Screener, folder=tmp_path)
    assert done.events == 1
    assert [words.split(":")[0].split(" is")[0] for words in done.complaints] == [f"line {n}" for n in (2, 3, 4, 5, 6)]


@pytest.mark.parametrize("line", ["", "{}", "[]", '{"callmanager_trace": "1"}', '{"callmanager_trace": 99}'])
async def test_what_is_no_trace_is_refused(tmp_path: Path, line: str) -> None:
    with pytest.raises(ValueError, match="trace"):
        await replay([line], Screener, folder=tmp_path)


async def test_events_of_plugins_are_read_when_their_classes_are_known(tmp_path: Path) -> None:
    @attrs.frozen(kw_only=True)
    class TicketOpened(Event):
        id: str

    lines = ['{"callmanager_trace": 1}', '{"t": 0, "event": "TicketOpened", "data": {"id": "ticket-a"}}']
    assert (await replay(lines, Screener, folder=tmp_path, known=[TicketOpened])).complaints == ()


async def test_presence_and_messages_keep_their_sense(tmp_path: Path) -> None:
    file = tmp_path / "session.jsonl"
    recorder = Recorder(file, clock=ManualClock())
    now = ManualClock()()
    colleague = Presence(handle=Handle("2004"), status=PresenceStatus.ON_CALL, with_party=Party(number=NUMBER, name=NAME))
    message = Message(
        id=MessageId("m1"), transport_id="crm", direction=MessageDirection.RECEIVED,
        own="+15550100123", peer=f"+1{NUMBER}", text="see you", at=now,
    )  # fmt: skip
    recorder.event(PresenceChanged(changed=(colleague,)))
    recorder.event(MessageAdded(message=message))
    recorder.close()
    changed, added = (recorded.event for recorded in read_trace(file.read_text().splitlines(), start=now).events)
    assert isinstance(changed, PresenceChanged)
    assert isinstance(added, MessageAdded)
    (presence,) = changed.changed
    assert presence.with_party is not None
    assert added.message.peer == f"+1{presence.with_party.number}"
    assert (len(presence.handle), presence.status, added.message.text) == (4, PresenceStatus.ON_CALL, "xxxxxxx")
    assert presence.handle.isdigit()


@pytest.mark.expects_log("the recording ends here")
async def test_a_value_that_cannot_be_written_ends_the_recording_and_disturbs_nobody(tmp_path: Path) -> None:
    class Spiteful:
        @property
        def __class__(self):
            raise RuntimeError("no")

    recorder = Recorder(tmp_path / "session.jsonl", clock=ManualClock())
    recorder.hook_called("callmanager_screen_incoming", "crm", seconds=0.001, result=Spiteful())
    recorder.event(EngineChanged(running=True))
    assert (tmp_path / "session.jsonl").read_text().count("\n") == 1


async def test_a_recording_is_for_its_owner_only(tmp_path: Path) -> None:
    Recorder(tmp_path / "session.jsonl").close()
    assert sys.platform == "win32" or (tmp_path / "session.jsonl").stat().st_mode & 0o077 == 0


async def test_a_recording_that_cannot_be_made_is_said(tmp_path: Path) -> None:
    options = AppOptions(profile=tmp_path / "p", site=tmp_path / "s", record=tmp_path / "missing" / "file")
    with pytest.raises(UserError, match="can't be made"):
        async with running(tmp_path, options=options):
            pass
