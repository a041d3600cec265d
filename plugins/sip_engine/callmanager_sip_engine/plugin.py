"""The plugin: offers the engine to the core. Imported at every start, so everything heavy waits until the engine is used."""

from callmanager.api import CallEngine, CliCommand, Permissions, PluginContext, hookimpl

from callmanager_sip_engine.supervisor import EngineSupervisor


class SipEngine:
    """Provides the `CallEngine` on pjsua2, and the doctor that examines the way to the PBX."""

    title = "Call engine"
    summary = "Makes the calls: connects to your PBX and carries the voice."
    icon = "headset"
    permissions = Permissions(network=("*",), audio=True, files=True, processes=True)

    def __init__(self, ctx: PluginContext) -> None:
        self._ctx = ctx

    @hookimpl
    def callmanager_call_engine(self) -> CallEngine | None:
        return self._make_engine()

    @hookimpl
    def callmanager_cli_commands(self) -> list[CliCommand]:
        from callmanager_sip_engine.doctor.command import doctor_command

        return [doctor_command(self._make_engine)]

    def _make_engine(self) -> EngineSupervisor:
        return EngineSupervisor(self._ctx.log)
