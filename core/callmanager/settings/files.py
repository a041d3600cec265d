"""Read and write settings files: whole or not at all, with the comments and unknown keys of whoever edited them by hand."""

from __future__ import annotations

import contextlib
import logging
import os
import re
import stat
from collections.abc import Mapping
from copy import deepcopy
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import attrs

from callmanager.errors import SettingsError
from callmanager.settings.mistakes import Mistake
from callmanager.settings.positions import line_and_column

_log = logging.getLogger(__name__)
_FILE_LIMIT: Final = 1_000_000
_PLACE: Final = re.compile(r" \(at (?:line (?P<line>\d+), column (?P<column>\d+)|end of document)\)$")

Changes = Mapping[tuple[str, str], object]
"""Values by (section, key); none takes the key out."""


@attrs.frozen(kw_only=True)
class FileContent:
    """What a file held. `damage` says why it can't be used, `set_aside` where it lies now.

    A file that the system does not let us read is `unreadable`: it may be whole, so it is neither moved nor replaced.
    """

    tables: Mapping[str, Any]
    text: str = ""
    damage: Mistake | None = None
    missing: bool = False
    unreadable: bool = False
    set_aside: Path | None = None


def read_file(path: Path, *, keep_damaged_in_place: bool = False) -> FileContent:
    """The tables of a TOML file; none if there is no file. A damaged one is set aside under a dated name, never deleted.

    Damaged is also what is no file at all (a folder, a pipe). Never raises.
    """
    try:
        content = _content(path)
    except FileNotFoundError:
        return FileContent(tables={}, missing=True)
    except OSError as error:
        damage = Mistake(file=str(path), text=f"it can't be read: {error.strerror or error}")
        return FileContent(tables={}, damage=damage, unreadable=True)
    except ValueError as error:
        return _damaged(path, Mistake(file=str(path), text=str(error)), keep=keep_damaged_in_place)
    text, tables = parse(content, file=str(path))
    if isinstance(tables, Mistake):
        return _damaged(path, tables, keep=keep_damaged_in_place, text=text)
    return FileContent(tables=tables, text=text)


def _content(path: Path) -> bytes:
    """The bytes of a file that is one; raises `ValueError` for what can't be a settings file, and `OSError`."""
    kind = path.stat()
    if not stat.S_ISREG(kind.st_mode):
        raise ValueError("it is not a file")  # reading a pipe would wait for ever
    if kind.st_size > _FILE_LIMIT:
        raise ValueError(f"it is larger than {_FILE_LIMIT} bytes")
    return path.read_bytes()


def parse(content: bytes, *, file: str) -> tuple[str, Mapping[str, Any] | Mistake]:
    """The text and its tables, or the first mistake that keeps it from being TOML, with its place."""
    import tomllib

    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        return "", Mistake(file=file, line=line, text="it is not UTF-8 text; save it as UTF-8")
    try:
        return text, tomllib.loads(text)
    except RecursionError:
        return text, Mistake(file=file, text="it is nested too deeply")
    except ValueError as error:  # TOMLDecodeError, and numbers beyond all bounds
        words, line, column = _place(str(error), text)
        return text, Mistake(file=file, line=line, column=column, text=words)


def _place(message: str, text: str) -> tuple[str, int, int]:
    """The parser's own words, as a clause, and where they point."""
    match = _PLACE.search(message)
    if match is None:
        return _clause(message), 0, 0
    if match["line"]:
        return _clause(message[: match.start()]), int(match["line"]), int(match["column"])
    line, column = line_and_column(text, len(text))
    return _clause(f"{message[: match.start()]} at the end of the file"), line, column


def _clause(words: str) -> str:
    words = " ".join(words.split())[:300]
    return words[:1].lower() + words[1:]


def _damaged(path: Path, damage: Mistake, *, keep: bool, text: str = "") -> FileContent:
    return FileContent(tables={}, text=text, damage=damage, set_aside=None if keep else set_aside(path))


