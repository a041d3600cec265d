"""The one object a plugin is built with; it remembers all that the plugin started or registered through it, and undoes it."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final, TypeVar

from callmanager.events import (
    CallAdded,
    CallChanged,
    CallRemoved,
    CallScreened,
    DigitWasSent,
    Event,
    MailboxChanged,
    MessageAdded,
    MessageChanged,
    ParkingChanged,
    PresenceChanged,
)
from callmanager.logs import plugin_logger
from callmanager.model.permissions import Permission
from callmanager.notices import NoticePost
from callmanager.problems import OwnedProblems
from callmanager.settings.service import OwnedSettings
from callmanager.tasks import LONGEST_WAIT, FaultReport, TaskSupervisor

if TYPE_CHECKING:
    import asyncio

    from callmanager.bus import EventBus, Unsubscribe
    from callmanager.extensions.permissions import Grant
    from callmanager.model.accounts import Account, Registration
    from callmanager.model.audio import AudioDevice
    from callmanager.model.calls import Call, CallId, CallRequest
    from callmanager.model.permissions import Permissions
    from callmanager.paths import Paths
    from callmanager.problems import ProblemBoard
    from callmanager.protocols import Accounts, Audio, Calls
    from callmanager.secrets import SecretStore
    from callmanager.settings.service import SettingsService
    from callmanager.storage.database import Database
    from callmanager.storage.migrations import Migration

E = TypeVar("E", bound=Event)


_TELLING: Final[Mapping[type[Event], Permission]] = {
    CallAdded: Permission.CALL_INFORMATION,
    CallChanged: Permission.CALL_INFORMATION,
    CallRemoved: Permission.CALL_INFORMATION,
    CallScreened: Permission.CALL_INFORMATION,
    DigitWasSent: Permission.CALL_INFORMATION,
    PresenceChanged: Permission.PRESENCE,
    ParkingChanged: Permission.PRESENCE,
    MessageAdded: Permission.MESSAGES,
    MessageChanged: Permission.MESSAGES,
    MailboxChanged: Permission.VOICEMAIL,
}
"""Events that tell what needs a permission; the others tell nothing of people."""


class _OwnedEvents:
    """The bus as one plugin sees it (protocol `Events`)."""

    def __init__(self, bus: EventBus, owner: str, keep: Callable[[Callable[[], None]], Unsubscribe], grant: Grant) -> None:
        self._bus = bus
        self._owner = owner
        self._keep = keep
        self._grant = grant

    def subscribe(self, event_type: type[E], handler: Callable[[E], None]) -> Unsubscribe:
        self._grant.alive()
        needed = _TELLING.get(event_type)
        if needed is not None:
            self._grant.require(needed)
        return self._keep(self._bus.subscribe(event_type, handler, owner=self._owner))

    def publish(self, event: Event) -> None:
        self._grant.alive()
        self._bus.publish(event)


class _OwnedCalls:
    """Calls as one plugin sees them (protocol `Calls`)."""

    def __init__(self, calls: Calls, grant: Grant) -> None:
        self._calls = calls
        self._grant = grant

    def current(self) -> tuple[Call, ...]:
        self._grant.require(Permission.CALL_INFORMATION)
        return self._calls.current()

    def get(self, call_id: CallId) -> Call | None:
        self._grant.require(Permission.CALL_INFORMATION)
        return self._calls.get(call_id)

    def dial(self, request: CallRequest | str) -> CallId:
        return self._command().dial(request)

    def answer(self, call_id: CallId) -> None:
        self._command().answer(call_id)

    def reject(self, call_id: CallId, *, status: int = 486) -> None:
        self._command().reject(call_id, status=status)

    def hang_up(self, call_id: CallId) -> None:
        self._command().hang_up(call_id)

    def set_held(self, call_id: CallId, *, held: bool) -> None:
        self._command().set_held(call_id, held=held)

    def set_muted(self, call_id: CallId, *, muted: bool) -> None:
        self._command().set_muted(call_id, muted=muted)

    def send_digits(self, call_id: CallId, digits: str) -> None:
        self._command().send_digits(call_id, digits)

    def _command(self) -> Calls:
        self._grant.require(Permission.CALL_CONTROL)
        return self._calls


class _OwnedAccounts:
    """Accounts as one plugin sees them (protocol `Accounts`): what it provides goes with it."""

    def __init__(self, accounts: Accounts, keep: Callable[[Callable[[], None]], Unsubscribe], grant: Grant) -> None:
        self._accounts = accounts
        self._keep = keep
        self._grant = grant

    @property
    def current(self) -> Account | None:
        return self._accounts.current

    @property
    def registration(self) -> Registration | None:
        return self._accounts.registration

    def provide(self, account: Account, password: str) -> Unsubscribe:
        self._grant.require(Permission.ACCOUNT)
        return self._keep(self._accounts.provide(account, password))

    def connect(self) -> None:
        self._grant.require(Permission.ACCOUNT)
        self._accounts.connect()

    def disconnect(self) -> None:
        self._grant.require(Permission.ACCOUNT)
        self._accounts.disconnect()


class _OwnedAudio:
    """Audio as one plugin sees it (protocol `Audio`): its watching goes with it."""

    def __init__(self, audio: Audio, keep: Callable[[Callable[[], None]], Unsubscribe], grant: Grant) -> None:
        self._audio = audio
        self._keep = keep
        self._grant = grant

    @property
    def devices(self) -> tuple[AudioDevice, ...]:
        return self._audio.devices

    def watch(self) -> Unsubscribe:
        self._grant.alive()
        return self._keep(self._audio.watch())

    def preview_ringtone(self) -> None:
        self._grant.alive()
        self._audio.preview_ringtone()


class _OwnedSecrets:
    """The plugin's name space of the key store (protocol `Secrets`)."""

    def __init__(self, store: SecretStore, owner: str, grant: Grant) -> None:
        self._view = store.view(owner)
        self._grant = grant

    async def get(self, name: str) -> str | None:
        self._grant.require(Permission.SECRETS)
        return await self._view.get(name)

    async def set(self, name: str, value: str) -> None:
        self._grant.require(Permission.SECRETS)
        await self._view.set(name, value)

    async def delete(self, name: str) -> None:
        self._grant.require(Permission.SECRETS)
        await self._view.delete(name)


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
        problems: ProblemBoard,
        settings: SettingsService,
        secrets: SecretStore,
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
        self._events = _OwnedEvents(bus, plugin_id, self._keep, grant)
        self._calls = _OwnedCalls(calls, grant)
        self._accounts = _OwnedAccounts(accounts, self._keep, grant)
        self._audio = _OwnedAudio(audio, self._keep, grant)
        self._notices = NoticePost(bus=bus, owner=plugin_id)
        self._problems = OwnedProblems(problems, plugin_id)
        self._tasks = TaskSupervisor(owner=plugin_id, problems=self._problems, report_fault=report_fault)
        self._secrets = _OwnedSecrets(secrets, plugin_id, grant)
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
    def permissions(self) -> Permissions:
        """What it may do: declared by its author, less what the administrator took away."""
        return self._grant.granted

    @property
    def calls(self) -> _OwnedCalls:
        return self._calls

    @property
    def accounts(self) -> _OwnedAccounts:
        return self._accounts

    @property
    def audio(self) -> _OwnedAudio:
        return self._audio

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
    def secrets(self) -> _OwnedSecrets:
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
        """Cancel the tasks and wait for them, then undo all registrations and close the database.

        Returns the tasks that did not end within the time; they are left behind.
        """
        stubborn = await self._tasks.close(wait_seconds=wait_seconds)
        self.undo()
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
