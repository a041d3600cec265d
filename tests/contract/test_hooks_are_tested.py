"""No hook without a test that bears its name, a docstring with its kind and budget, and the budget that the host enforces."""

import re
from pathlib import Path

import pytest
from callmanager import hookspecs
from callmanager.extensions.hooks import BUDGETS
from callmanager.testing.conformance import hook_names

HOOK_TESTS = (Path(__file__).parents[1] / "core" / "extensions" / "test_hooks.py").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", hook_names())
def test_a_hook_has_a_test_named_after_it(name: str) -> None:
    assert re.search(rf"^(async )?def test_{name}_", HOOK_TESTS, re.MULTILINE)


@pytest.mark.parametrize("name", hook_names())
def test_a_specification_states_its_kind_and_the_enforced_budget(name: str) -> None:
    text = getattr(hookspecs, name).__doc__
    assert re.search(r"\b(Notify|Decide|Fold|Collect)\b", text)
    (milliseconds,) = re.findall(r"[Bb]udget (\d+) ms", text)
    assert int(milliseconds) / 1000 == BUDGETS[name]
