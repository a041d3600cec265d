import json

import pytest
from callmanager_shell.window_state import SidePanelState, WindowState, load, save

FULL = WindowState(
    geometry=b"\x01\x02",
    tray_explained=True,
    current_panel="history/history",
    side_width=300,
    side_panels={"sidecar/blf": SidePanelState(collapsed=True, collapsed_below=False, height=240)},
    recent_commands=("core/settings", "crm/today"),
)


def test_it_comes_back_as_it_was_saved(tmp_path):
    save(tmp_path / "window.json", FULL)
    assert load(tmp_path / "window.json") == FULL


def test_without_a_file_there_are_the_defaults(tmp_path):
    assert load(tmp_path / "window.json") == WindowState()


@pytest.mark.parametrize(
    "content", ["", "{", "[]", '"text"', "null", "\x00\xff", "[" * 100_000, '{"geometry": ' + '"00"' * 40_000]
)
def test_a_damaged_file_gives_the_defaults(tmp_path, content):
    (tmp_path / "window.json").write_text(content, encoding="latin-1")
    assert load(tmp_path / "window.json") == WindowState()


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("geometry", "xyz"),
        ("geometry", 7),
        ("tray_explained", "yes"),
        ("current_panel", ["history"]),
        ("current_panel", "x" * 300),
        ("side_width", -5),
        ("side_width", True),
        ("side_width", 1e9),
        ("side_panels", [1, 2]),
        ("side_panels", {"sidecar/blf": "open"}),
        ("recent_commands", "core/settings"),
        ("recent_commands", [{}, 3, ""]),
    ],
)
def test_a_damaged_part_costs_only_itself(tmp_path, name, value):
    file = tmp_path / "window.json"
    save(file, FULL)
    document = json.loads(file.read_text())
    document[name] = value
    file.write_text(json.dumps(document))
    loaded = load(file)
    assert getattr(loaded, name) == getattr(WindowState(), name)
    assert [
        field for field in ("geometry", "current_panel", "side_width") if getattr(loaded, field) != getattr(FULL, field)
    ] in (
        [],
        [name],
    )


def test_it_does_not_grow_without_end(tmp_path):
    file = tmp_path / "window.json"
    many = {f"plugin/{number}": SidePanelState(height=100) for number in range(500)}
    save(file, WindowState(side_panels=many, recent_commands=tuple(f"core/{number}" for number in range(100))))
    loaded = load(file)
    assert len(loaded.side_panels) == 100
    assert "plugin/499" in loaded.side_panels
    assert len(loaded.recent_commands) == 20
