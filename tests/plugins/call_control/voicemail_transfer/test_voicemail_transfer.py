"""To VM is offered while a caller waits, and tells the PBX in the way that is set."""

from pathlib import Path

import attrs
import pytest
from callmanager.api import (
    AccountId,
    CallRemoved,
    CallState,
    EndCause,
    Redirect,
    Reject,
    SettingsError,
    UserError,
)
from callmanager.testing import Harness, running
from callmanager_call_control.voicemail_transfer.plugin import VoicemailTransfer
from callmanager_call_control.voicemail_transfer.settings import VoicemailTransferSettings, Way


@pytest.fixture
async def phone(tmp_path: Path):
    async with running(tmp_path, plugins={"voicemail_transfer": VoicemailTransfer}) as harness:
        await harness.connect(extension="2001")
        yield harness


def action(phone: Harness):
    (owned,) = phone.app.call_actions()
    return owned.value


def choose(phone: Harness, **changes) -> None:
    phone.app.settings.update(VoicemailTransferSettings, **changes)


async def press(phone: Harness, call_id) -> None:
    await action(phone).run(phone.app.calls.get(call_id))
    await phone.settle()


async def test_it_is_offered_while_a_caller_waits_and_at_no_other_time(phone: Harness) -> None:
    call_id = phone.engine.arrive("2002")
    assert action(phone).available(phone.app.calls.get(call_id))
    phone.app.calls.answer(call_id)
    await phone.until(lambda: phone.app.calls.get(call_id).state is CallState.CONNECTED)
    assert not action(phone).available(phone.app.calls.get(call_id))
    assert not action(phone).available(phone.app.calls.get(phone.app.calls.dial("6000")))


async def test_the_caller_goes_to_the_voicemail_of_our_extension(phone: Harness) -> None:
    call_id = phone.engine.arrive("2002")
    await press(phone, call_id)
    assert phone.engine.sent(Redirect) == [Redirect(call_id=call_id, target="*952001")]
    end = phone.published(CallRemoved)[-1].call.end
    assert (end.cause, end.sent_to) == (EndCause.REDIRECTED, "voicemail")


@pytest.mark.parametrize(
    ("number", "target"),
    [
        ("*95*{extension}", "*95*2001"),
        ("8500", "8500"),
        ("sip:{extension}-vm@voice.example.com", "sip:2001-vm@voice.example.com"),
    ],
)
async def test_the_number_is_a_setting(phone: Harness, number: str, target: str) -> None:
    choose(phone, number=number)
    await press(phone, phone.engine.arrive("2002"))
    assert [command.target for command in phone.engine.sent(Redirect)] == [target]


@pytest.mark.parametrize(("way", "status"), [(Way.BUSY, 486), (Way.DECLINE, 603)])
async def test_the_pbx_may_decide_instead(phone: Harness, way: Way, status: int) -> None:
    choose(phone, way=way)
    call_id = phone.engine.arrive("2002")
    await press(phone, call_id)
    assert phone.engine.sent(Reject) == [Reject(call_id=call_id, status=status)]
    assert phone.engine.sent(Redirect) == []
    assert phone.published(CallRemoved)[-1].call.end.cause is EndCause.REJECTED  # where the caller went is not known here


@pytest.mark.parametrize("number", ["", "voicemail", "911", "sip:112@pbx", "*95{extensions}", "5900 5901x"])
async def test_a_number_that_nobody_can_dial_is_not_saved(phone: Harness, number: str) -> None:
    with pytest.raises(SettingsError):
        choose(phone, number=number)


async def test_another_accounts_extension_is_not_taken_for_ours(phone: Harness) -> None:
    call_id = phone.engine.arrive("2002")
    foreign = attrs.evolve(phone.app.calls.get(call_id), account_id=AccountId("other"))
    with pytest.raises(UserError, match="extension"):
        await action(phone).run(foreign)
    assert phone.engine.sent(Redirect) == []


async def test_a_caller_who_is_gone_is_said_so(phone: Harness) -> None:
    call_id = phone.engine.arrive("2002")
    call = phone.app.calls.get(call_id)
    phone.engine.finish(call_id, EndCause.MISSED)
    with pytest.raises(UserError, match="over"):
        await action(phone).run(call)
