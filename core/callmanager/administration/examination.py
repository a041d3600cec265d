"""Try one plugin out, headlessly: import, class, interface version, hooks, construction, settings, what it leaves behind.

Runs in a process of its own (`python -m callmanager.administration.examination`), so that a plugin that hangs, exits or
crashes takes nobody along and none profits from what another has imported. What is found goes as JSON into a file: standard
output may be the plugin's.
"""

from __future__ import annotations

import argparse
import asyncio
import inspect
import json
import logging
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import attrs

from callmanager.administration.evidence import Evidence, Level, failed, warning

if TYPE_CHECKING:
    from callmanager.app import Application
    from callmanager.extensions.discovery import Candidate

SLOW_IMPORT_SECONDS: Final = 0.25
_STOP_SECONDS: Final = 5.0


@attrs.frozen(kw_only=True)
class Examined:
    """What was seen of one plugin; `import_seconds` is none when it could not be imported."""

    import_seconds: float | None
    evidence: tuple[Evidence, ...]


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--id", required=True)
    parser.add_argument("--source", required=True)
    parser.add_argument("--path", type=Path, action="append", default=[])
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--result", type=Path, required=True)
    options = parser.parse_args(arguments)
    from callmanager.extensions.discovery import discover

    candidate = next(found for found in discover(options.path) if (found.id, found.source) == (options.id, options.source))
    examined = examine(candidate, folder=options.folder)
    options.result.write_text(as_json(examined), encoding="utf-8")
    return 0


def as_json(examined: Examined) -> str:
    return json.dumps(attrs.asdict(examined, value_serializer=_plain))


def from_json(text: str) -> Examined:
    data = json.loads(text)
    evidence = tuple(Evidence(**{**piece, "level": Level(piece["level"])}) for piece in data["evidence"])
    return Examined(import_seconds=data["import_seconds"], evidence=evidence)


def examine(candidate: Candidate, *, folder: Path) -> Examined:
    """Look at the plugin; its files go below `folder`. Whatever it raises becomes evidence."""
    import callmanager.api  # noqa: F401 - the program has it anyway, so it is not on the plugin's account

    started = time.perf_counter()
    try:
        plugin = candidate.load()
    except BaseException as error:  # noqa: BLE001 - a plugin that calls exit is told like one that raises
        return Examined(import_seconds=None, evidence=(_import_failed(candidate, error),))
    seconds = time.perf_counter() - started
    evidence = list(_class(candidate, plugin))
    if seconds > SLOW_IMPORT_SECONDS:
        action = "its author can import heavy libraries inside of functions"
        evidence.append(warning("import", f"importing it takes {seconds * 1000:.0f} ms, at every start", action))
    if not any(piece.level is Level.FAILED for piece in evidence):
        evidence.extend(_hooks(plugin))
        evidence.extend(asyncio.run(_built(candidate, folder)))
    return Examined(import_seconds=seconds, evidence=tuple(evidence))


def _import_failed(candidate: Candidate, error: BaseException) -> Evidence:
    said = f"{type(error).__name__}: {error}"[:400]
    if isinstance(error, ModuleNotFoundError):
        return failed("import", said, f"install what {candidate.distribution or candidate.id} needs, or install it again")
    if isinstance(error, AttributeError) and candidate.source.partition(":")[2] in str(error):
        return failed("entry point", said, f"the declared object {candidate.source} does not exist; install it again")
    return failed("import", said, "update or remove it, or ask its author")


def _class(candidate: Candidate, plugin: Any) -> Iterator[Evidence]:
    from callmanager.markers import API_VERSION

    if not inspect.isclass(plugin):
        text = f"{candidate.source} is a {type(plugin).__name__}, and not a class that takes a context"
        yield failed("entry point", text, "ask its author to name the class in the entry point")
        return
    needed = getattr(plugin, "requires_api", None)
    if needed is None:
        text = "it does not say which version of the plugin interface it needs"
        if not _is_ours(candidate):
            yield warning("interface", text, f"its author can add requires_api = {API_VERSION} to the class")
    elif not isinstance(needed, int) or isinstance(needed, bool):
        yield warning("interface", f"requires_api is {needed!r}"[:120], "ask its author to make it a whole number")
    elif needed > API_VERSION:
        text = f"it needs version {needed} of the plugin interface, this is version {API_VERSION}"
        yield failed("interface", text, "update PC CallManager, or install an older release of the plugin")


