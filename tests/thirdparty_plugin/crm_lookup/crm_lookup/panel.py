"""The panel: customers at a glance. The only module that imports Qt; it is imported when the panel is first shown."""

from callmanager.api import ContactsChanged, PluginContext, UiKit
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QListWidget, QListWidgetItem, QVBoxLayout, QWidget

from crm_lookup.people import SOURCE


class CustomersPanel(QWidget):
    """All customers by name; a double click or Enter calls."""

    def __init__(self, ctx: PluginContext, kit: UiKit) -> None:
        super().__init__()
        self._ctx = ctx
        self.list = QListWidget()
        self.list.setAccessibleName("Customers")
        self.list.itemActivated.connect(self._call)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.list)
        self._kit = kit
        undo = ctx.events.subscribe(ContactsChanged, lambda event: self._fill() if event.source_id == SOURCE else None)
        self.destroyed.connect(lambda: undo())
        self._fill()

    def _fill(self) -> None:
        self.list.clear()
        for contact in self._ctx.contacts.contacts(SOURCE):
            item = QListWidgetItem(self._kit.icon("user"), f"{contact.name}, {contact.company}")
            item.setData(Qt.ItemDataRole.UserRole, contact.numbers[0].number if contact.numbers else "")
            self.list.addItem(item)

    def _call(self, item: QListWidgetItem) -> None:
        number = item.data(Qt.ItemDataRole.UserRole)
        if number:
            self._ctx.calls.dial(number)
