"""What is blocked beside the user's own list, and what never is."""

import attrs
from callmanager.api import FieldKind, setting


def _pattern(text: str) -> str:
    from callmanager_call_control.patterns import complaint  # not at launch

    return complaint(text)


@attrs.frozen(kw_only=True)
class BlockingSettings:
    """Section `blocking`. The user's own list lies in the plugin's database, with notes and dates."""

    withheld: bool = setting(
        False, label="Block callers without a number", help="Anonymous and withheld numbers, too, are refused."
    )
    tell: bool = setting(True, label="Say when a call was refused", help="A short message in the window; it never rings.")
    numbers: tuple[str, ...] = setting(
        (),
        label="More blocked numbers",
        help="One a line, for lists from elsewhere: a number, or a beginning with * behind it, such as +1900*.",
        kind=FieldKind.LINES,
        check=_pattern,
        advanced=True,
    )
    never: tuple[str, ...] = setting(
        (),
        label="Never block",
        help="One a line, as above: whoever is meant here gets through whatever else is said.",
        kind=FieldKind.LINES,
        check=_pattern,
        advanced=True,
    )
