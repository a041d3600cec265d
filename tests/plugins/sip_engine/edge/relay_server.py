"""A STUN and TURN server over UDP for tests (RFC 8489, RFC 8656): allocations, long-term credentials, channels."""

from __future__ import annotations

import asyncio
import contextlib
import struct
from collections.abc import AsyncIterator, Callable

from aioice import stun
from aioice.turn import make_integrity_key

_REALM = "office"
_Address = tuple[str, int]


class _Relay(asyncio.DatagramProtocol):
    """One allocation: packets of peers with a channel go to the client."""

    def __init__(self, to_client: Callable[[bytes], None]) -> None:
        self._to_client = to_client
        self.channels: dict[int, _Address] = {}
        self.carried = 0
        self.transport: asyncio.DatagramTransport | None = None

    def connection_made(self, transport) -> None:
        self.transport = transport

    def datagram_received(self, data: bytes, addr: _Address) -> None:
        for channel, peer in self.channels.items():
            if peer == addr[:2]:
                self.carried += 1
                self._to_client(struct.pack("!HH", channel, len(data)) + data)


class RelayServer(asyncio.DatagramProtocol):
    """Answers Binding requests with `mapped` (a NAT's outside) and serves TURN clients."""

    def __init__(self, *, host: str, username: str, password: str, mapped: _Address | None) -> None:
        self._host = host
        self._username = username
        self._key = make_integrity_key(username, _REALM, password)
        self._mapped = mapped
        self._tasks: set[asyncio.Task[None]] = set()
        self.transport: asyncio.DatagramTransport | None = None
        self.relays: dict[_Address, _Relay] = {}
        self.refused = 0

    def connection_made(self, transport) -> None:
        self.transport = transport

    def datagram_received(self, data: bytes, addr: _Address) -> None:
        if data[:1] and 0x40 <= data[0] <= 0x7F:
            channel, length = struct.unpack("!HH", data[:4])
            relay = self.relays.get(addr[:2])
            if relay is not None and channel in relay.channels:
                relay.carried += 1
                relay.transport.sendto(data[4 : 4 + length], relay.channels[channel])
            return
        message = stun.parse_message(data)
        if message.message_method is stun.Method.BINDING:
            self._reply(message, addr, {"XOR-MAPPED-ADDRESS": self._mapped or addr[:2]})
        elif message.attributes.get("USERNAME") != self._username or not message.check_message_integrity(self._key):
            self.refused += 1
            self._reply(message, addr, {"ERROR-CODE": (401, "Unauthorized"), "REALM": _REALM, "NONCE": b"n"})
        elif message.message_method is stun.Method.ALLOCATE:
            task = asyncio.create_task(self._allocate(message, addr))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        elif message.message_method is stun.Method.CHANNEL_BIND:
            self.relays[addr[:2]].channels[message.attributes["CHANNEL-NUMBER"]] = message.attributes["XOR-PEER-ADDRESS"]
            self._reply(message, addr, {}, signed=True)
        else:
            self._reply(message, addr, {"LIFETIME": message.attributes.get("LIFETIME", 0)}, signed=True)

    async def _allocate(self, message: stun.Message, addr: _Address) -> None:
        loop = asyncio.get_running_loop()
        relay = _Relay(lambda data: self.transport.sendto(data, addr))
        transport, _ = await loop.create_datagram_endpoint(lambda: relay, local_addr=(self._host, 0))
        self.relays[addr[:2]] = relay
        relayed = transport.get_extra_info("sockname")[:2]
        fields = {"LIFETIME": 600, "XOR-RELAYED-ADDRESS": relayed, "XOR-MAPPED-ADDRESS": addr[:2]}
        self._reply(message, addr, fields, signed=True)

    def _reply(self, message: stun.Message, addr: _Address, fields: dict[str, object], *, signed: bool = False) -> None:
        kind = stun.Class.ERROR if "ERROR-CODE" in fields else stun.Class.RESPONSE
        answer = stun.Message(message_method=message.message_method, message_class=kind, transaction_id=message.transaction_id)
        answer.attributes.update(fields)
        if signed:
            answer.add_message_integrity(self._key)
        self.transport.sendto(bytes(answer), addr)


@contextlib.asynccontextmanager
async def relay_server(
    host: str, *, username: str = "phone", password: str = "secret", mapped: _Address | None = None
) -> AsyncIterator[tuple[RelayServer, int]]:
    server = RelayServer(host=host, username=username, password=password, mapped=mapped)
    transport, _ = await asyncio.get_running_loop().create_datagram_endpoint(lambda: server, local_addr=(host, 0))
    try:
        yield server, transport.get_extra_info("sockname")[1]
    finally:
        transport.close()
        for relay in server.relays.values():
            relay.transport.close()
        await asyncio.sleep(0)  # the sockets close in the next turn of the loop
