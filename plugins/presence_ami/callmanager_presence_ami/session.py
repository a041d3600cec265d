"""One signed-in connection to the manager interface: opened, watched, and ended in words."""

from __future__ import annotations

import asyncio
import hashlib
import logging
import socket
import ssl
from collections.abc import Callable
from pathlib import Path
from typing import Final

import attrs
from callmanager.api import CertificateRefused, SignInNeeded, Unreachable, client_context, plain

from callmanager_presence_ami.client import ActionRefused, AmiClient
from callmanager_presence_ami.fields import Headers, text
from callmanager_presence_ami.rhythm import Rhythm

_CA_PLACE: Final = "Settings, Connection"
_UNCERTAIN_PAUSE: Final = 300.0
"""VitalPBX bans an address after three failed logins in ten minutes: a login without an answer may have been one."""
_CLASSES: Final = "call"
"""Hints, device states and parking are all of this class; nothing else is asked for."""


@attrs.frozen(kw_only=True)
class Place:
    """Where to sign in, and as whom."""

    host: str
    port: int
    encrypted: bool
    user: str
    ca_file: Path | None = None

    @property
    def words(self) -> str:
        return f"{self.host}:{self.port}"


class AmiSession:
    """Signed in until `lost`. Loop thread only; several may use it."""

    def __init__(self, place: Place, *, rhythm: Rhythm, log: logging.LoggerAdapter[logging.Logger]) -> None:
        self.place = place
        self._rhythm = rhythm
        self._loop = asyncio.get_running_loop()
        self._lost: asyncio.Future[None] = self._loop.create_future()
        self._client = AmiClient(lost=self._end, log=log)
        self._timer: asyncio.TimerHandle | None = None
        self.greeting = ""

    @property
    def open(self) -> bool:
        return not self._lost.done()

    async def sign_in(self, secret: str) -> None:
        """Connect and log in with MD5 challenge and response; from then on the link is watched.

        Raises `Unreachable` (among them `CertificateRefused`), and `SignInNeeded` when the PBX said no.
        """
        try:
            await self._connect()
            await self._log_in(secret)
        except BaseException:
            await self.close()
            raise
        self._timer = self._loop.call_later(self._rhythm.ping, self._ping)

    async def ask(self, action: str, **fields: str) -> Headers:
        """The answer to an action. Raises `ActionRefused` with the PBX's words, `Unreachable`."""
        request = self._client.request(action, fields)
        try:
            async with asyncio.timeout(self._rhythm.answer):
                return await request.future  # type: ignore[no-any-return] # panoramisk has no types
        except TimeoutError:
            raise Unreachable(f"the PBX does not answer the action {action}") from None

    async def rows(self, action: str, take: Callable[[Headers], None], *, most: int) -> int:
        """Ask for a list: each row is given to `take` as it comes, in order with the events. Returns how many the PBX has, of
        which no more than `most` were given. Raises as `ask`."""
        request = self._client.request(action, {}, row=take, most=most)
        try:
            async with asyncio.timeout(self._rhythm.listing):
                await request.future
        except TimeoutError:
            raise Unreachable(f"the PBX does not finish its answer to the action {action}") from None
        return request.rows

    def follow(self, event: str, handler: Callable[[Headers], None]) -> Callable[[], None]:
        """Call `handler` with every event of this name; returns the undo."""
        return self._client.follow(event, handler)

    async def wait_lost(self) -> None:
        """Returns never; raises `Unreachable` when the session has ended."""
        await asyncio.shield(self._lost)

    def drop(self, reason: str) -> None:
        """End it now; whoever waits gets `Unreachable`."""
        self._end(Unreachable(reason))

    async def close(self) -> None:
        """Say goodbye and end; returns when the socket is closed. Idempotent."""
        if self.open and self._client.open:
            self._client.request("Logoff", {})
        self._end(Unreachable("the session was closed"))
        await self._client.wait_closed(within=self._rhythm.close)

    # ---------------------------------------------------------------------------------------------------------- internal

    async def _connect(self) -> None:
        place = self.place
        context = await asyncio.to_thread(client_context, place.ca_file, chosen_in=_CA_PLACE) if place.encrypted else None
        try:
            async with asyncio.timeout(self._rhythm.connect):
                await self._loop.create_connection(
                    self._client.new_protocol,
                    place.host,
                    place.port,
                    ssl=context,
                    server_hostname=place.host if context is not None else None,
                    ssl_shutdown_timeout=self._rhythm.close if context is not None else None,
                )
                self.greeting = await self._client.greeting()
        except TimeoutError:
            raise Unreachable(self._silent()) from None
        except OSError as error:
            raise self._explained(error) from error

    async def _log_in(self, secret: str) -> None:
        user = self.place.user
        try:
            answer = await self.ask("Challenge", AuthType="MD5")
            challenge = text(answer, "Challenge")
            key = hashlib.md5(f"{challenge}{secret}".encode(), usedforsecurity=False).hexdigest()
        except ActionRefused as error:
            raise Unreachable(f"the PBX does not offer a login by MD5 challenge: {error}") from error
        try:
            await self.ask("Login", AuthType="MD5", Username=user, Key=key, Events=_CLASSES)
        except ActionRefused as error:
            raise SignInNeeded(
                f"the PBX refused the AMI user {user} ({error}); check name and secret, and that the PBX permits this "
                "computer's address; it is not tried again, because a PBX bans who fails often"
            ) from error
        except Unreachable as error:
            raise Unreachable(
                f"the PBX did not say whether the AMI user {user} may sign in: {error}", retry_after=_UNCERTAIN_PAUSE
            ) from error

    def _ping(self) -> None:
        sent = self._loop.time()
        try:
            self._client.request("Ping", {})
        except Unreachable:
            return  # it is over already
        self._timer = self._loop.call_later(self._rhythm.answer, self._check, sent)

    def _check(self, sent: float) -> None:
        """The answer, or anything else that came since, proves the link."""
        if self._client.last_heard < sent:
            self._end(Unreachable(f"{self.place.words} has been silent for {self._rhythm.answer:g} s"))
            return
        self._timer = self._loop.call_later(max(self._rhythm.ping - self._rhythm.answer, 0), self._ping)

    def _end(self, error: Unreachable) -> None:
        if self._lost.done():
            return
        self._lost.set_exception(error)
        self._lost.exception()  # whoever waits gets it; that nobody does is no fault
        if self._timer is not None:
            self._timer.cancel()
        self._client.end()

    def _silent(self) -> str:
        place = self.place
        if place.encrypted or self._client.protocol is None:
            return (
                f"{place.words} does not answer; check the address, and that the PBX's firewall lets this computer reach its "
                "manager interface"
            )
        return f"{place.words} takes the connection and says nothing; perhaps that port is for encrypted connections (TLS)"

    def _explained(self, error: OSError) -> Unreachable:
        place = self.place
        if isinstance(error, ssl.SSLCertVerificationError):
            why = plain(error.verify_message or str(error), limit=150)
            return CertificateRefused(
                f"the certificate of {place.words} can't be trusted: {why}; nothing was sent. The administrator must "
                f"give the manager interface one for this name, or you its authority in {_CA_PLACE}, CA file"
            )
        if isinstance(error, ssl.SSLError):
            return Unreachable(
                f"{place.words} does not speak TLS; switch it on for AMI at the PBX (tlsenable, port 5039), or, where that "
                "can't be, switch encryption off in Settings"
            )
        if isinstance(error, socket.gaierror):
            return Unreachable(f"the name {place.host} can't be found; check it in Settings")
        if isinstance(error, ConnectionRefusedError):
            what = "AMI over TLS (tlsenable, port 5039)" if place.encrypted else "AMI (port 5038)"
            return Unreachable(f"nothing listens at {place.words}; {what} must be switched on at the PBX")
        return Unreachable(f"{place.words} can't be reached: {plain(error.strerror or str(error))}")
