"""The built-in plugins declare what they need: nothing they use is undeclared, and nothing declared goes unused."""

from __future__ import annotations

import ast
import importlib.util
import inspect
from collections.abc import Iterator
from pathlib import Path

import pytest
from callmanager.api import Answer, CallState, Permission, Permissions, PlaceCall, PluginState, Redirect, Reject
from callmanager.app import AppOptions
from callmanager.extensions.declarations import of_class, of_source
from callmanager.extensions.discovery import Candidate, discover
from callmanager.extensions.permissions import Grant
from callmanager.testing import FakeEngine, running

BUILT_IN = [candidate for candidate in discover() if candidate.built_in]

BY_IMPORT = {
    Permission.NETWORK: {"socket", "ssl", "websockets", "aioice", "httpx", "panoramisk"},
    Permission.PROCESSES: {"subprocess", "multiprocessing"},
    Permission.AUDIO: {"miniaudio"},
}
BY_CALL = {
    Permission.NETWORK: {"open_connection", "create_datagram_endpoint", "create_connection", "start_server", "create_server"},
    Permission.PROCESSES: {"create_subprocess_exec", "create_subprocess_shell", "Popen"},
    Permission.FILES: {"load_verify_locations", "decode_file", "wav_stream_file"},
}
"""What the phone can't check at run time is found in the source: libraries and calls that do such things."""


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> set[tuple[str, Permission]]:
    """Every permission that a context was asked for while the test ran."""
    found: set[tuple[str, Permission]] = set()
    require = Grant.require

    def recording(self: Grant, permission: Permission) -> None:
        found.add((self._plugin_id, permission))
        require(self, permission)

    monkeypatch.setattr(Grant, "require", recording)
    return found


def declared(candidate: Candidate) -> Permissions:
    permissions = of_class(candidate.load()).permissions
    assert permissions is not None
    return permissions


def sources(candidate: Candidate) -> Iterator[tuple[Path, ast.Module]]:
    spec = importlib.util.find_spec(candidate.source.partition(".")[0])
    assert spec is not None
    assert spec.origin is not None
    for file in sorted(Path(spec.origin).parent.rglob("*.py")):
        yield file, ast.parse(file.read_text(encoding="utf-8"))


def deeds(tree: ast.Module) -> set[Permission]:
    found = set()
    for node in ast.walk(tree):
        names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
        if isinstance(node, ast.ImportFrom) and node.module and not node.level:
            names = [node.module]
        roots = {name.partition(".")[0] for name in names}
        called = node.func.attr if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) else ""
        found |= {permission for permission, libraries in BY_IMPORT.items() if libraries & roots}
        found |= {permission for permission, calls in BY_CALL.items() if called in calls}
    return found


@pytest.mark.parametrize("candidate", BUILT_IN, ids=lambda candidate: candidate.id)
def test_what_it_is_and_needs_can_be_read_before_it_is_loaded(candidate: Candidate) -> None:
    told = of_class(candidate.load())
    assert told.title
    assert told.summary
    assert told.icon
    assert of_source(candidate.source) == told


@pytest.mark.parametrize("candidate", BUILT_IN, ids=lambda candidate: candidate.id)
def test_its_code_does_nothing_of_these_kinds_undeclared(candidate: Candidate) -> None:
    permissions = declared(candidate)
    for file, tree in sources(candidate):
        for permission in deeds(tree):
            assert permissions.has(permission), f"{file.name} needs to {permission.deed}"
    if candidate.source.startswith("callmanager_call_control"):  # the others do these things, so the search can find them
        assert not any(deeds(tree) for _, tree in sources(candidate))
    else:
        assert any(deeds(tree) for _, tree in sources(candidate))


async def test_call_control_needs_exactly_what_it_declares(tmp_path: Path, asked: set[tuple[str, Permission]]) -> None:
    candidate = next(candidate for candidate in BUILT_IN if candidate.id == "call_control")
    engine = FakeEngine(autoanswer=True)
    async with running(tmp_path, plugins={"call_control": candidate.load()}, engine=engine) as harness:
        await harness.connect()
        call_id = harness.app.calls.dial("6000")
        await harness.until(lambda: harness.app.calls.get(call_id).state is CallState.CONNECTED)
        for owned in harness.app.call_actions():
            await owned.value.run(harness.app.calls.get(call_id))
            await harness.settle()
        call = harness.app.calls.get(call_id)
        assert (call.held, call.muted) == (True, True)
    assert {permission for _, permission in asked} == set(declared(candidate).all())


