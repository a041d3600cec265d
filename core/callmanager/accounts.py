"""The account in use: made from Settings or provided by a plugin, registered, and explained when that fails."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Final

import attrs

from callmanager.clock import Clock, utc_now
from callmanager.engine import commands, facts
from callmanager.errors import SettingsError, UserError
from callmanager.events import AccountChanged, RegistrationChanged, SettingsChanged
from callmanager.explain import evidence, explain_registration
from callmanager.model.accounts import Account, AccountId, Registration, RegistrationState, TurnServer
from callmanager.model.failures import Failure, FailureKind
from callmanager.model.notices import Severity
from callmanager.settings.core_sections import ConnectionSettings

if TYPE_CHECKING:
    from callmanager.bus import EventBus, Unsubscribe
    from callmanager.engine.driver import EngineDriver
    from callmanager.problems import ProblemBoard
    from callmanager.protocols import Tasks
    from callmanager.settings.service import SettingsService

_log = logging.getLogger(__name__)

MAIN: Final = AccountId("main")
REGISTRATION_PROBLEM: Final = "registration"
PASSWORD_PROBLEM: Final = "password-needed"  # noqa: S105 - the problem's id
_WITH_TASKS: Final = "connecting"


@attrs.frozen(kw_only=True, eq=False)
class _Provided:
    account: Account
    password: str = attrs.field(repr=False)


class AccountService:
    """Which account is used and where its registration stands (protocol `Accounts`). Loop thread only.

    The account of Settings has the id `main`. One that a plugin provides stands in for it until it is taken back. After a
    restart of the engine the account in use is registered again. Nothing is retried here: the engine does that, and only
    where trying again can help.
    """

    def __init__(
        self,
        *,
        bus: EventBus,
        driver: EngineDriver,
        settings: SettingsService,
        problems: ProblemBoard,
        tasks: Tasks,
        clock: Clock = utc_now,
    ) -> None:
        self._bus = bus
        self._driver = driver
        self._settings = settings
        self._problems = problems
        self._tasks = tasks
        self._clock = clock
        self._provided: list[_Provided] = []
        self._current: Account | None = None
        self._registration: Registration | None = None
        self._wanted = False
        self._attempt = 0
        bus.subscribe(SettingsChanged, self._settings_changed)

    # ------------------------------------------------------------------------------------------------------------ public

    @property
    def current(self) -> Account | None:
        return self._current

    @property
    def registration(self) -> Registration | None:
        return self._registration

    def provide(self, account: Account, password: str) -> Unsubscribe:
        provided = _Provided(account=account, password=password)
        self._provided.append(provided)
        self._use(account)
        self._register_now()

        def undo() -> None:
            if provided not in self._provided:
                return
            self._provided.remove(provided)
            if self._current == account:
                self._driver.submit(commands.Unregister(account_id=account.id))
                self._use(self._provided[-1].account if self._provided else self._from_settings())
                if self._provided or self._wanted:
                    self._register_now()

        return undo

    def connect(self) -> None:
        """Raises `UserError` when something is missing, or when the choice can't be saved."""
        missing = _missing(self._settings.get(ConnectionSettings))
        if missing and not self._provided:
            raise UserError(f"{' and '.join(missing)} {'is' if len(missing) == 1 else 'are'} missing", "Enter it in Settings.")
        self._remember(stay_connected=True)
        self._wanted = True
        if not self._provided:
            self._use(self._from_settings())
        self._register_now()

    def disconnect(self) -> None:
        """Raises `UserError` when the choice can't be saved."""
        self._wanted = False
        self._attempt += 1
        self._problems.clear(REGISTRATION_PROBLEM)
        self._problems.clear(PASSWORD_PROBLEM)
        if self._current is not None and not self._driver.submit(commands.Unregister(account_id=self._current.id)):
            self._note(RegistrationState.OFFLINE)
        self._remember(stay_connected=False)

    def load(self) -> None:
        """Take the account of Settings, without registering it yet; called once, before the loop runs."""
        settings = self._settings.get(ConnectionSettings)
        self._wanted = settings.stay_connected
        if not self._provided:
            self._use(self._from_settings())

    def open_key_store(self) -> None:
        """Have the key store loaded and unlocked while the engine is still starting; called once, when the loop runs.

        That takes longer than an answer, so the answer is dropped here and asked for again when it is needed.
        """
        if self._provided or not self._wanted or self._current is None:
            return

        async def ask() -> None:
            await self._settings.secret(ConnectionSettings, "password")

        self._tasks.start(ask(), name="opening the key store")

    def apply(self, fact: facts.Fact) -> None:
        """Follow one fact."""
        match fact:
            case facts.EngineStarted():
                if self._provided or (self._wanted and self._current is not None):
                    self._register_now()
            case facts.EngineStopped():
                self._engine_stopped(fact)
            case facts.RegistrationReported():
                self._reported(fact.registration)
            case facts.CommandRefused() if fact.account_id is not None and fact.call_id is None:
                if self._current is not None and fact.account_id == self._current.id:
                    self._note(RegistrationState.FAILED, fact.failure)

    # ---------------------------------------------------------------------------------------------------------- internal

    def _register_now(self) -> None:
        """Order the registration of the account in use, as soon as its password is known and the engine runs."""
        self._attempt += 1
        account = self._current
        if account is None or not self._driver.running:
            return
        if self._registration is None or self._registration.state is not RegistrationState.REGISTERED:
            self._note(RegistrationState.CONNECTING)  # the key store may take its time
        if self._provided:
            self._driver.submit(commands.Register(account=account, password=self._provided[-1].password))
            return
        self._tasks.start(self._register_from_settings(account, self._attempt), name=_WITH_TASKS)

    async def _register_from_settings(self, account: Account, attempt: int) -> None:
        password = await self._settings.secret(ConnectionSettings, "password")
        if attempt == self._attempt and not password:
            self._note(RegistrationState.OFFLINE)
            self._problems.raise_problem(
                PASSWORD_PROBLEM,
                "The password of this extension is needed.",
                hint="Enter it in Settings.",
                severity=Severity.WARNING,
            )
            return
        if account.turn_servers:
            turn_password = await self._settings.secret(ConnectionSettings, "turn_password") or ""
            account = attrs.evolve(
                account, turn_servers=tuple(attrs.evolve(server, password=turn_password) for server in account.turn_servers)
            )
        if attempt != self._attempt or not password:
            return  # another connect or disconnect came in between
        self._problems.clear(PASSWORD_PROBLEM)
        self._driver.submit(commands.Register(account=account, password=password))

    def _reported(self, registration: Registration) -> None:
        if self._current is None or registration.account_id != self._current.id:
            return
        before, self._registration = self._registration, registration
        if before != registration:
            self._bus.publish(RegistrationChanged(before=before, after=registration))
        if registration.state in {RegistrationState.REGISTERED, RegistrationState.OFFLINE}:
            self._problems.clear(REGISTRATION_PROBLEM)
        elif registration.failure is not None and registration.failure.kind is not FailureKind.ENGINE:
            words = explain_registration(registration.failure)
            self._problems.raise_problem(
                REGISTRATION_PROBLEM, words.text, hint=words.hint, details=evidence(registration.failure)
            )

    def _engine_stopped(self, fact: facts.EngineStopped) -> None:
        if self._registration is None:
            return
        if fact.expected:
            self._note(RegistrationState.OFFLINE)
            return
        state = RegistrationState.RETRYING if fact.restarting else RegistrationState.FAILED
        self._note(state, Failure(kind=FailureKind.ENGINE, detail=fact.detail))

    def _note(self, state: RegistrationState, failure: Failure | None = None) -> None:
        if self._current is not None:
            self._reported(Registration(account_id=self._current.id, state=state, failure=failure, since=self._clock()))

    def _use(self, account: Account | None) -> None:
        if account == self._current:
            return
        before, self._current = self._current, account
        self._bus.publish(AccountChanged(before=before, after=account))
        if account is None or before is None or before.id != account.id:
            registration, self._registration = self._registration, None
            self._problems.clear(REGISTRATION_PROBLEM)
            if registration is not None:
                self._bus.publish(RegistrationChanged(before=registration, after=None))

    def _settings_changed(self, event: SettingsChanged) -> None:
        """New connection settings count from the next connect on; what is shown while offline follows at once."""
        if event.section_id != "connection" or self._provided:
            return
        if self._registration is None or self._registration.state in {RegistrationState.OFFLINE, RegistrationState.FAILED}:
            self._use(self._from_settings())

    def _from_settings(self) -> Account | None:
        settings = self._settings.get(ConnectionSettings)
        if _missing(settings):
            return None
        return Account(
            id=MAIN,
            extension=settings.extension,
            server=settings.server,
            port=settings.port,
            transport=settings.transport,
            display_name=settings.display_name,
            sip_user=settings.sip_user,
            auth_user=settings.auth_user,
            websocket_path=settings.websocket_path,
            stun_servers=settings.stun_servers,
            turn_servers=tuple(TurnServer(url=url, username=settings.turn_user) for url in settings.turn_servers),
            ca_file=settings.ca_file,
        )

    def _remember(self, *, stay_connected: bool) -> None:
        if self._provided or self._settings.get(ConnectionSettings).stay_connected == stay_connected:
            return
        if self._settings.state(ConnectionSettings, "stay_connected").locked:
            return
        try:
            self._settings.update(ConnectionSettings, stay_connected=stay_connected)
        except SettingsError as error:
            raise UserError("the settings can't be saved", "; ".join(error.complaints)) from error


def _missing(settings: ConnectionSettings) -> list[str]:
    wanted = {"the server address": settings.server, "the extension": settings.extension}
    return [name for name, value in wanted.items() if not value]
