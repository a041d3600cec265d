"""What plugins know of a caller, as plain text: a title, a few labelled values, a link for the browser."""

from __future__ import annotations

from typing import Final

from PySide6.QtCore import QEvent, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QFontMetricsF, QHelpEvent, QPainter, QPaintEvent, QResizeEvent
from PySide6.QtWidgets import QGridLayout, QHBoxLayout, QSizePolicy, QToolTip, QVBoxLayout, QWidget
from typing_extensions import override

from callmanager_shell.caller_lookups import ShownDetails, summary
from callmanager_shell.links import open_in_browser
from callmanager_shell.look import Look
from callmanager_shell.tokens import Space, TypeSize
from callmanager_shell.widgets.button import Button, ButtonKind
from callmanager_shell.widgets.text import ElidedText, Text

_TWO_COLUMNS_FROM: Final = 400
_LABEL_SHARE: Final = 0.45
_GAP: Final = 10


class _Line(QWidget):
    """Label and value on one line; what does not fit is elided and whole in the tool tip."""

    def __init__(self, look: Look, label: str, value: str, *, label_width: float) -> None:
        super().__init__()
        self._look = look
        self._label = label
        self._value = value
        self._label_width = label_width
        self._cut = False
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        self.setAccessibleName(f"{label} {value}".strip())

    @override
    def sizeHint(self) -> QSize:
        return QSize(160, 18)

    @override
    def minimumSizeHint(self) -> QSize:
        return QSize(40, 18)

    @override
    def event(self, event: QEvent) -> bool:
        if event.type() is QEvent.Type.ToolTip and isinstance(event, QHelpEvent):
            QToolTip.showText(event.globalPos(), self.tip(), self)
            return True
        return super().event(event)

    def tip(self) -> str:
        """The whole line, if it could not be shown whole."""
        label, value, _split = self._fit()
        return f"{self._label} {self._value}".strip() if (label, value) != (self._label, self._value) else ""

    @override
    def paintEvent(self, _event: QPaintEvent) -> None:
        label, value, split = self._fit()
        painter = QPainter(self)
        painter.setFont(self._look.font(TypeSize.SMALL))
        flags = int(Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft | Qt.TextFlag.TextSingleLine)
        painter.setPen(QColor(self._look.theme.muted))
        painter.drawText(QRectF(0, 0, self.width(), self.height()), flags, label)
        painter.setPen(QColor(self._look.theme.text))
        painter.drawText(QRectF(split, 0, self.width() - split, self.height()), flags, value)
        painter.end()

    def _fit(self) -> tuple[str, str, float]:
        metrics = QFontMetricsF(self._look.font(TypeSize.SMALL))
        room = min(self._label_width, self.width() * _LABEL_SHARE) if self._label else 0.0
        split = room + _GAP if self._label else 0.0
        label = metrics.elidedText(self._label, Qt.TextElideMode.ElideRight, room + 1)
        value = metrics.elidedText(self._value, Qt.TextElideMode.ElideRight, self.width() - split + 1)
        return label, value, split


class _Block(QWidget):
    """One plugin's answer."""

    def __init__(self, look: Look, details: ShownDetails, *, focusable: bool) -> None:
        super().__init__()
        self._columns = 0
        metrics = QFontMetricsF(look.font(TypeSize.SMALL))
        label_width = max((metrics.horizontalAdvance(label) for label, _value in details.lines), default=0.0)
        self._lines = [_Line(look, label, value, label_width=label_width) for label, value in details.lines]
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(1)
        if details.title or details.link:
            head = QHBoxLayout()
            head.setSpacing(Space.TIGHT)
            title = ElidedText(details.title or "Open", role="strong")
            title.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)
            head.addWidget(title)
            if details.link:
                link = Button(
                    look,
                    f"Open {details.title} in the browser".replace("  ", " "),
                    icon="external",
                    kind=ButtonKind.GHOST,
                    compact=True,
                    size=22,
                )
                link.setFocusPolicy(Qt.FocusPolicy.StrongFocus if focusable else Qt.FocusPolicy.NoFocus)
                link.clicked.connect(lambda _checked=False: open_in_browser(details.link))
                head.addWidget(link)
            head.addStretch(1)
            layout.addLayout(head)
        self._grid = QGridLayout()
        self._grid.setHorizontalSpacing(Space.WIDE)
        self._grid.setVerticalSpacing(0)
        layout.addLayout(self._grid)
        self._arrange(1)

    def _arrange(self, columns: int) -> None:
        if columns == self._columns:
            return
        self._columns = columns
        for line in self._lines:
            self._grid.removeWidget(line)
        for index, line in enumerate(self._lines):
            self._grid.addWidget(line, index // columns, index % columns)
        for column in range(2):
            self._grid.setColumnStretch(column, 1 if column < columns else 0)

    @override
    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._arrange(2 if self.width() >= _TWO_COLUMNS_FROM and len(self._lines) > 1 else 1)


class CallerDetailsView(QWidget):
    """All answers, one below the other; at most `most`, then it says how many more there are."""

    def __init__(self, look: Look, *, most: int, focusable: bool = True, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._look = look
        self._most = most
        self._focusable = focusable
        self._shown: tuple[ShownDetails, ...] = ()
        self._layout = QVBoxLayout(self)
        self._layout.setContentsMargins(0, 0, 0, 0)
        self._layout.setSpacing(Space.SIBLING)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)

    @property
    def details(self) -> tuple[ShownDetails, ...]:
        return self._shown

    def show_details(self, details: tuple[ShownDetails, ...]) -> None:
        if details == self._shown:
            return
        self._shown = details
        while (item := self._layout.takeAt(0)) is not None:
            widget = item.widget()
            if widget is not None:
                widget.hide()
                widget.deleteLater()
        parts: list[QWidget] = [_Block(self._look, one, focusable=self._focusable) for one in details[: self._most]]
        more = len(details) - self._most
        if more > 0:
            rest = Text(f"{more} more", role="small")
            rest.setToolTip("; ".join(summary([one]) for one in details[self._most :]))
            parts.append(rest)
        for part in parts:
            self._layout.addWidget(part)
            part.show()  # Qt would do so a moment later, and until then they take no room
        self.setAccessibleName(summary(details))
