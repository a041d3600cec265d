"""A process that writes messages and is killed while it does: `python -m message_bench.child FOLDER PORT FIRST COUNT`.

Each message whose `send` has returned is told on standard output. With a count of zero it waits until nothing is queued, and
ends.
"""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

from callmanager.api import Delivery, MessageId
from callmanager.bus import EventBus
from callmanager.extensions.hooks import Hooks
from callmanager.messaging.mailbox import FILE_NAME, MessageService
from callmanager.problems import ProblemBoard

from message_bench.carrier import OWN, LineTransport
from message_bench.service import TransportsPlugin


def _raise(error: BaseException) -> None:
    raise error


async def main(folder: Path, port: int, first: int, count: int) -> None:
    bus = EventBus(lambda error, **_: _raise(error))
    hooks = Hooks(lambda plugin, hook, *, error, seconds, budget: _raise(error) if error else None)
    hooks.register("lines", TransportsPlugin([LineTransport(port)]))
    service = MessageService(
        file=folder / FILE_NAME,
        bus=bus,
        hooks=hooks,
        problems=ProblemBoard(bus),
        report_fault=lambda error, *, owner, doing: _raise(error),
        owner_of_settings=lambda model: "core",
    )
    service.start()
    for number in range(first, first + count):
        identity = MessageId(f"message-{number:06}")
        await service.send(OWN, f"+1202555010{number % 5}", f"text {number}", message_id=identity)
        print(identity, flush=True)
    if count:
        await asyncio.Event().wait()
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
    await service.close()


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]), *(int(argument) for argument in sys.argv[2:])))
