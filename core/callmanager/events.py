"""Every event on the bus, one frozen class each; past facts that carry the new snapshot, and the old where it matters."""

import attrs

from callmanager.model.accounts import Account, Registration
from callmanager.model.audio import AudioDevice, AudioRole
from callmanager.model.calls import Call
from callmanager.model.messages import Conversation, ConversationKey, Message
from callmanager.model.notices import Notice, Problem
from callmanager.model.plugins import PluginState
from callmanager.model.presence import ParkedCall, Presence
from callmanager.model.sources import SourceState
from callmanager.model.voicemail import MailboxSnapshot
from callmanager.value import Value


@attrs.frozen(kw_only=True, eq=False, repr=False)
class Event(Value):
    """Base of all events. Subscribers are matched by exact class, so never subscribe to this one."""


@attrs.frozen(kw_only=True, eq=False, repr=False)
class CallAdded(Event):
    """A call exists now: placed by us, or incoming and let through by screening."""

    call: Call


@attrs.frozen(kw_only=True, eq=False, repr=False)
class CallChanged(Event):
    """A live call's snapshot was replaced; the last of these has state `ENDED`."""

    before: Call
    after: Call


@attrs.frozen(kw_only=True, eq=False, repr=False)
class CallRemoved(Event):
    """An ended call left the store; published right after the `CallChanged` that ended it, views may keep showing it."""

    call: Call


@attrs.frozen(kw_only=True, eq=False, repr=False)
class ParkedCallChanged(Event):
    """A call of ours that ended by being parked waits in another slot than was known, or (`call.parked` is none) no more."""

    call: Call


@attrs.frozen(kw_only=True, eq=False, repr=False)
class CallScreened(Event):
    """A plugin's verdict refused an incoming call before it rang."""

    call: Call
    plugin_id: str
    reason: str


@attrs.frozen(kw_only=True, eq=False, repr=False)
class AccountChanged(Event):
    """The account in use was set, replaced or taken away."""

    before: Account | None
    after: Account | None


@attrs.frozen(kw_only=True, eq=False, repr=False)
class RegistrationChanged(Event):
    before: Registration | None
    after: Registration | None


@attrs.frozen(kw_only=True, eq=False, repr=False)
class AudioDevicesChanged(Event):
    devices: tuple[AudioDevice, ...]


@attrs.frozen(kw_only=True, eq=False, repr=False)
class AudioDeviceReplaced(Event):
    """A device in use vanished or came back."""

    role: AudioRole
    device: AudioDevice | None
    reason: str


@attrs.frozen(kw_only=True, eq=False, repr=False)
class DigitWasSent(Event):
    """A DTMF digit left for the far end, exactly once each."""

    call: Call
    digit: str
    method: str


@attrs.frozen(kw_only=True, eq=False, repr=False)
class EngineChanged(Event):
    """The engine process came up or went away."""

    running: bool
    detail: str = ""


@attrs.frozen(kw_only=True, eq=False, repr=False)
class ProblemRaised(Event):
    """Something is wrong now, or the text of it changed."""

    problem: Problem


@attrs.frozen(kw_only=True, eq=False, repr=False)
class ProblemCleared(Event):
    problem: Problem


@attrs.frozen(kw_only=True, eq=False, repr=False)
class NoticePosted(Event):
    """A passing message for the user; views show it for a few seconds."""

    notice: Notice


@attrs.frozen(kw_only=True, eq=False, repr=False)
class SettingsChanged(Event):
    """A section has new values. `before` and `after` are instances of the section's model."""

    section_id: str
    before: object
    after: object


@attrs.frozen(kw_only=True, eq=False, repr=False)
class SecretChanged(Event):
    """A secret field of a section was entered or deleted; `owner` is the plugin whose section it is, or `core`."""

    section_id: str
    field: str
    owner: str


@attrs.frozen(kw_only=True, eq=False, repr=False)
class PluginStateChanged(Event):
    plugin_id: str
    state: PluginState
    reason: str = ""


@attrs.frozen(kw_only=True, eq=False, repr=False)
class ContributionsChanged(Event):
    """Panels, actions or settings sections of a plugin came or went; views ask for them again."""

    plugin_id: str


@attrs.frozen(kw_only=True, eq=False, repr=False)
class SourceChanged(Event):
    """A source of contacts, presence, messages or voicemail came, works, was lost, or went (`after` is none)."""

    before: SourceState | None
    after: SourceState | None


@attrs.frozen(kw_only=True, eq=False, repr=False)
class ContactsChanged(Event):
    """The contacts of a source are others now; views ask for them again."""

    source_id: str


@attrs.frozen(kw_only=True, eq=False, repr=False)
class PresenceChanged(Event):
    """The presence of some handles is another now; many changes at once come as one event."""

    changed: tuple[Presence, ...]


@attrs.frozen(kw_only=True, eq=False, repr=False)
class ParkingChanged(Event):
    """The calls in a parking lot are others now. `known` is false while nobody tells us about the lot."""

    lot: str
    calls: tuple[ParkedCall, ...]
    known: bool = True


@attrs.frozen(kw_only=True, eq=False, repr=False)
class MessageAdded(Event):
    """A message was written or received, and is stored."""

    message: Message


@attrs.frozen(kw_only=True, eq=False, repr=False)
class MessageChanged(Event):
    """A stored message got further, failed, waits for another reason, or was read."""

    before: Message
    after: Message


@attrs.frozen(kw_only=True, eq=False, repr=False)
class MessageRemoved(Event):
    """The user deleted a message; when a whole conversation goes, only `ConversationChanged` tells."""

    message: Message


@attrs.frozen(kw_only=True, eq=False, repr=False)
class ConversationChanged(Event):
    """The last message, unread count, draft or state of a conversation is another now; none when it was deleted."""

    key: ConversationKey
    conversation: Conversation | None


@attrs.frozen(kw_only=True, eq=False, repr=False)
class UnreadMessagesChanged(Event):
    """Another number of messages is unread now, for badges."""

    unread: int


@attrs.frozen(kw_only=True, eq=False, repr=False)
class MailboxChanged(Event):
    """The voicemail of a mailbox is another now; `after` is none when nobody tells us about it any more."""

    before: MailboxSnapshot | None
    after: MailboxSnapshot | None
