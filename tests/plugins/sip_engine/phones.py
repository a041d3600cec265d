"""A real engine process with a memory of its facts, as the tests drive it."""

import asyncio
import itertools
import logging
import math
import wave
from array import array
from pathlib import Path
from typing import Self

from callmanager.api import (
    Account,
    AccountId,
    AudioBackendKind,
    AudioChoice,
    CallId,
    ConfigureAudio,
    EngineStarted,
    PlaceCall,
    Register,
    RegistrationReported,
    RegistrationState,
    Transport,
)
from callmanager_sip_engine.supervisor import EngineSupervisor

_ids = itertools.count(1)
LOG = logging.getLogger("engine under test")


class Phone:
    """One supervisor and everything it reported."""

    def __init__(self, folder: Path, **options) -> None:
        self.folder = folder
        self.engine = EngineSupervisor(LOG, **options)
        self.facts: list = []
        self._news = asyncio.Condition()

    async def __aenter__(self) -> Self:
        self.engine.prepare()
        await self.engine.start(self._hear)
        await self.wait(EngineStarted)
        return self

    async def __aexit__(self, *_exc) -> None:
        await self.engine.stop()

    def _hear(self, fact) -> None:
        self.facts.append(fact)
        LOG.debug("%s", fact)
        asyncio.get_running_loop().create_task(self._wake())

    async def _wake(self) -> None:
        async with self._news:
            self._news.notify_all()

    async def wait(self, kind, test=lambda _fact: True, *, seconds: float = 15, since: int = 0):
        """The first fact of the kind that passes, from number `since` on."""

        def found():
            return next((fact for fact in self.facts[since:] if isinstance(fact, kind) and test(fact)), None)

        async def until_found():
            async with self._news:
                await self._news.wait_for(lambda: found() is not None)
            return found()

        try:
            return await asyncio.wait_for(until_found(), seconds)
        except TimeoutError:
            tail = "\n".join(map(str, self.facts[-15:]))
            raise AssertionError(f"no {getattr(kind, '__name__', kind)} within {seconds} s; the last facts:\n{tail}") from None

    def of(self, kind) -> list:
        return [fact for fact in self.facts if isinstance(fact, kind)]

    @property
    def now(self) -> int:
        """Number of facts so far, for `since`."""
        return len(self.facts)

    def use_files(self, *, hear: Path, say: Path | None = None) -> None:
        self.engine.submit(ConfigureAudio(choice=AudioChoice(backend=AudioBackendKind.FILES, input_file=say, output_file=hear)))

    def use_nothing(self) -> None:
        self.engine.submit(ConfigureAudio(choice=AudioChoice(backend=AudioBackendKind.NONE)))

    def register(self, account: Account, password: str) -> None:
        self.engine.submit(Register(account=account, password=password))

    async def registered(self, account: Account, password: str, *, seconds: float = 15):
        since = self.now
        self.register(account, password)
        return await self.wait(
            RegistrationReported,
            lambda fact: fact.registration.state is RegistrationState.REGISTERED,
            seconds=seconds,
            since=since,
        )

    def place(self, account: Account, target: str, **options) -> CallId:
        call_id = CallId(f"call-{next(_ids)}")
        self.engine.submit(PlaceCall(call_id=call_id, account_id=account.id, target=target, **options))
        return call_id


def account(extension: str, server: str, port: int, transport: Transport, **options) -> Account:
    return Account(
        id=AccountId(f"acc-{extension}"), extension=extension, server=server, port=port, transport=transport, **options
    )


def tone_file(path: Path, hertz: float, *, seconds: float = 1.0, rate: int = 16000, peak: int = 9000) -> Path:
    samples = array("h", (int(peak * math.sin(2 * math.pi * hertz * n / rate)) for n in range(int(seconds * rate))))
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(rate)
        file.writeframes(samples.tobytes())
    return path


def share_of_tone(samples, hertz: float, *, rate: int = 16000) -> float:
    """How much of the energy lies at `hertz`: 1.0 is a pure tone (Goertzel)."""
    energy = sum(float(s) * s for s in samples)
    if not energy:
        return 0.0
    omega = 2 * math.pi * hertz / rate
    coefficient = 2 * math.cos(omega)
    before = last = 0.0
    for sample in samples:
        before, last = last, float(sample) + coefficient * last - before
    power = last * last + before * before - coefficient * last * before
    return 2 * power / (energy * len(samples))


def read_wav(path: Path):
    with wave.open(str(path), "rb") as file:
        assert file.getframerate() == 16000
        return array("h", file.readframes(file.getnframes()))


def best_share(path: Path, hertz: float, *, rate: int = 16000, skip: int = 0) -> float:
    """The best of all half seconds of a recording: clock starts, tones and ends lie around it."""
    if not path.exists() or path.stat().st_size < 2000:
        return 0.0
    samples = read_wav(path)[skip:]
    step = rate // 4
    windows = (samples[i : i + rate // 2] for i in range(0, max(1, len(samples) - rate // 2), step))
    return max((share_of_tone(w, hertz) for w in windows if len(w) and max(map(abs, w)) > 200), default=0.0)


async def heard(path: Path, hertz: float, *, seconds: float = 8, share: float = 0.8, skip: int = 0) -> float:
    """Wait until the tone is in the recording, after its first `skip` samples."""
    best = 0.0
    end = asyncio.get_running_loop().time() + seconds
    while asyncio.get_running_loop().time() < end:
        await asyncio.sleep(0.25)
        best = best_share(path, hertz, skip=skip)
        if best >= share:
            return best
    raise AssertionError(f"{hertz} Hz was not heard in {path.name}: best share {best:.2f}")
