"""What the bench reads back from Asterisk, as values."""

import json
import re
from dataclasses import dataclass

_CONTACT = re.compile(r"^/registrar/contact/(?P<user>[^;]+);@\S+\s*:\s*(?P<json>\{.*\})\s*$")
_SECURITY = re.compile(r'SecurityEvent="(?P<event>\w+)".*?Service="(?P<service>\w+)".*?AccountID="(?P<account>[^"]*)"')
_FAILURES = frozenset({"InvalidAccountID", "InvalidPassword", "ChallengeResponseFailed", "FailedACL"})


@dataclass(frozen=True, kw_only=True)
class Contact:
    """One registration."""

    user: str
    uri: str
    user_agent: str
    expires_at: int
    """Seconds since the epoch."""


@dataclass(frozen=True, kw_only=True)
class Channel:
    """One leg of a call at the PBX."""

    name: str
    extension: str
    state: str
    application: str
    caller: str
    seconds: int
    unique_id: str


@dataclass(frozen=True, kw_only=True)
class IvrKey:
    """One key taken by the IVR."""

    call: str
    user: str
    digit: str


@dataclass(frozen=True, kw_only=True)
class SecurityEvent:
    """One line of the security log."""

    event: str
    service: str
    account: str

    @property
    def is_failure(self) -> bool:
        """Tell whether an intrusion detection would count it."""
        return self.event in _FAILURES


def parse_contacts(text: str) -> list[Contact]:
    """Read ``database show registrar/contact``."""
    found = []
    for line in text.splitlines():
        if match := _CONTACT.match(line):
            row = json.loads(match["json"])
            found.append(
                Contact(
                    user=match["user"],
                    uri=row.get("uri", "").replace("^3B", ";"),
                    user_agent=row.get("user_agent", ""),
                    expires_at=int(row.get("expiration_time", "0")),
                )
            )
    return found


def parse_channels(text: str) -> list[Channel]:
    """Read ``core show channels concise``; fields are parted by exclamation marks."""
    found = []
    for line in text.splitlines():
        parts = line.split("!")
        if len(parts) >= 14:
            found.append(
                Channel(
                    name=parts[0],
                    extension=parts[2],
                    state=parts[4],
                    application=parts[5],
                    caller=parts[7],
                    seconds=int(parts[11] or 0),
                    unique_id=parts[13],
                )
            )
    return found


def parse_ivr(text: str) -> list[IvrKey]:
    """Read the IVR's own log."""
    rows = (line.split(" ") for line in text.splitlines())
    return [IvrKey(call=row[0], user=row[1], digit=row[3]) for row in rows if len(row) == 4 and row[2] == "key"]


def parse_security(text: str) -> list[SecurityEvent]:
    """Read Asterisk's security log."""
    found = (_SECURITY.search(line) for line in text.splitlines())
    return [SecurityEvent(event=m["event"], service=m["service"], account=m["account"]) for m in found if m]
