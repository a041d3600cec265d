"""A machine of its own: a site folder, a profile, and a folder in which distributions are laid down as pip would."""

import sys
from collections.abc import Iterator
from pathlib import Path

import attrs
import pytest
from callmanager.administration.installed import Installed, look
from callmanager.app import AppOptions


@attrs.frozen(kw_only=True)
class Machine:
    """Where an administrator's files of this test are."""

    root: Path

    @property
    def site_file(self) -> Path:
        return self.root / "machine" / "site.toml"

    @property
    def user_file(self) -> Path:
        return self.root / "profile" / "config" / "settings.toml"

    @property
    def plugins(self) -> Path:
        return self.root / "plugins"

    @property
    def arguments(self) -> list[str]:
        return ["--profile", str(self.root / "profile")]

    def site(self, text: str, *, plugins: bool = False) -> None:
        """Write the site file; with `plugins` the folder of laid-down distributions is an extra path."""
        extra = f"extra_paths = [{str(self.plugins)!r}]"
        if plugins:
            text = (
                text.replace("[plugins]\n", f"[plugins]\n{extra}\n") if "[plugins]" in text else f"{text}[plugins]\n{extra}\n"
            )
        self.site_file.parent.mkdir(exist_ok=True)
        self.site_file.write_text(text, encoding="utf-8")

    def user(self, text: str) -> None:
        self.user_file.parent.mkdir(parents=True, exist_ok=True)
        self.user_file.write_text(text, encoding="utf-8")

    def lay_down(
        self,
        plugin_id: str,
        code: str,
        *,
        distribution: str = "",
        points: str = "",
        metadata: str = "",
        folder: str = "plugins",
    ) -> Path:
        """A distribution with one module; importing it leaves the file `imported` beside it."""
        home = self.root / folder
        distribution = distribution or f"{plugin_id}-dist"
        module = f"{distribution.replace('-', '_')}_of_{self.root.name.replace('-', '_')}"
        information = home / f"{distribution.replace('-', '_')}-1.2.dist-info"
        information.mkdir(parents=True, exist_ok=True)
        (information / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {distribution}\nVersion: 1.2\n{metadata}")
        points = (points or f"{plugin_id} = MODULE:Plugin").replace("MODULE", module)
        (information / "entry_points.txt").write_text(f"[callmanager.plugins]\n{points}\n")
        trace = "from pathlib import Path\nPath(__file__).with_name('imported').touch()\n"
        (home / f"{module}.py").write_text(trace + code, encoding="utf-8")
        return home / "imported"

    def look(self) -> Installed:
        return look(AppOptions(profile=self.root / "profile"))


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Machine]:
    monkeypatch.setattr("callmanager.paths.machine_folder", lambda: tmp_path / "machine")
    monkeypatch.setattr(sys, "path", list(sys.path))
    before = set(sys.modules)
    yield Machine(root=tmp_path)
    for name in set(sys.modules) - before:
        file = getattr(sys.modules[name], "__file__", None)
        if file and Path(file).is_relative_to(tmp_path):
            del sys.modules[name]


GOOD = """
import attrs
from callmanager.api import PluginContext, SettingsSection, hookimpl, setting

@attrs.frozen(kw_only=True)
class CrmSettings:
    url: str = setting("", label="Address", help="Of the CRM.")
    token: str = setting("", label="Token", secret=True)
    pages: int = setting(3, label="Pages", minimum=1, maximum=9)

class Plugin:
    requires_api = 1

    def __init__(self, ctx: PluginContext) -> None:
        self.ctx = ctx

    @hookimpl
    def callmanager_settings_sections(self) -> list[SettingsSection]:
        return [SettingsSection(id="crm", title="CRM", model=CrmSettings)]
"""
