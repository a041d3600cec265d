"""The doctor tries every plugin in a process of its own and says of each what is wrong, by what evidence, and what to do."""

import json
from typing import Any

import pytest
from callmanager.admin import main
from callmanager.administration import plugins_doctor

from .conftest import GOOD, Machine


def doctor(machine: Machine, *names: str) -> int:
    return main([*machine.arguments, "plugins", "doctor", *names])


BUILT_IN = (
    "auto_answer", "blocking", "call_control", "caller_id", "conference", "demo", "do_not_disturb", "parking", "presence_ami",
    "sip_engine", "transfer", "voicemail_transfer",
)  # fmt: skip


def examined(machine: Machine, capsys: pytest.CaptureFixture[str], *names: str, code: int) -> dict[str, Any]:
    assert main([*machine.arguments, "plugins", "doctor", *names, "--json"]) == code
    return json.loads(capsys.readouterr().out)


def test_the_built_in_plugins_are_well(machine: Machine, capsys: pytest.CaptureFixture[str]) -> None:
    data = examined(machine, capsys, code=0)
    assert {plugin["id"]: (plugin["verdict"], plugin["evidence"]) for plugin in data["plugins"]} == {
        plugin_id: ("ok", []) for plugin_id in BUILT_IN
    }
    assert all(0 < plugin["import_seconds"] < 30 for plugin in data["plugins"])
    assert data["machine"] == []


BAD = {
    "import": ("raise OSError('no licence file')", "import", "failed", "OSError: no licence file"),
    "module": ("import acme_sdk_that_is_missing", "import", "failed", "No module named 'acme_sdk_that_is_missing'"),
    "exit": ("raise SystemExit(3)", "import", "failed", "SystemExit: 3"),
    "crash": ("import os; os.abort()", "import", "failed", "signal 6"),
    "no_class": ("x = 1", "entry point", "failed", "has no attribute 'Plugin'"),
    "function": ("def Plugin(ctx): ...", "entry point", "failed", "is a function, and not a class"),
    "newer": (GOOD.replace("requires_api = 1", "requires_api = 99"), "interface", "failed", "needs version 99"),
    "silent": (GOOD.replace("requires_api = 1", ""), "interface", "warning", "does not say which version"),
    "build": (GOOD.replace("self.ctx = ctx", "1 / 0"), "construction", "failed", "ZeroDivisionError"),
    "unmarked": (GOOD.replace("    @hookimpl\n", ""), "hooks", "warning", "is not marked with @hookimpl"),
    "annotated": (GOOD.replace("list[SettingsSection]", "list[str]"), "hooks", "warning", "returns list[str]"),
    "hookless": (GOOD.partition("    @hookimpl")[0], "hooks", "warning", "it implements no hook"),
    "unknown_hook": (
        GOOD.replace("callmanager_settings_sections", "callmanager_sections"),
        "construction",
        "failed",
        "no hook named callmanager_sections",
    ),
    "default": (GOOD.replace("setting(3,", "setting(30,"), "settings", "warning", "the default of crm.pages does not fit"),
    "undeclared": (
        GOOD.replace('setting("", label="Token", secret=True)', '""'),
        "construction",
        "failed",
        "not declared with",
    ),
    "foreign_section": (GOOD.replace('id="crm"', 'id="audio_x"'), "construction", "failed", "must begin with the plugin's id"),
    "raising": (
        GOOD.replace("        return [SettingsSection", "        raise KeyError('x')\n        return [SettingsSection"),
        "log",
        "warning",
        "failed in callmanager_settings_sections",
    ),
    "thread": (
        GOOD.replace(
            "self.ctx = ctx", "__import__('threading').Thread(target=_wait, name='leak', daemon=True).start()"
        ).replace("class Plugin", "def _wait():\n    __import__('threading').Event().wait()\n\nclass Plugin"),
        "life",
        "warning",
        "the thread leak is left running",
    ),
}


@pytest.mark.parametrize("kind", BAD)
def test_each_fault_is_named_with_evidence_and_one_action(machine: Machine, capsys, kind: str) -> None:
    code, check, level, words = BAD[kind]
    machine.lay_down("crm", code)
    machine.site("", plugins=True)
    data = examined(machine, capsys, "crm", code=1 if level == "failed" else 0)
    (plugin,) = data["plugins"]
    assert plugin["verdict"] == level
    (evidence,) = (piece for piece in plugin["evidence"] if piece["check"] == check)
    assert evidence["level"] == level
    assert words in evidence["text"]
    assert evidence["action"]


