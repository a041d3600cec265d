"""The log file: bounded, with the plugin's name in each record, and without secrets or whole phone numbers."""

import logging
import re
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from typing_extensions import override
else:

    def override(method: object) -> object:  # typing has it from Python 3.12 on
        return method


_FORMAT: Final = "%(asctime)s.%(msecs)03d %(levelname)-7s %(plugin)s %(name)s: %(message)s"
_FILE_BYTES: Final = 2_000_000
_FILES: Final = 4
_MESSAGE_LIMIT: Final = 20_000

_AUTHORIZATION = re.compile(r"((?:proxy-)?authorization)(['\"]?\s*[:=]\s*)(?:(?!\\r|\\n)[^\r\n])*", re.IGNORECASE)
_CREDENTIAL_HEADER = re.compile(
    r"(?<![\w-])((?:set-)?cookie|x-auth-\w{1,20}|[\w-]{0,20}?(?:api|app)-?key|[\w-]{0,20}?token)(['\"]?\s*[:=]\s*)"
    r"(?:(?!\\r|\\n)[^\r\n,}&])+",
    re.IGNORECASE,
)
_BEARER = re.compile(r"\b(bearer|basic)\s+[\w.~+/=\-]{8,}", re.IGNORECASE)
_WEB_ADDRESS = re.compile(r"\b((?:https?|wss?)://)(?:[^\s/@?#'\"<>]+@)?([^\s?#'\"<>]*)(?:[?#][^\s'\"<>]*)?", re.IGNORECASE)
_NUMBER = re.compile(
    r"(?<![\w.])(?:(?P<keep>\d{1,3}(?:\.\d{1,3}){3}(?![\d.])|\d{4}-\d{2}-\d{2}(?!\d)|\d+\.\d+(?![\d.]))"
    r"|\+?\(?\d(?:[ ().\-]{0,2}\d){6,18}(?!\w))"
)


class Redactor:
    """Takes out of a text what must not be written down: registered secrets, credentials, digits of phone numbers.

    Of a number with seven digits or more the last two stay, enough to tell two calls apart; extensions stay whole. Of an
    address on the web neither login nor query nor fragment stay.
    """

    def __init__(self) -> None:
        self._secrets: set[str] = set()
        self._pattern: re.Pattern[str] | None = None

    def add_secret(self, secret: str) -> None:
        """Never write this text again. Shorter than four characters would garble everything, so those are left."""
        if len(secret) >= 4 and secret not in self._secrets:
            self._secrets.add(secret)
            longest_first = sorted(self._secrets, key=len, reverse=True)
            self._pattern = re.compile("|".join(re.escape(text) for text in longest_first))

    def clean(self, text: str) -> str:
        if self._pattern is not None:
            text = self._pattern.sub("[secret]", text)
        text = _AUTHORIZATION.sub(r"\1\2[removed]", text)
        text = _CREDENTIAL_HEADER.sub(r"\1\2[removed]", text)
        text = _BEARER.sub(r"\1 [removed]", text)
        text = _WEB_ADDRESS.sub(r"\1\2", text)
        return _NUMBER.sub(_mask, text)


def _mask(match: re.Match[str]) -> str:
    text = match.group()
    if match["keep"]:
        return text
    keep_from = sum(character.isdigit() for character in text) - 2
    seen = 0
    masked = []
    for character in text:
        if character.isdigit():
            masked.append(character if seen >= keep_from else "x")
            seen += 1
        else:
            masked.append(character)
    return "".join(masked)


class _Formatter(logging.Formatter):
    def __init__(self, redactor: Redactor) -> None:
        super().__init__(_FORMAT, datefmt="%Y-%m-%dT%H:%M:%S")
        self._redactor = redactor

    @override
    def format(self, record: logging.LogRecord) -> str:
        if not hasattr(record, "plugin"):
            record.plugin = _owner_of(record.name)
        stamp, separator, rest = super().format(record)[:_MESSAGE_LIMIT].partition(" ")
        return stamp + separator + self._redactor.clean(rest)


def _owner_of(logger_name: str) -> str:
    package = logger_name.partition(".")[0]
    return package.removeprefix("callmanager_") if package.startswith("callmanager_") else "core"


class _Ours(logging.Filter):
    """Our own records at the chosen level, those of libraries from WARNING on."""

    @override
    def filter(self, record: logging.LogRecord) -> bool:
        return record.levelno >= logging.WARNING or record.name.startswith("callmanager")


def open_log(file: Path, *, level: str, redactor: Redactor) -> Callable[[], None]:
    """Write all records from `level` on to a rotating file; returns the undo, which closes it.

    A file that can't be written is no reason not to start: then records go to standard error only.
    """
    number = logging.getLevelNamesMapping().get(level.upper())
    if number is None:
        raise ValueError(f"{level!r} is not a log level, choose debug, info, warning or error")
    from logging.handlers import RotatingFileHandler

    root = logging.getLogger()
    handler: logging.Handler
    try:
        handler = RotatingFileHandler(
            file, maxBytes=_FILE_BYTES, backupCount=_FILES, encoding="utf-8", errors="backslashreplace"
        )
    except OSError:
        handler = logging.StreamHandler()
    handler.setLevel(number)
    handler.setFormatter(_Formatter(redactor))
    handler.addFilter(_Ours())
    before = root.level
    root.setLevel(min(number, before) if before else number)
    root.addHandler(handler)

    def close() -> None:
        root.removeHandler(handler)
        root.setLevel(before)
        handler.close()

    return close


def plugin_logger(plugin_id: str) -> "logging.LoggerAdapter[logging.Logger]":
    """The logger of a plugin, whose records carry its name."""
    return logging.LoggerAdapter(logging.getLogger(f"callmanager.plugin.{plugin_id}"), {"plugin": plugin_id})
