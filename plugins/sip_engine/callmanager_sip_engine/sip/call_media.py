"""The media of one call: joined to the devices, watched, and measured once a second."""

import logging
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final, Protocol

import attrs
from callmanager.api import CallMedia, CallMediaReported, CallStatistics, CallStatisticsReported

from callmanager_sip_engine.mos import estimate_mos
from callmanager_sip_engine.sip import _pj
from callmanager_sip_engine.sip.endpoint import SipEndpoint

if TYPE_CHECKING:
    from callmanager_sip_engine.sip.call import SipCall

_log: Final = logging.getLogger(__name__)
_SECOND: Final = 1.0
_WATCH_SECONDS: Final = 0.01
_LATER_WATCH_SECONDS: Final = 0.1
"""How often to look for the first packet: closely while it is due, leisurely when it is late."""
_NO_MEDIA_SECONDS: Final = 5.0
_SRTP_ACTIVE: Final = "SRTP status: Active"

Cancel = Callable[[], None]


class MediaHost(Protocol):
    """What the media of a call needs of its surroundings."""

    endpoint: SipEndpoint

    def report(self, report: Any) -> None: ...
    def call_later(self, seconds: float, job: Callable[[], None]) -> Cancel: ...


class CallMediaWatch:
    """SIP thread only."""

    def __init__(self, call: "SipCall", host: MediaHost) -> None:
        self._call = call
        self._host = host
        self._index: int | None = None
        self._audio: Any = None
        self._reported: CallMedia | None = None
        self._statistics: CallStatistics | None = None
        self._known = CallMedia()
        self._watch: Cancel | None = None
        self._tick: Cancel | None = None
        self._watched = 0.0
        self.status = _pj.MEDIA_NONE
        self.digits_supported = True
        self._heard_packets = 0
        self._heard_at = time.monotonic()

    @property
    def audio(self) -> Any:
        """The stream in pjsua2's bridge; none while nothing flows (held, or not negotiated yet)."""
        return self._audio

    @property
    def silent_for(self) -> float:
        """Seconds since the last packet of the far end was counted (readings are a second apart)."""
        return time.monotonic() - self._heard_at

    def changed(self) -> None:
        """SDP was negotiated: the streams may be other ones."""
        self._index, self.status = None, _pj.MEDIA_NONE
        # pjsua2's values are views into their parents: `info` must outlive what is read from it.
        info = self._call.pj.getInfo()
        for media in info.media:
            if media.type == _pj.TYPE_AUDIO:
                self._index, self.status = int(media.index), media.status
                break
        self.connect()
        self._look()
        if self.status in {_pj.MEDIA_ACTIVE, _pj.MEDIA_REMOTE_HOLD} and not self._known.flowing:
            self._start_watch()

    def connect(self) -> None:
        """Join the stream with the devices. Muted, it gets silence at level 0 instead of nothing, so that RTP goes on."""
        port = self._host.endpoint.media_port
        if port is None or self._index is None or self.status not in {_pj.MEDIA_ACTIVE, _pj.MEDIA_REMOTE_HOLD}:
            self._audio = None
            return
        try:
            self._audio = self._call.pj.getAudioMedia(self._index)
            self._audio.startTransmit(port)
            # The level of a connection is set when it is made.
            port.stopTransmit(self._audio)
            parameters = _pj.AudioMediaTransmitParam()
            parameters.level = 0.0 if self._call.muted else 1.0
            port.startTransmit2(self._audio, parameters)
        except _pj.Error:
            _log.exception("the media of a call could not be joined with the devices")

    def call_connected(self) -> None:
        self._report(attrs.evolve(self._known, early=False))
        if self._tick is None:
            self._tick = self._host.call_later(_SECOND, self._measure_again)
        if not self._known.flowing:
            self._start_watch()

    def stop(self) -> CallStatistics | None:
        """No more reports; returns the last reading."""
        for cancel in (self._watch, self._tick):
            if cancel:
                cancel()
        if self._call.connected:
            self.measure()
        self._audio = None
        return self._statistics

    # ----------------------------------------------------------------------------------------------------------------- watching

    def _start_watch(self) -> None:
        self._watched = 0.0
        if self._watch is None:
            self._watch = self._host.call_later(_WATCH_SECONDS, self._watch_again)

    def _watch_again(self) -> None:
        self._watch = None
        self._look()
        pause = _WATCH_SECONDS if self._watched < 1 else _LATER_WATCH_SECONDS
        self._watched += pause
        if self._known.flowing:
            return
        if self._watched >= _NO_MEDIA_SECONDS and self._call.connected:
            _log.warning("no audio has arrived %.0f s after the answer", _NO_MEDIA_SECONDS)
            self._report(self._known, again=True)
            return
        self._watch = self._host.call_later(pause, self._watch_again)

    def _look(self) -> None:
        if self._index is None:
            return
        try:
            stream = self._call.pj.getStreamInfo(self._index)
            reading = self._call.pj.getStreamStat(self._index)
            received = int(reading.rtcp.rxStat.pkt)
        except _pj.Error:
            return  # The stream is being replaced.
        self.digits_supported = int(stream.audTxEventPt) >= 0
        if received != self._heard_packets:
            self._heard_packets, self._heard_at = received, time.monotonic()
        self.measure()
        self._report(
            CallMedia(
                codec=str(stream.codecName),
                clock_rate=int(stream.codecClockRate),
                encrypted=self._known.encrypted or (received > 0 and self._srtp_active()),
                flowing=received > 0 or self._known.flowing,
                early=not self._call.connected,
                digits_supported=self.digits_supported,
            )
        )

    def _srtp_active(self) -> bool:
        """Whether pjsip itself decrypts this stream (SDES); what the edge encrypts is told by the edge.

        Its text dump is the only place where pjsua2 2.15 says so. Packets that fail authentication are not counted as
        received, so an active crypto-suite and a received packet together are the proof.
        """
        if not self._call.account.route.sdes_offered:
            return False
        try:
            return _SRTP_ACTIVE in str(self._call.pj.dump(True, ""))
        except _pj.Error:
            return False

    def _report(self, media: CallMedia, *, again: bool = False) -> None:
        self._known = media
        if media.codec and (again or media != self._reported) and not self._call.finished:
            self._reported = media
            self._host.report(CallMediaReported(call_id=self._call.id, media=media))

    # ---------------------------------------------------------------------------------------------------------------- measuring

    def _measure_again(self) -> None:
        self._look()
        if self._statistics is not None:
            self._host.report(CallStatisticsReported(call_id=self._call.id, statistics=self._statistics))
        self._tick = self._host.call_later(_SECOND, self._measure_again)

    def measure(self) -> None:
        """Take a reading; also called when the end is near, after which there is nothing left to read."""
        if self._index is None or self._call.pj is None:
            return
        try:
            reading = self._call.pj.getStreamStat(self._index)
        except _pj.Error:
            return  # No stream at the moment (held, or torn down): the last reading stays.
        rtcp = reading.rtcp
        received, lost = int(rtcp.rxStat.pkt), max(0, int(rtcp.rxStat.loss))
        sent, remote_lost = int(rtcp.txStat.pkt), max(0, int(rtcp.txStat.loss))
        jitter = float(rtcp.rxStat.jitterUsec.last) / 1000
        round_trip = float(rtcp.rttUsec.last) / 1000 if int(rtcp.rttUsec.n) else None
        loss = 100.0 * lost / (received + lost) if received + lost else 0.0
        self._statistics = CallStatistics(
            packets_sent=sent,
            packets_received=received,
            loss_percent=round(loss, 2),
            remote_loss_percent=round(min(100.0, 100.0 * remote_lost / sent), 2) if sent else 0.0,
            jitter_ms=round(jitter, 2),
            round_trip_ms=None if round_trip is None else round(round_trip, 2),
            mos=estimate_mos(codec=self._known.codec, loss_percent=loss, jitter_ms=jitter, round_trip_ms=round_trip)
            if received
            else None,
        )
