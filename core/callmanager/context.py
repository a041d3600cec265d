"""The one object a plugin is built with; it remembers all that the plugin started or registered through it, and undoes it."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from callmanager.logs import plugin_logger
from callmanager.notices import NoticePost
from callmanager.problems import OwnedProblems
from callmanager.settings.service import OwnedSettings
from callmanager.tasks import FaultReport, TaskSupervisor

if TYPE_CHECKING:
    from callmanager.bus import EventBus, Unsubscribe
    from callmanager.events import Event
    from callmanager.model.accounts import Account, Registration
    from callmanager.model.audio import AudioDevice
    from callmanager.paths import Paths
    from callmanager.problems import ProblemBoard
    from callmanager.protocols import Accounts, Audio, Calls, Messages
    from callmanager.secrets import OwnedSecrets, SecretStore
    from callmanager.settings.service import SettingsService
    from callmanager.storage.database import Database
    from callmanager.storage.migrations import Migration

E = TypeVar("E", bound="Event")


class _OwnedEvents:
    """The bus as one plugin sees it (protocol `Events`)."""

    def __init__(self, bus: EventBus, owner: str, keep: Callable[[Callable[[], None]], Unsubscribe]) -> None:
        self._bus = bus
        self._owner = owner
        self._keep = keep

    def subscribe(self, event_type: type[E], handler: Callable[[E], None]) -> Unsubscribe:
        return self._keep(self._bus.subscribe(event_type, handler, owner=self._owner))

    def publish(self, event: Event) -> None:
        self._bus.publish(event)


class _OwnedAccounts:
    """Accounts as one plugin sees them (protocol `Accounts`): what it provides goes with it."""

    def __init__(self, accounts: Accounts, keep: Callable[[Callable[[], None]], Unsubscribe]) -> None:
        self._accounts = accounts
        self._keep = keep

    @property
    def current(self) -> Account | None:
        return self._accounts.current

    @property
    def registration(self) -> Registration | None:
        return self._accounts.registration

    def provide(self, account: Account, password: str) -> Unsubscribe:
        return self._keep(self._accounts.provide(account, password))

    def connect(self) -> None:
        self._accounts.connect()

    def disconnect(self) -> None:
        self._accounts.disconnect()


class _OwnedAudio:
    """Audio as one plugin sees it (protocol `Audio`): its watching goes with it."""

    def __init__(self, audio: Audio, keep: Callable[[Callable[[], None]], Unsubscribe]) -> None:
        self._audio = audio
        self._keep = keep

    @property
    def devices(self) -> tuple[AudioDevice, ...]:
        return self._audio.devices

    def watch(self) -> Unsubscribe:
        return self._keep(self._audio.watch())

    def preview_ringtone(self) -> None:
        self._audio.preview_ringtone()


class PluginContext:
    """What the host builds a plugin with (protocol `Context`)."""

    def __init__(
        self,
        *,
        plugin_id: str,
        paths: Paths,
        bus: EventBus,
        calls: Calls,
        accounts: Accounts,
        audio: Audio,
        messages: Callable[[], Messages],
        problems: ProblemBoard,
        settings: SettingsService,
        secrets: SecretStore,
        report_fault: FaultReport,
    ) -> None:
        self._plugin_id = plugin_id
        self._paths = paths
        self._board = problems
        self._database: Database | None = None
        self._undos: list[Callable[[], None]] = []
        self._log = plugin_logger(plugin_id)
        self._events = _OwnedEvents(bus, plugin_id, self._keep)
        self._calls = calls
        self._accounts = _OwnedAccounts(accounts, self._keep)
        self._audio = _OwnedAudio(audio, self._keep)
        self._messages = messages
        self._notices = NoticePost(bus=bus, owner=plugin_id)
        self._problems = OwnedProblems(problems, plugin_id)
        self._tasks = TaskSupervisor(owner=plugin_id, problems=self._problems, report_fault=report_fault)
        self._secrets = secrets.view(plugin_id)
        self._settings = OwnedSettings(service=settings, owner=plugin_id)

    @property
    def plugin_id(self) -> str:
        return self._plugin_id

    @property
    def log(self) -> logging.LoggerAdapter[logging.Logger]:
        return self._log

    @property
    def events(self) -> _OwnedEvents:
        return self._events

    @property
    def calls(self) -> Calls:
        return self._calls

    @property
    def accounts(self) -> _OwnedAccounts:
        return self._accounts

    @property
    def audio(self) -> _OwnedAudio:
        return self._audio

    @property
    def messages(self) -> Messages:
        return self._messages()

    @property
    def notices(self) -> NoticePost:
        return self._notices

    @property
    def problems(self) -> OwnedProblems:
        return self._problems

    @property
    def tasks(self) -> TaskSupervisor:
        return self._tasks

    @property
    def secrets(self) -> OwnedSecrets:
        return self._secrets

    @property
    def settings(self) -> OwnedSettings:
        return self._settings

    @property
    def data_directory(self) -> Path:
        folder = self._paths.plugin_data(self._plugin_id)
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        return folder

    def database(self, migrations: Sequence[Migration]) -> Database:
        from callmanager.storage.database import Database

        if self._database is None:
            file = self._paths.plugin_data(self._plugin_id) / "plugin.sqlite3"
            self._database = Database(file, migrations, owner=self._plugin_id, problems=self._board)
        return self._database

    def on_deactivate(self, undo: Callable[[], None]) -> None:
        self._undos.append(undo)

    def undo(self) -> None:
        """Undo all registrations, the last one first, each contained; tasks are cancelled and end on their own."""
        self._tasks.cancel()
        while self._undos:
            undo = self._undos.pop()
            try:
                undo()
            except Exception:  # noqa: BLE001 - the other undos must still run
                self._log.exception("undoing a registration failed")

    async def close(self) -> None:
        """Cancel the tasks and wait for them, then undo all registrations and close the database."""
        await self._tasks.close()
        self.undo()
        if self._database is not None:
            self._database.close()

    def _keep(self, undo: Callable[[], None]) -> Unsubscribe:
        """Remember the undo; the returned one also forgets it, so that a long-lived plugin does not pile them up."""
        self._undos.append(undo)

        def once() -> None:
            if undo in self._undos:
                self._undos.remove(undo)
            undo()

        return once
