"""A carrier on loopback that speaks JSON lines, and a transport to it that keeps to the contract."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime

from callmanager.api import (
    DeliveryRefused,
    DeliveryUncertain,
    IncomingMessage,
    Inlet,
    NotConfigured,
    OutgoingMessage,
    Receipt,
    SignInNeeded,
    TransportAbilities,
    Unreachable,
)
from callmanager.testing.conformance import CarrierMood

OWN = "+15550100000"
PEER = "+12025550123"
TOKEN = "let me in"


class Carrier:
    """Takes messages, each as often as it is sent, and offers what comes in until it is acknowledged."""

    def __init__(self) -> None:
        self.mood = CarrierMood.WELL
        self.texts: list[str] = []
        self.count: Counter[str] = Counter()
        self.order: dict[str, list[str]] = {}
        self.port = 0
        self.acknowledged: list[str] = []
        self.everything: dict[str, dict[str, str]] = {}
        self.offered: dict[str, dict[str, str]] = {}
        self._server: asyncio.Server | None = None
        self._writers: set[asyncio.StreamWriter] = set()
        self._listeners: set[asyncio.StreamWriter] = set()

    async def open(self) -> None:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", self.port)
        self.port = self._server.sockets[0].getsockname()[1]

    async def close(self) -> None:
        if self._server is not None:
            self._server.close()
            for writer in tuple(self._writers):
                writer.transport.abort()
            await self.rest()
            self._server = None

    async def behave(self, mood: CarrierMood) -> None:
        if mood is CarrierMood.GONE:
            await self.close()
        elif self._server is None:
            await self.open()
        self.mood = mood

    async def come_in(self, text: str, *, remote_id: str, peer: str = PEER) -> None:
        message = {"id": remote_id, "peer": peer, "text": text, "at": datetime.now(UTC).isoformat()}
        self.everything[remote_id] = self.offered[remote_id] = message
        await self._offer(message)

    async def offer_again(self, remote_id: str) -> None:
        await self._offer(self.everything[remote_id])

    async def rest(self) -> None:
        """Wait until nobody is connected and all that was said has been heard."""
        async with asyncio.timeout(5):
            while self._writers:  # noqa: ASYNC110 - several connections, each of which ends by itself
                await asyncio.sleep(0.001)

    async def _offer(self, message: dict[str, str]) -> None:
        for writer in tuple(self._listeners):
            _say(writer, message)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writers.add(writer)
        try:
            while line := await reader.readline():
                if not self._answer(json.loads(line), writer):
                    return
                await writer.drain()
        except (ConnectionError, asyncio.CancelledError):
            return
        finally:
            self._listeners.discard(writer)
            self._writers.discard(writer)
            writer.close()

    def _answer(self, request: dict[str, str], writer: asyncio.StreamWriter) -> bool:
        """False drops the connection."""
        if "ack" in request:
            self.offered.pop(request["ack"], None)
            self.acknowledged.append(request["ack"])
        elif self.mood is CarrierMood.SIGNED_OUT or request["token"] != TOKEN:
            _say(writer, {"error": "who are you?"})
        elif request["do"] == "listen":
            self._listeners.add(writer)
            for message in tuple(self.offered.values()):
                _say(writer, message)
        elif self.mood is CarrierMood.REFUSING:
            _say(writer, {"refused": "this number can't be texted"})
        else:
            self.texts.append(request["text"])
            self.count[request["id"]] += 1
            self.order.setdefault(request["peer"], []).append(request["id"])
            if self.mood is CarrierMood.SILENT:
                return False
            _say(writer, {"taken": f"remote-{len(self.texts)}"})
        return True


class LineTransport:
    """The transport (protocol `MessageTransport`). Without a port it is not set up."""

    id = "lines"
    label = "Lines"
    abilities = TransportAbilities()

    def __init__(self, port: int) -> None:
        self.port = port

    def senders(self) -> Sequence[str]:
        return (OWN,) if self.port else ()

    async def send(self, message: OutgoingMessage) -> Receipt:
        async with self._connected() as (reader, writer):
            fields = {"id": message.id, "own": message.own, "peer": message.peer, "text": message.text}
            try:
                _say(writer, {"do": "send", "token": TOKEN, **fields})
                await writer.drain()
                line = await reader.readline()
            except OSError as error:
                raise DeliveryUncertain(f"the connection broke: {error}") from error
        if not line:
            raise DeliveryUncertain("the connection broke before the answer")
        answer = json.loads(line)
        if "error" in answer:
            raise SignInNeeded(answer["error"])
        if "refused" in answer:
            raise DeliveryRefused(answer["refused"])
        return Receipt(remote_id=answer["taken"])

    async def run(self, inlet: Inlet) -> None:
        async with self._connected() as (reader, writer):
            _say(writer, {"do": "listen", "token": TOKEN})
            while line := await reader.readline():
                offered = json.loads(line)
                if "error" in offered:
                    raise SignInNeeded(offered["error"])
                await inlet.receive(self.message(offered))
                _say(writer, {"ack": offered["id"]})
                await writer.drain()
        raise Unreachable("the carrier hung up")

    def message(self, offered: dict[str, str]) -> IncomingMessage:
        return IncomingMessage(
            remote_id=offered["id"],
            own=OWN,
            peer=offered["peer"],
            text=offered["text"],
            at=datetime.fromisoformat(offered["at"]),
        )

    @asynccontextmanager
    async def _connected(self) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
        if not self.port:
            raise NotConfigured("there is no port yet")
        try:
            reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        except OSError as error:
            raise Unreachable(f"nobody listens: {error}") from error
        try:
            yield reader, writer
        finally:
            writer.close()
            with contextlib.suppress(OSError):
                await writer.wait_closed()


def _say(writer: asyncio.StreamWriter, what: dict[str, str]) -> None:
    writer.write(json.dumps(what).encode() + b"\n")
