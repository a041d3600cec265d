"""Three layers make a value: built-in default, then the site's, then the user's, unless the site locked it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final, Literal

import attrs

from callmanager.settings.converter import Complaint, SettingField, SettingsConverter
from callmanager.settings.mistakes import Finding, KeyPath, Mistake, did_you_mean, dotted
from callmanager.settings.positions import Positions
from callmanager.settings.rules import SiteRules

RESERVED: Final = frozenset({"plugins", "lock", "hide"})
"""Tables of the files that are not sections."""

Source = Literal["default", "site", "user"]


@attrs.frozen(kw_only=True)
class FieldState:
    """Where a value comes from: the layer, and the file in words. A locked one can't be changed by the user, and one that is
    hidden is not shown to him either."""

    locked: bool
    source: Source
    origin: str
    hidden: bool = False


@attrs.frozen(kw_only=True)
class Layer:
    """One file: its name for people, its tables, and its text for the lines of mistakes."""

    source: Source
    origin: str
    tables: Mapping[str, Any]
    text: str = attrs.field(default="", repr=False)
    positions: Positions = attrs.field(
        init=False, repr=False, eq=False, default=attrs.Factory(lambda self: Positions(self.text), takes_self=True)
    )

    def table(self, section_id: str) -> Mapping[str, Any]:
        found = self.tables.get(section_id)
        return found if isinstance(found, Mapping) else {}

    def mistake(self, path: KeyPath, text: str) -> Mistake:
        """The finding with its place in this file."""
        line = self.positions.line(path) if self.text else 0
        return Mistake(file=self.origin, line=line, path=dotted(path), text=text)

    def mistakes(self, findings: Iterable[Finding]) -> tuple[Mistake, ...]:
        return tuple(self.mistake(finding.path, finding.text) for finding in findings)


@attrs.frozen(kw_only=True)
class Merged:
    """A section's values with their states, and what was wrong with each file."""

    values: Mapping[str, Any]
    states: Mapping[str, FieldState]
    mistakes: Mapping[Source, tuple[Mistake, ...]]


@attrs.frozen(kw_only=True)
class Layers:
    """The site's file, the user's file, and what the site locked and hid."""

    site: Layer
    user: Layer
    rules: SiteRules = SiteRules()

    def is_locked(self, section_id: str, key: str) -> bool:
        return self.rules.locks(section_id, key)

    def merge(self, section_id: str, fields: Mapping[str, SettingField], converter: SettingsConverter) -> Merged:
        """The section's values; one bad key costs that key only, and every one of them is told."""
        values: dict[str, Any] = {name: field.default for name, field in fields.items()}
        states = {name: self._untouched(section_id, name) for name in fields}
        mistakes: dict[Source, tuple[Mistake, ...]] = {}
        for layer in (self.site, self.user):
            accepted, mistakes[layer.source] = read_section(layer, section_id, fields, converter)
            for key, value in accepted.items():
                if layer.source == "user" and states[key].locked:
                    continue  # the site's word stands; what the user once chose is kept in the file
                values[key] = value
                states[key] = attrs.evolve(states[key], source=layer.source, origin=layer.origin)
        return Merged(values=values, states=states, mistakes=mistakes)

    def _untouched(self, section_id: str, key: str) -> FieldState:
        locked = self.is_locked(section_id, key)
        return FieldState(
            locked=locked,
            hidden=self.rules.hides(section_id, key),
            source="default",
            origin=self.site.origin if locked else "built in",
        )


def read_section(
    layer: Layer, section_id: str, fields: Mapping[str, SettingField], converter: SettingsConverter
) -> tuple[dict[str, Any], tuple[Mistake, ...]]:
    """What one file says about a section: the values that fit, and the mistakes of all others."""
    if layer.tables.get(section_id) is not None and not isinstance(layer.tables[section_id], Mapping):
        return {}, (layer.mistake((section_id,), "must be a table"),)
    values: dict[str, Any] = {}
    mistakes: list[Mistake] = []
    for key, raw in layer.table(section_id).items():
        field = fields.get(key)
        if field is None:
            mistakes.append(layer.mistake((section_id, key), f"there is no such setting{did_you_mean(key, fields)}"))
        elif field.info.secret and layer.source == "site":
            mistakes.append(layer.mistake((section_id, key), "a site file holds no secrets; lock or hide the setting instead"))
        else:
            try:
                values[key] = converter.field(field, raw)
            except Complaint as complaint:
                path: KeyPath = (section_id, key) if complaint.index is None else (section_id, key, complaint.index)
                mistakes.append(layer.mistake(path, str(complaint)))
    return values, tuple(mistakes)
