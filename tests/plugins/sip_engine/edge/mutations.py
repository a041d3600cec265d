"""Messages that are broken on purpose, for the edge alone and for a whole engine."""

from __future__ import annotations

import random
from collections.abc import Sequence
from pathlib import Path

import attrs
from callmanager_sip_engine.edge.message import Request, parse
from callmanager_sip_engine.edge.rewrite import EdgeIdentity, outbound_request, reply
from plugins.sip_engine.edge.far_ends import request

ME = EdgeIdentity(loopback_port=40000, via_transport="WSS", contact_transport="ws", host="edge.invalid", secret=b"s" * 32)


def rfc4475() -> dict[str, bytes]:
    """The 49 torture messages by the names that the RFC gives them."""
    folder = Path(__file__).parents[3] / "data/sip/rfc4475"
    return {path.stem: path.read_bytes() for path in sorted(folder.glob("*.dat"))}


WEBRTC_SDP = b"".join(
    line + b"\r\n"
    for line in (
        b"v=0",
        b"o=- 1 2 IN IP4 192.0.2.7",
        b"s=Asterisk",
        b"c=IN IP4 192.0.2.7",
        b"t=0 0",
        b"a=group:BUNDLE audio-0",
        b"m=audio 10026 UDP/TLS/RTP/SAVPF 0 9 101",
        b"a=connection:new",
        b"a=setup:actpass",
        b"a=fingerprint:SHA-256 " + b":".join([b"AB"] * 32),
        b"a=ice-ufrag:5f5b",
        b"a=ice-pwd:0123456789abcdef01234567",
        b"a=candidate:H1 1 UDP 2130706431 192.0.2.7 10026 typ host",
        b"a=rtpmap:0 PCMU/8000",
        b"a=rtpmap:101 telephone-event/8000",
        b"a=ptime:20",
        b"a=sendrecv",
        b"a=rtcp-mux",
        b"a=mid:audio-0",
    )
)
_HOSTILE = [
    *(b"\r\n", b"\n", b"\r", b"\r\n ", b"\r\n\r\n", b"\0", b"%00", b"\xff", b"\xc3\x28"),
    *(b"<", b">", b'"', b"\\", b",", b";", b":", b"@", b"0" * 40, b"A" * 3000),
    *(b"Content-Length: 0\r\n", b"Content-Length: 99999\r\n", b"Contact: *\r\n", b"X: y\r\n" * 300),
    b"Via: SIP/2.0/WSS edge.invalid;branch=z9hG4bK1\r\n",
    b"Route: <sip:127.0.0.1:40000;transport=tcp;lr>\r\n",
    b"Record-Route: <sip:127.0.0.1:40000;transport=tcp;lr>, <x>\r\n",
    *(b"INVITE sip:a@b SIP/2.0\r\n", b"SIP/2.0 200 OK\r\n"),
    *(b"m=audio 0 RTP/AVP 0\r\n", b"a=candidate:\r\n", b"a=x\r\n" * 600),
]


def seeds() -> list[bytes]:
    """The messages of RFC 4475 and, as often, those of a call of our own, as they pass the edge of `ME`."""
    found = list(rfc4475().values())
    contact = "Contact: <sip:101@127.0.0.1:46001;transport=TCP;ob>;expires=300\r\n"
    route = f"Route: <sip:127.0.0.1:{ME.loopback_port};transport=tcp;lr>\r\n"
    found.append(request("INVITE", extra=route + contact, body=WEBRTC_SDP))
    found += [request(method, extra=route + contact) for method in ("REGISTER", "ACK", "BYE", "NOTIFY")]
    invite = parse(found[49])
    assert isinstance(invite, Request)
    answer = attrs.evolve(reply(outbound_request(invite, ME), 200, "OK", tag="t"), body=WEBRTC_SDP)
    found.append(answer.serialise())
    return found + found[49:] * 6  # the messages of a real call as often as the RFC's


def mutate(chance: random.Random, seeds: Sequence[bytes]) -> bytes:
    """Break one of the seeds in one to eight places."""
    data = bytearray(chance.choice(seeds))
    for _ in range(chance.choice((1, 1, 1, 2, 3, 8))):
        at = chance.randrange(len(data) + 1)
        end = min(len(data), at + chance.randrange(1, 40))
        match chance.randrange(7):
            case 0 if data:
                data[at % len(data)] ^= 1 << chance.randrange(8)
            case 1:
                del data[at:end]
            case 2:
                data[at:at] = chance.choice(_HOSTILE)
            case 3:
                data[at:end] = chance.choice(_HOSTILE)
            case 4:
                data[at:at] = data[at:end]
            case 5:
                other = chance.choice(seeds)
                data[at:] = other[chance.randrange(len(other)) :]
            case _:
                data[at:end] = chance.randbytes(end - at)
    return bytes(data)


_HOSTILE_VALUES = [
    *(
        b"",
        b" ",
        b"\t",
        b'"',
        b"<",
        b">",
        b"<>",
        b";",
        b",",
        b"=",
        b"@",
        b":",
        b"%",
        b"%00",
        b"%zz",
        b"\\",
        b"[",
        b"]",
        b"[::",
        b"?",
    ),
    *(b"-1", b"0", b"65536", b"2147483648", b"4294967296", b"18446744073709551616", b"1e9", b"0.0000001", b"*"),
    *(b"\xc3\xa9", b"\xe2\x80\xae", b"A" * 300, b"9" * 300, b"(" * 100, b"," * 100, b";a=b" * 50),
    *(b";tag=x", b";lr", b";transport=udp", b";maddr=127.0.0.1", b";expires=99999999999", b";rport=0", b";received=::1"),
    *(b"sip:", b"sips:a@b", b"tel:+1", b"<sip:127.0.0.1:1;lr>", b"urn:x", b"sip:%@[::1]:99999;x?y=z"),
]


def mutate_values(chance: random.Random, seeds: Sequence[bytes]) -> bytes:
    """Break the values of one of the seeds, but neither its lines nor its length: most of it gets further inside."""
    head, _, body = chance.choice(seeds).partition(b"\r\n\r\n")
    lines, rest = head.split(b"\r\n"), body.split(b"\r\n")
    for _ in range(chance.choice((1, 1, 2, 4))):
        part = rest if len(rest) > 2 and chance.random() < 0.4 else lines
        number = chance.randrange(len(part))
        line = part[number]
        at = chance.randrange(len(line) + 1)
        end = min(len(line), at + chance.randrange(12))
        match chance.randrange(6):
            case 0:
                part[number] = line[:at] + chance.choice(_HOSTILE_VALUES) + line[at:]
            case 1:
                part[number] = line[:at] + chance.choice(_HOSTILE_VALUES) + line[end:]
            case 2:
                part[number] = line[:at] + line[end:]
            case 3 if len(part) > 1:
                del part[number]
            case 4:
                part.insert(chance.randrange(len(part) + 1), line)
            case _:
                name, mark, _ = line.partition(b"=" if part is rest else b":")
                part[number] = name + mark + chance.choice(_HOSTILE_VALUES)
    body = b"\r\n".join(rest)
    lines = [line for line in lines if not line.lower().startswith((b"content-length", b"l:"))]
    return b"\r\n".join((*lines, b"Content-Length: %d" % len(body), b"", body))
