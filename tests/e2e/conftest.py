"""Fixtures for tests in the real window: a virtual desktop, and where pictures go."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from desktop.desktop import Desktop, missing_tools


@pytest.fixture(scope="session")
def desktop() -> Iterator[Desktop]:
    """A virtual screen for the whole run; where it can't be had, skip with the reason, or fail where `CI` is set."""
    missing = missing_tools()
    if missing:
        reason = f"no virtual desktop: {', '.join(missing)} missing"
        if os.environ.get("CI"):
            pytest.fail(reason, pytrace=False)
        pytest.skip(reason)
    with Desktop() as screen:
        yield screen


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    """Where pictures are kept: the folder in `CALLMANAGER_PICTURES` (so those in docs are made), or the test's own."""
    folder = Path(os.environ.get("CALLMANAGER_PICTURES", tmp_path / "pictures"))
    folder.mkdir(parents=True, exist_ok=True)
    return folder
