"""Decides from the facts what is to be heard: ringtone, progress tones, call audio, or nothing at all."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING, Final, Protocol

import attrs
from callmanager.api import (
    CallArrived,
    CallFinished,
    CallHoldReported,
    CallId,
    CallMediaReported,
    CallProgressed,
    CallState,
    DigitSent,
    EndCause,
    Fact,
    Failure,
    FailureKind,
)

if TYPE_CHECKING:
    from callmanager_sip_engine.audio.values import Tone

_END_TONE_SECONDS: Final = 2.5
_INVITE_FIRST_SECONDS: Final = 0.008
_BUSY: Final = frozenset({FailureKind.BUSY})
_SILENT: Final = frozenset({FailureKind.CANCELLED, FailureKind.ENGINE})


class Speakerphone(Protocol):
    """The part of the audio system that is directed from here."""

    def open_call_audio(self) -> None: ...
    def close_call_audio(self) -> None: ...
    def start_ringing(self) -> None: ...
    def stop_ringing(self) -> None: ...
    def start_tone(self, tone: Tone) -> None: ...
    def stop_tone(self) -> None: ...
    def play_dtmf(self, digit: str) -> None: ...


@attrs.define(kw_only=True)
class _Heard:
    """What matters of one call for the ear."""

    outgoing: bool
    state: CallState
    early_media: bool = False
    code: int | None = None
    silent: bool = False


class AudioDirector:
    """Loop thread only. `clock` starts and stops the conference bridge, which needs to run exactly while call audio is open."""

    def __init__(self, audio: Speakerphone, clock: Callable[[bool], None]) -> None:
        self._audio = audio
        self._clock = clock
        self._opening: asyncio.TimerHandle | None = None
        self._calls: dict[CallId, _Heard] = {}
        self._open = False
        self._ringing = False
        self._tone: Tone | None = None
        self._end_tone: Tone | None = None
        self._end_timer: asyncio.TimerHandle | None = None

    def placed(self, call_id: CallId) -> None:
        """An outgoing call has been ordered: open the devices while the PBX thinks.

        That begins a moment later, because devices and the bridge's clock would take the interpreter from the INVITE.
        """
        self._calls[call_id] = _Heard(outgoing=True, state=CallState.DIALING)
        if self._open:
            self._update()
            return
        if self._opening is not None:
            self._opening.cancel()
        self._opening = asyncio.get_running_loop().call_later(_INVITE_FIRST_SECONDS, self._update)

    def silence(self, call_id: CallId) -> None:
        """This incoming call is to wait without a sound; said before it rings."""
        heard = self._calls.get(call_id)
        if heard is not None:
            heard.silent = True
            self._update()

    def hear(self, fact: Fact) -> None:
        match fact:
            case CallArrived():
                self._calls[fact.call_id] = _Heard(outgoing=False, state=CallState.DIALING)
            case CallProgressed():
                heard = self._calls.get(fact.call_id)
                if heard is None:
                    return
                heard.state, heard.code = fact.state, fact.sip_code or heard.code
            case CallMediaReported() if fact.media.early and fact.media.flowing:
                heard = self._calls.get(fact.call_id)
                if heard is None:
                    return
                heard.early_media = True
            case CallFinished():
                heard = self._calls.pop(fact.call_id, None)
                if heard is not None and heard.outgoing and heard.state is not CallState.CONNECTED:
                    self._say_goodbye(fact.end.cause, fact.end.failure, heard)
            case DigitSent():
                self._audio.play_dtmf(fact.digit)
                return
            case CallHoldReported():
                pass
            case _:
                return
        self._update()

    def close(self) -> None:
        """Silence, whatever goes on."""
        self._calls.clear()
        if self._opening is not None:
            self._opening.cancel()
        self._end_goodbye()
        self._update()

    def _say_goodbye(self, cause: EndCause, failure: Failure | None, heard: _Heard) -> None:
        from callmanager_sip_engine.audio.values import Tone

        # The PBX that sent early media has told the caller already; a second signal on top would be noise.
        if cause is not EndCause.FAILED or failure is None or failure.kind in _SILENT or heard.early_media or self._calls:
            return
        self._end_goodbye()
        self._end_tone = Tone.BUSY if failure.kind in _BUSY else Tone.CONGESTION
        self._end_timer = asyncio.get_running_loop().call_later(_END_TONE_SECONDS, self._goodbye_over)

    def _goodbye_over(self) -> None:
        self._end_goodbye()
        self._update()

    def _end_goodbye(self) -> None:
        if self._end_timer is not None:
            self._end_timer.cancel()
        self._end_tone = self._end_timer = None

    def _update(self) -> None:
        calls = self._calls.values()
        if calls:
            self._end_goodbye()
        ringing = any(not call.outgoing and not call.silent and call.state is CallState.RINGING for call in calls)
        audible = any(call.outgoing or call.state is CallState.CONNECTED for call in calls)
        self._set_open(audible or self._end_tone is not None)
        # Somebody who is talking gets a short beep instead of the bell.
        self._set_ringing(ringing and not audible)
        self._set_tone(self._wanted_tone(call_waiting=ringing and audible))

    def _wanted_tone(self, *, call_waiting: bool) -> Tone | None:
        from callmanager_sip_engine.audio.values import Tone

        if call_waiting:
            return Tone.CALL_WAITING
        if any(
            call.outgoing and call.state is CallState.PROGRESS and call.code in {180, 182} and not call.early_media
            for call in self._calls.values()
        ):
            return Tone.RINGBACK
        return self._end_tone

    def _set_open(self, wanted: bool) -> None:  # noqa: FBT001 - private, the name says it
        if wanted == self._open:
            return
        self._open = wanted
        if wanted:
            self._audio.open_call_audio()
            self._clock(True)
        else:
            self._clock(False)
            self._audio.close_call_audio()

    def _set_ringing(self, wanted: bool) -> None:  # noqa: FBT001 - private, the name says it
        if wanted == self._ringing:
            return
        self._ringing = wanted
        if wanted:
            self._audio.start_ringing()
        else:
            self._audio.stop_ringing()

    def _set_tone(self, wanted: Tone | None) -> None:
        if wanted is self._tone:
            return
        if self._tone is not None:
            self._audio.stop_tone()
        self._tone = wanted
        if wanted is not None:
            self._audio.start_tone(wanted)
