"""The exceptions of the product: those whose text is for the user, and everything else, which is a bug."""


class CallManagerError(Exception):
    """Base of all errors raised on purpose."""


class UserError(CallManagerError):
    """Shown as is, without traceback: `text` says what happened, `hint` what to do next."""

    def __init__(self, text: str, hint: str = "") -> None:
        super().__init__(text)
        self.text = text
        self.hint = hint


class Unreachable(CallManagerError):
    """A service does not answer now; background work is retried silently and one problem is shown meanwhile."""


class SignInNeeded(CallManagerError):
    """Credentials are missing or refused; never retried by itself."""


class NotConfigured(CallManagerError):
    """A feature has not been set up; shown as an empty state, not as an error."""


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
