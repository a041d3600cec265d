"""Keeps one account registered: connects, registers, proves the link, and tries again where that can help."""

import asyncio
import contextlib
import logging
import random
import socket
from collections.abc import Callable
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

from callmanager.api import (
    Account,
    CertificateEvidence,
    Failure,
    FailureKind,
    Registration,
    RegistrationReported,
    RegistrationState,
    Transport,
)

from callmanager_sip_engine.sip.account import AccountRoute
from callmanager_sip_engine.sip.reports import RegisterAnswered
from callmanager_sip_engine.sip.translate import plain, register_failure

if TYPE_CHECKING:
    from callmanager_sip_engine.edge.facts import EdgeFailure
    from callmanager_sip_engine.edge.proxy import Edge
    from callmanager_sip_engine.sip.stack import SipStack

_log: Final = logging.getLogger(__name__)

_FIRST_PAUSE: Final = 0.5
_LONGEST_PAUSE: Final = 2.0
"""Cap while an outage is young: whoever waits for the network wants the phone back within three seconds of it."""
_LONGEST_STRAIGHT_PAUSE: Final = 0.8
"""The same without an edge, where an attempt itself is silent for 1.5 s at its end."""
_PATIENCE: Final = (2.0, 2.0, 2.0, 10.0)
"""Seconds for one connection attempt while an outage is young, in turn: TCP repeats a lost SYN only after 1, 3 and 7 s, so a
fresh attempt notices the network's return sooner, and now and then a slow network gets its time."""
_OLD_OUTAGE_SECONDS: Final = 600.0
_OLD_OUTAGE_PAUSE: Final = 10.0
_SPREAD: Final = 0.25
_ANSWER_SECONDS: Final = 3.0
"""SIP retransmits after 0.5, 1.5, 3.5, 7.5 s: starting afresh after three keeps the gaps short enough to notice a return."""
_EDGE_ANSWER_SECONDS: Final = 6.0
_PROOF_SECONDS: Final = 20.0
_RESOLVE_SECONDS: Final = 5.0

_FINAL: Final = frozenset({FailureKind.PASSWORD, FailureKind.FORBIDDEN, FailureKind.NOT_FOUND})
_EDGE_KINDS: Final = {
    "name": FailureKind.NAME,
    "refused": FailureKind.REFUSED,
    "unreachable": FailureKind.REFUSED,
    "timeout": FailureKind.TIMEOUT,
    "tls": FailureKind.TLS,
    "wss": FailureKind.WEBSOCKET,
    "lost": FailureKind.LINK_LOST,
}


class NotRegistered(Exception):
    """One attempt failed."""

    def __init__(self, failure: Failure) -> None:
        super().__init__(failure.detail)
        self.failure = failure

    @property
    def final(self) -> bool:
        """Whether trying again is pointless or, as PBXes ban addresses after three wrong passwords, harmful."""
        return self.failure.kind in _FINAL or (self.failure.kind is FailureKind.TLS and self.failure.certificate is not None)


