"""The product without its window: core with all plugins, real engine process, registered over WSS, no sound devices."""

import asyncio
import logging
import os
from collections import deque
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

from callmanager.api import (
    Account,
    AccountId,
    AudioBackendKind,
    AudioChoice,
    Call,
    CallAdded,
    CallChanged,
    CallId,
    CallRemoved,
    CallState,
    Direction,
    RegistrationChanged,
    RegistrationState,
    Transport,
)
from callmanager.app import Application, AppOptions
from callmanager_sip_engine.supervisor import EngineSupervisor
from pbx.bench import AsteriskPbx

USER = "2001"
_REMEMBERED = 64
"""Calls that have ended; more would be growth of our own in the memory that is measured."""


class SoakPhone:
    """One application and the engine process below it. Loop thread only."""

    def __init__(self, app: Application, engine: EngineSupervisor) -> None:
        self.app = app
        self._engine = engine
        self._ended: deque[Call] = deque(maxlen=_REMEMBERED)
        self._news = asyncio.Event()
        for event in (CallAdded, CallChanged, CallRemoved, RegistrationChanged):
            app.bus.subscribe(event, self._noted, owner="soak")

    def _noted(self, event: object) -> None:
        if isinstance(event, CallRemoved):
            self._ended.append(event.call)
        self._news.set()

    @property
    def processes(self) -> dict[str, int]:
        """Process ids by what they are for. The soak itself lives in the first."""
        if (engine := self._engine.process_id) is None:
            raise AssertionError("the engine process has ended")
        return {"app": os.getpid(), "engine": engine}

    @property
    def registered(self) -> bool:
        registration = self.app.accounts.registration
        return registration is not None and registration.state is RegistrationState.REGISTERED

    async def until(self, condition: Callable[[], object], *, what: str, within: float = 15.0) -> None:
        """Looks after each event; `AssertionError` says what did not come."""
        try:
            async with asyncio.timeout(within):
                while not condition():
                    self._news.clear()
                    await self._news.wait()
        except TimeoutError:
            shown = [f"{c.remote.label} {c.state.value} held={c.held} {c.transfer or ''}" for c in self.app.calls.current()]
            raise AssertionError(f"waited {within:g} s for {what}; calls: {'; '.join(shown) or 'none'}") from None

    def call(self, call_id: CallId) -> Call | None:
        """The snapshot, also that of a call that has just ended."""
        return self.app.calls.get(call_id) or next((call for call in self._ended if call.id == call_id), None)

    async def talking(self, call_id: CallId) -> None:
        """Connected, and the far end's voice arrives."""

        def talks() -> bool:
            call = self.call(call_id)
            if call is not None and not call.live:
                raise AssertionError(f"the call ended before anybody talked: {call.end}")
            return call is not None and call.talking and call.media is not None and call.media.flowing

        await self.until(talks, what="voice in a connected call")

    async def ended(self, call_id: CallId, *, within: float = 15.0) -> Call:
        await self.until(lambda: self.app.calls.get(call_id) is None, what="the call's end", within=within)
        call = self.call(call_id)
        assert call is not None
        return call

    async def arrived(self, number: str, *, within: float = 15.0) -> CallId:
        """The ringing call from this number."""

        def found() -> CallId | None:
            calls = (c for c in self.app.calls.current() if c.direction is Direction.INCOMING and c.state is CallState.RINGING)
            return next((call.id for call in calls if call.remote.number == number), None)

        await self.until(found, what=f"the call from {number}", within=within)
        call_id = found()
        assert call_id is not None
        return call_id

    async def quiet(self) -> None:
        """End whatever there still is, as after a failure."""
        for call in self.app.calls.current():
            self.app.calls.hang_up(call.id)
        await self.until(lambda: not self.app.calls.current(), what="all calls to end", within=40)


@asynccontextmanager
async def soak_phone(pbx: AsteriskPbx, folder: Path) -> AsyncIterator[SoakPhone]:
    """Registered as `USER`; ended with the block."""
    options = AppOptions(
        profile=folder / "profile", site=folder / "site", audio=AudioChoice(backend=AudioBackendKind.NONE), log_level="warning"
    )
    engine = EngineSupervisor(logging.getLogger("engine under soak"))
    app = Application(options, engine=engine)
    try:
        phone = SoakPhone(app, engine)
        app.prepare()
        await app.start()
        app.accounts.provide(_account(pbx), pbx.account(USER).password)
        await phone.until(lambda: phone.registered, what="the first registration", within=30)
        yield phone
    finally:
        await app.stop()


def _account(pbx: AsteriskPbx) -> Account:
    known = pbx.account(USER)
    return Account(
        id=AccountId("soak"),
        extension=known.extension,
        server=pbx.host,
        port=Transport.WSS.default_port,
        transport=Transport.WSS,
        sip_user=known.user,
        auth_user=known.auth_user,
        display_name=known.display_name,
        ca_file=pbx.ca_file,
    )
