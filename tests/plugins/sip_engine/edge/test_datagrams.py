"""The room for received datagrams, on real sockets of the running loop."""

import asyncio
import socket

from callmanager_sip_engine.edge.datagrams import LARGEST_DATAGRAM, fit_receive_buffer
from callmanager_sip_engine.edge.ice import MediaConnection
from callmanager_sip_engine.edge.loopback import LoopbackMedia

_LARGEST_PAYLOAD = 65_507
"""What IPv4 leaves of it."""


class Catching(asyncio.DatagramProtocol):
    def __init__(self) -> None:
        self.caught: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        self.caught.set_result(data)


async def test_the_largest_datagram_still_comes_whole() -> None:
    transport, protocol = await asyncio.get_running_loop().create_datagram_endpoint(Catching, local_addr=("127.0.0.1", 0))
    try:
        fit_receive_buffer(transport)
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
            sender.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 2 * LARGEST_DATAGRAM)
            sender.sendto(b"v" * _LARGEST_PAYLOAD, transport.get_extra_info("sockname"))
        assert await asyncio.wait_for(protocol.caught, 5) == b"v" * _LARGEST_PAYLOAD
    finally:
        transport.close()


async def test_the_ports_of_a_call_make_no_more_room_than_that() -> None:
    media = LoopbackMedia(lambda _packet, _kind: None)
    connection = MediaConnection(ice_controlling=True)
    await media.open()
    await connection.gather_candidates()
    try:
        connection.deliver_to(lambda _datagram: None)
        transports = [media._rtp, media._rtcp, *(protocol.transport for protocol in connection._protocols)]
        assert {getattr(transport, "max_size", None) for transport in transports} == {LARGEST_DATAGRAM}
    finally:
        media.close()
        await connection.close()
