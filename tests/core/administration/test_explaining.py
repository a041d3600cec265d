"""`explain` says the value, the layer and file it comes from, what the other layers say, the lock, and the declaration."""

import json

import pytest
from callmanager.admin import main

from .conftest import GOOD, Machine


def explain(machine: Machine, name: str, *options: str) -> int:
    return main([*machine.arguments, "explain", name, *options])


def explained(machine: Machine, capsys: pytest.CaptureFixture[str], name: str) -> dict:
    assert explain(machine, name, "--json") == 0
    return json.loads(capsys.readouterr().out)


def test_the_layers_of_a_locked_setting_are_told_with_their_lines(machine: Machine, capsys) -> None:
    machine.site('[connection]\nserver = "site.example.com"\n[lock]\nkeys = [\n  "connection.server",\n]\n')
    machine.user('# mine\n[connection]\nserver = "user.example.com"\n')
    assert explain(machine, "connection.server") == 0
    out = capsys.readouterr().out
    site, user = machine.site_file, machine.user_file
    assert out.splitlines() == [
        'connection.server = "site.example.com"',
        f"  comes from  the site file, {site}:2",
        f"  locked  {site}:5: lock.keys has connection.server",
        '  default  ""',
        f'  site     "site.example.com"    {site}:2',
        f'  user     "user.example.com"    {user}:3    not used: locked by the site',
        "  Server address: text. Name or address of the PBX.",
        "  declared by core",
    ]


def test_a_value_that_does_not_fit_is_told_and_the_layer_below_counts(machine: Machine, capsys) -> None:
    machine.site("[connection]\nport = 443\n")
    machine.user('[connection]\nport = "8089"\n')
    data = explained(machine, capsys, "connection.port")
    assert (data["value"], data["source"], data["locked"]) == ("443", "site", False)
    user = data["layers"][2]
    assert (user["line"], user["value"], user["mistake"]) == (2, '"8089"', "must be a whole number")


def test_a_secret_is_never_shown(machine: Machine, capsys) -> None:
    machine.site('[hide]\nkeys = ["connection.*"]\n')
    machine.user('[connection]\npassword = "hunter2222"\n')
    assert explain(machine, "connection.password") == 0
    captured = capsys.readouterr()
    assert "hunter2222" not in captured.out + captured.err
    assert "connection.password = not set" in captured.out
    assert "hidden and locked" in captured.out
    assert "key store" in captured.out


def test_a_whole_section_is_listed(machine: Machine, capsys) -> None:
    machine.site('[appearance]\ntheme = "dark"\n[lock]\nkeys = ["appearance.theme"]\n')
    assert explain(machine, "appearance") == 0
    lines = capsys.readouterr().out.splitlines()
    assert 'appearance.theme = "dark"    (site, locked)' in lines
    assert 'appearance.density = "comfortable"    (default)' in lines


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("connection.sever", "connection.server"),
        ("conection.server", "connection.server"),
        ("server", "connection.server"),
        ("sever", "connection.server"),
        ("conection", "connection"),
        ("plugins.call_contrl", "call_control"),
    ],
)
def test_a_name_that_is_nearly_right_is_completed(machine: Machine, capsys, name: str, meant: str) -> None:
    assert explain(machine, name) == 1
    assert f"did you mean {meant}?" in capsys.readouterr().err


def test_a_setting_of_a_plugin_is_explained_also_while_it_is_switched_off(machine: Machine, capsys) -> None:
    machine.lay_down("crm", GOOD)
    machine.site("[crm]\npages = 4\n", plugins=True)
    machine.user('[plugins]\ndisabled = ["crm"]\n[crm]\npages = 5\n')
    data = explained(machine, capsys, "crm.pages")
    assert (data["value"], data["source"], data["owner"]) == ("5", "user", "crm")


def test_of_a_refused_plugin_nothing_is_imported_and_the_refusal_is_told(machine: Machine, capsys) -> None:
    imported = machine.lay_down("crm", GOOD)
    machine.site('[plugins]\nrefused = ["crm"]\n', plugins=True)
    assert explain(machine, "crm.pages") == 1
    assert "the plugin crm is refused: switched off by your administrator" in capsys.readouterr().err
    assert not imported.exists()


@pytest.mark.parametrize(
    ("site", "user", "state", "rule", "final"),
    [
        ("", "", "active", "", False),
        ('[plugins]\nforced = ["x",\n "crm"]\n', '[plugins]\ndisabled = ["crm"]\n', "active", "plugins.forced", True),
        ('[plugins]\ndisabled = ["crm"]\n', "", "disabled", "plugins.disabled", False),
        ("[plugins]\nallow_third_party = false\n", "", "refused", "plugins.allow_third_party", True),
        ("", '[plugins]\ndisabled = ["crm"]\n', "disabled", "plugins.disabled", False),
    ],
)
def test_a_decision_about_a_plugin_names_its_rule_and_place(
    machine: Machine, capsys, site: str, user: str, state: str, rule: str, final: bool
) -> None:
    machine.lay_down("crm", GOOD, distribution="acme-crm")
    machine.site(site, plugins=True)
    machine.user(user)
    data = explained(machine, capsys, "plugins.crm")
    assert (data["state"], data["rule"], data["final"]) == (state, rule, final)
    assert (data["distribution"], data["version"]) == ("acme-crm", "1.2")
    file, _, line = data["where"].rpartition(":")
    if rule:
        assert file == str(machine.site_file if site else machine.user_file)
        key = rule.removeprefix("plugins.")
        text = (machine.site_file if site else machine.user_file).read_text().splitlines()[int(line) - 1]
        assert key in text or '"crm"' in text
    else:
        assert file == ""


def test_the_policy_itself_is_explained(machine: Machine, capsys) -> None:
    machine.site('[plugins]\ndefault = "disabled"\n')
    assert explain(machine, "plugins.default") == 0
    assert capsys.readouterr().out.startswith(f'plugins.default = "disabled"    {machine.site_file}:2\n')
    data = explained(machine, capsys, "plugins")
    assert data["default"]["value"] == '"disabled"'
    assert data["refused"]["value"] == "(not set)"
