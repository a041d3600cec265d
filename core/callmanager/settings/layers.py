"""Three layers make a value: built-in default, then the site's, then the user's, unless the site locked it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, Literal

import attrs

from callmanager.settings.converter import Complaint, SettingField, SettingsConverter

RESERVED: Final = frozenset({"plugins", "lock"})
"""Tables of the files that are not sections."""

Source = Literal["default", "site", "user"]


@attrs.frozen(kw_only=True)
class FieldState:
    """Where a value comes from: the layer, and the file in words. A locked one can't be changed by the user."""

    locked: bool
    source: Source
    origin: str


@attrs.frozen(kw_only=True)
class Layer:
    """One file: its name for people, its tables."""

    source: Source
    origin: str
    tables: Mapping[str, Any]

    def table(self, section_id: str) -> Mapping[str, Any]:
        found = self.tables.get(section_id)
        return found if isinstance(found, Mapping) else {}


@attrs.frozen(kw_only=True)
class Merged:
    """A section's values with their states, and what was wrong with the files."""

    values: Mapping[str, Any]
    states: Mapping[str, FieldState]
    complaints: tuple[str, ...]


@attrs.frozen(kw_only=True)
class Layers:
    """The site's file, the user's file, and the keys that the site locked (`section.key`, or `section.*`)."""

    site: Layer
    user: Layer
    locked: frozenset[str] = frozenset()

    def is_locked(self, section_id: str, key: str) -> bool:
        return f"{section_id}.{key}" in self.locked or f"{section_id}.*" in self.locked

    def merge(self, section_id: str, fields: Mapping[str, SettingField], converter: SettingsConverter) -> Merged:
        """The section's values; one bad key costs that key only, and every one of them is told."""
        values: dict[str, Any] = {name: field.default for name, field in fields.items()}
        states = {
            name: FieldState(
                locked=self.is_locked(section_id, name),
                source="default",
                origin=self.site.origin if self.is_locked(section_id, name) else "built in",
            )
            for name in fields
        }
        complaints: list[str] = []
        for layer in (self.site, self.user):
            if layer.tables.get(section_id) is not None and not isinstance(layer.tables[section_id], Mapping):
                complaints.append(f"{layer.origin}: {section_id}: must be a table")
            for key, raw in layer.table(section_id).items():
                field = fields.get(key)
                if field is None:
                    complaints.append(f"{layer.origin}: {section_id}.{key}: there is no such setting")
                    continue
                if layer.source == "user" and states[key].locked:
                    continue  # the site's word stands; what the user once chose is kept in the file
                try:
                    values[key] = converter.field(field, raw)
                except Complaint as complaint:
                    complaints.append(f"{layer.origin}: {section_id}.{key}: {complaint}")
                else:
                    states[key] = attrs.evolve(states[key], source=layer.source, origin=layer.origin)
        return Merged(values=values, states=states, complaints=tuple(complaints))


def locked_keys(tables: Mapping[str, Any]) -> tuple[frozenset[str], tuple[str, ...]]:
    """The keys under `[lock] keys = […]` of a site file, and what is wrong with that table."""
    table = tables.get("lock", {})
    keys = table.get("keys", []) if isinstance(table, Mapping) else None
    if not isinstance(keys, list) or not all(isinstance(key, str) and "." in key for key in keys):
        return frozenset(), ('lock.keys: must be a list of texts like "connection.server" or "connection.*"',)
    return frozenset(keys), ()
