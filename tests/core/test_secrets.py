"""Secrets go to the key store or stay in memory, never anywhere else."""

import asyncio
import threading
from collections.abc import Iterator
from pathlib import Path

import keyring
import pytest
from callmanager.bus import EventBus
from callmanager.logs import Redactor
from callmanager.problems import ProblemBoard
from callmanager.secrets import NO_KEY_STORE, NoKeyStore, SecretStore, SystemKeyStore
from callmanager.testing import MemorySecrets
from keyring.backend import KeyringBackend
from keyring.backends import chainer, fail, null
from keyring.errors import KeyringLocked


class WorkingKeyring(KeyringBackend):
    """A key store as the operating systems have them."""

    priority = 5

    def __init__(self) -> None:
        super().__init__()
        self.kept: dict[tuple[str, str], str] = {}

    def get_password(self, service: str, username: str) -> str | None:
        return self.kept.get((service, username))

    def set_password(self, service: str, username: str, password: str) -> None:
        self.kept[service, username] = password

    def delete_password(self, service: str, username: str) -> None:
        if self.kept.pop((service, username), None) is None:
            raise keyring.errors.PasswordDeleteError("nothing there")


class LockedKeyring(WorkingKeyring):
    def get_password(self, service: str, username: str) -> str | None:
        raise KeyringLocked("locked")


class ForgetfulKeyring(WorkingKeyring):
    def set_password(self, service: str, username: str, password: str) -> None:
        pass


class PlaintextKeyring(WorkingKeyring):
    pass


@pytest.fixture
def use() -> Iterator:
    before = keyring.get_keyring()
    yield keyring.set_keyring
    keyring.set_keyring(before)


@pytest.fixture
def problems() -> ProblemBoard:
    return ProblemBoard(EventBus(lambda error, **_: None))


@pytest.fixture
def make(problems: ProblemBoard) -> Iterator:
    made: list[SecretStore] = []

    def make(key_store=None, *, profile: str = "", redactor: Redactor | None = None) -> SecretStore:
        made.append(SecretStore(profile=profile, problems=problems, redactor=redactor or Redactor(), key_store=key_store))
        return made[-1]

    yield make
    for store in made:
        store.close()


async def test_a_secret_is_kept_by_owner_and_profile(make) -> None:
    shared = MemorySecrets()
    one, other = make(shared), make(shared, profile="/somewhere/else")
    assert await one.set("core", "password", "hunter2222")
    await one.set("crm", "password", "crm secret")
    assert await one.get("core", "password") == "hunter2222"
    assert await one.get("crm", "password") == "crm secret"
    assert await other.get("core", "password") is None
    assert all(service.startswith("PC CallManager/") for service, _ in shared.values)


async def test_the_system_key_store_is_used_through_keyring(make, use) -> None:
    backend = WorkingKeyring()
    use(backend)
    store = make()
    assert await store.set("core", "password", "hunter2222")
    assert list(backend.kept.values()) == ["hunter2222"]
    await store.delete("core", "password")
    await store.delete("core", "password")
    assert await store.get("core", "password") is None


@pytest.mark.parametrize(
    "backend", [fail.Keyring, null.Keyring, chainer.ChainerBackend, PlaintextKeyring, LockedKeyring, ForgetfulKeyring]
)
async def test_without_a_usable_key_store_the_secret_lives_for_this_session_and_that_is_told_once(
    make, use, problems: ProblemBoard, backend, monkeypatch: pytest.MonkeyPatch
) -> None:
    if backend is chainer.ChainerBackend:
        monkeypatch.setattr(chainer.ChainerBackend, "backends", [fail.Keyring(), null.Keyring()])
    use(backend())
    store = make()
    assert not await store.set("core", "password", "hunter2222")
    assert await store.get("core", "password") == "hunter2222"
    assert store.in_session("core", "password")
    assert await store.get("core", "other") is None
    assert [problem.id for problem in problems.current()].count(NO_KEY_STORE) == 1
    await store.delete("core", "password")
    assert not store.in_session("core", "password")


async def test_the_problem_goes_when_the_key_store_works_again(make, problems: ProblemBoard) -> None:
    key_store = MemorySecrets(missing=True)
    store = make(key_store)
    await store.set("core", "password", "hunter2222")
    key_store.missing = False
    assert await store.set("core", "password", "hunter2222")
    assert problems.current() == ()
    assert not store.in_session("core", "password")


async def test_the_first_usable_of_several_back_ends_is_taken(use, monkeypatch: pytest.MonkeyPatch) -> None:
    working = WorkingKeyring()
    monkeypatch.setattr(chainer.ChainerBackend, "backends", [fail.Keyring(), PlaintextKeyring(), working])
    use(chainer.ChainerBackend())
    SystemKeyStore().set("service", "name", "hunter2222")
    assert working.kept == {("service", "name"): "hunter2222"}


async def test_a_key_store_that_waits_for_a_person_does_not_block_the_loop_nor_the_end(make) -> None:
    asked, release = threading.Event(), threading.Event()

    class Waiting(MemorySecrets):
        def get(self, service: str, name: str) -> str | None:
            asked.set()
            release.wait(10)
            return "late"

    store = make(Waiting())
    waiting = asyncio.create_task(store.get("core", "password"))
    await asyncio.to_thread(asked.wait, 5)
    assert not waiting.done()
    store.close()
    release.set()
    assert await waiting == "late"


async def test_known_secrets_are_taken_out_of_the_log(make) -> None:
    redactor = Redactor()
    await make(MemorySecrets(), redactor=redactor).set("core", "password", "hunter2222")
    assert redactor.clean("it is hunter2222") == "it is [secret]"


@pytest.mark.parametrize(("name", "value"), [("", "x"), ("n" * 300, "x"), ("password", ""), ("password", "a\0b")])
async def test_what_no_key_store_can_keep_is_refused(make, name: str, value: str) -> None:
    with pytest.raises(ValueError, match="secret"):
        await make(MemorySecrets()).set("core", name, value)


async def test_no_secret_reaches_a_file_of_the_profile(tmp_path: Path) -> None:
    from callmanager.testing import running

    async with running(tmp_path, key_store=MemorySecrets(missing=True)) as harness:
        await harness.connect(password="hunter2222-very-secret")
    for file in (tmp_path / "profile").rglob("*"):
        if file.is_file():
            assert b"hunter2222" not in file.read_bytes(), file


def test_no_key_store_is_a_refusal_with_a_reason() -> None:
    with pytest.raises(NoKeyStore, match="on purpose"):
        MemorySecrets(missing=True).get("a", "b")
