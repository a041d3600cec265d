"""The conference: calls whose far ends hear each other through pjsua2's bridge."""

import itertools
import logging
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any, Final

from callmanager.api import ConferenceReported

from callmanager_sip_engine.sip import _pj

if TYPE_CHECKING:
    from callmanager_sip_engine.sip.call import SipCall

_log: Final = logging.getLogger(__name__)


class Mixer:
    """SIP thread only. At most one conference; a call that ends leaves it, and with one left it is over."""

    def __init__(self, report: Callable[[Any], None]) -> None:
        self._report = report
        self._members: list[SipCall] = []

    def arrange(self, calls: Iterable["SipCall"]) -> None:
        """Mix these calls from now on, and no others."""
        wanted = list(dict.fromkeys(calls))
        wanted = wanted if len(wanted) > 1 else []
        for one, other in itertools.combinations(self._members, 2):
            if one not in wanted or other not in wanted:
                _part(one, other)
        self._members = wanted
        for one, other in itertools.combinations(wanted, 2):
            _join(one, other)
        self._tell()

    def rejoin(self, call: "SipCall") -> None:
        """The media of a call are others now (a re-INVITE): its connections have to be made again."""
        if call in self._members:
            for other in self._members:
                if other is not call:
                    _join(call, other)

    def leave(self, call: "SipCall") -> None:
        """A call has ended, and its media with it."""
        if call in self._members:
            self._members.remove(call)
            if len(self._members) < 2:
                self._members.clear()
            self._tell()

    def _tell(self) -> None:
        self._report(ConferenceReported(call_ids=tuple(call.id for call in self._members)))


def _join(one: "SipCall", other: "SipCall") -> None:
    if one.media.audio is None or other.media.audio is None:
        return  # One of them is on hold; `rejoin` comes with its media.
    try:
        one.media.audio.startTransmit(other.media.audio)
        other.media.audio.startTransmit(one.media.audio)
    except _pj.Error:
        _log.exception("two calls could not be mixed")


def _part(one: "SipCall", other: "SipCall") -> None:
    if one.media.audio is None or other.media.audio is None:
        return
    for source, sink in ((one, other), (other, one)):
        try:
            source.media.audio.stopTransmit(sink.media.audio)
        except _pj.Error:
            _log.debug("two calls were not mixed any more")
