"""`callmanager-admin explain`: where a value comes from, what the other layers say, and why a plugin runs or not."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any

import attrs

from callmanager.administration.commands import FAILED, OK, Commands, add_command, add_json, looked_at, remark, say, say_json
from callmanager.settings.mistakes import did_you_mean, nearest

if TYPE_CHECKING:
    from callmanager.administration.plugin_decision import PluginDecision
    from callmanager.app import Application, AppOptions
    from callmanager.settings.explaining import Explanation, LayerSays
    from callmanager.settings.service import DeclaredSection


def add(commands: Commands) -> None:
    parser = add_command(commands, "explain", _run, text="where a setting comes from, or why a plugin runs or not")
    parser.add_argument("setting", metavar="SETTING", help="section.key, a whole section, or plugins.NAME")
    add_json(parser)


async def _run(options: argparse.Namespace, app_options: AppOptions) -> int:
    name: str = options.setting.strip()
    section_id, _, key = name.partition(".")
    async with looked_at(app_options) as app:
        if section_id == "plugins":
            return _plugins(app, key, as_json=options.json)
        await _complete(app, section_id)
        sections = {section.id: section for section in app.settings.sections()}
        return _setting(app, name, sections, as_json=options.json)


def _setting(app: Application, name: str, sections: dict[str, DeclaredSection], *, as_json: bool) -> int:
    from callmanager.settings.converter import fields_of
    from callmanager.settings.explaining import as_data, explain_setting

    section_id, dot, key = name.partition(".")
    section = sections.get(section_id)
    known = [f"{each.id}.{field}" for each in sections.values() for field in fields_of(each.model)]
    if section is None or (dot and key not in fields_of(section.model)):
        bare = {candidate.partition(".")[2]: candidate for candidate in reversed(known)}
        near = bare.get(nearest(name, bare), "")
        hint = did_you_mean(name, [*known, *sections]) or (f"; did you mean {near}?" if near else "")
        remark(f"there is no setting {name}{hint}")
        _remark_about_owner(app, section_id)
        return FAILED
    explained = [explain_setting(app.settings, section, field) for field in ([key] if dot else fields_of(section.model))]
    if as_json:
        data = [as_data(each) for each in explained]
        say_json(data[0] if dot else data)
    elif dot:
        say(_in_full(explained[0]))
    else:
        say("\n".join(_in_short(each) for each in explained))
    for mistake in app.settings.mistakes():
        if any(mistake.path.startswith(each.name) for each in explained):
            remark(str(mistake))
    return OK


async def _complete(app: Application, section_id: str) -> None:
    """A section of an installed plugin that does not run now is declared all the same, unless the site refuses the plugin."""
    from callmanager.administration.declared import declarations
    from callmanager.model.plugins import PluginState
    from callmanager.settings.unknown import belongs_to

    if any(section.id == section_id for section in app.settings.sections()):
        return
    asleep = {PluginState.DISABLED, PluginState.FOUND, PluginState.PARKED}
    resting = [candidate for candidate in app.candidates if app.plugins.state(candidate.id) in asleep]
    owner = belongs_to(section_id, [candidate.id for candidate in resting])
    if not owner:
        return
    declared = await declarations(candidate for candidate in resting if candidate.id == owner)
    for section in declared.sections:
        if section.owner == owner:
            app.settings.register(section.id, section.model, owner=owner)


def _remark_about_owner(app: Application, section_id: str) -> None:
    from callmanager.settings.unknown import belongs_to

    for record in app.plugins.records():
        if belongs_to(section_id, [record.id]):
            remark(f"the plugin {record.id} is {record.state.value}: {record.reason or 'it declares no such section'}")


def _in_short(explanation: Explanation) -> str:
    lock = ", hidden" if explanation.state.hidden else ", locked" if explanation.state.locked else ""
    return f"{explanation.name} = {explanation.value}    ({explanation.state.source}{lock})"


def _in_full(explanation: Explanation) -> str:
    from callmanager.settings.describing import limit_words, type_words

    info, state = explanation.field.info, explanation.state
    about = ", ".join(filter(None, (type_words(explanation.field), limit_words(explanation.field))))
    lines = [f"{explanation.name} = {explanation.value}"]
    lines.append(f"  comes from  {_source(explanation)}")
    if explanation.lock is not None:
        verb = "hidden and locked" if state.hidden else "locked"
        lines.append(f"  {verb}  {_place(explanation.lock)}: {explanation.lock.value}")
    else:
        lines.append("  not locked")
    lines.extend(f"  {said.source:<7}  {_says(said, explanation)}" for said in explanation.layers)
    lines.append(f"  {info.label}: {about}. {info.help}".rstrip())
    lines.append(f"  declared by {explanation.section.owner}{', advanced' if info.advanced else ''}")
    return "\n".join(lines)


def _source(explanation: Explanation) -> str:
    if explanation.field.info.secret:
        return "the key store of this person's computer, and nowhere else"
    said = explanation.word_of(explanation.state.source)
    return "the built-in default" if said.source == "default" else f"the {said.source} file, {_place(said)}"


def _says(said: LayerSays, explanation: Explanation) -> str:
    if said.source == "default":
        return said.value or "nothing"
    if not said.value:
        return f"nothing    {said.file}"
    why = ""
    if said.mistake:
        why = f"    not used: {said.mistake}"
    elif said.source == "user" and explanation.state.locked:
        why = "    not used: locked by the site"
    return f"{said.value}    {_place(said)}{why}"


def _place(said: LayerSays) -> str:
    return f"{said.file}:{said.line}" if said.line else said.file


# -------------------------------------------------------------------------------------------------------------- plugins


def _plugins(app: Application, name: str, *, as_json: bool) -> int:
    from callmanager.administration.plugin_decision import explain_plugin, explain_policy
    from callmanager.extensions.policy import POLICY_KEYS

    ids = [record.id for record in app.plugins.records()]
    if name in ids:
        decisions = explain_plugin(app, name)
        if as_json:
            data: Any = [attrs.asdict(decision) for decision in decisions]
            say_json(data[0] if len(data) == 1 else data)
        else:
            say("\n".join(_decision(decision) for decision in decisions))
        return OK
    if name in POLICY_KEYS or not name:
        lines = explain_policy(app, [name] if name else POLICY_KEYS)
        if as_json:
            say_json({line.key: attrs.asdict(line) for line in lines})
        else:
            say("\n".join(f"plugins.{line.key} = {line.value}    {line.where}\n  {line.help}" for line in lines))
        return OK
    remark(f"no plugin {name} is installed{did_you_mean(name, [*ids, *POLICY_KEYS])}")
    return FAILED


def _decision(decision: PluginDecision) -> str:
    lines = [f"plugins.{decision.id} is {decision.state}{f': {decision.reason}' if decision.reason else ''}"]
    where = f", {decision.where}" if decision.where else ""
    lines.append(f"  decided by  {decision.by}{f' ({decision.rule})' if decision.rule else ''}{where}")
    lines.append(f"  {'the user can not change it' if decision.final else 'the user may change it'}")
    lines.append(f"  site        {', '.join(decision.site) or 'says nothing of it'}")
    lines.append(f"  user        {', '.join(decision.user) or 'says nothing of it'}")
    lines.append(f"  found as    {decision.source} in {decision.distribution} {decision.version}".rstrip())
    return "\n".join(lines)
