"""Who is registered, and where (RFC 3261 section 10)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs

from callmanager_demo.office.dialog import new_tag
from callmanager_demo.office.message import Request, Response, answer, parameters, uri_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from callmanager_demo.office.wire import Flow

_DEFAULT_EXPIRES = 300
_LONGEST = 3600
_SHORTEST = 10
_MAXIMUM_BINDINGS = 8


@attrs.frozen(kw_only=True)
class Binding:
    """One contact of the phone; calls go to `contact` by way of `flow`. `expires_at` is of the registrar's clock."""

    contact: str
    flow: Flow
    expires_at: float
    call_id: str
    cseq: int


class Registrar:
    """The bindings of the one account; the request is authenticated before it gets here."""

    def __init__(self, *, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._bindings: dict[str, Binding] = {}

    @property
    def bindings(self) -> tuple[Binding, ...]:
        """Those in force, newest first."""
        now = self._clock()
        self._bindings = {contact: binding for contact, binding in self._bindings.items() if binding.expires_at > now}
        return tuple(reversed(self._bindings.values()))

    def register(self, request: Request, flow: Flow) -> Response:
        """Add, refresh or remove bindings and answer with all that are left. Either all contacts are taken or none."""
        contacts = request.all("contact")
        if contacts == ("*",):
            if request.first("expires") != "0":
                return answer(request, 400, "Bad Request", tag=new_tag())
            self._bindings.clear()
            return self._listing(request)
        wanted = []
        for contact in contacts[:_MAXIMUM_BINDINGS]:
            expires = _expires(contact, request)
            uri = uri_of(contact)
            known = self._bindings.get(uri)
            if expires is None or not uri.lower().startswith(("sip:", "sips:")):
                return answer(request, 400, "Bad Request", tag=new_tag())
            if 0 < expires < _SHORTEST:
                return answer(request, 423, "Interval Too Brief", tag=new_tag(), headers=(("Min-Expires", str(_SHORTEST)),))
            if known is not None and known.call_id == request.call_id and known.cseq >= request.cseq:
                return answer(request, 500, "Request Out of Order", tag=new_tag())
            wanted.append((uri, min(expires, _LONGEST)))
        for uri, expires in wanted:
            self._bindings.pop(uri, None)
            if expires:
                until = self._clock() + expires
                self._bindings[uri] = Binding(
                    contact=uri, flow=flow, expires_at=until, call_id=request.call_id, cseq=request.cseq
                )
        while len(self._bindings) > _MAXIMUM_BINDINGS:
            del self._bindings[next(iter(self._bindings))]
        return self._listing(request)

    def _listing(self, request: Request) -> Response:
        now = self._clock()
        headers = [("Contact", f"<{b.contact}>;expires={max(1, round(b.expires_at - now))}") for b in self.bindings]
        return answer(request, 200, "OK", tag=new_tag(), headers=headers)


def _expires(contact: str, request: Request) -> int | None:
    text = parameters(contact).get("expires") or request.first("expires") or str(_DEFAULT_EXPIRES)
    return int(text) if text.isascii() and text.isdigit() and len(text) <= 10 else None
