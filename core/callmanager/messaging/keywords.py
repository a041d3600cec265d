"""The words with which somebody ends, renews or asks about messages from a business.

Source: CTIA Messaging Principles and Best Practices, section on opt-out mechanisms; 47 CFR 64.1200(a)(10) for the words that
count as a revocation of consent.
"""

from enum import Enum
from typing import Final


class MessageKeyword(Enum):
    STOP = "stop"
    START = "start"
    HELP = "help"


_WORDS: Final = {
    MessageKeyword.STOP: frozenset(
        {"stop", "stopall", "stop all", "unsubscribe", "end", "quit", "cancel", "revoke", "optout", "opt out", "opt-out"}
    ),
    MessageKeyword.START: frozenset({"start", "unstop", "yes"}),
    MessageKeyword.HELP: frozenset({"help", "info"}),
}
_LONGEST: Final = 40


def message_keyword(text: str) -> MessageKeyword | None:
    """The keyword that a message consists of, whatever its case; none when it says anything else.

    Blanks, quotation marks and a full stop around the word don't matter: "Stop." is meant as it is said, "please stop" is a
    sentence for a person. YES counts as a START; for somebody who has not opted out that changes nothing.
    """
    if len(text) > _LONGEST:
        return None
    word = " ".join(text.casefold().split()).strip("\"'“”‘’.!, ")
    return next((keyword for keyword, words in _WORDS.items() if word in words), None)
