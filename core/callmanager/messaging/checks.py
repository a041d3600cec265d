"""What comes in or goes out is looked at here first: texts, numbers and attachments."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Final
from urllib.parse import urlsplit

import attrs

from callmanager.errors import UserError
from callmanager.messaging.notation import can_be_texted
from callmanager.model.messages import Attachment, IncomingMessage, TransportAbilities
from callmanager.numbers import is_emergency
from callmanager.texts import plain, plain_lines

Normalise = Callable[[str], str]

TEXT_LIMIT: Final = 20_000
"""Characters of an incoming message that are kept; carriers end far below."""
MOST_ATTACHMENTS: Final = 10
LARGEST_ATTACHMENT: Final = 100 * 1024 * 1024
ADDRESS_LIMIT: Final = 2048
REMOTE_ID_LIMIT: Final = 200
UNKNOWN: Final = "unknown"
_MEDIA_TYPE: Final = re.compile(r"[a-z0-9][a-z0-9!#$&^_.+-]{0,62}/[a-z0-9][a-z0-9!#$&^_.+-]{0,62}")
_ADDRESS: Final = re.compile(r"[!-~]+")


@attrs.frozen(kw_only=True)
class Checked:
    """An incoming message that may be stored. `key` tells a repetition, `left_out` says what is missing of it."""

    own: str
    peer: str
    text: str
    attachments: tuple[Attachment, ...]
    remote_id: str
    key: str
    left_out: str


def check_incoming(message: IncomingMessage, normalise: Normalise) -> Checked:
    """Clean what a transport received. Raises `TypeError` for what is no message; everything else becomes one."""
    if not all(isinstance(value, str) for value in (message.remote_id, message.own, message.peer, message.text)):
        raise TypeError("remote_id, own, peer and text of an incoming message must be texts")
    own, peer = _number(message.own, normalise), _number(message.peer, normalise) or UNKNOWN
    attachments, left_out = _attachments(message.attachments)
    return Checked(
        own=own,
        peer=peer,
        text=plain_lines(message.text, limit=TEXT_LIMIT),
        attachments=attachments,
        remote_id=remote_text(message.remote_id),
        key=_key(message, own, peer),
        left_out=left_out,
    )


def remote_text(remote_id: str) -> str:
    """A carrier's id as it is stored and compared."""
    return plain(remote_id, limit=REMOTE_ID_LIMIT)


def check_peer(number: str, normalise: Normalise) -> str:
    """The normalised number that a message goes to; raises `UserError` for what can't be texted."""
    peer = _number(number, normalise)
    if is_emergency(peer):
        raise UserError("emergency services don't get text messages from here", f"Call {peer} instead.")
    if not can_be_texted(peer):
        raise UserError(
            f"“{plain(number, limit=40)}” is not a number that can be texted" if peer else "there is no number to text",
            "Type the number with its area code, or with a leading + for abroad.",
        )
    return peer


def check_outgoing(
    text: str, attachments: Sequence[Attachment], abilities: TransportAbilities, *, label: str
) -> tuple[str, tuple[Attachment, ...]]:
    """The text and attachments as they will be sent; raises `UserError` for what this transport can't carry."""
    if len(text) > TEXT_LIMIT:
        raise UserError(f"the message is too long: {len(text)} characters", "Send it in several messages.")
    text = plain_lines(text, limit=TEXT_LIMIT)
    if not text and not attachments:
        raise UserError("there is nothing to send")
    if len(text) > abilities.text_limit:
        raise UserError(
            f"the message has {len(text)} characters, and {label} carries {abilities.text_limit}",
            "Shorten it, or send it in several messages.",
        )
    if attachments and not abilities.attachments:
        raise UserError(f"{label} can't carry pictures or files", "Send the text alone.")
    if len(attachments) > MOST_ATTACHMENTS:
        raise UserError(f"a message carries at most {MOST_ATTACHMENTS} attachments", "Send the others in another message.")
    for one in attachments:
        if not _is_address(one.url, schemes=("https", "file")):
            raise UserError(f"“{plain(one.name or one.url, limit=60)}” can't be attached", "Choose a file of this computer.")
    return text, tuple(_tidy(one) for one in attachments)


def _number(number: str, normalise: Normalise) -> str:
    shown = plain(number, limit=40)
    if not shown:
        return ""
    try:
        return plain(normalise(shown), limit=40) or shown
    except (UserError, ValueError):
        return shown


def _key(message: IncomingMessage, own: str, peer: str) -> str:
    """The carrier's id, or a fingerprint where it is too long to keep or missing."""
    if message.remote_id and len(message.remote_id) <= REMOTE_ID_LIMIT:
        return message.remote_id
    import hashlib

    parts = (
        ("id", message.remote_id)
        if message.remote_id
        else (own, peer, message.text, message.at.isoformat(), *(one.url for one in message.attachments))
    )
    return f"sha256:{hashlib.sha256(repr(parts).encode(errors='surrogatepass')).hexdigest()}"


def _attachments(attachments: Sequence[Attachment]) -> tuple[tuple[Attachment, ...], str]:
    kept: list[Attachment] = []
    left_out = 0
    for one in attachments:
        fits = len(kept) < MOST_ATTACHMENTS and _is_address(one.url, schemes=("https",))
        if not fits or (one.size is not None and not 0 <= one.size <= LARGEST_ATTACHMENT):
            left_out += 1
            continue
        kept.append(_tidy(one))
    if not left_out:
        return tuple(kept), ""
    return tuple(kept), "an attachment was left out" if left_out == 1 else f"{left_out} attachments were left out"


def _tidy(one: Attachment) -> Attachment:
    media_type = one.media_type.partition(";")[0].strip().lower()
    return Attachment(
        media_type=media_type if _MEDIA_TYPE.fullmatch(media_type) else "application/octet-stream",
        url=one.url,
        name=plain(one.name, limit=120),
        size=one.size,
    )


def _is_address(url: object, *, schemes: tuple[str, ...]) -> bool:
    """Whether this is an address without a password in it that nothing can hide behind."""
    if not isinstance(url, str) or len(url) > ADDRESS_LIMIT or not _ADDRESS.fullmatch(url):
        return False
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError:
        return False
    if parts.scheme not in schemes or "@" in parts.netloc:
        return False
    return bool(parts.path) if parts.scheme == "file" else bool(parts.hostname)
