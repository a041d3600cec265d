"""Long work on the loop thread in slices so short that no frame and no key press waits for it."""

from __future__ import annotations

import time
from typing import Final

SLICE_SECONDS: Final = 0.004
_REST_SECONDS: Final = 0.001


class Slices:
    """`await slices.breathe()` in a loop whose steps take well under a millisecond: from time to time others get their turn."""

    def __init__(self) -> None:
        self._began = time.perf_counter()

    async def breathe(self) -> None:
        if time.perf_counter() - self._began < SLICE_SECONDS:
            return
        import asyncio

        await asyncio.sleep(_REST_SECONDS)
        self._began = time.perf_counter()
