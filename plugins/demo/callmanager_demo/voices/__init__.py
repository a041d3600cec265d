"""What the office says: recorded phrases, 8 kHz mu-law, and how to get at them.

The WAV files are made from the texts below with espeak-ng (`python -m callmanager_demo.voices`), whose output is free to use.
"""

from __future__ import annotations

from enum import Enum
from importlib.resources import files
from typing import TYPE_CHECKING

from callmanager_demo.office.g711 import PCMU
from callmanager_demo.office.sounds import Clip, Sequence

if TYPE_CHECKING:
    from array import array

_MULAW_FORMAT = 7


class Phrase(Enum):
    """A phrase; the value is its text, the name, lower case, its file. The part before the first `_` names the speaker."""

    OFFICE_0 = "zero"
    OFFICE_1 = "one"
    OFFICE_2 = "two"
    OFFICE_3 = "three"
    OFFICE_4 = "four"
    OFFICE_5 = "five"
    OFFICE_6 = "six"
    OFFICE_7 = "seven"
    OFFICE_8 = "eight"
    OFFICE_9 = "nine"
    OFFICE_STAR = "star"
    OFFICE_POUND = "pound"
    OFFICE_WELCOME = "Welcome to the rehearsal office."
    OFFICE_PRESS = "Press any key. Press pound to finish."
    OFFICE_PRESSED = "You pressed:"
    OFFICE_GOODBYE = "Goodbye."
    OFFICE_UNKNOWN = "The number you have dialed is not in service. Please check the number, and try again."
    OFFICE_CALLBACK = "Please hang up. A colleague calls you in five seconds."
    MARIA_HELLO = "Good morning, this is Maria Lindqvist at the front desk."
    MARIA_SOUND = "I can hear the line well. How do I sound to you?"
    MARIA_HOLD = "Please put me on hold, and take me back."
    MARIA_ECHO = "Now say something. I will play back everything I hear."
    DANIEL_HELLO = "Hi, this is Daniel Okafor, from the workshop."
    DANIEL_RING = "I only wanted to see whether your phone rings. It does!"
    DANIEL_THANKS = "Thanks for picking up. Talk to you later. Bye!"
    GRACE_HELLO = "Hello, I would like to make an appointment."


_KEYS = {"*": Phrase.OFFICE_STAR, "#": Phrase.OFFICE_POUND} | {digit: Phrase[f"OFFICE_{digit}"] for digit in "0123456789"}


def phrase_for_key(digit: str) -> Phrase | None:
    """The name of a telephone key; none for A to D, which have no key on a telephone."""
    return _KEYS.get(digit)


class Voices:
    """The phrases as sounds, each read once."""

    def __init__(self) -> None:
        self._samples: dict[Phrase, array[int]] = {}

    def say(self, *phrases: Phrase) -> Sequence:
        """One phrase after the other."""
        return Sequence([Clip(self._load(phrase)) for phrase in phrases])

    def _load(self, phrase: Phrase) -> array[int]:
        if phrase not in self._samples:
            data = files(__name__).joinpath(f"{phrase.name.lower()}.wav").read_bytes()
            self._samples[phrase] = PCMU.decode(mulaw_data(data))
        return self._samples[phrase]


def mulaw_data(wav: bytes) -> bytes:
    """The codes in a mono 8 kHz mu-law RIFF file; raises `ValueError` for any other.

    The `wave` module of the standard library reads linear PCM only.
    """
    if wav[:4] != b"RIFF" or wav[8:12] != b"WAVE":
        raise ValueError("not a WAV file")
    position, wanted = 12, False
    while position + 8 <= len(wav):
        kind, length = wav[position : position + 4], int.from_bytes(wav[position + 4 : position + 8], "little")
        content = wav[position + 8 : position + 8 + length]
        if kind == b"fmt ":
            numbers = [int.from_bytes(content[start:end], "little") for start, end in ((0, 2), (2, 4), (4, 8))]
            wanted = numbers == [_MULAW_FORMAT, 1, 8000]
        elif kind == b"data" and wanted:
            return content
        position += 8 + length + length % 2
    raise ValueError("not a mono 8 kHz mu-law WAV file")
