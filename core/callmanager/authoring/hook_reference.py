"""The reference of all hooks for the plugin guide, written from the contract itself."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator
from typing import Final

from callmanager import hookspecs
from callmanager.markers import PROJECT, rule_of

BEGIN: Final = (
    "<!-- hooks: written from the contract, do not edit; `python3 -m callmanager.authoring.hook_reference FILE` renews it -->"
)
END: Final = "<!-- end of hooks -->"
_BANNER: Final = re.compile(r"^# -{10,} (?P<title>\w+)$", re.MULTILINE)


def reference() -> str:
    """Markdown with a heading for each hook that shows its exact arguments, grouped as the contract is."""
    lines = []
    for group, names in _groups():
        lines += [f"### {group.capitalize()}", ""]
        for name in names:
            lines += _section(name)
    return "\n".join(lines)


def renewed(guide: str) -> str:
    """The guide with a fresh reference between its two marks; raises `ValueError` where they are missing."""
    before, begin, rest = guide.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise ValueError("the guide has no place for the reference: its two marks are missing")
    return f"{before}{BEGIN}\n\n{reference()}{END}{after}"


def _groups() -> Iterator[tuple[str, list[str]]]:
    pieces = _BANNER.split(inspect.getsource(hookspecs))
    for title, text in zip(pieces[1::2], pieces[2::2], strict=True):
        yield title, re.findall(rf"^def ({PROJECT}_\w+)\(", text, re.MULTILINE)


def _section(name: str) -> list[str]:
    specification = getattr(hookspecs, name)
    rule = rule_of(specification)
    text = inspect.getdoc(specification) or ""
    first, _, rest = text.partition("\n\n")
    return [
        f"#### `{name}{_signature(specification)}`",
        "",
        _joined(first),
        "",
        f"{_joined(rest)} At most {rule.budget * 1000:.0f} ms.",
        "",
    ]


def _signature(specification: object) -> str:
    assert callable(specification)
    signature = inspect.signature(specification)
    shown = ", ".join(f"{each.name}: {_type(each.annotation)}" for each in signature.parameters.values())
    return f"({shown}) -> {_type(signature.return_annotation)}"


def _type(annotation: object) -> str:
    if annotation is None:
        return "None"
    text = annotation.__name__ if isinstance(annotation, type) and not hasattr(annotation, "__origin__") else str(annotation)
    return re.sub(r"\b(?:\w+\.)+(\w+)", r"\1", text)


def _joined(paragraphs: str) -> str:
    return "\n\n".join(" ".join(paragraph.split()) for paragraph in paragraphs.split("\n\n"))
