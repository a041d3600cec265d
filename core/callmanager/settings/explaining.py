"""Where one value comes from: what every layer says, which of them counts, and why."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import attrs

from callmanager.settings.converter import SECRET_MARKER, SettingField, SettingsConverter, fields_of
from callmanager.settings.describing import toml
from callmanager.settings.layers import FieldState, Layer, Source, read_section
from callmanager.settings.rules import RULES

if TYPE_CHECKING:
    from callmanager.settings.service import DeclaredSection, SettingsService

_LONGEST: Final = 200


@attrs.frozen(kw_only=True)
class LayerSays:
    """One layer's word: `value` as it stands in a file, empty when the layer is silent; `mistake` when it does not fit."""

    source: Source
    file: str = ""
    line: int = 0
    value: str = ""
    mistake: str = ""


@attrs.frozen(kw_only=True)
class Explanation:
    """Everything about one setting now. The value of a secret is never here, only whether there is a remark of it."""

    section: DeclaredSection
    field: SettingField
    value: str
    state: FieldState
    lock: LayerSays | None
    """Where the site locked or hid it; `value` is the entry."""
    layers: tuple[LayerSays, ...]

    @property
    def name(self) -> str:
        return f"{self.section.id}.{self.field.name}"

    def word_of(self, source: Source) -> LayerSays:
        return next(said for said in self.layers if said.source == source)


def explain_setting(settings: SettingsService, section: DeclaredSection, key: str) -> Explanation:
    """The explanation of a key that the section has."""
    field = fields_of(section.model)[key]
    layers = settings.layers
    default = LayerSays(source="default", value="" if field.info.secret else toml(field.default))
    value = getattr(settings.get(section.model), key)
    if field.info.secret:
        shown = "kept in the key store" if settings.secret_is_set(section.model, key) else "not set"
    else:
        shown = toml(value)
    return Explanation(
        section=section,
        field=field,
        value=shown,
        state=settings.state(section.model, key),
        lock=_lock(layers.site, section.id, key),
        layers=(default, _said(layers.site, section.id, field), _said(layers.user, section.id, field)),
    )


def _said(layer: Layer, section_id: str, field: SettingField) -> LayerSays:
    table = layer.table(section_id)
    if field.name not in table:
        return LayerSays(source=layer.source, file=layer.origin)
    only = Layer(
        source=layer.source, origin=layer.origin, tables={section_id: {field.name: table[field.name]}}, text=layer.text
    )
    _, mistakes = read_section(only, section_id, {field.name: field}, SettingsConverter())
    return LayerSays(
        source=layer.source,
        file=layer.origin,
        line=layer.positions.line((section_id, field.name)),
        value=_raw(field, table[field.name]),
        mistake="; ".join(mistake.text for mistake in mistakes),
    )


def _raw(field: SettingField, raw: object) -> str:
    if field.info.secret:
        return toml(SECRET_MARKER) if raw == SECRET_MARKER else "(not shown)"
    try:
        said = toml(raw)
    except TypeError:
        said = f"({type(raw).__name__})"
    return said if len(said) <= _LONGEST else f"{said[:_LONGEST]}…"


def _lock(site: Layer, section_id: str, key: str) -> LayerSays | None:
    for rule in RULES:
        names = site.table(rule).get("keys")
        for index, name in enumerate(names if isinstance(names, list) else [names]):
            if name in (f"{section_id}.{key}", f"{section_id}.*"):
                line = site.positions.line((rule, "keys", index))
                return LayerSays(source="site", file=site.origin, line=line, value=f"{rule}.keys has {name}")
    return None


def as_data(explanation: Explanation) -> dict[str, Any]:
    """For programs: plain values under stable names."""
    info = explanation.field.info
    return {
        "setting": explanation.name,
        "owner": explanation.section.owner,
        "value": explanation.value,
        "source": explanation.state.source,
        "locked": explanation.state.locked,
        "hidden": explanation.state.hidden,
        "locked_by": attrs.asdict(explanation.lock) if explanation.lock else None,
        "layers": [attrs.asdict(said) for said in explanation.layers],
        "label": info.label,
        "help": info.help,
        "secret": info.secret,
        "advanced": info.advanced,
    }
