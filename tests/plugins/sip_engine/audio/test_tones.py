import numpy as np
import pytest
from audio_bench.bench import tone_share
from callmanager_sip_engine.audio.frames import FULL_SCALE, RATE, Samples
from callmanager_sip_engine.audio.ringtone import preview_player, ringtone_player, ringtone_sound
from callmanager_sip_engine.audio.tones import digit_player, tone_player
from callmanager_sip_engine.audio.values import Tone


def played(tone: Tone, seconds: float) -> Samples:
    player = tone_player(tone)
    return np.concatenate([player.next(320) for _ in range(round(seconds * 50))])


@pytest.mark.parametrize(
    ("tone", "frequencies", "on", "off"),
    [
        (Tone.RINGBACK, (440, 480), 2.0, 4.0),
        (Tone.BUSY, (480, 620), 0.5, 0.5),
        (Tone.CONGESTION, (480, 620), 0.25, 0.25),
        (Tone.CALL_WAITING, (440,), 0.3, 9.7),
    ],
)
def test_a_tone_has_the_american_frequencies_and_cadence(
    tone: Tone, frequencies: tuple[float, ...], on: float, off: float
) -> None:
    sound = played(tone, 2 * (on + off))
    first, pause = sound[: round(on * RATE)], sound[round(on * RATE) : round((on + off) * RATE)]
    shares = [tone_share(first, frequency) for frequency in frequencies]
    assert sum(shares) > 0.95
    assert min(shares) > 0.9 / len(frequencies)
    assert not pause.any()
    assert np.array_equal(sound[: len(sound) // 2], sound[len(sound) // 2 :])


@pytest.mark.parametrize(("digit", "row", "column"), [("1", 697, 1209), ("5", 770, 1336), ("#", 941, 1477), ("d", 941, 1633)])
def test_a_key_sounds_with_its_row_and_column(digit: str, row: float, column: float) -> None:
    player = digit_player(digit)
    sound = player.next(round(0.12 * RATE))
    assert tone_share(sound, row) > 0.4
    assert tone_share(sound, column) > 0.4
    assert player.ended
    assert not player.next(320).any()


@pytest.mark.parametrize("digit", ["", "E", "12", "x" * 1000])
def test_what_is_no_key_is_refused(digit: str) -> None:
    with pytest.raises(ValueError, match="no DTMF digit"):
        digit_player(digit)


def test_the_ringtone_rings_two_seconds_and_pauses_four() -> None:
    player = ringtone_player()
    sound = np.concatenate([player.next(160) for _ in range(600)])
    assert sound[: 2 * RATE].any()
    assert not sound[2 * RATE :].any()
    assert player.next(160).any()


def test_the_ringtone_is_neither_clipped_nor_shrill() -> None:
    sound = ringtone_sound().astype(np.float64)
    assert 0.3 * FULL_SCALE < np.abs(sound).max() < 0.7 * FULL_SCALE
    spectrum = np.abs(np.fft.rfft(sound)) ** 2
    frequencies = np.fft.rfftfreq(len(sound), 1 / RATE)
    assert spectrum[frequencies > 3000].sum() < 0.05 * spectrum.sum()


def test_a_preview_rings_once() -> None:
    player = preview_player()
    assert player.next(2 * RATE).any()
    assert player.ended
