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
from callmanager.calls.emergency import EmergencyWatch
from callmanager.calls.screening import Screening
from callmanager.calls.service import CallService
from callmanager.calls.store import CallStore
from callmanager.clock import Clock, utc_now
from callmanager.contacts.directory import ContactDirectory
from callmanager.context import PluginContext
from callmanager.contributions import (
    CallAction,
    CallerCard,
    CallPairAction,
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
from callmanager.engine.seat import EngineSeat
from callmanager.errors import CallManagerError, UserError
from callmanager.events import ContributionsChanged, Event
from callmanager.extensions.discovery import Candidate, discover
from callmanager.extensions.host import PluginHost
from callmanager.extensions.permissions import Grant, read_restrictions
from callmanager.extensions.policy import read_policy
from callmanager.extensions.trace import open_trace
from callmanager.http.service import HttpService
from callmanager.logs import Redactor, open_log
from callmanager.model.audio import AudioChoice
from callmanager.model.notices import Severity
from callmanager.model.plugins import PluginState
from callmanager.notices import NoticePost
from callmanager.paths import Paths, find_paths
from callmanager.presence.board import PresenceBoard
from callmanager.presence.parking import ParkingBoard
from callmanager.problems import ProblemBoard
from callmanager.secrets import KeyStore, SecretStore
from callmanager.settings.core_sections import (
    AppearanceSettings,
    AudioSettings,
    ConnectionSettings,
    DialingSettings,
    NetworkSettings,
)
from callmanager.settings.layers import FieldState
from callmanager.settings.service import SettingsService
from callmanager.source_set import Follower, SourceGround
from callmanager.status import CallStatus, EngineStatus, Status, status_json
from callmanager.storage.core_file import core_database
from callmanager.tasks import TaskSupervisor
from callmanager.voicemail.service import VoicemailService

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
    SettingsSection(id="dialing", title="Dialing", model=DialingSettings, icon="keypad", order=15),
    SettingsSection(id="audio", title="Audio", model=AudioSettings, icon="headset", order=20),
    SettingsSection(id="appearance", title="Appearance", model=AppearanceSettings, icon="sun", order=30),
    SettingsSection(id="network", title="Network", model=NetworkSettings, icon="connection", order=40),
)


