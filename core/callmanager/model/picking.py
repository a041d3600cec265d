"""Finding one of many and choosing one of few, as values between a plugin and the window."""

import attrs

from callmanager.model.presence import PresenceStatus


@attrs.frozen(kw_only=True)
class Choice:
    """One thing that can be done; the label is a verb with its object. `destructive` ones are red and never the default."""

    id: str
    label: str
    icon: str = ""
    destructive: bool = False


@attrs.frozen(kw_only=True)
class PickRow:
    """One line of a list to pick from: a person as an avatar with a presence, or anything else with an icon in its place.

    `key` tells rows apart while the list changes; `detail` is the second thing to know, such as the number; `note` stands at
    the end, where without one the presence is said in a word. `person` is the number by which the avatar gets its colour: one
    person has one colour in all rows and on the cards.
    """

    key: str
    title: str
    detail: str = ""
    note: str = ""
    icon: str = ""
    person: str = ""
    status: PresenceStatus | None = None


@attrs.frozen(kw_only=True)
class Picked:
    """A row and the id of what is to be done with it."""

    row: PickRow
    choice: str
