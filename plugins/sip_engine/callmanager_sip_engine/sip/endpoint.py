"""The pjsua2 library as a whole: started, configured, turned over and ended; transports and the bridge's clock."""

import gc
import logging
import re
from collections.abc import Callable
from typing import Any, Final

from callmanager.api import Transport

from callmanager_sip_engine.sip import _pj
from callmanager_sip_engine.sip.media_port import Frames, MediaPort

_log: Final = logging.getLogger("callmanager_sip_engine.pjsip")
_LEVELS: Final = {1: logging.WARNING, 2: logging.INFO}
_SECRETS: Final = re.compile(r"(?i)((?:proxy-)?authorization:|response=|nonce=|inline:|password[=:])[^\r\n,;]*")

CODECS: Final = ("G722/16000/1", "PCMU/8000/1", "PCMA/8000/1")
"""In the order of preference; everything else is off."""


class _LogWriter(_pj.LogWriter):  # type: ignore[misc]  # pjsua2 has no types
    def write(self, entry: Any) -> None:
        text = entry.msg.strip().replace("\0", "")[:2000]
        _log.log(_LEVELS.get(entry.level, logging.DEBUG), "%s", _SECRETS.sub(r"\1 (redacted)", text))


class _PjEndpoint(_pj.Endpoint):  # type: ignore[misc]  # pjsua2 has no types
    def __init__(self, owner: "SipEndpoint") -> None:
        super().__init__()
        self.owner: SipEndpoint | None = owner

    def onTransportState(self, prm: Any) -> None:  # noqa: N802 - pjsua2's name
        try:
            if self.owner and prm.state == _pj.TRANSPORT_DISCONNECTED and str(prm.type).upper().startswith("TCP"):
                self.owner.on_connection_lost()
        except Exception:  # noqa: BLE001 - logged; nothing may leave a callback
            _log.exception("a lost connection was not noticed")


class SipEndpoint:
    """Owns the library; everything on the SIP thread. A `Pump` of `SipThread`."""

    def __init__(self, frames: Frames, *, user_agent: str, max_calls: int = 4) -> None:
        self._frames = frames
        self._user_agent = user_agent
        self.max_calls = max_calls
        self._endpoint: Any = None
        self._log_writer: Any = None
        self._transports: dict[tuple[Transport, str], int] = {}
        self._stun_servers: tuple[str, ...] = ()
        self._clock_runs = False
        self.media_port: MediaPort | None = None
        self.on_close: list[Callable[[], None]] = []
        self.on_connection_lost: Callable[[], None] = lambda: None

    def open(self) -> int:
        self._endpoint = _PjEndpoint(self)
        self._endpoint.libCreate()
        config = _pj.EpConfig()
        # The endpoint deletes its log writer; without a reference of ours Python would delete it first.
        self._log_writer = _LogWriter()
        self._log_writer.__disown__()
        config.logConfig.writer = self._log_writer
        config.logConfig.level = 4 if _log.isEnabledFor(logging.DEBUG) else 2
        config.logConfig.consoleLevel = 0
        config.logConfig.msgLogging = 0
        config.uaConfig.threadCnt = 0
        config.uaConfig.mainThreadOnly = True
        config.uaConfig.maxCalls = self.max_calls
        config.uaConfig.userAgent = self._user_agent
        config.uaConfig.mwiUnsolicitedEnabled = True
        config.medConfig.clockRate = 16_000
        config.medConfig.sndClockRate = 16_000
        config.medConfig.channelCount = 1
        config.medConfig.audioFramePtime = 20
        config.medConfig.ptime = 20
        config.medConfig.ecTailLen = 0
        # A softphone that goes silent mid-sentence looks dead to NATs and to people: no voice activity detection.
        config.medConfig.noVad = True
        self._endpoint.libInit(config)
        self._endpoint.audDevManager().setNoDev()
        self._choose_codecs()
        wake = self._create_transport(_pj.TRANSPORT_UDP, "127.0.0.1")
        self._endpoint.libStart()
        self.media_port = MediaPort(self._frames)
        return self._port_of(wake)

    def turn(self, milliseconds: int) -> None:
        self._endpoint.libHandleEvents(milliseconds)

    def close(self) -> None:
        for undo in self.on_close:
            undo()
        self.run_clock(False)
        self.media_port = None
        # Objects collected after the library is gone hit an assertion of pjsip.
        gc.collect()
        # Calls and registrations have been ended in order by now; pjsua2 would wait seconds to be sure.
        self._endpoint.owner = None
        self._endpoint.libDestroy(_pj.DESTROY_NO_NETWORK)
        self._endpoint = None

    @property
    def version(self) -> str:
        return str(self._endpoint.libVersion().full)

    def transport(self, kind: Transport, address: str = "") -> int:
        """Id of the transport bound to `address` (empty: all), made when first needed."""
        key = (kind, address)
        if key not in self._transports:
            number = _pj.TRANSPORT_UDP if kind is Transport.UDP else _pj.TRANSPORT_TCP
            self._transports[key] = self._create_transport(number, address)
        return self._transports[key]

    def port_of(self, kind: Transport, address: str = "") -> int:
        return self._port_of(self.transport(kind, address))

    def use_stun(self, servers: tuple[str, ...]) -> None:
        """Let media sockets learn their public address; `stun:` prefixes are accepted."""
        if servers != self._stun_servers:
            self._stun_servers = servers
            names = _pj.StringVector()
            for server in servers:
                names.append(server.removeprefix("stun:"))
            self._endpoint.natUpdateStunServers(names, False)

    def run_clock(self, run: bool) -> None:  # noqa: FBT001 - the only argument says it
        """Start or stop the conference bridge's clock; it is stopped while nothing sounds, to cost nothing."""
        if run == self._clock_runs or self._endpoint is None:
            return
        self._clock_runs = run
        manager = self._endpoint.audDevManager()
        if run:
            manager.setNullDev()
        else:
            manager.setNoDev()

    def _create_transport(self, kind: int, address: str) -> int:
        config = _pj.TransportConfig()
        config.port = 0
        config.boundAddress = address
        return int(self._endpoint.transportCreate(kind, config))

    def _port_of(self, transport: int) -> int:
        return int(self._endpoint.transportGetInfo(transport).localName.rsplit(":", 1)[1])

    def _choose_codecs(self) -> None:
        for codec in self._endpoint.codecEnum2():
            wanted = codec.codecId in CODECS
            self._endpoint.codecSetPriority(codec.codecId, 200 - 10 * CODECS.index(codec.codecId) if wanted else 0)
