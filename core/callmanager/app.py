"""The composition root: builds every service in order, starts and stops them; no Qt here, the shell is a guest."""

from __future__ import annotations

import logging
import traceback
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Final

import attrs

from callmanager import __version__
from callmanager.accounts import AccountService
from callmanager.audio import AudioService
from callmanager.bus import EventBus
from callmanager.calls.screening import Screening
from callmanager.calls.service import CallService
from callmanager.calls.store import CallStore
from callmanager.clock import Clock, utc_now
from callmanager.context import PluginContext
from callmanager.contributions import (
    CallAction,
    CallerCard,
    CliCommand,
    ContactAction,
    HeaderItem,
    HistoryAction,
    Owned,
    PaletteCommand,
    Panel,
    SettingsSection,
)
from callmanager.engine.driver import EngineDriver
from callmanager.errors import CallManagerError, UserError
from callmanager.events import Event
from callmanager.extensions.discovery import Candidate, discover
from callmanager.extensions.host import PluginHost
from callmanager.extensions.policy import read_policy
from callmanager.logs import Redactor, open_log
from callmanager.model.audio import AudioChoice
from callmanager.model.notices import Severity
from callmanager.notices import NoticePost
from callmanager.paths import Paths, find_paths
from callmanager.problems import ProblemBoard
from callmanager.secrets import KeyStore, SecretStore
from callmanager.settings.core_sections import AppearanceSettings, AudioSettings, ConnectionSettings
from callmanager.settings.layers import FieldState
from callmanager.settings.service import SITE_PROBLEM, SettingsService
from callmanager.status import CallStatus, EngineStatus, Status, status_json
from callmanager.tasks import TaskSupervisor

if TYPE_CHECKING:
    from collections.abc import Callable

    from callmanager.engine.protocol import CallEngine
    from callmanager.messaging.mailbox import MessageService

__all__ = [
    "AppOptions",
    "Application",
    "FieldState",
    "Owned",
    "Status",
    "status_json",
]

_log = logging.getLogger(__name__)

_WINDOW_FIRST: Final = 0.25
"""Seconds after the start until messages are looked at."""

CORE_SECTIONS: Final = (
    SettingsSection(id="connection", title="PBX Connection", model=ConnectionSettings, icon="server", order=10),
    SettingsSection(id="audio", title="Audio", model=AudioSettings, icon="headset", order=20),
    SettingsSection(id="appearance", title="Appearance", model=AppearanceSettings, icon="sun", order=30),
)


@attrs.frozen(kw_only=True)
class AppOptions:
    """What the command line decides. `profile` puts every file of ours under one folder, `demo` switches the demo plugin on.

    `audio` stands in for the devices of Settings. `site` is where the administrator's file is looked for, if not at the
    system's place; the command line has no such option, so nobody escapes the policy by it.
    """

    profile: Path | None = None
    demo: bool = False
    audio: AudioChoice | None = None
    log_level: str = "info"
    site: Path | None = None


