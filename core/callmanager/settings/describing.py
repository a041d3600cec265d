"""A declared setting in words: its type, default and limits, for the reference page, the schema and `explain`."""

from __future__ import annotations

from enum import Enum
from pathlib import Path
from types import NoneType
from typing import Any, get_args, get_origin

import attrs

from callmanager.settings.converter import SettingField, SettingsConverter


@attrs.frozen(kw_only=True)
class Section:
    """A section as it is written down: `owner` is `core` or the id of its plugin."""

    id: str
    title: str
    model: type[Any]
    owner: str = "core"
    distribution: str = ""


@attrs.frozen(kw_only=True)
class Shape:
    """The type of a field without its wrapping: `kind` of one value, whether none is allowed, whether it is a list of them."""

    kind: type[Any]
    optional: bool = False
    many: bool = False


def shape(field: SettingField) -> Shape:
    """Take the annotation apart."""
    if get_origin(field.type) is tuple:
        return Shape(kind=get_args(field.type)[0], many=True)
    alternatives = get_args(field.type)
    if NoneType in alternatives:
        (kind,) = (alternative for alternative in alternatives if alternative is not NoneType)
        return Shape(kind=kind, optional=True)
    return Shape(kind=field.type)


def choices(field: SettingField) -> dict[Any, str]:
    """The values that a file may say, with the words of the form; empty when everything of the type may be said."""
    declared = field.info.choices
    if declared is None:
        kind = shape(field).kind
        declared = dict.fromkeys(kind, "") if issubclass(kind, Enum) else {}
    return {value.value if isinstance(value, Enum) else value: shown for value, shown in declared.items()}


def type_words(field: SettingField) -> str:
    """The type as an administrator writes it."""
    if field.info.secret:
        return "secret"
    if choices(field):
        return "choice"
    found = shape(field)
    names = {bool: "true or false", int: "whole number", float: "number", str: "text", Path: "path"}
    name = names.get(found.kind, found.kind.__name__)
    return f"list of {name}s" if found.many else name


def limit_words(field: SettingField) -> str:
    """What narrows the type: the choices, or the bounds; empty when nothing does."""
    said = [f"`{toml(value)}` {shown}".rstrip() for value, shown in choices(field).items()]
    if said:
        return ", ".join(said)
    low, high = field.info.minimum, field.info.maximum
    if low is not None and high is not None:
        return f"{low:g} to {high:g}"
    if low is not None:
        return f"at least {low:g}"
    return "" if high is None else f"at most {high:g}"


def toml(value: object) -> str:
    """A value as it stands in a file."""
    import tomlkit

    return tomlkit.item(SettingsConverter().plain(value)).as_string()
