"""What is installed here, found by metadata alone: the site's file, its policy, and the candidates it lets be imported."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import attrs

from callmanager.extensions.discovery import Candidate, discover
from callmanager.extensions.policy import Decision, SitePolicy, decide, read_policy
from callmanager.model.plugins import PluginState
from callmanager.paths import find_paths
from callmanager.settings.files import read_file

if TYPE_CHECKING:
    from callmanager.app import AppOptions


@attrs.frozen(kw_only=True)
class Installed:
    """The machine as its site file describes it, and what the person chose."""

    site_file: Path
    policy: SitePolicy
    candidates: tuple[Candidate, ...]
    chosen_on: frozenset[str]
    chosen_off: frozenset[str]
    demo: bool = False

    def decision(self, candidate: Candidate) -> Decision:
        """Whether the program would load it."""
        return decide(candidate, policy=self.policy, user_enabled=self.chosen_on, user_disabled=self.chosen_off, demo=self.demo)

    def importable(self, *, beside: SitePolicy | None = None) -> list[Candidate]:
        """The candidates that neither this policy nor the one `beside` it refuses."""
        policies = [self.policy, *([] if beside is None else [beside])]
        return [
            candidate
            for candidate in self.candidates
            if all(decide(candidate, policy=policy).state is not PluginState.REFUSED for policy in policies)
        ]


def look(options: AppOptions) -> Installed:
    """Read both files and find plugins; a file that can't be used says nothing, as in the program itself."""
    paths = find_paths(profile=options.profile, demo=options.demo, site=options.site)
    policy, _ = read_policy(_plugins_table(paths.site_file))
    choices = _plugins_table(paths.settings_file)
    return Installed(
        site_file=paths.site_file,
        policy=policy,
        candidates=discover(path for path in policy.extra_paths if path.is_dir()),
        chosen_on=names_in(choices.get("enabled")),
        chosen_off=names_in(choices.get("disabled")),
        demo=options.demo,
    )


def names_in(value: object) -> frozenset[str]:
    """The texts of a list; none when it is no list."""
    return frozenset(name for name in value if isinstance(name, str)) if isinstance(value, list) else frozenset()


def _plugins_table(file: Path) -> Mapping[str, Any]:
    table = read_file(file, keep_damaged_in_place=True).tables.get("plugins")
    return table if isinstance(table, Mapping) else {}
