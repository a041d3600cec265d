"""Protects and unprotects the packets of one leg with the keys of its DTLS handshake (RFC 3711, RFC 7714)."""

from __future__ import annotations

from enum import Enum

import pylibsrtp

from callmanager_sip_engine.edge.dtls import SrtpKeys

_PROFILES = {
    "SRTP_AEAD_AES_128_GCM": pylibsrtp.Policy.SRTP_PROFILE_AEAD_AES_128_GCM,
    "SRTP_AES128_CM_SHA1_80": pylibsrtp.Policy.SRTP_PROFILE_AES128_CM_SHA1_80,
}
_RTP_HEADER = 12
_RTCP_HEADER = 8


class PacketKind(Enum):
    """What a datagram on a multiplexed port is (RFC 7983, RFC 5761 section 4)."""

    DTLS = "dtls"
    RTP = "rtp"
    RTCP = "rtcp"
    OTHER = "other"


def classify(datagram: bytes) -> PacketKind:
    """Tell by the first bytes; STUN never gets here, the ICE layer has eaten it."""
    if not datagram:
        return PacketKind.OTHER
    first = datagram[0]
    if 20 <= first <= 63:
        return PacketKind.DTLS
    if 128 <= first <= 191 and len(datagram) >= _RTCP_HEADER:
        if 192 <= datagram[1] <= 223:
            return PacketKind.RTCP
        if len(datagram) >= _RTP_HEADER:
            return PacketKind.RTP
    return PacketKind.OTHER


class SrtpTransform:
    """The two directions of one leg; both methods return None for a packet that must be dropped."""

    def __init__(self, keys: SrtpKeys) -> None:
        profile = _PROFILES[keys.profile.name]
        policy = pylibsrtp.Policy
        self._out = pylibsrtp.Session(policy(key=keys.local, ssrc_type=policy.SSRC_ANY_OUTBOUND, srtp_profile=profile))
        self._in = pylibsrtp.Session(policy(key=keys.remote, ssrc_type=policy.SSRC_ANY_INBOUND, srtp_profile=profile))

    def protect(self, packet: bytes, kind: PacketKind) -> bytes | None:
        try:
            return self._out.protect_rtcp(packet) if kind is PacketKind.RTCP else self._out.protect(packet)
        except (pylibsrtp.Error, ValueError):
            return None

    def unprotect(self, packet: bytes, kind: PacketKind) -> bytes | None:
        try:
            return self._in.unprotect_rtcp(packet) if kind is PacketKind.RTCP else self._in.unprotect(packet)
        except (pylibsrtp.Error, ValueError):
            return None
