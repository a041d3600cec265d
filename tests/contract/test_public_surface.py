"""The public module is a decision, not an accident: what it exports is written down here."""

import ast
import importlib
import inspect
import subprocess
import sys
from pathlib import Path

import callmanager.api as api
import pytest

SURFACE = Path(__file__).with_name("public_surface.txt")


def test_all_names_exist_and_each_once() -> None:
    assert len(api.__all__) == len(set(api.__all__))
    assert [name for name in api.__all__ if not hasattr(api, name)] == []


def test_nothing_else_is_importable_from_it() -> None:
    public = {name for name in vars(api) if not name.startswith("_")}
    assert public - set(api.__all__) == set()


def test_each_name_is_the_one_that_the_stub_promises() -> None:
    """The types come from `api.pyi`, the objects from the places; both must be of one mind."""
    stub = ast.parse(Path(api.__file__).with_suffix(".pyi").read_text(encoding="utf-8"))
    promised = {
        alias.asname or alias.name: getattr(importlib.import_module(node.module or ""), alias.name)
        for node in stub.body
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }
    assert {name: getattr(api, name) for name in api.__all__} == promised
    assert {type(node) for node in stub.body} == {ast.ImportFrom, ast.Assign}


def test_the_public_module_imports_nothing_until_it_is_asked() -> None:
    told = run_python(
        "import sys; import callmanager.api; print(*(name for name in sys.modules if name.startswith('callmanager')))"
    )
    assert told.split() == ["callmanager", "callmanager.api_places", "callmanager.api"]


def test_a_name_that_does_not_exist_is_refused_by_name() -> None:
    with pytest.raises(AttributeError, match="has no attribute 'Nothing'"):
        _ = api.Nothing  # type: ignore[attr-defined]
    with pytest.raises(ImportError, match="Nothing"):
        from callmanager.api import Nothing  # type: ignore[attr-defined]  # noqa: F401


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


def run_python(code: str) -> str:
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=30).stdout
