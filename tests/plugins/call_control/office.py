"""The phone without its window on the real PBX, with plugins of this package, for tests that call it and call out with it."""

from contextlib import asynccontextmanager

from callmanager.api import AudioBackendKind, AudioChoice, Transport
from callmanager.app import AppOptions
from callmanager.testing import running
from callmanager_sip_engine.supervisor import EngineSupervisor
from plugins.sip_engine.lines import account_at
from plugins.sip_engine.phones import LOG


@asynccontextmanager
async def phone_at(pbx, folder, plugins, *, transport=Transport.WSS, user="2001"):
    """Registered, with the real engine, without sound devices."""
    options = AppOptions(profile=folder / "profile", site=folder / "site", audio=AudioChoice(backend=AudioBackendKind.NONE))
    async with running(folder, plugins=plugins, engine=EngineSupervisor(LOG), options=options) as phone:
        phone.app.accounts.provide(account_at(pbx, transport, user), pbx.account(user).password)
        await phone.until(
            lambda: phone.app.accounts.registration is not None and phone.app.accounts.registration.state.value == "registered",
            seconds=15,
        )
        yield phone