@pytest.mark.parametrize("plugin_id", ["transfer", "conference"])
async def test_who_finds_people_for_a_call_needs_exactly_what_it_declares(
    tmp_path: Path, asked: set[tuple[str, Permission]], plugin_id: str
) -> None:
    candidate = next(candidate for candidate in BUILT_IN if candidate.id == plugin_id)
    engine = FakeEngine(autoanswer=True)
    async with running(tmp_path, plugins={plugin_id: candidate.load()}, engine=engine) as harness:
        await harness.connect()
        first, second = harness.app.calls.dial("6000"), harness.app.calls.dial("6001")
        await harness.until(lambda: all(call.state is CallState.CONNECTED for call in harness.app.calls.current()))
        desk = harness.app.plugins._entries[plugin_id].instance.desk
        assert desk.targets(harness.app.calls.get(second)).find("600")
        (pair,) = harness.app.call_pair_actions()
        await pair.value.run(harness.app.calls.get(first), harness.app.calls.get(second))
        await harness.settle()
    assert {permission for _, permission in asked} == set(declared(candidate).all())


async def test_parking_needs_exactly_what_it_declares(tmp_path: Path, asked: set[tuple[str, Permission]]) -> None:
    candidate = next(candidate for candidate in BUILT_IN if candidate.id == "parking")
    async with running(tmp_path, plugins={"parking": candidate.load()}, engine=FakeEngine(autoanswer=True)) as harness:
        await harness.connect()
        call_id = harness.app.calls.dial("6000")
        await harness.until(lambda: harness.app.calls.get(call_id).state is CallState.CONNECTED)
        (action,) = harness.app.call_actions()
        await action.value.run(harness.app.calls.get(call_id))
        await harness.until(lambda: harness.app.calls.get(call_id) is None)
    used = {permission for _, permission in asked} | {Permission.CONTACTS}  # by the panel, which has tests of its own
    assert used == set(declared(candidate).all())


async def test_the_manager_interface_asks_for_its_secret_alone(tmp_path: Path, asked: set[tuple[str, Permission]]) -> None:
    candidate = next(candidate for candidate in BUILT_IN if candidate.id == "presence_ami")
    async with running(tmp_path, plugins={"presence_ami": candidate.load()}) as harness:
        from callmanager_presence_ami.settings import AmiSettings

        harness.app.settings.update(AmiSettings, user="phone", host="127.0.0.1")
        await harness.until(lambda: "secret" in harness.app.parking.sources()[0].detail)
    assert {permission for _, permission in asked} == {Permission.SECRETS}


async def test_blocking_needs_exactly_what_it_declares(tmp_path: Path, asked: set[tuple[str, Permission]]) -> None:
    candidate = next(candidate for candidate in BUILT_IN if candidate.id == "blocking")
    async with running(tmp_path, plugins={"blocking": candidate.load()}) as harness:
        await harness.connect()
        call_id = harness.engine.arrive("5550100199")
        (action,) = harness.app.call_actions()
        await action.value.run(harness.app.calls.get(call_id))
        assert harness.engine.sent(Reject) == [Reject(call_id=call_id, status=603)]
    assert {permission for _, permission in asked} == set(declared(candidate).all())


async def test_caller_id_is_told_of_calls_by_hooks_and_asks_its_context_for_nothing(
    tmp_path: Path, asked: set[tuple[str, Permission]]
) -> None:
    candidate = next(candidate for candidate in BUILT_IN if candidate.id == "caller_id")
    async with running(tmp_path, plugins={"caller_id": candidate.load()}) as harness:
        await harness.connect()
        desk = harness.app.plugins._entries["caller_id"].instance.desk
        desk.add("Main office", "+15550100100")
        desk.choose("Main office")
        harness.app.calls.dial("6000")
        assert len(harness.engine.sent(PlaceCall)[0].headers) == 1
    assert asked == set()
    assert declared(candidate).all() == (Permission.CALL_INFORMATION,)


