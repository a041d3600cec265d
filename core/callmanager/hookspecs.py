"""The whole plugin contract, ordered by the life of the app, of a call, and of the window.

Each specification says what it is for, what happens by default, how several answers are combined (notify, decide, fold,
collect), how long one implementation may take, and what the host does when it raises. Kind and budget stand in the
marker and are what the host enforces. All hooks run on the loop thread and must not block: what waits belongs into a task.
An implementation that raises or stalls is named, and left out when it goes on; the others are asked all the same. Facts are
never hooks: who wants to know subscribes to an event, who wants to decide or to add implements one of these.
"""

from collections.abc import Callable

from callmanager.contributions import (
    CallAction,
    CallerCard,
    CallPairAction,
    CliCommand,
    ContactAction,
    HeaderItem,
    HistoryAction,
    PaletteCommand,
    Panel,
    SettingsSection,
)
from callmanager.engine.protocol import CallEngine
from callmanager.markers import HookKind, hookspec
from callmanager.model.calls import Call, CallRequest, Verdict
from callmanager.model.contacts import Match
from callmanager.model.history import CallRecord
from callmanager.model.messages import Message
from callmanager.sources import ContactSource, MessageTransport, ParkingSource, PresenceSource, VoicemailStore

# ---------------------------------------------------------------------------------------------------------------- lifecycle


@hookspec(HookKind.NOTIFY, budget_ms=20)
def callmanager_started() -> None:
    """Begin background work: every plugin is active, settings are read, the loop runs.

    Notify. Start tasks for anything that takes time. One that raises is named and the others are still told.
    """


@hookspec(HookKind.NOTIFY, budget_ms=20)
def callmanager_stopping() -> None:
    """Say goodbye; the plugin's tasks are cancelled right after.

    Notify. One that raises is named and the others are still told.
    """


@hookspec(HookKind.COLLECT, budget_ms=5)
def callmanager_cli_commands() -> list[CliCommand]:  # type: ignore[empty-body]
    """Add sub-commands to `callmanager` that run without a window.

    Collect, before the loop runs.
    """


# -------------------------------------------------------------------------------------------------------------------- calls


@hookspec(HookKind.DECIDE, budget_ms=50)
def callmanager_call_engine() -> CallEngine | None:
    """Provide the engine that makes the calls.

    Decide: the first answer wins. Without one the app starts and says that it can't call. Asked once, before the window is
    made.
    """


@hookspec(HookKind.DECIDE, budget_ms=20)
def callmanager_screen_incoming(call: Call) -> Verdict | None:
    """Refuse an incoming call before it rings, or let it wait silently.

    Decide: the first verdict wins; none lets the call ring. Pure and quick, from what is in memory. One that raises counts as
    "no opinion", so a broken block list never loses a call. Not asked about emergency services, and about nobody for some time
    after an emergency call (`dialing.call_back_minutes`): dispatchers call back from ordinary numbers.
    """


@hookspec(HookKind.FOLD, budget_ms=10)
def callmanager_rewrite_number(number: str) -> str | None:
    """Change a number that is about to be dialled: an outside-line prefix, a country code, a short code.

    Fold: each plugin gets the previous one's number. What comes out is cleaned and checked again like something typed; one that
    raises, or returns what can't be dialled, keeps the previous. Never asked for emergency numbers and SIP addresses.
    """


@hookspec(HookKind.FOLD, budget_ms=20)
def callmanager_prepare_outgoing(request: CallRequest) -> CallRequest | None:
    """Choose with which identity and headers an outgoing call is placed; the number was rewritten before.

    Fold: each plugin gets the previous one's request and may return a changed one. One that raises keeps the previous. Never
    asked for emergency numbers.
    """


@hookspec(HookKind.COLLECT, budget_ms=5)
def callmanager_call_actions() -> list[CallAction]:  # type: ignore[empty-body]
    """Add buttons to the call card.

    Collect, at start and whenever a plugin is enabled or disabled.
    """


@hookspec(HookKind.COLLECT, budget_ms=5)
def callmanager_call_pair_actions() -> list[CallPairAction]:  # type: ignore[empty-body]
    """Say what can be done with two calls when the card of one is dropped on the other's.

    Collect, when it is dropped or asked for.
    """


@hookspec(HookKind.DECIDE, budget_ms=5)
def callmanager_hand_over(call: Call, target: str, name: str) -> Callable[[], None] | None:
    """Hand a call to a number in a way of your own: somebody dropped its card on a person.

    Decide: the first answer wins. It is a function that begins it, called at once, and may raise `UserError`; whoever only
    looks must change nothing. Without an answer the PBX is asked to transfer the call. Never asked for emergency numbers.
    """