class RegistrationKeeper:
    """Loop thread only. Tells every change by `report`, each state once."""

    def __init__(
        self,
        account: Account,
        password: str,
        *,
        stack: "SipStack",
        report: Callable[[RegistrationReported], None],
        edge: "Edge | None",
    ) -> None:
        self.account = account
        self._password = password
        self._stack = stack
        self._report = report
        self.edge = edge
        self._edge_port: int | None = None
        self._generation = 0
        self._answers: asyncio.Queue[RegisterAnswered] = asyncio.Queue()
        self._lost: asyncio.Future[Failure] | None = None
        self._hurry = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._told: Registration | None = None
        self._was_registered = False
        self._second_chance = True
        self._failures = 0
        self._peer = account.server

    def start(self) -> None:
        self._task = asyncio.get_running_loop().create_task(self._run(), name=f"registration {self.account.id}")

    def adopt(self, other: "RegistrationKeeper") -> bool:
        """Follow a paused keeper; its edge is taken over when it leads to the same place, so that its calls go on."""
        self._generation = other._generation  # noqa: SLF001 - one of us
        if other.edge is None or _way(self.account) != _way(other.account):
            return False
        self.edge, self._edge_port = other.edge, other._edge_port  # noqa: SLF001 - one of us
        other.edge = None
        return True

    async def pause(self) -> None:
        """Stop without a word to the PBX; for a successor with the same address of record."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait([self._task])

    async def stop(self) -> None:
        """Unregister (one REGISTER, not waited for longer than a moment) and let go of the edge."""
        await self.pause()
        if self._told is not None and self._told.state is RegistrationState.REGISTERED:
            self._drain()
            self._stack.unregister(self.account.id)
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._answers.get(), 1.0)
        if self.edge is not None:
            await self.edge.stop()
        self._tell(RegistrationState.OFFLINE)

    def check(self) -> None:
        """The network may have changed: find out now."""
        self._hurry.set()

    def answered(self, answer: RegisterAnswered) -> None:
        if answer.generation == self._generation:
            self._answers.put_nowait(answer)

    def edge_lost(self, failure: "EdgeFailure") -> None:
        if self._lost is not None and not self._lost.done():
            self._lost.set_result(edge_failure(failure))

    @property
    def registered(self) -> bool:
        return self._told is not None and self._told.state is RegistrationState.REGISTERED

    # ---------------------------------------------------------------------------------------------------------------- the loop

    async def _run(self) -> None:
        loop = asyncio.get_running_loop()
        outage_began, tries = loop.time(), 0
        self._tell(RegistrationState.CONNECTING)
        while True:
            try:
                answer = await self._attempt()
                if self._was_registered:
                    # The PBX may have forgotten our calls, or know them at an address that is no more.
                    self._stack.prove_calls(self.account.id)
                self._was_registered = self._second_chance = True
                self._failures = 0
                self._tell(RegistrationState.REGISTERED, answer=answer)
                failure = await self._stay()
            except NotRegistered as problem:
                failure = problem.failure
                self._failures += 1
                if problem.final and not self._gets_second_chance(failure):
                    self._tell(RegistrationState.FAILED, failure=failure)
                    await self._wait_for_the_user()
                    self._tell(RegistrationState.CONNECTING)
                    outage_began, tries = loop.time(), 0
                    continue
            if self.registered:
                # From here on an outage, however long the registration stood before.
                outage_began, tries = loop.time(), 0
            self._tell(RegistrationState.RETRYING, failure=failure)
            self._stack.end_silent_calls(self.account.id, failure)
            await self._pause(tries, outage=loop.time() - outage_began)
            tries += 1

    def _gets_second_chance(self, failure: Failure) -> bool:
        """A PBX that starts may not know its endpoints yet: ask once more. Not after a refused password, which it counts."""
        chance = self._was_registered and self._second_chance and failure.kind is FailureKind.NOT_FOUND
        self._second_chance = False
        return chance

    async def _wait_for_the_user(self) -> None:
        """`FAILED` is left by a new order only: the keeper is replaced or stopped."""
        await asyncio.get_running_loop().create_future()

    async def _pause(self, tries: int, *, outage: float) -> None:
        if tries == 0 and self._was_registered:
            seconds = 0.05
        elif outage < _OLD_OUTAGE_SECONDS:
            longest = _LONGEST_PAUSE if self.edge is not None else _LONGEST_STRAIGHT_PAUSE
            seconds = min(_FIRST_PAUSE * 2 ** min(tries, 8), longest)
        else:
            seconds = _OLD_OUTAGE_PAUSE
        seconds *= 1 + random.uniform(-_SPREAD, _SPREAD)  # noqa: S311 - spread, not secrecy
        before = local_address(self._peer)
        end = asyncio.get_running_loop().time() + seconds
        while (left := end - asyncio.get_running_loop().time()) > 0:
            try:
                await asyncio.wait_for(self._hurry.wait(), min(left, 1.0))
            except TimeoutError:
                if local_address(self._peer) == before:
                    continue
            self._hurry.clear()
            return

    async def _attempt(self) -> RegisterAnswered:
        self._hurry.clear()
        self._drain()
        loop = asyncio.get_running_loop()
        self._lost = loop.create_future()
        self._generation += 1
        route = await (self._reach_edge() if self.edge is not None else self._reach_straight())
        self._stack.register(route)
        answer = await self._answer(_EDGE_ANSWER_SECONDS if self.edge is not None else _ANSWER_SECONDS)
        if answer is None:
            self._stack.restart_register(self.account.id)
            answer = await self._answer(_ANSWER_SECONDS)
            if answer is None:
                raise NotRegistered(Failure(kind=FailureKind.TIMEOUT, detail="the PBX does not answer REGISTER"))
        return self._accepted(answer)

    def _accepted(self, answer: RegisterAnswered) -> RegisterAnswered:
        if 200 <= answer.code < 300:
            return answer
        if answer.code == 0:
            detail = answer.reason or "the PBX does not answer REGISTER"
            kind = FailureKind.REFUSED if "refused" in detail.lower() else FailureKind.TIMEOUT
            raise NotRegistered(Failure(kind=kind, detail=detail))
        raise NotRegistered(register_failure(answer.code, answer.reason))

    async def _reach_edge(self) -> AccountRoute:
        from callmanager_sip_engine.edge.facts import EdgeFailure

        assert self.edge is not None
        if self._edge_port is None:
            self._edge_port = await self.edge.start()
        if not self.edge.connected:
            try:
                async with asyncio.timeout(_PATIENCE[self._failures % len(_PATIENCE)] if self._failures else None):
                    await self.edge.connect()
            except EdgeFailure as failure:
                raise NotRegistered(edge_failure(failure)) from failure
            except TimeoutError as error:
                raise NotRegistered(Failure(kind=FailureKind.TIMEOUT, detail="the server does not answer")) from error
        if self.account.transport is Transport.TLS:
            self._peer = await self._resolve()
        return AccountRoute(
            account=self.account,
            password=self._password,
            generation=self._generation,
            edge_port=self._edge_port,
            local_address=local_address(self._peer) or "",
        )

    async def _reach_straight(self) -> AccountRoute:
        self._peer = await self._resolve()
        local = local_address(self._peer)
        if local is None:
            raise NotRegistered(Failure(kind=FailureKind.REFUSED, detail="the network is unreachable"))
        return AccountRoute(
            account=self.account,
            password=self._password,
            generation=self._generation,
            peer_address=self._peer,
            local_address=local,
        )

    async def _resolve(self) -> str:
        """The PBX's IPv4 address, found here because pjsip would stand still meanwhile."""
        loop = asyncio.get_running_loop()
        looking = loop.getaddrinfo(self.account.server, self.account.port, family=socket.AF_INET, type=socket.SOCK_DGRAM)
        try:
            found = await asyncio.wait_for(looking, _RESOLVE_SECONDS)
        except TimeoutError as error:
            raise NotRegistered(Failure(kind=FailureKind.NAME, detail="the name server does not answer")) from error
        except (OSError, UnicodeError) as error:
            raise NotRegistered(Failure(kind=FailureKind.NAME, detail=plain(str(error)))) from error
        return str(found[0][4][0])

    async def _stay(self) -> Failure:
        """Watch over a registration; returns why it is gone, raises `NotRegistered` when the PBX refuses to renew it."""
        assert self._lost is not None
        here = local_address(self._peer)
        while True:
            event = await self._next_event(None if self.edge is not None else _PROOF_SECONDS)
            if isinstance(event, Failure):
                return event
            if isinstance(event, RegisterAnswered):
                self._tell(RegistrationState.REGISTERED, answer=self._accepted(event))
                continue
            if self.edge is not None:
                await self.edge.network_changed()
                continue
            if local_address(self._peer) != here:
                return Failure(kind=FailureKind.LINK_LOST, detail="the network has changed")
            self._stack.refresh(self.account.id)
            answer = await self._answer(_ANSWER_SECONDS)
            if answer is None:
                return Failure(kind=FailureKind.TIMEOUT, detail="the PBX does not answer any more")
            self._answers.put_nowait(answer)

    async def _next_event(self, seconds: float | None) -> "Failure | RegisterAnswered | None":
        """A loss, an answer to a refresh, or nothing: time for a proof."""
        assert self._lost is not None
        answer = asyncio.ensure_future(self._answers.get())
        hurry = asyncio.ensure_future(self._hurry.wait())
        events: list[asyncio.Future[Any]] = [self._lost, answer, hurry]
        try:
            await asyncio.wait(events, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
            if self._lost.done():
                return self._lost.result()
            if answer.done():
                return answer.result()  # a check that was asked for meanwhile is still to be made
            self._hurry.clear()
            return None
        finally:
            answer.cancel()
            hurry.cancel()

    async def _answer(self, seconds: float) -> RegisterAnswered | None:
        assert self._lost is not None
        answer = asyncio.ensure_future(self._answers.get())
        events: list[asyncio.Future[Any]] = [self._lost, answer]
        try:
            await asyncio.wait(events, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
            if self._lost.done() and not answer.done():
                raise NotRegistered(self._lost.result())
            return answer.result() if answer.done() else None
        finally:
            answer.cancel()

    def _drain(self) -> None:
        while not self._answers.empty():
            self._answers.get_nowait()

    def _tell(
        self, state: RegistrationState, *, failure: Failure | None = None, answer: RegisterAnswered | None = None
    ) -> None:
        told = self._told
        round_trip = answer.round_trip_ms if answer is not None else None
        if round_trip is None and told is not None and state is RegistrationState.REGISTERED:
            round_trip = told.round_trip_ms
        registration = Registration(
            account_id=self.account.id,
            state=state,
            failure=failure,
            since=told.since if told is not None and told.state is state else datetime.now(UTC),
            expires_seconds=answer.expires if answer is not None else None,
            round_trip_ms=None if round_trip is None else round(round_trip, 2),
        )
        if registration != told:
            if told is None or told.state is not state:
                _log.info("account %s: %s%s", self.account.id, state.value, f" ({failure.detail})" if failure else "")
            self._told = registration
            self._report(RegistrationReported(registration=registration))


def _way(account: Account) -> tuple[object, ...]:
    """All that an edge is made from."""
    where = (account.server, account.port, account.transport, account.websocket_path)
    return (*where, account.ca_file, account.stun_servers, account.turn_servers)


def edge_failure(failure: "EdgeFailure") -> Failure:
    """The edge's failure in the words of the whole product."""
    evidence = failure.certificate
    detail = plain(failure.detail)
    return Failure(
        kind=_EDGE_KINDS.get(failure.kind.value, FailureKind.UNKNOWN),
        detail=detail if failure.http_status is None else f"{detail} (HTTP {failure.http_status})",
        certificate=None
        if evidence is None
        else CertificateEvidence(
            subject=plain(evidence.subject),
            issuer=plain(evidence.issuer),
            sha256=evidence.sha256,
            not_before=evidence.not_before.isoformat(),
            not_after=evidence.not_after.isoformat(),
            problem=plain(evidence.problem),
        ),
    )


def local_address(server: str) -> str | None:
    """Our own IPv4 address on the way to `server`, none without a way there. Sends nothing, resolves nothing."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            socket.inet_aton(server)
            target = server
        except OSError:
            target = "192.0.2.1"  # TEST-NET-1 (RFC 5737): stands for "the internet" where the name is not an address
        try:
            probe.connect((target, 9))
        except OSError:
            return None
        return str(probe.getsockname()[0])
