"""Which sections there are: those of the core, and those that installed plugins declare when they are built headlessly."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Mapping
from pathlib import Path

import attrs

from callmanager.app import CORE_SECTIONS, Application, AppOptions
from callmanager.extensions.discovery import OWN_DISTRIBUTION, Candidate
from callmanager.extensions.policy import normal
from callmanager.model.plugins import PluginState
from callmanager.settings.describing import Section
from callmanager.settings.files import write_values


@attrs.frozen(kw_only=True)
class Declarations:
    """The sections that could be seen, the plugins that were asked for them, and why others (by id) could not be."""

    sections: tuple[Section, ...]
    asked: frozenset[str]
    silent: Mapping[str, str]


async def declarations(candidates: Iterable[Candidate]) -> Declarations:
    """Build these plugins in a profile of their own, which is thrown away; imports their code, so leave out refused ones.

    None of them is told that the program starts, and nothing of them is left.
    """
    wanted = {candidate.id: candidate for candidate in reversed(list(candidates))}
    with tempfile.TemporaryDirectory(prefix="callmanager-admin-") as scratch:
        app = headless(Path(scratch), wanted.values())
        try:
            own = [Section(id=section.id, title=section.title, model=section.model) for section in CORE_SECTIONS]
            theirs = [
                Section(
                    id=owned.value.id,
                    title=owned.value.title,
                    model=owned.value.model,
                    owner=owned.plugin_id,
                    distribution=wanted[owned.plugin_id].distribution,
                )
                for owned in app.settings_sections()
                if owned.plugin_id in wanted
            ]
            records = app.plugins.records()
        finally:
            await app.stop()
    silent = {record.id: record.reason for record in records if record.state is not PluginState.ACTIVE}
    return Declarations(sections=(*own, *theirs), asked=frozenset(wanted) - silent.keys(), silent=silent)


def headless(folder: Path, candidates: Iterable[Candidate]) -> Application:
    """An application without engine and without site, in which all these plugins are switched on; not started."""
    candidates = tuple(candidates)
    options = AppOptions(profile=folder / "profile", site=folder / "site", log_level="error")
    write_values(
        folder / "profile" / "config" / "settings.toml",
        {("plugins", "enabled"): sorted(candidate.id for candidate in candidates)},
    )
    return Application(options, candidates=candidates)


def is_ours(candidate: Candidate) -> bool:
    return normal(candidate.distribution) == OWN_DISTRIBUTION
