"""How long is waited for what."""

import attrs


@attrs.frozen(kw_only=True)
class Rhythm:
    """Seconds. A dead link is known after `ping` + `answer` at the latest; `close` is for the other side's goodbye."""

    connect: float = 10.0
    answer: float = 10.0
    ping: float = 15.0
    listing: float = 30.0
    close: float = 1.0
    settle: float = 0.7
    """After a change of settings: a new user with the old secret would be one of the failures that a PBX counts."""
