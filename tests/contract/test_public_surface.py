"""The public module is a decision, not an accident: what it exports is written down here."""

import ast
import inspect
from pathlib import Path

import callmanager.api as api

SURFACE = Path(__file__).with_name("public_surface.txt")


def test_all_names_exist_and_each_once() -> None:
    assert len(api.__all__) == len(set(api.__all__))
    assert [name for name in api.__all__ if not hasattr(api, name)] == []


def test_nothing_else_is_importable_from_it() -> None:
    public = {name for name in vars(api) if not name.startswith("_")}
    assert public - set(api.__all__) == set()


def test_the_module_contains_no_code() -> None:
    kinds = {type(node) for node in ast.parse(inspect.getsource(api)).body}
    assert kinds <= {ast.Expr, ast.ImportFrom, ast.Assign}


def test_the_surface_is_the_one_that_was_decided() -> None:
    """A name added or removed needs a changelog line, a thought about `API_VERSION`, and a line in the file beside this."""
    decided = SURFACE.read_text(encoding="utf-8").split()
    assert sorted(api.__all__) == decided


def test_every_exported_class_says_what_it_is_for() -> None:
    silent = [name for name in api.__all__ if inspect.isclass(value := getattr(api, name)) and not _described(value)]
    assert silent == []


def _described(kind: type) -> bool:
    # Small values beside a described union or sibling speak through their names; everything with behaviour is described.
    has_behaviour = any(inspect.isfunction(member) and not name.startswith("_") for name, member in vars(kind).items())
    return bool(kind.__doc__) or not has_behaviour
