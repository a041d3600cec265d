"""`callmanager-admin`: what an administrator asks the installation without starting the phone."""

from __future__ import annotations

import argparse
import asyncio
import sys
from collections.abc import Sequence
from pathlib import Path

from callmanager.app import Application, AppOptions
from callmanager.errors import UserError
from callmanager.model.permissions import Permission, Permissions
from callmanager.model.plugins import PluginRecord, PluginState


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one sub-command; exit codes: 0 all is well, 1 a plugin failed or something can't be done, 2 wrong usage."""
    options = _parser().parse_args(arguments)
    app_options = AppOptions(profile=options.profile, demo=options.demo, log_level="warning")
    try:
        return asyncio.run(_list(app_options, as_json=options.json))
    except UserError as error:
        sys.stderr.write(f"{error.text}\n{error.hint}\n" if error.hint else f"{error.text}\n")
        return 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="callmanager-admin", description=__doc__)
    parser.add_argument("--profile", type=Path, metavar="DIR", help="look at the profile in this folder")
    parser.add_argument("--demo", action="store_true", help="look at the profile of the demo")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    listing = commands.add_parser("list", help="plugins with state and reason")
    listing.add_argument("--json", action="store_true", help="one JSON array, for programs")
    return parser


async def _list(options: AppOptions, *, as_json: bool) -> int:
    app = Application(options)
    try:
        records = app.plugins.records()
        sys.stdout.write(_as_json(records) if as_json else _as_table(records))
    finally:
        await app.stop()
    return app.leave(1 if any(record.state is PluginState.FAILED for record in records) else 0)


def _as_table(records: Sequence[PluginRecord]) -> str:
    rows = [("PLUGIN", "STATE", "VERSION", "DISTRIBUTION", "REASON")]
    rows.extend((record.id, record.state.value, record.version, record.distribution, record.reason) for record in records)
    widths = [max(len(row[column]) for row in rows) for column in range(4)]
    lines = ("  ".join([*(cell.ljust(width) for cell, width in zip(row[:4], widths, strict=True)), row[4]]) for row in rows)
    return "".join(f"{line.rstrip()}\n" for line in lines)


def _as_json(records: Sequence[PluginRecord]) -> str:
    import json

    return json.dumps([_plain(record) for record in records], indent=2) + "\n"


def _plain(record: PluginRecord) -> dict[str, object]:
    wanted = ("id", "title", "summary", "distribution", "version", "author", "home_page", "built_in", "reason", "switch_note")
    return {
        "state": record.state.value,
        **{name: getattr(record, name) for name in wanted},
        "left_running": list(record.left),
        "left_and_ended": list(record.ended),
        "permissions": _needs(record.declared),
        "granted": _needs(record.granted),
    }


def _needs(permissions: Permissions | None) -> dict[str, object] | None:
    """The permissions that are there, as in the site file; none for what is not known before the plugin is switched on."""
    if permissions is None:
        return None
    return {
        permission.value: list(permissions.network) if permission is Permission.NETWORK else True
        for permission in permissions.all()
    }


if __name__ == "__main__":
    raise SystemExit(main())