@hookspec(HookKind.COLLECT, budget_ms=5)
def callmanager_caller_cards() -> list[CallerCard]:  # type: ignore[empty-body]
    """Add what you know of the other side to the call card and the pop: a customer's tickets, a patient's next date.

    Collect. `CallerCard.look_up` may take its time; it is started for each call and given up when the call is over.
    """


@hookspec(HookKind.NOTIFY, budget_ms=20)
def callmanager_call_ended(record: CallRecord) -> None:
    """Do the book-keeping of a finished call: history, a CRM's activity log. Also for missed and for screened calls.

    Notify, once a call, after the last event about it. Start a task for anything that takes time.
    """


# ----------------------------------------------------------------------------------------------------------------- contacts


@hookspec(HookKind.COLLECT, budget_ms=5)
def callmanager_contact_sources() -> list[ContactSource]:  # type: ignore[empty-body]
    """Provide people: a directory, an address book, a CRM.

    Collect, at activation. The core asks a source when it is time, keeps its last good answer, and merges what several know.
    """


@hookspec(HookKind.DECIDE, budget_ms=10)
def callmanager_match_number(number: str) -> Match | None:
    """Say who a number belongs to when no contact source has it.

    Decide: the first match wins. From memory only; what must ask a server is a contact source or a caller card. The match lives
    as long as the call.
    """


# ----------------------------------------------------------------------------------------------------------------- presence


@hookspec(HookKind.COLLECT, budget_ms=5)
def callmanager_presence_sources() -> list[PresenceSource]:  # type: ignore[empty-body]
    """Tell who is free.

    Collect, at activation. The core runs each source as a supervised task; while it is lost, its handles are unknown.
    """


@hookspec(HookKind.COLLECT, budget_ms=5)
def callmanager_parking_sources() -> list[ParkingSource]:  # type: ignore[empty-body]
    """Tell which calls are parked in which slots.

    Collect, at activation. Run like a presence source; while it is lost, its lots are unknown.
    """


# ---------------------------------------------------------------------------------------------------------------- messaging


@hookspec(HookKind.COLLECT, budget_ms=5)
def callmanager_message_transports() -> list[MessageTransport]:  # type: ignore[empty-body]
    """Carry text messages to and from numbers.

    Collect, at activation. The core stores a message before the transport is asked to send it, repeats what may pass, and
    never what may have been sent.
    """


@hookspec(HookKind.NOTIFY, budget_ms=20)
def callmanager_message_received(message: Message) -> None:
    """Act on a message that came in and is stored: answer it, file it, alert somebody.

    Notify, once a message.
    """


@hookspec(HookKind.NOTIFY, budget_ms=20)
def callmanager_message_sent(message: Message) -> None:
    """Act on a message that the carrier took.

    Notify, once a message.
    """


# ---------------------------------------------------------------------------------------------------------------- voicemail


@hookspec(HookKind.COLLECT, budget_ms=5)
def callmanager_voicemail_stores() -> list[VoicemailStore]:  # type: ignore[empty-body]
    """Show and play voicemail.

    Collect, at activation. Run like a presence source.
    """


# ---------------------------------------------------------------------------------------------------------------- interface


@hookspec(HookKind.COLLECT, budget_ms=5)
def callmanager_panels() -> list[Panel]:  # type: ignore[empty-body]
    """Add panels to the window's named areas.

    Collect. `Panel.build` is called at first show, and one that fails is replaced by a card saying so.
    """


@hookspec(HookKind.COLLECT, budget_ms=5)
def callmanager_header_items() -> list[HeaderItem]:  # type: ignore[empty-body]
    """Add something small to the header: a status, a selector.

    Collect. One whose `build` fails is left out and named.
    """


@hookspec(HookKind.COLLECT, budget_ms=5)
def callmanager_settings_sections() -> list[SettingsSection]:  # type: ignore[empty-body]
    """Add sections to Settings.

    Collect, right after the plugin is built.
    """


@hookspec(HookKind.COLLECT, budget_ms=5)
def callmanager_contact_actions() -> list[ContactAction]:  # type: ignore[empty-body]
    """Add entries to the context menu of a person, wherever people are shown.

    Collect.
    """


@hookspec(HookKind.COLLECT, budget_ms=5)
def callmanager_history_actions() -> list[HistoryAction]:  # type: ignore[empty-body]
    """Add entries to the context menu of a call in the history.

    Collect.
    """


@hookspec(HookKind.COLLECT, budget_ms=5)
def callmanager_palette_commands() -> list[PaletteCommand]:  # type: ignore[empty-body]
    """Add commands to the command palette.

    Collect.
    """
