"""A UDP socket in asyncio that hands over what arrives."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING

from typing_extensions import override

if TYPE_CHECKING:
    from collections.abc import Callable

_log = logging.getLogger(__name__)


class Datagrams(asyncio.DatagramProtocol):
    def __init__(self, take: Callable[[bytes, tuple[str, int]], None]) -> None:
        self._take = take

    @override
    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        self._take(data, addr)

    @override
    def error_received(self, exc: Exception) -> None:
        # A phone that ended without goodbye: its port is closed. What waits for it times out by itself.
        _log.debug("datagram refused: %s", exc)
