"""`callmanager-admin list`: plugins with state and reason."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from typing import TYPE_CHECKING

from callmanager.administration.commands import FAILED, OK, Commands, add_command, add_json, looked_at, remark, say, say_json
from callmanager.model.permissions import Permission, Permissions
from callmanager.model.plugins import PluginRecord, PluginState

if TYPE_CHECKING:
    from callmanager.app import AppOptions


def add(commands: Commands) -> None:
    add_json(add_command(commands, "list", _run, text="plugins with state and reason"))


async def _run(options: argparse.Namespace, app_options: AppOptions) -> int:
    async with looked_at(app_options) as app:
        records = app.plugins.records()
        mistakes = app.settings.mistakes()
    if options.json:
        say_json([_plain(record) for record in records])
    else:
        say(_table(records))
    for mistake in mistakes:
        remark(str(mistake))
    return app.leave(FAILED if any(record.state is PluginState.FAILED for record in records) else OK)


def _table(records: Sequence[PluginRecord]) -> str:
    rows = [("PLUGIN", "STATE", "VERSION", "DISTRIBUTION", "REASON")]
    rows.extend((record.id, record.state.value, record.version, record.distribution, record.reason) for record in records)
    widths = [max(len(row[column]) for row in rows) for column in range(4)]
    lines = ("  ".join([*(cell.ljust(width) for cell, width in zip(row[:4], widths, strict=True)), row[4]]) for row in rows)
    return "\n".join(line.rstrip() for line in lines)


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
