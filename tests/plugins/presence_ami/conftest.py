"""A headless phone with the plugin, set up for the manager interface of a real Asterisk."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path

import pytest
from callmanager.api import ConnectionSettings, SourceState
from callmanager.testing import Harness, running
from callmanager_presence_ami.plugin import PresenceAmi
from callmanager_presence_ami.rhythm import Rhythm
from callmanager_presence_ami.settings import AmiSettings
from pbx.bench import AsteriskPbx

MakePhone = Callable[..., AbstractAsyncContextManager["AmiPhone"]]


class QuickPresenceAmi(PresenceAmi):
    """The plugin as it is, but quicker to find a dead link."""

    rhythm = Rhythm(connect=5.0, answer=0.6, ping=0.8)


class AmiPhone:
    """The phone, with what tests of AMI ask of it."""

    def __init__(self, harness: Harness) -> None:
        self.harness = harness
        self.app = harness.app

    @property
    def presence(self) -> SourceState:
        (state,) = self.app.presence.sources()
        return state

    @property
    def parking(self) -> SourceState:
        (state,) = self.app.parking.sources()
        return state

    def status(self, extension: str) -> str:
        return self.app.presence.get(extension).status.value

    def slots(self) -> dict[str, str]:
        return {call.slot: call.caller.number for call in self.app.parking.calls()}

    async def until(self, condition: Callable[[], object], *, seconds: float = 10.0) -> None:
        try:
            await self.harness.until(lambda: bool(condition()), seconds=seconds)
        except TimeoutError:
            states = (*self.app.presence.sources(), *self.app.parking.sources())
            raise AssertionError(f"it did not come about; the sources: {states}") from None


@pytest.fixture
def make_phone(tmp_path: Path) -> MakePhone:
    """A phone for a PBX: `secret` none means the right one; other keywords are settings of the AMI section."""

    @asynccontextmanager
    async def make(
        pbx: AsteriskPbx, *, secret: str | None = None, plugin: type = PresenceAmi, sip_user: str = "2001", **settings: object
    ) -> AsyncIterator[AmiPhone]:
        async with running(tmp_path, plugins={"presence_ami": plugin}) as harness:
            app = harness.app
            app.settings.update(
                ConnectionSettings, server=pbx.host, extension=sip_user[-4:], sip_user=sip_user, ca_file=pbx.ca_file
            )
            await app.settings.set_secret(AmiSettings, "secret", pbx._ami_secrets["phone"] if secret is None else secret)
            app.settings.update(AmiSettings, **({"user": "phone"} | settings))
            yield AmiPhone(harness)

    return make
