"""What a plugin says about itself can be read before its code has ever run."""

import sys
from pathlib import Path

import pytest
from callmanager.api import Permissions
from callmanager.errors import PluginError
from callmanager.extensions.declarations import Declaration, of_class, of_source

BOOBY_TRAP = 'raise SystemExit("this module must never be imported")\n'


def module(folder: Path, body: str) -> str:
    package = folder / "trapped_plugin"
    package.mkdir()
    (package / "__init__.py").write_text(BOOBY_TRAP)
    (package / "deep").mkdir()
    (package / "deep" / "__init__.py").write_text(BOOBY_TRAP)
    (package / "deep" / "plugin.py").write_text(BOOBY_TRAP + body)
    return "trapped_plugin.deep.plugin:Plugin"


def read(folder: Path, body: str) -> Declaration:
    found = of_source(module(folder, body), path=folder)
    assert not [name for name in sys.modules if name.startswith("trapped_plugin")]
    return found


def test_literals_are_read_without_importing_anything(tmp_path: Path) -> None:
    told = read(
        tmp_path,
        """
class Plugin:
    title = "Customer\\u202e desk"
    summary: str = "Opens the customer."
    icon = "contacts"
    permissions = api.Permissions(network=("api.acme.example",), contacts=True)
""",
    )
    assert told.title == "Customer desk"
    assert (told.summary, told.icon) == ("Opens the customer.", "contacts")
    assert told.permissions == Permissions(network=("api.acme.example",), contacts=True)


def test_a_class_that_says_nothing_needs_nothing(tmp_path: Path) -> None:
    assert read(tmp_path, "class Plugin:\n    def __init__(self, ctx): ...\n") == Declaration(permissions=Permissions())


@pytest.mark.parametrize(
    "body",
    [
        "class Plugin(Base):\n    title = 'x'\n",
        "@decorated\nclass Plugin:\n    title = 'x'\n",
        "class Plugin:\n    title = 'x'\n    permissions = NEEDS\n",
        "class Plugin:\n    title = 'x'\n    permissions = Permissions(network=hosts())\n",
        "class Plugin:\n    title = 'x'\n    permissions = Permissions(**needs)\n",
        "class Plugin:\n    title = 'x'\n    permissions = Permissions(teleport=True)\n",
        "class Plugin:\n    title = 'x'\n    permissions = Permissions(network='x')\n",
    ],
)
def test_what_is_not_a_literal_is_unknown_and_never_guessed(tmp_path: Path, body: str) -> None:
    assert read(tmp_path, body) == Declaration(title="x", permissions=None)


@pytest.mark.parametrize("body", ["class Other: ...\n", "class Plugin\n", "\0", "def make(ctx): ...\nPlugin = make\n"])
def test_what_cannot_be_read_is_unknown(tmp_path: Path, body: str) -> None:
    assert read(tmp_path, body) == Declaration()


@pytest.mark.parametrize("source", ["nowhere.at.all:Plugin", "json:Nothing", "sys:Plugin", "", ":", "...:x", "json", "math:x"])
def test_a_place_that_is_none_is_unknown(source: str) -> None:
    assert of_source(source) == Declaration()


def test_a_loaded_class_is_asked_itself() -> None:
    class Plugin:
        title = 7
        summary = "x\ny" * 200
        permissions = Permissions(secrets=True)

    told = of_class(Plugin)
    assert (told.title, told.permissions) == ("", Permissions(secrets=True))
    assert len(told.summary) == 160
    assert "\n" not in told.summary
    assert of_class(lambda ctx: None).permissions == Permissions()


def test_permissions_of_another_kind_are_refused() -> None:
    class Plugin:
        permissions = frozenset({"secrets"})

    with pytest.raises(PluginError, match="are a frozenset, not declared"):
        of_class(Plugin)
