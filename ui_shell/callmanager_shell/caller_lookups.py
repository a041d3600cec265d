"""What plugins know of the other side of each call: asked, bounded in time and size, given up with the call. No Qt here."""

from __future__ import annotations

import logging
from collections.abc import Callable, Coroutine, Iterable, Sequence
from typing import Any, Final, Protocol
from urllib.parse import urlsplit

import attrs
from callmanager.api import Call, CallerCard, CallerDetails, CallId, CallManagerError, Owned, Party, plain

from callmanager_shell.slots import ReportFault

_log = logging.getLogger(__name__)

TIME_LIMIT: Final = 10.0
MOST_LINES: Final = 4
_LONGEST_TITLE: Final = 80
_LONGEST_LABEL: Final = 40
_LONGEST_VALUE: Final = 200
_LONGEST_LINK: Final = 2000


@attrs.frozen(kw_only=True)
class ShownDetails:
    """A plugin's answer, made fit to be shown: plain lines, few of them, and a link that is https or empty."""

    key: str
    plugin_id: str
    title: str
    lines: tuple[tuple[str, str], ...] = ()
    link: str = ""


class StartLookUp(Protocol):
    """Starts work in the name of a plugin and returns what cancels it."""

    def __call__(self, work: Coroutine[Any, Any, None], *, owner: str) -> Callable[[], None]: ...


@attrs.define(eq=False)
class _Following:
    """One call: who it is with, what is known, and what is still being asked."""

    call: Call
    found: dict[str, ShownDetails] = attrs.Factory(dict)
    pending: dict[str, Callable[[], None]] = attrs.Factory(dict)


class CallerLookUps:
    """Asks every caller card once for each live call, and again when the other side becomes somebody else.

    `changed` is called with the call's id when there is more, or less, to show; never from within `follow` or `forget`. An
    answer that comes too late, for somebody else or for a plugin that went is dropped.
    """

    def __init__(
        self,
        source: Callable[[], Sequence[Owned[CallerCard]]],
        *,
        start: StartLookUp,
        report_fault: ReportFault,
        changed: Callable[[CallId], None],
        seconds: float = TIME_LIMIT,
    ) -> None:
        self._source = source
        self._start = start
        self._report_fault = report_fault
        self._changed = changed
        self._seconds = seconds
        self._calls: dict[CallId, _Following] = {}
        self._cards: dict[str, Owned[CallerCard]] | None = None

    def details(self, call_id: CallId) -> tuple[ShownDetails, ...]:
        """What is known now, in the cards' order."""
        following = self._calls.get(call_id)
        if following is None:
            return ()
        return tuple(following.found[key] for key in self._known() if key in following.found)

    def follow(self, call: Call) -> None:
        """The call appeared or changed; cheap when the other side is the same."""
        following = self._calls.get(call.id)
        if not call.live:
            if following is not None:
                self._give_up(following)
            return
        if following is None:
            following = self._calls[call.id] = _Following(call)
        elif following.call.remote == call.remote:
            return
        else:
            self._give_up(following)
            if not _same_number(following.call.remote, call.remote):
                following.found.clear()
            following.call = call
        for key in self._known():
            self._ask(following, key)

    def forget(self, call_id: CallId) -> None:
        """The call is over; what views show already may stay there."""
        following = self._calls.pop(call_id, None)
        if following is not None:
            self._give_up(following)

    def reload(self) -> None:
        """Plugins came or went: drop what is from those that went, and ask those that came."""
        before, self._cards = self._known(), None
        now = self._known()
        for call_id, following in list(self._calls.items()):
            gone = [key for key in before if key not in now]
            for key in gone:
                cancel = following.pending.pop(key, None)
                if cancel is not None:
                    cancel()
            lost = [key for key in gone if following.found.pop(key, None) is not None]
            for key in now:
                if key not in before:
                    self._ask(following, key)
            if lost:
                self._changed(call_id)

    def close(self) -> None:
        """Give everything up."""
        for call_id in list(self._calls):
            self.forget(call_id)

    # ------------------------------------------------------------------------------------------------------------- internals

    def _known(self) -> dict[str, Owned[CallerCard]]:
        if self._cards is None:
            self._cards = {f"{owned.plugin_id}/{owned.value.id}": owned for owned in self._source()}
        return self._cards

    def _give_up(self, following: _Following) -> None:
        for cancel in list(following.pending.values()):
            cancel()
        following.pending.clear()

    def _ask(self, following: _Following, key: str) -> None:
        owned = self._known()[key]
        following.pending[key] = self._start(self._look_up(following, key, owned), owner=owned.plugin_id)

    async def _look_up(self, following: _Following, key: str, owned: Owned[CallerCard]) -> None:
        import asyncio

        call = following.call
        shown: ShownDetails | None = None
        limit = asyncio.timeout(self._seconds)
        try:
            async with limit:
                answer = await owned.value.look_up(call)
            shown = None if answer is None else presentable(answer, key=key, plugin_id=owned.plugin_id)
        except Exception as error:  # noqa: BLE001 - whatever a look-up does wrong is its plugin's, and the call goes on
            self._blame(error, owned, too_slow=limit.expired())
        wanted = self._calls.get(call.id) is following and following.call is call and key in self._known()
        if not wanted:  # it ended, is with somebody else, or swallowed its cancelling
            return
        following.pending.pop(key, None)
        before = following.found.pop(key, None)
        if shown is not None:
            following.found[key] = shown
        if shown != before:
            self._changed(call.id)

    def _blame(self, error: Exception, owned: Owned[CallerCard], *, too_slow: bool) -> None:
        about = {"plugin": owned.plugin_id}
        if too_slow:
            _log.info("%s took too long to look a caller up (%s)", owned.plugin_id, owned.value.id, extra=about)
        elif isinstance(error, CallManagerError):
            _log.info("%s can't look a caller up now (%s): %s", owned.plugin_id, owned.value.id, error, extra=about)
        else:
            self._report_fault(error, owner=owned.plugin_id, doing=f"looking a caller up ({owned.value.id})")


