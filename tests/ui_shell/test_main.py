"""`callmanager` as a program: real processes, one after another, each bounded."""

import json
import os
import subprocess
import sys
import time

import pytest
from callmanager_shell.exit_codes import ExitCode
from callmanager_shell.status_text import status_lines

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="not tried on Windows yet")


@pytest.fixture
def environment(tmp_path_factory):
    runtime = tmp_path_factory.mktemp("rt")
    runtime.chmod(0o700)
    kept = {name: value for name, value in os.environ.items() if name not in {"DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM"}}
    return {**kept, "XDG_RUNTIME_DIR": str(runtime)}


def run(environment, *arguments, seconds=30):
    command = [sys.executable, "-m", "callmanager_shell", *arguments]
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=seconds, check=False)


def test_without_a_display_it_says_so(environment, tmp_path):
    ended = run(environment, "--profile", str(tmp_path))
    assert ended.returncode == ExitCode.NO_DISPLAY
    assert "there is no display" in ended.stderr
    assert "Traceback" not in ended.stderr


@pytest.mark.parametrize("command", [["hangup"], ["status", "--json"], ["keypad", "1"], ["quit"]])
def test_a_command_without_a_running_phone_says_so(environment, tmp_path, command):
    ended = run(environment, "--profile", str(tmp_path), *command)
    assert ended.returncode == ExitCode.NOT_RUNNING
    assert "no phone is running" in ended.stderr
    assert not any(tmp_path.iterdir())


def test_an_unknown_command_names_the_known_ones(environment, tmp_path):
    ended = run(environment, "--profile", str(tmp_path), "fly")
    assert ended.returncode == ExitCode.USAGE
    assert "there is no command “fly”" in ended.stderr
    assert "dial" in ended.stderr
    assert "doctor" in ended.stderr


def test_the_whole_program_starts_answers_and_quits(environment, tmp_path):
    """The real engine and the rehearsal office; a second start shows the first one."""
    profile = ["--profile", str(tmp_path / "profile"), "--demo"]
    command = [sys.executable, "-m", "callmanager_shell", *profile, "--audio", "none"]
    offscreen = {**environment, "QT_QPA_PLATFORM": "offscreen"}
    with subprocess.Popen(command, env=offscreen, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as phone:
        try:
            status = {}
            deadline = time.monotonic() + 30
            while (status.get("registration") or {}).get("state") != "registered" and time.monotonic() < deadline:
                asked = run(environment, *profile, "status", "--json")
                status = json.loads(asked.stdout) if asked.returncode == 0 else {}
            assert status["registration"]["state"] == "registered"
            assert run(environment, *profile).returncode == ExitCode.DONE  # no second phone, and no display was needed
            refused = run(environment, *profile, "dial", "not a number")
            assert refused.returncode == ExitCode.REFUSED
            assert "not a number that can be called" in refused.stderr
            unrecorded = run(environment, *profile, "--record", str(tmp_path / "session.jsonl"))
            assert (unrecorded.returncode, (tmp_path / "session.jsonl").exists()) == (ExitCode.REFUSED, False)
            assert "quit it first" in unrecorded.stderr
            assert run(environment, *profile, "quit").returncode == ExitCode.DONE
            output, _ = phone.communicate(timeout=20)
            assert phone.returncode == ExitCode.DONE
            assert "Traceback" not in output
        finally:
            phone.kill()


def test_a_status_is_readable_for_people():
    document = {
        "version": "0.1.0",
        "account": {"extension": "2001", "server": "pbx.example.com", "port": 8089},
        "registration": {"state": "registered"},
        "calls": [{"call": {"remote": {"name": "Dana"}, "state": "connected", "held": True}, "duration_seconds": 75.2}],
        "problems": [{"text": "A problem.", "hint": ""}],
    }
    assert status_lines(json.dumps(document)).splitlines() == [
        "PC CallManager 0.1.0",
        "extension 2001 at pbx.example.com:8089: registered",
        "call with Dana: connected, on hold, 01:15",
        "problem: A problem.",
    ]
