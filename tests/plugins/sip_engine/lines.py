"""A phone registered at the real PBX, with the files it speaks from and hears into."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from callmanager.api import Account, CallFinished, CallId, CallProgressed, CallState, Command, HangUp, Transport
from pbx.bench import AsteriskPbx
from plugins.sip_engine.phones import Phone, account, tone_file

TONE = 850
"""What we say; what we hear from the PBX is 500 Hz, and 1004 Hz from its milliwatt."""


def account_at(pbx: AsteriskPbx, transport: Transport, user: str, **changes) -> Account:
    """Return the account with which the phone is set up; `changes` are other values of its fields."""
    known = pbx.account(user)
    options = {
        "server": pbx.host,
        "port": transport.default_port,
        "sip_user": known.user,
        "auth_user": known.auth_user,
        "display_name": known.display_name,
        "ca_file": pbx.ca_file if transport in {Transport.WSS, Transport.TLS} else None,
    }
    return account(known.extension, transport=transport, **(options | changes))


class Line:
    """A phone with one account and the recording of what it hears."""

    def __init__(self, phone: Phone, ours: Account, recording: Path) -> None:
        self.phone, self.account, self.recording = phone, ours, recording

    def submit(self, command: Command) -> None:
        self.phone.engine.submit(command)

    async def call(self, number: str) -> CallId:
        """Dial and wait until somebody answers."""
        call = self.phone.place(self.account, number)
        await self.connected(call)
        return call

    async def connected(self, call: CallId) -> CallProgressed:
        return await self.phone.wait(CallProgressed, lambda f: f.call_id == call and f.state is CallState.CONNECTED)

    async def hang_up(self, call: CallId) -> CallFinished:
        self.submit(HangUp(call_id=call))
        return await self.ended(call)

    async def ended(self, call: CallId, **options) -> CallFinished:
        return await self.phone.wait(CallFinished, lambda f: f.call_id == call, **options)


@asynccontextmanager
async def line_at(
    pbx: AsteriskPbx, transport: Transport, user: str, folder: Path, *, say: float = TONE, peak: int = 9000, **changes
) -> AsyncIterator[Line]:
    """A registered phone that says a tone; `changes` are other values of the account's fields. The folder exists."""
    async with Phone(folder) as phone:
        line = Line(phone, account_at(pbx, transport, user, **changes), folder / "heard.wav")
        phone.use_files(say=tone_file(folder / "say.wav", say, peak=peak), hear=line.recording)
        await phone.registered(line.account, pbx.account(user).password)
        yield line
