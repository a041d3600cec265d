"""The figures as people and programs get them."""

import json

import pytest

from bench import report
from bench.values import ROWS, Results

ABOUT = {"processor": "a processor", "cores": 2, "distribution": "a system", "python": "3.11", "load_before": 0.1}


def measured(name: str, **figures: list[float]) -> Results:
    results = Results(name=name, note="how it ran")
    for key, values in figures.items():
        for value in values:
            results.add(key, value)
    return results


def test_the_object_has_every_key_for_both_sides_with_median_extremes_and_runs() -> None:
    product = measured("product", launch_to_window_ms=[5, 1, 2, 4, 3])
    peer = measured("jssip_chromium", memory_pss_mb=[400.0])
    found = json.loads(report.as_json(product, [peer], ABOUT))
    assert set(found) == {"product", "peers", "machine"}
    assert set(found["product"]) == set(found["peers"]["jssip_chromium"]) == {row.key for row in ROWS}
    assert found["product"]["launch_to_window_ms"] == {"median": 3, "min": 1, "max": 5, "runs": [5, 1, 2, 4, 3]}
    assert found["peers"]["jssip_chromium"]["launch_to_window_ms"] is None


def test_the_table_says_which_budget_was_missed() -> None:
    product = measured("product", launch_to_window_ms=[390.0, 410.0, 380.0], memory_pss_mb=[151.0])
    lines = report.as_table(product, [], ABOUT).splitlines()
    assert next(line for line in lines if line.startswith("launch to painted window")).endswith(
        "390 (380 to 410)     400    kept"
    )
    assert next(line for line in lines if line.startswith("memory idle")).endswith("MISSED")
    assert next(line for line in lines if line.startswith("CPU idle")).split()[-2:] == ["n/a", "0.5"]


def test_each_plugin_that_was_measured_has_a_row_and_a_key_of_its_own() -> None:
    product = Results(name="product")
    product.add("plugin_start_ms.voicemail", 21.0)
    product.add("plugin_start_ms.chat", 2.0)
    found = json.loads(report.as_json(product, [], ABOUT))["product"]
    assert found["plugin_start_ms.voicemail"]["median"] == 21.0
    table = report.as_table(product, [], ABOUT, only_measured=True).splitlines()
    assert [line.split()[-1] for line in table[2:4]] == ["kept", "MISSED"]
    assert table[2].startswith("import and activation of the plugin chat, ms")
    assert "n/a" not in "".join(table)


def test_a_key_that_no_table_knows_is_refused() -> None:
    with pytest.raises(KeyError, match="launch_to_moon_ms"):
        Results(name="product").add("launch_to_moon_ms", 1)


def test_a_figure_that_a_side_does_not_have_is_left_out() -> None:
    results = Results(name="peer")
    results.add("mouth_to_ear_ms", None)
    assert results.get("mouth_to_ear_ms").as_json() is None
