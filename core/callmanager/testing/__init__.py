"""The test kit, for ourselves and for plugin authors: fakes of what is outside, a headless harness, pytest fixtures."""

from callmanager.testing.contacts import FakeContactSource
from callmanager.testing.fakes import FakeEngine, ManualClock, MemorySecrets
from callmanager.testing.harness import Harness, make, running

__all__ = ["FakeContactSource", "FakeEngine", "Harness", "ManualClock", "MemorySecrets", "make", "running"]
