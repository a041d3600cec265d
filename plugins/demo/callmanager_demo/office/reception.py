"""Who works in the office, and who calls the phone when."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING

from callmanager_demo.office.call import Person
from callmanager_demo.office.peers import AbsentPeer, BusyPeer, EchoPeer, MusicPeer, TonePeer
from callmanager_demo.office.speakers import CallBack, Daniel, DigitReader, Grace, Maria, UnknownNumber
from callmanager_demo.voices import Voices

if TYPE_CHECKING:
    from callmanager_demo.office.server import Office

_log = logging.getLogger(__name__)


class Reception:
    """Fills an office. Daniel calls `call_after` seconds after the phone first registers, and again, like Grace,
    `call_back_after` seconds after somebody asked for it."""

    def __init__(self, office: Office, *, call_after: float = 12.0, call_back_after: float = 5.0) -> None:
        self._office = office
        self._call_after = call_after
        self._call_back_after = call_back_after
        self._voices = Voices()
        self._daniel = Daniel(self._voices)
        self._grace = Grace(self._voices)
        self._called = False

    def open(self) -> None:
        """Let everybody take their seat."""
        voices = self._voices
        colleague = Person(number="6010", name="Call me back")
        customer = Person(number="6011", name="A customer calls")
        for peer in (
            EchoPeer(),
            MusicPeer(),
            DigitReader(voices),
            Maria(voices),
            BusyPeer(),
            AbsentPeer(),
            UnknownNumber(voices),
            TonePeer(),
            CallBack(voices, person=colleague, order=lambda: self._order(self._daniel, self._call_back_after)),
            CallBack(voices, person=customer, order=lambda: self._order(self._grace, self._call_back_after)),
            self._daniel,
        ):
            self._office.add(peer)
        self._office.on_registered = self._registered

    def _registered(self) -> None:
        if not self._called:
            self._called = True
            self._order(self._daniel, self._call_after)

    def _order(self, caller: Daniel | Grace, delay: float) -> None:
        self._office.start(self._call(caller, delay))

    async def _call(self, caller: Daniel | Grace, delay: float) -> None:
        await asyncio.sleep(delay)
        answered = await self._office.call_phone(caller.person, caller.converse)
        _log.info("%s called: %s", caller.person.number, "answered" if answered else "not answered")
