"""Type-checked, never run: the smallest plugin, and one that uses most of its context."""

from callmanager.api import (
    Account,
    Call,
    CallAction,
    CallId,
    CallRequest,
    Database,
    Migration,
    Owned,
    PluginContext,
    UserError,
    Verdict,
    clean_target,
    hookimpl,
)


class Hello:
    def __init__(self, ctx: PluginContext) -> None:
        self._ctx = ctx

    @hookimpl
    def callmanager_started(self) -> None:
        self._ctx.notices.post("hello")


class Crm:
    def __init__(self, ctx: PluginContext) -> None:
        self._ctx = ctx
        self._database: Database = ctx.database((Migration(name="notes", script="CREATE TABLE note (text TEXT)"),))

    @hookimpl
    def callmanager_started(self) -> None:
        self._ctx.tasks.supervise(self._follow, name="link")
        self._ctx.tasks.start(self._once(), name="once")
        self._ctx.tasks.start(self._follow, name="wrong")  # type: ignore[arg-type]

    @hookimpl
    def callmanager_screen_incoming(self, call: Call) -> Verdict | None:
        return Verdict(status=603) if call.remote.number == "666" else None

    @hookimpl
    def callmanager_prepare_outgoing(self, request: CallRequest) -> CallRequest | None:
        return CallRequest(target=clean_target(request.target))

    @hookimpl
    def callmanager_call_actions(self) -> list[CallAction]:
        return [CallAction(id="crm.note", label="Note", icon="note", run=self._note, available=lambda call: call.live)]

    async def _note(self, call: Call) -> None:
        await self._database.write("INSERT INTO note (text) VALUES (?)", (call.remote.number,))
        raise UserError("no note", "Write one.")

    async def _follow(self) -> None:
        secret: str | None = await self._ctx.secrets.get("token")
        self._ctx.log.info("there is %s token", "a" if secret else "no")

    async def _once(self) -> None:
        call_id: CallId = self._ctx.calls.dial("6000")
        self._ctx.calls.set_held(call_id, held=True)
        self._ctx.calls.set_held(call_id, True)  # type: ignore[call-arg]
        account: Account | None = self._ctx.accounts.current
        print(account, Owned(plugin_id="crm", value=call_id).value.upper())
