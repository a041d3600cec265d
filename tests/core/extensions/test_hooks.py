"""Each kind of hook keeps its promise, whatever an implementation does."""

import time

import pytest
from callmanager.api import (
    AccountId,
    Call,
    CallAction,
    CallerCard,
    CallerDetails,
    CallId,
    CallPairAction,
    CallRecord,
    CallRequest,
    CallState,
    CliCommand,
    Contact,
    ContactAction,
    Direction,
    HeaderItem,
    HistoryAction,
    Match,
    Message,
    MessageDirection,
    MessageId,
    PaletteCommand,
    Panel,
    PanelArea,
    Party,
    SettingsSection,
    Verdict,
    clean_target,
    contact_id,
    hookimpl,
)
from callmanager.clock import utc_now
from callmanager.errors import PluginError
from callmanager.extensions.hooks import RULES, Hooks
from callmanager.settings.core_sections import AppearanceSettings
from callmanager.testing import FakeEngine

CALL = Call(
    id=CallId("1"),
    account_id=AccountId("main"),
    direction=Direction.INCOMING,
    state=CallState.RINGING,
    remote=Party(number="2002"),
    created_at=utc_now(),
)


class FakeSource:
    """Something with these methods and nothing behind them."""

    def __init__(self, *methods: str) -> None:
        vars(self).update(dict.fromkeys(methods, print))


class Reports(list):
    def __call__(self, plugin_id, hook, *, error, seconds, budget) -> None:
        self.append((plugin_id, hook, error, seconds > budget))


@pytest.fixture
def reports() -> Reports:
    return Reports()


@pytest.fixture
def hooks(reports: Reports) -> Hooks:
    return Hooks(reports)


def plugin(name: str, function):
    """A plugin that implements one hook."""
    return type("Plugin", (), {name: hookimpl(function)})()


def action(action_id: str, order: int = 100) -> CallAction:
    async def run(call: Call) -> None: ...

    return CallAction(id=action_id, label=action_id, icon="x", run=run, available=lambda _: True, order=order)


def test_every_hook_has_a_budget_and_a_method() -> None:
    from callmanager import hookspecs

    names = {name for name in vars(hookspecs) if name.startswith("callmanager_")}
    assert names == set(RULES)
    assert all(hasattr(Hooks, name.removeprefix("callmanager_")) for name in names)


def test_callmanager_started_tells_everybody_though_one_raises(hooks: Hooks, reports: Reports) -> None:
    told = []
    hooks.register("a", plugin("callmanager_started", lambda self: told.append("a")))
    hooks.register("b", plugin("callmanager_started", lambda self: 1 / 0))
    hooks.register("c", plugin("callmanager_started", lambda self: told.append("c")))
    hooks.started()
    assert sorted(told) == ["a", "c"]
    assert [(who, hook, type(error)) for who, hook, error, _ in reports] == [("b", "callmanager_started", ZeroDivisionError)]


def test_callmanager_stopping_can_be_told_to_one_alone(hooks: Hooks) -> None:
    told = []
    for name in "ab":
        hooks.register(name, plugin("callmanager_stopping", lambda self, name=name: told.append(name)))
    hooks.stopping(only="b")
    assert told == ["b"]


def test_callmanager_screen_incoming_takes_the_first_verdict_and_asks_no_further(hooks: Hooks) -> None:
    asked = []

    def opinion(name, verdict):
        def screen(self, call):
            asked.append(name)
            return verdict

        return plugin("callmanager_screen_incoming", screen)

    hooks.register("never", opinion("never", Verdict()))
    hooks.register("block", opinion("block", Verdict(status=603, reason="on the list")))
    hooks.register("none", opinion("none", None))
    found = hooks.screen_incoming(CALL)
    assert (found.plugin_id, found.value.reason) == ("block", "on the list")
    assert asked == ["none", "block"]


def test_callmanager_screen_incoming_of_a_broken_plugin_is_no_opinion(hooks: Hooks, reports: Reports) -> None:
    hooks.register("broken", plugin("callmanager_screen_incoming", lambda self, call: 1 / 0))
    hooks.register("wrong", plugin("callmanager_screen_incoming", lambda self, call: True))
    assert hooks.screen_incoming(CALL) is None
    assert {who for who, *_ in reports} == {"broken", "wrong"}


