"""The header bar: logo, product name, registration pill, what plugins add, theme toggle and gear."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from PySide6.QtCore import QEvent, QRectF, QSize, Qt, QTimer, Signal
from PySide6.QtGui import QColor, QFocusEvent, QFontMetrics, QPainter, QPaintEvent, QPen, QResizeEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QPushButton, QSizePolicy, QWidget
from typing_extensions import override

from callmanager_shell.connection_text import ConnectionView, Standing
from callmanager_shell.icons import logo_pixmap
from callmanager_shell.look import Look
from callmanager_shell.tokens import Space, TypeSize
from callmanager_shell.widgets.button import Button, ButtonKind, reached_by_keyboard
from callmanager_shell.widgets.text import Text

_NARROW: Final = 430


class RegistrationPill(QPushButton):
    """A dot and the extension when registered, otherwise a word; opens the connection's details."""

    def __init__(self, look: Look, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._look = look
        self._view: ConnectionView | None = None
        self._ring = False
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        self.setAttribute(Qt.WidgetAttribute.WA_Hover)

    @override
    def focusInEvent(self, event: QFocusEvent) -> None:
        self._ring = reached_by_keyboard(event)
        super().focusInEvent(event)

    def show_view(self, view: ConnectionView) -> None:
        self._view = view
        self.setText(view.pill)
        self.setAccessibleName(view.spoken)
        self.setToolTip(view.spoken)
        self.updateGeometry()
        self.update()

    @override
    def sizeHint(self) -> QSize:
        width = QFontMetrics(self._look.font(TypeSize.BODY, weight=600)).horizontalAdvance(self.text())
        return QSize(width + 36, 26)

    @override
    def paintEvent(self, _event: QPaintEvent) -> None:
        if self._view is None:
            return
        theme = self._look.theme
        fills = {
            Standing.READY: (theme.good_background, theme.good_text),
            Standing.CONNECTING: (theme.held_background, theme.warning_text),
        }
        fill, ink = fills.get(self._view.standing, (theme.danger_background, theme.danger_text))
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        area = QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5)
        painter.setPen(QPen(QColor(ink), 1) if self.underMouse() else Qt.PenStyle.NoPen)
        painter.setBrush(QColor(fill))
        painter.drawRoundedRect(area, 13, 13)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(getattr(theme, self._view.dot)))
        painter.drawEllipse(QRectF(10.5, self.height() / 2 - 4, 8, 8))
        painter.setPen(QColor(ink))
        painter.setFont(self._look.font(TypeSize.BODY, weight=600, tabular=True))
        painter.drawText(QRectF(25, 0, self.width() - 25, self.height()), int(Qt.AlignmentFlag.AlignVCenter), self.text())
        if self.hasFocus() and self._ring:
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.setPen(QPen(QColor(theme.accent), 2))
            painter.drawRoundedRect(area.adjusted(0.5, 0.5, -0.5, -0.5), 13, 13)
        painter.end()


class _Logo(QWidget):
    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setFixedSize(26, 26)

    @override
    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.drawPixmap(0, 0, logo_pixmap(26, self.devicePixelRatioF()))
        painter.end()


class _Slot(QWidget):
    """The place of a plugin's item: as wide as the item wants to be, never narrower."""

    def __init__(self, item: QWidget) -> None:
        super().__init__()
        self.item = item
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(item)

    @property
    def wanted(self) -> int:
        """Its width in pixels; nothing when the item has hidden itself."""
        if self.item.isHidden():
            return 0
        return max(self.item.sizeHint().width(), self.item.minimumSizeHint().width(), self.item.minimumWidth(), 0)


class Header(QFrame):
    """Where it gets narrow, the product's name goes first, then the items, the last one first. Nothing is cut off."""

    settings_wanted = Signal()
    details_wanted = Signal()
    theme_toggled = Signal()

    def __init__(self, look: Look, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._look = look
        self._slots: list[_Slot] = []
        self.setProperty("role", "header")
        self.setFixedHeight(48)
        self._logo = _Logo()
        self.pill = RegistrationPill(look)
        self.pill.clicked.connect(self.details_wanted)
        self._name = Text("PC CallManager", role="name")
        self.theme_button = Button(look, "", icon="moon", kind=ButtonKind.GHOST, compact=True)
        self.theme_button.clicked.connect(self.theme_toggled)
        self.gear = Button(look, "Settings", icon="settings", kind=ButtonKind.GHOST, compact=True, hint="Ctrl+,")
        self.gear.clicked.connect(self.settings_wanted)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(Space.GROUP, 0, Space.INNER, 1)
        layout.setSpacing(Space.INNER)
        layout.addWidget(self._logo)
        layout.addWidget(self._name)
        layout.addWidget(self.pill)
        layout.addStretch()
        self._items = QHBoxLayout()
        self._items.setSpacing(Space.SIBLING)
        layout.addLayout(self._items)
        buttons = QHBoxLayout()
        buttons.setSpacing(Space.TIGHT)
        buttons.addWidget(self.theme_button)
        buttons.addWidget(self.gear)
        layout.addLayout(buttons)
        self._fitting = QTimer(self)
        self._fitting.setSingleShot(True)
        self._fitting.timeout.connect(self._fit)
        self._show_theme()
        look.changed.connect(self._show_theme)

    def set_items(self, items: Sequence[QWidget]) -> None:
        """Show these, in this order; the caller keeps those that it no longer gives, or deletes them."""
        kept = {id(slot.item): slot for slot in self._slots}
        slots = [kept.pop(id(item)) if id(item) in kept else _Slot(item) for item in items]
        for gone in kept.values():
            self._items.removeWidget(gone)
            gone.hide()
            gone.deleteLater()
        for index, slot in enumerate(slots):
            if self._items.indexOf(slot) != index:
                self._items.insertWidget(index, slot)
        self._slots = slots
        previous: QWidget = self.pill
        for following in (*items, self.theme_button, self.gear):
            self.setTabOrder(previous, following)
            previous = following
        self._fit()

    def items(self) -> tuple[QWidget, ...]:
        """Those that are shown, from left to right."""
        return tuple(slot.item for slot in self._slots if not slot.isHidden())

    def fit_soon(self) -> None:
        """An item, or the pill, has another width now."""
        self._fitting.start(0)

    @override
    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit()

    @override
    def event(self, event: QEvent) -> bool:
        if event.type() is QEvent.Type.LayoutRequest:
            self._fit()
        return super().event(event)

    def _fit(self) -> None:
        buttons = self.theme_button.sizeHint().width() + Space.TIGHT + self.gear.sizeHint().width()
        fixed = Space.GROUP + 26 + Space.INNER + self.pill.sizeHint().width() + Space.INNER + buttons + Space.INNER
        room = self.width() - fixed - Space.INNER
        shown = [slot for slot in self._slots if slot.wanted]

        def needed(count: int) -> int:
            return sum(slot.wanted for slot in shown[:count]) + Space.SIBLING * max(0, count - 1) + Space.INNER * bool(count)

        name = self._name.sizeHint().width() + Space.INNER
        named = self.width() >= _NARROW and room >= name + needed(len(shown))
        count = len(shown)
        while count and not named and needed(count) > room:
            count -= 1
        self._name.setVisible(named or (not shown and self.width() >= _NARROW))
        for slot in self._slots:
            fits = slot in shown[:count]
            slot.setVisible(fits)
            if fits and slot.minimumWidth() != slot.wanted:
                slot.setFixedWidth(slot.wanted)

    def _show_theme(self) -> None:
        dark = self._look.theme.dark
        self.theme_button.set_label("Light theme" if dark else "Dark theme", icon="sun" if dark else "moon")
