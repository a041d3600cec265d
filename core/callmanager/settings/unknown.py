"""Tables of a settings file that nobody knows, and whose they may be while a plugin is off."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import Final

from callmanager.settings.layers import RESERVED, Layer
from callmanager.settings.mistakes import Finding, did_you_mean

_CHOICES: Final = ("enabled", "disabled")
"""What the user's `[plugins]` table holds."""


def belongs_to(section_id: str, plugins: Collection[str]) -> str:
    """The plugin among these whose section this is, judged by the name alone: a section begins with its plugin's id."""
    owners = [plugin for plugin in plugins if section_id == plugin or section_id.startswith((f"{plugin}-", f"{plugin}_"))]
    return max(owners, key=len, default="")


def unknown_tables(
    layer: Layer, sections: Mapping[str, Collection[str]], *, unknowable: Callable[[str], bool]
) -> tuple[Finding, ...]:
    """Findings for sections of no installed plugin, for keys outside of every section, and for tables that are the site's.

    What is reported here stays in the file. `unknowable` sections belong to installed plugins that don't run now.
    """
    findings: list[Finding] = []
    for name, value in layer.tables.items():
        if name in RESERVED:
            if layer.source == "user":
                findings.extend(_reserved(name, value))
        elif name in sections or unknowable(name):
            continue
        elif isinstance(value, Mapping) or _is_tables(value):
            findings.append(Finding(path=(name,), text=f"no installed plugin has this section{did_you_mean(name, sections)}"))
        else:
            findings.append(Finding(path=(name,), text=_outside(name, sections)))
    return tuple(findings)


def _is_tables(value: object) -> bool:
    """`[[section]]`, which is a list of tables."""
    return isinstance(value, list) and bool(value) and all(isinstance(entry, Mapping) for entry in value)


def _outside(name: str, sections: Mapping[str, Collection[str]]) -> str:
    homes = [f"{section_id}.{name}" for section_id, keys in sections.items() if name in keys]
    if homes:
        return f"stands outside of every section; did you mean {homes[0]}?"
    return f"stands outside of every section{did_you_mean(name, sections)}"


def _reserved(name: str, value: object) -> list[Finding]:
    if name != "plugins":
        return [Finding(path=(name,), text="has no effect here; only a site file can do that")]
    if not isinstance(value, Mapping):
        return [Finding(path=(name,), text="must be a table")]
    findings = []
    for key, plugins in value.items():
        if key not in _CHOICES:
            findings.append(Finding(path=(name, key), text=f"there is no such setting here{did_you_mean(key, _CHOICES)}"))
        elif not isinstance(plugins, list) or not all(isinstance(plugin, str) for plugin in plugins):
            findings.append(Finding(path=(name, key), text="must be a list of texts"))
    return findings
