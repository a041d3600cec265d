"""The audio bench as fixtures, for all tests (the top `conftest.py` registers this module)."""

import os
from collections.abc import Iterator

import pytest

from audio_bench.bench import AudioBench, missing_programs


@pytest.fixture(scope="session")
def audio_server() -> Iterator[AudioBench]:
    """One running sound system for the session, without devices. Where `CI` is set, a missing program fails the run."""
    if missing := missing_programs():
        message = f"the audio bench lacks {', '.join(missing)}"
        if os.environ.get("CI"):
            pytest.fail(message)
        pytest.skip(message)
    with AudioBench() as bench:
        yield bench


@pytest.fixture
def audio_bench(audio_server: AudioBench, monkeypatch: pytest.MonkeyPatch) -> Iterator[AudioBench]:
    """The sound system, seen by this process; every device that a test added is gone afterwards."""
    for key in ("PULSE_SERVER", "XDG_RUNTIME_DIR", "PIPEWIRE_RUNTIME_DIR"):
        monkeypatch.setenv(key, audio_server.env()[key])
    yield audio_server
    audio_server.remove_all()
