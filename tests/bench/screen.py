"""The X server as a witness: when a window was really painted; and keys pressed as by a person.

Talks to libX11 and libXtst, which Qt's own X11 part needs anyway, because starting a program per look would cost more time than
what is measured.
"""

import contextlib
import ctypes
import select
import time
from collections.abc import Iterator
from typing import Any

import attrs

_SUBSTRUCTURE_NOTIFY = 1 << 19
_MAP_NOTIFY = 19
_ALL_PLANES = ctypes.c_ulong(-1).value
_ZPIXMAP = 2
_IS_VIEWABLE = 2
_COLOURS = 8
"""A painted window shows at least this many colours (smoothed letters alone have more); an empty one shows one."""


class _XImage(ctypes.Structure):
    _fields_ = [
        ("width", ctypes.c_int),
        ("height", ctypes.c_int),
        ("xoffset", ctypes.c_int),
        ("format", ctypes.c_int),
        ("data", ctypes.POINTER(ctypes.c_ubyte)),
        ("byte_order", ctypes.c_int),
        ("bitmap_unit", ctypes.c_int),
        ("bitmap_bit_order", ctypes.c_int),
        ("bitmap_pad", ctypes.c_int),
        ("depth", ctypes.c_int),
        ("bytes_per_line", ctypes.c_int),
    ]


class _XMapEvent(ctypes.Structure):
    _fields_ = [
        ("type", ctypes.c_int),
        ("serial", ctypes.c_ulong),
        ("send_event", ctypes.c_int),
        ("display", ctypes.c_void_p),
        ("event", ctypes.c_ulong),
        ("window", ctypes.c_ulong),
        ("override_redirect", ctypes.c_int),
    ]


class _XEvent(ctypes.Union):
    _fields_ = [("type", ctypes.c_int), ("map", _XMapEvent), ("pad", ctypes.c_long * 24)]


class _XWindowAttributes(ctypes.Structure):
    _fields_ = [
        ("x", ctypes.c_int),
        ("y", ctypes.c_int),
        ("width", ctypes.c_int),
        ("height", ctypes.c_int),
        ("border_width", ctypes.c_int),
        ("depth", ctypes.c_int),
        ("visual", ctypes.c_void_p),
        ("root", ctypes.c_ulong),
        ("class_", ctypes.c_int),
        ("bit_gravity", ctypes.c_int),
        ("win_gravity", ctypes.c_int),
        ("backing_store", ctypes.c_int),
        ("backing_planes", ctypes.c_ulong),
        ("backing_pixel", ctypes.c_ulong),
        ("save_under", ctypes.c_int),
        ("colormap", ctypes.c_ulong),
        ("map_installed", ctypes.c_int),
        ("map_state", ctypes.c_int),
        ("rest", ctypes.c_long * 8),
    ]


@attrs.frozen(kw_only=True)
class Painted:
    """A top-level window with content on the screen, and when that was first seen (seconds since the epoch)."""

    window: int
    at: float
    mapped_at: float
    width: int
    height: int


_ERROR_HANDLER = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p, ctypes.c_void_p)
_ignore_errors = _ERROR_HANDLER(lambda _display, _event: 0)  # a window may be gone when we look at it; kept alive for Xlib


