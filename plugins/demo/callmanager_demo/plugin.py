"""The plugin: runs the rehearsal office while the demo runs, and lends the phone an account in it."""

from __future__ import annotations

import secrets

from callmanager.api import Account, AccountId, Permissions, PluginContext, Transport, Unreachable, hookimpl

EXTENSION = "2001"
_ACCOUNT = AccountId("rehearsal")


class Demo:
    """Off unless the app was started with `--demo`. If the office dies it is opened again, with a new password."""

    title = "Rehearsal office"
    summary = "A pretend office with colleagues that answer, to try the phone without a PBX."
    icon = "play"
    permissions = Permissions(network=("127.0.0.1",), account=True, processes=True)

    def __init__(self, ctx: PluginContext) -> None:
        self._ctx = ctx

    @hookimpl
    def callmanager_started(self) -> None:
        self._ctx.tasks.supervise(self._rehearse, name="rehearsal office")

    async def _rehearse(self) -> None:
        from callmanager_demo.process import OfficeFailed, office_process

        password = secrets.token_urlsafe(24)
        try:
            async with office_process(user=EXTENSION, password=password, log=self._ctx.log) as office:
                account = Account(
                    id=_ACCOUNT,
                    extension=EXTENSION,
                    server="127.0.0.1",
                    port=office.port,
                    transport=Transport.UDP,
                    display_name="Rehearsal desk",
                    register_expires=60,
                )
                withdraw = self._ctx.accounts.provide(account, password)
                try:
                    code = await office.wait()
                finally:
                    withdraw()
        except OfficeFailed as error:
            raise Unreachable(str(error)) from error
        raise Unreachable(f"the rehearsal office ended by itself with code {code}")
