"""What the doctor says: texts, JSON, and exit codes that are documented."""

import json
import re
from pathlib import Path

from callmanager.api import FailureKind
from callmanager_sip_engine.doctor.report import (
    ExitCode,
    Outcome,
    Report,
    Step,
    exit_code_for,
    report_json,
    step_text,
    verdict_text,
)

PAGE = Path(__file__).parents[4] / "docs/doctor.md"

BROKEN = Report(
    exit_code=ExitCode.TLS,
    steps=(
        Step(name="name", outcome=Outcome.PASSED, text="pbx is 192.0.2.1", milliseconds=1.25),
        Step(name="tls", outcome=Outcome.FAILED, text="not trusted", hint="Renew it.", evidence=(("issuer", "CN=Other"),)),
    ),
)


def test_every_exit_code_is_documented_with_its_name():
    documented = dict(re.findall(r"^\| (\d+) \| (\w+) \|", PAGE.read_text(encoding="utf-8"), re.MULTILINE))
    assert documented == {str(int(code)): code.name.lower() for code in ExitCode}


def test_each_cause_of_the_way_has_a_code_of_its_own():
    causes = (
        FailureKind.NAME,
        FailureKind.REFUSED,
        FailureKind.TLS,
        FailureKind.WEBSOCKET,
        FailureKind.PASSWORD,
        FailureKind.ICE,
        FailureKind.MEDIA,
        FailureKind.AUDIO_DEVICE,
    )
    codes = {exit_code_for(kind, otherwise=ExitCode.INTERNAL) for kind in causes}
    assert len(codes) == len(causes)
    assert ExitCode.INTERNAL not in codes


def test_a_cause_without_a_code_gets_that_of_its_step():
    assert exit_code_for(FailureKind.BUSY, otherwise=ExitCode.CALL) is ExitCode.CALL


def test_the_json_holds_each_step_with_its_evidence():
    document = json.loads(report_json(BROKEN))
    assert (document["exit_code"], document["cause"]) == (13, "tls")
    assert document["steps"][1] == {
        "name": "tls",
        "outcome": "failed",
        "text": "not trusted",
        "milliseconds": None,
        "hint": "Renew it.",
        "evidence": {"issuer": "CN=Other"},
    }


def test_the_lines_name_the_broken_link_and_the_next_step():
    assert step_text(BROKEN.steps[1]).splitlines()[0].split() == ["FAIL", "tls", "not", "trusted"]
    assert "-> Renew it." in step_text(BROKEN.steps[1])
    assert verdict_text(BROKEN) == "The way ends at: tls. not trusted (exit code 13, tls)"
    assert verdict_text(Report(exit_code=ExitCode.HEALTHY, steps=())) == "Everything works."
