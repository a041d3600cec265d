"""Every built-in plugin keeps to the contract in names and types, and so does whoever uses the check."""

import pytest
from callmanager.api import Call, PluginContext, Verdict, hookimpl
from callmanager.extensions.discovery import Candidate, discover
from callmanager.testing.conformance import check_hooks, hook_names


@pytest.mark.parametrize("candidate", discover(), ids=lambda candidate: candidate.id)
def test_a_built_in_plugin_conforms(candidate: Candidate) -> None:
    assert check_hooks(candidate.load()) == []


def test_mistakes_are_told_in_words() -> None:
    class Wrong:
        def __init__(self, ctx: PluginContext) -> None: ...

        @hookimpl
        def callmanager_screen_incoming(self, call: str) -> int: ...

        @hookimpl
        def callmanager_nothing(self) -> None: ...

        def callmanager_started(self) -> None: ...

    complaints = check_hooks(Wrong)
    assert len(complaints) == 4
    assert any("argument call is annotated" in complaint for complaint in complaints)
    assert any("callmanager_started is not marked" in complaint for complaint in complaints)


def test_an_implementation_may_promise_more_than_it_must() -> None:
    class Strict:
        @hookimpl
        def callmanager_screen_incoming(self, call: Call) -> Verdict:
            return Verdict()

    assert check_hooks(Strict) == []


def test_the_contract_is_what_we_think() -> None:
    assert hook_names() == (
        "callmanager_started",
        "callmanager_stopping",
        "callmanager_cli_commands",
        "callmanager_call_engine",
        "callmanager_screen_incoming",
        "callmanager_rewrite_number",
        "callmanager_prepare_outgoing",
        "callmanager_call_actions",
        "callmanager_call_pair_actions",
        "callmanager_hand_over",
        "callmanager_caller_cards",
        "callmanager_call_ended",
        "callmanager_contact_sources",
        "callmanager_match_number",
        "callmanager_presence_sources",
        "callmanager_parking_sources",
        "callmanager_message_transports",
        "callmanager_message_received",
        "callmanager_message_sent",
        "callmanager_voicemail_stores",
        "callmanager_panels",
        "callmanager_header_items",
        "callmanager_settings_sections",
        "callmanager_contact_actions",
        "callmanager_history_actions",
        "callmanager_palette_commands",
    )
