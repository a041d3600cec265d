"""`UiKit`: what the Qt code of a plugin gets from the shell, bound to the plugin's id."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any, Final

from callmanager.api import CallRecord, Contact, PresenceDot, PresenceStatus, Severity, TextStyle, ThemeColour, UserError
from PySide6.QtCore import QObject, QRectF, Signal, SignalInstance
from PySide6.QtGui import QColor, QFont, QIcon, QPainter
from PySide6.QtWidgets import QMenu, QWidget

from callmanager_shell.services import ShellServices
from callmanager_shell.tokens import TypeSize
from callmanager_shell.widgets.avatar import Avatar, paint_avatar

_STYLES: Final = {
    TextStyle.SMALL: (TypeSize.SMALL, 400, False),
    TextStyle.BODY: (TypeSize.BODY, 400, False),
    TextStyle.NAME: (TypeSize.NAME, 600, False),
    TextStyle.TITLE: (TypeSize.TITLE, 600, False),
    TextStyle.DIGITS: (TypeSize.TIMER, 600, True),
}
_DOT_SHARE: Final = 0.3


class ShellKit:
    """Faults in what a plugin runs through it are reported with that plugin's name. What is rarely used is imported late."""

    def __init__(self, services: ShellServices, plugin_id: str) -> None:
        self._services = services
        self._plugin_id = plugin_id

    # ------------------------------------------------------------------------------------------------------------------ looks

    def icon(self, name: str) -> QIcon:
        return self._services.look.icon(name)

    def colour(self, colour: ThemeColour) -> QColor:
        return QColor(getattr(self._services.look.theme, colour.value))

    def font(self, style: TextStyle) -> QFont:
        size, weight, tabular = _STYLES[style]
        return self._services.look.font(size, weight=weight, tabular=tabular)

    def follow_theme(self, owner: QObject, apply: Callable[[], None]) -> None:
        def contained() -> None:
            self._contained(apply, doing="following the theme")

        link = self._services.look.changed.connect(contained)
        owner.destroyed.connect(lambda: QObject.disconnect(link))
        contained()

    # ---------------------------------------------------------------------------------------------------------------- widgets

    def avatar(self, parent: QWidget, *, name: str, key: str, size: int = 40) -> QWidget:
        return Avatar(self._services.look, name=name, key=key, size=size, parent=parent)

    def presence_dot(self, parent: QWidget, *, status: PresenceStatus = PresenceStatus.UNKNOWN, size: int = 12) -> PresenceDot:
        from callmanager_shell.widgets.presence_dot import StatusDot

        return StatusDot(self._services.look, status=status, size=size, parent=parent)

    def paint_avatar(
        self, painter: QPainter, area: QRectF, *, name: str, key: str, status: PresenceStatus | None = None
    ) -> None:
        paint_avatar(painter, self._services.look, area, name=name, key=key)
        if status is not None:
            from callmanager_shell.widgets.presence_dot import paint_presence

            side = area.width() * _DOT_SHARE
            corner = QRectF(area.right() - side, area.bottom() - side, side, side)
            paint_presence(painter, self._services.look, status, corner, around="surface")

    def empty_state(
        self, parent: QWidget, *, icon: str, title: str, text: str, action: str = "", run: Callable[[], None] | None = None
    ) -> QWidget:
        from callmanager_shell.widgets.placeholder import Placeholder

        def contained() -> None:
            if run is not None:
                self._contained(run, doing=f"running “{action}”")

        return Placeholder(self._services.look, icon=icon, title=title, text=text, action=action, run=contained, parent=parent)

    def contact_menu(self, parent: QWidget, contact: Contact) -> QMenu:
        from callmanager_shell.context_menus import contact_menu

        return contact_menu(self._services, parent, contact)

    def history_menu(self, parent: QWidget, record: CallRecord) -> QMenu:
        from callmanager_shell.context_menus import history_menu

        return history_menu(self._services, parent, record)

    # ----------------------------------------------------------------------------------------------------- asking and telling

    async def confirm(self, parent: QWidget, *, title: str, text: str, action: str, destructive: bool = False) -> bool:
        from callmanager_shell.confirm import confirm

        return await confirm(self._services.look, parent, title=title, text=text, action=action, destructive=destructive)

    def toast(self, text: str, *, severity: Severity = Severity.INFO) -> None:
        self._services.toast(text, severity=severity)

    def open_settings(self, section_id: str = "") -> None:
        self._services.wishes.settings.emit(section_id)

    # ------------------------------------------------------------------------------------------------------------------- work

    def run(self, owner: QObject, work: Coroutine[Any, Any, None]) -> None:
        self._services.tasks.run(owner, work, name=self._plugin_id)

    def connect(self, signal: SignalInstance | Signal, owner: QObject, work: Callable[..., Coroutine[Any, Any, None]]) -> None:
        self._services.tasks.connect(signal, owner, work, name=self._plugin_id)

    def _contained(self, function: Callable[[], None], *, doing: str) -> None:
        try:
            function()
        except UserError as error:
            self._services.show_error(error)
        except Exception as error:  # noqa: BLE001 - a plugin's bug is told with its name, and the window goes on
            self._services.app.report_fault(error, owner=self._plugin_id, doing=doing)
