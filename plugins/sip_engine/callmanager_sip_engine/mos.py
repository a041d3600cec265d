"""How good a call sounds, estimated from what RTCP measures: a simplified E-model (ITU-T G.107, G.113 appendix I)."""

from collections.abc import Mapping
from typing import Final

import attrs

_BASE: Final = 93.2
"""R of a perfect narrowband connection with default values (G.107 section 7)."""
_CODEC_DELAY_MS: Final = 25.0
"""Packetisation and look-ahead of a 20 ms codec."""


@attrs.frozen(kw_only=True)
class _Codec:
    impairment: float
    robustness: float


# Ie and Bpl of G.113 appendix I. G.722 is rated on the narrowband scale, where its audible advantage over G.711 outweighs its
# own coding noise, so that it counts like G.711 here.
_CODECS: Final[Mapping[str, _Codec]] = {
    "PCMU": _Codec(impairment=0.0, robustness=25.1),
    "PCMA": _Codec(impairment=0.0, robustness=25.1),
    "G722": _Codec(impairment=0.0, robustness=25.1),
    "GSM": _Codec(impairment=20.0, robustness=10.0),
    "ILBC": _Codec(impairment=11.0, robustness=32.0),
}
_UNKNOWN: Final = _Codec(impairment=11.0, robustness=10.0)


def estimate_mos(*, codec: str, loss_percent: float, jitter_ms: float, round_trip_ms: float | None) -> float:
    """Mean opinion score from 1.0 to 4.5; half the round trip and twice the jitter count as one-way delay."""
    known = _CODECS.get(codec.upper(), _UNKNOWN)
    loss = min(max(loss_percent, 0.0), 100.0)
    delay = _CODEC_DELAY_MS + 2 * max(jitter_ms, 0.0) + max(round_trip_ms or 0.0, 0.0) / 2
    rating = _BASE - delay_impairment(delay) - equipment_impairment(known.impairment, known.robustness, loss)
    return round(opinion_of_rating(rating), 2)


def delay_impairment(delay_ms: float) -> float:
    """Id, the usual two-piece approximation of G.107 equation 7-27."""
    return 0.024 * delay_ms + (0.11 * (delay_ms - 177.3) if delay_ms > 177.3 else 0.0)


def equipment_impairment(impairment: float, robustness: float, loss_percent: float) -> float:
    """Ie,eff of G.107 equation 7-29 for random loss."""
    return impairment + (95 - impairment) * loss_percent / (loss_percent + robustness)


def opinion_of_rating(rating: float) -> float:
    """G.107 annex B."""
    if rating <= 0:
        return 1.0
    if rating >= 100:
        return 4.5
    return max(1.0, 1 + 0.035 * rating + rating * (rating - 60) * (100 - rating) * 7e-6)
