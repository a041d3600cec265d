"""The reference page `docs/settings.md`: what stands in a template, and tables made from the declarations."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Final

from callmanager.extensions.policy import POLICY_HELP, POLICY_KEYS
from callmanager.settings.converter import SettingField, fields_of
from callmanager.settings.describing import Section, limit_words, toml, type_words
from callmanager.settings.fields import FieldKind

_HERE: Final = Path(__file__).parent
EXAMPLE: Final = _HERE / "example_site.toml"
_POLICY_TYPES: Final = {
    "default": "choice",
    "allow_third_party": "true, false or list of texts",
    "permissions": "tables",
}


def reference(sections: Iterable[Section]) -> str:
    """The whole page in Markdown, ending with a line break."""
    template = (_HERE / "reference_template.md").read_text(encoding="utf-8")
    parts = {
        "@@SECTIONS@@": "\n\n".join(_section(section) for section in sections),
        "@@POLICY@@": _policy(),
        "@@EXAMPLE@@": EXAMPLE.read_text(encoding="utf-8").rstrip(),
    }
    for mark, text in parts.items():
        template = template.replace(mark, text)
    return template


def _section(section: Section) -> str:
    lines = [f"### {section.title}: `[{section.id}]`", ""]
    if section.owner != "core":
        origin = f" of the distribution {section.distribution}" if section.distribution else ""
        lines += [f"Of the plugin `{section.owner}`{origin}.", ""]
    lines += ["| key | type | default | allowed | what it is |", "| --- | --- | --- | --- | --- |"]
    lines += [_row(name, field) for name, field in fields_of(section.model).items()]
    return "\n".join(lines)


def _row(name: str, field: SettingField) -> str:
    info = field.info
    remarks = [f"**{_plain(info.label)}.**", _plain(info.help)]
    if info.kind is FieldKind.HIDDEN:
        remarks.append("*kept by the program*")
    elif info.advanced:
        remarks.append("*advanced*")
    default = "" if info.secret else f"`{toml(field.default)}`"
    cells = (f"`{name}`", type_words(field), _plain(default), _plain(limit_words(field)), " ".join(filter(None, remarks)))
    return f"| {' | '.join(cells)} |"


def _policy() -> str:
    lines = ["| key of `[plugins]` | type | what it is |", "| --- | --- | --- |"]
    lines += [f"| `{key}` | {_POLICY_TYPES.get(key, 'list of texts')} | {POLICY_HELP[key]} |" for key in POLICY_KEYS]
    return "\n".join(lines)


def _plain(text: str) -> str:
    return " ".join(text.replace("|", "\\|").split())
