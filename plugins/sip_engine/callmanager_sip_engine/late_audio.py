"""The audio system, loaded after the phone is registered: its libraries take as long to load as everything else together."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from callmanager.api import AudioRole

from callmanager_sip_engine.sip.media_port import FRAME_OCTETS, Frames

if TYPE_CHECKING:
    from callmanager_sip_engine.audio.system import AudioSystem
    from callmanager_sip_engine.audio.values import AudioObserver

_log: Final = logging.getLogger(__name__)
_SILENCE: Final = bytes(FRAME_OCTETS)
_PATIENCE_SECONDS: Final = 1.0

Order = Callable[["AudioSystem"], None]


class LateAudio:
    """Keeps orders to the audio system until there is one, and has them done in the order in which they came.

    Loop thread only, but for the two methods of `Frames`, which the media clock calls: silence until the system is there.
    Loading begins with `hurry`, with the first order that cannot wait, or a second after `start`.
    """

    def __init__(self, observer: AudioObserver) -> None:
        self._observer = observer
        self._frames: Frames | None = None
        self._waiting: list[Order] = []
        self._hurry = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self.system: AudioSystem | None = None
        """None until it is loaded, and after `close`."""

    def start(self) -> None:
        self._task = asyncio.get_running_loop().create_task(self._load(), name="load audio")

    def hurry(self) -> None:
        """Nothing more urgent is left: load now."""
        self._hurry.set()

    def do(self, order: Order, *, can_wait: bool = False) -> None:
        """Have this done by the audio system, now or as soon as it is loaded."""
        if self.system is not None:
            order(self.system)
            return
        self._waiting.append(order)
        if not can_wait:
            self._hurry.set()

    async def ready(self) -> AudioSystem:
        """The system itself, loaded if need be."""
        found: asyncio.Future[AudioSystem] = asyncio.get_running_loop().create_future()

        def take(system: AudioSystem) -> None:
            if not found.done():
                found.set_result(system)

        self.do(take)
        return await found

    def pull_microphone(self) -> bytes:
        frames = self._frames
        return _SILENCE if frames is None else frames.pull_microphone()

    def push_speaker(self, frame: bytes) -> None:
        if (frames := self._frames) is not None:
            frames.push_speaker(frame)

    async def close(self) -> None:
        """Close the devices; orders that still wait are dropped. Idempotent."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait([self._task])
        self._waiting.clear()
        system, self.system = self.system, None
        if system is not None:
            system.close()

    async def _load(self) -> None:
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._hurry.wait(), _PATIENCE_SECONDS)
        try:
            make = await asyncio.to_thread(_import)
            self.system = self._frames = system = make(self._observer)
        except Exception as error:  # noqa: BLE001 - told: a phone without sound can still say so
            _log.exception("the audio system cannot be loaded")
            for role in (AudioRole.SPEAKER, AudioRole.MICROPHONE):
                self._observer.audio_failed(role, f"the audio system cannot be loaded: {error}")
            return
        waiting, self._waiting = self._waiting, []
        for order in waiting:
            order(system)


def _import() -> type[AudioSystem]:
    from callmanager_sip_engine.audio.system import AudioSystem

    return AudioSystem
