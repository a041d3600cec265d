"""`callmanager-admin plugins doctor`: what is wrong with each plugin that was found, with evidence and what to do."""

from __future__ import annotations

import argparse
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import attrs

from callmanager.administration.commands import FAILED, OK, Commands, add_command, add_json, remark, say, say_json
from callmanager.administration.evidence import Evidence, Level, failed, warning, worst
from callmanager.administration.examination import Examined, from_json
from callmanager.administration.installed import Installed, look
from callmanager.administration.requirements import check_requirements
from callmanager.model.plugins import PluginState
from callmanager.settings.mistakes import did_you_mean

if TYPE_CHECKING:
    from callmanager.app import AppOptions
    from callmanager.extensions.discovery import Candidate
    from callmanager.extensions.policy import SitePolicy

EXAMINATION_SECONDS: Final = 60.0
"""How long one plugin may take to be imported, built and taken down."""
_ID: Final = re.compile(r"[A-Za-z][A-Za-z0-9_-]{0,63}")
_OBJECT: Final = re.compile(r"[\w.]+:[\w.]+")


@attrs.frozen(kw_only=True)
class Report:
    """One plugin: whether it is to run (`decision`: `on`, `off`, `refused`, with the `reason`), the verdict of the doctor, and
    the evidence.

    `verdict` is `ok`, `warning`, `failed`, or `refused` for one that the site refuses and that was therefore not imported.
    """

    id: str
    verdict: str
    decision: str
    reason: str
    source: str
    distribution: str
    version: str
    import_seconds: float | None
    evidence: tuple[Evidence, ...]


def add(commands: Commands) -> None:
    group = commands.add_parser("plugins", help="examine plugins: plugins doctor", description="What concerns plugins as such.")
    parser = add_command(
        group.add_subparsers(required=True, metavar="COMMAND"),
        "doctor",
        _run,
        text="what is wrong with each plugin, and what to do",
    )
    parser.add_argument("names", nargs="*", metavar="NAME", help="these plugins only")
    add_json(parser)


async def _run(options: argparse.Namespace, app_options: AppOptions) -> int:
    installed = look(app_options)
    ids = [candidate.id for candidate in installed.candidates]
    unknown = [name for name in options.names if name not in ids]
    for name in unknown:
        remark(f"no plugin {name} is installed{did_you_mean(name, ids)}")
    if unknown:
        return FAILED
    wanted = [candidate for candidate in installed.candidates if not options.names or candidate.id in options.names]
    reports = [_report(installed, candidate) for candidate in wanted]
    machine = list(_machine(installed.policy, ids))
    if options.json:
        say_json({"plugins": [_data(report) for report in reports], "machine": [_data(piece) for piece in machine]})
    else:
        say("\n".join([*(_in_words(report) for report in reports), *(_piece(piece) for piece in machine)]))
    bad = any(report.verdict == Level.FAILED.value for report in reports) or worst(machine) is Level.FAILED
    return FAILED if bad else OK


def _report(installed: Installed, candidate: Candidate) -> Report:
    """Nothing is imported in this process: a plugin that crashes must not take the doctor along."""
    evidence = list(_metadata(candidate, installed.candidates))
    examined = Examined(import_seconds=None, evidence=())
    decision = installed.decision(candidate)
    refused = decision.state is PluginState.REFUSED
    if not refused:
        examined = examine_apart(candidate, extra_paths=installed.policy.extra_paths)
        evidence += examined.evidence
    return Report(
        id=candidate.id,
        verdict="refused" if refused else worst(evidence).value,
        decision={PluginState.FOUND: "on", PluginState.DISABLED: "off"}.get(decision.state, decision.state.value),
        reason=decision.reason,
        source=candidate.source,
        distribution=candidate.distribution,
        version=candidate.version,
        import_seconds=examined.import_seconds,
        evidence=tuple(evidence),
    )