def test_callmanager_prepare_outgoing_folds_and_skips_who_raises(hooks: Hooks, reports: Reports) -> None:
    hooks.register(
        "last", plugin("callmanager_prepare_outgoing", lambda self, request: CallRequest(target=request.target + "3"))
    )
    hooks.register("broken", plugin("callmanager_prepare_outgoing", lambda self, request: 1 / 0))
    hooks.register("silent", plugin("callmanager_prepare_outgoing", lambda self, request: None))
    hooks.register(
        "first", plugin("callmanager_prepare_outgoing", lambda self, request: CallRequest(target=request.target + "2"))
    )
    assert hooks.prepare_outgoing(CallRequest(target="1")).target == "123"
    assert [who for who, *_ in reports] == ["broken"]


def test_callmanager_call_actions_are_collected_in_order_with_their_owner(hooks: Hooks, reports: Reports) -> None:
    hooks.register("a", plugin("callmanager_call_actions", lambda self: [action("late", 90), action("early", 10)]))
    hooks.register("b", plugin("callmanager_call_actions", lambda self: [action("middle", 50), "nonsense"]))
    hooks.register("c", plugin("callmanager_call_actions", lambda self: None))
    owned = hooks.call_actions()
    assert [(one.plugin_id, one.value.id) for one in owned] == [("a", "early"), ("b", "middle"), ("a", "late")]
    assert {who for who, *_ in reports} == {"b", "c"}


async def _nothing(call: Call, other: Call) -> None: ...


def test_callmanager_call_pair_actions_are_collected(hooks: Hooks, reports: Reports) -> None:
    pair = CallPairAction(id="x", label=lambda call, other: "X", icon="x", run=_nothing, available=lambda call, other: True)
    hooks.register("a", plugin("callmanager_call_pair_actions", lambda self: [pair, action("one", 1)]))
    assert [(owned.plugin_id, owned.value) for owned in hooks.call_pair_actions()] == [("a", pair)]
    assert [who for who, *_ in reports] == ["a"]


def test_callmanager_hand_over_takes_the_first_way_and_does_not_walk_it(hooks: Hooks, reports: Reports) -> None:
    walked = []

    hooks.register("late", plugin("callmanager_hand_over", lambda self, call, target, name: lambda: walked.append("late")))
    hooks.register("mine", plugin("callmanager_hand_over", lambda self, target: lambda: walked.append(target)))
    hooks.register("wrong", plugin("callmanager_hand_over", lambda self: "by hand"))
    hooks.register("none", plugin("callmanager_hand_over", lambda self: None))
    found = hooks.hand_over(CALL, "2004", "Marcus")
    assert (found.plugin_id, walked) == ("mine", [])
    found.value()
    assert walked == ["2004"]
    assert [who for who, *_ in reports] == ["wrong"]


def test_callmanager_panels_are_collected(hooks: Hooks) -> None:
    panel = Panel(id="x", title="X", icon="x", area=PanelArea.MAIN, build=lambda kit: None)
    hooks.register("a", plugin("callmanager_panels", lambda self: [panel]))
    assert [owned.value for owned in hooks.panels()] == [panel]


def test_callmanager_settings_sections_are_collected(hooks: Hooks) -> None:
    section = SettingsSection(id="x", title="X", model=AppearanceSettings)
    hooks.register("a", plugin("callmanager_settings_sections", lambda self: [section]))
    assert [owned.value for owned in hooks.settings_sections()] == [section]


def test_callmanager_cli_commands_are_collected(hooks: Hooks) -> None:
    async def run(arguments) -> int:
        return 0

    command = CliCommand(name="doctor", help="x", configure=lambda parser: None, run=run)
    hooks.register("a", plugin("callmanager_cli_commands", lambda self: [command]))
    assert [owned.value for owned in hooks.cli_commands()] == [command]


