"""One line of small facts with icons and dots, in muted colour; the last ones give way when it gets narrow."""

from typing import Final

import attrs
from PySide6.QtCore import QEvent, QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QFontMetrics, QHelpEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QToolTip, QWidget
from typing_extensions import override

from callmanager_shell.look import Look
from callmanager_shell.tokens import TypeSize

_ICON: Final = 14
_DOT: Final = 8
_SEPARATOR: Final = "  ·  "


@attrs.frozen(kw_only=True)
class Bit:
    """A fact. `colour` and `dot` name fields of the theme; `icon` an icon of the set; `keep` survives narrowness longest."""

    text: str
    icon: str = ""
    dot: str = ""
    colour: str = "muted"
    tip: str = ""
    keep: bool = False


class MetaLine(QWidget):
    def __init__(
        self, look: Look, *, align_right: bool = False, size: int = TypeSize.BODY, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self._look = look
        self._right = align_right
        self._size = size
        self._bits: tuple[Bit, ...] = ()
        self._areas: list[tuple[QRectF, Bit]] = []
        policy = QSizePolicy.Policy.Fixed if align_right else QSizePolicy.Policy.Expanding
        self.setSizePolicy(policy, QSizePolicy.Policy.Fixed)

    def show_bits(self, *bits: Bit) -> None:
        if bits == self._bits:
            return
        before, self._bits = self._bits, bits
        if _without_tips(bits) == _without_tips(before):
            # The figures of a call come once a second and stand in a tool tip only: nothing to lay out, nothing to paint.
            renewed = dict(zip(before, bits, strict=True))
            self._areas = [(area, renewed[bit]) for area, bit in self._areas]
            return
        self.setAccessibleName(self.text())
        self.updateGeometry()
        self.update()

    def text(self) -> str:
        """The whole line as a screen reader says it."""
        return ", ".join(bit.text for bit in self._bits)

    @override
    def sizeHint(self) -> QSize:
        metrics = self._metrics()
        return QSize(
            round(sum(self._width(bit, metrics) for bit in self._bits) + self._gap(metrics) * max(0, len(self._bits) - 1)) + 2,
            max(metrics.height(), _ICON + 2),
        )

    @override
    def minimumSizeHint(self) -> QSize:
        return self.sizeHint() if self._right else QSize(24, self.sizeHint().height())

    @override
    def event(self, event: QEvent) -> bool:
        if event.type() is QEvent.Type.ToolTip and isinstance(event, QHelpEvent):
            tip = next((bit.tip for area, bit in self._areas if bit.tip and area.contains(QPointF(event.pos()))), "")
            if not tip and len(self._areas) < len(self._bits):
                tip = self.text()
            QToolTip.showText(event.globalPos(), tip, self)
            return True
        return super().event(event)

    @override
    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        font = self._look.font(self._size)
        painter.setFont(font)
        metrics = self._metrics()
        gap = self._gap(metrics)
        bits = self._fitting(metrics, gap)
        total = sum(self._width(bit, metrics) for bit in bits) + gap * max(0, len(bits) - 1)
        left = max(0.0, self.width() - total) if self._right else 0.0
        self._areas = []
        for index, bit in enumerate(bits):
            if index:
                painter.setPen(QColor(self._look.theme.muted))
                painter.drawText(QRectF(left, 0, gap, self.height()), int(Qt.AlignmentFlag.AlignCenter), "·")
                left += gap
            width = min(self._width(bit, metrics), self.width() - left)
            self._paint_bit(painter, bit, QRectF(left, 0, width, self.height()), metrics)
            self._areas.append((QRectF(left, 0, width, self.height()), bit))
            left += width
        painter.end()

    def _paint_bit(self, painter: QPainter, bit: Bit, area: QRectF, metrics: QFontMetrics) -> None:
        theme = self._look.theme
        left = area.left()
        middle = area.center().y()
        if bit.dot:
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(QColor(getattr(theme, bit.dot)))
            painter.drawEllipse(QRectF(left, middle - _DOT / 2, _DOT, _DOT))
            left += _DOT + 5
        if bit.icon:
            self._look.paint_icon(
                painter, bit.icon, QRectF(left, middle - _ICON / 2 - 0.5, _ICON, _ICON), getattr(theme, bit.colour)
            )
            left += _ICON + 4
        painter.setPen(QColor(getattr(theme, bit.colour)))
        rest = QRectF(left, 0, area.right() - left + 1, self.height())
        text = metrics.elidedText(bit.text, Qt.TextElideMode.ElideRight, int(rest.width()) + 1)
        painter.drawText(rest, int(Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft), text)

    def _fitting(self, metrics: QFontMetrics, gap: float) -> list[Bit]:
        bits = list(self._bits)
        while len(bits) > 1 and sum(self._width(bit, metrics) for bit in bits) + gap * (len(bits) - 1) > self.width() + 1:
            index = next((i for i in range(len(bits) - 1, 0, -1) if not bits[i].keep), len(bits) - 1)
            bits.pop(index)
        return bits

    def _width(self, bit: Bit, metrics: QFontMetrics) -> float:
        return metrics.horizontalAdvance(bit.text) + (_ICON + 4 if bit.icon else 0) + (_DOT + 5 if bit.dot else 0) + 1

    def _gap(self, metrics: QFontMetrics) -> float:
        return float(metrics.horizontalAdvance(_SEPARATOR))

    def _metrics(self) -> QFontMetrics:
        return QFontMetrics(self._look.font(self._size))


def _without_tips(bits: tuple[Bit, ...]) -> list[Bit]:
    return [attrs.evolve(bit, tip="") for bit in bits]
