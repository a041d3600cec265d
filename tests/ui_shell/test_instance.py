"""The channel with real sockets: the server in this process, the client on a thread as the command line would be."""

import asyncio
import json
import os
import socket
import stat
import sys
from pathlib import Path

import pytest
from callmanager.api import Answer, HangUp, SendDigits
from callmanager_shell.client import NoAnswer, NotRunning, ask
from callmanager_shell.endpoint import UnsafeFolder, endpoint_name
from callmanager_shell.instance import InstanceServer
from callmanager_shell.remote import RemoteControl
from callmanager_shell.wire import ARGUMENTS, MOST_REQUEST, NotUnderstood, Reply, Request, read_reply, read_request
from PySide6.QtNetwork import QLocalServer

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="speaks to Unix sockets directly")


@pytest.fixture
def runtime(tmp_path_factory, monkeypatch):
    folder = Path("/tmp") / f"cm-{os.getpid()}-{tmp_path_factory.mktemp('r').name}"  # a socket's path is short
    folder.mkdir(mode=0o700)
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(folder))
    yield folder
    for path in sorted(folder.rglob("*"), reverse=True):
        path.rmdir() if path.is_dir() else path.unlink()
    folder.rmdir()


@pytest.fixture
def endpoint(runtime, tmp_path):
    return endpoint_name(profile=tmp_path / "profile", demo=False)


@pytest.fixture
async def server(endpoint, qt):
    heard: list[Request] = []

    def answer(request: Request) -> Reply:
        heard.append(request)
        return Reply(ok=True, text=f"heard {request.verb}")

    made = InstanceServer(endpoint, answer)
    assert made.claim()
    made.heard = heard
    yield made
    made.close_down()
    made.deleteLater()
    await asyncio.sleep(0)


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def raw(endpoint: str, payload: bytes) -> bytes:
    with socket.socket(socket.AF_UNIX) as channel:
        channel.settimeout(5)
        channel.connect(endpoint)
        channel.sendall(payload)
        received = b""
        while not received.endswith(b"\n"):
            chunk = channel.recv(4096)
            if not chunk:
                break
            received += chunk
        return received


async def test_a_command_is_handed_over_and_answered(server, endpoint):
    reply = await asyncio.to_thread(ask, endpoint, Request(verb="dial", arguments=("5550104477",)))
    assert reply == Reply(ok=True, text="heard dial")
    assert server.heard == [Request(verb="dial", arguments=("5550104477",))]


async def test_nobody_there_is_told_apart_from_no_answer(endpoint, qt):
    with pytest.raises(NotRunning):
        ask(endpoint, Request(verb="status"))
    with socket.socket(socket.AF_UNIX) as silent:
        silent.bind(endpoint)
        silent.listen()
        with pytest.raises(NoAnswer):
            ask(endpoint, Request(verb="status"), patience=0.05)


async def test_the_second_instance_is_refused_and_a_stale_socket_is_cleared(server, endpoint):
    second = InstanceServer(endpoint, lambda _request: Reply(ok=True))
    assert not second.claim()
    second.deleteLater()
    other = endpoint + "-stale"
    with socket.socket(socket.AF_UNIX) as dead:
        dead.bind(other)
    third = InstanceServer(other, lambda _request: Reply(ok=True))
    assert third.claim()
    third.close_down()
    third.deleteLater()
    QLocalServer.removeServer(other)
    await asyncio.sleep(0)


async def test_the_socket_is_for_its_owner_only(server, endpoint):
    assert mode(Path(endpoint)) & 0o077 == 0
    assert mode(Path(endpoint).parent) == 0o700


def test_a_folder_that_others_can_enter_is_not_used(runtime):
    (runtime / "pc-callmanager").mkdir()
    (runtime / "pc-callmanager").chmod(0o755)
    with pytest.raises(UnsafeFolder):
        endpoint_name(profile=None, demo=False)


def test_each_profile_has_its_own_channel(runtime, tmp_path):
    names = {endpoint_name(profile=profile, demo=demo) for profile, demo in ((None, False), (None, True), (tmp_path, False))}
    assert len(names) == 3


@pytest.mark.expects_log("was refused")
@pytest.mark.parametrize(
    "payload",
    [
        b"\n",
        b"nonsense\n",
        b"[]\n",
        b'{"verb": "format", "arguments": []}\n',
        b'{"verb": "dial", "arguments": []}\n',
        b'{"verb": "dial", "arguments": [5]}\n',
        b'{"verb": "dial", "arguments": ["1"], "more": 1}\n',
        b"\xff\xfe\n",
        b"x" * (MOST_REQUEST + 1),
        b"[" * 4000 + b"\n",
    ],
)
async def test_what_is_not_our_language_is_refused(server, endpoint, payload):
    reply = read_reply((await asyncio.to_thread(raw, endpoint, payload)).rstrip(b"\n"))
    assert not reply.ok
    assert server.heard == []


@pytest.mark.parametrize("verb", list(ARGUMENTS))
def test_every_verb_survives_the_wire(verb):
    request = Request(verb=verb, arguments=("x",) * ARGUMENTS[verb])
    assert read_request(request.line()) == request


def test_a_nul_is_not_an_argument():
    with pytest.raises(NotUnderstood):
        read_request(json.dumps({"verb": "dial", "arguments": ["1\0"]}).encode())


class Controls:
    def __init__(self, window):
        self.window = window
        self.done = []

    def show(self):
        self.done.append("show")

    def quit(self):
        self.done.append("quit")

    def save_picture(self, path):
        assert self.window.grab().save(str(path))
        return (path,)


async def test_the_verbs_do_what_they_say(stage, tmp_path):
    controls = Controls(stage.window)
    control = RemoteControl(stage.app, controls)

    def do(verb, *arguments):
        return control(Request(verb=verb, arguments=arguments))

    assert do("dial", "2004") == Reply(ok=False, text="not connected to the PBX", hint=do("dial", "2004").hint)
    await stage.harness.connect()
    assert do("hangup") == Reply(ok=False, text="there is no call to hang up")
    waiting = await stage.arrive()
    assert do("answer").ok
    assert stage.engine.sent(Answer) == [Answer(call_id=waiting)]
    await stage.harness.settle()
    assert do("keypad", "12").ok
    assert stage.engine.sent(SendDigits) == [SendDigits(call_id=waiting, digits="12")]
    status = json.loads(do("status").text)
    assert status["registration"]["state"] == "registered"
    assert status["calls"][0]["call"]["remote"]["number"] == "5550104477"
    assert do("hangup").ok
    assert stage.engine.sent(HangUp) == [HangUp(call_id=waiting)]
    assert do("screenshot", str(tmp_path / "window.png")).ok
    assert (tmp_path / "window.png").read_bytes().startswith(b"\x89PNG")
    assert not do("screenshot", "relative.png").ok
    assert do("show").ok
    assert do("quit").ok
    assert controls.done == ["show", "quit"]
