"""The context menus of a person and of a finished call: what the phone can do with a number, then what plugins add."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from typing import Final, Protocol, TypeVar

from callmanager.api import CallRecord, Contact, NumberKind, format_number, plain
from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QMenu, QWidget

from callmanager_shell.services import ShellServices

_MOST_NUMBERS: Final = 8
_KINDS: Final = {
    NumberKind.EXTENSION: "extension",
    NumberKind.WORK: "work",
    NumberKind.MOBILE: "mobile",
    NumberKind.HOME: "home",
    NumberKind.FAX: "fax",
    NumberKind.OTHER: "",
}

T = TypeVar("T", Contact, CallRecord)
T_contra = TypeVar("T_contra", Contact, CallRecord, contravariant=True)


class _Action(Protocol[T_contra]):
    """What contact and history actions have in common."""

    @property
    def id(self) -> str: ...
    @property
    def label(self) -> str: ...
    @property
    def icon(self) -> str: ...
    @property
    def run(self) -> Callable[[T_contra], Awaitable[None]]: ...
    @property
    def available(self) -> Callable[[T_contra], bool]: ...


def contact_menu(services: ShellServices, parent: QWidget, contact: Contact) -> QMenu:
    """Deletes itself when it is closed; `parent` is what its work ends with."""
    menu = _menu(parent, f"Actions for {plain(contact.name)}")
    _add_numbers(services, menu, numbers_of(contact))
    _add_actions(services, menu, parent, contact, [(owned.plugin_id, owned.value) for owned in services.app.contact_actions()])
    return _filled(menu)


def history_menu(services: ShellServices, parent: QWidget, record: CallRecord) -> QMenu:
    """As `contact_menu`, for a finished call."""
    remote = record.remote
    menu = _menu(parent, f"Actions for the call with {plain(remote.label)}")
    target = remote.number or remote.uri
    _add_numbers(services, menu, (("", target),) if target else ())
    _add_actions(services, menu, parent, record, [(owned.plugin_id, owned.value) for owned in services.app.history_actions()])
    return _filled(menu)


def numbers_of(contact: Contact) -> tuple[tuple[str, str], ...]:
    """What can be called, as (kind in words, number), the extension first, each once."""
    found: dict[str, str] = {}
    if contact.extension:
        found[contact.extension] = _KINDS[NumberKind.EXTENSION]
    for entry in contact.numbers:
        if entry.number:
            found.setdefault(entry.number, plain(entry.label, limit=20) or _KINDS[entry.kind])
    return tuple((kind, number) for number, kind in found.items())[:_MOST_NUMBERS]


def _menu(parent: QWidget, name: str) -> QMenu:
    menu = QMenu(parent)
    menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
    menu.setAccessibleName(name)
    menu.setToolTipsVisible(True)
    return menu


def _add_numbers(services: ShellServices, menu: QMenu, numbers: Sequence[tuple[str, str]]) -> None:
    look = services.look
    several = len(numbers) > 1
    for kind, number in numbers:
        words = f"Call {kind} {shown(number)}" if several and kind else f"Call {shown(number)}"
        entry = menu.addAction(look.icon("phone"), _literal(words))
        entry.triggered.connect(lambda _checked=False, number=number: services.command(lambda: services.app.calls.dial(number)))
    if not numbers:
        return
    if not several:
        copy = menu.addAction(look.icon("copy"), "Copy number")
        copy.triggered.connect(lambda _checked=False: _copy(numbers[0][1]))
        return
    more = menu.addMenu(look.icon("copy"), "Copy number")
    for kind, number in numbers:
        entry = more.addAction(_literal(f"{shown(number)} ({kind})" if kind else shown(number)))
        entry.triggered.connect(lambda _checked=False, number=number: _copy(number))


def _add_actions(
    services: ShellServices, menu: QMenu, parent: QWidget, subject: T, actions: Sequence[tuple[str, _Action[T]]]
) -> None:
    """Those of one plugin stay together; the plugin whose first entry has the lowest order comes first."""
    groups: dict[str, list[_Action[T]]] = {}
    for plugin_id, action in actions:
        if services.asking.yes(
            partial(action.available, subject), key=f"{plugin_id}/{action.id}", owner=plugin_id, label=action.label
        ):
            groups.setdefault(plugin_id, []).append(action)
    if groups and menu.actions():
        menu.addSeparator()
    for plugin_id, group in groups.items():
        for action in group:
            _add_action(services, menu, parent, subject, plugin_id, action)


def _add_action(services: ShellServices, menu: QMenu, parent: QWidget, subject: T, plugin_id: str, action: _Action[T]) -> None:
    def start() -> None:
        services.tasks.call(parent, action.run, subject, name=plugin_id, doing=f"running “{action.label}”")

    entry = menu.addAction(services.look.icon(action.icon), _literal(plain(action.label, limit=60)))
    entry.triggered.connect(lambda _checked=False: start())


def _filled(menu: QMenu) -> QMenu:
    if not menu.actions():
        menu.addAction("Nothing can be done here").setEnabled(False)
    return menu


def shown(number: str) -> str:
    """A number or address as people read it."""
    return plain(format_number(number) or number, limit=60)


def _literal(text: str) -> str:
    """An ampersand in a name is no keyboard mark."""
    return text.replace("&", "&&")


def _copy(number: str) -> None:
    QGuiApplication.clipboard().setText(number)
