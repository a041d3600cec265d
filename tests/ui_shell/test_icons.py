from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from callmanager_shell.icons import RESOURCES, IconSet
from PySide6.QtGui import QImage

ICONS = sorted(path.stem for path in (RESOURCES / "icons").glob("*.svg"))


def _inked(image: QImage) -> set[str]:
    points = ((x, y) for x in range(image.width()) for y in range(image.height()))
    return {image.pixelColor(x, y).name() for x, y in points if image.pixelColor(x, y).alpha() == 255}


@pytest.mark.parametrize("name", ICONS)
def test_each_icon_is_on_the_grid_and_tinted(qt, name):
    root = ET.fromstring((RESOURCES / "icons" / f"{name}.svg").read_text())
    assert root.get("viewBox") == "0 0 24 24"
    assert root.get("stroke-width") == "1.5"
    assert _inked(IconSet().pixmap(name, size=24, colour="#ff0000", ratio=2.0).toImage()) == {"#ff0000"}


def test_an_icon_is_rendered_at_the_pixels_of_a_dense_screen(qt):
    pixmap = IconSet().pixmap("phone", size=18, colour="#000000", ratio=2.0)
    assert (pixmap.width(), pixmap.devicePixelRatio()) == (36, 2.0)


@pytest.mark.parametrize("name", ["no-such-icon", "../logo", "/etc/passwd", ""])
def test_an_unknown_name_gives_the_fallback_and_opens_no_other_file(qt, name, monkeypatch):
    opened: list[Path] = []
    read = Path.read_bytes
    monkeypatch.setattr(Path, "read_bytes", lambda path: (opened.append(path), read(path))[1])
    assert not IconSet().pixmap(name, size=16, colour="#000000", ratio=1.0).isNull()
    assert opened == [RESOURCES / "icons" / "info.svg"]
