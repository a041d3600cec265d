"""Lists of the PBX: asked for, read, and refused in words that name the remedy."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Final, TypeVar

from callmanager.api import SignInNeeded

from callmanager_presence_ami.client import ActionRefused

if TYPE_CHECKING:
    from callmanager_presence_ami.fields import Headers
    from callmanager_presence_ami.session import AmiSession

V = TypeVar("V")

_CLASSES: Final = {
    "ExtensionStateList": "reporting",
    "DeviceStateList": "reporting",
    "PresenceStateList": "reporting",
    "Parkinglots": "call",
    "ParkedCalls": "call",
}
"""What Asterisk asks for on the write side."""


def reading(read: Callable[[Headers], V | None], take: Callable[[V], None]) -> Callable[[Headers], None]:
    """Headers become a value that is taken; what can't be read is left out."""

    def one(headers: Headers) -> None:
        value = read(headers)
        if value is not None:
            take(value)

    return one


async def listed(session: AmiSession, action: str, take: Callable[[Headers], None], *, most: int) -> bool:
    """Ask for a list; false where this PBX has none of it, such as no hints or a module that is not loaded.

    Raises `SignInNeeded` where our AMI user may not ask, `Unreachable`.
    """
    try:
        await session.rows(action, take, most=most)
    except ActionRefused as error:
        if "permission" in str(error).lower():
            raise SignInNeeded(
                f"the AMI user {session.place.user} may not ask the PBX for {action}; its administrator must give it the class "
                f"“{_CLASSES[action]}” for writing, and “call” for reading"
            ) from error
        return False
    return True
