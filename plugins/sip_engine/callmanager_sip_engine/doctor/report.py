"""What the doctor found: one step after the other, with its time and evidence, and one exit code per cause."""

import json
from enum import Enum, IntEnum

import attrs
from callmanager.api import CallStatistics, FailureKind


class ExitCode(IntEnum):
    """Exit codes of `callmanager doctor`; stable, for management tools. `docs/doctor.md` lists them for people."""

    HEALTHY = 0
    INTERNAL = 1
    USAGE = 2
    NAME = 10
    REFUSED = 11
    TIMEOUT = 12
    TLS = 13
    WSS = 14
    PASSWORD = 15
    REGISTRATION = 16
    CALL = 17
    ICE = 18
    MEDIA = 19
    AUDIO_DEVICE = 20
    ENGINE = 21


_BY_KIND = {
    FailureKind.NAME: ExitCode.NAME,
    FailureKind.REFUSED: ExitCode.REFUSED,
    FailureKind.TIMEOUT: ExitCode.TIMEOUT,
    FailureKind.TLS: ExitCode.TLS,
    FailureKind.WEBSOCKET: ExitCode.WSS,
    FailureKind.PASSWORD: ExitCode.PASSWORD,
    FailureKind.ICE: ExitCode.ICE,
    FailureKind.MEDIA: ExitCode.MEDIA,
    FailureKind.AUDIO_DEVICE: ExitCode.AUDIO_DEVICE,
    FailureKind.ENGINE: ExitCode.ENGINE,
    FailureKind.LINK_LOST: ExitCode.TIMEOUT,
}


def exit_code_for(kind: FailureKind, *, otherwise: ExitCode) -> ExitCode:
    """The code of a cause; `otherwise` where the cause has none of its own (a 503, a busy line)."""
    return _BY_KIND.get(kind, otherwise)


class Outcome(Enum):
    PASSED = "passed"
    FAILED = "failed"
    SKIPPED = "skipped"


@attrs.frozen(kw_only=True)
class Step:
    """One link of the chain. `evidence` are name and value pairs in the order in which they are shown."""

    name: str
    outcome: Outcome
    text: str
    milliseconds: float | None = None
    hint: str = ""
    evidence: tuple[tuple[str, str], ...] = ()


@attrs.frozen(kw_only=True)
class Report:
    """The whole examination. `statistics` are those of the test call, at its end."""

    exit_code: ExitCode
    steps: tuple[Step, ...]
    statistics: CallStatistics | None = None


_MARKS = {Outcome.PASSED: "ok  ", Outcome.FAILED: "FAIL", Outcome.SKIPPED: "skip"}


def step_text(step: Step) -> str:
    """A few lines for a terminal."""
    time = "" if step.milliseconds is None else f"{step.milliseconds:8.1f} ms"
    lines = [f"{_MARKS[step.outcome]}  {step.name:<12}{time:>12}  {step.text}"]
    lines += [f"{'':20}{name}: {value}" for name, value in step.evidence]
    if step.hint:
        lines.append(f"{'':20}-> {step.hint}")
    return "\n".join(lines)


def verdict_text(report: Report) -> str:
    """The last line: one sentence."""
    if report.exit_code is ExitCode.HEALTHY:
        return "Everything works."
    broken = next((step for step in report.steps if step.outcome is Outcome.FAILED), None)
    where = f"The way ends at: {broken.name}. {broken.text}" if broken else "The examination was not finished"
    return f"{where} (exit code {int(report.exit_code)}, {report.exit_code.name.lower()})"


def report_json(report: Report) -> str:
    """The same for programs: one object."""
    document = {
        "exit_code": int(report.exit_code),
        "cause": report.exit_code.name.lower(),
        "steps": [
            {
                "name": step.name,
                "outcome": step.outcome.value,
                "text": step.text,
                "milliseconds": None if step.milliseconds is None else round(step.milliseconds, 1),
                "hint": step.hint,
                "evidence": dict(step.evidence),
            }
            for step in report.steps
        ],
        "statistics": None if report.statistics is None else attrs.asdict(report.statistics),
    }
    return json.dumps(document, indent=2)