@attrs.frozen(kw_only=True)
class AppOptions:
    """What the command line decides. `profile` puts every file of ours under one folder, `demo` switches the demo plugin on.

    `audio` stands in for the devices of Settings. `site` is where the administrator's file is looked for, if not at the
    system's place; the command line has no such option, so nobody escapes the policy by it. `look_only` leaves a damaged
    settings file where it is, for programs that only tell what they see. `record` is where the session is written to, masked.
    """

    profile: Path | None = None
    demo: bool = False
    audio: AudioChoice | None = None
    log_level: str = "info"
    site: Path | None = None
    look_only: bool = False
    record: Path | None = None


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
        self.trace = open_trace(bus=self.bus, redactor=self._redactor, clock=clock, record=options.record)
        if self.trace is not None:
            self._undos.append(self.trace.close)
        self.problems = ProblemBoard(self.bus, clock=clock)
        self.notices = NoticePost(bus=self.bus, clock=clock)
        self.secrets = SecretStore(
            profile=self.paths.name, problems=self.problems, redactor=self._redactor, key_store=key_store
        )
        self.settings = SettingsService(
            paths=self.paths,
            bus=self.bus,
            problems=self.problems,
            secrets=self.secrets,
            set_aside_damaged=not options.look_only,
        )
        for section in CORE_SECTIONS:
            self.settings.register(section.id, section.model)
        self.http = HttpService(settings=self.settings, redactor=self._redactor, clock=clock)
        self.tasks = TaskSupervisor(owner="core", problems=self.problems, report_fault=self.report_fault)

        self._driver = EngineDriver(bus=self.bus, problems=self.problems, notices=self.notices, report_fault=self.report_fault)
        table = self.settings.site_table("plugins")
        self.policy, findings = read_policy(table)
        restrictions, more = read_restrictions(table)
        self.settings.note_site("policy", (*findings, *more))
        self.plugins = PluginHost(
            bus=self.bus,
            problems=self.problems,
            settings=self.settings,
            build_context=self._context,
            policy=self.policy,
            seat=EngineSeat(self._driver, in_call=lambda: bool(self.calls.current())),
            restrictions=restrictions,
            demo=options.demo,
        )
        self.plugins.hooks.trace = self.trace
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
        self.database = core_database(self.paths.data, self.problems)
        self._ground = ground = SourceGround(
            bus=self.bus,
            problems=self.problems,
            report_fault=self.report_fault,
            owner_of_settings=self.settings.owner_of,
            clock=clock,
        )
        self.contacts = ContactDirectory(
            ground, hooks=self.plugins.hooks, settings=self.settings, database=self.database, tasks=self.tasks
        )
        self.calls = CallService(
            bus=self.bus,
            store=CallStore(self.bus),
            driver=self._driver,
            accounts=self.accounts,
            hooks=self.plugins.hooks,
            screening=Screening(self.plugins.hooks, EmergencyWatch(self.settings, clock=clock)),
            notices=self.notices,
            contacts=self.contacts,
            clock=clock,
        )
        self.presence = PresenceBoard(ground, collect=self.plugins.hooks.presence_sources)
        self.parking = ParkingBoard(ground, collect=self.plugins.hooks.parking_sources)
        self.voicemail = VoicemailService(ground, collect=self.plugins.hooks.voicemail_stores)
        for handler in (self.accounts, self.audio, self.calls):
            self._driver.add(handler)
        self._engine = engine
        self.accounts.load()
        self.candidates = tuple(discover(self.policy.extra_paths) if candidates is None else candidates)
        self.plugins.load(self.candidates)
        self._review_settings()
        self._undos.append(self.bus.subscribe(ContributionsChanged, lambda _event: self._review_settings(), owner="core"))

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
        self.accounts.open_key_store()
        await self._driver.start()
        if self._messages is not None:
            self._messages.start()
        else:
            self._undos.append(asyncio.get_running_loop().call_later(_WINDOW_FIRST, lambda: self.messages).cancel)
        self.plugins.started()
        for service in self._followers():
            service.start()

    async def stop(self) -> None:
        """Say goodbye, cancel all tasks, stop the engine, undo all plugins, close the log. Idempotent, also without `start`.

        The engine goes before the plugins, so that it can still unregister from an office that a plugin provides.
        """
        if self._stopped:
            return
        self._stopped = True
        self.plugins.stopping()
        for service in self._followers():
            await service.close()
        await self.tasks.close()
        await self._driver.stop()
        if self._messages is not None:
            await self._messages.close()
        left = await self.plugins.stop()
        self.http.close()
        self.database.close()
        self.secrets.close()
        while self._undos:
            self._undos.pop()()
        _log.info("stopped%s", f", except {'; '.join(left)}" if left else "")
        self._close_log()

    def leave(self, code: int) -> int:
        """The way out after `stop`: returns the exit code, or ends the process with it where a plugin has left something
        running that the interpreter would wait for without end."""
        if self._stopped and self.plugins.holds_exit():
            import os
            import sys

            for stream in (sys.stdout, sys.stderr):
                if stream is not None:
                    stream.flush()
            logging.shutdown()
            os._exit(code)
        return code

    def _followers(self) -> tuple[Follower, ...]:
        """The services that live on what plugins provide, in the order in which they start and stop."""
        return (self.contacts, self.presence, self.parking, self.voicemail)

    # ---------------------------------------------------------------------------------------------------------- messages

    @property
    def messages(self) -> MessageService:
        """Messages and conversations; made when they are first asked for, or shortly after the start, so that the window does
        not wait for them."""
        if self._messages is None:
            from callmanager.messaging.mailbox import FILE_NAME, MessageService
            from callmanager.messaging.notation import Notation

            self._messages = MessageService(
                self._ground,
                file=self.paths.data / FILE_NAME,
                hooks=self.plugins.hooks,
                notation=Notation(lambda: self.settings.get(DialingSettings).region),
            )
            if self._stopped:
                self._messages.abandon()
            elif self._started:
                self._messages.start()
        return self._messages

    # ----------------------------------------------------------------------------------------------------- contributions

    def call_actions(self) -> list[Owned[CallAction]]:
        return self.plugins.hooks.call_actions()

    def call_pair_actions(self) -> list[Owned[CallPairAction]]:
        return self.plugins.hooks.call_pair_actions()

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

    def _review_settings(self) -> None:
        """Tell mistakes in the files; sections of plugins that don't run can't be judged."""
        active = PluginState.ACTIVE
        self.settings.review(
            inactive=[candidate.id for candidate in self.candidates if self.plugins.state(candidate.id) is not active]
        )

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
        self.plugins.fault(owner, error, doing=doing)

    def _bus_fault(self, error: Exception, *, event: Event, handler: str, owner: str, published_at: str) -> None:
        doing = f"{handler} for {type(event).__name__} (published at {published_at})"
        if type(event).__name__ == "NoticePosted":  # a notice about it would only fail again
            _log.error("%s failed in %s", owner, doing, exc_info=error, extra={"plugin": owner})
            return
        self.report_fault(error, owner=owner, doing=doing)

    def _context(self, plugin_id: str, grant: Grant) -> PluginContext:
        return PluginContext(
            plugin_id=plugin_id,
            paths=self.paths,
            bus=self.bus,
            calls=self.calls,
            accounts=self.accounts,
            audio=self.audio,
            presence=self.presence,
            parking=self.parking,
            voicemail=self.voicemail,
            contacts=self.contacts,
            messages=lambda: self.messages,
            problems=self.problems,
            settings=self.settings,
            secrets=self.secrets,
            http=self.http,
            report_fault=self.report_fault,
            grant=grant,
        )
