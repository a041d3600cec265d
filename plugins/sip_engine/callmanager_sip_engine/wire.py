"""Commands and facts as JSON lines: the only form in which the app and the engine process talk."""

import asyncio
import json
from collections.abc import Callable, Iterable
from datetime import datetime
from functools import lru_cache
from pathlib import Path
from typing import Any, Final, NoReturn, get_args

import attrs
import cattrs
from callmanager.api import Command, Fact
from cattrs.gen import make_dict_structure_fn

from callmanager_sip_engine.link import LINE_LIMIT

_TAG: Final = "@"
_WARM_PAUSE: Final = 0.05


class WireError(Exception):
    """A line that is no message of ours; the text says what is wrong with it, without quoting its content."""


@attrs.frozen(kw_only=True)
class Ping:
    """The app asks whether the engine is alive."""

    number: int


@attrs.frozen(kw_only=True)
class Pong:
    """Every thread of the engine that matters has answered."""

    number: int


@attrs.frozen(kw_only=True)
class Shutdown:
    """Hang up, unregister and end."""


FromApp = Command | Ping | Shutdown
FromEngine = Fact | Pong


class Codec:
    """Encodes and decodes one family of messages.

    Strict: an unknown tag or key, a missing field, a number where a text belongs, not-a-number, a naive time or too deep a
    nesting raises `WireError`. Not bound to a thread.
    """

    def __init__(self, family: Iterable[type[Any]]) -> None:
        self._classes = {cls.__name__: cls for cls in family}
        self._converter = _converter()

    async def warm(self, *, decoding: bool) -> None:
        """Generate the code for all messages ahead, little by little: the first of a kind would wait a millisecond for it."""
        for cls in self._classes.values():
            await asyncio.sleep(_WARM_PAUSE)
            if decoding:
                self._converter.get_structure_hook(cls)
            else:
                self._converter.get_unstructure_hook(cls)

    def encode(self, message: Any) -> bytes:
        """One line, line feed included."""
        document = self._converter.unstructure(message)
        document[_TAG] = type(message).__name__
        line = json.dumps(document, separators=(",", ":"), allow_nan=False).encode() + b"\n"
        if len(line) > LINE_LIMIT:
            raise WireError(f"{type(message).__name__} does not fit into a line of {LINE_LIMIT} octets")
        return line

    def decode(self, line: bytes) -> Any:
        if len(line) > LINE_LIMIT:
            raise WireError(f"line of more than {LINE_LIMIT} octets")
        try:
            document = json.loads(line, parse_constant=_refuse_constant)
        except (ValueError, RecursionError) as error:
            raise WireError(f"line is not JSON ({type(error).__name__})") from error
        if not isinstance(document, dict):
            raise WireError("line is not an object")
        tag = document.pop(_TAG, None)
        cls = self._classes.get(tag) if isinstance(tag, str) else None
        if cls is None:
            raise WireError("unknown kind of message")
        try:
            return self._converter.structure(document, cls)
        except (
            cattrs.BaseValidationError,
            cattrs.StructureHandlerNotFoundError,
            cattrs.errors.ForbiddenExtraKeysError,
        ) as error:
            raise WireError(f"{tag} has fields that do not fit") from error
        except (KeyError, TypeError, ValueError, AttributeError, RecursionError, OverflowError) as error:
            raise WireError(f"{tag} has a field that does not fit ({type(error).__name__})") from error


@lru_cache(maxsize=1)
def app_codec() -> Codec:
    """What the app sends."""
    return Codec(get_args(FromApp))


@lru_cache(maxsize=1)
def engine_codec() -> Codec:
    """What the engine sends."""
    return Codec(get_args(FromEngine))


def _refuse_constant(text: str) -> NoReturn:
    raise ValueError(f"{text} is not a number")


def _converter() -> cattrs.Converter:
    # Per-field validation errors cost more than they tell: a refused line is a bug or an attack, and its tag is enough.
    converter = cattrs.Converter(forbid_extra_keys=True, detailed_validation=False)
    for kind in (str, int, float, bool):
        converter.register_structure_hook(kind, _exactly(kind))
    converter.register_unstructure_hook(Path, str)
    converter.register_structure_hook(Path, lambda value, _: Path(_text(value)))
    converter.register_unstructure_hook(datetime, datetime.isoformat)
    converter.register_structure_hook(datetime, lambda value, _: _aware(value))
    converter.register_structure_hook_factory(_is_homogeneous_tuple, lambda cls: _tuple_hook(converter, cls))
    converter.register_structure_hook_factory(attrs.has, lambda cls: _object_hook(converter, cls))
    return converter


def _exactly(kind: type[Any]) -> Callable[[Any, Any], Any]:
    def structure(value: Any, _: Any) -> Any:
        if type(value) is kind:
            return value
        if kind is float and type(value) is int:
            return float(value)
        raise TypeError(f"expected {kind.__name__}")

    return structure


def _text(value: Any) -> str:
    if type(value) is not str or "\0" in value:
        raise TypeError("expected text")
    return value


def _aware(value: Any) -> datetime:
    moment = datetime.fromisoformat(_text(value))
    if moment.tzinfo is None:
        raise ValueError("time without zone")
    return moment


def _is_homogeneous_tuple(cls: Any) -> bool:
    arguments = get_args(cls)
    return getattr(cls, "__origin__", None) is tuple and len(arguments) == 2 and arguments[1] is ...


def _tuple_hook(converter: cattrs.Converter, cls: Any) -> Callable[[Any, Any], Any]:
    item = get_args(cls)[0]
    hook = converter.get_structure_hook(item)

    def structure(value: Any, _: Any) -> Any:
        if type(value) is not list:
            raise TypeError("expected a list")
        return tuple(hook(each, item) for each in value)

    return structure


def _object_hook(converter: cattrs.Converter, cls: Any) -> Callable[[Any, Any], Any]:
    build = make_dict_structure_fn(cls, converter, _cattrs_forbid_extra_keys=True, _cattrs_detailed_validation=False)

    def structure(value: Any, _: Any) -> Any:
        if type(value) is not dict:
            raise TypeError("expected an object")
        return build(value, cls)

    return structure
