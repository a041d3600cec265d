"""Writes `callmanager/api_places.py`: where each public name of `api.pyi` is defined, for the module that imports it late."""

import ast

from devtools.places import ROOT

STUB = ROOT / "core" / "callmanager" / "api.pyi"
PLACES = ROOT / "core" / "callmanager" / "api_places.py"

_HEAD = '''"""Where each name of `callmanager.api` is defined, as `module:name`. Written by `dev.py lint --fix`."""

from collections.abc import Mapping
from typing import Final

PLACES: Final[Mapping[str, str]] = {
'''


def api_places() -> str:
    """The text of the file, from the imports and `__all__` of the stub. Raises `ValueError` for a name that is not imported."""
    places: dict[str, str] = {}
    public: list[str] = []
    for node in ast.parse(STUB.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.ImportFrom) and node.module:
            places |= {alias.asname or alias.name: f"{node.module}:{alias.name}" for alias in node.names}
        elif isinstance(node, ast.Assign) and isinstance(node.value, ast.List):
            public = ast.literal_eval(node.value)
    missing = [name for name in public if name not in places]
    if missing:
        raise ValueError(f"in __all__ of {STUB.name} but not imported there: {', '.join(missing)}")
    return _HEAD + "".join(f'    "{name}": "{places[name]}",\n' for name in public) + "}\n"


def write_api_places() -> None:
    PLACES.write_text(api_places(), encoding="utf-8")


def are_fresh() -> bool:
    return PLACES.is_file() and PLACES.read_text(encoding="utf-8") == api_places()
