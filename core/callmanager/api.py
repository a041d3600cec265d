"""THE public module: all that a plugin, built-in or foreign, imports of us.

What is not here is private, whatever its path. Names are added with a changelog line and removed after a release in which they
are deprecated. This module contains no code.
"""

from callmanager.bus import Unsubscribe
from callmanager.contributions import CallAction, CliCommand, Owned, Panel, PanelArea, SettingsSection
from callmanager.engine.commands import (
    Answer,
    CheckNetwork,
    Command,
    ConfigureAudio,
    HangUp,
    PlaceCall,
    PreviewRingtone,
    Register,
    Reject,
    Ring,
    SendDigits,
    SetHeld,
    SetMuted,
    Unregister,
    WatchAudioDevices,
)
from callmanager.engine.facts import (
    AudioDevicesReported,
    AudioDeviceSwitched,
    AudioFailed,
    CallArrived,
    CallFinished,
    CallHoldReported,
    CallMediaReported,
    CallMuteReported,
    CallPartyReported,
    CallProgressed,
    CallStatisticsReported,
    CommandRefused,
    DigitSent,
    EngineStarted,
    EngineStopped,
    Fact,
    MessageRefused,
    RegistrationReported,
)
from callmanager.engine.protocol import CallEngine
from callmanager.errors import (
    CallManagerError,
    NotConfigured,
    SettingsError,
    SignInNeeded,
    StorageError,
    Unreachable,
    UserError,
)
from callmanager.events import (
    AccountChanged,
    AudioDeviceReplaced,
    AudioDevicesChanged,
    CallAdded,
    CallChanged,
    CallRemoved,
    CallScreened,
    ContributionsChanged,
    DigitWasSent,
    EngineChanged,
    Event,
    NoticePosted,
    PluginStateChanged,
    ProblemCleared,
    ProblemRaised,
    RegistrationChanged,
    SettingsChanged,
)
from callmanager.explain import Explanation, explain
from callmanager.markers import API_VERSION, hookimpl
from callmanager.model.accounts import Account, AccountId, Registration, RegistrationState, Transport, TurnServer
from callmanager.model.audio import AudioBackendKind, AudioChoice, AudioDevice, AudioRole, audio_choice
from callmanager.model.calls import (
    Call,
    CallEnd,
    CallId,
    CallRequest,
    CallState,
    Direction,
    EndCause,
    Header,
    Party,
    Verdict,
)
from callmanager.model.failures import CertificateEvidence, Failure, FailureKind
from callmanager.model.media import CallMedia, CallStatistics, MediaPath
from callmanager.model.notices import Notice, Problem, Severity
from callmanager.model.plugins import PluginRecord, PluginState
from callmanager.numbers import clean_target, format_number
from callmanager.protocols import (
    Accounts,
    Audio,
    Calls,
    Context,
    Events,
    Notices,
    Problems,
    Secrets,
    Settings,
    Tasks,
    UiKit,
)
from callmanager.settings.core_sections import AppearanceSettings, AudioSettings, ConnectionSettings
from callmanager.settings.fields import FieldKind, SettingInfo, setting, setting_info
from callmanager.storage.database import Database
from callmanager.storage.migrations import Migration

PluginContext = Context

__all__ = [
    # the contract
    "API_VERSION",
    "hookimpl",
    # what a plugin is built with
    "Accounts",
    "Audio",
    "Calls",
    "Context",
    "Events",
    "Notices",
    "PluginContext",
    "Problems",
    "Secrets",
    "Settings",
    "Tasks",
    "UiKit",
    "Unsubscribe",
    # contributions
    "CallAction",
    "CliCommand",
    "Owned",
    "Panel",
    "PanelArea",
    "SettingsSection",
    # the engine seam: commands
    "Answer",
    "CallEngine",
    "CheckNetwork",
    "Command",
    "ConfigureAudio",
    "HangUp",
    "PlaceCall",
    "PreviewRingtone",
    "Register",
    "Reject",
    "Ring",
    "SendDigits",
    "SetHeld",
    "SetMuted",
    "Unregister",
    "WatchAudioDevices",
    # the engine seam: facts
    "AudioDeviceSwitched",
    "AudioDevicesReported",
    "AudioFailed",
    "CallArrived",
    "CallFinished",
    "CallHoldReported",
    "CallMediaReported",
    "CallMuteReported",
    "CallPartyReported",
    "CallProgressed",
    "CallStatisticsReported",
    "CommandRefused",
    "DigitSent",
    "EngineStarted",
    "EngineStopped",
    "Fact",
    "MessageRefused",
    "RegistrationReported",
    # events
    "AccountChanged",
    "AudioDeviceReplaced",
    "AudioDevicesChanged",
    "CallAdded",
    "CallChanged",
    "CallRemoved",
    "CallScreened",
    "ContributionsChanged",
    "DigitWasSent",
    "EngineChanged",
    "Event",
    "NoticePosted",
    "PluginStateChanged",
    "ProblemCleared",
    "ProblemRaised",
    "RegistrationChanged",
    "SettingsChanged",
    # model
    "Account",
    "AccountId",
    "AudioBackendKind",
    "AudioChoice",
    "AudioDevice",
    "AudioRole",
    "Call",
    "CallEnd",
    "CallId",
    "CallMedia",
    "CallRequest",
    "CallState",
    "CallStatistics",
    "CertificateEvidence",
    "Direction",
    "EndCause",
    "Failure",
    "FailureKind",
    "Header",
    "MediaPath",
    "Notice",
    "Party",
    "PluginRecord",
    "PluginState",
    "Problem",
    "Registration",
    "RegistrationState",
    "Severity",
    "Transport",
    "TurnServer",
    "Verdict",
    "audio_choice",
    # errors
    "CallManagerError",
    "NotConfigured",
    "SettingsError",
    "SignInNeeded",
    "StorageError",
    "Unreachable",
    "UserError",
    # settings
    "AppearanceSettings",
    "AudioSettings",
    "ConnectionSettings",
    "FieldKind",
    "SettingInfo",
    "setting",
    "setting_info",
    # storage
    "Database",
    "Migration",
    # words and numbers
    "Explanation",
    "clean_target",
    "explain",
    "format_number",
]
