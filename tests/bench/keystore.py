"""A key store for benchmark and tests: machines that run them have none. A file that only its owner can read.

Loaded by `keyring` through PYTHON_KEYRING_BACKEND=bench.keystore.FileKeyStore; the path is in CALLMANAGER_BENCH_KEYS.
"""

import json
import os
from pathlib import Path

from keyring.backend import KeyringBackend
from keyring.errors import PasswordDeleteError


class FileKeyStore(KeyringBackend):
    """Secrets of one benchmark run, which are random and worthless after it."""

    priority = 0.1  # type: ignore[assignment]  # a class attribute is what keyring's own back ends use

    def get_password(self, service: str, username: str) -> str | None:
        return self._read().get(f"{service}\n{username}")

    def set_password(self, service: str, username: str, password: str) -> None:
        self._write(self._read() | {f"{service}\n{username}": password})

    def delete_password(self, service: str, username: str) -> None:
        entries = self._read()
        if entries.pop(f"{service}\n{username}", None) is None:
            raise PasswordDeleteError("there is no such password")
        self._write(entries)

    def _path(self) -> Path:
        return Path(os.environ["CALLMANAGER_BENCH_KEYS"])

    def _read(self) -> dict[str, str]:
        try:
            content: dict[str, str] = json.loads(self._path().read_text(encoding="utf-8"))
        except FileNotFoundError:
            return {}
        return content

    def _write(self, entries: dict[str, str]) -> None:
        path = self._path()
        path.touch(mode=0o600)
        path.write_text(json.dumps(entries), encoding="utf-8")
