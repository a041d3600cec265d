"""What the site takes out of the user's hands: `[lock] keys` can't be changed, `[hide] keys` are not even shown."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from typing import Any, Final

import attrs

from callmanager.settings.mistakes import Finding, KeyPath, did_you_mean, nearest

RULES: Final = ("lock", "hide")
_FORM: Final = 'must be a text like "connection.server" or "connection.*"'


@attrs.frozen(kw_only=True)
class SiteRules:
    """Keys as `section.key` or `section.*`. Whatever is hidden is locked too: what nobody sees, nobody has chosen."""

    locked: frozenset[str] = frozenset()
    hidden: frozenset[str] = frozenset()

    def locks(self, section_id: str, key: str) -> bool:
        return not self.locked.isdisjoint(_names(section_id, key)) or self.hides(section_id, key)

    def hides(self, section_id: str, key: str) -> bool:
        return not self.hidden.isdisjoint(_names(section_id, key))


def read_rules(tables: Mapping[str, Any]) -> tuple[SiteRules, tuple[Finding, ...]]:
    """The tables `[lock]` and `[hide]` of a site file, and what is wrong with them; an entry that fits counts in any case."""
    findings: list[Finding] = []
    keys = {rule: frozenset(name for _, name in _entries(tables, rule, findings)) for rule in RULES}
    return SiteRules(locked=keys["lock"], hidden=keys["hide"]), tuple(findings)


def unknown_rules(
    tables: Mapping[str, Any], sections: Mapping[str, Collection[str]], *, unknowable: Callable[[str], bool]
) -> tuple[Finding, ...]:
    """Entries that name no setting; `unknowable` sections belong to plugins whose declarations can't be seen now."""
    findings: list[Finding] = []
    for rule in RULES:
        for path, name in _entries(tables, rule, []):
            section_id, _, key = name.partition(".")
            if section_id not in sections:
                if not unknowable(section_id):
                    findings.append(Finding(path=path, text=_no_setting(name, sections)))
            elif key != "*" and key not in sections[section_id]:
                findings.append(Finding(path=path, text=_no_setting(name, sections)))
    return tuple(findings)


def _no_setting(name: str, sections: Mapping[str, Collection[str]]) -> str:
    section_id, _, key = name.partition(".")
    if section_id in sections:
        near = nearest(key, sections[section_id])
        meant = f"{section_id}.{near}" if near else ""
    else:
        meant = nearest(name, [f"{known_id}.{known}" for known_id, keys in sections.items() for known in (*keys, "*")])
    return f"there is no setting {name[:100]!r}" + (f"; did you mean {meant}?" if meant else "")


def _entries(tables: Mapping[str, Any], rule: str, findings: list[Finding]) -> Iterator[tuple[KeyPath, str]]:
    table = tables.get(rule, {})
    if not isinstance(table, Mapping):
        findings.append(
            Finding(path=(rule,), text=f'must be a table with a list, like keys = ["connection.server"] below [{rule}]')
        )
        return
    for key, value in table.items():
        if key != "keys":
            findings.append(Finding(path=(rule, key), text=f"there is no such setting{did_you_mean(key, ['keys'])}"))
        elif not isinstance(value, list):
            findings.append(Finding(path=(rule, key), text="must be a list of texts"))
            if isinstance(value, str) and _fits(value):
                yield (rule, key), value
        else:
            for index, name in enumerate(value):
                if isinstance(name, str) and _fits(name):
                    yield (rule, key, index), name
                else:
                    findings.append(Finding(path=(rule, key, index), text=_FORM))


def _fits(name: str) -> bool:
    section_id, dot, key = name.partition(".")
    return bool(section_id and dot and key) and "." not in key and (key == "*" or "*" not in name)


def _names(section_id: str, key: str) -> tuple[str, str]:
    return f"{section_id}.{key}", f"{section_id}.*"