def examine_apart(candidate: Candidate, *, extra_paths: Iterable[Path]) -> Examined:
    """Examine the plugin in a process of its own, with this interpreter and this environment."""
    with tempfile.TemporaryDirectory(prefix="callmanager-admin-") as scratch:
        folder = Path(scratch)
        result = folder / "examined.json"
        command = [sys.executable, "-P", "-m", "callmanager.administration.examination"]
        command += ["--id", candidate.id, "--source", candidate.source, "--folder", scratch, "--result", str(result)]
        for path in extra_paths:
            command += ["--path", str(path)]
        try:
            done = subprocess.run(
                command, stdin=subprocess.DEVNULL, capture_output=True, timeout=EXAMINATION_SECONDS, check=False
            )
        except subprocess.TimeoutExpired:
            text = f"it was not done after {EXAMINATION_SECONDS:g} s"
            return _not_examined(text, "ask its author: importing or building it blocks")
        if result.is_file():
            return from_json(result.read_text(encoding="utf-8"))
        last = done.stderr.decode("utf-8", "replace").strip().splitlines()[-1:] or ["it said nothing"]
        how = f"signal {-done.returncode}" if done.returncode < 0 else f"exit code {done.returncode}"
        return _not_examined(f"it ended its process with {how}: {last[0][:300]}", "remove it, and ask its author")


def _not_examined(text: str, action: str) -> Examined:
    return Examined(import_seconds=None, evidence=(failed("import", text, action),))


def _metadata(candidate: Candidate, candidates: Iterable[Candidate]) -> Iterator[Evidence]:
    """What can be said without importing anything."""
    if not _ID.fullmatch(candidate.id) or candidate.id == "core":
        text = f"{candidate.id[:64]!r} can't be the name of a plugin"
        yield failed("entry point", text, "ask its author for a name of letters, digits, - and _")
    if not _OBJECT.fullmatch(candidate.source):
        yield failed("entry point", f"{candidate.source[:100]!r} names no class", "ask its author to declare module:Class")
    rivals = [other for other in candidates if other.id == candidate.id and other is not candidate]
    if rivals:
        who = ", ".join(sorted(f"{other.distribution} {other.version} ({other.source})" for other in rivals))
        yield failed("duplicates", f"{who} brings a plugin of this name too; the first one found is used", "remove one of them")
    point = candidate.point
    if point is not None and point.dist is not None:
        yield from check_requirements(candidate.distribution, point.dist.requires or (), point.extras)


def _machine(policy: SitePolicy, ids: Iterable[str]) -> Iterator[Evidence]:
    """What concerns the installation, and no plugin that was found."""
    for path in policy.extra_paths:
        if not path.is_dir():
            yield failed("extra paths", f"{path} is not a folder", "make it, or take it out of plugins.extra_paths")
        elif _writable_by_all(path):
            text = f"everybody may write into {path}, so everybody may bring code into this program"
            yield warning("extra paths", text, f"chmod go-w {path}")
    for plugin_id in sorted(policy.forced.difference(ids)):
        text = f"the plugin {plugin_id}, which the site file forces, is not installed"
        yield failed("forced", text, "install it, or take it out of plugins.forced")


def _writable_by_all(path: Path) -> bool:
    return os.name == "posix" and bool(path.stat().st_mode & 0o002)


def _data(value: Any) -> Any:
    return attrs.asdict(value, value_serializer=lambda _instance, _field, held: held.value if isinstance(held, Level) else held)


def _in_words(report: Report) -> str:
    made = f"{report.distribution} {report.version}".strip()
    took = f", imported in {report.import_seconds * 1000:.0f} ms" if report.import_seconds is not None else ""
    standing = f"{report.decision}: {report.reason}" if report.reason else report.decision
    lines = [f"{report.id}  {report.verdict.upper()}  ({standing})", f"  {made}, {report.source}{took}"]
    lines.extend(_piece(piece) for piece in report.evidence)
    return "\n".join(lines)


def _piece(piece: Evidence) -> str:
    return f"  {piece.level.value}  {piece.check}: {piece.text}\n      -> {piece.action}"