class Screen:
    """One connection to the X server named by DISPLAY; used by one thread."""

    def __init__(self) -> None:
        self._x = x = _declared(ctypes.CDLL("libX11.so.6"))
        self._test: Any = ctypes.CDLL("libXtst.so.6")
        self._test.XTestFakeKeyEvent.argtypes = [ctypes.c_void_p, ctypes.c_uint, ctypes.c_int, ctypes.c_ulong]
        x.XSetErrorHandler(_ignore_errors)
        self._display = x.XOpenDisplay(None)
        if not self._display:
            raise RuntimeError("no X server answers at DISPLAY; the benchmark runs by dev.py bench")
        self._root = x.XDefaultRootWindow(self._display)
        x.XSelectInput(self._display, self._root, _SUBSTRUCTURE_NOTIFY)
        x.XSync(self._display, 0)

    def close(self) -> None:
        self._x.XCloseDisplay(self._display)

    def forget_the_past(self) -> None:
        """Drops events about windows that came before now."""
        self._x.XSync(self._display, 1)

    def wait_painted(self, *, min_width: int, min_height: int, within: float, what: str) -> Painted:
        """The next top-level window of at least that size, as soon as it shows more than an empty area."""
        deadline = time.time() + within
        mapped: dict[int, float] = {}
        while time.time() < deadline:
            for window in self._mapped_windows(0.002):
                mapped.setdefault(window, time.time())
            for window, since in mapped.items():
                place = self._place(window)
                if place is None or place.width < min_width or place.height < min_height:
                    continue
                if self._colours(place) >= _COLOURS:
                    return Painted(window=window, at=time.time(), mapped_at=since, width=place.width, height=place.height)
        raise AssertionError(f"{what} did not appear within {within:g} s")

    def press(self, *keys: str) -> float:
        """Presses keys together (the last one with the others held) and tells when the server had them."""
        codes = [self._code(key) for key in keys]
        at = time.time()
        for code in codes:
            self._test.XTestFakeKeyEvent(self._display, code, 1, 0)
        for code in reversed(codes):
            self._test.XTestFakeKeyEvent(self._display, code, 0, 0)
        self._x.XSync(self._display, 0)
        return at

    def type(self, digits: str) -> None:
        for digit in digits:
            self.press(digit)

    def _code(self, key: str) -> int:
        code = int(self._x.XKeysymToKeycode(self._display, self._x.XStringToKeysym(key.encode())))
        assert code, f"the keyboard has no key {key}"
        return code

    def _mapped_windows(self, timeout: float) -> Iterator[int]:
        if not self._x.XPending(self._display):
            select.select([self._x.XConnectionNumber(self._display)], [], [], timeout)
        event = _XEvent()
        while self._x.XPending(self._display):
            self._x.XNextEvent(self._display, ctypes.byref(event))
            if event.type == _MAP_NOTIFY:
                yield int(event.map.window)

    def _place(self, window: int) -> _XWindowAttributes | None:
        found = _XWindowAttributes()
        if not self._x.XGetWindowAttributes(self._display, window, ctypes.byref(found)) or found.map_state != _IS_VIEWABLE:
            return None
        return found

    def _colours(self, place: _XWindowAttributes) -> int:
        """How many colours a strip of the window's middle half shows; frames and title bars are outside of it."""
        size = self._x.XDisplayWidth(self._display, 0), self._x.XDisplayHeight(self._display, 0)
        left, top = max(0, place.x + 12), max(0, place.y + place.height // 8)
        width = min(place.width - 24, 480, size[0] - left)
        height = min(place.height * 3 // 4, 160, size[1] - top)
        if width <= 0 or height <= 0:
            return 0
        image = self._x.XGetImage(self._display, self._root, left, top, width, height, _ALL_PLANES, _ZPIXMAP)
        if not image:
            return 0
        try:
            content = image.contents
            data = ctypes.string_at(content.data, content.bytes_per_line * content.height)
            return len(set(memoryview(data).cast("I")))
        finally:
            self._x.XDestroyImage(image)


@contextlib.contextmanager
def open_screen() -> Iterator[Screen]:
    screen = Screen()
    try:
        yield screen
    finally:
        screen.close()


def _declared(x: Any) -> Any:
    """Pointers are wider than the int that ctypes assumes."""
    display, window = ctypes.c_void_p, ctypes.c_ulong
    x.XOpenDisplay.restype = display
    x.XOpenDisplay.argtypes = [ctypes.c_char_p]
    x.XDefaultRootWindow.restype = window
    x.XDefaultRootWindow.argtypes = [display]
    x.XSelectInput.argtypes = [display, window, ctypes.c_long]
    x.XSync.argtypes = [display, ctypes.c_int]
    x.XPending.argtypes = [display]
    x.XConnectionNumber.argtypes = [display]
    x.XNextEvent.argtypes = [display, ctypes.c_void_p]
    x.XCloseDisplay.argtypes = [display]
    x.XDisplayWidth.argtypes = x.XDisplayHeight.argtypes = [display, ctypes.c_int]
    x.XGetWindowAttributes.argtypes = [display, window, ctypes.c_void_p]
    x.XGetImage.restype = ctypes.POINTER(_XImage)
    x.XGetImage.argtypes = [display, window, *([ctypes.c_int] * 2), *([ctypes.c_uint] * 2), ctypes.c_ulong, ctypes.c_int]
    x.XDestroyImage.argtypes = [ctypes.POINTER(_XImage)]
    x.XStringToKeysym.restype = ctypes.c_ulong
    x.XStringToKeysym.argtypes = [ctypes.c_char_p]
    x.XKeysymToKeycode.restype = ctypes.c_ubyte
    x.XKeysymToKeycode.argtypes = [display, ctypes.c_ulong]
    return x
