"""What is installed here, found by metadata alone: the site's file, its policy, and the candidates it lets be imported."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import attrs

from callmanager.extensions.discovery import Candidate, discover
from callmanager.extensions.policy import SitePolicy, decide, read_policy
from callmanager.model.plugins import PluginState
from callmanager.paths import find_paths
from callmanager.settings.files import read_file

if TYPE_CHECKING:
    from callmanager.app import AppOptions


@attrs.frozen(kw_only=True)
class Installed:
    """The machine as its site file describes it."""

    site_file: Path
    policy: SitePolicy
    candidates: tuple[Candidate, ...]

    def importable(self, *, beside: SitePolicy | None = None) -> list[Candidate]:
        """The candidates that neither this policy nor the one `beside` it refuses."""
        policies = [self.policy, *([] if beside is None else [beside])]
        return [
            candidate
            for candidate in self.candidates
            if all(decide(candidate, policy=policy).state is not PluginState.REFUSED for policy in policies)
        ]


def look(options: AppOptions) -> Installed:
    """Read the site file and find plugins; a file that can't be used means no policy, as in the program itself."""
    paths = find_paths(profile=options.profile, demo=options.demo, site=options.site)
    table = read_file(paths.site_file, keep_damaged_in_place=True).tables.get("plugins", {})
    policy, _ = read_policy(table if isinstance(table, dict) else {})
    return Installed(site_file=paths.site_file, policy=policy, candidates=discover(path for path in policy.extra_paths if path.is_dir()))
