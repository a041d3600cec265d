"""Which number a call goes out with: chosen by the user, by a rule, or for one call."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING

import attrs
from callmanager.api import (
    Call,
    CallerDetails,
    CallPurpose,
    CallRequest,
    Contact,
    DialingSettings,
    NoticeAction,
    SettingsChanged,
    Unsubscribe,
    UserError,
)

from callmanager_call_control.caller_id.identities import Identity, header, identity, read_identities, read_rules
from callmanager_call_control.caller_id.settings import CallerIdSettings, SentName
from callmanager_call_control.patterns import PatternReader, PatternTable, Subject
from callmanager_call_control.saving import save
from callmanager_call_control.watchers import Watchers

if TYPE_CHECKING:
    from callmanager.api import Header, PluginContext

_ASSERTED = "p-asserted-identity"


@attrs.frozen(kw_only=True)
class _Known:
    """The settings as values, in the notation of the present country."""

    reader: PatternReader
    by_label: dict[str, Identity]
    rules: PatternTable[str]
    by_number: dict[str, Identity]


class CallerIdDesk:
    """Loop thread only. The choice for one call is forgotten when the program ends; everything else lies in the settings."""

    def __init__(self, ctx: PluginContext) -> None:
        self._ctx = ctx
        self._known: _Known | None = None
        self._identities: tuple[Identity, ...] | None = None
        self._next: Identity | None = None
        self._next_is_set = False
        self._watchers = Watchers()
        ctx.events.subscribe(SettingsChanged, self._settings_changed)

    async def warm_up(self) -> None:
        """Load the tables of numbers ahead of the first call, if it will need them."""
        if self.identities:
            await asyncio.to_thread(PatternReader, self._ctx.settings.get(DialingSettings).region)

    # ------------------------------------------------------------------------------------------------------------ looking

    @property
    def identities(self) -> tuple[Identity, ...]:
        if self._identities is None:
            self._identities = read_identities(self._settings.numbers)
        return self._identities

    @property
    def active(self) -> Identity | None:
        """The one for calls without a rule; none is the extension's own."""
        return self._labelled(self._settings.active)

    @property
    def next_is_set(self) -> bool:
        """Whether the next call has a choice of its own."""
        return self._next_is_set

    @property
    def next(self) -> Identity | None:
        """That choice; none is the extension's own number."""
        return self._next

    def watch(self, watcher: Callable[[], None]) -> Unsubscribe:
        """Call it after each change of numbers or choice."""
        return self._watchers.add(watcher)

    def complaint(self, label: str, number: str) -> str:
        """What is wrong with these as a new number, or an empty text."""
        try:
            self._new(label, number)
        except UserError as error:
            return error.text
        return ""

    def rule_for(self, contact: Contact) -> bool:
        """Whether a rule names one of the contact's numbers."""
        subjects = self._subjects(contact)
        return any(self._values().rules.find(subject) is not None for subject in subjects)

    # ----------------------------------------------------------------------------------------------------------- choosing

    def choose(self, label: str) -> None:
        """Use this one from now on; an empty label is the extension's own number. Raises `UserError`."""
        if label and self._labelled(label) is None:
            raise UserError(f"there is no caller ID “{label}” any more")
        self._save(active=label)

    def choose_next(self, label: str) -> None:
        """Use this one for the next call alone; an empty label is the extension's own number."""
        chosen = self._labelled(label)
        if label and chosen is None:
            raise UserError(f"there is no caller ID “{label}” any more")
        self._next, self._next_is_set = chosen, True
        self._watchers.tell()

    def forget_next(self) -> None:
        if self._next_is_set:
            self._next, self._next_is_set = None, False
            self._watchers.tell()

    def add(self, label: str, number: str) -> None:
        """One more number. Raises `UserError`."""
        new = self._new(label, number)
        self._save(numbers=(*self._settings.numbers, new.line))

    def remove(self, labels: tuple[str, ...]) -> None:
        """Take numbers away; the message offers to undo that."""
        before = self._settings
        gone = {label.casefold() for label in labels}
        left = tuple(one.line for one in self.identities if one.label.casefold() not in gone)
        active = "" if before.active.casefold() in gone else before.active
        self._save(numbers=left, active=active)

        async def undo() -> None:
            self._save(numbers=before.numbers, active=before.active)

        what = f"{labels[0]} is" if len(labels) == 1 else f"{len(labels)} numbers are"
        self._ctx.notices.post(f"{what} no caller ID any more.", action=NoticeAction(label="Undo", run=undo))

    def always(self, contact: Contact) -> None:
        """Calls to this contact go out as now, whatever is chosen later."""
        before = self._settings
        active = self.active
        label = active.label if active is not None else "default"
        lines = tuple(f"{subject.number or subject.addresses[0]} = {label}" for subject in self._subjects(contact))
        if not lines:
            raise UserError("this contact has no number")
        self._save(rules=(*lines, *before.rules))
        shown = active.label if active is not None else "your extension"
        self._post_rule_change(f"Calls to {contact.name} always go out as {shown}.", before)

    def forget(self, contact: Contact) -> None:
        """No rule names this contact's numbers any more."""
        before = self._settings
        wanted = {subject.number for subject in self._subjects(contact)} - {""}
        reader = self._values().reader
        left = tuple(line for line in before.rules if not _names(line, wanted, reader))
        if left == before.rules:
            raise UserError("a rule for more than this contact decides; change it in Settings")
        self._save(rules=left)
        self._post_rule_change(f"Calls to {contact.name} go out as all others.", before)

    # ------------------------------------------------------------------------------------------------------------ calling

    def prepared(self, request: CallRequest) -> CallRequest | None:
        """The request with the identity that is meant for it; none leaves it as it is."""
        if not self.identities or any(found.name.lower() == _ASSERTED for found in request.headers):
            return None
        target = request.target
        if target.startswith(("*", "#")):
            return None  # a feature code is for the PBX, which knows whose it is by the extension
        if self._next_is_set and request.purpose is not CallPurpose.TRANSFER:  # the user means a call of their own
            chosen = self._next
            self.forget_next()
        else:
            chosen = self._meant_for(target)
        account = self._ctx.accounts.current
        if chosen is None or account is None:
            return None
        asserted: Header = header(chosen, account=account, name=self._name(chosen))
        return attrs.evolve(request, headers=(*request.headers, asserted))

    async def line_called(self, call: Call) -> CallerDetails | None:
        """The label of the number that was called, for pop and card."""
        if not call.called or not self.identities:
            return None
        values = self._values()
        found = values.by_number.get(values.reader.subject(call.called).number)
        return CallerDetails(title="", lines=(("Line", found.label),)) if found is not None else None

    # ----------------------------------------------------------------------------------------------------------- internal

    @property
    def _settings(self) -> CallerIdSettings:
        return self._ctx.settings.get(CallerIdSettings)

    def _labelled(self, label: str) -> Identity | None:
        return next((one for one in self.identities if one.label.casefold() == label.casefold()), None)

    def _meant_for(self, target: str) -> Identity | None:
        if not self._settings.rules and self._settings.internal:
            return self.active  # most people have no rules: nothing is read for them
        values = self._values()
        subject = values.reader.subject(target, uri=target)
        label = values.rules.find(subject)
        if label is not None and (not label or label.casefold() in values.by_label):
            return values.by_label.get(label.casefold())
        if subject.short and subject.number and not self._settings.internal:
            return None
        return self.active

    def _name(self, chosen: Identity) -> str:
        account = self._ctx.accounts.current
        own = account.display_name if account is not None else ""
        return {SentName.OWN: own, SentName.LABEL: chosen.label, SentName.NONE: ""}[self._settings.name]

    def _new(self, label: str, number: str) -> Identity:
        new = identity(label, number)
        if self._labelled(new.label) is not None:
            raise UserError(f"there is a caller ID “{new.label}” already")
        return new

    def _subjects(self, contact: Contact) -> list[Subject]:
        numbers = dict.fromkeys([contact.extension, *(entry.number for entry in contact.numbers)])
        subjects = {self._values().reader.subject(number) for number in numbers if number}
        return sorted((one for one in subjects if one.number or one.addresses), key=lambda one: (one.number, one.addresses))

    def _values(self) -> _Known:
        if self._known is None:
            reader = PatternReader(self._ctx.settings.get(DialingSettings).region)
            rules = read_rules(self._settings.rules, reader)
            self._known = _Known(
                reader=reader,
                by_label={one.label.casefold(): one for one in self.identities},
                rules=PatternTable.of((rule.pattern, rule.label) for rule in rules),
                by_number={number: one for one in self.identities if (number := reader.subject(one.number).number)},
            )
        return self._known

    def _save(self, **changes: object) -> None:
        save(self._ctx, CallerIdSettings, **changes)

    def _post_rule_change(self, text: str, before: CallerIdSettings) -> None:
        async def undo() -> None:
            self._save(rules=before.rules)

        self._ctx.notices.post(text, action=NoticeAction(label="Undo", run=undo))

    def _settings_changed(self, event: SettingsChanged) -> None:
        if not isinstance(event.after, (CallerIdSettings, DialingSettings)):
            return
        self._known = self._identities = None
        if self._next is not None and self._next not in self.identities:
            self._next, self._next_is_set = None, False
        self._watchers.tell()


def _names(line: str, numbers: set[str], reader: PatternReader) -> bool:
    """Whether a rule is for one of these numbers alone."""
    rules = read_rules((line,), reader)
    return any(key in numbers for rule in rules if not rule.pattern.text.endswith("*") for key in rule.pattern.keys)
