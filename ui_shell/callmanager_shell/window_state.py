"""What the window remembers between runs: where it was, and what has been explained already."""

from __future__ import annotations

import json
import logging
from pathlib import Path
from typing import Final

import attrs

_log = logging.getLogger(__name__)

_MOST: Final = 64 * 1024


@attrs.frozen(kw_only=True)
class WindowState:
    geometry: bytes = b""
    tray_explained: bool = False


def load(path: Path) -> WindowState:
    """A missing or unreadable file gives the defaults: nothing in it is worth a question to the user."""
    try:
        if path.stat().st_size > _MOST:
            return WindowState()
        document = json.loads(path.read_text(encoding="utf-8"))
        return WindowState(
            geometry=bytes.fromhex(str(document.get("geometry", ""))), tray_explained=document.get("tray_explained") is True
        )
    except FileNotFoundError:
        return WindowState()
    except (OSError, ValueError, AttributeError, RecursionError):
        _log.info("the window's state could not be read and is forgotten")
        return WindowState()


def save(path: Path, state: WindowState) -> None:
    document = {"geometry": state.geometry.hex(), "tray_explained": state.tray_explained}
    partial = path.with_suffix(".part")
    try:
        partial.write_text(json.dumps(document), encoding="utf-8")
        partial.replace(path)
    except OSError as error:
        _log.warning("the window's state could not be saved: %s", error)
