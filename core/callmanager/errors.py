"""The exceptions of the product: those whose text is for the user, and everything else, which is a bug."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from callmanager.model.failures import CertificateEvidence
    from callmanager.model.permissions import Permission


class CallManagerError(Exception):
    """Base of all errors raised on purpose."""


class UserError(CallManagerError):
    """Shown as is, without traceback: `text` says what happened, `hint` what to do next."""

    def __init__(self, text: str, hint: str = "") -> None:
        super().__init__(text)
        self.text = text
        self.hint = hint


class PermissionRefused(UserError):
    """A plugin wanted something that it did not declare, or that the administrator took away (`by_site`)."""

    def __init__(self, plugin_id: str, permission: Permission, *, by_site: bool) -> None:
        super().__init__(
            f"the plugin {plugin_id} may not {permission.deed}",
            "Your administrator does not allow it to." if by_site else "Its author did not declare that it needs to.",
        )
        self.permission = permission
        self.by_site = by_site


class Unreachable(CallManagerError):
    """A service does not answer now; background work is retried silently and one problem is shown meanwhile.

    `retry_after` is how many seconds the service asked to be left alone, if it did.
    """

    def __init__(self, text: str = "", *, retry_after: float | None = None) -> None:
        super().__init__(text)
        self.retry_after = retry_after


class CertificateRefused(Unreachable):
    """The server's certificate can't be trusted, so nothing was sent. `certificate` is what it said of itself, if known.

    A kind of `Unreachable`, as it heals when the server's administrator renews the certificate.
    """

    def __init__(self, text: str, *, certificate: CertificateEvidence | None = None) -> None:
        super().__init__(text)
        self.certificate = certificate


class SignInNeeded(CallManagerError):
    """Credentials are missing or refused; never retried by itself."""


class NotConfigured(CallManagerError):
    """A feature has not been set up; shown as an empty state, not as an error."""


class HttpError(CallManagerError):
    """A server's answer that can't be used. `status` is its HTTP status, 0 when there was none worth the name.

    `detail` is the beginning of the body as plain text, for the curious; it may say anything.
    """

    def __init__(self, text: str, *, status: int = 0, detail: str = "") -> None:
        super().__init__(text)
        self.status = status
        self.detail = detail


class HostNotAllowed(CallManagerError):
    """A plugin wanted to talk to a host that it did not declare or that the site does not allow; nothing was sent."""


class SettingsError(CallManagerError):
    """Values that do not fit; `complaints` are plain sentences, each with its path, all of them at once."""

    def __init__(self, complaints: tuple[str, ...]) -> None:
        super().__init__("; ".join(complaints))
        self.complaints = complaints


class StorageError(CallManagerError):
    """A file of ours can't be used: written by a newer release, damaged, or the disk refuses."""


class PluginError(CallManagerError):
    """A plugin can't be used; the text is the reason shown on the plugins page."""


class DeliveryUncertain(CallManagerError):
    """The answer was lost after the carrier may have taken a message; it is shown as such and never repeated by itself."""


class DeliveryRefused(UserError):
    """The carrier will never take this message; the text is its reason in plain words."""
