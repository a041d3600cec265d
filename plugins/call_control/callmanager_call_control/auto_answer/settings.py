"""Whose calls are answered without the user; nobody's until somebody sets it, for it opens the microphone."""

import attrs
from callmanager.api import FieldKind, setting


def _pattern(text: str) -> str:
    from callmanager_call_control.patterns import complaint  # not at launch

    return complaint(text)


@attrs.frozen(kw_only=True)
class AutoAnswerSettings:
    """Section `auto_answer`."""

    by_header: bool = setting(
        False,
        label="Answer when the PBX asks for it",
        help="Paging and intercom: whoever may use those at the PBX then hears what is said here.",
    )
    numbers: tuple[str, ...] = setting(
        (),
        label="Answer calls from",
        help="One a line: a number, or a beginning with * behind it.",
        kind=FieldKind.LINES,
        check=_pattern,
    )
    delay: int = setting(
        3, label="Seconds before that", help="Time to say no; the PBX says its own time.", minimum=0, maximum=60
    )
