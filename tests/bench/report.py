"""The table and the JSON object."""

import json
import os
import platform
from collections.abc import Mapping, Sequence
from pathlib import Path

from bench.values import Results, Series


def machine() -> dict[str, object]:
    """Where it was measured; nothing that names the machine or its owner."""
    return {
        "system": f"{platform.system()} {platform.release()}",
        "distribution": platform.freedesktop_os_release().get("PRETTY_NAME", ""),
        "processor": _first_field(Path("/proc/cpuinfo"), "model name"),
        "cores": os.cpu_count(),
        "memory_mb": int(_first_field(Path("/proc/meminfo"), "MemTotal").split()[0]) * 1024 // 1_000_000,
        "python": platform.python_version(),
        "load_before": os.getloadavg()[0],
    }


def as_json(product: Results, peers: Sequence[Results], about: Mapping[str, object]) -> str:
    """One object, as the issue words it."""
    peer_figures = {peer.name: peer.as_json() for peer in peers}
    return json.dumps({"product": product.as_json(), "peers": peer_figures, "machine": dict(about)}, indent=1)


def as_table(product: Results, peers: Sequence[Results], about: Mapping[str, object], *, only_measured: bool = False) -> str:
    """Rows of median (minimum to maximum), the budget and whether the median keeps it, and the peers beside them."""
    sides = [product, *peers]
    head = ["", *(side.name for side in sides), "budget", ""]
    lines = [head]
    for row in product.rows():
        if only_measured and not any(side.get(row.key).values for side in sides):
            continue
        mine = product.get(row.key)
        verdict = "" if not mine.values else "kept" if mine.median <= row.budget else "MISSED"
        lines.append([row.what, *(_cell(side.get(row.key)) for side in sides), f"{row.budget:g}", verdict])
    widths = [max(len(line[column]) for line in lines) for column in range(len(head))]
    text = [
        "  ".join(
            cell.ljust(width) if column == 0 else cell.rjust(width)
            for column, (cell, width) in enumerate(zip(line, widths, strict=True))
        ).rstrip()
        for line in lines
    ]
    text.insert(1, "  ".join("-" * width for width in widths))
    text.append("")
    text.append("PSS is lower while other programs share the same libraries: compare figures of one run only")
    text += [f"{side.name}: {side.note}" for side in sides if side.note]
    text.append(
        f"median (minimum to maximum); {about['processor']}, {about['cores']} cores, {about['distribution']}, "
        f"Python {about['python']}, load before {about['load_before']}"
    )
    return "\n".join(text)


def _cell(series: Series) -> str:
    if not series.values:
        return "n/a"
    return f"{_figure(series.median)} ({_figure(min(series.values))} to {_figure(max(series.values))})"


def _figure(value: float) -> str:
    return f"{value:.0f}" if value >= 100 else f"{value:.1f}" if value >= 10 else f"{value:.2f}"


def _first_field(path: Path, name: str) -> str:
    for line in path.read_text(encoding="utf-8").splitlines():
        key, _, value = line.partition(":")
        if key.strip() == name:
            return value.strip()
    return ""
