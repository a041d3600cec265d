"""The panels that plugins contribute: built at first show, replaced by a card with the reason when that fails."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from callmanager.api import ContributionsChanged, Panel, PanelArea, UiKit
from PySide6.QtCore import QSignalBlocker, Qt, Signal
from PySide6.QtWidgets import QTabWidget, QVBoxLayout, QWidget

from callmanager_shell.services import ShellServices
from callmanager_shell.tokens import Space
from callmanager_shell.widgets.button import Button
from callmanager_shell.widgets.text import Text

if TYPE_CHECKING:
    from callmanager.app import Owned


class PanelPage(QWidget):
    """The place of one panel: empty until first shown, then the plugin's widget or a card saying why not."""

    def __init__(self, services: ShellServices, owned: Owned[Panel], kit: UiKit) -> None:
        super().__init__()
        self.owned = owned
        self._services = services
        self._kit = kit
        self._content: QWidget | None = None
        self._layout = QVBoxLayout(self)
        self._layout.setContentsMargins(0, 0, 0, 0)

    def ensure_built(self) -> None:
        if self._content is None:
            self._build()

    def _build(self) -> None:
        panel = self.owned.value
        try:
            content = panel.build(self._kit)
            if not isinstance(content, QWidget):
                raise TypeError(f"the panel {panel.id!r} was built as {type(content).__name__}, not as a QWidget")
        except Exception as error:  # noqa: BLE001 - a plugin's panel must not take the window with it
            self._services.app.report_fault(error, owner=self.owned.plugin_id, doing=f"building the panel “{panel.title}”")
            content = self._error_card(panel.title)
        if self._content is not None:
            self._layout.removeWidget(self._content)
            self._content.deleteLater()
        self._content = content
        self._layout.addWidget(content)

    def _error_card(self, title: str) -> QWidget:
        card = QWidget()
        layout = QVBoxLayout(card)
        layout.setSpacing(Space.SIBLING)
        layout.addStretch()
        head = Text(f"{title} can't be shown", role="name")
        text = Text(f"The plugin “{self.owned.plugin_id}” failed to build it; the log has the reason.", role="muted", wrap=True)
        for label in (head, text):
            label.setAlignment(Qt.AlignmentFlag.AlignCenter)
            layout.addWidget(label)
        again = Button(self._services.look, "Try again", icon="redial")
        again.clicked.connect(self._build)
        layout.addWidget(again, 0, Qt.AlignmentFlag.AlignHCenter)
        layout.addStretch()
        return card


class PanelHost(QTabWidget):
    """The tabs of area `MAIN`. Follows plugins that come and go."""

    count_changed = Signal(int)

    def __init__(self, services: ShellServices, kit_for: Callable[[str], UiKit], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._services = services
        self._kit_for = kit_for
        self.setDocumentMode(True)
        self.currentChanged.connect(self._shown)
        self._undo: Callable[[], None] | None = services.app.bus.subscribe(
            ContributionsChanged, lambda _event: self.reload(), owner="shell"
        )
        services.look.changed.connect(self._tint)
        self.reload()

    def close_down(self) -> None:
        if self._undo is not None:
            self._undo()
            self._undo = None

    def reload(self) -> None:
        """Keep the pages that stay, so that what the user had open in them is not lost."""
        wanted = [owned for owned in self._services.app.panels() if owned.value.area is PanelArea.MAIN]
        wanted.sort(key=lambda owned: (owned.value.order, owned.value.id))
        kept = {(page.owned.plugin_id, page.owned.value.id): page for page in self._pages()}
        current = self.currentWidget()
        with QSignalBlocker(self):  # tabs that become current only while others move must not be built
            while self.count():
                self.removeTab(0)
            for owned in wanted:
                page = kept.pop((owned.plugin_id, owned.value.id), None)
                if page is None:
                    page = PanelPage(self._services, owned, self._kit_for(owned.plugin_id))
                self.addTab(page, owned.value.title)
            if self.indexOf(current) >= 0:  # also for none at all
                self.setCurrentWidget(current)
        for gone in kept.values():
            gone.deleteLater()
        self._tint()
        self.setVisible(bool(wanted))
        self._shown(self.currentIndex())
        self.count_changed.emit(self.count())

    def _pages(self) -> list[PanelPage]:
        return [page for index in range(self.count()) if isinstance(page := self.widget(index), PanelPage)]

    def _shown(self, index: int) -> None:
        page = self.widget(index)
        if isinstance(page, PanelPage) and self.isVisibleTo(self.window()):
            page.ensure_built()

    def _tint(self) -> None:
        for index, page in enumerate(self._pages()):
            self.setTabIcon(index, self._services.look.icon(page.owned.value.icon))
