"""The account is registered when it should be, and what goes wrong is said once."""

from collections.abc import Callable
from pathlib import Path

import pytest
from callmanager.api import (
    Account,
    AccountChanged,
    AccountId,
    CertificateEvidence,
    ConnectionSettings,
    Failure,
    FailureKind,
    RegistrationChanged,
    RegistrationState,
    Transport,
    UserError,
)
from callmanager.engine import commands, facts
from callmanager.testing import FakeEngine, Harness, MemorySecrets, running

OFFICE = Account(id=AccountId("office"), extension="100", server="127.0.0.1", port=5060, transport=Transport.UDP)


def problem_ids(harness: Harness) -> set[str]:
    return {problem.id for problem in harness.app.problems.current()}


async def test_nothing_is_registered_before_anything_is_set_up(harness: Harness) -> None:
    await harness.settle()
    assert harness.app.accounts.current is None
    assert harness.engine.sent(commands.Register) == []
    assert problem_ids(harness) == set()


async def test_connecting_registers_with_everything_from_settings(harness: Harness) -> None:
    settings = harness.app.settings
    settings.update(
        ConnectionSettings,
        sip_user="T2_2001",
        transport=Transport.TLS,
        port=5061,
        turn_servers=("turn:turn.example.com",),
        turn_user="relay",
        ca_file=Path("/ca.pem"),
    )
    await settings.set_secret(ConnectionSettings, "turn_password", "relay secret")
    await harness.connect()
    (order,) = harness.engine.sent(commands.Register)
    account = order.account
    assert (account.id, account.extension, account.user, account.authentication_user) == ("main", "2001", "T2_2001", "T2_2001")
    assert (account.server, account.port, account.transport, account.ca_file) == (
        "pbx.example.com",
        5061,
        Transport.TLS,
        Path("/ca.pem"),
    )
    assert [(server.username, server.password) for server in account.turn_servers] == [("relay", "relay secret")]
    assert order.password == "correct horse"
    assert "correct horse" not in repr(order)
    assert "relay secret" not in repr(harness.app.accounts.current)


async def test_the_next_start_registers_by_itself_until_the_user_disconnects(tmp_path: Path) -> None:
    key_store = MemorySecrets()
    async with running(tmp_path, key_store=key_store) as first:
        await first.connect()
    async with running(tmp_path, key_store=key_store) as second:
        await second.until(lambda: bool(second.engine.sent(commands.Register)))
        second.app.accounts.disconnect()
        await second.until(lambda: second.app.accounts.registration.state is RegistrationState.OFFLINE)
        assert second.engine.sent(commands.Unregister) == [commands.Unregister(account_id=AccountId("main"))]
    async with running(tmp_path, key_store=key_store) as third:
        await third.settle()
        assert third.engine.sent(commands.Register) == []
        assert third.app.accounts.current is not None


async def test_the_key_store_is_opened_while_the_engine_is_still_starting(tmp_path: Path) -> None:
    class SlowEngine(FakeEngine):
        async def start(self, report: Callable[[facts.Fact], None]) -> None:
            self._report = report

    class Watched(MemorySecrets):
        asked = 0

        def get(self, service: str, name: str) -> str | None:
            self.asked += 1
            return super().get(service, name)

    key_store = Watched()
    async with running(tmp_path, key_store=key_store) as first:
        await first.connect()
    asked = key_store.asked
    async with running(tmp_path, key_store=key_store, engine=SlowEngine()) as second:
        await second.until(lambda: key_store.asked > asked)
        assert second.engine.sent(commands.Register) == []


@pytest.mark.parametrize(
    ("given", "missing"),
    [({}, "the server address and the extension are missing"), ({"server": "a.example"}, "the extension is missing")],
)
async def test_connecting_without_the_essentials_says_what_is_missing(harness: Harness, given: dict, missing: str) -> None:
    harness.app.settings.update(ConnectionSettings, **given)
    with pytest.raises(UserError, match=missing):
        harness.app.accounts.connect()


async def test_a_missing_password_is_asked_for(harness: Harness) -> None:
    harness.app.settings.update(ConnectionSettings, server="pbx.example.com", extension="2001")
    harness.app.accounts.connect()
    await harness.until(lambda: "password-needed" in problem_ids(harness))
    assert harness.app.accounts.registration.state is RegistrationState.OFFLINE
    assert harness.engine.sent(commands.Register) == []
    await harness.connect()
    assert problem_ids(harness) == set()