class Application:
    """The phone without its window. Made and used on the thread that runs the loop.

    Making it is quick and needs no loop: paths, log, bus, settings, plugins. `prepare` starts the engine's process, `start`
    everything that needs the loop, `stop` ends all of it. The keyword arguments stand in for the real parts in tests.
    """

    def __init__(
        self,
        options: AppOptions,
        *,
        engine: CallEngine | None = None,
        key_store: KeyStore | None = None,
        candidates: Iterable[Candidate] | None = None,
        clock: Clock = utc_now,
    ) -> None:
        self.options = options
        self.paths: Paths = find_paths(profile=options.profile, demo=options.demo, site=options.site)
        try:
            self.paths.make()
        except OSError as error:
            raise UserError(
                f"the folder {error.filename} can't be made: {error.strerror}", "Choose another --profile."
            ) from error
        self._clock = clock
        self._redactor = Redactor()
        self._close_log = open_log(self.paths.log_file, level=options.log_level, redactor=self._redactor)
        self._undos: list[Callable[[], None]] = []
        self._started = self._stopped = False
        self._messages: MessageService | None = None
        _log.info("PC CallManager %s", __version__)

        self.bus = EventBus(self._bus_fault)
        self.problems = ProblemBoard(self.bus, clock=clock)
        self.notices = NoticePost(bus=self.bus, clock=clock)
        self.secrets = SecretStore(
            profile=self.paths.name, problems=self.problems, redactor=self._redactor, key_store=key_store
        )
        self.settings = SettingsService(paths=self.paths, bus=self.bus, problems=self.problems, secrets=self.secrets)
        for section in CORE_SECTIONS:
            self.settings.register(section.id, section.model)
        self.tasks = TaskSupervisor(owner="core", problems=self.problems, report_fault=self.report_fault)

        self._driver = EngineDriver(bus=self.bus, problems=self.problems, notices=self.notices, report_fault=self.report_fault)
        policy, complaints = read_policy(self.settings.site_table("plugins"))
        if complaints:
            self.problems.raise_problem(
                SITE_PROBLEM,
                "The settings file of your administrator has mistakes.",
                hint="Tell your administrator; everything else works.",
                details="\n".join(f"{self.paths.site_file}: {complaint}" for complaint in complaints),
                severity=Severity.WARNING,
            )
        self.plugins = PluginHost(
            bus=self.bus,
            problems=self.problems,
            settings=self.settings,
            build_context=self._context,
            policy=policy,
            demo=options.demo,
        )
        self.accounts = AccountService(
            bus=self.bus,
            driver=self._driver,
            settings=self.settings,
            problems=self.problems,
            tasks=self.tasks,
            clock=clock,
        )
        self.audio = AudioService(
            bus=self.bus,
            driver=self._driver,
            settings=self.settings,
            problems=self.problems,
            notices=self.notices,
            override=options.audio,
        )
        self.calls = CallService(
            bus=self.bus,
            store=CallStore(self.bus),
            driver=self._driver,
            accounts=self.accounts,
            hooks=self.plugins.hooks,
            screening=Screening(self.plugins.hooks),
            notices=self.notices,
            clock=clock,
        )
        for handler in (self.accounts, self.audio, self.calls):
            self._driver.add(handler)
        self._engine = engine
        self.accounts.load()
        self.plugins.load(discover(policy.extra_paths) if candidates is None else candidates)

    # -------------------------------------------------------------------------------------------------------------- life

    def prepare(self) -> None:
        """Ask for the engine and let it begin what takes time (its process); before the window library is imported."""
        if self._engine is not None:
            self._driver.use(self._engine, owner="core")
            return
        provided = self.plugins.hooks.call_engine()
        if provided is not None:
            self._driver.use(provided.value, owner=provided.plugin_id)

    async def start(self) -> None:
        """Catch uncaught errors, start the engine, register the account, tell the plugins. Call it once, on the loop."""
        if self._started or self._stopped:
            raise RuntimeError("an application is started once")
        import asyncio

        from callmanager.faults import CrashFile, install_hooks

        self._started = True
        self._undos.append(install_hooks(self.report_fault, asyncio.get_running_loop()))
        crash = CrashFile(self.paths.crash_file)
        self._undos.append(crash.close)
        left = crash.open()
        if left:
            _log.warning("the last run ended in a crash:\n%s", left)
            self.problems.raise_problem(
                "crash",
                "PC CallManager did not end well the last time.",
                hint="Send the log to your administrator if this happens again.",
                details=left,
                severity=Severity.WARNING,
            )
        await self._driver.start()
        if self._messages is not None:
            self._messages.start()
        else:
            self._undos.append(asyncio.get_running_loop().call_later(_WINDOW_FIRST, lambda: self.messages).cancel)
        self.plugins.started()

    async def stop(self) -> None:
        """Say goodbye, cancel all tasks, stop the engine, undo all plugins, close the log. Idempotent, also without `start`.

        The engine goes before the plugins, so that it can still unregister from an office that a plugin provides.
        """
        if self._stopped:
            return
        self._stopped = True
        self.plugins.stopping()
        await self.tasks.close()
        await self._driver.stop()
        if self._messages is not None:
            await self._messages.close()
        await self.plugins.stop()
        self.secrets.close()
        while self._undos:
            self._undos.pop()()
        _log.info("stopped")
        self._close_log()

    # ---------------------------------------------------------------------------------------------------------- messages

    @property
    def messages(self) -> MessageService:
        """Messages and conversations; made when they are first asked for, or shortly after the start, so that the window does
        not wait for them."""
        if self._messages is None:
            from callmanager.messaging.mailbox import FILE_NAME, MessageService

            self._messages = MessageService(
                file=self.paths.data / FILE_NAME,
                bus=self.bus,
                hooks=self.plugins.hooks,
                problems=self.problems,
                report_fault=self.report_fault,
                owner_of_settings=self.settings.owner_of,
                clock=self._clock,
            )
            if self._stopped:
                self._messages.abandon()
            elif self._started:
                self._messages.start()
        return self._messages

    # ----------------------------------------------------------------------------------------------------- contributions

    def call_actions(self) -> list[Owned[CallAction]]:
        return self.plugins.hooks.call_actions()

    def panels(self) -> list[Owned[Panel]]:
        return self.plugins.hooks.panels()

    def settings_sections(self) -> list[Owned[SettingsSection]]:
        """The core's own first, then those of plugins by their order."""
        own = [Owned(plugin_id="core", value=section) for section in CORE_SECTIONS]
        return own + self.plugins.hooks.settings_sections()

    def cli_commands(self) -> list[Owned[CliCommand]]:
        return self.plugins.hooks.cli_commands()

    def caller_cards(self) -> list[Owned[CallerCard]]:
        return self.plugins.hooks.caller_cards()

    def header_items(self) -> list[Owned[HeaderItem]]:
        return self.plugins.hooks.header_items()

    def contact_actions(self) -> list[Owned[ContactAction]]:
        return self.plugins.hooks.contact_actions()

    def history_actions(self) -> list[Owned[HistoryAction]]:
        return self.plugins.hooks.history_actions()

    def palette_commands(self) -> list[Owned[PaletteCommand]]:
        return self.plugins.hooks.palette_commands()

    # ------------------------------------------------------------------------------------------------------------ status

    def status(self) -> Status:
        """Everything at this moment."""
        now = self._clock()
        return Status(
            version=__version__,
            account=self.accounts.current,
            registration=self.accounts.registration,
            engine=EngineStatus(running=self._driver.running, version=self._driver.version),
            calls=tuple(
                CallStatus(
                    call=call,
                    age_seconds=(now - call.created_at).total_seconds(),
                    duration_seconds=(now - call.answered_at).total_seconds() if call.answered_at else None,
                )
                for call in self.calls.current()
            ),
            problems=self.problems.current(),
        )

    # ------------------------------------------------------------------------------------------------------------ faults

    def report_fault(self, error: BaseException, *, owner: str, doing: str) -> None:
        """The funnel for bugs: the log with the traceback, one notice with the owner's name, a fault on the plugin's account.

        What is raised on purpose for the user is posted as it is. Loop thread only.
        """
        if isinstance(error, UserError):
            self.notices.post(error.text, hint=error.hint, severity=Severity.WARNING)
            return
        _log.error("%s failed in %s: %s", owner, doing, error, exc_info=error, extra={"plugin": owner})
        who = "PC CallManager" if owner == "core" else f"The plugin {owner}"
        self.notices.post(
            f"{who} had a fault in {doing}.",
            hint=str(error) if isinstance(error, CallManagerError) else "The details are in the log.",
            details="".join(traceback.format_exception(error))[-8000:],
            severity=Severity.ERROR,
        )
        self.plugins.fault(owner)

    def _bus_fault(self, error: Exception, *, event: Event, handler: str, owner: str, published_at: str) -> None:
        doing = f"{handler} for {type(event).__name__} (published at {published_at})"
        if type(event).__name__ == "NoticePosted":  # a notice about it would only fail again
            _log.error("%s failed in %s", owner, doing, exc_info=error, extra={"plugin": owner})
            return
        self.report_fault(error, owner=owner, doing=doing)

    def _context(self, plugin_id: str) -> PluginContext:
        return PluginContext(
            plugin_id=plugin_id,
            paths=self.paths,
            bus=self.bus,
            calls=self.calls,
            accounts=self.accounts,
            audio=self.audio,
            messages=lambda: self.messages,
            problems=self.problems,
            settings=self.settings,
            secrets=self.secrets,
            report_fault=self.report_fault,
        )
