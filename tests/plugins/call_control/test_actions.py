"""Hold and mute on the call card do what they say, with the core between."""

from pathlib import Path

import pytest
from callmanager.api import CallAction, CallId, CallState, UserError
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


async def test_the_card_gets_hold_mute_and_swap_in_this_order_with_their_keys(phone: Harness) -> None:
    shown = [
        (owned.value.scope.value, owned.value.label, owned.value.checked_label, owned.value.shortcut)
        for owned in phone.app.call_actions()
    ]
    assert shown == [
        ("call", "Hold", "Resume", "Ctrl+H"),
        ("conference", "Hold all", "Resume all", "Ctrl+H"),
        ("call", "Mute", "Unmute", "Ctrl+M"),
        ("conference", "Mute", "Unmute", "Ctrl+M"),
        ("call", "Swap", "", "Ctrl+J"),
    ]


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


async def test_swap_goes_on_with_the_held_call_and_with_several_in_turn(phone: Harness) -> None:
    calls = []
    for _ in range(3):
        phone.clock.advance(1)
        calls.append(await talk(phone))
    first, second, third = calls
    await phone.until(lambda: [phone.app.calls.get(each).held for each in calls] == [True, True, False])
    swap = action(phone, "call_control.swap")
    for before, after in ((third, first), (first, second), (second, third)):
        await swap.run(phone.app.calls.get(before))
        await phone.until(lambda after=after, before=before: talking(phone) == [after])
    assert not swap.available(phone.app.calls.get(first))
    phone.app.calls.hang_up(first)
    phone.app.calls.hang_up(second)
    await phone.until(lambda: len(phone.app.calls.current()) == 1)
    assert not swap.available(phone.app.calls.get(third))


def talking(phone: Harness) -> list[CallId]:
    return [call.id for call in phone.app.calls.current() if call.talking]


async def test_in_a_conference_hold_and_mute_are_for_all_of_it(phone: Harness) -> None:
    first, second = await talk(phone), await talk(phone)
    phone.app.calls.confer([first, second])
    await phone.until(lambda: all(call.conference and not call.held for call in phone.app.calls.current()))
    call = phone.app.calls.get(first)
    assert not action(phone, "call_control.hold").available(call)
    assert not action(phone, "call_control.mute").available(call)
    for action_id, attribute in (("call_control.mute_all", "muted"), ("call_control.hold_all", "held")):
        joint = action(phone, action_id)
        for wanted in (True, False):
            await joint.run(phone.app.calls.get(first))
            await phone.until(
                lambda wanted=wanted, attribute=attribute: (
                    {getattr(each, attribute) for each in phone.app.calls.current()} == {wanted}
                )
            )