def test_callmanager_call_engine_takes_the_first_real_engine(hooks: Hooks, reports: Reports) -> None:
    engine = FakeEngine()
    hooks.register("engine", plugin("callmanager_call_engine", lambda self: engine))
    hooks.register("fraud", plugin("callmanager_call_engine", lambda self: "engine"))
    assert hooks.call_engine().value is engine
    assert [who for who, *_ in reports] == ["fraud"]


def test_callmanager_rewrite_number_folds_and_keeps_the_previous_where_nothing_dialable_comes_back(
    hooks: Hooks, reports: Reports
) -> None:
    for name, rewrite in {
        "outside": lambda self, number: "9" + number,
        "junk": lambda self, number: "call my mother",
        "wrong": lambda self, number: 5,
        "silent": lambda self, number: None,
        "country": lambda self, number: "1 (" + number[:3] + ") " + number[3:],
    }.items():
        hooks.register(name, plugin("callmanager_rewrite_number", rewrite))
    assert hooks.rewrite_number("5550100199", dialable=clean_target) == "915550100199"
    assert [who for who, *_ in reports] == ["wrong", "junk"]


def test_callmanager_caller_cards_are_collected(hooks: Hooks) -> None:
    async def look_up(call: Call) -> CallerDetails | None:
        return None

    card = CallerCard(id="crm", look_up=look_up)
    hooks.register("a", plugin("callmanager_caller_cards", lambda self: [card]))
    assert [owned.value for owned in hooks.caller_cards()] == [card]


def test_callmanager_call_ended_tells_everybody_though_one_raises(hooks: Hooks, reports: Reports) -> None:
    told = []
    hooks.register("history", plugin("callmanager_call_ended", lambda self, record: told.append(record)))
    hooks.register("broken", plugin("callmanager_call_ended", lambda self, record: 1 / 0))
    record = CallRecord.of(CALL, ended_at=utc_now())
    hooks.call_ended(record)
    assert told == [record]
    assert [who for who, *_ in reports] == ["broken"]


@pytest.mark.parametrize(
    ("hook", "source"),
    [
        ("contact_sources", FakeSource("fetch")),
        ("presence_sources", FakeSource("run")),
        ("parking_sources", FakeSource("run")),
        ("message_transports", FakeSource("senders", "send", "run")),
        ("voicemail_stores", FakeSource("run", "play")),
    ],
)
def test_sources_are_collected_and_what_is_none_is_named(hooks: Hooks, reports: Reports, hook: str, source: FakeSource) -> None:
    hooks.register("a", plugin(f"callmanager_{hook}", lambda self: [source]))
    hooks.register("fraud", plugin(f"callmanager_{hook}", lambda self: ["a source"]))
    assert [(owned.plugin_id, owned.value) for owned in getattr(hooks, hook)()] == [("a", source)]
    assert [owned.value for owned in getattr(hooks, hook)(only="a")] == [source]
    assert [who for who, *_ in reports] == ["fraud"]


def test_callmanager_match_number_takes_the_first_match(hooks: Hooks) -> None:
    contact = Contact(id=contact_id("crm", "7"), source_id="crm", name="Maria Lindqvist")
    hooks.register("late", plugin("callmanager_match_number", lambda self, number: 1 / 0))
    hooks.register("a", plugin("callmanager_match_number", lambda self, number: Match(contact=contact, number=number)))
    hooks.register("none", plugin("callmanager_match_number", lambda self, number: None))
    found = hooks.match_number("2002")
    assert (found.plugin_id, found.value.contact.name) == ("a", "Maria Lindqvist")


@pytest.mark.parametrize("hook", ["message_received", "message_sent"])
def test_messages_are_told_to_everybody_though_one_raises(hooks: Hooks, reports: Reports, hook: str) -> None:
    told = []
    hooks.register("broken", plugin(f"callmanager_{hook}", lambda self, message: 1 / 0))
    hooks.register("a", plugin(f"callmanager_{hook}", lambda self, message: told.append(message)))
    message = Message(
        id=MessageId("1"),
        transport_id="sms",
        direction=MessageDirection.RECEIVED,
        own="+15550100100",
        peer="+15550100199",
        text="hello",
        at=utc_now(),
    )
    getattr(hooks, hook)(message)
    assert told == [message]
    assert [who for who, *_ in reports] == ["broken"]


