"""Digest credentials for REGISTER (RFC 8760, RFC 7616, RFC 2617): one answer to one challenge.

pjsip would answer by itself, but takes every new nonce for a stale one and repeats a wrong password three times in a row, which
is as many as a PBX allows before it bans the address.
"""

import hashlib
import re
import secrets
from collections.abc import Callable, Iterable
from typing import Final

import attrs
from callmanager.api import Header

from callmanager_sip_engine.sip.translate import header_values

_FIELD: Final = re.compile(r'([A-Za-z-]+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s,"]+))')
_LIMIT: Final = 2048


def _md5(text: str) -> str:
    return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()  # what the PBX asks for decides


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


_HASHES: Final[dict[str, Callable[[str], str]]] = {"SHA-256": _sha256, "MD5": _md5}
"""The better one first."""


@attrs.frozen(kw_only=True)
class Challenge:
    """What a 401 or 407 asks for; `proxy` tells the two apart. Text from outside, bounded and free of control characters."""

    realm: str
    nonce: str
    algorithm: str = "MD5"
    opaque: str | None = None
    qop: bool = False
    stale: bool = False
    proxy: bool = False


def challenge_in(message: str) -> Challenge | None:
    """The best challenge of a response that we can answer, if any."""
    found = [*_challenges(header_values(message, "www-authenticate"), proxy=False)]
    found += _challenges(header_values(message, "proxy-authenticate"), proxy=True)
    order = list(_HASHES)
    return min(found, key=lambda challenge: order.index(challenge.algorithm), default=None)


def _challenges(values: Iterable[str], *, proxy: bool) -> Iterable[Challenge]:
    for value in values:
        scheme, _, rest = value[:_LIMIT].partition(" ")
        if scheme.lower() != "digest" or not value.isprintable():
            continue
        field = {match[1].lower(): match[3] or re.sub(r"\\(.)", r"\1", match[2] or "") for match in _FIELD.finditer(rest)}
        algorithm = field.get("algorithm", "MD5").upper()
        qualities = [quality.strip().lower() for quality in field.get("qop", "").split(",") if quality.strip()]
        if "realm" not in field or "nonce" not in field or algorithm not in _HASHES or (qualities and "auth" not in qualities):
            continue
        yield Challenge(
            realm=field["realm"],
            nonce=field["nonce"],
            algorithm=algorithm,
            opaque=field.get("opaque"),
            qop=bool(qualities),
            stale=field.get("stale", "").lower() == "true",
            proxy=proxy,
        )


def answer(challenge: Challenge, *, user: str, password: str, method: str, uri: str, client_nonce: str | None = None) -> Header:
    """The header that proves knowledge of the password for this one request."""
    digest = _HASHES[challenge.algorithm]
    secret = digest(f"{user}:{challenge.realm}:{password}")
    request = digest(f"{method}:{uri}")
    fields = {
        "username": _quoted(user),
        "realm": _quoted(challenge.realm),
        "nonce": _quoted(challenge.nonce),
        "uri": _quoted(uri),
    }
    if challenge.qop:
        own = client_nonce or secrets.token_hex(8)
        response = digest(f"{secret}:{challenge.nonce}:00000001:{own}:auth:{request}")
        fields |= {"response": _quoted(response), "qop": "auth", "nc": "00000001", "cnonce": _quoted(own)}
    else:
        fields["response"] = _quoted(digest(f"{secret}:{challenge.nonce}:{request}"))
    fields["algorithm"] = challenge.algorithm
    if challenge.opaque is not None:
        fields["opaque"] = _quoted(challenge.opaque)
    value = "Digest " + ", ".join(f"{name}={text}" for name, text in fields.items())
    return Header(name="Proxy-Authorization" if challenge.proxy else "Authorization", value=value)


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
