"""Where our files are: the folders of the operating system, or all of them under one profile."""

import sys
from pathlib import Path
from typing import Final

import attrs

PRODUCT: Final = "PC CallManager"
SITE_FILE: Final = "site.toml"


@attrs.frozen(kw_only=True)
class Paths:
    """The folders of one profile. `site` is machine-wide, written by administrators only, and the same for every profile.

    `name` tells profiles apart where something outside the file system is shared (key store, single-instance channel).
    """

    config: Path
    data: Path
    cache: Path
    logs: Path
    site: Path
    name: str

    @property
    def settings_file(self) -> Path:
        return self.config / "settings.toml"

    @property
    def site_file(self) -> Path:
        return self.site / SITE_FILE

    @property
    def log_file(self) -> Path:
        return self.logs / "callmanager.log"

    @property
    def crash_file(self) -> Path:
        return self.logs / "crash.log"

    @property
    def lock_file(self) -> Path:
        return self.data / "instance.lock"

    def plugin_data(self, plugin_id: str) -> Path:
        """A plugin's own folder; not made here."""
        return self.data / "plugins" / plugin_id

    def make(self) -> None:
        """Create the folders, readable by their owner only where the system knows such a thing."""
        for folder in (self.config, self.data, self.cache, self.logs):
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)


def find_paths(*, profile: Path | None, demo: bool = False, site: Path | None = None) -> Paths:
    """The folders to use. `profile` puts them all under one folder; the demo has a profile of its own unless one is given."""
    if profile is not None:
        root = profile.expanduser().absolute()
        return Paths(
            config=root / "config",
            data=root / "data",
            cache=root / "cache",
            logs=root / "logs",
            site=site or _site_folder(),
            name=str(root),
        )
    from platformdirs import PlatformDirs

    folders = PlatformDirs(PRODUCT, appauthor=False)
    config, data = Path(folders.user_config_dir), Path(folders.user_data_dir)
    cache, logs = Path(folders.user_cache_dir), Path(folders.user_log_dir)
    if demo:
        config, data, cache, logs = config / "demo", data / "demo", cache / "demo", logs / "demo"
    return Paths(config=config, data=data, cache=cache, logs=logs, site=site or _site_folder(), name="demo" if demo else "")


def _site_folder() -> Path:
    """The administrator's folder of this machine. One that has a site file can't be swapped for another by the environment.

    Only where there is none, the environment may name a folder (`XDG_CONFIG_DIRS` and the like), as tests do.
    """
    fixed = machine_folder()
    try:
        (fixed / SITE_FILE).stat()
    except (FileNotFoundError, NotADirectoryError):
        pass
    except OSError:
        return fixed  # it is there and can't be read, which is told
    else:
        return fixed
    from platformdirs import PlatformDirs

    return Path(PlatformDirs(PRODUCT, appauthor=False, multipath=False).site_config_dir)


def machine_folder() -> Path:
    """Where administrators put the site file, whatever the environment of a user says.

    Desktops set `XDG_CONFIG_DIRS` to folders of their own, which shells of administrators do not see.
    """
    if sys.platform == "win32":
        return _common_application_data() / PRODUCT
    if sys.platform == "darwin":
        return Path("/Library/Application Support") / PRODUCT
    return Path("/etc/xdg") / PRODUCT


if sys.platform == "win32":

    def _common_application_data() -> Path:
        """`C:\\ProgramData`, from the part of the registry that only administrators write."""
        import winreg

        folders = r"SOFTWARE\Microsoft\Windows\CurrentVersion\Explorer\Shell Folders"
        with winreg.OpenKey(winreg.HKEY_LOCAL_MACHINE, folders) as key:
            return Path(str(winreg.QueryValueEx(key, "Common AppData")[0]))
