"""Type-checked, never run: the Qt code of a plugin, with all that the kit offers."""

from __future__ import annotations

from callmanager.api import (
    CallRecord,
    Contact,
    Panel,
    PanelArea,
    PanelBadge,
    PresenceDot,
    PresenceStatus,
    Severity,
    TextStyle,
    ThemeColour,
    UiKit,
)
from PySide6.QtCore import QRectF
from PySide6.QtGui import QColor, QFont, QPainter
from PySide6.QtWidgets import QPushButton, QVBoxLayout, QWidget


class View(QWidget):
    def __init__(self, kit: UiKit, contact: Contact, record: CallRecord) -> None:
        super().__init__()
        self._kit = kit
        self._dot: PresenceDot = kit.presence_dot(self)
        layout = QVBoxLayout(self)
        layout.addWidget(self._dot.widget)
        layout.addWidget(kit.avatar(self, name=contact.name, key=contact.id))
        layout.addWidget(
            kit.empty_state(self, icon="clock", title="Nothing", text="Nothing yet.", action="Reload", run=self.update)
        )
        button = QPushButton("Delete")
        kit.connect(button.clicked, self, self._delete)
        kit.follow_theme(self, self.update)
        kit.contact_menu(self, contact).popup(button.pos())
        kit.history_menu(self, record).popup(button.pos())
        kit.open_settings("crm")
        self._dot.show_status(PresenceStatus.AVAILABLE, note="until five")
        self._dot.show_status("available")  # type: ignore[arg-type]
        kit.colour("text")  # type: ignore[arg-type]

    def paint(self, painter: QPainter) -> None:
        colour: QColor = self._kit.colour(ThemeColour.MUTED)
        font: QFont = self._kit.font(TextStyle.SMALL)
        painter.setPen(colour)
        painter.setFont(font)
        self._kit.paint_avatar(painter, QRectF(), name="Ada", key="1", status=PresenceStatus.RINGING)

    async def _delete(self) -> None:
        sure: bool = await self._kit.confirm(self, title="Delete?", text="For good.", action="Delete", destructive=True)
        if sure:
            self._kit.toast("Deleted.", severity=Severity.SUCCESS)


def build(kit: UiKit) -> QWidget:
    return QWidget()


badge = PanelBadge()
badge.set(3)
panel = Panel(id="view", title="View", icon="folder", area=PanelArea.SIDE, build=build, badge=badge)
wrong = Panel(id="view", title="View", icon="folder", area=PanelArea.SIDE, build=build, badge=3)  # type: ignore[arg-type]
