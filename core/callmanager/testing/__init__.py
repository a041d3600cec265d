"""The test kit, for ourselves and for plugin authors: fakes of what is outside, a headless harness, pytest fixtures."""

from callmanager.testing.contacts import FakeContactSource
from callmanager.testing.fakes import FakeEngine, ManualClock, MemorySecrets
from callmanager.testing.harness import Harness, make, running
from callmanager.testing.live_sources import (
    FakeParkingSource,
    FakePlayback,
    FakePresenceSource,
    FakeVoicemailStore,
)
from callmanager.testing.messages import FakeTransport
from callmanager.testing.replay import HookAnswer, Replayed, replay

__all__ = [
    "FakeContactSource",
    "FakeEngine",
    "FakeParkingSource",
    "FakePlayback",
    "FakePresenceSource",
    "FakeTransport",
    "FakeVoicemailStore",
    "Harness",
    "HookAnswer",
    "ManualClock",
    "MemorySecrets",
    "Replayed",
    "make",
    "replay",
    "running",
]