def _hooks(plugin: type[Any]) -> Iterator[Evidence]:
    from callmanager.markers import PROJECT
    from callmanager.testing.conformance import check_hooks

    try:
        complaints = check_hooks(plugin)
    except Exception as error:  # noqa: BLE001 - annotations that can't be resolved, for instance
        complaints = [f"its annotations can't be read: {type(error).__name__}: {error}"[:300]]
    for complaint in complaints:
        yield warning("hooks", complaint, "ask its author to run callmanager.testing.conformance.check_hooks")
    marked = [name for name, method in inspect.getmembers(plugin) if hasattr(method, f"{PROJECT}_impl")]
    if not marked and not complaints:
        yield warning("hooks", "it implements no hook", "ask its author whether a decorator was forgotten")


async def _built(candidate: Candidate, folder: Path) -> list[Evidence]:
    """Build it as the host does, ask it for what it contributes, and take it down again."""
    from callmanager.administration.declared import headless
    from callmanager.model.plugins import PluginState

    threads = set(threading.enumerate())
    evidence = []
    with _heard(candidate.id) as heard:
        app = headless(folder, [candidate])
        (record,) = app.plugins.records()
        if record.state is PluginState.FAILED:
            evidence.append(failed("construction", record.reason, "update or remove it, or ask its author"))
        else:
            evidence += _settings(app, candidate.id)
            for ask in (app.settings_sections, app.call_actions, app.panels, app.cli_commands):
                ask()
        try:
            async with asyncio.timeout(_STOP_SECONDS):
                await app.stop()
        except TimeoutError:
            text = f"it could not be taken down within {_STOP_SECONDS:g} s"
            evidence.append(warning("life", text, "ask its author: a task of it does not end when it is cancelled"))
    if record.state is not PluginState.FAILED:
        evidence += [warning("log", text, "ask its author; the log of the program has the details") for text in heard]
    evidence += [
        warning("life", f"the thread {thread.name} is left running", "ask its author to end it in on_deactivate")
        for thread in set(threading.enumerate()) - threads
        if thread.is_alive()
    ]
    return evidence


def _settings(app: Application, plugin_id: str) -> Iterator[Evidence]:
    """Defaults that break their own limits; what is not declared at all was refused by the host before."""
    from callmanager.settings.converter import Complaint, SettingsConverter, fields_of

    converter = SettingsConverter()
    for section in app.settings.sections():
        if section.owner != plugin_id:
            continue
        for name, field in fields_of(section.model).items():
            path = f"{section.id}.{name}"
            try:
                if not field.info.secret:
                    converter.field(field, converter.plain(field.default))
            except (Complaint, TypeError) as error:
                yield warning("settings", f"the default of {path} does not fit: {error}", "ask its author to correct it")
            if not field.info.label.strip():
                yield warning("settings", f"{path} has no label", "ask its author to name it")


@contextmanager
def _heard(plugin_id: str) -> Iterator[list[str]]:
    """What the core logs of this plugin as a warning or worse."""
    said: list[str] = []

    class Ear(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:  # type: ignore[explicit-override] # typing has override from 3.12 on
            text = record.getMessage()[:300]
            if getattr(record, "plugin", "") == plugin_id and text not in said and len(said) < 20:
                said.append(text)

    ear = Ear(logging.WARNING)
    logging.getLogger().addHandler(ear)
    try:
        yield said
    finally:
        logging.getLogger().removeHandler(ear)


def _is_ours(candidate: Candidate) -> bool:
    from callmanager.administration.declared import is_ours

    return is_ours(candidate)


def _plain(_instance: object, _attribute: object, value: Any) -> Any:
    return value.value if isinstance(value, Level) else value


if __name__ == "__main__":
    raise SystemExit(main())
