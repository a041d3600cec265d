"""Two plugins for the pictures: an office with directory, history and watched extensions, and a CRM of another vendor."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from callmanager.api import (
    Call,
    CallerCard,
    CallerDetails,
    Contact,
    ContactAction,
    HeaderItem,
    PaletteCommand,
    Panel,
    PanelArea,
    PanelBadge,
    PresenceStatus,
    TextStyle,
    ThemeColour,
    hookimpl,
)
from typing_extensions import override

if TYPE_CHECKING:
    from callmanager.api import UiKit

PEOPLE = (
    ("Marcus Hale", "Sales", "2004", PresenceStatus.ON_CALL),
    ("Maria Lindqvist", "Support", "2011", PresenceStatus.AVAILABLE),
    ("Marlon Pérez", "Front desk", "2001", PresenceStatus.AVAILABLE),
    ("Martha Oduya", "Lakeside Clinic", "2022", PresenceStatus.UNAVAILABLE),
    ("Aaron Whitfield", "Warehouse", "2017", PresenceStatus.RINGING),
    ("Bea Okafor", "Accounting", "2009", PresenceStatus.AVAILABLE),
    ("Chen Wei", "Engineering", "2015", PresenceStatus.DO_NOT_DISTURB),
    ("Ruth Feld", "Legal", "2031", PresenceStatus.ON_HOLD),
)


def _directory(kit: UiKit) -> Any:
    from PySide6.QtCore import QRectF, QSize, Qt
    from PySide6.QtGui import QStandardItem, QStandardItemModel
    from PySide6.QtWidgets import QListView, QStyle, QStyledItemDelegate

    class Rows(QStyledItemDelegate):
        @override
        def sizeHint(self, option: Any, index: Any) -> QSize:
            return QSize(100, 50)

        @override
        def paint(self, painter: Any, option: Any, index: Any) -> None:
            name, section, number, status = index.data(Qt.ItemDataRole.UserRole)
            area = QRectF(option.rect)
            if option.state & QStyle.StateFlag.State_MouseOver:
                painter.setPen(Qt.PenStyle.NoPen)
                painter.setBrush(kit.colour(ThemeColour.HOVER))
                painter.drawRoundedRect(area, 8, 8)
            kit.paint_avatar(painter, QRectF(area.left() + 8, area.top() + 8, 34, 34), name=name, key=number, status=status)
            painter.setPen(kit.colour(ThemeColour.TEXT))
            painter.setFont(kit.font(TextStyle.NAME))
            painter.drawText(area.adjusted(56, 6, -90, -24), Qt.AlignmentFlag.AlignVCenter, name)
            painter.setPen(kit.colour(ThemeColour.MUTED))
            painter.setFont(kit.font(TextStyle.SMALL))
            painter.drawText(area.adjusted(56, 24, -90, -6), Qt.AlignmentFlag.AlignVCenter, section)
            painter.drawText(area.adjusted(0, 0, -16, 0), Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignRight, number)

    view = QListView()
    view.setMouseTracking(True)
    model = QStandardItemModel(view)
    for person in PEOPLE:
        item = QStandardItem(person[0])
        item.setData(person, Qt.ItemDataRole.UserRole)
        model.appendRow(item)
    view.setModel(model)
    view.setItemDelegate(Rows(view))
    kit.follow_theme(view, view.viewport().update)
    return view


def _history(kit: UiKit) -> Any:
    from PySide6.QtWidgets import QWidget

    parent = QWidget()
    return kit.empty_state(parent, icon="clock", title="No calls yet", text="Calls you make and receive are listed here.")


def _broken(_kit: UiKit) -> Any:
    raise RuntimeError("the table of voicemails is missing")


def _watched(kit: UiKit) -> Any:
    from PySide6.QtWidgets import QGridLayout, QHBoxLayout, QLabel, QVBoxLayout, QWidget

    view = QWidget()
    grid = QGridLayout(view)
    grid.setContentsMargins(8, 4, 8, 8)
    grid.setSpacing(8)
    for index, (name, _section, number, status) in enumerate(PEOPLE[:6]):
        cell = QWidget()
        row = QHBoxLayout(cell)
        row.setContentsMargins(0, 2, 0, 2)
        row.addWidget(kit.presence_dot(cell, status=status).widget)
        words = QVBoxLayout()
        words.setSpacing(0)
        label, extension = QLabel(name), QLabel(number)
        extension.setProperty("role", "small")
        words.addWidget(label)
        words.addWidget(extension)
        row.addLayout(words, 1)
        grid.addWidget(cell, index // 2, index % 2)
    return view


def _tickets(kit: UiKit) -> Any:
    from PySide6.QtWidgets import QLabel, QPushButton, QVBoxLayout, QWidget

    view = QWidget()
    layout = QVBoxLayout(view)
    layout.setContentsMargins(8, 4, 8, 8)
    for text in ("#4181  Invoice does not match", "#4175  Login after update"):
        layout.addWidget(QLabel(text))
    button = QPushButton("New ticket")
    layout.addWidget(button)
    return view


def _caller_id(kit: UiKit) -> Any:
    from PySide6.QtWidgets import QPushButton

    button = QPushButton("Calling as Main office")
    button.setAccessibleName("Caller ID: Main office")
    return button


class Office:
    def __init__(self, ctx: Any) -> None:
        self._missed = PanelBadge(2)

    @hookimpl
    def callmanager_panels(self) -> list[Panel]:
        main, side = PanelArea.MAIN, PanelArea.SIDE
        return [
            Panel(id="directory", title="Directory", icon="contacts", area=main, build=_directory, order=10),
            Panel(id="history", title="History", icon="clock", area=main, build=_history, order=20, badge=self._missed),
            Panel(id="vm", title="Voicemail", icon="voicemail", area=main, build=_broken, order=30),
            Panel(id="watched", title="Sidecar", icon="person-dot", area=side, build=_watched, order=10),
        ]

    @hookimpl
    def callmanager_header_items(self) -> list[HeaderItem]:
        return [HeaderItem(id="caller-id", build=_caller_id)]


class Crm:
    def __init__(self, ctx: Any) -> None:
        self._open = PanelBadge(2)

    @hookimpl
    def callmanager_panels(self) -> list[Panel]:
        return [
            Panel(id="tickets", title="Tickets", icon="folder", area=PanelArea.SIDE, build=_tickets, order=20, badge=self._open)
        ]

    @hookimpl
    def callmanager_caller_cards(self) -> list[CallerCard]:
        return [CallerCard(id="customer", look_up=self._look_up)]

    @hookimpl
    def callmanager_contact_actions(self) -> list[ContactAction]:
        async def nothing(contact: Contact) -> None: ...

        return [
            ContactAction(id="open", label="Open in CRM", icon="external", run=nothing),
            ContactAction(id="note", label="Add a note", icon="info", run=nothing),
        ]

    @hookimpl
    def callmanager_palette_commands(self) -> list[PaletteCommand]:
        async def nothing() -> None: ...

        return [
            PaletteCommand(id="today", title="Today's visits", icon="clock", run=nothing, shortcut="Ctrl+Alt+V"),
            PaletteCommand(id="search", title="Find a customer", icon="search", run=nothing, keywords=("client",)),
        ]

    async def _look_up(self, call: Call) -> CallerDetails | None:
        if call.remote.number != "5550104477":
            return None
        return CallerDetails(
            title="Northwind Dental",
            lines=(
                ("Account manager", "Maria Lindqvist"),
                ("Open tickets", "2"),
                ("Last visit", "12 November, crown fitted, next check-up in six months"),
                ("Plan", "Premium"),
            ),
            link="https://crm.example.com/customers/4477",
        )
