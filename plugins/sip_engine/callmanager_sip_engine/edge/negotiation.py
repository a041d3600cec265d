"""Offer and answer of one call: which SDP is which, and what each side gets to see of it (RFC 3264, RFC 8842).

One media leg serves a call from its first description to its end. Holding, resuming and a change of codec are new offers over
the same transport.
"""

from __future__ import annotations

import attrs

from callmanager_sip_engine.edge.leg import MediaLeg
from callmanager_sip_engine.edge.message import Message, Request, Response
from callmanager_sip_engine.edge.sdp import (
    Description,
    SdpError,
    Setup,
    is_webrtc,
    parse,
    read_remote,
    to_plain,
    to_webrtc,
)

_MOST_OFFERS = 16


@attrs.frozen(kw_only=True)
class _Offer:
    outbound: bool
    cseq: int
    description: Description


class CallNegotiation:
    """Translates the descriptions of one SIP Call-ID; loop thread only, one message at a time."""

    def __init__(self, leg: MediaLeg) -> None:
        self.leg = leg
        self._offers: list[_Offer] = []

    def outbound(self, message: Message) -> bytes:
        """Return the body for the PBX; raises `SdpError`."""
        description = parse(message.body)
        self._note_peer_ports(description)
        offer = self._answered_offer(message, outbound=True)
        if offer is None:
            self._remember(message, description, outbound=True)
            return to_webrtc(description, self.leg.local, setup=Setup.ACTPASS).serialise()
        remote = read_remote(offer.description)
        if not self.leg.started:
            self.leg.dtls_client = remote.setup is not Setup.ACTIVE
        body = to_webrtc(description, self.leg.local, setup=self.leg.setup, answering=offer.description)
        if description.audio.port != 0:
            self.leg.connect(remote, dtls_client=self.leg.dtls_client)
        return body.serialise()

    def inbound(self, message: Message) -> bytes:
        """Return the body for pjsua2; raises `SdpError`."""
        description = parse(message.body)
        offer = self._answered_offer(message, outbound=False)
        if description.audio.port != 0:
            if not is_webrtc(description.audio):
                raise SdpError("the PBX offers plain RTP; the extension is not set up for WebRTC")
            remote = read_remote(description)
            if self.leg.remote is not None and remote.ufrag != self.leg.remote.ufrag:
                raise SdpError("the PBX restarts ICE inside a call")
            if offer is not None:
                self.leg.connect(remote, dtls_client=remote.setup is not Setup.ACTIVE)
        if offer is None:
            self._remember(message, description, outbound=False)
        ports = self.leg.loopback
        return to_plain(description, rtp_port=ports.rtp_port, rtcp_port=ports.rtcp_port).serialise()

    def _answered_offer(self, message: Message, *, outbound: bool) -> _Offer | None:
        """Return the offer that this message answers, None when it makes an offer itself.

        A response answers the request of its CSeq when that request held an offer; the ACK answers an offer that came in
        the 2xx.
        """
        number, _ = message.cseq
        if isinstance(message, Response) or (isinstance(message, Request) and message.method in {"ACK", "PRACK"}):
            for offer in reversed(self._offers):
                if offer.cseq == number and offer.outbound is not outbound:
                    return offer
            if isinstance(message, Request) and message.method == "ACK":
                raise SdpError("an ACK answers no offer")
        return None

    def _remember(self, message: Message, description: Description, *, outbound: bool) -> None:
        self._offers.append(_Offer(outbound=outbound, cseq=message.cseq[0], description=description))
        del self._offers[:-_MOST_OFFERS]

    def _note_peer_ports(self, description: Description) -> None:
        audio = description.audio
        rtcp = (audio.attribute("rtcp") or "").split()
        named = int(rtcp[0]) if rtcp and rtcp[0].isascii() and rtcp[0].isdigit() else 0
        rtcp_port = named if 0 < named < 65536 else audio.port + 1
        self.leg.loopback.set_peer(rtp=audio.port, rtcp=rtcp_port if audio.port else 0)
