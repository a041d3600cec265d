"""Writes an instance's Asterisk configuration from the templates in `conf/`."""

import array
import math
import re
import sys
import wave
from dataclasses import dataclass
from pathlib import Path

from pbx.accounts import EXTENSIONS, HOLD_MUSIC_HZ, Account, EndpointKind, Extension

_TEMPLATES = Path(__file__).resolve().parent / "conf"
_SAYS_OF_ITSELF = {"3004": ",CustomPresence:3004"}
"""Whose hint has a presence of its own beside the phone's state."""
_PLACE = re.compile(r"@([A-Z0-9_]+)@")


@dataclass(frozen=True, kw_only=True)
class PbxOptions:
    """What a test may want different from the VitalPBX defaults."""

    minimum_expiration: int = 600
    default_expiration: int = 3600
    maximum_expiration: int = 7200
    """Seconds. A phone that asks for more is given this: lower it to see refreshes soon."""
    qualify_frequency: int = 60
    """Seconds between OPTIONS from the PBX to each phone; 0 sends none."""
    tell_of_messages: bool = True
    """Whether phones are told of their mailbox unasked, as soon as they register."""
    parking_seconds: int = 45
    """So long a parked call waits before it rings back."""
    webrtc_codecs: str = "opus,g722,ulaw,alaw"
    dtmf_mode: str = "rfc4733"
    trust_id_inbound: bool = False
    """Whether the PBX believes the P-Asserted-Identity of a phone; it does not unless an administrator says so."""


@dataclass(frozen=True, kw_only=True)
class Site:
    """Where an instance runs, as Asterisk itself sees it."""

    home: str
    """The instance's folder."""
    modules: str
    data: str
    address: str
    client_address: str
    ami_phone_secret: str
    ami_bench_secret: str


def write_configuration(folder: Path, *, site: Site, accounts: dict[str, Account], options: PbxOptions) -> None:
    """Fill every template into `folder`; a place without a value is an error here, not a surprise in Asterisk."""
    values = {
        "HOME": site.home,
        "MODULES": site.modules,
        "DATA": site.data,
        "ADDRESS": site.address,
        "CLIENT_ADDRESS": site.client_address,
        "AMI_PHONE_SECRET": site.ami_phone_secret,
        "AMI_BENCH_SECRET": site.ami_bench_secret,
        "DTMF_MODE": options.dtmf_mode,
        "TRUST_ID_INBOUND": "yes" if options.trust_id_inbound else "no",
        "WEBRTC_CODECS": options.webrtc_codecs,
        "DEFAULT_EXPIRATION": str(options.default_expiration),
        "MINIMUM_EXPIRATION": str(options.minimum_expiration),
        "MAXIMUM_EXPIRATION": str(options.maximum_expiration),
        "PARKING_SECONDS": str(options.parking_seconds),
        "QUALIFY_FREQUENCY": str(options.qualify_frequency),
        "ENDPOINTS": "\n".join(
            _endpoint(entry, accounts[entry.endpoint or entry.number], mailbox=options.tell_of_messages) for entry in EXTENSIONS
        ),
        "HINTS": _hints(tenant=""),
        "TENANT_HINTS": _hints(tenant="T2_"),
        "MAILBOXES": _mailboxes(tenant=""),
        "TENANT_MAILBOXES": _mailboxes(tenant="T2_"),
    }
    folder.mkdir(parents=True, exist_ok=True)
    for template in sorted(_TEMPLATES.glob("*.conf")):
        text = _PLACE.sub(lambda match: values[match[1]], template.read_text(encoding="utf-8"))
        (folder / template.name).write_text(text, encoding="utf-8")


def write_hold_music(path: Path) -> None:
    """Write the tone that held parties hear; it loops without a click because it ends on a whole period."""
    rate = 8000
    samples = array.array("h", (round(8000 * math.sin(math.tau * HOLD_MUSIC_HZ * n / rate)) for n in range(rate * 10)))
    if sys.byteorder == "big":
        samples.byteswap()
    path.parent.mkdir(parents=True, exist_ok=True)
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(rate)
        file.writeframes(samples.tobytes())


def _endpoint(entry: Extension, account: Account, *, mailbox: bool) -> str:
    aor = "aor-webrtc" if entry.kind is EndpointKind.WEBRTC else "aor-desk"
    return f"""[{account.user}]({entry.kind.value})
auth = auth{account.user}
aors = {account.user}
context = {entry.tenant}cos-all
subscribe_context = {entry.tenant}extension-hints
callerid = "{account.display_name}" <{account.extension}>
{f"mailboxes = {account.mailbox}" if mailbox else ""}

[{account.user}]({aor})

[auth{account.user}]
type = auth
auth_type = userpass
username = {account.auth_user}
password = {account.password}
"""


def _hints(*, tenant: str) -> str:
    lines = []
    for entry in EXTENSIONS:
        if entry.tenant == tenant:
            user = entry.endpoint or entry.number
            lines += [
                f"exten => {entry.number},hint,PJSIP/{user}{_SAYS_OF_ITSELF.get(user, '')}",
                f"exten => {entry.number},1,Dial(${{PJSIP_DIAL_CONTACTS({user})}},60)",
                " same => n,Hangup(${HANGUPCAUSE})",
            ]
    return "\n".join(lines)


def _mailboxes(*, tenant: str) -> str:
    return "\n".join(f"{e.number} => {e.number},{e.name},,," for e in EXTENSIONS if e.tenant == tenant)
