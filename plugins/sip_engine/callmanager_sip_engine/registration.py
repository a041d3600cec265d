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

    def start(self) -> None:
        self._task = asyncio.get_running_loop().create_task(self._run(), name=f"registration {self.account.id}")

    async def stop(self) -> None:
        """Unregister (one REGISTER, not waited for longer than a moment) and let go of the edge."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait([self._task])
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
                self._tell(RegistrationState.REGISTERED, answer=answer)
                failure = await self._stay()
                # From here on an outage, however long the registration stood before.
                outage_began, tries = loop.time(), 0
            except NotRegistered as problem:
                failure = problem.failure
                if problem.final and not self._gets_second_chance():
                    self._tell(RegistrationState.FAILED, failure=failure)
                    await self._wait_for_the_user()
                    self._tell(RegistrationState.CONNECTING)
                    outage_began, tries = loop.time(), 0
                    continue
            self._tell(RegistrationState.RETRYING, failure=failure)
            self._stack.end_silent_calls(self.account.id, failure)
            await self._pause(tries, outage=loop.time() - outage_began)
            tries += 1

    def _gets_second_chance(self) -> bool:
        """A PBX that starts may not know its endpoints yet and refuse a password it took a minute ago: ask once more."""
        chance = self._was_registered and self._second_chance
        self._second_chance = False
        return chance

    async def _wait_for_the_user(self) -> None:
        """`FAILED` is left by a new order only: the keeper is replaced or stopped."""
        await asyncio.get_running_loop().create_future()

    async def _pause(self, tries: int, *, outage: float) -> None:
        if tries == 0 and self._was_registered:
            seconds = 0.05
        elif outage < _OLD_OUTAGE_SECONDS:
            seconds = min(_FIRST_PAUSE * 2**tries, _LONGEST_PAUSE)
        else:
            seconds = _OLD_OUTAGE_PAUSE
        seconds *= 1 + random.uniform(-_SPREAD, _SPREAD)  # noqa: S311 - spread, not secrecy
        before = local_address(self.account.server)
        end = asyncio.get_running_loop().time() + seconds
        while (left := end - asyncio.get_running_loop().time()) > 0:
            try:
                await asyncio.wait_for(self._hurry.wait(), min(left, 1.0))
            except TimeoutError:
                if local_address(self.account.server) == before:
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
                await self.edge.connect()
            except EdgeFailure as failure:
                raise NotRegistered(edge_failure(failure)) from failure
        return AccountRoute(
            account=self.account,
            password=self._password,
            generation=self._generation,
            edge_port=self._edge_port,
            local_address=local_address(self.account.server) or "",
        )

    async def _reach_straight(self) -> AccountRoute:
        loop = asyncio.get_running_loop()
        kind = socket.SOCK_STREAM if self.account.transport is Transport.TCP else socket.SOCK_DGRAM
        try:
            found = await asyncio.wait_for(
                loop.getaddrinfo(self.account.server, self.account.port, family=socket.AF_INET, type=kind), _RESOLVE_SECONDS
            )
        except TimeoutError as error:
            raise NotRegistered(Failure(kind=FailureKind.NAME, detail="the name server does not answer")) from error
        except OSError as error:
            raise NotRegistered(Failure(kind=FailureKind.NAME, detail=plain(str(error)))) from error
        peer = str(found[0][4][0])
        local = local_address(peer)
        if local is None:
            raise NotRegistered(Failure(kind=FailureKind.REFUSED, detail="the network is unreachable"))
        return AccountRoute(
            account=self.account,
            password=self._password,
            generation=self._generation,
            peer_address=peer,
            local_address=local,
        )

    async def _stay(self) -> Failure:
        """Watch over a registration; returns why it is gone."""
        assert self._lost is not None
        here = local_address(self.account.server)
        while True:
            event = await self._next_event(None if self.edge is not None else _PROOF_SECONDS)
            if isinstance(event, Failure):
                return event
            if isinstance(event, RegisterAnswered):
                try:
                    self._tell(RegistrationState.REGISTERED, answer=self._accepted(event))
                except NotRegistered as problem:
                    return problem.failure
                continue
            if self.edge is not None:
                await self.edge.network_changed()
                continue
            if local_address(self.account.server) != here:
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
            self._hurry.clear()
            if self._lost.done():
                return self._lost.result()
            return answer.result() if answer.done() else None
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
