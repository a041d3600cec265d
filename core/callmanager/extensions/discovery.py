"""Find plugins among the installed distributions by their metadata alone; nothing of theirs is imported here."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import attrs

if TYPE_CHECKING:
    from importlib_metadata import EntryPoint

_log = logging.getLogger(__name__)

GROUP: Final = "callmanager.plugins"
OWN_DISTRIBUTION: Final = "pc-callmanager"


@attrs.frozen(kw_only=True)
class Candidate:
    """A plugin that could be loaded. `load` imports its code and returns the class; `source` says which object that is.

    `point` is the entry point it was found by, with the distribution's metadata; a class at hand has none.

    Distribution and version are asked when somebody wants to see them: reading them costs more than finding the plugin.
    """

    id: str
    source: str
    load: Callable[[], Any] = attrs.field(repr=False)
    describe: Callable[[], tuple[str, str]] = attrs.field(repr=False)
    point: EntryPoint | None = attrs.field(default=None, repr=False, eq=False)

    @property
    def distribution(self) -> str:
        return self.describe()[0]

    @property
    def version(self) -> str:
        return self.describe()[1]

    @classmethod
    def of(cls, plugin_id: str, plugin: Any, *, distribution: str = OWN_DISTRIBUTION, version: str = "0") -> Candidate:
        """A candidate made of a class at hand, for tests."""
        return cls(
            id=plugin_id,
            source=getattr(plugin, "__qualname__", repr(plugin)),
            load=lambda: plugin,
            describe=lambda: (distribution, version),
        )


def discover(extra_paths: Iterable[Path] = ()) -> tuple[Candidate, ...]:
    """All plugins of the environment, then those of `extra_paths`, by id; the host judges about two with one id."""
    import importlib_metadata

    found = [_candidate(point) for point in importlib_metadata.entry_points(group=GROUP)]
    known = {candidate.source for candidate in found}
    for path in extra_paths:
        if not path.is_dir():
            _log.warning("the extra plugin path %s is not a folder", path)
            continue
        for distribution in importlib_metadata.distributions(path=[str(path)]):
            points = distribution.entry_points.select(group=GROUP)
            found.extend(_candidate(point, path=path) for point in points if point.value not in known)
    return tuple(sorted(found, key=lambda candidate: candidate.id))


def _candidate(point: EntryPoint, *, path: Path | None = None) -> Candidate:
    def load() -> Any:
        if path is not None:
            import sys

            if str(path) not in sys.path:
                sys.path.append(str(path))
        return point.load()

    def describe() -> tuple[str, str]:
        distribution = point.dist
        return ("", "") if distribution is None else (distribution.name, distribution.version)

    return Candidate(id=point.name, source=point.value, load=load, describe=describe, point=point)
