"""The whole plugin contract, ordered by the life of the app and of a call.

Each specification says what it is for, what happens by default, how several answers are combined (notify, decide, fold,
collect), how long an implementation may take, and what the host does when it raises. All hooks run on the loop thread and
must not block. Facts are never hooks: who wants to know subscribes to an event, who wants to decide or to add implements
one of these.
"""

from callmanager.contributions import CallAction, CliCommand, Panel, SettingsSection
from callmanager.engine.protocol import CallEngine
from callmanager.markers import hookspec
from callmanager.model.calls import Call, CallRequest, Verdict

# ---------------------------------------------------------------------------------------------------------------- lifecycle


@hookspec
def callmanager_started() -> None:
    """Begin background work: every plugin is active, settings are read, the loop runs.

    Notify. Budget 20 ms; start tasks for anything longer. One that raises is named and the others are still told.
    """


@hookspec
def callmanager_stopping() -> None:
    """Say goodbye; the plugin's tasks are cancelled right after.

    Notify. Budget 20 ms. One that raises is named and the others are still told.
    """


@hookspec
def callmanager_cli_commands() -> list[CliCommand]:  # type: ignore[empty-body]
    """Add sub-commands to `callmanager` that run without a window.

    Collect, before the loop runs. Budget 5 ms.
    """


# -------------------------------------------------------------------------------------------------------------------- calls


@hookspec
def callmanager_call_engine() -> CallEngine | None:
    """Provide the engine that makes the calls.

    Decide: the first answer wins, later ones are reported. Without one the app starts and says that it can't call. Asked once,
    before the window is made. Budget 50 ms.
    """


@hookspec
def callmanager_screen_incoming(call: Call) -> Verdict | None:
    """Refuse an incoming call before it rings.

    Decide: the first verdict wins; none lets the call ring. Pure and quick: budget 20 ms. One that raises counts as "no
    opinion", so a broken block list never loses a call. Emergency call-backs are not told apart by number: refuse narrowly.
    """


@hookspec
def callmanager_prepare_outgoing(request: CallRequest) -> CallRequest | None:
    """Change an outgoing call before it is placed: its target, its account, its headers.

    Fold: each plugin gets the previous one's result and may return a changed one. One that raises keeps the previous. Never
    asked for emergency numbers. Budget 20 ms.
    """


@hookspec
def callmanager_call_actions() -> list[CallAction]:  # type: ignore[empty-body]
    """Add buttons to the call card.

    Collect, at start and whenever a plugin is enabled or disabled. Budget 5 ms.
    """


# ---------------------------------------------------------------------------------------------------------------- interface


@hookspec
def callmanager_panels() -> list[Panel]:  # type: ignore[empty-body]
    """Add panels to the window.

    Collect. Budget 5 ms; `Panel.build` is called at first show, and one that fails is replaced by a card saying so.
    """


@hookspec
def callmanager_settings_sections() -> list[SettingsSection]:  # type: ignore[empty-body]
    """Add sections to Settings.

    Collect, right after the plugin is built. Budget 5 ms.
    """
