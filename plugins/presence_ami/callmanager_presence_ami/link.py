"""The one connection that presence and parking share, and the memory of a refused login."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Final

from callmanager.api import NotConfigured, Severity, SignInNeeded, Unreachable

from callmanager_presence_ami.naming import Naming, prefix_of
from callmanager_presence_ami.rhythm import Rhythm
from callmanager_presence_ami.session import AmiSession, Place
from callmanager_presence_ami.settings import AmiSettings

if TYPE_CHECKING:
    from callmanager.api import Account, PluginContext

_TLS_PORT: Final = 5039
_PLAIN_PORT: Final = 5038
_PLAIN_PROBLEM: Final = "plain"
_LOOPBACK: Final = ("127.", "localhost", "::1")


class AmiLink:
    """Hands out the session to whoever needs it now: opened for the first, closed after the last. Loop thread only.

    Nothing is retried here, that is the core's business; and where the PBX has refused the credentials it is not asked again
    until they, or the place, are others (`credentials_entered` also counts).
    """

    def __init__(self, ctx: PluginContext, *, rhythm: Rhythm) -> None:
        self._ctx = ctx
        self._rhythm = rhythm
        self._lock = asyncio.Lock()
        self._session: AmiSession | None = None
        self._users: dict[AmiSession, int] = {}
        self._signed_in_with: tuple[Place, str] | None = None
        self._refused: tuple[tuple[Place, str], str] | None = None
        self._attempts = 0
        self._failure: Unreachable | None = None
        self._account_came = asyncio.Event()

    @asynccontextmanager
    async def use(self) -> AsyncIterator[AmiSession]:
        """A session that is signed in. Raises `NotConfigured`, `SignInNeeded`, `Unreachable`."""
        session = await self._join()
        try:
            yield session
        finally:
            self._users[session] -= 1
            if not self._users[session]:
                del self._users[session]
                await self._leave(session)

    def naming(self) -> Naming:
        """Whose names to look for, with the present account and settings."""
        settings, account = self._settings, self._account
        return Naming(
            prefix=prefix_of(account.user) if account is not None else "",
            hint_context=settings.hint_context,
            lots=settings.lots,
            do_not_disturb=settings.do_not_disturb_device,
        )

    def credentials_entered(self) -> None:
        """Somebody typed the secret: ask the PBX again, even if it is the same, because it may have been set right there."""
        self._refused = None

    def account_changed(self) -> None:
        """Another account may mean another PBX, or another tenant of it."""
        self._account_came.set()
        if self._session is not None:
            self._session.drop("the account is another one now; its PBX is asked")

    # ---------------------------------------------------------------------------------------------------------- internal

    @property
    def _settings(self) -> AmiSettings:
        return self._ctx.settings.get(AmiSettings)

    @property
    def _account(self) -> Account | None:
        return self._ctx.accounts.current

    async def _place(self) -> Place:
        """Waits for an account where the PBX is the account's."""
        if not self._settings.user:
            raise NotConfigured("the AMI user is missing; your administrator makes one, enter it in Settings")
        while True:
            settings, account = self._settings, self._account
            host = settings.host or (account.server if account is not None else "")
            if host:
                return Place(
                    host=host,
                    port=settings.port or (_TLS_PORT if settings.encrypted else _PLAIN_PORT),
                    encrypted=settings.encrypted,
                    user=settings.user,
                    ca_file=account.ca_file if account is not None else None,
                )
            self._account_came.clear()
            await self._account_came.wait()

    async def _join(self) -> AmiSession:
        before = self._attempts
        place = await self._place()
        secret = await self._ctx.settings.secret(AmiSettings, "secret")
        if not secret:
            raise SignInNeeded(f"the secret of the AMI user {place.user} is missing; enter it in Settings")
        async with self._lock:
            session = self._session
            if session is None or not session.open or self._signed_in_with != (place, secret):
                if self._attempts != before and self._failure is not None:
                    raise self._failure  # somebody else has just tried
                session = await self._open(place, secret)
            self._users[session] = self._users.get(session, 0) + 1
        return session

    async def _open(self, place: Place, secret: str) -> AmiSession:
        if self._refused is not None and self._refused[0] == (place, secret):
            raise SignInNeeded(self._refused[1])
        self._refused = self._failure = None
        session = AmiSession(place, rhythm=self._rhythm, log=self._ctx.log)
        try:
            await session.sign_in(secret)
        except SignInNeeded as error:
            self._refused = ((place, secret), str(error))
            raise
        except Unreachable as error:
            self._failure = error
            raise
        finally:
            self._attempts += 1
        self._session, self._signed_in_with = session, (place, secret)
        self._ctx.log.info("signed in at %s as %s (%s)", place.words, place.user, session.greeting)
        self._warn(place)
        return session

    async def _leave(self, session: AmiSession) -> None:
        if self._session is session:
            self._session = None
            self._ctx.problems.clear(_PLAIN_PROBLEM)
        await session.close()

    def _warn(self, place: Place) -> None:
        if place.encrypted or place.host.startswith(_LOOPBACK):
            self._ctx.problems.clear(_PLAIN_PROBLEM)
            return
        self._ctx.problems.raise_problem(
            _PLAIN_PROBLEM,
            f"the connection to {place.words} is not encrypted: everybody on the way can see who calls whom",
            hint="Switch on TLS for AMI at the PBX (port 5039), then encryption in Settings.",
            severity=Severity.WARNING,
        )
