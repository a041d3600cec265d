"""The table and the JSON object of a soak."""

import json
from collections import Counter
from collections.abc import Mapping

import attrs

from soak.values import MEMORY_BUDGET_PERCENT, REACHABLE_BUDGET_SECONDS, Found, Sample

_MEMORY = (("pss_mb", "PSS"), ("uss_mb", "USS"))


def as_json(found: Found, about: Mapping[str, object]) -> str:
    """One object; memory by process, each cut with its times."""
    return json.dumps(
        {
            "well": found.well,
            "seconds": round(found.seconds, 1),
            "calls": found.calls,
            "failures": [attrs.asdict(failure) for failure in found.failures],
            "memory": {
                process: {kind: found.growth(process, kind).as_json() for kind, _ in _MEMORY} for process in found.samples
            },
            "files_and_threads": {
                process: {
                    when: {"files": sample.files, "threads": sample.threads}
                    for when, sample in _moments(found, process).items()
                }
                for process in found.samples
            },
            "left": found.left,
            "channels_left": found.channels_left,
            "held": found.held and attrs.asdict(found.held),
            "cuts": [attrs.asdict(cut) for cut in found.cuts],
            "cuts_p95": {kind: found.p95(kind) for kind in ("registered", "reached")},
            "machine": dict(about),
        },
        indent=1,
    )


def as_table(found: Found, about: Mapping[str, object]) -> str:
    """What happened, what grew and what is left, a line each."""
    lines = [f"calls                      {found.calls}, {_failed(found)}"]
    for process in found.samples:
        for kind, name in _MEMORY:
            growth = found.growth(process, kind)
            lines.append(
                f"{process + ' ' + name:<27}{growth.begin_mb:.2f} to {growth.end_mb:.2f} MB, {growth.percent:+.2f} %"
                f"  (budget {MEMORY_BUDGET_PERCENT:g} %: {_verdict(growth.percent < MEMORY_BUDGET_PERCENT)})"
            )
        moments = ", ".join(f"{when} {s.files}/{s.threads}" for when, s in _moments(found, process).items())
        lines.append(f"{process + ' files/threads':<27}{moments}")
    if found.held is not None:
        why = f"; the next one: {found.held.refusal}" if found.held.refusal else ""
        lines.append(f"held at once               {found.held.held} of {found.held.wanted}{why}")
    if found.cuts:
        for kind, text in (("registered", "registered after a cut"), ("reached", "called after a cut")):
            times = sorted(time for cut in found.cuts if (time := getattr(cut, kind)) is not None)
            p95 = found.p95(kind)
            figures = "" if p95 is None else f", p95 {p95:.2f} s, longest {times[-1]:.2f} s"
            verdict = _verdict(p95 is not None and p95 < REACHABLE_BUDGET_SECONDS and len(times) == len(found.cuts))
            budget = f"  (budget {REACHABLE_BUDGET_SECONDS:g} s: {verdict})"
            lines.append(f"{text:<27}{len(times)} of {len(found.cuts)}{figures}{budget}")
    lines.append(f"left behind                {', '.join(found.left) or 'nothing'}")
    lines.append(f"channels at the PBX        {', '.join(found.channels_left) or 'none'}")
    lines += [f"failed: {failure.kind} {failure.number}: {failure.detail}" for failure in found.failures]
    lines += [
        "",
        "memory: a straight line through the last 80 % of the samples between calls; the soak itself lives in the app process",
    ]
    lines.append(
        f"{found.seconds:.0f} s; {about['processor']}, {about['cores']} cores, {about['distribution']}, "
        f"Python {about['python']}, load before {about['load_before']}"
    )
    return "\n".join(lines)


def _moments(found: Found, process: str) -> dict[str, Sample]:
    return {
        "before the first call": found.samples[process][0],
        "after one of everything": found.warm[process],
        "at the end": found.after[process],
    }


def _failed(found: Found) -> str:
    if not found.failures:
        return "none failed"
    return "failed: " + ", ".join(f"{count} {kind}" for kind, count in Counter(f.kind for f in found.failures).items())


def _verdict(kept: bool) -> str:
    return "kept" if kept else "MISSED"
