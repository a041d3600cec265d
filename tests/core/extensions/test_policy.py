"""Site before user before default, each with a reason."""

from pathlib import Path

import pytest
from callmanager.extensions.discovery import Candidate
from callmanager.extensions.policy import SitePolicy, decide, read_policy
from callmanager.model.plugins import PluginState

OURS = Candidate.of("crm", object)
FOREIGN = Candidate.of("crm", object, distribution="Acme_CRM")
DEMO = Candidate.of("demo", object)


@pytest.mark.parametrize(
    ("candidate", "options", "state", "final"),
    [
        (OURS, {}, PluginState.FOUND, False),
        (OURS, {"user_disabled": {"crm"}}, PluginState.DISABLED, False),
        (OURS, {"policy": SitePolicy(forced=frozenset({"crm"})), "user_disabled": {"crm"}}, PluginState.FOUND, True),
        (OURS, {"policy": SitePolicy(refused=frozenset({"crm"})), "user_enabled": {"crm"}}, PluginState.REFUSED, True),
        (OURS, {"policy": SitePolicy(refused=frozenset({"crm"}), forced=frozenset({"crm"}))}, PluginState.REFUSED, True),
        (OURS, {"policy": SitePolicy(third_party=frozenset())}, PluginState.FOUND, False),
        (FOREIGN, {}, PluginState.FOUND, False),
        (FOREIGN, {"policy": SitePolicy(third_party=frozenset())}, PluginState.REFUSED, True),
        (FOREIGN, {"policy": SitePolicy(third_party=frozenset({"acme-crm"}))}, PluginState.FOUND, False),
        (DEMO, {}, PluginState.DISABLED, False),
        (DEMO, {"demo": True}, PluginState.FOUND, False),
        (DEMO, {"user_enabled": {"demo"}}, PluginState.FOUND, False),
        (DEMO, {"demo": True, "policy": SitePolicy(refused=frozenset({"demo"}))}, PluginState.REFUSED, True),
    ],
)
def test_the_order_of_decisions(candidate: Candidate, options: dict, state: PluginState, final: bool) -> None:
    options = {"policy": SitePolicy()} | {
        key: frozenset(value) if isinstance(value, set) else value for key, value in options.items()
    }
    decision = decide(candidate, **options)
    assert (decision.state, decision.final) == (state, final)
    assert decision.reason or state is PluginState.FOUND


def test_a_policy_table_is_read_with_all_complaints() -> None:
    policy, complaints = read_policy(
        {"enabled": ["a"], "disabled": "b", "allow_third_party": ["Acme_CRM"], "extra_paths": ["/opt/x"], "nonsense": 1}
    )
    assert policy == SitePolicy(forced=frozenset({"a"}), third_party=frozenset({"acme-crm"}), extra_paths=(Path("/opt/x"),))
    assert [complaint.partition(":")[0] for complaint in sorted(complaints)] == ["plugins.disabled", "plugins.nonsense"]


@pytest.mark.parametrize(("value", "allowed"), [(True, None), (False, frozenset())])
def test_third_parties_can_be_switched_as_a_whole(value: bool, allowed) -> None:
    assert read_policy({"allow_third_party": value})[0].third_party == allowed
