"""What the window remembers between runs: where it was, how its panels lay, and what has been explained already."""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import attrs

_log = logging.getLogger(__name__)

_MOST: Final = 64 * 1024
_MOST_PANELS: Final = 100
_MOST_RECENT: Final = 20
_LONGEST_KEY: Final = 200
_LARGEST: Final = 10_000


@attrs.frozen(kw_only=True)
class SidePanelState:
    """How a side panel lies. `height` is zero as long as nobody dragged it: then it is as high as its content wants.

    Beside the tabs there is room, so it begins open; below the tabs of a narrow window it begins folded.
    """

    collapsed: bool = False
    collapsed_below: bool = True
    height: int = 0


@attrs.frozen(kw_only=True)
class WindowState:
    """`current_panel`, the keys of `side_panels` and `recent_commands` are `plugin/id`; those of absent plugins are kept."""

    geometry: bytes = b""
    tray_explained: bool = False
    current_panel: str = ""
    side_width: int = 0
    side_panels: Mapping[str, SidePanelState] = attrs.Factory(dict)
    recent_commands: tuple[str, ...] = ()


def load(path: Path) -> WindowState:
    """A missing or unreadable file gives the defaults, and so does each part of it that makes no sense: nothing in it is worth
    a question to the user."""
    try:
        if path.stat().st_size > _MOST:
            return WindowState()
        document = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return WindowState()
    except (OSError, ValueError, RecursionError):
        _log.info("the window's state could not be read and is forgotten")
        return WindowState()
    if not isinstance(document, dict):
        return WindowState()
    return WindowState(
        geometry=_bytes(document.get("geometry")),
        tray_explained=document.get("tray_explained") is True,
        current_panel=_key(document.get("current_panel")),
        side_width=_length(document.get("side_width")),
        side_panels=_side_panels(document.get("side_panels")),
        recent_commands=_keys(document.get("recent_commands")),
    )


def save(path: Path, state: WindowState) -> None:
    document = {
        "geometry": state.geometry.hex(),
        "tray_explained": state.tray_explained,
        "current_panel": state.current_panel,
        "side_width": state.side_width,
        "side_panels": {key: attrs.asdict(panel) for key, panel in list(state.side_panels.items())[-_MOST_PANELS:]},
        "recent_commands": list(state.recent_commands[:_MOST_RECENT]),
    }
    partial = path.with_suffix(".part")
    try:
        partial.write_text(json.dumps(document), encoding="utf-8")
        partial.replace(path)
    except OSError as error:
        _log.warning("the window's state could not be saved: %s", error)


def _bytes(value: Any) -> bytes:
    try:
        return bytes.fromhex(value) if isinstance(value, str) else b""
    except ValueError:
        return b""


def _key(value: Any) -> str:
    return value if isinstance(value, str) and len(value) <= _LONGEST_KEY else ""


def _keys(value: Any) -> tuple[str, ...]:
    return tuple(key for key in (_key(entry) for entry in value) if key)[:_MOST_RECENT] if isinstance(value, list) else ()


def _length(value: Any) -> int:
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= _LARGEST else 0


def _side_panels(value: Any) -> dict[str, SidePanelState]:
    if not isinstance(value, dict):
        return {}
    return {
        key: SidePanelState(
            collapsed=entry.get("collapsed") is True,
            collapsed_below=entry.get("collapsed_below") is not False,
            height=_length(entry.get("height")),
        )
        for key, entry in list(value.items())[:_MOST_PANELS]
        if _key(key) and isinstance(entry, dict)
    }
