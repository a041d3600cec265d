"""Imports Qt without what PySide6 does to every import that comes after it."""

import builtins


def import_qt() -> None:
    """To be called before anything else that imports Qt.

    PySide6 replaces `__import__` for its `__feature__` switches, which nobody here uses. From then on it reads the source of
    every imported module and keeps it: 7 MB and 35 ms of a start (PYSIDE-2029). So what stood there before is put back. This
    can go when PySide6 waits with it until somebody imports `__feature__`. A `panel.py` that does so gets Qt's usual names.
    """
    import PySide6.QtCore  # noqa: F401 - replaces it

    original = getattr(builtins, "__orig_import__", None)
    if original is not None:
        builtins.__import__ = original
