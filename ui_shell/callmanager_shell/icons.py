"""The icon set: one SVG file each, tinted at run time and rendered at the exact pixel size of the screen."""

from pathlib import Path
from typing import Final

from PySide6.QtCore import QByteArray, QRectF, QSize, Qt
from PySide6.QtGui import QIcon, QPainter, QPixmap
from PySide6.QtSvg import QSvgRenderer

RESOURCES: Final = Path(__file__).parent / "resources"

_FALLBACK: Final = "info"


class IconSet:
    """Draws icons of `resources/icons` in any colour. An unknown name gives the information icon, so a foreign plugin that
    asks for one we do not have still gets a button that can be seen."""

    def __init__(self) -> None:
        self._sources: dict[str, bytes] = {}
        self._renderers: dict[tuple[str, str], QSvgRenderer] = {}

    def paint(self, painter: QPainter, name: str, rect: QRectF, colour: str) -> None:
        """Draw into `rect`; crisp at every device pixel ratio because nothing is scaled after rendering."""
        self._renderer(name, colour).render(painter, rect)

    def icon(self, name: str, *, colour: str, disabled: str, selected: str = "") -> QIcon:
        """A `QIcon` for menus, tabs and the tray, at the common sizes and device pixel ratios."""
        icon = QIcon()
        modes = [(QIcon.Mode.Normal, colour), (QIcon.Mode.Disabled, disabled)]
        if selected:
            modes.append((QIcon.Mode.Selected, selected))
        for mode, tint in modes:
            for size in (16, 24):
                for ratio in (1.0, 2.0):
                    icon.addPixmap(self.pixmap(name, size=size, colour=tint, ratio=ratio), mode)
        return icon

    def pixmap(self, name: str, *, size: int, colour: str, ratio: float) -> QPixmap:
        pixmap = QPixmap(QSize(round(size * ratio), round(size * ratio)))
        pixmap.fill(Qt.GlobalColor.transparent)
        painter = QPainter(pixmap)
        self.paint(painter, name, QRectF(0, 0, pixmap.width(), pixmap.height()), colour)
        painter.end()
        pixmap.setDevicePixelRatio(ratio)
        return pixmap

    def _renderer(self, name: str, colour: str) -> QSvgRenderer:
        key = (name, colour)
        renderer = self._renderers.get(key)
        if renderer is None:
            renderer = QSvgRenderer(QByteArray(self._source(name).replace(b"currentColor", colour.encode("ascii"))))
            self._renderers[key] = renderer
        return renderer

    def _source(self, name: str) -> bytes:
        source = self._sources.get(name)
        if source is None:
            path = RESOURCES / "icons" / f"{name}.svg"
            # the name may come from a plugin: only a bare file name of ours is ever opened
            if path.parent != RESOURCES / "icons" or not name.replace("-", "").isalnum() or not path.is_file():
                path = RESOURCES / "icons" / f"{_FALLBACK}.svg"
            source = path.read_bytes()
            self._sources[name] = source
        return source


def logo_pixmap(size: int, ratio: float) -> QPixmap:
    """The product's sign, for the header and as window icon."""
    pixmap = QPixmap(QSize(round(size * ratio), round(size * ratio)))
    pixmap.fill(Qt.GlobalColor.transparent)
    painter = QPainter(pixmap)
    QSvgRenderer(str(RESOURCES / "logo.svg")).render(painter, QRectF(0, 0, pixmap.width(), pixmap.height()))
    painter.end()
    pixmap.setDevicePixelRatio(ratio)
    return pixmap