def test_a_good_foreign_plugin_is_well_and_told_for_people(machine: Machine, capsys: pytest.CaptureFixture[str]) -> None:
    machine.lay_down("crm", GOOD, distribution="acme-crm")
    machine.site("", plugins=True)
    assert doctor(machine, "crm") == 0
    first, second = capsys.readouterr().out.splitlines()
    assert first == "crm  OK  (on)"
    assert second.startswith("  acme-crm 1.2, acme_crm_of_")
    assert second.endswith(" ms")


def test_a_refused_plugin_is_not_imported(machine: Machine, capsys: pytest.CaptureFixture[str]) -> None:
    imported = machine.lay_down("crm", GOOD)
    machine.site("[plugins]\nallow_third_party = false\n", plugins=True)
    (plugin,) = examined(machine, capsys, "crm", code=0)["plugins"]
    assert (plugin["verdict"], plugin["import_seconds"]) == ("refused", None)
    assert not imported.exists()


def test_two_plugins_of_one_name_are_both_told(machine: Machine, capsys) -> None:
    machine.lay_down("crm", GOOD, distribution="acme-crm")
    machine.lay_down("crm", GOOD, distribution="other-crm")
    machine.site("", plugins=True)
    plugins = examined(machine, capsys, code=1)["plugins"]
    texts = [piece["text"] for plugin in plugins for piece in plugin["evidence"] if piece["check"] == "duplicates"]
    assert len(texts) == 2
    assert any("other-crm 1.2" in text for text in texts)
    assert any("acme-crm 1.2" in text for text in texts)


def test_missing_requirements_and_extras_are_told(machine: Machine, capsys: pytest.CaptureFixture[str]) -> None:
    machine.lay_down(
        "crm",
        GOOD,
        distribution="acme-crm",
        points="crm = MODULE:Plugin [ui]",
        metadata="Requires-Dist: attrs>=1\nRequires-Dist: attrs>=9999\nRequires-Dist: acme-widgets>=2; extra == 'ui'\n"
        "Requires-Dist: acme-never; extra == 'other'\nRequires-Dist: acme-windows; sys_platform == 'nowhere'\n"
        "Requires-Dist: not a requirement!\nProvides-Extra: ui\nProvides-Extra: other\n",
    )
    machine.site("", plugins=True)
    (plugin,) = examined(machine, capsys, "crm", code=1)["plugins"]
    told = {piece["text"]: piece for piece in plugin["evidence"] if piece["check"] == "requirements"}
    assert len(told) == 3
    missing = told["it needs acme-widgets>=2, which is not installed"]
    assert missing["action"] == "install it: pip install --upgrade 'acme-crm[ui]'"
    assert any(text.startswith("it needs attrs>=9999, and ") for text in told)
    assert any("can't be understood" in text for text in told)


@pytest.mark.parametrize(
    ("points", "words"),
    [
        ("core = MODULE:Plugin", "'core' can't be the name"),
        ("crm = MODULE", "names no class"),
        ("c.rm = MODULE:Plugin", "'c.rm'"),
    ],
)
def test_a_declaration_that_can_not_work_is_told(machine: Machine, capsys, points: str, words: str) -> None:
    machine.lay_down("crm", GOOD, points=points)
    machine.site("", plugins=True)
    data = examined(machine, capsys, points.split(maxsplit=1)[0], code=1)
    assert any(words in piece["text"] for plugin in data["plugins"] for piece in plugin["evidence"])


def test_what_is_wrong_with_the_machine_is_told(machine: Machine, capsys: pytest.CaptureFixture[str]) -> None:
    machine.lay_down("crm", GOOD)
    machine.plugins.chmod(0o777)
    paths = [str(machine.plugins), str(machine.root / "gone")]
    machine.site(f"[plugins]\nforced = ['missing']\nextra_paths = {paths}\n")
    texts = [piece["text"] for piece in examined(machine, capsys, "crm", code=1)["machine"]]
    assert any("gone is not a folder" in text for text in texts)
    assert any("everybody may write into" in text for text in texts)
    assert any("missing, which the site file forces, is not installed" in text for text in texts)


def test_a_name_that_nobody_has_is_told_with_the_nearest(machine: Machine, capsys: pytest.CaptureFixture[str]) -> None:
    assert doctor(machine, "call_contrl") == 1
    assert "did you mean call_control?" in capsys.readouterr().err


def test_a_plugin_that_hangs_at_import_is_given_up(machine: Machine, capsys, monkeypatch: pytest.MonkeyPatch) -> None:
    machine.lay_down("crm", "import threading; threading.Event().wait()\n" + GOOD)
    machine.site("", plugins=True)
    monkeypatch.setattr(plugins_doctor, "EXAMINATION_SECONDS", 3.0)
    (plugin,) = examined(machine, capsys, "crm", code=1)["plugins"]
    (evidence,) = plugin["evidence"]
    assert "it was not done after 3 s" in evidence["text"]
