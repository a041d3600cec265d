from pathlib import Path

import pytest
from callmanager.api import AudioBackendKind
from callmanager_shell.arguments import audio_override, parse
from callmanager_shell.exit_codes import EPILOG, ExitCode


def test_nothing_starts_the_phone():
    launch = parse([])
    assert (launch.command, launch.demo, launch.profile) == ("", False, None)


def test_options_stand_before_or_behind_a_command():
    for line in (["--profile", "/p", "--demo", "status", "--json"], ["status", "--json", "--profile", "/p", "--demo"]):
        launch = parse(line)
        assert (launch.command, launch.json, launch.profile, launch.demo) == ("status", True, Path("/p"), True)


@pytest.mark.parametrize("link", ["tel:+15550104477", "sip:6000@pbx.example.com", "callto:2004", "TEL:2004"])
def test_a_link_is_a_number_to_call(link):
    launch = parse(["--demo", link])
    assert (launch.command, launch.argument, launch.link, launch.demo) == ("dial", link, True, True)


def test_a_recording_has_its_file_wherever_the_option_stands():
    for line in (["--record", "dial", "dial", "2004"], ["dial", "2004", "--record", "dial"]):
        launch = parse(line)
        assert (launch.command, launch.argument, launch.record) == ("dial", "2004", Path("dial"))
    assert parse(["--record", "/x/session.jsonl"]).options().record == Path("/x/session.jsonl")


def test_what_follows_a_plugin_command_is_left_to_the_plugin():
    launch = parse(["--profile", "/p", "doctor", "--server", "pbx", "--audio", "none", "--json"])
    assert (launch.command, launch.rest) == ("doctor", ("--server", "pbx", "--audio", "none", "--json"))
    assert launch.audio == ""


@pytest.mark.parametrize(
    "line", [["dial"], ["keypad"], ["--audio", "loud"], ["--log-level", "shout"], ["hangup", "x"], ["--no"]]
)
def test_wrong_usage_exits_with_two(line, capsys):
    with pytest.raises(SystemExit) as caught:
        parse(line)
    assert caught.value.code == ExitCode.USAGE
    assert "usage" in capsys.readouterr().err


def test_help_documents_every_exit_code(capsys):
    with pytest.raises(SystemExit) as caught:
        parse(["--help"])
    assert caught.value.code == 0
    shown = capsys.readouterr().out
    assert EPILOG.splitlines()[0] in shown
    for code in ExitCode:
        assert f"\n  {code.value}  " in shown


def test_audio_devices_are_left_to_settings_and_anything_else_stands_in_for_them():
    assert audio_override("") is None
    assert audio_override("device") is None
    assert audio_override("none").backend is AudioBackendKind.NONE
