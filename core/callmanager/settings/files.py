"""Read and write settings files: whole or not at all, with the comments and unknown keys of whoever edited them by hand."""

from __future__ import annotations

import contextlib
import logging
import os
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import attrs

from callmanager.errors import SettingsError

_log = logging.getLogger(__name__)
_FILE_LIMIT: Final = 1_000_000


@attrs.frozen(kw_only=True)
class FileContent:
    """What a file held. `damage` says why it could not be read, `set_aside` where it lies now."""

    tables: Mapping[str, Any]
    damage: str = ""
    set_aside: Path | None = None


def read_file(path: Path, *, keep_damaged_in_place: bool = False) -> FileContent:
    """The tables of a TOML file; none if there is no file. A damaged one is set aside under a dated name, never deleted."""
    try:
        if path.stat().st_size > _FILE_LIMIT:
            raise ValueError(f"it is larger than {_FILE_LIMIT} bytes")
        content = path.read_bytes().decode("utf-8-sig")
        import tomllib

        return FileContent(tables=tomllib.loads(content))
    except FileNotFoundError:
        return FileContent(tables={})
    except OSError as error:
        return FileContent(tables={}, damage=f"it can't be read: {error.strerror or error}")
    except ValueError as error:  # TOMLDecodeError and UnicodeDecodeError are kinds of it
        aside = None if keep_damaged_in_place else set_aside(path)
        return FileContent(tables={}, damage=str(error), set_aside=aside)


def set_aside(path: Path) -> Path | None:
    """Rename a file that can't be used so that a fresh one can take its place; none when the system refuses."""
    stamp = datetime.now(UTC).strftime("%Y-%m-%dT%H%M%S")
    for number in range(100):
        target = path.with_name(f"{path.name}.damaged-{stamp}{f'-{number}' if number else ''}")
        if target.exists():
            continue
        try:
            path.rename(target)
        except OSError as error:
            _log.warning("can't set %s aside: %s", path, error)
            return None
        return target
    return None


def write_values(path: Path, changes: Mapping[tuple[str, str], object]) -> None:
    """Set (section, key) values in the file, or take them out where the value is none; all else stays as it is.

    The new file replaces the old one in one step after it has reached the disk, so that a crash leaves one or the other.
    Raises `SettingsError` when the disk refuses.
    """
    import tomlkit
    from tomlkit.exceptions import TOMLKitError

    try:
        try:
            document = tomlkit.parse(path.read_bytes().decode("utf-8-sig"))
        except FileNotFoundError:
            document = tomlkit.document()
        except (TOMLKitError, ValueError):
            set_aside(path)
            document = tomlkit.document()
        for (section, key), value in changes.items():
            table = document.get(section)
            if value is None:
                if isinstance(table, dict):
                    table.pop(key, None)
                continue
            if not isinstance(table, dict):
                document[section] = table = tomlkit.table()
            table[key] = value
        write_atomically(path, tomlkit.dumps(document).encode("utf-8"))
    except OSError as error:
        raise SettingsError((f"{path}: can't be saved: {error.strerror or error}",)) from error


def write_atomically(path: Path, content: bytes) -> None:
    """Replace the file by `content`, through a temporary file beside it that is on the disk before it takes the name."""
    target = path.resolve() if path.is_symlink() else path
    target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    import tempfile

    descriptor, temporary = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.")
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        Path(temporary).replace(target)
    except BaseException:
        with contextlib.suppress(OSError):
            Path(temporary).unlink()
        raise
    _sync_folder(target.parent)


def _sync_folder(folder: Path) -> None:
    """Make the new name itself durable where folders can be opened; Windows has no such call and needs none."""
    if os.name == "nt":
        return
    with contextlib.suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
