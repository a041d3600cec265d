"""Typed access to every section: read, checked, saved, told."""

from __future__ import annotations

import logging
from collections.abc import Collection, Iterable, Mapping
from typing import TYPE_CHECKING, Any, Final, TypeVar

import attrs

from callmanager.errors import SettingsError
from callmanager.events import SecretChanged, SettingsChanged
from callmanager.settings import files
from callmanager.settings.converter import SECRET_MARKER, Complaint, SettingsConverter, fields_of
from callmanager.settings.layers import RESERVED, FieldState, Layer, Layers, Merged
from callmanager.settings.mistakes import Finding, Mistake, did_you_mean
from callmanager.settings.rules import read_rules, unknown_rules
from callmanager.settings.telling import MistakeBoard
from callmanager.settings.unknown import belongs_to, unknown_tables

if TYPE_CHECKING:
    from callmanager.bus import EventBus, Unsubscribe
    from callmanager.paths import Paths
    from callmanager.problems import ProblemBoard
    from callmanager.secrets import SecretStore

_log = logging.getLogger(__name__)
M = TypeVar("M")

_LOCKED: Final = "is set by your administrator"


@attrs.frozen(kw_only=True)
class DeclaredSection:
    """A section that is known now: its id, the class it was declared with, and whose it is (`core` or a plugin)."""

    id: str
    model: type[Any]
    owner: str


