"""What a plugin says about itself in its class: title, summary, icon, permissions; also before it is loaded."""

from __future__ import annotations

import ast
import logging
import sys
from typing import TYPE_CHECKING, Any, Final

import attrs

from callmanager.errors import PluginError
from callmanager.model.permissions import Permissions
from callmanager.texts import plain

if TYPE_CHECKING:
    from importlib.machinery import ModuleSpec
    from pathlib import Path

_log = logging.getLogger(__name__)

_TEXTS: Final = ("title", "summary", "icon")


@attrs.frozen(kw_only=True)
class Declaration:
    """Empty texts were not declared; `permissions` are none where they can't be known before the plugin is switched on."""

    title: str = ""
    summary: str = ""
    icon: str = ""
    permissions: Permissions | None = None


def of_class(plugin: Any) -> Declaration:
    """The declaration of a class that was loaded; raises `PluginError` for permissions that are none."""
    permissions = getattr(plugin, "permissions", None)
    if permissions is None:
        permissions = Permissions()
    if not isinstance(permissions, Permissions):
        raise PluginError(f"its permissions are a {type(permissions).__name__}, not declared with Permissions(...)")
    return Declaration(permissions=permissions, **{name: _text(getattr(plugin, name, "")) for name in _TEXTS})


def of_source(source: str, *, path: Path | None = None) -> Declaration:
    """The declaration of `module:Class` as far as it stands there in literals; nothing is imported, nothing is raised.

    The text of the module is parsed, never run: a plugin that was refused can be shown with what it would need.
    """
    module, _, name = source.partition(":")
    try:
        text = _source_of(module, path)
        if text is None:
            return Declaration()
        found = [node for node in ast.parse(text).body if isinstance(node, ast.ClassDef) and node.name == name.strip()]
        return _of_node(found[0]) if found else Declaration()
    except Exception as error:  # noqa: BLE001 - foreign files; whatever is wrong with them is told when they are loaded
        _log.debug("the declaration of %s can't be read: %s", source, error)
        return Declaration()


def _source_of(module: str, path: Path | None) -> str | None:
    """The module's text, found as the import system would find it but without importing its packages."""
    places: list[str] | None = None if path is None else [str(path)]
    spec: ModuleSpec | None = None
    parts = module.strip().split(".")
    for length in range(1, len(parts) + 1):
        spec = _find(".".join(parts[:length]), places)
        if spec is None:
            return None
        places = list(spec.submodule_search_locations or ())
    read = getattr(spec.loader if spec else None, "get_source", None)
    text: str | None = read(module.strip()) if read is not None else None
    return text


def _find(name: str, places: list[str] | None) -> ModuleSpec | None:
    for finder in sys.meta_path:
        find = getattr(finder, "find_spec", None)
        spec: ModuleSpec | None = find(name, places) if find is not None else None
        if spec is not None:
            return spec
    return None


def _of_node(node: ast.ClassDef) -> Declaration:
    values: dict[str, ast.expr] = {}
    for statement in node.body:
        if isinstance(statement, ast.Assign) and len(statement.targets) == 1 and isinstance(statement.targets[0], ast.Name):
            values[statement.targets[0].id] = statement.value
        elif isinstance(statement, ast.AnnAssign) and isinstance(statement.target, ast.Name) and statement.value is not None:
            values[statement.target.id] = statement.value
    texts = {
        name: _text(value.value) for name in _TEXTS if isinstance(value := values.get(name), ast.Constant) and value is not None
    }
    if "permissions" in values:
        return Declaration(permissions=_permissions(values["permissions"]), **texts)
    inherited = bool(node.bases or node.keywords or node.decorator_list)
    return Declaration(permissions=None if inherited else Permissions(), **texts)


def _permissions(value: ast.expr) -> Permissions | None:
    if not isinstance(value, ast.Call) or value.args or any(keyword.arg is None for keyword in value.keywords):
        return None
    called = value.func.attr if isinstance(value.func, ast.Attribute) else getattr(value.func, "id", "")
    if called != Permissions.__name__:
        return None
    try:
        return Permissions(**{keyword.arg: ast.literal_eval(keyword.value) for keyword in value.keywords if keyword.arg})
    except (ValueError, TypeError):
        return None  # not literals, or not permissions; the first is allowed, the second is told when it is loaded


def _text(value: object) -> str:
    return plain(value, limit=160) if isinstance(value, str) else ""
