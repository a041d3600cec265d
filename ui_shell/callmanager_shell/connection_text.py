"""What the header, the empty state and Settings say about the connection; pure functions of account and registration."""

import textwrap
from enum import Enum
from typing import Final

import attrs
from callmanager.api import Account, Failure, Problem, Registration, RegistrationState, Transport, explain

TRANSPORT_NAMES = {
    Transport.WSS: "WebRTC (WSS)",
    Transport.TLS: "SIP over TLS",
    Transport.TCP: "SIP over TCP",
    Transport.UDP: "SIP over UDP",
}

_FINGERPRINT_LINE: Final = 24
"""Eight bytes a line, each with its colon."""


class Standing(Enum):
    """How the connection is doing, as far as the user is concerned."""

    NOT_SET_UP = "not set up"
    OFFLINE = "offline"
    CONNECTING = "connecting"
    READY = "ready"


@attrs.frozen(kw_only=True)
class ConnectionView:
    """`dot` names a colour of the theme; `pill` is the word beside it; `reason` and `hint` explain a failure."""

    standing: Standing
    dot: str
    pill: str
    spoken: str
    reason: str = ""
    hint: str = ""
    failure: Failure | None = None


CONNECTION_PROBLEMS = frozenset({"registration", "password-needed"})
"""Problems of the core that are about the connection; their words are better than the failure's alone."""


def connection_view(
    account: Account | None, registration: Registration | None, problems: tuple[Problem, ...] = ()
) -> ConnectionView:
    if account is None or not account.server:
        return ConnectionView(standing=Standing.NOT_SET_UP, dot="danger", pill="Not set up", spoken="Not set up")
    state = registration.state if registration is not None else RegistrationState.OFFLINE
    failure = registration.failure if registration is not None else None
    explanation = explain(failure) if failure is not None else None
    reason = explanation.text if explanation is not None else ""
    hint = explanation.hint if explanation is not None else ""
    problem = next((problem for problem in problems if problem.id in CONNECTION_PROBLEMS), None)
    if problem is not None:
        reason, hint = problem.text, problem.hint
    if failure is not None and failure.certificate is not None:
        # issuer and fingerprint are shown as evidence; the sentence stays short
        hint = explain(attrs.evolve(failure, certificate=None)).hint
    if state is RegistrationState.REGISTERED:
        return ConnectionView(
            standing=Standing.READY, dot="good", pill=account.extension, spoken=f"Connected as extension {account.extension}"
        )
    if state is RegistrationState.CONNECTING:
        return ConnectionView(standing=Standing.CONNECTING, dot="warning", pill="Connecting…", spoken="Connecting to the PBX")
    if state is RegistrationState.RETRYING:
        return ConnectionView(
            standing=Standing.CONNECTING,
            dot="warning",
            pill="Reconnecting…",
            spoken=f"Reconnecting. {reason}".strip(),
            reason=reason,
            hint=hint,
            failure=failure,
        )
    return ConnectionView(
        standing=Standing.OFFLINE,
        dot="danger",
        pill="Offline",
        spoken=f"Offline. {reason}".strip(),
        reason=reason,
        hint=hint,
        failure=failure,
    )


def certificate_text(failure: Failure) -> str:
    """The refused certificate's own statements, for the administrator; empty if there is none."""
    certificate = failure.certificate
    if certificate is None:
        return ""
    return "\n".join(
        (
            f"Problem: {certificate.problem}",
            f"Issued to: {certificate.subject}",
            f"Issued by: {certificate.issuer}",
            f"Valid: {certificate.not_before} to {certificate.not_after}",
            "SHA-256 fingerprint:",
            *textwrap.wrap(certificate.sha256, _FINGERPRINT_LINE, break_long_words=True),
        )
    )


def evidence_text(failure: Failure) -> str:
    """Everything technical about a failure, one statement a line."""
    lines = []
    if failure.sip_code is not None:
        lines.append(f"SIP status {failure.sip_code}")
    if failure.detail:
        lines.append(failure.detail[:1000])
    certificate = certificate_text(failure)
    if certificate:
        lines.append(certificate)
    return "\n".join(lines)
