"""A process with a message service, which is killed while it works: `python -m message_bench.child FOLDER PORT WHAT NUMBERS…`.

- `write FIRST COUNT` writes messages until it is killed; each whose `send` has returned is told on standard output.
- `settle` waits until nothing is queued, and ends.
- `listen DIES_AT` takes what comes in until standard input ends, and ends well. It kills itself when so many messages have been
  stored, before the carrier hears of the last one; never with zero.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from pathlib import Path

from callmanager.api import Delivery, Message, MessageId, hookimpl
from callmanager.bus import EventBus
from callmanager.extensions.hooks import Hooks
from callmanager.messaging.mailbox import FILE_NAME, MessageService
from callmanager.messaging.notation import Notation
from callmanager.problems import ProblemBoard
from callmanager.source_set import SourceGround

from message_bench.carrier import OWN, LineTransport
from message_bench.service import TransportsPlugin


class DyingPlugin:
    """Ends the process at once, as a power cut does, when it is told of the message of this number."""

    def __init__(self, dies_at: int) -> None:
        self.left = dies_at

    @hookimpl
    def callmanager_message_received(self, message: Message) -> None:
        self.left -= 1
        if self.left == 0:
            os.kill(os.getpid(), signal.SIGKILL)


def _raise(error: BaseException) -> None:
    raise error


async def write(service: MessageService, first: int, count: int) -> None:
    for number in range(first, first + count):
        identity = MessageId(f"message-{number:06}")
        await service.send(OWN, f"+1202555010{number % 5}", f"text {number}", message_id=identity)
        print(identity, flush=True)
    await asyncio.Event().wait()


async def settle(service: MessageService) -> None:
    pending = {Delivery.QUEUED, Delivery.SENDING}
    for conversation in await service.conversations():
        while True:
            messages, before = [], None
            while True:
                page = await service.thread(conversation.key, limit=500, before=before)
                messages += page.messages
                if not page.more:
                    break
                before = page.messages[0].id
            if not any(message.delivery in pending for message in messages):
                break
            await asyncio.sleep(0.05)


async def listen() -> None:
    ended = asyncio.Event()
    asyncio.get_running_loop().add_reader(sys.stdin.fileno(), ended.set)
    await ended.wait()


async def main(folder: Path, port: int, what: str, *numbers: int) -> None:
    bus = EventBus(lambda error, **_: _raise(error))
    hooks = Hooks(lambda plugin, hook, *, error, seconds, budget: _raise(error) if error else None)
    hooks.register("lines", TransportsPlugin([LineTransport(port)]))
    if what == "listen":
        hooks.register("dying", DyingPlugin(*numbers))
    ground = SourceGround(
        bus=bus,
        problems=ProblemBoard(bus),
        report_fault=lambda error, *, owner, doing: _raise(error),
        owner_of_settings=lambda model: "core",
    )
    service = MessageService(ground, file=folder / FILE_NAME, hooks=hooks, notation=Notation(lambda: "US"))
    service.start()
    if what == "write":
        await write(service, *numbers)
    elif what == "settle":
        await settle(service)
    else:
        await listen()
    await service.close()


if __name__ == "__main__":
    _, where, at, task, *rest = sys.argv
    asyncio.run(main(Path(where), int(at), task, *(int(number) for number in rest)))
