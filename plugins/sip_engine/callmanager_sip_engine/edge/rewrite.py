"""Turns messages of pjsua2 into messages of a WebRTC client and back; pure functions, one per direction and kind.

The edge is a record-routing proxy of which the PBX sees nothing and pjsua2 sees a Record-Route: requests inside a dialog always
come back through the edge, although the Contact of the PBX may say `transport=ws`, which pjsua2 cannot route. Towards the
PBX the Contact follows RFC 7118 section 5: a host under `.invalid`, `transport=ws`.

The branch of the edge's own Via is derived from the branch below it (RFC 3261 section 16.11), so a CANCEL and the ACK of
a refused INVITE match their INVITE without any state here, and a response that answers none of our requests is recognised.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections.abc import Callable

import attrs

from callmanager_sip_engine.edge.addresses import NameAddress, SipUri, read_name_address, read_uri, read_via, split_list
from callmanager_sip_engine.edge.message import Header, Message, MessageError, Request, Response

_COOKIE = "z9hG4bK"  # RFC 3261 section 8.1.1.7
_LOOPBACK = "127.0.0.1"
_WITHOUT_DIALOG = frozenset({"REGISTER", "ACK", "CANCEL"})


def _run_secret() -> bytes:
    return secrets.token_bytes(32)


@attrs.frozen(kw_only=True)
class EdgeIdentity:
    """How the edge names itself on both sides; one per link to the PBX.

    `host` and `port` are what the PBX sees in Via and Contact, `loopback_port` what pjsua2 sees in Via and Record-Route.
    """

    loopback_port: int
    via_transport: str
    contact_transport: str
    host: str
    port: int | None = None
    secret: bytes = attrs.field(factory=_run_secret, repr=False)

    @property
    def sent_by(self) -> str:
        return self.host if self.port is None else f"{self.host}:{self.port}"

    @property
    def record_route(self) -> str:
        return f"<sip:{_LOOPBACK}:{self.loopback_port};transport=tcp;lr>"

    def is_loopback_self(self, value: str) -> bool:
        address = read_name_address(value)
        uri = None if address is None else read_uri(address.uri)
        return uri is not None and uri.host == _LOOPBACK and uri.port == self.loopback_port

    def is_outer_self(self, uri: SipUri) -> bool:
        return uri.host_port == self.sent_by.lower()


def outbound_request(request: Request, me: EdgeIdentity) -> Request:
    """Translate a request of pjsua2 for the PBX."""
    branch = _derived_branch(request, me)
    parameters = ";rport" if me.port is not None else ""
    own_via = Header("Via", f"SIP/2.0/{me.via_transport} {me.sent_by}{parameters};branch={branch}")
    headers = _insert_via(_without_own_routes(request.headers, me), own_via)
    return attrs.evolve(request, headers=_with_outer_contacts(headers, me))


def outbound_response(response: Response, me: EdgeIdentity) -> Response:
    """Translate an answer of pjsua2 for the PBX; raises `MessageError` when it does not answer a request the edge passed in."""
    headers = _pop_own_via(response, me, inside=True)
    headers = _without_own_routes(headers, me)
    if not 300 <= response.status < 400:  # the Contact of a redirection is its target, not us
        headers = _with_outer_contacts(headers, me)
    return attrs.evolve(response, headers=headers)


def inbound_request(request: Request, me: EdgeIdentity, *, peer: SipUri | None) -> Request:
    """Translate a request of the PBX for pjsua2, whose own Contact is `peer`."""
    branch = _derived_branch(request, me)
    own_via = Header("Via", f"SIP/2.0/TCP {_LOOPBACK}:{me.loopback_port};branch={branch}")
    headers = _insert_via(request.headers, own_via)
    if request.method not in _WITHOUT_DIALOG:
        headers = _insert_record_route(headers, Header("Record-Route", me.record_route))
    uri = read_uri(request.uri)
    if uri is None or peer is None or not me.is_outer_self(uri):
        return attrs.evolve(request, headers=headers)
    own_uri = SipUri(scheme="sip", user=uri.user, host=peer.host, port=peer.port, tail=peer.tail)
    return attrs.evolve(request, uri=str(own_uri), headers=headers)


def inbound_response(response: Response, me: EdgeIdentity, *, peer: SipUri | None) -> Response:
    """Translate an answer of the PBX for pjsua2; raises `MessageError` when it answers no request of ours."""
    headers = _pop_own_via(response, me, inside=False)
    if response.status > 100 and response.cseq[1] not in _WITHOUT_DIALOG:
        headers = _append_record_route(headers, Header("Record-Route", me.record_route))
    if peer is not None:
        headers = _with_inner_contacts(headers, me, peer)
    return attrs.evolve(response, headers=headers)


def reply(request: Request, status: int, reason: str, *, tag: str) -> Response:
    """Make the edge's own answer to a request that it cannot pass on (RFC 3261 section 8.2.6.2)."""
    headers = []
    for header in request.headers:
        if header.key in {"via", "from", "call-id", "cseq"}:
            headers.append(header)
        elif header.key == "to":
            tagged = ";tag=" in header.value.lower().replace(" ", "")
            headers.append(header if tagged else Header(header.name, f"{header.value};tag={tag}"))
    return Response(status=status, reason=reason, headers=tuple(headers))


