"""Dialogs: what both ends of a call remember of each other (RFC 3261 section 12)."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING

from callmanager_demo.office.message import Request, Response, tag_of, uri_of

if TYPE_CHECKING:
    from collections.abc import Iterable


def new_tag() -> str:
    """A From or To tag (section 19.3)."""
    return secrets.token_hex(6)


class Dialog:
    """One dialog, seen from the office. `local` and `remote` are From/To values; the remote one gets its tag with the first
    answer when we call."""

    def __init__(self, *, call_id: str, local: str, remote: str, target: str, routes: tuple[str, ...] = ()) -> None:
        self.call_id = call_id
        self.local = local
        self.remote = remote
        self.target = target
        self._routes = routes
        self._local_cseq = 0
        self._remote_cseq = -1

    @classmethod
    def answering(cls, invite: Request, *, tag: str) -> Dialog:
        """The dialog that an INVITE of the far end begins (section 12.1.1)."""
        dialog = cls(
            call_id=invite.call_id,
            local=f"{invite.first('to')};tag={tag}",
            remote=invite.first("from"),
            target=uri_of(invite.first("contact")) or uri_of(invite.first("from")),
            routes=invite.all("record-route"),
        )
        dialog._remote_cseq = invite.cseq
        return dialog

    @property
    def key(self) -> tuple[str, str]:
        """Call-ID and our tag: enough to find it again, because our tag is random."""
        return self.call_id, tag_of(self.local)

    def settled(self, response: Response) -> None:
        """Take the far end's tag, target and route from an answer to our INVITE (section 12.1.2)."""
        self.remote = response.first("to")
        self.target = uri_of(response.first("contact")) or self.target
        self._routes = tuple(reversed(response.all("record-route")))

    def in_order(self, request: Request) -> bool:
        """Whether a request of the far end is newer than its last one (section 12.2.2); refreshes the target where it may."""
        if request.cseq <= self._remote_cseq or tag_of(request.first("from")) != tag_of(self.remote):
            return False
        self._remote_cseq = request.cseq
        contact = uri_of(request.first("contact"))
        if contact and request.method in ("INVITE", "UPDATE"):
            self.target = contact
        return True

    def request(
        self, method: str, *, headers: Iterable[tuple[str, str]] = (), body: bytes = b"", cseq: int | None = None
    ) -> Request:
        """A request within the dialog, still without Via. `cseq` is the INVITE's for an ACK, and counts up otherwise."""
        if cseq is None:
            self._local_cseq += 1
            cseq = self._local_cseq
        common = [("Route", route) for route in self._routes]
        common += [
            ("Max-Forwards", "70"),
            ("From", self.local),
            ("To", self.remote),
            ("Call-ID", self.call_id),
            ("CSeq", f"{cseq} {method}"),
        ]
        return Request(method=method, uri=self.target, headers=(*common, *headers), body=body)
