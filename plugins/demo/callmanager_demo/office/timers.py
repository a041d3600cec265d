"""The timers of RFC 3261 section 17.1.1.1, in seconds; tests make them short."""

import attrs


@attrs.frozen(kw_only=True)
class Timers:
    t1: float = 0.5
    """Estimate of the round trip: the first retransmission interval."""
    t2: float = 4.0
    """Longest retransmission interval."""
    t4: float = 5.0
    """How long a message may live in the network."""

    @property
    def give_up(self) -> float:
        """64*T1: timers B, F, H, J, L and M."""
        return 64 * self.t1