def presentable(answer: object, *, key: str, plugin_id: str) -> ShownDetails | None:
    """The answer with its texts made plain and short; none if there is nothing to see in it. Raises `TypeError` and
    `ValueError` for what is no such answer."""
    if not isinstance(answer, CallerDetails):
        raise TypeError(f"the look-up answered with a {type(answer).__name__}, not with CallerDetails")
    lines = tuple((plain(label, limit=_LONGEST_LABEL), plain(value, limit=_LONGEST_VALUE)) for label, value in answer.lines)
    lines = tuple(line for line in lines if line[1])[:MOST_LINES]
    title = plain(answer.title, limit=_LONGEST_TITLE)
    if not title and not lines:
        return None
    return ShownDetails(key=key, plugin_id=plugin_id, title=title, lines=lines, link=https_address(answer.link))


def https_address(text: str) -> str:
    """The address if it is a plain https one that may be handed to the browser, else nothing."""
    if not text or len(text) > _LONGEST_LINK or not text.isascii() or not text.isprintable() or " " in text:
        return ""
    try:
        parts = urlsplit(text)
        host, user = parts.hostname, parts.username
        _ = parts.port  # raises for one that is none
    except ValueError:
        return ""
    return text if parts.scheme == "https" and host and user is None else ""


def _same_number(before: Party, after: Party) -> bool:
    return (before.number, before.uri) == (after.number, after.uri)


def summary(details: Iterable[ShownDetails]) -> str:
    """All of it in one sentence, for screen readers."""
    parts: list[str] = []
    for one in details:
        parts.extend(filter(None, (one.title, *(f"{label} {value}".strip() for label, value in one.lines))))
    return ", ".join(parts)