async def test_do_not_disturb_needs_exactly_what_it_declares(tmp_path: Path, asked: set[tuple[str, Permission]]) -> None:
    candidate = next(candidate for candidate in BUILT_IN if candidate.id == "do_not_disturb")
    async with running(tmp_path, plugins={"do_not_disturb": candidate.load()}) as harness:
        harness.app.plugins._entries["do_not_disturb"].instance.desk.turn_on()
        call_id = harness.engine.arrive("2002")
        assert harness.engine.sent(Reject) == [Reject(call_id=call_id, status=486)]
    assert {permission for _, permission in asked} == set(declared(candidate).all())


async def test_to_vm_needs_exactly_what_it_declares(tmp_path: Path, asked: set[tuple[str, Permission]]) -> None:
    candidate = next(candidate for candidate in BUILT_IN if candidate.id == "voicemail_transfer")
    async with running(tmp_path, plugins={"voicemail_transfer": candidate.load()}) as harness:
        await harness.connect()
        call_id = harness.engine.arrive("2002")
        (action,) = harness.app.call_actions()
        await action.value.run(harness.app.calls.get(call_id))
        assert harness.engine.sent(Redirect) == [Redirect(call_id=call_id, target="*952001")]
    assert {permission for _, permission in asked} <= set(declared(candidate).all())
    assert declared(candidate).all() == (Permission.CALL_INFORMATION, Permission.CALL_CONTROL)


async def test_automatic_answer_needs_exactly_what_it_declares(tmp_path: Path, asked: set[tuple[str, Permission]]) -> None:
    candidate = next(candidate for candidate in BUILT_IN if candidate.id == "auto_answer")
    async with running(tmp_path, plugins={"auto_answer": candidate.load()}) as harness:
        from callmanager_call_control.auto_answer.settings import AutoAnswerSettings

        await harness.connect()
        harness.app.settings.update(AutoAnswerSettings, by_header=True)
        call_id = harness.engine.arrive("2002", answer_after=0.0)
        await harness.until(lambda: harness.engine.sent(Answer) == [Answer(call_id=call_id)])
    assert {permission for _, permission in asked} == set(declared(candidate).all())


async def test_the_engine_asks_its_context_for_nothing(tmp_path: Path, asked: set[tuple[str, Permission]]) -> None:
    candidate = next(candidate for candidate in BUILT_IN if candidate.id == "sip_engine")
    async with running(tmp_path, plugins={"sip_engine": candidate.load()}) as harness:
        assert harness.app.plugins.hooks.call_engine() is not None
        assert harness.app.cli_commands()
    assert asked == set()


async def test_the_rehearsal_office_needs_exactly_the_account(tmp_path: Path, asked: set[tuple[str, Permission]]) -> None:
    candidate = next(candidate for candidate in BUILT_IN if candidate.id == "demo")
    options = AppOptions(profile=tmp_path / "profile", site=tmp_path / "site", demo=True, log_level="debug")
    async with running(tmp_path, plugins={"demo": candidate.load()}, options=options) as harness:
        assert harness.app.plugins.state("demo") is PluginState.ACTIVE
        await harness.until(lambda: harness.app.accounts.current is not None, seconds=20)
    checked = {permission for permission in declared(candidate).all() if permission.enforced} - {Permission.NETWORK}
    assert {permission for _, permission in asked} == checked == {Permission.ACCOUNT}


def test_the_names_of_the_context_are_all_guarded_or_open_on_purpose() -> None:
    """A new service of the context is a decision: either its use needs a permission, or it tells nothing of people."""
    from callmanager.context import PluginContext

    open_to_all = {"plugin_id", "log", "permissions", "audio", "notices", "problems", "tasks", "settings", "data_directory"}
    guarded = {"messages", "contacts", "http", "events", "calls", "accounts", "secrets", "presence", "parking", "voicemail"}
    properties = {name for name, value in inspect.getmembers(PluginContext) if isinstance(value, property)}
    assert properties == open_to_all | guarded
