"""The one converter between settings files and settings models; strict, and with complaints that people understand."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from enum import Enum
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, get_args, get_origin, get_type_hints

import attrs

from callmanager.settings.fields import FieldKind, SettingInfo, setting_info

if TYPE_CHECKING:
    from cattrs import BaseConverter

SECRET_MARKER: Final = "@keystore"  # noqa: S105 - says that there is one
"""What a file says of a secret that lies in the key store."""

TEXT_LIMIT: Final = 4096
LINES_LIMIT: Final = 100


class Complaint(ValueError):
    """A value that does not fit; the text completes "<path>: …". `index` is the place in a list, from 0."""

    def __init__(self, text: str, *, index: int | None = None) -> None:
        super().__init__(text)
        self.index = index


@attrs.frozen(kw_only=True)
class SettingField:
    """One declared field: its type resolved, its declaration beside it."""

    name: str
    type: Any
    default: Any
    info: SettingInfo


def fields_of(model: type[Any]) -> Mapping[str, SettingField]:
    """The fields of a settings model by name; raises `TypeError` when it is not declared as one."""
    if not attrs.has(model):
        raise TypeError(f"the settings model {model.__qualname__} is not an attrs class")
    return _fields_of(model)


@cache
def _fields_of(model: Any) -> Mapping[str, SettingField]:
    types = get_type_hints(model)
    return {
        attribute.name: SettingField(
            name=attribute.name, type=types[attribute.name], default=attribute.default, info=setting_info(attribute)
        )
        for attribute in attrs.fields(model)
    }


class SettingsConverter:
    """Turns what a file or a form holds into values of a field's type, and back into what TOML can hold."""

    def __init__(self) -> None:
        self._converter: BaseConverter | None = None

    def field(self, field: SettingField, raw: object) -> Any:
        """The value for this field; raises `Complaint` when it does not fit the declaration."""
        if field.info.secret:
            if raw in ("", SECRET_MARKER):
                return ""
            raise Complaint("a password does not belong into a file; enter it in Settings")
        try:
            value = self._loaded().structure(raw, field.type)
        except Complaint:
            raise
        except Exception as error:
            raise Complaint(f"does not fit: {error}") from error
        try:
            _judge(field.info, value)
        except Complaint as complaint:
            raise Complaint(str(complaint), index=_place(raw, complaint.index)) from complaint
        except Exception as error:
            raise Complaint(f"does not fit: {type(error).__name__}: {error}") from error  # a plugin's own check
        return value

    def plain(self, value: object) -> object:
        """The value as TOML can hold it; none is an empty text there, so that it can stand against a site's value."""
        if value is None:
            return ""
        if isinstance(value, Enum):
            return value.value
        if isinstance(value, Path):
            return str(value)
        if isinstance(value, (tuple, list)):
            return [self.plain(item) for item in value]
        if isinstance(value, (bool, int, float, str)):
            return value
        raise TypeError(f"a setting can't hold a {type(value).__name__}")

    def _loaded(self) -> BaseConverter:
        if self._converter is None:
            self._converter = _build()
        return self._converter


def _build() -> BaseConverter:
    from cattrs import BaseConverter

    converter = BaseConverter()
    for kind, hook in ((bool, _boolean), (int, _whole_number), (float, _number), (str, _text), (Path, _path)):
        converter.register_structure_hook(kind, hook)
    converter.register_structure_hook_func(lambda kind: isinstance(kind, type) and issubclass(kind, Enum), _choice)
    converter.register_structure_hook_func(_is_optional, lambda raw, kind: _optional(converter, raw, kind))
    converter.register_structure_hook_func(_is_tuple, lambda raw, kind: _lines(converter.structure, raw, kind))
    return converter


def _boolean(raw: object, _: object) -> bool:
    if isinstance(raw, bool):
        return raw
    raise Complaint("must be true or false")


def _whole_number(raw: object, _: object) -> int:
    if isinstance(raw, int) and not isinstance(raw, bool):
        return raw
    raise Complaint("must be a whole number")


def _number(raw: object, _: object) -> float:
    if isinstance(raw, (int, float)) and not isinstance(raw, bool) and raw == raw and abs(raw) != float("inf"):
        return float(raw)
    raise Complaint("must be a number")


def _text(raw: object, _: object) -> str:
    if not isinstance(raw, str):
        raise Complaint("must be a text in quotes")
    if len(raw) > TEXT_LIMIT:
        raise Complaint(f"must be at most {TEXT_LIMIT} characters long")
    if any(ord(character) < 32 or ord(character) == 127 for character in raw):
        raise Complaint("must be one line without control characters")
    return raw.strip()


def _path(raw: object, _: object) -> Path:
    return raw if isinstance(raw, Path) else Path(_text(raw, _))


def _choice(raw: object, kind: type[Enum]) -> Enum:
    if isinstance(raw, kind):
        return raw
    try:
        return kind(raw)
    except ValueError as error:
        raise Complaint(f"must be one of {', '.join(str(member.value) for member in kind)}") from error


def _is_optional(kind: object) -> bool:
    arguments = get_args(kind)
    return len(arguments) == 2 and type(None) in arguments and not _is_tuple(kind)


def _is_tuple(kind: Any) -> bool:
    origin: object = get_origin(kind)
    return origin is tuple


def _optional(converter: BaseConverter, raw: object, kind: object) -> Any:
    if raw is None or raw == "":
        return None
    (wanted,) = (argument for argument in get_args(kind) if argument is not type(None))
    return converter.structure(raw, wanted)


def _lines(structure: Callable[[Any, Any], Any], raw: object, kind: object) -> tuple[Any, ...]:
    if not isinstance(raw, (list, tuple)):
        raise Complaint("must be a list")
    if len(raw) > LINES_LIMIT:
        raise Complaint(f"must have at most {LINES_LIMIT} entries")
    values = []
    for index, item in enumerate(raw):
        try:
            values.append(structure(item, get_args(kind)[0]))
        except Complaint as complaint:
            raise Complaint(str(complaint), index=index) from complaint
    return tuple(value for value in values if value != "")


def _place(raw: object, index: int | None) -> int | None:
    """Where the list has the entry that is at `index` once the empty ones are left out."""
    if index is None or not isinstance(raw, (list, tuple)):
        return index
    filled = [place for place, item in enumerate(raw) if not isinstance(item, str) or item.strip()]
    return filled[index] if index < len(filled) else None


def _judge(info: SettingInfo, value: Any) -> None:
    """Raise what the declaration has against a value of the right type."""
    if info.kind is FieldKind.LINES and isinstance(value, tuple) and info.check is not None:
        for index, item in enumerate(value):
            complaint = info.check(item)
            if complaint:
                raise Complaint(complaint, index=index)
        return
    complaint = _complaint(info, value)
    if complaint:
        raise Complaint(complaint)


def _complaint(info: SettingInfo, value: Any) -> str:
    if info.choices is not None and value not in info.choices:
        return f"must be one of {', '.join(str(getattr(choice, 'value', choice)) for choice in info.choices)}"
    numeric = isinstance(value, (int, float)) and not isinstance(value, bool)
    if numeric and info.minimum is not None and value < info.minimum:
        return f"must be at least {info.minimum:g}"
    if numeric and info.maximum is not None and value > info.maximum:
        return f"must be at most {info.maximum:g}"
    return "" if info.check is None else info.check(value)
