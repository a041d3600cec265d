"""Which numbers there are, which one is used, and for whom another one."""

from enum import Enum

import attrs
from callmanager.api import FieldKind, setting


class SentName(Enum):
    """What stands beside the number."""

    OWN = "own"
    LABEL = "label"
    NONE = "none"


def lines_complaint(lines: tuple[str, ...]) -> str:
    """What is wrong with the first wrong one of `numbers`; hidden fields have no check of their own for each line."""
    from callmanager_call_control.caller_id.identities import line_complaint  # not at launch

    return next((f"{line!r} {words}" for line in lines if (words := line_complaint(line))), "")


def _rule(text: str) -> str:
    from callmanager_call_control.caller_id.identities import rule_complaint  # not at launch

    return rule_complaint(text)


@attrs.frozen(kw_only=True)
class CallerIdSettings:
    """Section `caller_id`. An empty `active` is the extension's own number."""

    numbers: tuple[str, ...] = setting(
        (),
        label="Numbers",
        help="Label and number, e.g. Main office <+15550100100>.",
        kind=FieldKind.HIDDEN,
        check=lines_complaint,
    )
    active: str = setting("", label="Label in use", kind=FieldKind.HIDDEN)
    rules: tuple[str, ...] = setting(
        (),
        label="Other caller ID for certain calls",
        help="One a line: a number, or a beginning with *, and the label for it. +44* = London office, 2001 = default.",
        kind=FieldKind.LINES,
        check=_rule,
        advanced=True,
    )
    name: SentName = setting(
        SentName.OWN,
        label="Name beside the number",
        help="Whether the other side sees it is the PBX's and the carrier's decision.",
        choices={SentName.OWN: "My display name", SentName.LABEL: "The label", SentName.NONE: "None"},
        advanced=True,
    )
    internal: bool = setting(
        True, label="Also when I call an extension", help="Off: colleagues see your extension.", advanced=True
    )
