"""Dragging a call card and dropping it on something: what is carried, and what lights up under it."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final

from callmanager.api import Call, CallId
from PySide6.QtCore import QByteArray, QEvent, QMimeData, QObject, QPoint, QRect, QRectF, Qt
from PySide6.QtGui import QColor, QDrag, QDragMoveEvent, QDropEvent, QFontMetricsF, QPainter, QPaintEvent, QPen, QPixmap
from PySide6.QtWidgets import QWidget
from shiboken6 import isValid
from typing_extensions import override

from callmanager_shell.tokens import Radius, TypeSize
from callmanager_shell.widgets.avatar import paint_avatar

if TYPE_CHECKING:
    from callmanager_shell.look import Look

MIME: Final = "application/x-callmanager-call"
_CHIP: Final = 44


def mime_of(call_id: CallId) -> QMimeData:
    """What is carried: the call's id, which means nothing outside of this phone, and no text for other programs."""
    data = QMimeData()
    data.setData(MIME, QByteArray(call_id.encode()))
    return data


def carried(data: QMimeData) -> CallId | None:
    """The id of the call that is being dragged, if it is one."""
    if not data.hasFormat(MIME):
        return None
    return CallId(bytes(data.data(MIME).data()).decode("utf-8", "replace"))


def drag_call(look: Look, source: QWidget, call: Call, *, name: str, key: str) -> None:
    """Drag until the button is let go; returns then."""
    drag = QDrag(source)
    drag.setMimeData(mime_of(call.id))
    drag.setPixmap(_chip(look, name=name, key=key, ratio=source.devicePixelRatioF()))
    drag.setHotSpot(QPoint(-10, -14))  # beside the pointer, so that the words below it can be read
    drag.exec(Qt.DropAction.LinkAction | Qt.DropAction.MoveAction, Qt.DropAction.LinkAction)


def _chip(look: Look, *, name: str, key: str, ratio: float) -> QPixmap:
    font = look.font(TypeSize.NAME, weight=600)
    metrics = QFontMetricsF(font)
    text = metrics.elidedText(name, Qt.TextElideMode.ElideRight, 180)
    width = _CHIP + metrics.horizontalAdvance(text) + 18
    pixmap = QPixmap(round(width * ratio), round(_CHIP * ratio))
    pixmap.setDevicePixelRatio(ratio)
    pixmap.fill(Qt.GlobalColor.transparent)
    painter = QPainter(pixmap)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(QPen(QColor(look.theme.line_strong), 1))
    painter.setBrush(QColor(look.theme.raised))
    painter.drawRoundedRect(QRectF(0.5, 0.5, width - 1, _CHIP - 1), _CHIP / 2, _CHIP / 2)
    paint_avatar(painter, look, QRectF(6, 6, _CHIP - 12, _CHIP - 12), name=name, key=key)
    painter.setFont(font)
    painter.setPen(QColor(look.theme.text))
    painter.drawText(QRectF(_CHIP, 0, width - _CHIP, _CHIP), int(Qt.AlignmentFlag.AlignVCenter), text)
    painter.end()
    return pixmap


class DropLight(QWidget):
    """Lies over the place where the call would be dropped, and says what would happen."""

    def __init__(self, look: Look, parent: QWidget) -> None:
        super().__init__(parent)
        self._look = look
        self.label = ""
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self.hide()

    def light(self, area: QRect, label: str) -> None:
        self.label = label
        self.setGeometry(area)
        self.setAccessibleName(label)
        self.show()
        self.raise_()
        self.update()

    @override
    def paintEvent(self, _event: QPaintEvent) -> None:
        theme = self._look.theme
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        fill = QColor(theme.accent_background)
        fill.setAlpha(255 if self.label else 120)
        painter.setBrush(fill)
        painter.setPen(QPen(QColor(theme.accent), 1.5, Qt.PenStyle.DashLine))
        radius = min(float(Radius.CARD), self.height() / 4)
        painter.drawRoundedRect(QRectF(self.rect()).adjusted(1, 1, -1, -1), radius, radius)
        if self.label:
            font = self._look.font(TypeSize.BODY, weight=600)
            painter.setFont(font)
            painter.setPen(QColor(theme.text))
            room = QRectF(self.rect()).adjusted(10, 0, -10, 0)
            text = QFontMetricsF(font).elidedText(self.label, Qt.TextElideMode.ElideRight, room.width())
            painter.drawText(room, int(Qt.AlignmentFlag.AlignCenter), text)
        painter.end()


class CallDropTarget(QObject):
    """Makes a widget take call cards: lit while one is over it, `dropped` called with the call and the point.

    Asks `get` for the call anew at the drop: what is dragged may have ended by then, and is let go.
    """

    def __init__(
        self,
        look: Look,
        widget: QWidget,
        *,
        get: Callable[[CallId], Call | None],
        accepts: Callable[[Call], bool],
        dropped: Callable[[Call, QPoint], None],
        label: Callable[[Call], str],
        spot: Callable[[QPoint], QRect | None] | None = None,
    ) -> None:
        super().__init__(widget)
        self._widget = widget
        self._get = get
        self._accepts = accepts
        self._dropped = dropped
        self._label = label
        self._spot = spot
        self.light = DropLight(look, widget)
        widget.setAcceptDrops(True)
        widget.installEventFilter(self)

    def undo(self) -> None:
        """Take no calls any more; may be called twice, also when the widget is gone."""
        if isValid(self) and isValid(self._widget):
            self._widget.removeEventFilter(self)
            self._widget.setAcceptDrops(False)
            self.light.hide()
            self.deleteLater()

    @override
    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        kind = event.type()
        if kind in {QEvent.Type.DragEnter, QEvent.Type.DragMove} and isinstance(event, QDragMoveEvent):
            return self._over(event)
        if kind is QEvent.Type.DragLeave:
            self.light.hide()
            return False
        if kind is QEvent.Type.Drop and isinstance(event, QDropEvent):
            return self._drop(event)
        return False

    def _over(self, event: QDragMoveEvent) -> bool:
        if carried(event.mimeData()) is None:
            return False
        call, area = self._meant(event)
        if call is None or area is None:
            self.light.hide()
            if event.type() is QEvent.Type.DragEnter:
                event.acceptProposedAction()  # it may be moved to a place that takes it
            else:
                event.ignore()
            return True
        self.light.light(area, self._label(call))
        event.acceptProposedAction()
        return True

    def _drop(self, event: QDropEvent) -> bool:
        if carried(event.mimeData()) is None:
            return False
        self.light.hide()
        call, area = self._meant(event)
        if call is None or area is None:
            event.ignore()
            return True
        event.acceptProposedAction()
        self._dropped(call, event.position().toPoint())
        return True

    def _meant(self, event: Any) -> tuple[Call | None, QRect | None]:
        call_id = carried(event.mimeData())
        call = self._get(call_id) if call_id is not None else None
        if call is None or not self._accepts(call):
            return None, None
        point = event.position().toPoint()
        return call, self._widget.rect() if self._spot is None else self._spot(point)
