"""The one button: plain, primary, good, danger, warning or ghost; text with icon, or icon alone."""

from enum import Enum
from typing import Final

from PySide6.QtCore import QEvent, QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QEnterEvent, QFocusEvent, QFont, QFontMetricsF, QKeyEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QPushButton, QSizePolicy, QWidget
from typing_extensions import override

from callmanager_shell.look import Look
from callmanager_shell.tokens import Radius, Theme, TypeSize

_ICON: Final = 18
_GAP: Final = 6


def reached_by_keyboard(event: QFocusEvent) -> bool:
    """Focus rings are for those who use the keyboard; a click shows none."""
    return event.reason() in {
        Qt.FocusReason.TabFocusReason,
        Qt.FocusReason.BacktabFocusReason,
        Qt.FocusReason.ShortcutFocusReason,
    }


class ButtonKind(Enum):
    PLAIN = "plain"
    GHOST = "ghost"
    PRIMARY = "primary"
    GOOD = "good"
    DANGER = "danger"
    WARNING = "warning"
    MUTED_ON = "muted_on"
    """A switch that is on and must not be forgotten: the muted microphone."""


class Button(QPushButton):
    """Has an accessible name in both forms. `set_compact(True)` shows the icon alone and puts the text into the tool tip."""

    def __init__(
        self,
        look: Look,
        text: str,
        *,
        icon: str = "",
        kind: ButtonKind = ButtonKind.PLAIN,
        compact: bool = False,
        size: int = 0,
        hint: str = "",
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(text, parent)
        self._look = look
        self._icon_name = icon
        self._kind = kind
        self._compact = compact
        self._size = size
        self._hint = hint
        self._busy = False
        self._ring = False
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setAttribute(Qt.WidgetAttribute.WA_Hover)
        self._describe()

    @property
    def icon_name(self) -> str:
        return self._icon_name

    @property
    def kind(self) -> ButtonKind:
        return self._kind

    def set_label(self, text: str, *, icon: str | None = None, hint: str | None = None) -> None:
        if icon is not None:
            self._icon_name = icon
        if hint is not None:
            self._hint = hint
        if text != self.text():
            self.setText(text)
        self._describe()
        self.updateGeometry()
        self.update()

    def set_kind(self, kind: ButtonKind) -> None:
        if kind is not self._kind:
            self._kind = kind
            self.update()

    def set_compact(self, compact: bool) -> None:  # noqa: FBT001 - reads like Qt's setters
        if compact != self._compact:
            self._compact = compact
            self._describe()
            self.updateGeometry()
            self.update()

    @property
    def compact(self) -> bool:
        return self._compact

    def set_busy(self, busy: bool) -> None:  # noqa: FBT001 - reads like Qt's setters
        """While its work runs the button looks pressed and takes no further click."""
        self._busy = busy
        self.setEnabled(not busy)

    def compact_width(self) -> int:
        """What it needs as an icon alone."""
        height = self._height()
        return height if self._kind is ButtonKind.GHOST or self._size else height + 6

    def full_width(self) -> int:
        """What it needs with its text, whatever is shown now; for layouts that decide about `set_compact`."""
        height = self._height()
        metrics = self._metrics_width()
        icon = _ICON + _GAP if self._icon_name else 0
        return max(height, metrics + icon + (24 if height >= 32 else 20))

    @override
    def sizeHint(self) -> QSize:
        return QSize(self.compact_width() if self._compact else self.full_width(), self._height())

    @override
    def minimumSizeHint(self) -> QSize:
        return self.sizeHint()

    @override
    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in {Qt.Key.Key_Return, Qt.Key.Key_Enter}:
            self.click()
            return
        super().keyPressEvent(event)

    @override
    def focusInEvent(self, event: QFocusEvent) -> None:
        self._ring = reached_by_keyboard(event)
        super().focusInEvent(event)

    @override
    def enterEvent(self, event: QEnterEvent) -> None:
        self.update()
        super().enterEvent(event)

    @override
    def leaveEvent(self, event: QEvent) -> None:
        self.update()
        super().leaveEvent(event)

    @override
    def paintEvent(self, _event: QPaintEvent) -> None:
        theme = self._look.theme
        fill, border, ink = self._colours(theme)
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        if not self.isEnabled() and not self._busy:
            painter.setOpacity(0.5)
        elif self._busy:
            painter.setOpacity(0.7)
        area = QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5)
        radius = self.height() / 2 if self._size else Radius.CONTROL
        painter.setPen(QPen(QColor(border), 1) if border else Qt.PenStyle.NoPen)
        painter.setBrush(QColor(fill) if fill else Qt.BrushStyle.NoBrush)
        if fill or border:
            painter.drawRoundedRect(area, radius, radius)
        self._paint_content(painter, ink)
        if self.hasFocus() and self._ring:
            painter.setOpacity(1)
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.setPen(QPen(QColor(theme.accent), 2))
            ring = QRectF(self.rect()).adjusted(1, 1, -1, -1)
            painter.drawRoundedRect(ring, radius, radius)
            if fill:
                painter.setPen(QPen(QColor(theme.surface), 1))
                painter.drawRoundedRect(ring.adjusted(1.5, 1.5, -1.5, -1.5), radius - 1, radius - 1)
        painter.end()

    def _paint_content(self, painter: QPainter, ink: str) -> None:
        icon = 22.0 if self._size >= 48 else float(_ICON)
        middle = QPointF(self.width() / 2, self.height() / 2)
        if self._compact:
            self._look.paint_icon(
                painter, self._icon_name, QRectF(middle.x() - icon / 2, middle.y() - icon / 2, icon, icon), ink
            )
            return
        text_width = self._metrics_width()
        total = text_width + (icon + _GAP if self._icon_name else 0)
        left = middle.x() - total / 2
        if self._icon_name:
            self._look.paint_icon(painter, self._icon_name, QRectF(left, middle.y() - icon / 2, icon, icon), ink)
            left += icon + _GAP
        painter.setFont(self._text_font())
        painter.setPen(QColor(ink))
        painter.drawText(
            QRectF(left, 0, self.width() - left, self.height()),
            int(Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft | Qt.TextFlag.TextSingleLine),
            self.text(),
        )

    def _colours(self, theme: Theme) -> tuple[str, str, str]:
        hot = self.isEnabled() and (self.underMouse() or self.isDown())
        match self._kind:
            case ButtonKind.PRIMARY:
                fill, border, ink = theme.accent_fill, "", theme.on_accent
            case ButtonKind.GOOD:
                fill, border, ink = theme.good_fill, "", theme.on_good
            case ButtonKind.DANGER:
                fill, border, ink = theme.danger_fill, "", theme.on_danger
            case ButtonKind.WARNING:
                fill, border, ink = theme.warning_fill, "", theme.on_warning
            case ButtonKind.MUTED_ON:
                fill, border, ink = theme.danger_background, theme.danger, theme.danger_text
            case ButtonKind.GHOST:
                return (
                    (theme.pressed if self.isDown() else theme.hover) if hot else "",
                    "",
                    theme.muted if not hot else theme.text,
                )
            case ButtonKind.PLAIN:
                base = theme.raised
                return (theme.pressed if self.isDown() else theme.hover) if hot else base, theme.line_strong, theme.text
        if hot:
            # darker on light, lighter on dark, in both cases away from the ink so that the contrast only grows
            away = QColor(fill).lighter(106) if theme.dark else QColor(fill).darker(108 if not self.isDown() else 116)
            fill = away.name()
        return fill, border, ink

    def _text_font(self) -> QFont:
        return self._look.font(TypeSize.BODY, weight=500)

    def _metrics_width(self) -> int:
        return int(QFontMetricsF(self._text_font()).horizontalAdvance(self.text()) + 1)

    def _height(self) -> int:
        return self._size or self._look.density.control_height

    def _describe(self) -> None:
        self.setAccessibleName(self.text())
        tip = self.text() if self._compact else ""
        if self._hint:
            tip = f"{self.text()} ({self._hint})" if self._compact or len(self._hint) < 16 else self._hint
        self.setToolTip(tip)
