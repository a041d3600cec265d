"""The site's last word, then the user, then the site's default, then the product's own; each with a reason and its rule."""

from pathlib import Path

import pytest
from callmanager.extensions.discovery import Candidate
from callmanager.extensions.policy import POLICY_HELP, POLICY_KEYS, SitePolicy, decide, normal, read_policy
from callmanager.model.plugins import PluginState
from callmanager.settings.mistakes import dotted

OURS = Candidate.of("crm", object)
FOREIGN = Candidate.of("crm", object, distribution="Acme_CRM")
NAMELESS = Candidate.of("crm", object, distribution="")
DEMO = Candidate.of("demo", object)

ON, OFF, REFUSED = PluginState.FOUND, PluginState.DISABLED, PluginState.REFUSED


@pytest.mark.parametrize(
    ("candidate", "site", "user", "state", "rule"),
    [
        # nobody says anything
        (OURS, {}, "", ON, ""),
        (FOREIGN, {}, "", ON, ""),
        (DEMO, {}, "", OFF, ""),
        # the user alone
        (OURS, {}, "off", OFF, "plugins.disabled"),
        (OURS, {}, "on", ON, "plugins.enabled"),
        (OURS, {}, "on off", OFF, "plugins.disabled"),
        (DEMO, {}, "on", ON, "plugins.enabled"),
        (DEMO, {}, "--demo", ON, "--demo"),
        # refused: whatever else is said
        (OURS, {"refused": ["crm"]}, "on", REFUSED, "plugins.refused"),
        (OURS, {"refused": ["crm"], "forced": ["crm"], "enabled": ["crm"]}, "on", REFUSED, "plugins.refused"),
        (DEMO, {"refused": ["demo"]}, "--demo", REFUSED, "plugins.refused"),
        (OURS, {"refused": "crm"}, "on", REFUSED, "plugins.refused"),
        # forced
        (OURS, {"forced": ["crm"]}, "off", ON, "plugins.forced"),
        (DEMO, {"forced": ["demo"]}, "", ON, "plugins.forced"),
        (OURS, {"forced": ["crm"], "disabled": ["crm"], "default": "refused"}, "off", ON, "plugins.forced"),
        # third parties
        (OURS, {"allow_third_party": False}, "", ON, ""),
        (FOREIGN, {"allow_third_party": False}, "on", REFUSED, "plugins.allow_third_party"),
        (FOREIGN, {"allow_third_party": False, "forced": ["crm"]}, "on", REFUSED, "plugins.allow_third_party"),
        (FOREIGN, {"allow_third_party": []}, "", REFUSED, "plugins.allow_third_party"),
        (FOREIGN, {"allow_third_party": ["acme.crm"]}, "", ON, ""),
        (FOREIGN, {"allow_third_party": ["acme.crm"]}, "off", OFF, "plugins.disabled"),
        (FOREIGN, {"allow_third_party": ["other"]}, "", REFUSED, "plugins.allow_third_party"),
        (FOREIGN, {"allow_third_party": 7}, "", REFUSED, "plugins.allow_third_party"),
        (NAMELESS, {"allow_third_party": False}, "", REFUSED, "plugins.allow_third_party"),
        # the site's default, which the user may change
        (OURS, {"disabled": ["crm"]}, "", OFF, "plugins.disabled"),
        (OURS, {"disabled": ["crm"]}, "on", ON, "plugins.enabled"),
        (OURS, {"enabled": ["crm"]}, "off", OFF, "plugins.disabled"),
        (DEMO, {"enabled": ["demo"]}, "", ON, "plugins.enabled"),
        (DEMO, {"enabled": ["demo"]}, "off", OFF, "plugins.disabled"),
        (OURS, {"disabled": ["crm"], "enabled": ["crm"]}, "", OFF, "plugins.disabled"),
        # what holds for all others
        (OURS, {"default": "disabled"}, "", OFF, "plugins.default"),
        (OURS, {"default": "disabled"}, "on", ON, "plugins.enabled"),
        (OURS, {"default": "disabled", "enabled": ["crm"]}, "", ON, "plugins.enabled"),
        (OURS, {"default": "refused"}, "on", REFUSED, "plugins.default"),
        (OURS, {"default": "refused", "enabled": ["crm"]}, "off", OFF, "plugins.disabled"),
        (OURS, {"default": "refused", "disabled": ["crm"]}, "", OFF, "plugins.disabled"),
        (OURS, {"default": "nonsense"}, "", ON, ""),
        # mistakes elsewhere in the table change nothing
        (OURS, {"refused": ["other", 7], "nonsense": 1}, "", ON, ""),
        (OURS, {"refused": [7, "crm"]}, "", REFUSED, "plugins.refused"),
    ],
)
def test_who_decides(candidate: Candidate, site: dict, user: str, state: PluginState, rule: str) -> None:
    words = user.split()
    decision = decide(
        candidate,
        policy=read_policy(site)[0],
        user_enabled=frozenset({candidate.id} if "on" in words else ()),
        user_disabled=frozenset({candidate.id} if "off" in words else ()),
        demo="--demo" in words,
    )
    assert (decision.state, decision.rule) == (state, rule)
    assert decision.final == (state is REFUSED or rule == "plugins.forced")
    assert decision.reason or state is ON
    assert (decision.by == "built in") == (rule == "")


