"""Plugins are found by metadata alone, and damaged metadata hide nothing and break nothing."""

import sys
from pathlib import Path

import pytest
from callmanager.extensions.discovery import OWN_DISTRIBUTION, Candidate, Description, discover


def distribution(folder: Path, name: str, *, metadata: str | bytes, points: str) -> None:
    info = folder / f"{name}-1.dist-info"
    info.mkdir(parents=True)
    content = metadata if isinstance(metadata, bytes) else metadata.encode()
    (info / "METADATA").write_bytes(content)
    (info / "entry_points.txt").write_text(points)


def found(folder: Path, plugin_id: str) -> Candidate:
    return next(candidate for candidate in discover([folder]) if candidate.id == plugin_id)


POINT = "[callmanager.plugins]\ncrm = acme_crm.plugin:Plugin\n"


def test_what_the_metadata_say_is_told_as_plain_text(tmp_path: Path) -> None:
    metadata = """Metadata-Version: 2.1
Name: acme-crm
Version: 2.3
Summary: Customers\u202e at hand
Author-email: "Ann Ames" <ann@acme.example>, bob@acme.example
Project-URL: Changelog, https://acme.example/changes
Project-URL: Homepage, https://acme.example
"""
    distribution(tmp_path, "acme_crm", metadata=metadata, points=POINT)
    assert found(tmp_path, "crm").describe() == Description(
        distribution="acme-crm",
        version="2.3",
        summary="Customers at hand",
        author="Ann Ames, bob@acme.example",
        home_page="https://acme.example",
    )
    assert "acme_crm" not in sys.modules


@pytest.mark.parametrize(
    ("lines", "home"),
    [
        ("Home-page: https://a.example\nProject-URL: Homepage, https://b.example", "https://a.example"),
        ("Home-page: javascript:alert(1)\nProject-URL: Source, https://b.example", "https://b.example"),
        ("Project-URL: Odd, ftp://c.example", ""),
        ("Project-URL: nothing", ""),
    ],
)
def test_the_home_page_is_a_web_address_or_nothing(tmp_path: Path, lines: str, home: str) -> None:
    distribution(tmp_path, "acme_crm", metadata=f"Metadata-Version: 2.1\nName: x\nVersion: 1\n{lines}\n", points=POINT)
    assert found(tmp_path, "crm").describe().home_page == home


@pytest.mark.parametrize("metadata", [b"", b"\xff\xfe\x00\x01", b"Name"])
def test_damaged_metadata_are_described_by_nothing(tmp_path: Path, metadata: bytes) -> None:
    distribution(tmp_path, "acme_crm", metadata=metadata, points=POINT)
    candidate = found(tmp_path, "crm")
    assert (candidate.describe().author, candidate.built_in) == ("", False)


@pytest.mark.expects_log("the entry points of .* can't be read")
def test_damaged_entry_points_hide_no_other_plugin(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    distribution(tmp_path, "acme_crm", metadata="Name: acme-crm\nVersion: 1\n", points=POINT)
    distribution(tmp_path, "broken", metadata="Name: broken\nVersion: 1\n", points="[callmanager.plugins]\nnonsense\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    names = {candidate.id for candidate in discover()}
    assert {"crm", "call_control"} <= names


@pytest.mark.expects_log("is not a folder")
def test_an_extra_path_that_is_not_there_is_told(tmp_path: Path) -> None:
    discover([tmp_path / "nowhere"])


def test_the_built_in_ones_are_known_as_such() -> None:
    ours = [candidate for candidate in discover() if candidate.built_in]
    assert {candidate.distribution for candidate in ours} == {OWN_DISTRIBUTION}
    assert all(candidate.describe().author for candidate in ours)
