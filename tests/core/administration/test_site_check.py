"""`check-site` prints every mistake of a file at once, each with its line, and imports nothing that anybody refuses."""

import json
from pathlib import Path

import pytest
from callmanager.admin import main

from .conftest import GOOD, Machine

BAD = """\
# an office
server = "pbx"

[connection]
sever = "pbx.example.com"
port = 99999
stun_servers = [
  "stun:stun.example.com",
  "stun.example.com",
]
password = "hunter2222"

[lock]
keys = ["connection.server", "audio.ringr"]

[plugins]
refused = ["dem"]
forced = ["call_control"]
enabled = ["call_control"]
allow_thrid_party = false
extra_paths = ["plugins"]

[[conection]]
x = 1
"""


def check(machine: Machine, text: str | bytes, *options: str) -> int:
    file = machine.root / "checked.toml"
    file.write_bytes(text if isinstance(text, bytes) else text.encode())
    return main([*machine.arguments, "check-site", str(file), *options])


def test_all_mistakes_come_at_once_with_file_line_and_key(machine: Machine, capsys: pytest.CaptureFixture[str]) -> None:
    assert check(machine, BAD) == 1
    lines = capsys.readouterr().out.replace(str(machine.root / "checked.toml"), "FILE").splitlines()
    assert lines == [
        "FILE:2: server: stands outside of every section; did you mean connection.server?",
        "FILE:5: connection.sever: there is no such setting; did you mean server?",
        "FILE:6: connection.port: must be at most 65535",
        "FILE:9: connection.stun_servers: 'stun.example.com' must look like stun:stun.example.com:3478",
        "FILE:11: connection.password: a site file holds no secrets; lock or hide the setting instead",
        "FILE:14: lock.keys: there is no setting 'audio.ringr'; did you mean audio.ringer?",
        "FILE:17: plugins.refused: no plugin 'dem' is installed here; did you mean demo?",
        "FILE:19: plugins.enabled: call_control is in plugins.forced too, and that is what counts",
        "FILE:20: plugins.allow_thrid_party: there is no such setting; did you mean allow_third_party?",
        "FILE:21: plugins.extra_paths: 'plugins' must be a whole path from the root",
        "FILE:23: conection: no installed plugin has this section; did you mean connection?",
    ]


@pytest.mark.parametrize(
    ("text", "place", "words"),
    [
        ("[connection\n", ":1:12: ", "expected ']'"),
        ("a = 1\nb = \n", ":2:5: ", "invalid value"),
        (b"a = 1\nb = '\xff'\n", ":2: ", "not UTF-8"),
    ],
)
def test_what_is_no_toml_is_told_with_line_and_column(machine: Machine, capsys, text, place: str, words: str) -> None:
    assert check(machine, text) == 1
    out = capsys.readouterr().out
    assert f"checked.toml{place}" in out
    assert words in out


def test_a_file_without_mistakes_exits_with_zero(machine: Machine, capsys: pytest.CaptureFixture[str]) -> None:
    assert check(machine, '[connection]\nserver = "pbx.example.com"\n') == 0
    assert capsys.readouterr().out == ""
    assert check(machine, "") == 0


@pytest.mark.parametrize("make", [lambda path: None, lambda path: path.mkdir()])
def test_what_can_not_be_read_exits_with_two(machine: Machine, capsys: pytest.CaptureFixture[str], make) -> None:
    file = machine.root / "missing.toml"
    make(file)
    assert main([*machine.arguments, "check-site", str(file)]) == 2
    assert str(file) in capsys.readouterr().out


def test_without_a_file_the_installed_one_is_checked(machine: Machine, capsys: pytest.CaptureFixture[str]) -> None:
    machine.site("[wether]\n")
    assert main([*machine.arguments, "check-site"]) == 1
    assert capsys.readouterr().out.startswith(f"{machine.site_file}:1: wether: ")


def test_the_section_of_an_installed_plugin_is_checked(machine: Machine, capsys: pytest.CaptureFixture[str]) -> None:
    machine.lay_down("crm", GOOD)
    machine.site("", plugins=True)
    assert check(machine, '[crm]\npages = 10\nurll = "x"\n[lock]\nkeys = ["crm.token", "crm.tokn"]\n') == 1
    out = capsys.readouterr().out
    assert ":2: crm.pages: must be at most 9\n" in out
    assert ":3: crm.urll: there is no such setting; did you mean url?\n" in out
    assert ":5: lock.keys: there is no setting 'crm.tokn'; did you mean crm.token?\n" in out
    assert "'crm.token'" not in out


@pytest.mark.parametrize("where", ["installed", "checked"])
def test_code_that_either_file_refuses_is_not_imported_and_its_section_is_no_mistake(
    machine: Machine, capsys: pytest.CaptureFixture[str], where: str
) -> None:
    imported = machine.lay_down("crm", GOOD)
    refusal = '[plugins]\nrefused = ["crm"]\n'
    machine.site(refusal if where == "installed" else "", plugins=True)
    assert check(machine, "[crm]\npages = 10\n" + (refusal if where == "checked" else "")) == 0
    assert not imported.exists()
    assert "note: " in capsys.readouterr().err


def test_code_of_the_extra_paths_of_a_file_that_is_only_checked_is_not_imported(machine: Machine, capsys) -> None:
    imported = machine.lay_down("crm", GOOD)
    text = f"[crm]\npages = 10\n[plugins]\nforced = ['crm']\nextra_paths = [{str(machine.plugins)!r}]\n"
    assert check(machine, text) == 0
    assert not imported.exists()
    assert "crm: not checked, the plugin crm can't be asked" in capsys.readouterr().err


@pytest.mark.expects_log("can't be used")
def test_a_plugin_that_can_not_be_built_leaves_its_section_unchecked(machine: Machine, capsys) -> None:
    machine.lay_down("crm", "raise OSError('no licence')")
    machine.site("", plugins=True)
    assert check(machine, "[crm]\npages = 10\n[plugins]\nforced = ['elsewhere']\nextra_paths = ['/no/where']\n") == 0
    notes = capsys.readouterr().err
    assert "the plugin crm can't be asked: OSError: no licence" in notes
    assert ":4: plugins.forced: no plugin 'elsewhere' is installed here" in notes
    assert "/no/where is not a folder here" in notes


def test_the_verdict_for_programs_is_json(machine: Machine, capsys: pytest.CaptureFixture[str]) -> None:
    assert check(machine, "[connection]\nport = 0\n", "--json") == 1
    verdict = json.loads(capsys.readouterr().out)
    assert verdict["readable"]
    (mistake,) = verdict["mistakes"]
    assert (mistake["line"], mistake["path"], mistake["text"]) == (2, "connection.port", "must be at least 1")


def test_checking_touches_nothing_of_the_person(machine: Machine) -> None:
    machine.user("[damaged\n")
    check(machine, BAD)
    assert machine.user_file.read_text() == "[damaged\n"
    assert [path.name for path in machine.user_file.parent.iterdir()] == ["settings.toml"]
    assert not Path(machine.root / "profile" / "data" / "plugins").exists()