@pytest.mark.parametrize("rule", ["refused", "forced"])
def test_no_choice_of_the_user_changes_the_sites_last_word(rule: str) -> None:
    policy = read_policy({rule: ["crm"]})[0]
    choices = [frozenset(), frozenset({"crm"})]
    decisions = {
        decide(OURS, policy=policy, user_enabled=on, user_disabled=off, demo=demo)
        for on in choices
        for off in choices
        for demo in (False, True)
    }
    assert len(decisions) == 1


@pytest.mark.parametrize(
    ("table", "path", "words"),
    [
        ({"refused": 7}, "plugins.refused", "must be a list"),
        ({"refused": "crm"}, "plugins.refused", 'must be a list, like ["crm"]'),
        ({"forced": ["a", 1]}, "plugins.forced", "must be a text"),
        ({"enabled": [""]}, "plugins.enabled", "must be a text"),
        ({"default": "of"}, "plugins.default", "must be one of enabled, disabled, refused"),
        ({"default": "refuse"}, "plugins.default", "did you mean refused?"),
        ({"allow_third_party": 1}, "plugins.allow_third_party", "now none is allowed"),
        ({"extra_paths": ["plugins"]}, "plugins.extra_paths", "must be a whole path"),
        ({"allow_third_partys": True}, "plugins.allow_third_partys", "did you mean allow_third_party?"),
        ({"permissions": {"crm": 1}}, "plugins.permissions", "one table for each plugin"),
        ({"permissions": []}, "plugins.permissions", "one table for each plugin"),
        ({"forced": ["a"], "refused": ["a"]}, "plugins.forced", "a is in plugins.refused too"),
        ({"enabled": ["a"], "disabled": ["a"]}, "plugins.enabled", "a is in plugins.disabled too"),
    ],
)
def test_each_mistake_is_told_with_its_key(table: dict, path: str, words: str) -> None:
    (finding,) = read_policy(table)[1]
    assert dotted(finding.path) == path
    assert words in finding.text


def test_all_mistakes_are_told_at_once_and_the_rest_counts(tmp_path: Path) -> None:
    policy, findings = read_policy(
        {
            "refused": ["a", 1],
            "forced": ["b"],
            "allow_third_party": ["Acme__CRM"],
            "extra_paths": [str(tmp_path), "x", str(tmp_path / "y")],
            "nonsense": 1,
            "permissions": {"b": {"network": ["crm.example.com"]}},
        }
    )
    assert policy == SitePolicy(
        refused=frozenset({"a"}),
        forced=frozenset({"b"}),
        third_party=frozenset({"acme-crm"}),
        extra_paths=(tmp_path, tmp_path / "y"),
    )
    assert {finding.path for finding in findings} == {
        ("plugins", "refused", 1),
        ("plugins", "extra_paths", 1),
        ("plugins", "nonsense"),
    }


def test_names_of_distributions_are_compared_as_indexes_do() -> None:
    assert normal("Acme._-CRM") == normal("acme-crm") == "acme-crm"


def test_every_key_has_its_sentence() -> None:
    assert set(POLICY_KEYS) == set(POLICY_HELP)
