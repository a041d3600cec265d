"""Who has which keyboard shortcut: the window first, then plugins, first come first served; conflicts are told once."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Final

import attrs
from callmanager.api import ContributionsChanged
from PySide6.QtCore import QObject, Qt
from PySide6.QtGui import QKeySequence, QShortcut
from PySide6.QtWidgets import QWidget

if TYPE_CHECKING:
    from callmanager_shell.services import ShellServices

_log = logging.getLogger(__name__)

_HOLDING: Final = Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.AltModifier | Qt.KeyboardModifier.MetaModifier


@attrs.frozen(kw_only=True)
class Claim:
    """Somebody wants a shortcut. Claims with the same `key` are one: call actions of one plugin may share a shortcut."""

    shortcut: str
    key: str
    owner: str
    label: str


def normal(shortcut: str) -> str:
    """One way to write each shortcut; empty for what is none: a sequence, an unknown key, or one that types a character."""
    sequence = QKeySequence(shortcut, QKeySequence.SequenceFormat.PortableText)
    if sequence.count() != 1:
        return ""
    combination = sequence[0]  # type: ignore[index]  # the stubs lack it
    key = combination.key()
    function_key = Qt.Key.Key_F1 <= key <= Qt.Key.Key_F35
    if key == Qt.Key.Key_unknown or not (combination.keyboardModifiers() & _HOLDING or function_key):
        return ""
    return sequence.toString(QKeySequence.SequenceFormat.PortableText)


def shown(shortcut: str) -> str:
    """As this system writes it."""
    return QKeySequence(shortcut, QKeySequence.SequenceFormat.PortableText).toString(QKeySequence.SequenceFormat.NativeText)


class ShortcutTable:
    """Gives each shortcut to one claim. Who has one keeps it as long as it is claimed; the reserved ones are never given."""

    def __init__(self, reserved: Iterable[str]) -> None:
        self._reserved = {QKeySequence(shortcut).toString(QKeySequence.SequenceFormat.PortableText) for shortcut in reserved}
        self._holders: dict[str, Claim] = {}
        self._told: set[tuple[str, str]] = set()

    def assign(self, claims: Iterable[Claim]) -> Mapping[str, Claim]:
        """Who has which now, by the shortcut's normal writing."""
        wanted: dict[str, dict[str, Claim]] = {}
        for claim in claims:
            shortcut = normal(claim.shortcut)
            if not shortcut:
                self._tell(claim, f"“{claim.shortcut}” can't be one (one key with Ctrl, Alt or Meta, or a function key)")
            elif shortcut in self._reserved:
                self._tell(claim, f"{shortcut} belongs to the window")
            else:
                wanted.setdefault(shortcut, {}).setdefault(claim.key, claim)
        holders: dict[str, Claim] = {}
        for shortcut, contenders in wanted.items():
            before = self._holders.get(shortcut)
            first = (
                contenders[before.key] if before is not None and before.key in contenders else next(iter(contenders.values()))
            )
            holders[shortcut] = first
            for claim in contenders.values():
                if claim is not first:
                    self._tell(claim, f"{shortcut} is taken by “{first.label}” of the plugin {first.owner}")
        self._holders = holders
        return holders

    def _tell(self, claim: Claim, why: str) -> None:
        if (claim.key, why) not in self._told:
            self._told.add((claim.key, why))
            _log.warning(
                "the shortcut of “%s” of the plugin %s is left out: %s",
                claim.label,
                claim.owner,
                why,
                extra={"plugin": claim.owner},
            )


class Shortcuts(QObject):
    """The shortcuts that plugins contribute, as the plugins come and go."""

    def __init__(
        self,
        services: ShellServices,
        window: QWidget,
        *,
        reserved: Iterable[str],
        run_call_action: Callable[[str, str], None],
        run_command: Callable[[str], None],
    ) -> None:
        super().__init__(window)
        self._services = services
        self._window = window
        self._table = ShortcutTable(reserved)
        self._run_call_action = run_call_action
        self._run_command = run_command
        self._made: dict[str, QShortcut] = {}
        self._holders: Mapping[str, Claim] = {}
        self._undo: Callable[[], None] | None = services.app.bus.subscribe(
            ContributionsChanged, lambda _event: self.reload(), owner="shell"
        )
        self.reload()

    def close_down(self) -> None:
        if self._undo is not None:
            self._undo()
            self._undo = None

    def of_command(self, key: str) -> str:
        """The shortcut that this palette command really has; empty for none."""
        return next((shortcut for shortcut, claim in self._holders.items() if claim.key == f"command:{key}"), "")

    def of_action(self, plugin_id: str, wanted: str) -> str:
        """The shortcut if this plugin's call actions really have it; empty otherwise."""
        shortcut = normal(wanted) if wanted else ""
        claim = self._holders.get(shortcut)
        return shortcut if claim is not None and claim.key == f"calls:{plugin_id}" else ""

    def reload(self) -> None:
        """After `ContributionsChanged`."""
        self._holders = self._table.assign(self._claims())
        for shortcut in [shortcut for shortcut in self._made if shortcut not in self._holders]:
            made = self._made.pop(shortcut)
            made.setEnabled(False)
            made.deleteLater()
        for shortcut in self._holders:
            if shortcut not in self._made:
                made = QShortcut(QKeySequence(shortcut, QKeySequence.SequenceFormat.PortableText), self._window)
                made.activated.connect(lambda shortcut=shortcut: self._pressed(shortcut))
                self._made[shortcut] = made

    def _claims(self) -> list[Claim]:
        app = self._services.app
        actions = [
            Claim(
                shortcut=owned.value.shortcut,
                key=f"calls:{owned.plugin_id}",
                owner=owned.plugin_id,
                label=owned.value.label,
            )
            for owned in app.call_actions()
            if owned.value.shortcut
        ]
        commands = [
            Claim(
                shortcut=owned.value.shortcut,
                key=f"command:{owned.plugin_id}/{owned.value.id}",
                owner=owned.plugin_id,
                label=owned.value.title,
            )
            for owned in app.palette_commands()
            if owned.value.shortcut
        ]
        return actions + commands

    def _pressed(self, shortcut: str) -> None:
        claim = self._holders.get(shortcut)
        if claim is None:
            return
        kind, _, key = claim.key.partition(":")
        if kind == "calls":
            self._run_call_action(shortcut, key)
        else:
            self._run_command(key)