async def test_without_a_key_store_the_next_start_asks_again(tmp_path: Path) -> None:
    async with running(tmp_path, key_store=MemorySecrets(missing=True)) as first:
        await first.connect()
    async with running(tmp_path, key_store=MemorySecrets(missing=True)) as second:
        await second.until(lambda: "password-needed" in problem_ids(second))


async def test_a_refused_certificate_is_shown_with_its_evidence_until_it_works(harness: Harness) -> None:
    certificate = CertificateEvidence(
        subject="evil.example.com",
        issuer="Nobody",
        sha256="AB:CD",
        not_before="a",
        not_after="b",
        problem="self-signed certificate",
    )
    harness.engine.registration_failure = Failure(kind=FailureKind.TLS, certificate=certificate)
    harness.app.settings.update(ConnectionSettings, server="pbx.example.com", extension="2001")
    await harness.app.settings.set_secret(ConnectionSettings, "password", "hunter2222")
    harness.app.accounts.connect()
    await harness.until(lambda: "registration" in problem_ids(harness))
    (problem,) = harness.app.problems.current()
    assert "self-signed" in problem.text
    assert "AB:CD" in problem.details
    assert "Nobody" in problem.details
    assert harness.app.accounts.registration.state is RegistrationState.FAILED
    harness.engine.registration_failure = None
    harness.app.accounts.connect()
    await harness.until(lambda: harness.app.accounts.registration.state is RegistrationState.REGISTERED)
    assert problem_ids(harness) == set()


async def test_an_engine_that_comes_back_is_told_to_register_again(harness: Harness) -> None:
    await harness.connect()
    harness.engine.crash()
    assert harness.app.accounts.registration.state is RegistrationState.RETRYING
    assert problem_ids(harness) == {"engine"}
    harness.engine.recover()
    await harness.until(lambda: harness.app.accounts.registration.state is RegistrationState.REGISTERED)
    assert len(harness.engine.sent(commands.Register)) == 2
    assert problem_ids(harness) == set()


async def test_a_provided_account_stands_in_until_it_is_taken_back(harness: Harness) -> None:
    await harness.connect()
    undo = harness.app.accounts.provide(OFFICE, "secret")
    await harness.until(lambda: harness.app.accounts.registration.account_id == "office")
    assert harness.engine.sent(commands.Register)[-1].password == "secret"
    harness.engine.register(RegistrationState.FAILED, Failure(kind=FailureKind.PASSWORD), account_id="main")
    assert problem_ids(harness) == set()
    undo()
    undo()
    await harness.until(lambda: harness.app.accounts.registration is not None)
    assert harness.app.accounts.current.id == "main"
    assert [event.after.id for event in harness.published(AccountChanged)] == ["main", "office", "main"]


async def test_disconnecting_while_the_key_store_is_asked_wins(harness: Harness) -> None:
    harness.app.settings.update(ConnectionSettings, server="pbx.example.com", extension="2001")
    await harness.app.settings.set_secret(ConnectionSettings, "password", "hunter2222")
    harness.app.accounts.connect()
    harness.app.accounts.disconnect()
    await harness.until(lambda: harness.app.tasks.running == ())
    assert harness.engine.sent(commands.Register) == []


async def test_new_settings_count_from_the_next_connect_on(harness: Harness) -> None:
    await harness.connect()
    harness.app.settings.update(ConnectionSettings, server="other.example.com")
    assert harness.app.accounts.current.server == "pbx.example.com"
    harness.app.accounts.connect()
    assert harness.app.accounts.current.server == "other.example.com"


async def test_the_same_report_is_published_once(harness: Harness) -> None:
    await harness.connect()
    registration = harness.app.accounts.registration
    before = len(harness.published(RegistrationChanged))
    from callmanager.engine import facts

    harness.engine.report(facts.RegistrationReported(registration=registration))
    assert len(harness.published(RegistrationChanged)) == before


async def test_the_password_is_in_no_event(tmp_path: Path) -> None:
    async with running(tmp_path, engine=FakeEngine()) as harness:
        await harness.connect(password="hunter2222")
        assert "hunter2222" not in repr(harness.events)
