"""The app's side of the engine: starts the process, keeps it alive, and is the `CallEngine` everybody else sees."""

import asyncio
import contextlib
import itertools
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Final

from callmanager.api import (
    AccountId,
    CallId,
    Command,
    CommandRefused,
    EngineStarted,
    EngineStopped,
    Fact,
    Failure,
    FailureKind,
    Register,
)

from callmanager_sip_engine.child import EngineChild, engine_command

if TYPE_CHECKING:
    from callmanager_sip_engine.link import Link, Log

RESTART_PAUSES: Final = (0.0, 1.0, 2.0, 5.0, 10.0)
"""Seconds before the next try after a crash; the last one repeats."""
_TRIES: Final = 12
_HEALTHY_SECONDS: Final = 60.0
_CONNECT_SECONDS: Final = 20.0
_STOP_SECONDS: Final = 4.0
_HEARTBEAT_SECONDS: Final = 2.0
_ANSWER_SECONDS: Final = 5.0
_UNSENT_LIMIT: Final = 4 * 1024 * 1024


class EngineSupervisor:
    """`CallEngine` on a process of its own.

    A process that crashes, hangs for five seconds or garbles its end of the link is replaced: at once the first time, then
    after growing pauses; a run of failures ends with `EngineStopped(restarting=False)`. Commands submitted
    meanwhile are refused, not kept: `EngineStarted` makes the app register its accounts again. Loop thread only, except
    `prepare`.
    """

    def __init__(self, log: "Log", *, command: Callable[[], Sequence[str]] = engine_command) -> None:
        self._log = log
        self._command = command
        self._child: EngineChild | None = None
        self._link: Link | None = None
        self._report: Callable[[Fact], None] = lambda _fact: None
        self._task: asyncio.Task[None] | None = None
        self._ready = False
        self._stopping = asyncio.Event()
        self._numbers = itertools.count(1)
        self._pong = asyncio.Event()
        self._awaited = 0

    @property
    def process_id(self) -> int | None:
        """Of the running engine process, for memory and processor figures."""
        return self._child.pid if self._child and self._child.exit_code is None else None

    def prepare(self) -> None:
        if self._child is None:
            try:
                self._child = EngineChild(self._log, self._command)
            except OSError as error:
                # `start` tries again and reports it to the user.
                self._log.warning("the engine process could not be started: %s", error)

    async def start(self, report: Callable[[Fact], None]) -> None:
        assert self._task is None, "an engine is started once"
        self._report = report
        self._task = asyncio.get_running_loop().create_task(self._keep_alive(), name="engine supervisor")

    def submit(self, command: Command) -> None:
        from callmanager_sip_engine.wire import WireError, app_codec

        if self._link is None or not self._ready:
            self._refuse(command, "the engine is not running")
            return
        if self._link.unsent > _UNSENT_LIMIT:
            self._refuse(command, "the engine does not take commands")
            return
        try:
            self._link.send(app_codec().encode(command))
        except WireError as error:
            self._refuse(command, str(error))

    async def stop(self) -> None:
        if self._stopping.is_set():
            if self._task:
                await asyncio.wait([self._task])
            return
        self._stopping.set()
        if self._task is None:
            await self._bury(grace=0.0)
            return
        if self._link is not None:
            from callmanager_sip_engine.wire import Shutdown, app_codec

            self._link.send(app_codec().encode(Shutdown()))
            await asyncio.wait([self._task], timeout=_STOP_SECONDS)
        if not self._task.done():
            self._task.cancel()
            await asyncio.wait([self._task])

    # ----------------------------------------------------------------------------------------------------- life of the process

    async def _keep_alive(self) -> None:
        loop = asyncio.get_running_loop()
        tries = 0
        detail = "stopped"
        try:
            while not self._stopping.is_set():
                began = loop.time()
                detail = await self._run_once()
                if self._stopping.is_set():
                    break
                tries = 0 if loop.time() - began > _HEALTHY_SECONDS else tries + 1
                restarting = tries < _TRIES
                self._log.error("the engine stopped: %s", detail)
                self._tell(EngineStopped(expected=False, detail=detail, restarting=restarting))
                if not restarting:
                    return
                await asyncio.sleep(RESTART_PAUSES[min(max(tries - 1, 0), len(RESTART_PAUSES) - 1)])
        finally:
            await self._bury(grace=_STOP_SECONDS if self._stopping.is_set() else 0.0)
            if self._stopping.is_set():
                self._tell(EngineStopped(expected=True, detail=detail))

    async def _run_once(self) -> str:
        """Live through one process, from start to end; returns why it ended."""
        from callmanager_sip_engine.link import LinkError

        self.prepare()
        if self._child is None:
            return "the engine process could not be started"
        child = self._child
        try:
            self._link = link = await self._first_contact(child)
            self._log.debug("engine process %d connected", child.pid)
            await self._converse(link)
        except LinkError as problem:
            return str(problem)
        finally:
            self._ready = False
            if self._link is not None:
                await self._link.close()
                self._link = None
            code = await self._bury(grace=_STOP_SECONDS if self._stopping.is_set() else 0.3)
        return f"the engine process ended (exit code {code})"

    async def _first_contact(self, child: EngineChild) -> "Link":
        from callmanager_sip_engine.link import LinkError

        loop = asyncio.get_running_loop()
        accepting = asyncio.ensure_future(child.doorkeeper.accept(self._log))
        deadline = loop.time() + _CONNECT_SECONDS
        try:
            while not (await asyncio.wait([accepting], timeout=0.1))[0]:
                if child.exit_code is not None:
                    raise LinkError(f"the engine process ended at once (exit code {child.exit_code})")
                if loop.time() > deadline:
                    raise LinkError("the engine process did not report in time")
            return accepting.result()
        finally:
            accepting.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await asyncio.wait([accepting])

    async def _converse(self, link: "Link") -> None:
        """Listen until the link ends or the heartbeat fails."""
        from callmanager_sip_engine.wire import app_codec, engine_codec

        tasks = [asyncio.ensure_future(self._listen(link)), asyncio.ensure_future(self._heartbeat(link))]
        warming = [
            asyncio.ensure_future(app_codec().warm(decoding=False)),
            asyncio.ensure_future(engine_codec().warm(decoding=True)),
        ]
        try:
            done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                task.result()
        finally:
            for task in (*tasks, *warming):
                task.cancel()
            await asyncio.gather(*tasks, *warming, return_exceptions=True)

    async def _listen(self, link: "Link") -> None:
        from callmanager_sip_engine.wire import Pong, WireError, engine_codec

        codec = engine_codec()
        while line := await link.read_line():
            try:
                message = codec.decode(line)
            except WireError as error:
                self._log.warning("dropped a message of the engine: %s", error)
                continue
            if isinstance(message, Pong):
                if message.number == self._awaited:
                    self._pong.set()
                continue
            if isinstance(message, EngineStarted):
                self._ready = True
            self._tell(message)

    async def _heartbeat(self, link: "Link") -> None:
        """Ask for a sign of life; raises `LinkError` when there is none, which ends the process' life."""
        from callmanager_sip_engine.link import LinkError
        from callmanager_sip_engine.wire import Ping, app_codec

        loop = asyncio.get_running_loop()
        while True:
            self._pong.clear()
            self._awaited = next(self._numbers)
            asked = loop.time()
            link.send(app_codec().encode(Ping(number=self._awaited)))
            try:
                await asyncio.wait_for(self._pong.wait(), _ANSWER_SECONDS)
            except TimeoutError:
                # A machine that was asleep, or a loop of ours that stood still, proves nothing against the engine.
                if loop.time() - asked < _ANSWER_SECONDS + 1:
                    raise LinkError(f"the engine process gave no sign of life for {_ANSWER_SECONDS:.0f} s") from None
            await asyncio.sleep(_HEARTBEAT_SECONDS)

    async def _bury(self, *, grace: float) -> int | None:
        child, self._child = self._child, None
        if child is None:
            return None
        burial = asyncio.ensure_future(asyncio.to_thread(child.end, grace=grace))
        try:
            return await asyncio.shield(burial)
        except asyncio.CancelledError:
            await asyncio.wait([burial])
            raise

    # --------------------------------------------------------------------------------------------------------------- reporting

    def _tell(self, fact: Fact) -> None:
        try:
            self._report(fact)
        except Exception:  # noqa: BLE001 - logged
            # One bad listener must not cost the user the engine.
            self._log.exception("a fact of the engine could not be delivered: %s", type(fact).__name__)

    def _refuse(self, command: Command, detail: str) -> None:
        account_id: AccountId | None = (
            command.account.id if isinstance(command, Register) else getattr(command, "account_id", None)
        )
        call_id: CallId | None = getattr(command, "call_id", None)
        refusal = CommandRefused(
            command=type(command).__name__,
            failure=Failure(kind=FailureKind.ENGINE, detail=detail),
            call_id=call_id,
            account_id=account_id,
        )
        asyncio.get_running_loop().call_soon(self._tell, refusal)
