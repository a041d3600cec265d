"""Open an address in the person's browser."""

from PySide6.QtCore import QUrl
from PySide6.QtGui import QDesktopServices

from callmanager_shell.caller_lookups import https_address


def open_in_browser(address: str) -> bool:
    """Only what is https; anything else (a file, a program's own scheme) is refused. False when nothing was opened."""
    checked = https_address(address)
    return bool(checked) and QDesktopServices.openUrl(QUrl(checked, QUrl.ParsingMode.StrictMode))
