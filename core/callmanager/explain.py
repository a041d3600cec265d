"""Say in plain words why something failed and what to do next; the words are those of the manual's troubleshooting pages."""

from collections.abc import Mapping
from typing import Final

import attrs

from callmanager.model.failures import CertificateEvidence, Failure, FailureKind


@attrs.frozen(kw_only=True)
class Explanation:
    """`text` is the headline, `hint` the next step; both are whole sentences without technical terms."""

    text: str
    hint: str = ""


_FIREWALL: Final = "Check that your firewall allows outbound connections on port 8089 (WSS) and UDP ports 10000–20000 (media)."

_EXPLANATIONS: Final[Mapping[FailureKind, Explanation]] = {
    FailureKind.NAME: Explanation(
        text="The server address was not found.",
        hint="Verify the server address in Settings and that your internet connection is active.",
    ),
    FailureKind.REFUSED: Explanation(
        text="The PBX does not accept connections at this address and port.",
        hint=f"Verify the server address and the port (8089) in Settings. {_FIREWALL}",
    ),
    FailureKind.TIMEOUT: Explanation(
        text="The PBX does not answer.",
        hint=f"Ensure your internet connection is active. {_FIREWALL} On a VPN, try a split tunnel that excludes the PBX.",
    ),
    FailureKind.TLS: Explanation(
        text="The PBX's certificate can't be trusted.",
        hint="Ask your administrator to renew or correct it, or choose your company's CA file under Advanced in Settings.",
    ),
    FailureKind.WEBSOCKET: Explanation(
        text="The server answers, but not as a PBX with WebRTC.",
        hint="Verify the port (8089) in Settings and the WebSocket path (/ws) under Advanced.",
    ),
    FailureKind.PASSWORD: Explanation(
        text="The PBX refused the extension or the password.",
        hint="Verify both in Settings, then press Connect. It is not tried again by itself, so that the PBX does not ban you.",
    ),
    FailureKind.FORBIDDEN: Explanation(
        text="The PBX does not allow this.",
        hint="Ask your administrator whether this extension may register and place this call.",
    ),
    FailureKind.NOT_FOUND: Explanation(
        text="The PBX does not know this number.",
        hint="Check the number.",
    ),
    FailureKind.BUSY: Explanation(text="The line is busy.", hint="Try again later."),
    FailureKind.DECLINED: Explanation(text="The call was declined."),
    FailureKind.UNAVAILABLE: Explanation(text="Nobody can be reached there now.", hint="Try again later."),
    FailureKind.NO_ANSWER: Explanation(text="Nobody answered.", hint="Try again later."),
    FailureKind.NOT_ACCEPTABLE: Explanation(
        text="The two phones have no audio format or encryption in common.",
        hint="Ask your administrator to allow G.722 or G.711 and WebRTC media for this extension.",
    ),
    FailureKind.SERVER: Explanation(
        text="The PBX reported a fault of its own.",
        hint="Try again in a moment; if it persists, contact your administrator.",
    ),
    FailureKind.ICE: Explanation(
        text="No way for the audio was found.",
        hint="Behind a strict firewall or symmetric NAT a TURN server may be required: contact your administrator.",
    ),
    FailureKind.MEDIA: Explanation(
        text="The call is connected, but no audio arrives.",
        hint=f"{_FIREWALL} A TURN server may be required: contact your administrator.",
    ),
    FailureKind.AUDIO_DEVICE: Explanation(
        text="A sound device can't be used.",
        hint="Check your audio device selection in Settings and that the system lets this app use the microphone.",
    ),
    FailureKind.LINK_LOST: Explanation(
        text="The connection to the PBX was lost.",
        hint="It is being restored by itself. If this happens often, look at your internet connection, VPN or firewall.",
    ),
    FailureKind.ENGINE: Explanation(
        text="The call engine stopped.",
        hint="It is started again by itself. If this persists, restart PC CallManager.",
    ),
    FailureKind.CANCELLED: Explanation(text="The call was cancelled."),
    FailureKind.UNKNOWN: Explanation(
        text="Something went wrong.", hint="Try again; the details are in the log for your administrator."
    ),
}

_REGISTRATION: Final[Mapping[FailureKind, Explanation]] = {
    FailureKind.FORBIDDEN: Explanation(
        text="The PBX does not let this extension register.",
        hint="Verify the extension in Settings, then ask your administrator. The PBX may have banned this address for a while.",
    ),
    FailureKind.NOT_FOUND: Explanation(
        text="The PBX does not know this extension.",
        hint="Verify the extension in Settings. On a VitalPBX tenant the SIP user under Advanced differs from it.",
    ),
    FailureKind.UNAVAILABLE: Explanation(text="The PBX does not answer.", hint="It is tried again by itself."),
}


def explain(failure: Failure) -> Explanation:
    """The words for a failed call or command."""
    return _with_certificate(_EXPLANATIONS[failure.kind], failure)


def explain_registration(failure: Failure) -> Explanation:
    """The words for a failed registration, where some causes mean another thing than in a call."""
    return _with_certificate(_REGISTRATION.get(failure.kind, _EXPLANATIONS[failure.kind]), failure)


def evidence(failure: Failure) -> str:
    """What is for the curious and for support: technical text, SIP code and the certificate's own statements, one a line."""
    lines = []
    if failure.sip_code is not None:
        lines.append(f"SIP status {failure.sip_code}")
    if failure.detail:
        lines.append(failure.detail)
    if failure.certificate is not None:
        lines.extend(certificate_lines(failure.certificate))
    return "\n".join(lines)


def certificate_lines(certificate: CertificateEvidence) -> tuple[str, ...]:
    """A refused certificate as a person reads it out to the administrator."""
    return (
        f"Problem: {certificate.problem}",
        f"Issued to: {certificate.subject}",
        f"Issued by: {certificate.issuer}",
        f"Valid: {certificate.not_before} to {certificate.not_after}",
        f"SHA-256 fingerprint: {certificate.sha256}",
    )


def _with_certificate(explanation: Explanation, failure: Failure) -> Explanation:
    if failure.certificate is None:
        return explanation
    return attrs.evolve(
        explanation,
        text=f"{explanation.text[:-1]}: {failure.certificate.problem}.",
        hint=f"{explanation.hint} Issued by {failure.certificate.issuer}; SHA-256 fingerprint {failure.certificate.sha256}.",
    )
