"""Passwords and tokens: in the operating system's key store, never in plain text of ours."""

from __future__ import annotations

import hashlib
import logging
from typing import TYPE_CHECKING, Final, Protocol

import attrs

from callmanager.errors import CallManagerError
from callmanager.model.notices import Severity
from callmanager.paths import PRODUCT
from callmanager.workers import Worker

if TYPE_CHECKING:
    from keyring.backend import KeyringBackend

    from callmanager.logs import Redactor
    from callmanager.problems import ProblemBoard

_log = logging.getLogger(__name__)

NO_KEY_STORE: Final = "no-key-store"
_NAME_LIMIT: Final = 200
_VALUE_LIMIT: Final = 16_384


class NoKeyStore(CallManagerError):
    """This machine has no key store that can be used now; the text says why."""


class KeyStore(Protocol):
    """Where secrets lie, blocking; called on the worker thread only. Raises `NoKeyStore` when it can't be used."""

    def get(self, service: str, name: str) -> str | None: ...

    def set(self, service: str, name: str, value: str) -> None: ...

    def delete(self, service: str, name: str) -> None: ...


class SystemKeyStore:
    """The key store of the operating system through `keyring`, which is imported at first use.

    Back ends that keep plain text, that lose what they are given or that only fail are the same as none.
    """

    def __init__(self) -> None:
        self._backend: KeyringBackend | None = None

    def get(self, service: str, name: str) -> str | None:
        backend = self._open()
        with _told_as_missing():
            return backend.get_password(service, name)

    def set(self, service: str, name: str, value: str) -> None:
        backend = self._open()
        with _told_as_missing():
            backend.set_password(service, name, value)
            if backend.get_password(service, name) != value:
                raise NoKeyStore("the key store did not keep what it was given")

    def delete(self, service: str, name: str) -> None:
        from keyring.errors import PasswordDeleteError

        backend = self._open()
        with _told_as_missing():
            try:
                backend.delete_password(service, name)
            except PasswordDeleteError:
                _log.debug("there was no secret %s to delete", name)

    def _open(self) -> KeyringBackend:
        if self._backend is None:
            import keyring

            with _told_as_missing():
                self._backend = _usable(keyring.get_keyring())
        return self._backend


class _told_as_missing:  # noqa: N801 - reads as a statement
    """Whatever the back end raises means: this key store can't be used now."""

    def __enter__(self) -> None: ...

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if error is None or isinstance(error, NoKeyStore) or not isinstance(error, Exception):
            return
        raise NoKeyStore(f"the key store answers {type(error).__name__}") from error


def _usable(backend: KeyringBackend) -> KeyringBackend:
    for candidate in getattr(backend, "backends", None) or (backend,):
        module = type(candidate).__module__
        if module.startswith(("keyring.backends.fail", "keyring.backends.null", "keyring.backends.chainer")):
            continue
        if "plaintext" in type(candidate).__name__.lower():
            continue
        return candidate
    raise NoKeyStore("no key store is installed")


class SecretStore:
    """Secrets by owner and name. Without a usable key store they are kept in memory for this session, and that is said once.

    The key store is asked on a thread of its own, as it may wait for a person to unlock it. What was read or set in this
    session is registered with the log's redaction.
    """

    def __init__(self, *, profile: str, problems: ProblemBoard, redactor: Redactor, key_store: KeyStore | None = None) -> None:
        self._key_store = key_store or SystemKeyStore()
        self._profile = hashlib.sha256(profile.encode()).hexdigest()[:12] if profile else ""
        self._problems = problems
        self._redactor = redactor
        self._session: dict[tuple[str, str], str] = {}
        self._worker = Worker("callmanager-secrets")

    async def get(self, owner: str, name: str) -> str | None:
        """The secret, or none. A key store that can't be used now is the same as none, and is told."""
        kept = self._session.get((owner, name))
        if kept is not None:
            return kept
        try:
            value = await self._worker.call(lambda: self._key_store.get(self._service(owner), name))
        except NoKeyStore as error:
            self._tell(error)
            return None
        if value:
            self._redactor.add_secret(value)
        return value

    async def set(self, owner: str, name: str, value: str) -> bool:
        """Keep the secret; false when it is kept for this session only."""
        _check(name, value)
        self._redactor.add_secret(value)
        self._session[owner, name] = value  # from now on valid, also while the key store still waits for its person
        try:
            await self._worker.call(lambda: self._key_store.set(self._service(owner), name, value))
        except NoKeyStore as error:
            self._tell(error)
            return False
        self._session.pop((owner, name), None)
        self._problems.clear(NO_KEY_STORE)
        return True

    async def delete(self, owner: str, name: str) -> None:
        """Forget the secret; nothing happens if there is none."""
        self._session.pop((owner, name), None)
        try:
            await self._worker.call(lambda: self._key_store.delete(self._service(owner), name))
        except NoKeyStore as error:
            _log.info("nothing to delete in the key store: %s", error)

    def in_session(self, owner: str, name: str) -> bool:
        """Whether the secret is known for this session only."""
        return (owner, name) in self._session

    def view(self, owner: str) -> OwnedSecrets:
        return OwnedSecrets(store=self, owner=owner)

    def close(self) -> None:
        self._session.clear()
        if not self._worker.close(wait_seconds=1.0):
            _log.info("the key store is still waiting for an answer; leaving it")

    def _service(self, owner: str) -> str:
        return "/".join(part for part in (PRODUCT, self._profile, owner) if part)

    def _tell(self, error: NoKeyStore) -> None:
        _log.info("no usable key store: %s", error.__cause__ or error)
        self._problems.raise_problem(
            NO_KEY_STORE,
            "This computer has no key store that can be used.",
            hint="Passwords are kept until you quit. Install or unlock one (GNOME Keyring, KWallet) to keep them for good.",
            details=str(error),
            severity=Severity.WARNING,
        )


@attrs.frozen(kw_only=True)
class OwnedSecrets:
    """One plugin's name space (protocol `Secrets`)."""

    store: SecretStore
    owner: str

    async def get(self, name: str) -> str | None:
        return await self.store.get(self.owner, name)

    async def set(self, name: str, value: str) -> None:
        await self.store.set(self.owner, name, value)

    async def delete(self, name: str) -> None:
        await self.store.delete(self.owner, name)


def _check(name: str, value: str) -> None:
    if not name or len(name) > _NAME_LIMIT:
        raise ValueError(f"the name of a secret has 1 to {_NAME_LIMIT} characters")
    if not value or len(value) > _VALUE_LIMIT or "\0" in value:
        raise ValueError(f"the secret {name} must have 1 to {_VALUE_LIMIT} characters; delete it instead of setting it empty")
