"""The two sources and their plugin keep to the contract, with a real Asterisk at the other end."""

import itertools
import re

import pytest
from callmanager.testing.conformance import check_hooks, check_live_source
from callmanager_call_control.parking.plugin import ParkingControl
from callmanager_presence_ami.plugin import PresenceAmi
from pbx.accounts import Dial


@pytest.mark.parametrize("plugin", [PresenceAmi, ParkingControl])
def test_the_hooks_are_those_of_the_contract(plugin) -> None:
    assert check_hooks(plugin) == []


@pytest.mark.pbx
@pytest.mark.parametrize("kind", ["presence_sources", "parking_sources"])
async def test_a_source_begins_ends_and_begins_again_as_the_core_expects(pbx, make_phone, kind) -> None:
    states = itertools.cycle(("INUSE", "NOT_INUSE"))

    async def told() -> None:
        pbx.cli(f"devstate change Custom:DND3004 {next(states)}")
        with pbx.ami() as ami:
            ami.action("Originate", Channel=f"Local/{Dial.TONE_500}@cos-all/n", Application="Park", Data="parking-1",
                       Async="true")  # fmt: skip

    async def cut() -> None:
        sessions = re.findall(r"^\s*phone\s.*?\s(\d+)\s+\d+\s+\d+\s+\d+\s*$", pbx.cli("manager show connected"), re.MULTILINE)
        assert sessions, pbx.cli("manager show connected")
        for descriptor in sessions:
            pbx.cli(f"manager kick session {descriptor}")

    async with make_phone(pbx) as phone:
        await phone.until(lambda: phone.app.parking.lots() and phone.app.presence.all())
        (source,) = (owned.value for owned in getattr(phone.app.plugins.hooks, kind)())
        assert await check_live_source(source, told=told, cut=cut) == []
        pbx.cli("devstate change Custom:DND3004 NOT_INUSE")