async def nothing(*_: object) -> None: ...


@pytest.mark.parametrize(
    ("hook", "contribution"),
    [
        ("header_items", HeaderItem(id="x", build=lambda kit: None)),
        ("contact_actions", ContactAction(id="x", label="X", icon="x", run=nothing)),
        ("history_actions", HistoryAction(id="x", label="X", icon="x", run=nothing)),
        ("palette_commands", PaletteCommand(id="x", title="X", icon="x", run=nothing)),
    ],
)
def test_what_is_added_to_the_window_is_collected(hooks: Hooks, reports: Reports, hook: str, contribution: object) -> None:
    hooks.register("a", plugin(f"callmanager_{hook}", lambda self: [contribution]))
    hooks.register("b", plugin(f"callmanager_{hook}", lambda self: [object()]))
    assert [(owned.plugin_id, owned.value) for owned in getattr(hooks, hook)()] == [("a", contribution)]
    assert [who for who, *_ in reports] == ["b"]


def test_each_call_of_an_implementation_can_be_traced(hooks: Hooks) -> None:
    seen = []

    class Trace:
        def hook_called(self, hook, plugin_id, *, seconds, result=None, error=None) -> None:
            seen.append((plugin_id, hook, result, type(error)))

    hooks.trace = Trace()
    hooks.register("broken", plugin("callmanager_match_number", lambda self, number: 1 / 0))
    hooks.register("none", plugin("callmanager_match_number", lambda self, number: None))
    hooks.match_number("2002")
    assert seen == [
        ("none", "callmanager_match_number", None, type(None)),
        ("broken", "callmanager_match_number", None, ZeroDivisionError),
    ]


def test_a_hook_that_wants_to_end_the_program_is_contained(hooks: Hooks, reports: Reports) -> None:
    def leave(self, call):
        raise SystemExit(3)

    hooks.register("leaving", plugin("callmanager_screen_incoming", leave))
    assert hooks.screen_incoming(CALL) is None
    assert [(who, type(error)) for who, _, error, _ in reports] == [("leaving", PluginError)]


def test_an_implementation_may_leave_out_arguments(hooks: Hooks) -> None:
    hooks.register("a", plugin("callmanager_screen_incoming", lambda self: Verdict()))
    assert hooks.screen_incoming(CALL).plugin_id == "a"


def test_a_slow_implementation_is_reported_with_its_time_and_its_answer_counts(hooks: Hooks, reports: Reports) -> None:
    def slow(self, call):
        time.sleep(RULES["callmanager_screen_incoming"].budget * 1.5)
        return Verdict()

    hooks.register("slow", plugin("callmanager_screen_incoming", slow))
    assert hooks.screen_incoming(CALL).plugin_id == "slow"
    assert reports == [("slow", "callmanager_screen_incoming", None, True)]


@pytest.mark.parametrize(
    ("name", "function", "reason"),
    [
        ("callmanager_no_such_hook", lambda self: None, "no hook named"),
        ("callmanager_screen_incoming", lambda self, caller: None, "caller"),
    ],
)
def test_a_wrong_implementation_is_refused_with_its_reason_and_leaves_nothing(
    hooks: Hooks, name: str, function, reason: str
) -> None:
    with pytest.raises(PluginError, match=reason):
        hooks.register("wrong", plugin(name, function))
    hooks.register("wrong", plugin("callmanager_started", lambda self: None))


def test_a_coroutine_and_a_wrapper_are_refused(hooks: Hooks) -> None:
    class Coroutine:
        @hookimpl
        async def callmanager_started(self) -> None: ...

    class Wrapper:
        @hookimpl(wrapper=True)
        def callmanager_started(self):
            yield

    with pytest.raises(PluginError, match="plain function"):
        hooks.register("coroutine", Coroutine())
    with pytest.raises(PluginError, match="wrapper"):
        hooks.register("wrapper", Wrapper())


def test_an_unregistered_plugin_is_not_asked(hooks: Hooks) -> None:
    hooks.register("a", plugin("callmanager_screen_incoming", lambda self: Verdict()))
    hooks.unregister("a")
    hooks.unregister("a")
    assert hooks.screen_incoming(CALL) is None
