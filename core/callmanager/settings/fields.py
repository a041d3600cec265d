"""`setting(...)`: declare a setting once; the form, the file check, the reference page and the schema follow from it."""

from collections.abc import Callable, Mapping
from enum import Enum
from typing import Any, Final

import attrs

_KEY: Final = "callmanager.setting"


class FieldKind(Enum):
    """How a setting is shown; `AUTO` follows from its type."""

    AUTO = "auto"
    VOLUME = "volume"
    MICROPHONE = "microphone"
    SPEAKER = "speaker"
    RINGER = "ringer"
    FILE = "file"
    LINES = "lines"
    """A tuple of strings, one a line."""
    HIDDEN = "hidden"
    """Kept by the program, not shown in the form."""


@attrs.frozen(kw_only=True)
class SettingInfo:
    """The declaration: `label` is the row's name, `help` one sentence; `choices` maps values to what is shown.

    A `secret` is kept in the key store, never in the file. `check` returns a complaint or an empty text. `advanced` rows are
    folded away. `placeholder` is shown in an empty text field.
    """

    label: str
    help: str = ""
    kind: FieldKind = FieldKind.AUTO
    choices: Mapping[Any, str] | None = None
    minimum: float | None = None
    maximum: float | None = None
    secret: bool = False
    advanced: bool = False
    placeholder: str = ""
    check: Callable[[Any], str] | None = None


def setting(
    default: Any,
    *,
    label: str,
    help: str = "",  # noqa: A002 - the field's standard name
    kind: FieldKind = FieldKind.AUTO,
    choices: Mapping[Any, str] | None = None,
    minimum: float | None = None,
    maximum: float | None = None,
    secret: bool = False,
    advanced: bool = False,
    placeholder: str = "",
    check: Callable[[Any], str] | None = None,
) -> Any:
    """A field of a settings model (`attrs.frozen(kw_only=True)`); the type comes from its annotation."""
    info = SettingInfo(
        label=label,
        help=help,
        kind=kind,
        choices=choices,
        minimum=minimum,
        maximum=maximum,
        secret=secret,
        advanced=advanced,
        placeholder=placeholder,
        check=check,
    )
    return attrs.field(default=default, metadata={_KEY: info}, repr=not secret)


def setting_info(attribute: "attrs.Attribute[Any]") -> SettingInfo:
    """The declaration of one field; raises for a field that was not made with `setting`."""
    info = attribute.metadata.get(_KEY)
    if not isinstance(info, SettingInfo):
        raise TypeError(f"the settings field {attribute.name!r} is not declared with setting(...)")
    return info
