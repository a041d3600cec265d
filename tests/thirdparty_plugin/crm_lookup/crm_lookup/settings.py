"""The section of Settings: declared once, from which the form, the file check and the reference follow."""

import attrs
from callmanager.api import setting


def _address(value: str) -> str:
    """A complaint, or an empty text."""
    return "" if not value or value.startswith(("https://", "http://127.0.0.1")) else "must begin with https://"


@attrs.frozen(kw_only=True)
class CrmLookupSettings:
    """How to reach the CRM, and what it may send."""

    url: str = setting("", label="Address", help="Where your CRM is.", placeholder="https://crm.example.com", check=_address)
    token: str = setting("", label="Access token", help="Kept in the key store of this computer.", secret=True)
    sender: str = setting("", label="Text messages from", help="The number your CRM sends from.", placeholder="+15550100100")
