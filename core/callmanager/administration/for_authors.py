"""`callmanager-admin new-plugin` and `hooks-reference`: what authors of plugins begin with, and look things up in."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from callmanager.administration.commands import FAILED, OK, Commands, add_command, remark, say

if TYPE_CHECKING:
    from callmanager.app import AppOptions


def add(commands: Commands) -> None:
    begin = add_command(
        commands, "new-plugin", _new_plugin, text="a folder with a small plugin that works, its tests and its wheel"
    )
    begin.add_argument("name", metavar="NAME", help="its id and its import package, like crm_lookup")
    begin.add_argument("--into", type=Path, default=Path(), metavar="DIR", help="make the folder in this one")
    reference = add_command(commands, "hooks-reference", _reference, text="the reference of all hooks, in Markdown")
    reference.add_argument("--guide", type=Path, metavar="FILE", help="renew it between the marks of this page instead")


async def _new_plugin(options: argparse.Namespace, _app_options: AppOptions) -> int:
    from callmanager.authoring.new_plugin import write_plugin

    for file in write_plugin(options.name, into=options.into):
        say(str(file))
    remark(f"next: cd {options.into / options.name}, and read README.md")
    return OK


async def _reference(options: argparse.Namespace, _app_options: AppOptions) -> int:
    from callmanager.authoring.hook_reference import reference, renewed

    if options.guide is None:
        say(reference())
        return OK
    try:
        page = options.guide.read_text(encoding="utf-8")
        options.guide.write_text(renewed(page), encoding="utf-8", newline="\n")
    except (OSError, ValueError) as error:
        remark(f"{options.guide}: {error}")
        return FAILED
    return OK
