"""Why a plugin runs or not: the decision with its rule and place, and what each file says of the plugin."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

import attrs

from callmanager.administration.installed import names_in
from callmanager.extensions.policy import LISTS, POLICY_HELP, decide
from callmanager.settings.describing import toml

if TYPE_CHECKING:
    from callmanager.app import Application
    from callmanager.settings.layers import Layer


@attrs.frozen(kw_only=True)
class PluginDecision:
    """`state` and `reason` are the host's, `rule` and `by` what decided before the plugin was tried; `where` is FILE:LINE."""

    id: str
    state: str
    reason: str
    rule: str
    by: str
    where: str
    final: bool
    site: tuple[str, ...]
    user: tuple[str, ...]
    source: str
    distribution: str
    version: str


@attrs.frozen(kw_only=True)
class PolicyLine:
    """One key of the site's `[plugins]` as it stands in the file, or empty."""

    key: str
    value: str
    where: str
    help: str


def explain_plugin(app: Application, plugin_id: str) -> tuple[PluginDecision, ...]:
    """One decision, or several when several distributions bring a plugin of this id."""
    site, user = app.settings.layers.site, app.settings.layers.user
    records = [record for record in app.plugins.records() if record.id == plugin_id]
    candidates = [candidate for candidate in app.candidates if candidate.id == plugin_id]
    decisions = []
    for record, candidate in zip(records, candidates, strict=True):
        decision = decide(
            candidate,
            policy=app.policy,
            user_enabled=_listed(user, "enabled"),
            user_disabled=_listed(user, "disabled"),
            demo=app.options.demo,
        )
        layer = {"the site file": site, "your settings": user}.get(decision.by)
        decisions.append(
            PluginDecision(
                id=plugin_id,
                state=record.state.value,
                reason=record.reason,
                rule=decision.rule,
                by=decision.by,
                where="" if layer is None else _place(layer, decision.rule.removeprefix("plugins."), plugin_id),
                final=decision.final,
                site=_words(site, plugin_id),
                user=_words(user, plugin_id),
                source=candidate.source,
                distribution=record.distribution,
                version=record.version,
            )
        )
    return tuple(decisions)


def explain_policy(app: Application, keys: Iterable[str]) -> tuple[PolicyLine, ...]:
    """What the site file says under these keys."""
    site = app.settings.layers.site
    table = site.table("plugins")
    return tuple(
        PolicyLine(
            key=key,
            value=_value(table[key]) if key in table else "(not set)",
            where=_place(site, key) if key in table else site.origin,
            help=POLICY_HELP[key],
        )
        for key in keys
    )


def _value(value: object) -> str:
    try:
        return toml(value)
    except TypeError:
        return f"({type(value).__name__})"


def _words(layer: Layer, plugin_id: str) -> tuple[str, ...]:
    said = [f"{key} ({_place(layer, key, plugin_id)})" for key in LISTS if plugin_id in _listed(layer, key)]
    table = layer.table("plugins")
    if layer.source == "site":
        said += [f"{key} = {_value(table[key])}" for key in ("default", "allow_third_party") if key in table]
    return tuple(said)


def _listed(layer: Layer, key: str) -> frozenset[str]:
    return names_in(layer.table("plugins").get(key))


def _place(layer: Layer, key: str, plugin_id: str = "") -> str:
    value = layer.table("plugins").get(key)
    path: tuple[str | int, ...] = ("plugins", key)
    if plugin_id and isinstance(value, list) and plugin_id in value:
        path = (*path, value.index(plugin_id))
    return f"{layer.origin}:{layer.positions.line(path)}"
