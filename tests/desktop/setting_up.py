"""Fill the first page of Settings with the keyboard alone, as a person does at the first launch."""

from pathlib import Path

from pbx.accounts import Account

from desktop.desktop import Desktop

_ROWS_TO_CA_FILE = 9


def set_up_by_keyboard(
    desktop: Desktop,
    *,
    host: str,
    account: Account,
    password: str | None = None,
    port: int | None = None,
    ca_file: Path | None = None,
) -> None:
    """Type server, port, extension, password and name, then under Advanced the CA file, and press Connect.

    The window has the keyboard and the cursor stands in the first field, where a first launch puts it.
    """
    desktop.type(host)
    desktop.press("Tab")
    if port is not None:
        desktop.press("ctrl+a")
        desktop.type(str(port))
    desktop.press("Tab")
    desktop.type(account.extension)
    desktop.press("Tab")
    desktop.type(account.password if password is None else password)
    desktop.press("Tab")
    desktop.type("Rita Front")
    desktop.press("Tab", "space", *["Tab"] * _ROWS_TO_CA_FILE)
    if ca_file is not None:
        desktop.type(str(ca_file))
    desktop.press("Tab", "Tab", "Return")
