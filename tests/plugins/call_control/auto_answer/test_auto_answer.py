"""Who is answered without the user, who never is, and that it is said aloud."""

from pathlib import Path

import pytest
from callmanager.api import Answer, CallState, DialingSettings, EndCause, HangUp, NoticePosted, SettingsError, Severity
from callmanager.testing import FakeEngine, Harness, running
from callmanager_call_control.auto_answer.desk import AutoAnswerDesk
from callmanager_call_control.auto_answer.plugin import AutoAnswer
from callmanager_call_control.auto_answer.settings import AutoAnswerSettings
from callmanager_call_control.do_not_disturb.plugin import DoNotDisturb
from callmanager_call_control.do_not_disturb.settings import DoNotDisturbSettings, Manner

PLUGINS = {"auto_answer": AutoAnswer, "do_not_disturb": DoNotDisturb}


@pytest.fixture
async def phone(tmp_path: Path):
    async with running(tmp_path, plugins=PLUGINS, engine=FakeEngine(autoanswer=True)) as harness:
        harness.app.settings.update(DialingSettings, country="US")
        await harness.connect()
        yield harness


def desk(phone: Harness) -> AutoAnswerDesk:
    return phone.app.plugins._entries["auto_answer"].instance.desk


def choose(phone: Harness, **changes) -> None:
    phone.app.settings.update(AutoAnswerSettings, **changes)


def notices(phone: Harness):
    return [event.notice for event in phone.published(NoticePosted)]


async def answered(phone: Harness) -> list[str]:
    await phone.settle()
    return [command.call_id for command in phone.engine.sent(Answer)]


async def test_nobody_is_answered_until_the_user_wants_it(phone: Harness) -> None:
    phone.engine.arrive("2002", answer_after=0.0)
    assert await answered(phone) == []
    assert (desk(phone).waiting, notices(phone)) == ((), [])


async def test_what_the_pbx_asks_for_is_answered_and_said_aloud_with_a_way_out(phone: Harness) -> None:
    choose(phone, by_header=True)
    plain = phone.engine.arrive("2003")
    phone.engine.finish(plain, EndCause.MISSED)
    call_id = phone.engine.arrive("2002", "Bob", answer_after=0.0)
    await phone.until(lambda: phone.app.calls.get(call_id).state is CallState.CONNECTED)
    assert await answered(phone) == [call_id]
    (notice,) = notices(phone)
    assert (notice.text, notice.severity) == ("Answered Bob by itself: you are heard now.", Severity.WARNING)
    await notice.action.run()
    assert phone.engine.sent(HangUp) == [HangUp(call_id=call_id)]


@pytest.mark.parametrize(
    ("number", "wanted"),
    [
        ("+15550100199", True),
        ("5550100199", True),
        ("2002", True),
        ("2003", False),
        ("5550100198", False),
        ("anonymous", False),
    ],
)
async def test_listed_callers_are_answered_however_their_number_is_written(phone: Harness, number: str, wanted: bool) -> None:
    choose(phone, numbers=("(555) 010-0199", "2002"), delay=0)
    call_id = phone.engine.arrive(number)
    assert await answered(phone) == ([call_id] if wanted else [])


async def test_the_user_has_time_to_say_no(phone: Harness) -> None:
    choose(phone, numbers=("2002",), delay=60)
    call_id = phone.engine.arrive("2002", "Bob")
    (notice,) = notices(phone)
    assert (notice.text, notice.action.label) == ("Answering Bob in 60 s.", "Don't")
    assert desk(phone).waiting == (call_id,)
    await notice.action.run()
    assert desk(phone).waiting == ()
    assert phone.app.calls.get(call_id).state is CallState.RINGING


@pytest.mark.parametrize("what", ["answered", "given up"])
async def test_a_call_that_the_user_or_the_caller_was_faster_with_is_left_alone(phone: Harness, what: str) -> None:
    choose(phone, by_header=True)
    call_id = phone.engine.arrive("2002", answer_after=50.0)
    assert desk(phone).waiting == (call_id,)
    if what == "answered":
        phone.app.calls.answer(call_id)
        await phone.until(lambda: phone.app.calls.get(call_id).state is CallState.CONNECTED)
    else:
        phone.engine.finish(call_id, EndCause.MISSED)
    assert desk(phone).waiting == ()


async def test_never_while_in_a_call_not_even_on_hold_or_while_one_is_dialled(phone: Harness) -> None:
    choose(phone, by_header=True, numbers=("2002",), delay=0)
    ours = phone.app.calls.dial("6000")
    during = phone.engine.arrive("2002", answer_after=0.0)
    assert await answered(phone) == []
    phone.engine.finish(during, EndCause.MISSED)
    await phone.until(lambda: phone.app.calls.get(ours).state is CallState.CONNECTED)
    phone.app.calls.set_held(ours, held=True)
    await phone.until(lambda: phone.app.calls.get(ours).held)
    phone.engine.arrive("2002", answer_after=0.0)
    assert await answered(phone) == []


async def test_of_two_at_once_one_is_answered_and_the_other_rings(phone: Harness) -> None:
    choose(phone, by_header=True)
    first = phone.engine.arrive("2002", answer_after=0.0)
    second = phone.engine.arrive("2003", answer_after=0.0)
    await phone.until(lambda: phone.app.calls.get(first).state is CallState.CONNECTED)
    assert await answered(phone) == [first]
    assert (phone.app.calls.get(second).state, phone.app.calls.get(first).held) == (CallState.RINGING, False)


async def test_a_call_that_began_while_it_waited_keeps_it_from_answering(phone: Harness) -> None:
    choose(phone, by_header=True)
    call_id = phone.engine.arrive("2002", answer_after=0.0)
    phone.app.calls.dial("6000")  # before the loop turns
    assert await answered(phone) == []
    assert phone.app.calls.get(call_id).state is CallState.RINGING


@pytest.mark.parametrize("changes", [{"manner": Manner.SILENT}, {"allowed": ("2002",)}])
async def test_never_with_do_not_disturb_whoever_is_let_through(phone: Harness, changes) -> None:
    choose(phone, by_header=True, numbers=("2002",), delay=0)
    phone.app.settings.update(DoNotDisturbSettings, on=True, **changes)
    call_id = phone.engine.arrive("2002", answer_after=0.0)
    assert await answered(phone) == []
    assert phone.app.calls.get(call_id).state is CallState.RINGING
    phone.engine.finish(call_id, EndCause.MISSED)
    phone.app.settings.update(DoNotDisturbSettings, on=False)
    later = phone.engine.arrive("2002", answer_after=0.0)
    assert await answered(phone) == [later]


async def test_it_works_where_do_not_disturb_is_not_there(tmp_path: Path) -> None:
    async with running(tmp_path, plugins={"auto_answer": AutoAnswer}) as phone:
        await phone.connect()
        choose(phone, by_header=True)
        call_id = phone.engine.arrive("2002", answer_after=0.0)
        assert await answered(phone) == [call_id]


async def test_a_pattern_that_means_nothing_is_not_saved(phone: Harness) -> None:
    with pytest.raises(SettingsError):
        choose(phone, numbers=("two words",))
