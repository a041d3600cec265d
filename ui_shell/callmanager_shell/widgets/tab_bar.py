"""The tabs' heads: icon, title, count; where it gets narrow only the current one keeps its title."""

from typing import Final

from PySide6.QtCore import QEvent, QPoint, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QFocusEvent, QFontMetricsF, QMouseEvent, QPainter, QPaintEvent, QPen, QResizeEvent
from PySide6.QtWidgets import QTabBar, QWidget
from typing_extensions import override

from callmanager_shell.look import Look
from callmanager_shell.tokens import Radius, Space, TypeSize
from callmanager_shell.widgets.button import reached_by_keyboard
from callmanager_shell.widgets.count import count_width, paint_count

_HEIGHT: Final = 40
_ICON: Final = 18
_PAD: Final = 12
_GAP: Final = 7


class TabBar(QTabBar):
    """Titles are the tabs' texts, so screen readers and tests read them whatever is painted."""

    def __init__(self, look: Look, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._look = look
        self._icons: dict[int, str] = {}
        self._counts: dict[int, int] = {}
        self._sizes: list[int] = []
        self._short = False
        self._ring = False
        self._hot = -1
        self.setDrawBase(False)
        self.setExpanding(False)
        self.setMouseTracking(True)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setElideMode(Qt.TextElideMode.ElideNone)
        self.setUsesScrollButtons(True)
        self.currentChanged.connect(lambda _index: self._fit())

    def describe(self, index: int, *, title: str, icon: str, count: int, shortcut: str) -> None:
        """Everything about one tab; asked again when one of it changes."""
        new = f"{count} new" if count else ""
        self._icons[index] = icon
        self._counts[index] = count
        if self.tabText(index) != title:
            self.setTabText(index, title)
        self.setAccessibleTabName(index, ", ".join(filter(None, (title, new))))
        self.setTabToolTip(index, ", ".join(filter(None, (f"{title} ({shortcut})" if shortcut else title, new))))
        self._fit()

    @property
    def short(self) -> bool:
        """Whether only the current tab shows its title."""
        return self._short

    def icon_name(self, index: int) -> str:
        return self._icons.get(index, "")

    def count_at(self, index: int) -> int:
        return self._counts.get(index, 0)

    @override
    def tabSizeHint(self, index: int) -> QSize:
        return QSize(round(self._width(index, titled=not self._short or index == self.currentIndex())), _HEIGHT)

    @override
    def minimumTabSizeHint(self, index: int) -> QSize:
        return self.tabSizeHint(index)

    @override
    def minimumSizeHint(self) -> QSize:
        return QSize(80, _HEIGHT)

    @override
    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit()

    @override
    def tabLayoutChange(self) -> None:
        super().tabLayoutChange()
        self.update()

    @override
    def focusInEvent(self, event: QFocusEvent) -> None:
        self._ring = reached_by_keyboard(event)
        super().focusInEvent(event)

    @override
    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        super().mouseMoveEvent(event)
        self._warm(event.position().toPoint())

    @override
    def leaveEvent(self, event: QEvent) -> None:
        super().leaveEvent(event)
        self._warm(QPoint(-1, -1))

    @override
    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        for index in range(self.count()):
            self._paint_tab(painter, index, QRectF(self.tabRect(index)))
        painter.end()

    def _paint_tab(self, painter: QPainter, index: int, area: QRectF) -> None:
        theme = self._look.theme
        current = index == self.currentIndex()
        if index == self._hot and not current:
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(QColor(theme.hover))
            painter.drawRoundedRect(area.adjusted(2, 4, -2, -5), Radius.CONTROL, Radius.CONTROL)
        ink = theme.text if current or index == self._hot else theme.muted
        left = area.left() + _PAD
        middle = area.center().y()
        name = self._icons.get(index, "")
        if name:
            tint = theme.accent if current else ink
            self._look.paint_icon(painter, name, QRectF(left, middle - _ICON / 2, _ICON, _ICON), tint)
            left += _ICON + _GAP
        if not self._short or current or not name:
            painter.setFont(self._look.font(TypeSize.BODY, weight=600 if current else 500))
            painter.setPen(QColor(ink))
            flags = int(Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft | Qt.TextFlag.TextSingleLine)
            painter.drawText(QRectF(left, area.top(), area.right() - left, area.height()), flags, self.tabText(index))
            left += self._text_width(index) + _GAP
        paint_count(painter, self._look, self._counts.get(index, 0), left, middle)
        if current:
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(QColor(theme.accent))
            painter.drawRoundedRect(QRectF(area.left() + 4, area.bottom() - 2, area.width() - 8, 2), 1, 1)
        if current and self.hasFocus() and self._ring:
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.setPen(QPen(QColor(theme.accent), 2))
            painter.drawRoundedRect(area.adjusted(3, 4, -3, -6), Radius.CONTROL, Radius.CONTROL)

    def _text_width(self, index: int) -> float:
        # as for the current one, so that nothing moves when another becomes it
        return QFontMetricsF(self._look.font(TypeSize.BODY, weight=600)).horizontalAdvance(self.tabText(index)) + 1

    def _width(self, index: int, *, titled: bool) -> float:
        icon = _ICON if self._icons.get(index) else 0
        text = self._text_width(index) if titled or not icon else 0.0
        count = count_width(self._look, self._counts.get(index, 0))
        parts = [width for width in (icon, text, count) if width]
        return sum(parts) + _GAP * max(0, len(parts) - 1) + 2 * _PAD

    def _fit(self) -> None:
        parent = self.parentWidget()
        room = (parent.width() if parent is not None else self.width()) - Space.TIGHT
        self._short = sum(self._width(index, titled=True) for index in range(self.count())) > room > 0
        sizes = [self.tabSizeHint(index).width() for index in range(self.count())]
        if sizes != self._sizes:
            self._sizes = sizes
            # Qt keeps the tabs' rectangles until it hears that something about them is another
            self.setIconSize(QSize(_ICON + 1, _ICON) if self.iconSize().width() == _ICON else QSize(_ICON, _ICON))
        self.update()

    def _warm(self, position: QPoint) -> None:
        hot = self.tabAt(position)
        if hot != self._hot:
            self._hot = hot
            self.update()
