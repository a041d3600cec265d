"""The only module that imports pjsua2: what we use of it, by its own names.

pjsua2 has no type information, so everything here is `Any`; the modules that use it translate at once into our own values.
"""

import contextlib
import ctypes
from typing import Any, Final

import pjsua2

Account: Any = pjsua2.Account
AccountConfig: Any = pjsua2.AccountConfig
AudioMedia: Any = pjsua2.AudioMedia
AudioMediaPort: Any = pjsua2.AudioMediaPort
AudioMediaTransmitParam: Any = pjsua2.AudioMediaTransmitParam
AuthCredInfo: Any = pjsua2.AuthCredInfo
ByteVector: Any = pjsua2.ByteVector
Call: Any = pjsua2.Call
CallOpParam: Any = pjsua2.CallOpParam
CallSendDtmfParam: Any = pjsua2.CallSendDtmfParam
Endpoint: Any = pjsua2.Endpoint
EpConfig: Any = pjsua2.EpConfig
LogWriter: Any = pjsua2.LogWriter
MediaFormatAudio: Any = pjsua2.MediaFormatAudio
SipHeader: Any = pjsua2.SipHeader
StringVector: Any = pjsua2.StringVector
TransportConfig: Any = pjsua2.TransportConfig

Error: type[Exception] = pjsua2.Error

FRAME_TYPE_AUDIO: Final[int] = pjsua2.PJMEDIA_FRAME_TYPE_AUDIO
TYPE_AUDIO: Final[int] = pjsua2.PJMEDIA_TYPE_AUDIO
TRANSPORT_UDP: Final[int] = pjsua2.PJSIP_TRANSPORT_UDP
TRANSPORT_TCP: Final[int] = pjsua2.PJSIP_TRANSPORT_TCP

DESTROY_NO_NETWORK: Final[int] = pjsua2.PJSUA_DESTROY_NO_NETWORK

INV_CALLING: Final[int] = pjsua2.PJSIP_INV_STATE_CALLING
INV_INCOMING: Final[int] = pjsua2.PJSIP_INV_STATE_INCOMING
INV_EARLY: Final[int] = pjsua2.PJSIP_INV_STATE_EARLY
INV_CONNECTING: Final[int] = pjsua2.PJSIP_INV_STATE_CONNECTING
INV_CONFIRMED: Final[int] = pjsua2.PJSIP_INV_STATE_CONFIRMED
INV_DISCONNECTED: Final[int] = pjsua2.PJSIP_INV_STATE_DISCONNECTED

MEDIA_NONE: Final[int] = pjsua2.PJSUA_CALL_MEDIA_NONE
MEDIA_ACTIVE: Final[int] = pjsua2.PJSUA_CALL_MEDIA_ACTIVE
MEDIA_LOCAL_HOLD: Final[int] = pjsua2.PJSUA_CALL_MEDIA_LOCAL_HOLD
MEDIA_REMOTE_HOLD: Final[int] = pjsua2.PJSUA_CALL_MEDIA_REMOTE_HOLD
MEDIA_ERROR: Final[int] = pjsua2.PJSUA_CALL_MEDIA_ERROR

REDIRECT_STOP: Final[int] = pjsua2.PJSIP_REDIRECT_STOP

CALL_UNHOLD: Final[int] = pjsua2.PJSUA_CALL_UNHOLD
DTMF_RFC4733: Final[int] = pjsua2.PJSUA_DTMF_METHOD_RFC2833
DTMF_INFO: Final[int] = pjsua2.PJSUA_DTMF_METHOD_SIP_INFO

EVENT_TSX_STATE: Final[int] = pjsua2.PJSIP_EVENT_TSX_STATE
EVENT_RX_MSG: Final[int] = pjsua2.PJSIP_EVENT_RX_MSG
ROLE_UAC: Final[int] = pjsua2.PJSIP_ROLE_UAC
ROLE_UAS: Final[int] = pjsua2.PJSIP_ROLE_UAS

TRANSPORT_DISCONNECTED: Final[int] = pjsua2.PJSIP_TP_STATE_DISCONNECTED

STUN_OFF: Final[int] = pjsua2.PJSUA_STUN_USE_DISABLED
STUN_RETRY_ON_FAILURE: Final[int] = pjsua2.PJSUA_STUN_RETRY_ON_FAILURE
SRTP_DISABLED: Final[int] = pjsua2.PJMEDIA_SRTP_DISABLED
SRTP_OPTIONAL: Final[int] = pjsua2.PJMEDIA_SRTP_OPTIONAL

XFER_NO_REQUIRE_REPLACES: Final[int] = 1
"""pjsua's `PJSUA_XFER_NO_REQUIRE_REPLACES`, a macro that the module does not export."""
ETOOMANY: Final[int] = 70_010
"""pjlib's `PJ_ETOOMANY`: all call slots are taken."""
EREMNORFC2833: Final[int] = 220_130
"""pjmedia's `PJMEDIA_RTP_EREMNORFC2833`, which the module does not export: telephone-event was not agreed."""

_POINTERS: Final = ctypes.c_void_p * 3


class FrameBytes:
    """Reads and fills pjsua2 `ByteVector`s, which on 2.15 take and give only one octet at a time (255 and 45 us a frame).

    A `std::vector` begins with the addresses of its first and one-past-last element on every compiler that wheels are built
    with; that is checked once on known content, and where it does not hold the slow way is taken. From 2.16 on the
    vector has copy functions of its own. One thread at a time.
    """

    def __init__(self) -> None:
        self.direct = self._layout_is_known()
        self._filled: Any = None
        self._place = 0
        self._size = -1

    def read(self, vector: Any) -> bytes:
        if self.direct:
            begin, end, _ = _POINTERS.from_address(int(vector.this))
            return ctypes.string_at(begin, end - begin) if begin and end else b""
        if hasattr(vector, "copy_to_bytearray"):
            target = bytearray(len(vector))
            vector.copy_to_bytearray(target)
            return bytes(target)
        return bytes(vector)

    def vector(self, octets: bytes) -> Any:
        """`octets` as a vector that is good until the next call; assigning it to a frame copies it."""
        if not self.direct:
            return ByteVector(octets)
        if len(octets) != self._size:
            self._filled, self._size = ByteVector(octets), len(octets)
            self._place = _POINTERS.from_address(int(self._filled.this))[0] or 0
        elif self._size:
            ctypes.memmove(self._place, octets, self._size)
        return self._filled

    @staticmethod
    def _layout_is_known() -> bool:
        known = bytes(range(251)) * 3
        with contextlib.suppress(TypeError, ValueError, AttributeError):
            vector = ByteVector(known)
            begin, end, capacity = _POINTERS.from_address(int(vector.this))
            if begin and end and capacity and end - begin == len(known) and len(known) <= capacity - begin < 65536:
                return ctypes.string_at(begin, len(known)) == known
        return False