class SettingsService:
    """Settings of all sections (protocol `Settings` and more). Used on the loop thread.

    Files are read once when the service is made; a section is converted when it is first asked for. `get` returns the same
    frozen value until something changes. Secret fields are always empty there: ask `secret` for them.
    """

    def __init__(
        self,
        *,
        paths: Paths,
        bus: EventBus,
        problems: ProblemBoard,
        secrets: SecretStore,
        set_aside_damaged: bool = True,
    ) -> None:
        self._bus = bus
        self._secrets = secrets
        self._user_file = paths.settings_file
        self._converter = SettingsConverter()
        self._sections: dict[type[Any], DeclaredSection] = {}
        self._values: dict[type[Any], tuple[Any, Merged]] = {}
        self._board = MistakeBoard(problems)
        site = files.read_file(paths.site_file, keep_damaged_in_place=True)
        user = files.read_file(paths.settings_file, keep_damaged_in_place=not set_aside_damaged)
        rules, findings = read_rules(site.tables)
        self._layers = Layers(
            site=Layer(source="site", origin=str(paths.site_file), tables=site.tables, text=site.text),
            user=Layer(source="user", origin=str(paths.settings_file), tables=user.tables, text=user.text),
            rules=rules,
        )
        if site.damage is not None:
            self._board.note_damaged_site(site.damage)
        self._board.note_damaged_user(user)
        self.note_site("rules", findings)

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
        try:
            model()
        except Exception as error:
            raise ValueError(f"the settings section {section_id!r} can't be made of its defaults: {error}") from error
        self._sections[model] = DeclaredSection(id=section_id, model=model, owner=owner)

        def undo() -> None:
            self._sections.pop(model, None)
            self._values.pop(model, None)
            self._board.forget(f"section {section_id}")

        return undo

    def sections(self) -> tuple[DeclaredSection, ...]:
        """All that are known now, in the order in which they came."""
        return tuple(self._sections.values())

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
        try:
            attrs.evolve(before, **accepted)
        except Exception as error:
            raise SettingsError((f"{section.id}: the values don't fit together: {error}",)) from error
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

    @property
    def layers(self) -> Layers:
        """Both files as they were read, for whoever explains where a value comes from."""
        return self._layers

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
        """Keep the secret; an empty one is deleted. Without a key store it is kept for this session, and that is told.

        Raises `SettingsError` for one that the site locked: what the key store holds of it stays in use.
        """
        section, name = self._secret_place(model, field)
        if self._layers.is_locked(section.id, field):
            raise SettingsError((f"{name}: {_LOCKED}",))
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

    def _section(self, model: type[Any]) -> DeclaredSection:
        section = self._sections.get(model)
        if section is None:
            raise TypeError(f"{model.__qualname__} is not the model of a registered settings section")
        return section

    def _secret_place(self, model: type[Any], field: str) -> tuple[DeclaredSection, str]:
        section = self._section(model)
        if not fields_of(model)[field].info.secret:
            raise TypeError(f"{section.id}.{field} is not declared as a secret")
        return section, f"{section.id}.{field}"

    def _loaded(self, model: type[Any]) -> tuple[Any, Merged]:
        cached = self._values.get(model)
        if cached is None:
            section = self._section(model)
            merged = self._layers.merge(section.id, fields_of(model), self._converter)
            value, refusal = self._built(section, merged)
            cached = self._values[model] = (value, merged)
            for source, mistakes in merged.mistakes.items():
                self._board.note(source, f"section {section.id}", mistakes + (refusal if source == "user" else ()))
        return cached

    def _built(self, section: DeclaredSection, merged: Merged) -> tuple[Any, tuple[Mistake, ...]]:
        """The section's value; its defaults where the model itself refuses what the files say together."""
        try:
            return section.model(**merged.values), ()
        except Exception as error:  # noqa: BLE001 - the model may be a plugin's
            _log.info("the settings of %s don't fit together: %s", section.id, error, extra={"plugin": section.owner})
            text = f"the values don't fit together: {error}"
            return section.model(), (self._layers.user.mistake((section.id,), text),)

    def _accept(self, section: DeclaredSection, changes: Mapping[str, object]) -> dict[str, Any]:
        accepted: dict[str, Any] = {}
        complaints: list[str] = []
        fields = fields_of(section.model)
        for name, value in changes.items():
            path = f"{section.id}.{name}"
            if name not in fields:
                complaints.append(f"{path}: there is no such setting{did_you_mean(name, fields)}")
            elif fields[name].info.secret:
                complaints.append(f"{path}: is a secret and is set with set_secret")
            elif self._layers.is_locked(section.id, name):
                complaints.append(f"{path}: {_LOCKED}")
            else:
                try:
                    accepted[name] = self._converter.field(fields[name], value)
                except Complaint as complaint:
                    complaints.append(f"{path}: {complaint}")
        if complaints:
            raise SettingsError(tuple(complaints))
        return accepted

    def _write(self, section: DeclaredSection, writes: Mapping[tuple[str, str], object]) -> None:
        self._save(writes)
        self._values.pop(section.model, None)

    def _save(self, writes: Mapping[tuple[str, str], object]) -> None:
        user = self._layers.user
        written = files.write_values(self._user_file, writes, otherwise=user.tables)
        layer = attrs.evolve(user, tables=files.apply(user.tables, writes), text=written.text)
        self._layers = attrs.evolve(self._layers, user=layer)
        if written.set_aside is not None:
            self._board.note_damaged_since(user.origin, set_aside=written.set_aside)

    # ---------------------------------------------------------------------------------------------------------- mistakes

    def review(self, *, inactive: Collection[str]) -> None:
        """Look for what nobody has asked for yet: mistakes in all sections that a file has, and sections that nobody knows.

        `inactive` are the installed plugins that don't run now: their sections can't be judged and are not unknown.
        """
        known = {section.id: fields_of(section.model) for section in self._sections.values()}
        for section in self.sections():
            if section.id in self._layers.site.tables or section.id in self._layers.user.tables:
                self._loaded(section.model)

        def unknowable(name: str) -> bool:
            return belongs_to(name, inactive) != ""

        site, user = self._layers.site, self._layers.user
        self.note_site("unknown", unknown_tables(site, known, unknowable=unknowable))
        self.note_site("unknown rules", unknown_rules(site.tables, known, unknowable=unknowable))
        self._board.note("user", "unknown", user.mistakes(unknown_tables(user, known, unknowable=unknowable)))

    def note_site(self, about: str, findings: Iterable[Finding]) -> None:
        """Tell the findings in the site's file, in place of those that were told about the same matter before."""
        self._board.note("site", about, self._layers.site.mistakes(findings))

    def mistakes(self) -> tuple[Mistake, ...]:
        """All that is known to be wrong with both files, the site's first, each by its lines."""
        return self._board.all()


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
