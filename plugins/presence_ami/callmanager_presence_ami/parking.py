"""Which calls are parked in which slots, as the PBX tells it: the parking source of the core."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import TYPE_CHECKING, Final

from callmanager.api import NotConfigured

if TYPE_CHECKING:
    from callmanager.api import ParkedCall

    from callmanager_presence_ami.fields import Headers
    from callmanager_presence_ami.link import AmiLink

_MOST_LOTS: Final = 100
_MOST_CALLS: Final = 2000


class AmiParking:
    """All parked calls after the login, then each that comes and goes. A lot of ours without a call is told as empty."""

    id = "presence_ami.parking"
    label = "Parked calls"

    def __init__(self, linked: Callable[[], Awaitable[AmiLink]]) -> None:
        self._linked = linked

    async def run(self, publish: Callable[[str, Sequence[ParkedCall]], None]) -> None:
        from callmanager_presence_ami.fields import Parked, read_parked, text
        from callmanager_presence_ami.listing import listed, reading
        from callmanager_presence_ami.slots import SlotTable

        link = await self._linked()
        async with link.use() as session:
            table, told, names = SlotTable(link.naming()), False, set[str]()

            def tell(lot: str) -> None:
                if told and table.ours({*names, *table.lots(), lot}).count(lot):
                    publish(lot, table.calls(lot))

            def followed(change: Callable[[Parked], None]) -> Callable[[Headers], None]:
                def news(parked: Parked) -> None:
                    change(parked)
                    tell(parked.lot)

                return reading(read_parked, news)

            undos = [session.follow("ParkedCall", followed(table.take)), session.follow("ParkedCallSwap", followed(table.swap))]
            undos += [
                session.follow(event, followed(table.leave))
                for event in ("UnParkedCall", "ParkedCallTimeOut", "ParkedCallGiveUp")
            ]
            try:
                await listed(
                    session, "Parkinglots", lambda headers: names.add(text(headers, "Name", limit=80)), most=_MOST_LOTS
                )
                await listed(session, "ParkedCalls", reading(read_parked, table.take), most=_MOST_CALLS)
                ours = table.ours({*names, *table.lots()})
                if not ours:
                    raise NotConfigured(
                        "the PBX has no parking lot of your extension; name one in Settings if you share another"
                    )
                told = True
                for lot in sorted(ours):
                    tell(lot)
                await session.wait_lost()
            finally:
                for undo in undos:
                    undo()
