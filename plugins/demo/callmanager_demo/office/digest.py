"""Digest authentication, the server's side (RFC 3261 section 22, RFC 7616 with MD5 and qop=auth)."""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
from collections import OrderedDict
from enum import Enum
from typing import TYPE_CHECKING

import attrs

if TYPE_CHECKING:
    from collections.abc import Callable

_PARAMETER = re.compile(r'([A-Za-z0-9_-]+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s,"]*))\s*(?:,|$)')
_NONCE_SECONDS = 300.0
_MAXIMUM_NONCES = 256


class Verdict(Enum):
    """What the credentials of a request are worth."""

    GOOD = "good"
    STALE = "stale"
    """Right in form, but the nonce is too old or was used with this count before; a fresh challenge settles it."""
    BAD = "bad"


@attrs.define
class _Nonce:
    made_at: float
    last_count: int = 0


class Authenticator:
    """Challenges and checks one user. A nonce count is taken once only, so that a captured request can't be sent again."""

    def __init__(self, *, realm: str, user: str, password: str, clock: Callable[[], float]) -> None:
        self.realm = realm
        self._user = user
        self._ha1 = _md5(f"{user}:{realm}:{password}")
        self._clock = clock
        self._nonces: OrderedDict[str, _Nonce] = OrderedDict()

    def challenge(self, *, stale: bool = False) -> str:
        """Value of a fresh WWW-Authenticate header."""
        nonce = secrets.token_hex(16)
        self._nonces[nonce] = _Nonce(self._clock())
        while len(self._nonces) > _MAXIMUM_NONCES:
            self._nonces.popitem(last=False)
        suffix = ", stale=true" if stale else ""
        return f'Digest realm="{self.realm}", nonce="{nonce}", algorithm=MD5, qop="auth"{suffix}'

    def check(self, *, method: str, uri: str, authorization: str) -> Verdict:
        """Judge an Authorization value; none at all is `BAD`.

        `uri` is the Request-URI; the digest's own `uri` parameter must name it, otherwise credentials for one request would
        be good for another.
        """
        given = _parse(authorization)
        if given.get("username") != self._user or given.get("realm") != self.realm or given.get("uri") != uri:
            return Verdict.BAD
        if given.get("algorithm", "MD5").upper() != "MD5" or given.get("qop") != "auth":
            return Verdict.BAD
        nonce, count, cnonce = given.get("nonce", ""), given.get("nc", ""), given.get("cnonce", "")
        if not re.fullmatch(r"[0-9A-Fa-f]{8}", count) or not cnonce:
            return Verdict.BAD
        expected = _md5(f"{self._ha1}:{nonce}:{count}:{cnonce}:auth:{_md5(f'{method}:{uri}')}")
        if not hmac.compare_digest(expected.encode(), given.get("response", "").lower().encode()):
            return Verdict.BAD
        known = self._nonces.get(nonce)
        if known is None or self._clock() - known.made_at > _NONCE_SECONDS or int(count, 16) <= known.last_count:
            return Verdict.STALE
        known.last_count = int(count, 16)
        return Verdict.GOOD


def _parse(authorization: str) -> dict[str, str]:
    scheme, _, rest = authorization.strip().partition(" ")
    if scheme.lower() != "digest":
        return {}
    return {name.lower(): quoted or plain for name, quoted, plain in _PARAMETER.findall(rest)}


def _md5(text: str) -> str:
    # Required by the digest scheme that every SIP phone speaks; it protects a throw-away password on loopback.
    return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()
