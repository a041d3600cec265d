"""The core's services as one plugin sees them: bounded by its permissions, undone with it, closed when it is switched off."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final, TypeVar

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
    ParkedCallChanged,
    ParkingChanged,
    PresenceChanged,
)
from callmanager.model.permissions import Permission
from callmanager.settings.service import OwnedSettings as OwnSettings

if TYPE_CHECKING:
    from callmanager.bus import EventBus, Unsubscribe
    from callmanager.extensions.permissions import Grant
    from callmanager.model.accounts import Account, Registration
    from callmanager.model.audio import AudioDevice
    from callmanager.model.calls import Call, CallId, CallRequest, ParkedIn, TransferState
    from callmanager.protocols import Accounts, Audio, Calls
    from callmanager.secrets import SecretStore
    from callmanager.settings.service import SettingsService

E = TypeVar("E", bound=Event)
M = TypeVar("M")

_TELLING: Final[Mapping[type[Event], Permission]] = {
    CallAdded: Permission.CALL_INFORMATION,
    CallChanged: Permission.CALL_INFORMATION,
    CallRemoved: Permission.CALL_INFORMATION,
    CallScreened: Permission.CALL_INFORMATION,
    ParkedCallChanged: Permission.CALL_INFORMATION,
    DigitWasSent: Permission.CALL_INFORMATION,
    PresenceChanged: Permission.PRESENCE,
    ParkingChanged: Permission.PRESENCE,
    MessageAdded: Permission.MESSAGES,
    MessageChanged: Permission.MESSAGES,
    MailboxChanged: Permission.VOICEMAIL,
}
"""Events that tell what needs a permission; the others tell nothing of people."""


class OwnedEvents:
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


class OwnedCalls:
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

    def redirect(self, call_id: CallId, target: str, *, name: str = "") -> None:
        self._command().redirect(call_id, target, name=name)

    def hang_up(self, call_id: CallId) -> None:
        self._command().hang_up(call_id)

    def set_held(self, call_id: CallId, *, held: bool) -> None:
        self._command().set_held(call_id, held=held)

    def set_muted(self, call_id: CallId, *, muted: bool) -> None:
        self._command().set_muted(call_id, muted=muted)

    def send_digits(self, call_id: CallId, digits: str) -> None:
        self._command().send_digits(call_id, digits)

    def transfer(self, call_id: CallId, target: str) -> None:
        self._command().transfer(call_id, target)

    def transfer_to(self, call_id: CallId, other_id: CallId) -> None:
        self._command().transfer_to(call_id, other_id)

    def hand_over(self, call_id: CallId, target: str, *, name: str = "") -> None:
        self._command().hand_over(call_id, target, name=name)

    def show_transfer(self, call_id: CallId, transfer: TransferState | None) -> None:
        self._command().show_transfer(call_id, transfer)

    def show_parked(self, call_id: CallId, parked: ParkedIn | None) -> None:
        self._command().show_parked(call_id, parked)

    def confer(self, call_ids: Sequence[CallId]) -> None:
        self._command().confer(call_ids)

    def split(self, *, keep: CallId) -> None:
        self._command().split(keep=keep)

    def _command(self) -> Calls:
        self._grant.require(Permission.CALL_CONTROL)
        return self._calls


class OwnedAccounts:
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


class OwnedAudio:
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


class OwnedSecrets:
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


class OwnedSettings:
    """Settings as one plugin sees them (protocol `Settings`); its own secret fields lie in the key store."""

    def __init__(self, service: SettingsService, owner: str, grant: Grant) -> None:
        self._view = OwnSettings(service=service, owner=owner)
        self._grant = grant

    def get(self, model: type[M]) -> M:
        return self._view.get(model)

    def update(self, model: type[M], **changes: object) -> M:
        self._grant.alive()
        return self._view.update(model, **changes)

    async def secret(self, model: type[Any], field: str) -> str | None:
        self._grant.require(Permission.SECRETS)
        return await self._view.secret(model, field)
