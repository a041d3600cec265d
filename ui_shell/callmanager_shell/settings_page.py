"""The Settings panel: collapsible sections, made from what core and plugins declare."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from callmanager.api import (
    AudioDevicesChanged,
    AudioSettings,
    ConnectionSettings,
    ContributionsChanged,
    PluginStateChanged,
    SettingsSection,
    UserError,
)
from PySide6.QtCore import QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QHBoxLayout, QPushButton, QScrollArea, QSizePolicy, QVBoxLayout, QWidget
from typing_extensions import override

from callmanager_shell.connection_section import ConnectionSection
from callmanager_shell.connection_text import Standing, connection_view
from callmanager_shell.look import Look
from callmanager_shell.plugin_text import head_note
from callmanager_shell.plugins_page import PluginsSection
from callmanager_shell.services import ShellServices
from callmanager_shell.settings_form import SettingsForm
from callmanager_shell.settings_rows import DeviceRow
from callmanager_shell.tokens import Radius, Space, TypeSize
from callmanager_shell.widgets.button import Button, ButtonKind
from callmanager_shell.widgets.text import Text

if TYPE_CHECKING:
    from callmanager.app import Owned


class _SectionHead(QPushButton):
    """Icon, title and a chevron; folds the section."""

    def __init__(self, look: Look, title: str, icon: str) -> None:
        super().__init__(title)
        self._look = look
        self._icon = icon
        self._note = ""
        self._note_ink = "muted"
        self.setCheckable(True)
        self.setAccessibleName(f"Section {title}")
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setAttribute(Qt.WidgetAttribute.WA_Hover)

    def show_note(self, text: str, *, ink: str = "muted") -> None:
        """A few words at the right; `ink` is a colour of the theme."""
        self._note, self._note_ink = text, ink
        self.setAccessibleDescription(text)
        self.update()

    @override
    def sizeHint(self) -> QSize:
        return QSize(200, 48)

    @override
    def paintEvent(self, _event: QPaintEvent) -> None:
        theme = self._look.theme
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        if self.underMouse():
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(QColor(theme.hover))
            painter.drawRoundedRect(QRectF(self.rect()).adjusted(1, 1, -1, -1), Radius.CARD - 1, Radius.CARD - 1)
        middle = self.height() / 2
        self._look.paint_icon(painter, self._icon, QRectF(16, middle - 10, 20, 20), theme.accent)
        painter.setPen(QColor(theme.text))
        painter.setFont(self._look.font(TypeSize.NAME, weight=600))
        painter.drawText(QRectF(48, 0, self.width() - 90, self.height()), int(Qt.AlignmentFlag.AlignVCenter), self.text())
        if self._note:
            painter.setPen(QColor(getattr(theme, self._note_ink)))
            painter.setFont(self._look.font(TypeSize.SMALL, weight=500))
            place = QRectF(48, 0, self.width() - 48 - 42, self.height())
            painter.drawText(place, int(Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignRight), self._note)
        chevron = "chevron-down" if self.isChecked() else "chevron-right"
        self._look.paint_icon(painter, chevron, QRectF(self.width() - 34, middle - 9, 18, 18), theme.muted)
        if self.hasFocus():
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.setPen(QPen(QColor(theme.accent), 2))
            painter.drawRoundedRect(QRectF(self.rect()).adjusted(1, 1, -1, -1), Radius.CARD - 1, Radius.CARD - 1)
        painter.end()


class SectionCard(QWidget):
    def __init__(self, look: Look, *, section_id: str, title: str, icon: str, body: QWidget) -> None:
        super().__init__()
        self._look = look
        self.section_id = section_id
        self.body = body
        self.head = _SectionHead(look, title, icon)
        self.head.toggled.connect(self._fold)
        holder = QVBoxLayout()
        holder.setContentsMargins(Space.GROUP, Space.TIGHT, Space.GROUP, Space.GROUP)
        holder.addWidget(body)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addWidget(self.head)
        self._holder = QWidget()
        self._holder.setLayout(holder)
        layout.addWidget(self._holder)
        self._holder.hide()

    def expand(self, expanded: bool) -> None:  # noqa: FBT001 - reads like Qt's setters
        self.head.setChecked(expanded)

    def _fold(self, expanded: bool) -> None:  # noqa: FBT001 - a Qt slot
        self._holder.setVisible(expanded)

    @override
    def paintEvent(self, _event: QPaintEvent) -> None:
        theme = self._look.theme
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QPen(QColor(theme.line), 1))
        painter.setBrush(QColor(theme.surface))
        painter.drawRoundedRect(QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5), Radius.CARD, Radius.CARD)
        painter.end()


class SettingsPage(QWidget):
    """Stays alive when it is left, so that half-typed values are still there; devices are watched only while it is open."""

    closed = Signal()

    def __init__(self, services: ShellServices) -> None:
        super().__init__()
        self._services = services
        self._cards: list[SectionCard] = []
        self._watching: Callable[[], None] | None = None
        back = Button(services.look, "Close Settings", icon="close", kind=ButtonKind.GHOST, compact=True, hint="Esc")
        back.clicked.connect(self.closed)
        top = QHBoxLayout()
        top.setContentsMargins(Space.TIGHT, 0, 0, 0)
        top.addWidget(Text("Settings", role="title"))
        top.addStretch()
        top.addWidget(back)
        self._area = QScrollArea()
        self._area.setWidgetResizable(True)
        self._area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._area.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        inner = QWidget()
        self._list = QVBoxLayout(inner)
        self._list.setContentsMargins(Space.TIGHT, Space.TIGHT, Space.SIBLING, Space.GROUP)
        self._list.setSpacing(Space.INNER)
        self._plugins = SectionCard(
            services.look, section_id="plugins", title="Plugins", icon="plug", body=PluginsSection(services)
        )
        self._list.addWidget(self._plugins)
        self._list.addStretch()
        self._area.setWidget(inner)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(Space.SIBLING)
        layout.addLayout(top)
        layout.addWidget(self._area, 1)
        bus = services.app.bus
        self._undo: list[Callable[[], None]] = [
            bus.subscribe(ContributionsChanged, lambda _event: self.reload(), owner="shell"),
            bus.subscribe(AudioDevicesChanged, lambda _event: self._show_devices(), owner="shell"),
            bus.subscribe(PluginStateChanged, lambda _event: self._note_plugins(), owner="shell"),
        ]
        self.reload()
        self._note_plugins()

    def close_down(self) -> None:
        self.leave()
        for undo in self._undo:
            undo()
        self._undo.clear()
        for card in (*self._cards, self._plugins):
            self._close_body(card)

    def card(self, section_id: str) -> SectionCard:
        return next(card for card in (*self._cards, self._plugins) if card.section_id == section_id)

    def opened(self) -> None:
        """It is shown now."""
        if self._watching is None:
            self._watching = self._services.app.audio.watch()
        app = self._services.app
        first = connection_view(app.accounts.current, app.accounts.registration).standing is Standing.NOT_SET_UP
        connection = self.card("connection")
        if not any(card.head.isChecked() for card in self._cards):
            for card in self._cards:
                card.expand(not first or card is connection)
        if isinstance(connection.body, ConnectionSection):
            connection.body.focus_first()

    def leave(self) -> None:
        """It is hidden now."""
        if self._watching is not None:
            self._watching()
            self._watching = None

    def reload(self) -> None:
        """Ask for the sections again; cards of sections that stay are kept."""
        wanted = self._services.app.settings_sections()
        kept = {card.section_id: card for card in self._cards}
        for card in self._cards:
            self._list.removeWidget(card)
        self._cards = []
        for position, owned in enumerate(wanted):
            if owned.value.id in kept:
                card = kept.pop(owned.value.id)
            else:
                section = owned.value
                card = SectionCard(
                    self._services.look,
                    section_id=section.id,
                    title=section.title,
                    icon=section.icon,
                    body=self._body(owned),
                )
            self._cards.append(card)
            self._list.insertWidget(position, card)
        for gone in kept.values():
            self._close_body(gone)
            gone.deleteLater()
        self._show_devices()

    def _body(self, owned: Owned[SettingsSection]) -> QWidget:
        section = owned.value
        if section.model is ConnectionSettings:
            return ConnectionSection(self._services)
        form: QWidget = SettingsForm(self._services, section.model)
        extras: list[QWidget] = []
        if section.model is AudioSettings:
            extras.append(self._preview_button())
        if section.extra is not None:
            extras.append(self._extra(owned))
        if not extras:
            return form
        return _Body(form, extras)

    def _preview_button(self) -> QWidget:
        button = Button(self._services.look, "Play ringtone", icon="bell")
        button.clicked.connect(self._preview)
        return button

    def _preview(self) -> None:
        try:
            self._services.app.audio.preview_ringtone()
        except UserError as error:
            self._services.show_error(error)

    def _extra(self, owned: Owned[SettingsSection]) -> QWidget:
        from callmanager_shell.kit import ShellKit

        build = owned.value.extra
        assert build is not None
        try:
            return build(ShellKit(self._services, owned.plugin_id))
        except Exception as error:  # noqa: BLE001 - a plugin's widget must not take Settings with it
            self._services.app.report_fault(
                error, owner=owned.plugin_id, doing=f"building the settings of “{owned.value.title}”"
            )
            return Text(f"The plugin “{owned.plugin_id}” could not show the rest of its settings.", role="muted", wrap=True)

    def _note_plugins(self) -> None:
        words, alarming = head_note(self._services.app.plugins.states())
        self._plugins.head.show_note(words, ink="danger_text" if alarming else "muted")

    def _show_devices(self) -> None:
        devices = self._services.app.audio.devices
        for card in self._cards:
            form = card.body.form if isinstance(card.body, _Body) else card.body
            if isinstance(form, SettingsForm):
                for row in form.rows():
                    if isinstance(row, DeviceRow):
                        row.show_devices(devices)

    @staticmethod
    def _close_body(card: SectionCard) -> None:
        body: Any = card.body.form if isinstance(card.body, _Body) else card.body
        if isinstance(body, (SettingsForm, ConnectionSection, PluginsSection)):
            body.close_down()


class _Body(QWidget):
    """A form with something below it."""

    def __init__(self, form: QWidget, extras: list[QWidget]) -> None:
        super().__init__()
        self.form = form
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(Space.GROUP)
        layout.addWidget(form)
        for extra in extras:
            layout.addWidget(extra, 0, Qt.AlignmentFlag.AlignLeft if isinstance(extra, Button) else Qt.AlignmentFlag(0))
