"""Rounded corners for floating windows where the display can't blend them."""

from collections.abc import Sequence

from PySide6.QtCore import QRectF
from PySide6.QtGui import QGuiApplication, QPainterPath, QRegion
from PySide6.QtWidgets import QWidget


def round_off(window: QWidget, areas: Sequence[QRectF], radius: float) -> None:
    """Cut the window to these rounded rectangles on X11, where without a compositor a transparent corner would be black.

    Elsewhere transparency always works and looks smoother, so nothing is done.
    """
    if QGuiApplication.platformName() != "xcb":
        return
    region = QRegion()
    for area in areas:
        path = QPainterPath()
        path.addRoundedRect(area.adjusted(0, 0, -1, -1), radius + 1, radius + 1)
        region = region.united(QRegion(path.toFillPolygon().toPolygon()))
    window.setMask(region)
