"""Who is free, as the PBX tells it: the presence source of the core."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from callmanager.api import Presence

    from callmanager_presence_ami.fields import Headers
    from callmanager_presence_ami.link import AmiLink
    from callmanager_presence_ami.session import AmiSession
    from callmanager_presence_ami.table import PresenceTable

MOST: Final = 20_000
"""So many extensions the core keeps."""


class AmiPresence:
    """Extensions by their hints, those without one by the state of their phones; "do not disturb" by what the PBX says of it.

    Right after the login everything is asked for; events that come meanwhile are in order with it, so nothing is missed and
    nothing older wins. What comes in one piece from the PBX is published at once.
    """

    id = "presence_ami.extensions"
    label = "Presence of extensions"

    def __init__(self, linked: Callable[[], Awaitable[AmiLink]]) -> None:
        self._linked = linked

    async def run(self, publish: Callable[[Sequence[Presence]], None]) -> None:
        from callmanager_presence_ami.table import PresenceTable

        link = await self._linked()
        async with link.use() as session:
            follower = _Follower(session, PresenceTable(link.naming()), publish)
            try:
                await follower.run()
            finally:
                follower.stop()


class _Follower:
    def __init__(self, session: AmiSession, table: PresenceTable, publish: Callable[[Sequence[Presence]], None]) -> None:
        import asyncio

        self._session = session
        self._table = table
        self._publish = publish
        self._loop = asyncio.get_running_loop()
        self._soon: asyncio.Handle | None = None
        self._listed = False
        self._undos: list[Callable[[], None]] = []

    async def run(self) -> None:
        from callmanager_presence_ami.fields import read_custom, read_device, read_hint
        from callmanager_presence_ami.listing import listed, reading

        table, session = self._table, self._session
        hint = reading(read_hint, table.take_hint)
        device = reading(read_device, table.take_device)
        custom = reading(read_custom, table.take_custom)
        self._undos += [
            session.follow("ExtensionStatus", self._also_soon(hint)),
            session.follow("DeviceStateChange", self._also_soon(device)),
            session.follow("PresenceStateChange", self._also_soon(custom)),
        ]
        await listed(session, "ExtensionStateList", hint, most=MOST)
        await listed(session, "DeviceStateList", device, most=2 * MOST)
        await listed(session, "PresenceStateList", custom, most=MOST)
        self._listed = True
        self._publish(table.changes())
        await session.wait_lost()

    def stop(self) -> None:
        while self._undos:
            self._undos.pop()()
        if self._soon is not None:
            self._soon.cancel()
            self._soon = None

    def _also_soon(self, take: Callable[[Headers], None]) -> Callable[[Headers], None]:
        def news(headers: Headers) -> None:
            take(headers)
            if self._listed and self._soon is None:
                self._soon = self._loop.call_soon(self._flush)

        return news

    def _flush(self) -> None:
        self._soon = None
        changes = self._table.changes()
        if changes:
            self._publish(changes)
