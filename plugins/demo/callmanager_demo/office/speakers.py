"""Who answers with a voice: the digit reader, the announcement of an unknown number, and the colleagues."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from callmanager_demo.office.call import Call, Person
from callmanager_demo.office.echo import Echo
from callmanager_demo.office.sounds import Sequence, Silence, Sound, Tone
from callmanager_demo.voices import Phrase, Voices, phrase_for_key

if TYPE_CHECKING:
    from collections.abc import Callable

    from callmanager_demo.office.inbound import InboundCall

MARIA = Person(number="6003", name="Maria Lindqvist")
DANIEL = Person(number="2011", name="Daniel Okafor")
GRACE = Person(number="5550142", name="Grace Abara")


class DigitReader:
    """Says each key that is pressed, in order and once; ends after the pound key or when none comes for a while."""

    person = Person(number="6002", name="Digit reader")

    def __init__(self, voices: Voices, *, patience: float = 30.0) -> None:
        self._voices = voices
        self._patience = patience

    async def answer(self, call: InboundCall) -> None:
        call.answer()
        greeting: Sound | None = Sequence([Silence(0.3), self._voices.say(Phrase.OFFICE_WELCOME, Phrase.OFFICE_PRESS)])
        while (digit := await self._pressed(call, greeting)) is not None:
            name = phrase_for_key(digit)
            if name is not None:
                # Said before the first key of a row only: who types a number wants to hear the number.
                introduced = greeting is not None
                await call.play(self._voices.say(Phrase.OFFICE_PRESSED, name) if introduced else self._voices.say(name))
            if digit == "#":
                break
            greeting = None
        await call.play(Sequence([self._voices.say(Phrase.OFFICE_GOODBYE), Silence(0.3)]))

    async def _pressed(self, call: Call, prompt: Sound | None) -> str | None:
        """The next key, which interrupts the prompt; none when nobody presses one."""
        prompting = asyncio.ensure_future(call.play(prompt or Silence(0)))
        try:
            async with asyncio.timeout(self._patience):
                return await call.next_digit()
        except TimeoutError:
            return None
        finally:
            prompting.cancel()
            await asyncio.gather(prompting, return_exceptions=True)


class UnknownNumber:
    """An announcement before the answer (183), as telephone companies play it, and then 404."""

    person = Person(number="6006", name="Number not in service")

    def __init__(self, voices: Voices) -> None:
        self._voices = voices

    async def answer(self, call: InboundCall) -> None:
        call.speak_early()
        # Special information tones "vacant code" (Telcordia SR-2275).
        tones = [Tone(985.2, seconds=0.38), Tone(1370.6, seconds=0.274), Tone(1776.7, seconds=0.38)]
        await call.play(Sequence([Silence(0.2), *tones, Silence(0.3), self._voices.say(Phrase.OFFICE_UNKNOWN), Silence(0.3)]))
        call.reject(404, "Not Found")


class Maria:
    """A colleague at her desk: picks up after two rings, says something, then gives back what she hears."""

    person = MARIA

    def __init__(self, voices: Voices, *, ring_seconds: float = 8.0) -> None:
        self._voices = voices
        self._ring_seconds = ring_seconds
        """Two rings of the North American cadence: 2 s on, 4 s off, 2 s on."""

    async def answer(self, call: InboundCall) -> None:
        call.ring()
        await asyncio.sleep(self._ring_seconds)
        call.answer()
        say = self._voices.say
        hello, sound, hold = say(Phrase.MARIA_HELLO), say(Phrase.MARIA_SOUND), say(Phrase.MARIA_HOLD)
        pauses = Silence(0.5), Silence(1.5), Silence(2.0), Silence(4.0)
        await call.play(Sequence([pauses[0], hello, pauses[1], sound, pauses[2], hold, pauses[3], say(Phrase.MARIA_ECHO)]))
        echo = Echo()
        call.listen(echo.heard)
        await call.play(echo)


class Daniel:
    """A colleague who picks up soon and has little time; he is also the one who calls."""

    person = DANIEL

    def __init__(self, voices: Voices, *, ring_seconds: float = 3.0) -> None:
        self._voices = voices
        self._ring_seconds = ring_seconds

    async def answer(self, call: InboundCall) -> None:
        call.ring()
        await asyncio.sleep(self._ring_seconds)
        call.answer()
        await call.play(Sequence([Silence(0.5), self._voices.say(Phrase.DANIEL_HELLO, Phrase.DANIEL_THANKS), Silence(0.3)]))

    async def converse(self, call: Call) -> None:
        """What he says when he has called."""
        hello, ring, thanks = (
            self._voices.say(phrase) for phrase in (Phrase.DANIEL_HELLO, Phrase.DANIEL_RING, Phrase.DANIEL_THANKS)
        )
        await call.play(Sequence([Silence(0.5), hello, Silence(0.7), ring, Silence(2.0), thanks, Silence(0.3)]))


class Grace:
    """A customer from outside, who calls and then listens for as long as she is talked to."""

    person = GRACE

    def __init__(self, voices: Voices) -> None:
        self._voices = voices

    async def converse(self, call: Call) -> None:
        """What she says when she has called: she asks again if nobody deals with her, and gives up the third time."""
        for _ in range(3):
            await call.play(Sequence([Silence(0.5), self._voices.say(Phrase.GRACE_HELLO), Silence(20.0)]))


class CallBack:
    """Asks the caller to hang up, then has somebody call."""

    def __init__(self, voices: Voices, *, person: Person, order: Callable[[], None]) -> None:
        self.person = person
        self._voices = voices
        self._order = order

    async def answer(self, call: InboundCall) -> None:
        call.answer()
        self._order()
        await call.play(Sequence([Silence(0.3), self._voices.say(Phrase.OFFICE_CALLBACK), Silence(0.3)]))
