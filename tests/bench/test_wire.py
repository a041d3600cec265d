"""Packets are told apart by what they carry."""

import socket
import struct

import pytest

from bench.wire import Packet, Wire

PBX = "10.99.7.2"


def frame(protocol: int, payload: bytes, *, outgoing: bool = True) -> bytes:
    if protocol == 6:
        transport = struct.pack(">HHIIBBHHH", 40000, 8089, 0, 0, 8 << 4, 0x18, 0, 0, 0) + bytes(12)
    else:
        transport = struct.pack(">HHHH", 40000, 10010, 8 + len(payload), 0)
    ends = [socket.inet_aton("10.99.7.1"), socket.inet_aton(PBX)]
    source, target = ends if outgoing else reversed(ends)
    length = 20 + len(transport) + len(payload)
    header = struct.pack(">BBHHHBBH4s4s", 0x45, 0, length, 0, 0, 64, protocol, 0, source, target)
    return bytes(12) + b"\x08\x00" + header + transport + payload


def parsed(data: bytes, *, outgoing: bool = True) -> Packet:
    packet = Wire("none", PBX)._parse(data[:128], [], outgoing=outgoing)
    assert packet is not None
    return packet


def test_a_whole_request_is_told_from_a_keep_alive_by_its_size_without_tcp_options() -> None:
    assert parsed(frame(6, bytes(600))).is_sip
    assert parsed(frame(6, bytes(600))).size == 600
    assert not parsed(frame(6, bytes(599))).is_sip


@pytest.mark.parametrize(
    ("first", "size", "media"),
    [(0x80, 170, True), (0x90, 170, True), (0x00, 100, False), (0x16, 200, False), (0x80, 40, False)],
)
def test_audio_is_told_from_stun_dtls_and_empty_packets(first: int, size: int, media: bool) -> None:
    assert parsed(frame(17, bytes([first]) + bytes(size - 1))).is_media is media


def test_what_is_not_for_the_pbx_is_left_out() -> None:
    wire = Wire("none", "10.99.8.2")
    assert wire._parse(frame(6, bytes(600)), [], outgoing=True) is None
    assert wire._parse(b"\x00" * 60, [], outgoing=True) is None
    assert wire._parse(frame(6, b"")[:40], [], outgoing=True) is None


def test_the_port_is_the_pbx_s_in_both_directions() -> None:
    assert parsed(frame(17, bytes(100))).pbx_port == 10010
    assert parsed(frame(17, bytes(100), outgoing=False), outgoing=False).pbx_port == 40000
