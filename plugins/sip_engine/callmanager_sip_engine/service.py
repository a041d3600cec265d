"""The engine process' loop: reads commands from the link, writes facts to it, ends with it."""

import asyncio
import logging
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from callmanager.api import CommandRefused, Failure, FailureKind
from typing_extensions import override

from callmanager_sip_engine.link import Invitation, Link, LinkError, connect
from callmanager_sip_engine.wire import FromEngine, Ping, Pong, Shutdown, WireError, app_codec, engine_codec

if TYPE_CHECKING:
    from callmanager_sip_engine.engine import Engine

_log: Final = logging.getLogger(__name__)
_STOP_SECONDS: Final = 4.0


def serve(invitation: Invitation) -> None:
    """Run the engine until the link ends. Raises `LinkError` when there is no link to begin with."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_Formatter("%(initial)s %(name)s: %(message)s"))
    logging.basicConfig(level=logging.INFO, handlers=[handler])
    asyncio.run(_serve(invitation))


class _Formatter(logging.Formatter):
    """The level as one letter, by which the app sorts what it reads; one record is one line."""

    @override
    def format(self, record: logging.LogRecord) -> str:
        record.initial = record.levelname[0]
        return super().format(record).replace("\n", " | ")


async def _serve(invitation: Invitation) -> None:
    # The app has no time for us before its window is shown: the engine is loaded meanwhile.
    connecting = asyncio.ensure_future(connect(invitation))
    codec = engine_codec()

    def send(message: FromEngine) -> None:
        try:
            connecting.result().send(codec.encode(message))
        except WireError:
            _log.exception("a fact was too large to be told")

    engine = await _load(send)
    tasks = {asyncio.ensure_future(app_codec().warm(decoding=True)), asyncio.ensure_future(codec.warm(decoding=False))}
    try:
        link = await connecting
        try:
            engine.start()
            await _listen(link, engine, send, tasks)
        except LinkError as error:
            _log.error("the link to the app broke: %s", error)
    finally:
        for task in tasks:
            task.cancel()
        try:
            await asyncio.wait_for(engine.stop(), _STOP_SECONDS)
        except TimeoutError:
            _log.error("the engine could not end in order")
        if not connecting.cancelled() and connecting.exception() is None:
            await connecting.result().close()


async def _load(send: Callable[[FromEngine], None]) -> "Engine":
    def imported() -> "type[Engine]":
        from callmanager_sip_engine.engine import Engine

        return Engine

    make = await asyncio.to_thread(imported)
    engine = make(send)
    await engine.load()
    return engine


async def _listen(link: Link, engine: "Engine", send: Callable[[FromEngine], None], tasks: set[asyncio.Task[None]]) -> None:
    codec = app_codec()

    async def answer(ping: Ping) -> None:
        await engine.prove_alive()
        send(Pong(number=ping.number))

    while line := await link.read_line():
        try:
            message = codec.decode(line)
        except WireError as error:
            _log.warning("dropped a command: %s", error)
            continue
        if isinstance(message, Shutdown):
            return
        if isinstance(message, Ping):
            task = asyncio.get_running_loop().create_task(answer(message))
            tasks.add(task)
            task.add_done_callback(tasks.discard)
            continue
        try:
            engine.obey(message)
        except Exception as error:  # noqa: BLE001 - logged and reported
            _log.exception("a command failed: %s", type(message).__name__)
            send(_refusal(message, error))


def _refusal(command: object, error: Exception) -> CommandRefused:
    return CommandRefused(
        command=type(command).__name__,
        failure=Failure(kind=FailureKind.ENGINE, detail=f"{type(error).__name__}: {error}"[:200]),
        call_id=getattr(command, "call_id", None),
        account_id=getattr(command, "account_id", None),
    )
