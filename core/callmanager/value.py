"""The base of small values of many kinds: equality, hash and text by fields, without code made for each class."""

from typing import Any, cast

import attrs
from typing_extensions import override


class Value:
    """For `attrs.frozen(eq=False, repr=False)` classes: does what attrs would have generated.

    attrs writes and compiles these methods for each class at each import, which is more than half of the cost of a class
    (0.35 of 0.6 ms). Events, commands and facts are a hundred classes in two processes, all of them loaded at every start
    and most of them never compared. A value that is a key or is compared in bulk (a contact, a call) leaves it to attrs.
    Fields with `repr=False` and `eq=False` are respected. Subclasses by third parties may use plain `attrs.frozen`.
    """

    __slots__ = ()

    @override
    def __eq__(self, other: object) -> bool:
        if other.__class__ is not self.__class__:
            return NotImplemented
        return all(getattr(self, field.name) == getattr(other, field.name) for field in _fields(self) if field.eq)

    @override
    def __hash__(self) -> int:
        return hash((type(self), *(getattr(self, field.name) for field in _fields(self) if field.eq)))

    @override
    def __repr__(self) -> str:
        shown = ", ".join(f"{field.name}={getattr(self, field.name)!r}" for field in _fields(self) if field.repr)
        return f"{type(self).__qualname__}({shown})"


def _fields(value: Value) -> tuple[Any, ...]:
    fields: tuple[Any, ...] = attrs.fields(cast("type[attrs.AttrsInstance]", type(value)))
    return fields