def substitute(response: Response, status: int, reason: str) -> Response:
    """Make a refusal in the place of an answer that cannot be passed on; just what names the transaction is kept."""
    kept = {"via", "from", "to", "call-id", "cseq"}
    headers = tuple(header for header in response.headers if header.key in kept)
    return Response(status=status, reason=reason, headers=headers)


def contact_of(message: Message) -> SipUri | None:
    """Return the first Contact as a URI, None when there is none to speak of."""
    value = message.first("contact")
    address = None if value is None else read_name_address(split_list(value)[0])
    return None if address is None else read_uri(address.uri)


def _derived_branch(message: Message, me: EdgeIdentity) -> str:
    top = split_list(message.required("via"))[0]
    below = read_via(top).branch or top
    seed = "\0".join((below, message.call_id.strip(), str(message.cseq[0])))
    digest = hmac.new(me.secret, seed.encode("utf-8", "surrogateescape"), hashlib.sha256).hexdigest()
    return f"{_COOKIE}{digest[:32]}"


def _pop_own_via(response: Response, me: EdgeIdentity, *, inside: bool) -> tuple[Header, ...]:
    headers = list(response.headers)
    index = next((i for i, header in enumerate(headers) if header.key == "via"), -1)
    if index < 0:
        raise MessageError("the via header is missing")
    first, *others = split_list(headers[index].value)
    top = read_via(first)
    expected = f"{_LOOPBACK}:{me.loopback_port}" if inside else me.sent_by.lower()
    if others:
        headers[index] = Header(headers[index].name, ", ".join(others))
    else:
        del headers[index]
    rest = tuple(headers)
    remaining = attrs.evolve(response, headers=rest)
    if top.sent_by != expected or remaining.first("via") is None:
        raise MessageError("a response does not answer a request that went through here")
    if not hmac.compare_digest((top.branch or "").encode("utf-8", "surrogateescape"), _derived_branch(remaining, me).encode()):
        raise MessageError("a response has a branch that was not made here")
    return rest


def _insert_via(headers: tuple[Header, ...], via: Header) -> tuple[Header, ...]:
    index = next((i for i, header in enumerate(headers) if header.key == "via"), 0)
    return (*headers[:index], via, *headers[index:])


def _insert_record_route(headers: tuple[Header, ...], route: Header) -> tuple[Header, ...]:
    after_vias = 1 + max((i for i, header in enumerate(headers) if header.key == "via"), default=-1)
    index = next((i for i, header in enumerate(headers) if header.key == "record-route"), after_vias)
    return (*headers[:index], route, *headers[index:])


def _append_record_route(headers: tuple[Header, ...], route: Header) -> tuple[Header, ...]:
    index = 1 + max((i for i, header in enumerate(headers) if header.key in {"record-route", "via"}), default=-1)
    return (*headers[:index], route, *headers[index:])


def _without_own_routes(headers: tuple[Header, ...], me: EdgeIdentity) -> tuple[Header, ...]:
    kept = []
    for header in headers:
        if header.key not in {"route", "record-route"}:
            kept.append(header)
            continue
        values = [value for value in split_list(header.value) if not me.is_loopback_self(value)]
        if values:
            kept.append(Header(header.name, ", ".join(values)))
    return tuple(kept)


def _with_outer_contacts(headers: tuple[Header, ...], me: EdgeIdentity) -> tuple[Header, ...]:
    def outer(address: NameAddress, uri: SipUri) -> str:
        tail = f";transport={me.contact_transport}"
        return address.with_uri(str(SipUri(scheme="sip", user=uri.user, host=me.host, port=me.port, tail=tail)))

    return tuple(_map_contact(header, outer) for header in headers)


def _with_inner_contacts(headers: tuple[Header, ...], me: EdgeIdentity, peer: SipUri) -> tuple[Header, ...]:
    def inner(address: NameAddress, uri: SipUri) -> str | None:
        if not me.is_outer_self(uri):
            return None
        return address.with_uri(str(attrs.evolve(peer, user=uri.user)))

    return tuple(_map_contact(header, inner) for header in headers)


def _map_contact(header: Header, change: Callable[[NameAddress, SipUri], str | None]) -> Header:
    if header.key != "contact" or header.value.strip() == "*":
        return header
    values = []
    for value in split_list(header.value):
        address = read_name_address(value)
        uri = None if address is None else read_uri(address.uri)
        changed = None if address is None or uri is None else change(address, uri)
        values.append(value if changed is None else changed)
    return Header(header.name, ", ".join(values))
