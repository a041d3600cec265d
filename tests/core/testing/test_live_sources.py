"""The check of sources passes what keeps to the contract and names what does not."""

import asyncio
from collections.abc import Callable, Sequence

import pytest
from callmanager.api import Handle, Mailbox, MailboxSnapshot, ParkedCall, Presence, PresenceStatus
from callmanager.testing import FakeParkingSource, FakePresenceSource, FakeVoicemailStore
from callmanager.testing.conformance import check_live_source

NEWS = Presence(handle=Handle("2001"), status=PresenceStatus.AVAILABLE)


async def check(source, tell: Callable[[], None]) -> list[str]:
    async def told() -> None:
        await asyncio.sleep(0)
        if source.running:
            tell()

    async def cut() -> None:
        source.fail()

    return await check_live_source(source, told=told, cut=cut, seconds=1)


async def test_the_fakes_keep_to_the_contract() -> None:
    presence, parking, voicemail = FakePresenceSource("a"), FakeParkingSource("b"), FakeVoicemailStore("c")
    assert await check(presence, lambda: presence.tell(NEWS)) == []
    assert await check(parking, lambda: parking.tell("default")) == []
    box = MailboxSnapshot(mailbox=Mailbox(number="2001"), folders=(), messages=())
    assert await check(voicemail, lambda: voicemail.tell(box)) == []


class Silent(FakePresenceSource):
    def tell(self, *changes: Presence) -> None: ...


class Wrong(FakePresenceSource):
    def fail(self, error: Exception | None = None) -> None:
        super().fail(ValueError("a bug"))


class Deaf(FakePresenceSource):
    """Publishes on after it was cancelled."""

    kept: Callable[[Sequence[Presence]], None] | None = None

    async def run(self, publish: Callable[[Sequence[Presence]], None]) -> None:
        self.kept = publish
        await super().run(publish)

    @property
    def running(self) -> bool:
        return self.kept is not None

    def tell(self, *changes: Presence) -> None:
        assert self.kept is not None
        self.kept(changes)


@pytest.mark.parametrize(
    ("source", "complaint"),
    [
        (Silent("a"), "nothing was published"),
        (Wrong("a"), "must raise Unreachable"),
        (Deaf("a"), "after the run was cancelled"),
        (FakePresenceSource(""), "must be steady texts"),
    ],
)
async def test_what_breaks_the_contract_is_named(source: FakePresenceSource, complaint: str) -> None:
    assert any(complaint in words for words in await check(source, lambda: source.tell(NEWS)))


async def test_a_fake_that_does_not_run_says_so() -> None:
    source = FakeParkingSource("a")
    with pytest.raises(RuntimeError, match="not running"):
        source.tell("default", *([] if source.running else list[ParkedCall]()))
    with pytest.raises(RuntimeError, match="not running"):
        source.fail()
