"""No hook without a test that names it, and a specification whose words are those of its rule."""

import inspect
import re
from pathlib import Path

import pytest
from callmanager import hookspecs
from callmanager.extensions.hooks import RULES
from callmanager.testing.conformance import hook_names

HOOK_TESTS = (Path(__file__).parents[1] / "core" / "extensions" / "test_hooks.py").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", hook_names())
def test_a_hook_has_a_test_that_names_it(name: str) -> None:
    own = re.search(rf"^(async )?def test_{name}_", HOOK_TESTS, re.MULTILINE)
    parameter = re.search(rf'"{name.removeprefix("callmanager_")}"', HOOK_TESTS)
    assert own or parameter


@pytest.mark.parametrize("name", hook_names())
def test_a_specification_says_its_kind_first_in_its_second_paragraph(name: str) -> None:
    text = inspect.getdoc(getattr(hookspecs, name))
    assert text
    assert text.split("\n\n")[1].lower().startswith(RULES[name].kind.value)


@pytest.mark.parametrize("name", hook_names())
def test_a_budget_is_one_that_nobody_notices(name: str) -> None:
    assert 0 < RULES[name].budget <= 0.05
