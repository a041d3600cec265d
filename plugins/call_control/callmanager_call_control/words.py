"""What calls are called in the words of buttons, menus and dialogs."""

from callmanager.api import Call


def label_of(call: Call) -> str:
    """The best single thing to say: the far end's name, the contact's, else the number."""
    return call.name or call.remote.label
