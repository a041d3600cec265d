"""Typed access to every section: read, checked, saved, told."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final, TypeVar

import attrs

from callmanager.errors import SettingsError
from callmanager.events import SecretChanged, SettingsChanged
from callmanager.settings import files
from callmanager.settings.converter import SECRET_MARKER, Complaint, SettingsConverter, fields_of
from callmanager.settings.layers import RESERVED, FieldState, Layer, Layers, Merged, locked_keys

if TYPE_CHECKING:
    from callmanager.bus import EventBus, Unsubscribe
    from callmanager.paths import Paths
    from callmanager.problems import ProblemBoard
    from callmanager.secrets import SecretStore

_log = logging.getLogger(__name__)
M = TypeVar("M")

SETTINGS_PROBLEM: Final = "settings"
SITE_PROBLEM: Final = "site-file"


@attrs.frozen(kw_only=True)
class _Section:
    id: str
    model: type[Any]
    owner: str


class SettingsService:
    """Settings of all sections (protocol `Settings` and more). Used on the loop thread.

    Files are read once when the service is made; a section is converted when it is first asked for. `get` returns the same
    frozen value until something changes. Secret fields are always empty there: ask `secret` for them.
    """

    def __init__(self, *, paths: Paths, bus: EventBus, problems: ProblemBoard, secrets: SecretStore) -> None:
        self._bus = bus
        self._problems = problems
        self._secrets = secrets
        self._user_file = paths.settings_file
        self._converter = SettingsConverter()
        self._sections: dict[type[Any], _Section] = {}
        self._values: dict[type[Any], tuple[Any, Merged]] = {}
        self._complaints: dict[str, tuple[str, ...]] = {}
        site = files.read_file(paths.site_file, keep_damaged_in_place=True)
        user = files.read_file(paths.settings_file)
        locked, wrong = locked_keys(site.tables)
        self._layers = Layers(
            site=Layer(source="site", origin=str(paths.site_file), tables=site.tables),
            user=Layer(source="user", origin=str(paths.settings_file), tables=user.tables),
            locked=locked,
        )
        self._tell_damage(site, user, wrong)

    # ---------------------------------------------------------------------------------------------------------- sections

    def register(self, section_id: str, model: type[Any], *, owner: str = "core") -> Unsubscribe:
        """Make a section known; returns the undo. Raises `TypeError` or `ValueError` for a declaration that can't be used."""
        fields_of(model)
        if section_id in RESERVED or not section_id.replace("_", "").replace("-", "").isalnum():
            raise ValueError(f"{section_id!r} can't be the name of a settings section")
        if owner != "core" and section_id != owner and not section_id.startswith((f"{owner}-", f"{owner}_")):
            raise ValueError(f"the settings section {section_id!r} of the plugin {owner} must begin with the plugin's id")
        if model in self._sections or any(section.id == section_id for section in self._sections.values()):
            raise ValueError(f"the settings section {section_id!r} exists already")
        self._sections[model] = _Section(id=section_id, model=model, owner=owner)

        def undo() -> None:
            self._sections.pop(model, None)
            self._values.pop(model, None)
            self._complain(section_id, ())

        return undo

    def owner_of(self, model: type[Any]) -> str:
        """The plugin whose section this is, or `core`."""
        return self._section(model).owner

    # ------------------------------------------------------------------------------------------------------------ values

    def get(self, model: type[M]) -> M:
        """The section's current values; `model` is the class it was declared with."""
        value: M = self._loaded(model)[0]
        return value

    def update(self, model: type[M], **changes: object) -> M:
        """Check, save, publish `SettingsChanged`; raises `SettingsError` with every complaint, and then nothing has changed."""
        section = self._section(model)
        before, merged = self._loaded(model)
        accepted = self._accept(section, changes)
        writes = {
            (section.id, name): self._converter.plain(value)
            for name, value in accepted.items()
            if value != getattr(before, name) or merged.states[name].source != "user"
        }
        if not any(getattr(before, name) != value for name, value in accepted.items()):
            return self.get(model)
        self._write(section, writes)
        after: M = self._loaded(model)[0]
        if after != before:
            self._bus.publish(SettingsChanged(section_id=section.id, before=before, after=after))
        return after

    def check(self, model: type[Any], field: str, value: object) -> str:
        """A complaint about this value, or an empty text; for a form while it is being filled in."""
        declared = fields_of(model)[field]
        if declared.info.secret:
            return "" if isinstance(value, str) and len(value) <= 1024 else "must be a text"
        try:
            self._converter.field(declared, value)
        except Complaint as complaint:
            return str(complaint)
        return ""

    def state(self, model: type[Any], field: str) -> FieldState:
        """Where the value comes from and whether it is locked."""
        return self._loaded(model)[1].states[field]

    def user_table(self, name: str) -> Mapping[str, Any]:
        """A reserved table of the user's file (`plugins`)."""
        return self._layers.user.table(name)

    def site_table(self, name: str) -> Mapping[str, Any]:
        """A reserved table of the site's file (`plugins`)."""
        return self._layers.site.table(name)

    def write_user_table(self, name: str, key: str, value: object) -> None:
        """Save a key of a reserved table; raises `SettingsError` when the disk refuses."""
        if name not in RESERVED:
            raise ValueError(f"{name!r} is not a reserved table")
        self._save({(name, key): value})

    # ----------------------------------------------------------------------------------------------------------- secrets

    def secret_is_set(self, model: type[Any], field: str) -> bool:
        """Whether there is a secret, as far as the file's marker and this session's memory know."""
        section, name = self._secret_place(model, field)
        marked = self._layers.user.table(section.id).get(field) == SECRET_MARKER
        return marked or self._secrets.in_session(section.owner, name)

    async def secret(self, model: type[Any], field: str) -> str | None:
        """The secret itself, or none; asks the key store, which may wait for a person."""
        section, name = self._secret_place(model, field)
        return await self._secrets.get(section.owner, name)

    async def set_secret(self, model: type[Any], field: str, value: str) -> None:
        """Keep the secret; an empty one is deleted. Without a key store it is kept for this session, and that is told."""
        section, name = self._secret_place(model, field)
        if value:
            kept = await self._secrets.set(section.owner, name, value)
        else:
            await self._secrets.delete(section.owner, name)
            kept = False
        marked = self._layers.user.table(section.id).get(field) == SECRET_MARKER
        if kept != marked:
            self._save({(section.id, field): SECRET_MARKER if kept else None})
        self._bus.publish(SecretChanged(section_id=section.id, field=field, owner=section.owner))

    # ---------------------------------------------------------------------------------------------------------- internal

    def _section(self, model: type[Any]) -> _Section:
        section = self._sections.get(model)
        if section is None:
            raise TypeError(f"{model.__qualname__} is not the model of a registered settings section")
        return section

    def _secret_place(self, model: type[Any], field: str) -> tuple[_Section, str]:
        section = self._section(model)
        if not fields_of(model)[field].info.secret:
            raise TypeError(f"{section.id}.{field} is not declared as a secret")
        return section, f"{section.id}.{field}"

    def _loaded(self, model: type[Any]) -> tuple[Any, Merged]:
        cached = self._values.get(model)
        if cached is None:
            section = self._section(model)
            merged = self._layers.merge(section.id, fields_of(model), self._converter)
            cached = self._values[model] = (model(**merged.values), merged)
            self._complain(section.id, merged.complaints)
        return cached

    def _accept(self, section: _Section, changes: Mapping[str, object]) -> dict[str, Any]:
        accepted: dict[str, Any] = {}
        complaints: list[str] = []
        fields = fields_of(section.model)
        for name, value in changes.items():
            path = f"{section.id}.{name}"
            if name not in fields:
                complaints.append(f"{path}: there is no such setting")
            elif fields[name].info.secret:
                complaints.append(f"{path}: is a secret and is set with set_secret")
            elif self._layers.is_locked(section.id, name):
                complaints.append(f"{path}: is set by your administrator")
            else:
                try:
                    accepted[name] = self._converter.field(fields[name], value)
                except Complaint as complaint:
                    complaints.append(f"{path}: {complaint}")
        if complaints:
            raise SettingsError(tuple(complaints))
        return accepted

    def _write(self, section: _Section, writes: Mapping[tuple[str, str], object]) -> None:
        self._save(writes)
        self._values.pop(section.model, None)

    def _save(self, writes: Mapping[tuple[str, str], object]) -> None:
        files.write_values(self._user_file, writes)
        tables = {
            name: dict(table) if isinstance(table, Mapping) else table for name, table in self._layers.user.tables.items()
        }
        for (section_id, key), value in writes.items():
            table = tables.get(section_id)
            if not isinstance(table, dict):
                table = tables[section_id] = {}
            if value is None:
                table.pop(key, None)
            else:
                table[key] = value
        self._layers = attrs.evolve(self._layers, user=attrs.evolve(self._layers.user, tables=tables))

    def _complain(self, section_id: str, complaints: tuple[str, ...]) -> None:
        before = dict(self._complaints)
        if complaints:
            self._complaints[section_id] = complaints
        else:
            self._complaints.pop(section_id, None)
        if self._complaints == before:
            return
        everything = [complaint for group in self._complaints.values() for complaint in group]
        if not everything:
            self._problems.clear(SETTINGS_PROBLEM)
            return
        self._problems.raise_problem(
            SETTINGS_PROBLEM,
            "Some settings can't be used; the defaults stand in for them.",
            hint="Correct them in Settings, or in the file.",
            details="\n".join(everything),
        )

    def _tell_damage(self, site: files.FileContent, user: files.FileContent, wrong_locks: tuple[str, ...]) -> None:
        if site.damage or wrong_locks:
            self._problems.raise_problem(
                SITE_PROBLEM,
                "The settings file of your administrator can't be used.",
                hint="Tell your administrator; everything else works.",
                details="\n".join(f"{self._layers.site.origin}: {text}" for text in (site.damage, *wrong_locks) if text),
            )
        if user.damage:
            where = f" It was set aside as {user.set_aside}." if user.set_aside else ""
            self._problems.raise_problem(
                "settings-file",
                "Your settings file was damaged, so the defaults are used.",
                hint=f"Enter your settings again.{where}",
                details=f"{self._layers.user.origin}: {user.damage}",
            )


@attrs.frozen(kw_only=True)
class OwnedSettings:
    """Settings as a plugin sees them (protocol `Settings`): it reads every section and changes its own."""

    service: SettingsService
    owner: str

    def get(self, model: type[M]) -> M:
        return self.service.get(model)

    def update(self, model: type[M], **changes: object) -> M:
        if self.service.owner_of(model) != self.owner:
            raise TypeError(f"the plugin {self.owner} can't change {model.__qualname__}, which is not its own section")
        return self.service.update(model, **changes)

    async def secret(self, model: type[Any], field: str) -> str | None:
        if self.service.owner_of(model) != self.owner:
            raise TypeError(f"the plugin {self.owner} can't read secrets of {model.__qualname__}, which is not its own section")
        return await self.service.secret(model, field)
