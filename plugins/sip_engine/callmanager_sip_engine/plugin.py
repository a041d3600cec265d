"""The plugin: offers the engine to the core. Imported at every start, so everything heavy waits until the engine is used."""

from callmanager.api import CallEngine, PluginContext, hookimpl

from callmanager_sip_engine.supervisor import EngineSupervisor


class SipEngine:
    """Provides the `CallEngine` on pjsua2."""

    def __init__(self, ctx: PluginContext) -> None:
        self._ctx = ctx

    @hookimpl
    def callmanager_call_engine(self) -> CallEngine | None:
        return EngineSupervisor(self._ctx.log)
