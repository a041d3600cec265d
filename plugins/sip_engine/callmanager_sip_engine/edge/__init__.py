"""The WebRTC edge: SIP over WSS and encrypted media towards the PBX, plain SIP and RTP on loopback towards pjsua2."""

from callmanager_sip_engine.edge.facts import (
    CertificateEvidence,
    DtlsState,
    EdgeFailure,
    EdgeObserver,
    FailureKind,
    IceState,
    LegState,
)
from callmanager_sip_engine.edge.proxy import Edge
from callmanager_sip_engine.edge.settings import EdgeSettings, EdgeTransport, TurnServer

__all__ = [
    "CertificateEvidence",
    "DtlsState",
    "Edge",
    "EdgeFailure",
    "EdgeObserver",
    "EdgeSettings",
    "EdgeTransport",
    "FailureKind",
    "IceState",
    "LegState",
    "TurnServer",
]
