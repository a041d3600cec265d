"""Hold and mute on the call card do what they say, with the core between."""

from pathlib import Path

import pytest
from callmanager.api import CallAction, CallState, UserError
from callmanager.engine import commands
from callmanager.testing import FakeEngine, Harness, running
from callmanager_call_control.plugin import CallControl


@pytest.fixture
async def phone(tmp_path: Path):
    async with running(tmp_path, plugins={"call_control": CallControl}, engine=FakeEngine(autoanswer=True)) as harness:
        await harness.connect()
        yield harness


def action(phone: Harness, action_id: str) -> CallAction:
    (found,) = (owned.value for owned in phone.app.call_actions() if owned.value.id == action_id)
    return found


async def talk(phone: Harness):
    call_id = phone.app.calls.dial("6000")
    await phone.until(lambda: phone.app.calls.get(call_id).state is CallState.CONNECTED)
    return call_id


async def test_the_card_gets_hold_and_mute_in_this_order_with_their_keys(phone: Harness) -> None:
    shown = [
        (owned.plugin_id, owned.value.label, owned.value.checked_label, owned.value.shortcut)
        for owned in phone.app.call_actions()
    ]
    assert shown == [("call_control", "Hold", "Resume", "Ctrl+H"), ("call_control", "Mute", "Unmute", "Ctrl+M")]


@pytest.mark.parametrize(("action_id", "attribute"), [("call_control.hold", "held"), ("call_control.mute", "muted")])
async def test_an_action_turns_on_and_off_again(phone: Harness, action_id: str, attribute: str) -> None:
    call_id = await talk(phone)
    button = action(phone, action_id)
    for wanted in (True, False):
        before = phone.app.calls.get(call_id)
        await button.run(before)
        await phone.until(lambda wanted=wanted: getattr(phone.app.calls.get(call_id), attribute) is wanted)
        assert button.checked(phone.app.calls.get(call_id)) is wanted


async def test_a_click_on_a_stale_card_follows_the_present_state(phone: Harness) -> None:
    call_id = await talk(phone)
    stale = phone.app.calls.get(call_id)
    button = action(phone, "call_control.hold")
    await button.run(stale)
    await phone.until(lambda: phone.app.calls.get(call_id).held)
    await button.run(stale)
    assert [command.held for command in phone.engine.sent(commands.SetHeld)] == [True, False]


@pytest.mark.parametrize("action_id", ["call_control.hold", "call_control.mute"])
async def test_an_action_is_offered_only_while_connected(phone: Harness, action_id: str) -> None:
    button = action(phone, action_id)
    ringing = phone.engine.arrive()
    assert not button.available(phone.app.calls.get(ringing))
    call_id = await talk(phone)
    talking = phone.app.calls.get(call_id)
    assert button.available(talking)
    phone.engine.finish(call_id)
    with pytest.raises(UserError, match="over"):
        await button.run(talking)
