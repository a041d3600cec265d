"""A man between the phone and the real PBX: passes SIP over WSS on in both directions and adds what it likes."""

import asyncio
import re
import ssl
from collections import OrderedDict
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from itertools import count
from pathlib import Path

from pbx.bench import AsteriskPbx
from plugins.sip_engine.edge.far_ends import Authority
from websockets.asyncio.client import ClientConnection, connect
from websockets.asyncio.server import ServerConnection, serve
from websockets.exceptions import ConnectionClosed

_BRANCH = re.compile(r"branch=([^;,\s]+)")
_CALL_ID = re.compile(r"^(?:Call-ID|i)[ \t]*:[ \t]*(\S+)", re.IGNORECASE | re.MULTILINE)
_KEPT = 60
_PATIENCE = 20


class HostileRelay:
    """What the PBX said last is in `heard`; answers of the phone to what was injected here never reach the PBX."""

    def __init__(self, folder: Path, pbx: AsteriskPbx) -> None:
        self._authority = Authority(folder, "relay-ca")
        self._pbx = pbx
        self._upstream = ssl.create_default_context(cafile=pbx.ca_file)
        self._heard: OrderedDict[str, None] = OrderedDict()
        self._asked: set[str] = set()
        self._answers: dict[str, asyncio.Future[int]] = {}
        self._numbers = count()
        self._phone: ServerConnection | None = None
        self.port = 0
        self.connections = 0

    @property
    def ca_file(self) -> Path:
        return self._authority.ca_file

    @property
    def heard(self) -> list[bytes]:
        """The last different messages of the PBX."""
        return [text.encode() for text in self._heard]

    @asynccontextmanager
    async def running(self) -> AsyncIterator["HostileRelay"]:
        async with serve(
            *(self._serve, "127.0.0.1", 0),
            ssl=self._authority.server_context(),
            subprotocols=["sip"],
            compression=None,
            max_size=None,
            ping_interval=None,
            close_timeout=1,
        ) as server:
            self.port = server.sockets[0].getsockname()[1]
            yield self

    async def inject(self, message: bytes | str) -> None:
        """Send one frame to the phone, text for text and binary for bytes."""
        assert self._phone is not None
        await self._phone.send(message)

    async def all_handled(self) -> None:
        """Return when the SIP stack of the phone has answered a question that came after everything injected so far."""
        assert await self.ask(self.question()) == 200

    def question(self) -> str:
        """An OPTIONS that was not asked before; headers may be put in front of its Content-Length."""
        call_id = f"sentinel-{next(self._numbers)}"
        return (
            "OPTIONS sip:2001@phone.invalid SIP/2.0\r\n"
            f"Via: SIP/2.0/WSS relay.invalid;branch=z9hG4bK{call_id}\r\n"
            "Max-Forwards: 70\r\nFrom: <sip:relay@127.0.0.1>;tag=relay\r\nTo: <sip:2001@phone.invalid>\r\n"
            f"Call-ID: {call_id}\r\nCSeq: 1 OPTIONS\r\nContact: <sip:relay@127.0.0.1>\r\nContent-Length: 0\r\n\r\n"
        )

    async def ask(self, question: str) -> int:
        """Inject a request with a Call-ID of its own and return the status of the phone's answer."""
        call_id = _CALL_ID.search(question)
        assert call_id is not None
        answer = self._answers[call_id[1]] = asyncio.get_running_loop().create_future()
        await self.inject(question)
        async with asyncio.timeout(_PATIENCE):
            return await answer

    async def _serve(self, phone: ServerConnection) -> None:
        async with connect(
            f"wss://{self._pbx.host}:8089/ws",
            ssl=self._upstream,
            subprotocols=["sip"],
            compression=None,
            proxy=None,
            ping_interval=None,
            close_timeout=1,
        ) as pbx:
            self._phone = phone
            self.connections += 1
            down = asyncio.create_task(self._down(pbx, phone))
            try:
                await self._up(phone, pbx)
            finally:
                await pbx.close()
                await down

    async def _up(self, phone: ServerConnection, pbx: ClientConnection) -> None:
        async for frame in phone:
            assert isinstance(frame, str), "SIP over WebSocket goes in text frames"
            if frame.startswith("SIP/2.0"):
                call_id = _CALL_ID.search(frame)
                if call_id and (answer := self._answers.pop(call_id[1], None)) and not answer.done():
                    answer.set_result(int(frame.split(" ", 2)[1]))
                branch = _BRANCH.search(frame)
                if branch is None or branch[1] not in self._asked:
                    continue
            await pbx.send(frame)

    async def _down(self, pbx: ClientConnection, phone: ServerConnection) -> None:
        try:
            async for frame in pbx:
                assert isinstance(frame, str), "SIP over WebSocket goes in text frames"
                if not frame.startswith("SIP/2.0") and (branch := _BRANCH.search(frame)):
                    self._asked.add(branch[1])
                self._heard[frame] = None
                if len(self._heard) > _KEPT:
                    self._heard.popitem(last=False)
                await phone.send(frame)
        except ConnectionClosed:
            pass  # the phone went first; its own loop ends everything
