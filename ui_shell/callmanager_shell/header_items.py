"""What plugins put into the header: built once, left out when that fails, gone with its plugin."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from callmanager.api import ContributionsChanged, HeaderItem, UiKit
from PySide6.QtCore import QEvent, QObject, Signal
from PySide6.QtWidgets import QWidget
from typing_extensions import override

from callmanager_shell.header import Header
from callmanager_shell.services import ShellServices

if TYPE_CHECKING:
    from callmanager.app import Owned

_HIGHEST: Final = 32


class HeaderItems(QObject):
    """Keeps the header's items as the application's plugins want them."""

    focus_lost = Signal()

    def __init__(self, services: ShellServices, header: Header, kit_for: Callable[[str], UiKit]) -> None:
        super().__init__(header)
        self._services = services
        self._header = header
        self._kit_for = kit_for
        self._built: dict[str, QWidget | None] = {}
        self._undo: Callable[[], None] | None = services.app.bus.subscribe(
            ContributionsChanged, lambda _event: self.reload(), owner="shell"
        )
        self.reload()

    def close_down(self) -> None:
        if self._undo is not None:
            self._undo()
            self._undo = None

    def reload(self) -> None:
        """One that failed is tried again when its plugin comes again."""
        wanted = {f"{owned.plugin_id}/{owned.value.id}": owned for owned in self._services.app.header_items()}
        focused: QWidget | None = self._header.window().focusWidget()
        lost = False
        for key in [key for key in self._built if key not in wanted]:
            gone = self._built.pop(key)
            if gone is not None:
                lost = lost or gone is focused or (focused is not None and gone.isAncestorOf(focused))
                gone.removeEventFilter(self)
                gone.hide()
                gone.deleteLater()
        for key, owned in wanted.items():
            if key not in self._built:
                self._built[key] = self._build(owned)
        self._header.set_items([widget for key in wanted if (widget := self._built[key]) is not None])
        if lost:
            self.focus_lost.emit()

    def _build(self, owned: Owned[HeaderItem]) -> QWidget | None:
        try:
            widget = owned.value.build(self._kit_for(owned.plugin_id))
            if not isinstance(widget, QWidget):
                raise TypeError(f"the header item was built as {type(widget).__name__}, not as a QWidget")
        except Exception as error:  # noqa: BLE001 - a plugin's item must not take the header with it
            self._services.app.report_fault(error, owner=owned.plugin_id, doing=f"building the header item “{owned.value.id}”")
            return None
        widget.setMaximumHeight(_HIGHEST)
        widget.installEventFilter(self)
        return widget

    @override
    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        # an item hides itself when it has nothing to show, and changes its width with what it shows
        if event.type() in {QEvent.Type.ShowToParent, QEvent.Type.HideToParent, QEvent.Type.LayoutRequest}:
            self._header.fit_soon()
        return False
