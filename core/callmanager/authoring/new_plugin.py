"""`callmanager-admin new-plugin NAME`: a folder with a small plugin that works, its tests, and everything to build a wheel."""

from __future__ import annotations

import keyword
import re
from importlib import resources
from pathlib import Path
from string import Template
from typing import TYPE_CHECKING, Final

from callmanager import __version__
from callmanager.errors import UserError

if TYPE_CHECKING:
    from importlib.resources.abc import Traversable

_NAME: Final = re.compile(r"[a-z][a-z0-9]*(_[a-z0-9]+)*")
_LONGEST: Final = 40
_TAKEN: Final = frozenset({"core", "callmanager", "plugins", "lock", "tests", "connection", "audio", "appearance"})
_SUFFIX: Final = ".tmpl"
"""Ends the names of template files, so that no tool takes them for sources of ours."""


def write_plugin(name: str, *, into: Path) -> tuple[Path, ...]:
    """Write the folder `into/name`; returns the files in the order in which they are best read.

    `name` is the plugin's id and its import package, like `crm_lookup`. Raises `UserError` for a name that can't be both, and
    where the folder exists already: nothing is ever overwritten.
    """
    _check(name)
    target = into / name
    words = {
        "name": name,
        "title": name.replace("_", " ").capitalize(),
        "class_name": "".join(part.capitalize() for part in name.split("_")),
        "distribution": f"callmanager-{name.replace('_', '-')}",
        "version": ".".join(__version__.split(".")[:2]),
    }
    try:
        target.mkdir(parents=True)
    except FileExistsError:
        raise UserError(f"{target} exists already", "Choose another name, or move it away.") from None
    except OSError as error:
        raise UserError(f"the folder {target} can't be made: {error.strerror or error}", "Choose another folder.") from error
    written: list[Path] = []
    _copy(resources.files(__package__) / "template", target, words, written)
    return tuple(written)


def _check(name: str) -> None:
    if not _NAME.fullmatch(name) or len(name) > _LONGEST or keyword.iskeyword(name):
        raise UserError(
            f"“{name[:80]}” can't be the name of a plugin",
            "Use small letters, digits and single underscores, beginning with a letter, like crm_lookup.",
        )
    if name in _TAKEN or name.startswith("callmanager_"):
        raise UserError(f"the name {name} belongs to PC CallManager itself", "Begin with the name of your company or service.")


def _copy(folder: Traversable, target: Path, words: dict[str, str], written: list[Path]) -> None:
    entries = sorted(folder.iterdir(), key=lambda entry: (entry.is_dir(), entry.name != f"README.md{_SUFFIX}", entry.name))
    for entry in entries:
        if entry.is_dir():
            inner = target / (words["name"] if entry.name == "package" else entry.name)
            inner.mkdir()
            _copy(entry, inner, words, written)
        elif entry.name.endswith(_SUFFIX):
            file = target / entry.name.removesuffix(_SUFFIX)
            file.write_text(Template(entry.read_text(encoding="utf-8")).substitute(words), encoding="utf-8", newline="\n")
            written.append(file)
