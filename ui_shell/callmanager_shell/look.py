"""The look in force: which theme and density, its fonts, icons and style sheet; follows the system or the user's choice."""

from typing import Final

from PySide6.QtCore import QObject, QRectF, Qt, Signal
from PySide6.QtGui import QColor, QFont, QFontDatabase, QGuiApplication, QIcon, QPainter, QPalette
from PySide6.QtWidgets import QApplication, QStyle

from callmanager_shell.icons import IconSet
from callmanager_shell.stylesheet import stylesheet
from callmanager_shell.tokens import DARK, LIGHT, Density, Theme, TypeSize

_FAMILIES: Final = ("Segoe UI Variable Text", "Segoe UI", ".AppleSystemUIFont", "Inter", "Noto Sans", "DejaVu Sans")

SYSTEM: Final = "system"


class Look(QObject):
    """Owned by the shell and handed to every widget. `changed` is emitted after the theme or density was switched; widgets that
    paint themselves read `theme` in `paintEvent` and only need an `update()`."""

    changed = Signal()

    def __init__(self, app: QApplication, *, choice: str = SYSTEM, density: str = Density.COMFORTABLE.value) -> None:
        super().__init__(app)
        self._app = app
        self._choice = choice
        self.density = Density(density) if density in {d.value for d in Density} else Density.COMFORTABLE
        self.icons = IconSet()
        self._family = self._pick_family()
        app.setStyle("Fusion")  # a proxy in Python would be asked thousands of times while a window is laid out and painted
        self.theme = self._resolve()
        self._apply()
        QGuiApplication.styleHints().colorSchemeChanged.connect(self._system_changed)

    @property
    def reduced_motion(self) -> bool:
        """The system asks for no animation."""
        return self._app.style().styleHint(QStyle.StyleHint.SH_Widget_Animation_Duration) == 0

    def choose(self, choice: str, density: str) -> None:
        """Follow `system`, or be `light` or `dark`."""
        wanted_density = Density(density) if density in {d.value for d in Density} else Density.COMFORTABLE
        self._choice = choice
        theme = self._resolve()
        if theme is self.theme and wanted_density is self.density:
            return
        self.theme = theme
        self.density = wanted_density
        self._apply()
        self.changed.emit()

    def font(self, size: int = TypeSize.BODY, *, weight: int = 400, tabular: bool = False) -> QFont:
        font = QFont(self._family) if self._family else QFont(self._app.font())
        font.setPixelSize(size)
        font.setWeight(QFont.Weight(weight))
        font.setHintingPreference(QFont.HintingPreference.PreferNoHinting)
        if tabular:
            font.setFeature(QFont.Tag("tnum"), 1)
        return font

    def icon(self, name: str, colour: str = "") -> QIcon:
        """For menus, tabs and plugins; make it again after `changed`."""
        theme = self.theme
        return self.icons.icon(name, colour=colour or theme.text, disabled=theme.offline)

    def paint_icon(self, painter: QPainter, name: str, rect: QRectF, colour: str) -> None:
        self.icons.paint(painter, name, rect, colour)

    def _resolve(self) -> Theme:
        if self._choice in {LIGHT.name, DARK.name}:
            return DARK if self._choice == DARK.name else LIGHT
        return DARK if QGuiApplication.styleHints().colorScheme() is Qt.ColorScheme.Dark else LIGHT

    def _system_changed(self) -> None:
        if self._choice == SYSTEM:
            self.choose(SYSTEM, self.density.value)

    def _apply(self) -> None:
        theme = self.theme
        self._app.setFont(self.font())
        palette = QPalette()
        roles = {
            QPalette.ColorRole.Window: theme.background,
            QPalette.ColorRole.WindowText: theme.text,
            QPalette.ColorRole.Base: theme.surface,
            QPalette.ColorRole.AlternateBase: theme.hover,
            QPalette.ColorRole.Text: theme.text,
            QPalette.ColorRole.PlaceholderText: theme.muted,
            QPalette.ColorRole.Button: theme.raised,
            QPalette.ColorRole.ButtonText: theme.text,
            QPalette.ColorRole.Highlight: theme.accent_fill,
            QPalette.ColorRole.HighlightedText: theme.on_accent,
            QPalette.ColorRole.ToolTipBase: theme.toast,
            QPalette.ColorRole.ToolTipText: theme.on_toast,
            QPalette.ColorRole.Link: theme.accent,
            QPalette.ColorRole.Light: theme.raised,
            QPalette.ColorRole.Midlight: theme.hover,
            QPalette.ColorRole.Mid: theme.line,
            QPalette.ColorRole.Dark: theme.line_strong,
            QPalette.ColorRole.Shadow: theme.line_strong,
        }
        for role, colour in roles.items():
            palette.setColor(role, QColor(colour))
        for role in (QPalette.ColorRole.Text, QPalette.ColorRole.WindowText, QPalette.ColorRole.ButtonText):
            palette.setColor(QPalette.ColorGroup.Disabled, role, QColor(theme.muted))
        self._app.setPalette(palette)
        self._app.setStyleSheet(stylesheet(theme, self.density))

    @staticmethod
    def _pick_family() -> str:
        known = set(QFontDatabase.families())
        return next((family for family in _FAMILIES if family in known), "")
