"""The one object a plugin is built with; it remembers all that the plugin started or registered through it, and undoes it."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from callmanager.logs import plugin_logger
from callmanager.model.permissions import Permission
from callmanager.notices import NoticePost
from callmanager.owned import OwnedAccounts, OwnedAudio, OwnedCalls, OwnedEvents, OwnedSecrets, OwnedSettings
from callmanager.problems import OwnedProblems
from callmanager.settings.core_sections import ConnectionSettings
from callmanager.tasks import LONGEST_WAIT, FaultReport, TaskSupervisor

if TYPE_CHECKING:
    import asyncio

    from callmanager.bus import EventBus, Unsubscribe
    from callmanager.extensions.permissions import Grant
    from callmanager.http.client import PluginHttp
    from callmanager.http.service import HttpService
    from callmanager.model.permissions import Permissions
    from callmanager.paths import Paths
    from callmanager.problems import ProblemBoard
    from callmanager.protocols import Accounts, Audio, Calls, Contacts, Messages, Parking, Presences, Voicemails
    from callmanager.secrets import SecretStore
    from callmanager.settings.service import SettingsService
    from callmanager.storage.database import Database
    from callmanager.storage.migrations import Migration


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
        presence: Presences,
        parking: Parking,
        voicemail: Voicemails,
        contacts: Contacts,
        messages: Callable[[], Messages],
        problems: ProblemBoard,
        settings: SettingsService,
        secrets: SecretStore,
        http: HttpService,
        report_fault: FaultReport,
        grant: Grant,
    ) -> None:
        self._grant = grant
        self._plugin_id = plugin_id
        self._paths = paths
        self._board = problems
        self._database: Database | None = None
        self._undos: list[Callable[[], None]] = []
        self._log = plugin_logger(plugin_id)
        self._events = OwnedEvents(bus, plugin_id, self._keep, grant)
        self._calls = OwnedCalls(calls, grant)
        self._accounts = OwnedAccounts(accounts, self._keep, grant)
        self._audio = OwnedAudio(audio, self._keep, grant)
        self._presence = presence
        self._parking = parking
        self._voicemail = voicemail
        self._contacts = contacts
        self._messages = messages
        self._notices = NoticePost(bus=bus, owner=plugin_id)
        self._problems = OwnedProblems(problems, plugin_id)
        self._tasks = TaskSupervisor(owner=plugin_id, problems=self._problems, report_fault=report_fault)
        self._secrets = OwnedSecrets(secrets, plugin_id, grant)
        self._settings = OwnedSettings(settings, plugin_id, grant)
        self._http_service = http
        self._http: PluginHttp | None = None

    @property
    def plugin_id(self) -> str:
        return self._plugin_id

    @property
    def log(self) -> logging.LoggerAdapter[logging.Logger]:
        return self._log

    @property
    def events(self) -> OwnedEvents:
        return self._events

    @property
    def permissions(self) -> Permissions:
        """What it may do: declared by its author, less what the administrator took away."""
        return self._grant.granted

    @property
    def calls(self) -> OwnedCalls:
        return self._calls

    @property
    def accounts(self) -> OwnedAccounts:
        return self._accounts

    @property
    def audio(self) -> OwnedAudio:
        return self._audio

    @property
    def presence(self) -> Presences:
        self._grant.require(Permission.PRESENCE)
        return self._presence

    @property
    def parking(self) -> Parking:
        self._grant.require(Permission.PRESENCE)
        return self._parking

    @property
    def voicemail(self) -> Voicemails:
        self._grant.require(Permission.VOICEMAIL)
        return self._voicemail

    @property
    def contacts(self) -> Contacts:
        self._grant.require(Permission.CONTACTS)
        return self._contacts

    @property
    def messages(self) -> Messages:
        self._grant.require(Permission.MESSAGES)
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
    def http(self) -> PluginHttp:
        self._grant.require(Permission.NETWORK)
        if self._http is None:

            def hosts() -> tuple[str, ...] | None:
                return self._grant.granted.hosts(pbx=self._settings.get(ConnectionSettings).server)

            self._http = self._http_service.client(self._plugin_id, allowed_hosts=hosts)
        return self._http

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
            self._grant.alive()
            file = self._paths.plugin_data(self._plugin_id) / "plugin.sqlite3"
            self._database = Database(file, migrations, owner=self._plugin_id, problems=self._board)
        return self._database

    def on_deactivate(self, undo: Callable[[], None]) -> None:
        self._undos.append(undo)

    def undo(self) -> None:
        """Undo all registrations, the last one first, each contained; tasks are cancelled and end on their own."""
        self._grant.end()
        self.cancel()
        while self._undos:
            undo = self._undos.pop()
            try:
                undo()
            except Exception:  # noqa: BLE001 - the other undos must still run
                self._log.exception("undoing a registration failed")

    def cancel(self) -> None:
        """Ask all tasks to end, without waiting."""
        self._tasks.cancel()

    async def close(self, *, wait_seconds: float = LONGEST_WAIT) -> tuple[asyncio.Task[None], ...]:
        """Cancel the tasks and wait for them, then undo all registrations and close connections and database.

        Returns the tasks that did not end within the time; they are left behind.
        """
        stubborn = await self._tasks.close(wait_seconds=wait_seconds)
        self.undo()
        if self._http is not None:
            await self._http.close()
        if self._database is not None:
            self._database.close()
        return stubborn

    def _keep(self, undo: Callable[[], None]) -> Unsubscribe:
        """Remember the undo; the returned one also forgets it, so that a long-lived plugin does not pile them up."""
        self._undos.append(undo)

        def once() -> None:
            if undo in self._undos:
                self._undos.remove(undo)
            undo()

        return once