def set_aside(path: Path) -> Path | None:
    """Rename a file that can't be used so that a fresh one can take its place; none when the system refuses."""
    target = _beside(path, "damaged")
    try:
        path.rename(target)
    except OSError as error:
        _log.warning("can't set %s aside: %s", path, error)
        return None
    return target


def _beside(path: Path, why: str) -> Path:
    """A name beside the file that nothing has yet."""
    stamp = datetime.now(UTC).strftime("%Y-%m-%dT%H%M%S")
    numbers = (f"-{number}" if number else "" for number in range(1000))
    names = (path.with_name(f"{path.name}.{why}-{stamp}{number}") for number in numbers)
    return next(name for name in names if not name.exists())


@attrs.frozen(kw_only=True)
class Written:
    """The file's new text, and where the old one lies if it had been damaged since it was read."""

    text: str
    set_aside: Path | None = None


def write_values(path: Path, changes: Changes, *, otherwise: Mapping[str, Any] | None = None) -> Written:
    """Set values in the file, or take them out where the value is none; all else stays as it is, comments too.

    A file that can't be understood any more is set aside, and one made of `otherwise` (what it held when it was read) takes its
    place. What was written is read back before it replaces the old file, so that a file never says something else than meant.
    The new file replaces the old one in one step after it has reached the disk, so that a crash leaves one or the other.
    Raises `SettingsError` when the disk refuses.
    """
    try:
        try:
            before = _content(path)
        except FileNotFoundError:
            before = b""
        except ValueError as error:
            return _replaced(path, apply(otherwise or {}, changes), damage=str(error))
        text, tables = parse(before, file=str(path))
        if isinstance(tables, Mistake):
            return _replaced(path, apply(otherwise or {}, changes), damage=tables.text)
        wanted = apply(tables, changes)
        edited = _edited(text, changes, wanted)
        if not edited:
            write_atomically(_beside(path, "before"), before)  # it has somebody's comments
            edited = _fresh(wanted)
        write_atomically(path, edited.encode("utf-8"))
    except OSError as error:
        raise SettingsError((f"{path}: can't be saved: {error.strerror or error}",)) from error
    return Written(text=edited)


def _replaced(path: Path, tables: Mapping[str, Any], *, damage: str) -> Written:
    aside = set_aside(path)
    if aside is None:
        raise SettingsError((f"{path}: can't be saved: {damage}, and it can't be set aside",))
    text = _fresh(tables)
    write_atomically(path, text.encode("utf-8"))
    return Written(text=text, set_aside=aside)


def apply(tables: Mapping[str, Any], changes: Changes) -> dict[str, Any]:
    """The tables as they are after the changes; a section that is no table becomes one."""
    after = deepcopy(dict(tables))
    for (section, key), value in changes.items():
        table = after.get(section)
        if value is None:
            if isinstance(table, dict):
                table.pop(key, None)
            continue
        if not isinstance(table, dict):
            table = after[section] = {}
        table[key] = value
    return after


def _edited(text: str, changes: Changes, wanted: Mapping[str, Any]) -> str:
    """The text with the changes and everything else untouched; empty when the editing library can't do it faithfully."""
    import tomllib

    import tomlkit

    try:
        document: Any = tomlkit.parse(text)
        for (section, key), value in changes.items():
            table = document.get(section)
            if value is None:
                if isinstance(table, dict):
                    table.pop(key, None)
                continue
            if not isinstance(table, dict):
                document[section] = table = tomlkit.table()
            table[key] = value
        edited = tomlkit.dumps(document)
        if _same(tomllib.loads(edited), wanted):
            return edited
    except Exception as error:  # noqa: BLE001 - whatever it stumbles over, the values must be saved all the same
        _log.info("the settings file can't be edited in place: %s", error)
    return ""


def _fresh(tables: Mapping[str, Any]) -> str:
    import tomlkit

    return tomlkit.dumps(tables)


def _same(one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    return repr(one) == repr(other) or one == other  # not a number is not equal to itself, but it is written the same


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
