"""Who can register at the test PBX, and the numbers that can be dialled there."""

import secrets
from dataclasses import dataclass, field
from enum import Enum


class EndpointKind(Enum):
    """Which PJSIP template an extension uses, as a VitalPBX administrator would choose a device profile."""

    WEBRTC = "webrtc"
    """SIP over WSS, ICE, DTLS-SRTP."""
    PLAIN = "desk"
    """SIP over udp, tcp or tls, plain RTP."""
    SDES_OPTIONAL = "desk-sdes-optional"
    """SRTP when the phone offers it, plain RTP otherwise."""
    SDES = "desk-sdes"
    """SRTP keyed in the SDP, nothing else: meant for tls."""


@dataclass(frozen=True, kw_only=True)
class Extension:
    """One extension of the PBX, before it has a password."""

    number: str
    kind: EndpointKind
    name: str
    endpoint: str = ""
    """SIP user; on a tenant it differs from the extension."""
    auth_user: str = ""
    tenant: str = ""


@dataclass(frozen=True, kw_only=True)
class Account:
    """What a phone needs to register: the words of the Settings form."""

    extension: str
    user: str
    """SIP user of From, To and the request line."""
    auth_user: str
    password: str = field(repr=False)  # a failed assertion must not print it
    display_name: str
    host: str
    kind: EndpointKind
    mailbox: str

    @property
    def uri(self) -> str:
        """Address of record."""
        return f"sip:{self.user}@{self.host}"


EXTENSIONS = (
    Extension(number="2001", kind=EndpointKind.WEBRTC, name="Alice Web"),
    Extension(number="2002", kind=EndpointKind.WEBRTC, name="Bruno Web"),
    Extension(number="2003", kind=EndpointKind.WEBRTC, name="Carla Web"),
    Extension(number="2004", kind=EndpointKind.WEBRTC, name="Dmitri Web"),
    Extension(number="2005", kind=EndpointKind.WEBRTC, name="Eva Web", auth_user="auth-2005"),
    Extension(number="2001", kind=EndpointKind.WEBRTC, name="Tenant Web", endpoint="T2_2001", tenant="T2_"),
    Extension(number="2002", kind=EndpointKind.PLAIN, name="Tenant Desk", endpoint="T2_2002", tenant="T2_"),
    Extension(number="3001", kind=EndpointKind.PLAIN, name="Frank Desk"),
    Extension(number="3002", kind=EndpointKind.PLAIN, name="Grace Desk"),
    Extension(number="3003", kind=EndpointKind.PLAIN, name="Hugo Desk"),
    Extension(number="3004", kind=EndpointKind.PLAIN, name="Iris Desk"),
    Extension(number="3101", kind=EndpointKind.SDES, name="Jonas Secure"),
    Extension(number="3102", kind=EndpointKind.SDES, name="Karin Secure"),
    Extension(number="3201", kind=EndpointKind.SDES_OPTIONAL, name="Lena Mixed"),
    Extension(number="3202", kind=EndpointKind.SDES_OPTIONAL, name="Marco Mixed"),
)


class Dial:
    """Numbers with a fixed behaviour. `RECORD` and `TONE_AND_RECORD` take a name of digits behind them."""

    ECHO = "600"
    MILLIWATT = "601"
    """A steady 1004 Hz tone."""
    TONE_500 = "602"
    EARLY_MEDIA = "603"
    """440 Hz before the answer for six seconds, then 486."""
    BUSY = "604"
    NO_ANSWER = "605"
    REJECT = "606"
    """403, what Asterisk makes of a declined call."""
    RECORD = "607"
    MUSIC = "608"
    SPEECH = "609"
    IVR = "610"
    HANGS_UP = "611"
    """Answers and hangs up after two seconds."""
    LATE_ANSWER_ECHO = "613"
    """Rings two seconds, then echoes."""
    TONE_AND_RECORD = "615"
    """Plays 500 Hz and records the caller at the same time."""
    BRIDGED_TONE = "616"
    """500 Hz from a far end of its own behind a bridge, as a person would be: it can be transferred."""
    CONFERENCE = "800"
    PARK = "5900"
    VOICEMAIL = "*97"
    LEAVE_MESSAGE = "*95"
    """Followed by an extension: its mailbox answers."""
    UNKNOWN = "6999"
    """Not in the dial plan: 404."""


HOLD_MUSIC_HZ = 700.0
"""What a held party hears: a tone of its own, so that a test can tell it from everything else."""


def make_accounts(host: str) -> dict[str, Account]:
    """Return an account with a fresh password for every extension, by SIP user."""
    accounts = {}
    for entry in EXTENSIONS:
        user = entry.endpoint or entry.number
        accounts[user] = Account(
            extension=entry.number,
            user=user,
            auth_user=entry.auth_user or user,
            password=secrets.token_urlsafe(15),
            display_name=entry.name,
            host=host,
            kind=entry.kind,
            mailbox=f"{entry.number}@{'tenant2' if entry.tenant else 'vitalpbx'}-voicemail",
        )
    return accounts
