"""A JSON Schema (draft 2020-12) of the settings files, made from the declarations; editors complete and check with it.

It says what can be said of a value by itself: type, choices, bounds. What a declaration checks in code (a host name, a STUN
address) is found by `callmanager-admin check-site`, and by the program itself.
"""

from __future__ import annotations

from collections.abc import Iterable
from enum import Enum
from pathlib import Path
from typing import Any, Final

from callmanager.extensions.policy import DEFAULTS, LISTS, POLICY_HELP
from callmanager.settings.converter import LINES_LIMIT, SECRET_MARKER, TEXT_LIMIT, SettingField, SettingsConverter, fields_of
from callmanager.settings.describing import Section, choices, shape
from callmanager.settings.rules import RULES

DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"

Schema = dict[str, Any]

_IDS: Final[Schema] = {"type": "array", "items": {"type": "string", "minLength": 1}, "uniqueItems": True}
_NO_CONTROLS: Final = r"^[^\u0000-\u001f\u007f]*(?![\s\S])"
"""Ended so that no validator takes a line feed at the end for the end, as `$` does in Python."""
_RULE_HELP: Final = {
    "lock": "Settings that users can't change; shown as set by the administrator.",
    "hide": "Settings that users can neither change nor see.",
}


def user_schema(sections: Iterable[Section]) -> Schema:
    """The schema of a user's `settings.toml`."""
    plugins = {
        "enabled": {**_IDS, "description": "Plugins that you switched on."},
        "disabled": {**_IDS, "description": "Plugins that you switched off."},
    }
    tables = {section.id: _section(section, site=False) for section in sections}
    return _document("PC CallManager: settings of a user", {**tables, "plugins": _table(plugins, "Your choices of plugins.")})


def site_schema(sections: Iterable[Section]) -> Schema:
    """The schema of an administrator's `site.toml`."""
    tables = {section.id: _section(section, site=True) for section in sections}
    pattern = {"type": "string", "pattern": r"^[^.*]+\.(\*|[^.*]+)$"}
    for rule in RULES:
        keys = {"type": "array", "items": pattern, "description": "`section.key`, or `section.*` for all of a section."}
        tables[rule] = _table({"keys": keys}, _RULE_HELP[rule])
    tables["plugins"] = _table(_policy(), "Which plugins run, and what they may.")
    return _document("PC CallManager: settings of a site", tables)


def _document(title: str, tables: Schema) -> Schema:
    return {
        "$schema": DIALECT,
        "title": title,
        "type": "object",
        "properties": tables,
        # sections of plugins that were not there when this was written
        "additionalProperties": {"type": "object"},
    }


def _table(properties: Schema, description: str) -> Schema:
    return {"type": "object", "description": description, "properties": properties, "additionalProperties": False}


def _section(section: Section, *, site: bool) -> Schema:
    properties = {name: _field(field, site=site) for name, field in fields_of(section.model).items()}
    return _table(properties, section.title)


def _policy() -> Schema:
    names = {"type": "array", "items": {"type": "string", "minLength": 1}}
    properties: Schema = {key: {**_IDS, "description": POLICY_HELP[key]} for key in LISTS}
    properties["default"] = {"enum": list(DEFAULTS), "default": "enabled", "description": POLICY_HELP["default"]}
    properties["allow_third_party"] = {
        "anyOf": [{"type": "boolean"}, names],
        "default": True,
        "description": POLICY_HELP["allow_third_party"],
    }
    properties["extra_paths"] = {**names, "description": POLICY_HELP["extra_paths"]}
    properties["permissions"] = {
        "type": "object",
        "additionalProperties": {"type": "object"},
        "description": POLICY_HELP["permissions"],
    }
    return properties


def _field(field: SettingField, *, site: bool) -> Schema:
    described: Schema = {"title": field.info.label}
    if field.info.help:
        described["description"] = field.info.help
    if field.info.secret:
        if site:
            return {**described, "not": {}, "description": "A secret: never in this file; lock or hide it instead."}
        return {
            **described,
            "enum": ["", SECRET_MARKER],
            "description": "A secret: it lies in the key store, never in this file.",
        }
    described["default"] = SettingsConverter().plain(field.default)
    allowed = choices(field)
    if allowed:
        return {**described, "enum": list(allowed)}
    found = shape(field)
    one = {**_kind(found.kind), **_bounds(field)}
    if found.many:
        return {**described, "type": "array", "items": one, "maxItems": LINES_LIMIT}
    if found.optional and one.get("type") != "string":
        return {**described, "anyOf": [{"const": ""}, one]}
    return {**described, **one}


def _kind(kind: type[Any]) -> Schema:
    if issubclass(kind, Enum):
        return {"enum": [member.value for member in kind]}
    if kind is bool:
        return {"type": "boolean"}
    if kind is int:
        return {"type": "integer"}
    if kind is float:
        return {"type": "number"}
    if issubclass(kind, (str, Path)):
        return {"type": "string", "maxLength": TEXT_LIMIT, "pattern": _NO_CONTROLS}
    raise TypeError(f"a setting can't hold a {kind.__name__}")


def _bounds(field: SettingField) -> Schema:
    low, high = field.info.minimum, field.info.maximum
    return ({} if low is None else {"minimum": low}) | ({} if high is None else {"maximum": high})
