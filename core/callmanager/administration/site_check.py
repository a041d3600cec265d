"""`callmanager-admin check-site`: every mistake of a site file at once, each with its line."""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import attrs

from callmanager.administration.commands import FAILED, OK, UNUSABLE, Commands, add_command, add_json, remark, say, say_json
from callmanager.settings.mistakes import Finding, Mistake, by_place, nearest

if TYPE_CHECKING:
    from callmanager.administration.declared import Declarations
    from callmanager.administration.installed import Installed
    from callmanager.app import AppOptions
    from callmanager.extensions.policy import SitePolicy
    from callmanager.settings.layers import Layer


def add(commands: Commands) -> None:
    parser = add_command(commands, "check-site", _run, text="all mistakes of a site file, with file, line and key")
    parser.add_argument("file", type=Path, nargs="?", metavar="FILE", help="the file; without it, the one of this machine")
    add_json(parser)


@attrs.frozen(kw_only=True)
class Verdict:
    """`mistakes` are wrong everywhere, `notes` here only (a plugin that is not installed); `readable` says there was a file."""

    readable: bool = True
    mistakes: tuple[Mistake, ...] = ()
    notes: tuple[Mistake, ...] = ()


async def _run(options: argparse.Namespace, app_options: AppOptions) -> int:
    from callmanager.administration.installed import look

    installed = look(app_options)
    verdict = await check_site(options.file or installed.site_file, installed)
    if options.json:
        data = attrs.asdict(verdict)
        say_json(data)
    else:
        for mistake in verdict.mistakes:
            say(str(mistake))
        for note in verdict.notes:
            remark(f"note: {note}")
        if not verdict.mistakes:
            remark(f"{options.file or installed.site_file}: no mistakes")
    if not verdict.readable:
        return UNUSABLE
    return FAILED if verdict.mistakes else OK


async def check_site(file: Path, installed: Installed) -> Verdict:
    """Judge a file by what is installed here. Code of plugins that it or the machine's policy refuses is not imported, nor is
    code of its extra paths: it is only being checked."""
    from callmanager.administration.declared import declarations
    from callmanager.extensions.discovery import discover
    from callmanager.extensions.permissions import read_restrictions
    from callmanager.extensions.policy import read_policy
    from callmanager.settings.files import read_file
    from callmanager.settings.layers import Layer

    content = read_file(file, keep_damaged_in_place=True)
    if content.damage is not None:
        return Verdict(readable=bool(content.text or content.damage.line), mistakes=(content.damage,))
    if content.missing:
        return Verdict(readable=False, mistakes=(Mistake(file=str(file), text="there is no such file"),))
    layer = Layer(source="site", origin=str(file), tables=content.tables, text=content.text)
    policy, policy_findings = read_policy(layer.table("plugins"))
    policy_findings += read_restrictions(layer.table("plugins"))[1]
    if not isinstance(content.tables.get("plugins", {}), Mapping):
        policy_findings = (Finding(path=("plugins",), text="must be a table"),)
    declared = await declarations(installed.importable(beside=policy))
    elsewhere = discover(path for path in policy.extra_paths if path.is_dir())
    ids = frozenset(candidate.id for candidate in (*installed.candidates, *elsewhere))
    plugin_mistakes, notes = _plugins(content.tables.get("plugins", {}), ids, policy)
    mistakes = [
        *_sections(layer, declared, ids),
        *layer.mistakes((*policy_findings, *plugin_mistakes)),
    ]
    return Verdict(
        mistakes=by_place(mistakes),
        notes=(*layer.mistakes(notes), *_unseen(layer, declared, ids)),
    )


def _sections(layer: Layer, declared: Declarations, ids: frozenset[str]) -> list[Mistake]:
    from callmanager.settings.converter import SettingsConverter, fields_of
    from callmanager.settings.layers import read_section
    from callmanager.settings.rules import read_rules, unknown_rules
    from callmanager.settings.unknown import belongs_to, unknown_tables

    known = {section.id: fields_of(section.model) for section in declared.sections}
    converter = SettingsConverter()
    mistakes: list[Mistake] = []
    for section_id, fields in known.items():
        mistakes += read_section(layer, section_id, fields, converter)[1]
    unseen = ids - declared.asked

    def unknowable(name: str) -> bool:
        return belongs_to(name, unseen) != ""

    _, findings = read_rules(layer.tables)
    mistakes += layer.mistakes(
        (
            *findings,
            *unknown_rules(layer.tables, known, unknowable=unknowable),
            *unknown_tables(layer, known, unknowable=unknowable),
        )
    )
    return mistakes


def _plugins(table: Any, ids: frozenset[str], policy: SitePolicy) -> tuple[list[Finding], list[Finding]]:
    """Names of plugins that are not installed: a mistake where one that is comes near, a note otherwise."""
    from callmanager.extensions.policy import LISTS

    mistakes: list[Finding] = []
    notes: list[Finding] = []
    if isinstance(table, Mapping):
        for key in LISTS:
            value = table.get(key, [])
            for index, name in enumerate(value if isinstance(value, list) else []):
                if not isinstance(name, str) or name in ids:
                    continue
                near = nearest(name, ids)
                said = f"no plugin {name[:60]!r} is installed here"
                finding = Finding(path=("plugins", key, index), text=f"{said}; did you mean {near}?" if near else said)
                (mistakes if near else notes).append(finding)
    missing = [path for path in policy.extra_paths if not path.is_dir()]
    notes += [Finding(path=("plugins", "extra_paths"), text=f"{path} is not a folder here") for path in missing]
    return mistakes, notes


def _unseen(layer: Layer, declared: Declarations, ids: frozenset[str]) -> list[Mistake]:
    from callmanager.settings.unknown import belongs_to

    notes = []
    known = {section.id for section in declared.sections}
    for name in layer.tables:
        owner = belongs_to(name, ids - declared.asked)
        if owner and name not in known:
            why = declared.silent.get(owner, "its code is not imported here")
            notes.append(layer.mistake((name,), f"not checked, the plugin {owner} can't be asked: {why}"))
    return notes
