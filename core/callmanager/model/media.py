"""What is known about a call's media path: codec, encryption, and how well it arrives."""

import attrs


@attrs.frozen(kw_only=True)
class MediaPath:
    """How packets travel where ICE and DTLS-SRTP are used (RFC 8445, RFC 5763); for connection details and for support.

    States are the words of the RFCs in lower case; candidate types are host, srflx, prflx or relay.
    """

    ice: str = ""
    dtls: str = ""
    ice_ms: float | None = None
    dtls_ms: float | None = None
    local_candidate: str = ""
    remote_candidate: str = ""
    failure: str = ""


@attrs.frozen(kw_only=True)
class CallMedia:
    """Media as it really flows.

    `encrypted` is true only when SRTP packets of the far end were really decrypted, never because it was asked for.
    `flowing` says that audio packets have arrived. `early` means media before the answer (183).
    """

    codec: str = ""
    clock_rate: int = 0
    encrypted: bool = False
    flowing: bool = False
    early: bool = False
    digits_supported: bool = False
    path: MediaPath | None = None

    @property
    def wideband(self) -> bool:
        """16 kHz or more: what users call HD."""
        return self.clock_rate >= 16000


@attrs.frozen(kw_only=True)
class CallStatistics:
    """A second-by-second reading from RTCP (RFC 3550) and the jitter buffer.

    Loss is in percent of the packets expected, jitter and round trip in milliseconds, `mos` an E-model estimate (ITU-T
    G.107) from 1.0 to 4.5, levels in dBFS (-127 is silence).
    """

    packets_sent: int = 0
    packets_received: int = 0
    loss_percent: float = 0.0
    remote_loss_percent: float = 0.0
    jitter_ms: float = 0.0
    round_trip_ms: float | None = None
    mos: float | None = None
    received_level_dbfs: float = -127.0
    sent_level_dbfs: float = -127.0
