"""Write the files of a session of this release into a folder, for all later releases to open."""

import asyncio
import shutil
import sys
import tempfile
from pathlib import Path

from callmanager.api import (
    AppearanceSettings,
    AudioSettings,
    ConnectionSettings,
    Contact,
    ContactBatch,
    ContactSource,
    DialingSettings,
    Migration,
    NetworkSettings,
    PhoneNumber,
    PluginContext,
    SyncToken,
    Transport,
    contact_id,
    hookimpl,
)
from callmanager.testing import running
from callmanager_shell.window_state import SidePanelState, WindowState, save

SITE = """\
[connection]
server = "pbx.example.com"

[lock]
keys = ["connection.server"]

[plugins]
disabled = ["demo"]
"""
SETTINGS = {
    ConnectionSettings: {
        "extension": "2001",
        "port": 8443,
        "transport": Transport.TLS,
        "stun_servers": ("stun:stun.example.com:3478",),
        "ca_file": Path("company.pem"),
    },
    DialingSettings: {"country": "DE"},
    AudioSettings: {"ringer_volume": 0.5, "gain_control": False},
    AppearanceSettings: {"theme": "dark", "density": "compact"},
    NetworkSettings: {"proxy": "http://proxy.example.com:3128"},
}
"""A value of each kind, none of them a default."""

WINDOW = WindowState(
    geometry=b"\x01\xd9\xd0\xcb",
    tray_explained=True,
    current_panel="history/history",
    side_width=300,
    side_panels={"sidecar/blf": SidePanelState(collapsed=True, collapsed_below=False, height=240)},
    recent_commands=("core/settings", "crm/today"),
)
NOTES = (Migration(name="notes", script="CREATE TABLE note (number TEXT PRIMARY KEY, text TEXT NOT NULL);"),)
PEOPLE = (("1", "Ann Smith", "(555) 010-0199"), ("2", "Bob Brown", "+49 30 901820"))


class Notes:
    """A plugin with a database of its own and a source of people; `answer` is whether its server is there."""

    answer = True

    def __init__(self, ctx: PluginContext) -> None:
        self.database = ctx.database(NOTES)

    @hookimpl
    def callmanager_contact_sources(self) -> list[ContactSource]:
        return [People(answer=self.answer)]


class People:
    id = "notes"
    label = "People with notes"
    refresh_seconds = 3600.0

    def __init__(self, *, answer: bool) -> None:
        self._answer = answer

    async def fetch(self, since: SyncToken | None) -> ContactBatch:
        if not self._answer:
            await asyncio.Event().wait()
        people = (
            Contact(id=contact_id(self.id, key), source_id=self.id, name=name, numbers=(PhoneNumber(number=number),))
            for key, name, number in PEOPLE
        )
        return ContactBatch(contacts=tuple(people), token=SyncToken("7"))


async def write(folder: Path) -> None:
    """The profile and the site folder of one session, below `folder`."""
    (folder / "site").mkdir(parents=True)
    (folder / "site" / "site.toml").write_text(SITE, encoding="utf-8")
    async with running(folder, plugins={"notes": Notes}) as phone:
        for model, values in SETTINGS.items():
            phone.app.settings.update(model, **values)
        await phone.app.settings.set_secret(ConnectionSettings, "password", "not in any file")
        plugin = phone.app.plugins._entries["notes"].instance
        await plugin.database.write("INSERT INTO note VALUES (?, ?)", ("5550100199", "call back"))
        await phone.until(lambda: len(phone.app.contacts.people()) == len(PEOPLE))
        save(phone.app.paths.data / "window.json", WINDOW)


def main() -> None:
    target = Path(__file__).parent / sys.argv[1]
    with tempfile.TemporaryDirectory() as scratch:
        asyncio.run(write(Path(scratch)))
        ignore = shutil.ignore_patterns("*.log*", "logs", "cache", "*-wal", "*-shm")
        shutil.copytree(scratch, target, ignore=ignore)


if __name__ == "__main__":
    main()
