"""Find plugins among the installed distributions by their metadata alone; nothing of theirs is imported here."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import attrs

from callmanager.texts import plain

if TYPE_CHECKING:
    from importlib_metadata import EntryPoint

_log = logging.getLogger(__name__)

GROUP: Final = "callmanager.plugins"
OWN_DISTRIBUTION: Final = "pc-callmanager"
_LINE: Final = 200


@attrs.frozen(kw_only=True)
class Description:
    """What the distribution's metadata say, as plain text; empty where they say nothing or can't be read."""

    distribution: str = ""
    version: str = ""
    summary: str = ""
    author: str = ""
    home_page: str = ""


@attrs.frozen(kw_only=True)
class Candidate:
    """A plugin that could be loaded. `load` imports its code and returns the class; `source` says which object that is, and
    `path` in which folder it was found, if not in the environment.

    `point` is the entry point it was found by, with the distribution's metadata; a class at hand has none. The description is
    read when somebody wants to see it: reading it costs more than finding the plugin.
    """

    id: str
    source: str
    load: Callable[[], Any] = attrs.field(repr=False)
    describe: Callable[[], Description] = attrs.field(repr=False)
    path: Path | None = None
    point: EntryPoint | None = attrs.field(default=None, repr=False, eq=False)

    @property
    def distribution(self) -> str:
        return self.describe().distribution

    @property
    def version(self) -> str:
        return self.describe().version

    @property
    def built_in(self) -> bool:
        return self.distribution == OWN_DISTRIBUTION

    @classmethod
    def of(cls, plugin_id: str, plugin: Any, *, distribution: str = OWN_DISTRIBUTION, version: str = "0") -> Candidate:
        """A candidate made of a class at hand, for tests."""
        description = Description(distribution=distribution, version=version)
        return cls(
            id=plugin_id,
            source=getattr(plugin, "__qualname__", repr(plugin)),
            load=lambda: plugin,
            describe=lambda: description,
        )


def discover(extra_paths: Iterable[Path] = ()) -> tuple[Candidate, ...]:
    """All plugins of the environment, then those of `extra_paths`, by id; the host judges about two with one id."""
    found = [_candidate(point) for point in _installed()]
    known = {candidate.source for candidate in found}
    for path in extra_paths:
        if not path.is_dir():
            _log.warning("the extra plugin path %s is not a folder", path)
            continue
        found.extend(_candidate(point, path=path) for point in _points_in(path) if point.value not in known)
    return tuple(sorted(found, key=lambda candidate: candidate.id))


def _installed() -> list[EntryPoint]:
    import importlib_metadata

    try:
        return list(importlib_metadata.entry_points(group=GROUP))
    except Exception:  # noqa: BLE001 - one of the many distributions is damaged: ask each by itself and leave that one out
        return [point for one in importlib_metadata.distributions() for point in _points_of(one)]


def _points_in(path: Path) -> list[EntryPoint]:
    import importlib_metadata

    return [point for one in importlib_metadata.distributions(path=[str(path)]) for point in _points_of(one)]


def _points_of(distribution: Any) -> list[EntryPoint]:
    try:
        return list(distribution.entry_points.select(group=GROUP))
    except Exception as error:  # noqa: BLE001 - a damaged distribution must not hide the others
        where = getattr(distribution, "_path", distribution)
        _log.warning("the entry points of %s can't be read: %s", where, error)
        return []


def _candidate(point: EntryPoint, *, path: Path | None = None) -> Candidate:
    def load() -> Any:
        if path is not None:
            import sys

            if str(path) not in sys.path:
                sys.path.append(str(path))
        return point.load()

    @cache
    def describe() -> Description:
        try:
            return _described(point.dist)
        except Exception as error:  # noqa: BLE001 - damaged metadata are told on the page by their absence
            _log.info("the metadata of the plugin %s can't be read: %s", point.name, error)
            return Description()

    return Candidate(id=point.name, source=point.value, load=load, describe=describe, path=path, point=point)


def _described(distribution: Any) -> Description:
    if distribution is None:
        return Description()
    metadata = distribution.metadata

    def text(key: str) -> str:
        return plain(str(metadata.get(key) or ""), limit=_LINE)

    return Description(
        distribution=text("Name"),
        version=text("Version"),
        summary=text("Summary"),
        author=text("Author") or _name_in(text("Author-email")) or text("Maintainer") or _name_in(text("Maintainer-email")),
        home_page=_home_page(text("Home-page"), metadata.get_all("Project-URL") or []),
    )


def _name_in(addresses: str) -> str:
    """The names of `Ann <ann@acme.example>, Bob <bob@acme.example>`; an address without a name stands for itself."""
    from email.utils import getaddresses

    return ", ".join(name or address for name, address in getaddresses([addresses]) if name or address)


def _home_page(home_page: str, links: list[str]) -> str:
    """The home page, else the project link that is named like one, else the first link; web addresses only."""
    named = {label.strip().lower(): url.strip() for label, _, url in (link.partition(",") for link in links)}
    wanted = (named.get(label, "") for label in ("homepage", "home page", "home", "documentation", "source", "repository"))
    for url in (home_page, *wanted, *named.values()):
        if url.startswith(("https://", "http://")):
            return plain(url, limit=_LINE)
    return ""
