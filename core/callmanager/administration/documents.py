"""`callmanager-admin settings-reference` and `settings-schema`: pages and schemas made from the declarations."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from callmanager.administration.commands import FAILED, OK, Commands, add_command, remark

if TYPE_CHECKING:
    from callmanager.app import AppOptions
    from callmanager.settings.describing import Section


def add(commands: Commands) -> None:
    reference = add_command(commands, "settings-reference", _reference, text="the reference page of all settings, in Markdown")
    schema = add_command(
        commands, "settings-schema", _schema, text="a JSON Schema of the user file or the site file, for editors"
    )
    schema.add_argument("--site", action="store_true", help="of the site file")
    for parser in (reference, schema):
        parser.add_argument("--all", action="store_true", help="with the plugins of other makers that are installed here")
        parser.add_argument("--output", type=Path, metavar="FILE", help="write there instead of to standard output")


async def _reference(options: argparse.Namespace, app_options: AppOptions) -> int:
    from callmanager.settings.reference import reference

    return _deliver(reference(await _sections(options, app_options)), options.output)


async def _schema(options: argparse.Namespace, app_options: AppOptions) -> int:
    from callmanager.settings.schema import site_schema, user_schema

    make = site_schema if options.site else user_schema
    schema = make(await _sections(options, app_options))
    return _deliver(json.dumps(schema, indent=2, ensure_ascii=False) + "\n", options.output)


async def _sections(options: argparse.Namespace, app_options: AppOptions) -> tuple[Section, ...]:
    from callmanager.administration.declared import declarations, is_ours
    from callmanager.administration.installed import look

    found = look(app_options)
    wanted = [candidate for candidate in found.importable() if options.all or is_ours(candidate)]
    declared = await declarations(wanted)
    for plugin_id, reason in declared.silent.items():
        remark(f"the settings of the plugin {plugin_id} are missing: {reason}")
    return declared.sections


def _deliver(text: str, output: Path | None) -> int:
    if output is None:
        sys.stdout.write(text)
        return OK
    try:
        output.write_text(text, encoding="utf-8", newline="\n")
    except OSError as error:
        remark(f"{output}: can't be written: {error.strerror or error}")
        return FAILED
    return OK
