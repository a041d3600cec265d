"""`UiKit`: what the Qt code of a plugin gets from the shell, bound to the plugin's id."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any

from callmanager.api import Severity
from PySide6.QtCore import QObject, Signal, SignalInstance
from PySide6.QtGui import QIcon
from PySide6.QtWidgets import QWidget

from callmanager_shell.services import ShellServices
from callmanager_shell.widgets.avatar import Avatar


class ShellKit:
    """Faults in what a plugin runs through it are reported with that plugin's name."""

    def __init__(self, services: ShellServices, plugin_id: str) -> None:
        self._services = services
        self._plugin_id = plugin_id

    def icon(self, name: str) -> QIcon:
        return self._services.look.icon(name)

    def avatar(self, parent: QWidget, *, name: str, key: str, size: int = 40) -> QWidget:
        return Avatar(self._services.look, name=name, key=key, size=size, parent=parent)

    def run(self, owner: QObject, work: Coroutine[Any, Any, None]) -> None:
        self._services.tasks.run(owner, work, name=self._plugin_id)

    def connect(self, signal: SignalInstance | Signal, owner: QObject, work: Callable[..., Coroutine[Any, Any, None]]) -> None:
        self._services.tasks.connect(signal, owner, work, name=self._plugin_id)

    def toast(self, text: str, *, severity: Severity = Severity.INFO) -> None:
        self._services.toast(text, severity=severity)
