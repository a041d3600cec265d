"""`Desktop`: an X server with a window manager on a display number of its own; ends with the test."""

import os
import re
import shutil
import signal
import subprocess
import time
from pathlib import Path
from typing import Self

import attrs

TOOLS = ("Xvfb", "openbox", "xcompmgr", "xdotool", "import", "xwininfo")
_START_SECONDS = 10.0
_POLL = 0.02
_GEOMETRY = ("Absolute upper-left X", "Absolute upper-left Y", "Width", "Height")


def missing_tools() -> list[str]:
    """Programs that a virtual desktop needs and this machine lacks."""
    return [tool for tool in TOOLS if shutil.which(tool) is None]


@attrs.frozen(kw_only=True)
class Window:
    """A mapped window: its id, and its place on the screen in pixels."""

    id: int
    x: int
    y: int
    width: int
    height: int


class Desktop:
    """A virtual screen. Use as a context manager; nothing of it outlives the block."""

    def __init__(self, *, width: int = 1440, height: int = 960) -> None:
        self._size = f"{width}x{height}x24"
        self._children: list[subprocess.Popen[bytes]] = []
        self.display = ""

    def __enter__(self) -> Self:
        reader, writer = os.pipe()
        try:
            self._children.append(
                subprocess.Popen(
                    ["Xvfb", "-displayfd", str(writer), "-screen", "0", self._size, "-nolisten", "tcp", "-noreset"],
                    pass_fds=[writer],
                    stdout=subprocess.DEVNULL,
                    stderr=subprocess.DEVNULL,
                )
            )
            os.close(writer)
            with os.fdopen(reader, "rb", closefd=False) as told:
                # to the end of the line: Xvfb writes it in pieces and dies when nobody reads the last one
                self.display = f":{told.readline().decode().strip()}"
        finally:
            os.close(reader)
        assert self.display != ":", "Xvfb did not start"
        self._spawn("openbox", "--sm-disable")
        self._wait_for_window_manager()
        self._spawn("xcompmgr", "-n")  # only now: the two hang when they start at the same moment
        return self

    def __exit__(self, *_exc: object) -> None:
        for child in reversed(self._children):
            child.send_signal(signal.SIGTERM)
            try:
                child.wait(5)
            except subprocess.TimeoutExpired:
                child.kill()
                child.wait(5)
        self._children.clear()

    def environment(self) -> dict[str, str]:
        """The caller's environment with this display, and no other desktop's services."""
        foreign = {"WAYLAND_DISPLAY", "QT_QPA_PLATFORM"}
        kept = {name: value for name, value in os.environ.items() if name not in foreign}
        return kept | {"DISPLAY": self.display, "XDG_SESSION_TYPE": "x11"}

    # ---------------------------------------------------------------------------------------------------------------- windows

    def windows(self, name: str) -> list[Window]:
        """Visible windows whose title matches the regular expression."""
        found = self._ask("xdotool", "search", "--onlyvisible", "--name", name)
        windows = []
        for line in found.split():
            # xdotool counts the frame twice under a reparenting window manager; xwininfo is right.
            places = [re.search(rf"{word}:\s+(-?\d+)", self._ask("xwininfo", "-id", line)) for word in _GEOMETRY]
            if all(places):
                x, y, width, height = (int(place[1]) for place in places if place)
                windows.append(Window(id=int(line), x=x, y=y, width=width, height=height))
        return windows

    def wait_for_window(self, name: str, *, seconds: float = 15.0) -> Window:
        """The first visible window of that title; raises `TimeoutError`."""
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            if found := self.windows(name):
                return max(found, key=lambda window: window.width * window.height)
            time.sleep(_POLL)
        raise TimeoutError(f"no window named {name!r} within {seconds:g} s")

    def wait_until_gone(self, name: str, *, seconds: float = 10.0) -> None:
        until = time.monotonic() + seconds
        while self.windows(name):
            if time.monotonic() > until:
                raise TimeoutError(f"the window {name!r} is still there after {seconds:g} s")
            time.sleep(_POLL)

    def focused(self) -> int | None:
        """Id of the window that has the keyboard."""
        answer = self._ask("xdotool", "getwindowfocus").strip()
        return int(answer) if answer.isdigit() else None

    def activate(self, window: Window) -> None:
        self._ask("xdotool", "windowactivate", "--sync", str(window.id))

    def resize(self, window: Window, width: int, height: int) -> None:
        self._ask("xdotool", "windowsize", "--sync", str(window.id), str(width), str(height))

    # ------------------------------------------------------------------------------------------- keyboard and pointer

    def type(self, text: str) -> None:
        """Type as a quick person does."""
        self._ask("xdotool", "type", "--delay", "12", "--", text)

    def press(self, *keys: str) -> None:
        """Press keys by their X names, e.g. `ctrl+d`, `Return`, `Tab`."""
        for key in keys:
            self._ask("xdotool", "key", "--clearmodifiers", key)

    def click(self, x: int, y: int, *, double: bool = False) -> None:
        self._ask("xdotool", "mousemove", "--sync", str(x), str(y))
        self._ask("xdotool", "click", *(("--repeat", "2", "--delay", "60") if double else ()), "1")

    # --------------------------------------------------------------------------------------------------------------- pictures

    def picture(self, target: Path, window: Window | None = None) -> Path:
        """The screen, or one window with what lies over it, as PNG."""
        target.parent.mkdir(parents=True, exist_ok=True)
        crop = ["-crop", f"{window.width}x{window.height}+{window.x}+{window.y}", "+repage"] if window else []
        self._ask("import", "-silent", "-window", "root", *crop, str(target))
        return target

    def _spawn(self, *command: str) -> None:
        self._children.append(
            subprocess.Popen(command, env=self.environment(), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        )

    def _wait_for_window_manager(self) -> None:
        until = time.monotonic() + _START_SECONDS
        while "not found" in (answer := self._ask("xprop", "-root", "_NET_SUPPORTING_WM_CHECK")) or not answer:
            if time.monotonic() > until:
                raise TimeoutError("the window manager did not start")
            time.sleep(_POLL)

    def _ask(self, *command: str) -> str:
        done = subprocess.run(command, env=self.environment(), capture_output=True, text=True, timeout=30, check=False)
        return done.stdout
