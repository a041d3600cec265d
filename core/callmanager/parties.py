"""Who is at the other side, as engines and sources tell it."""

from callmanager.model.calls import Party
from callmanager.texts import plain


def checked_party(party: Party) -> Party:
    """The same with its text made plain and bounded."""
    return Party(number=plain(party.number, limit=80), name=plain(party.name), uri=plain(party.uri, limit=300))
