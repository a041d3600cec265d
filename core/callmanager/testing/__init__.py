"""The test kit, for ourselves and for plugin authors: fakes of what is outside, a headless harness, pytest fixtures."""

from callmanager.testing.fakes import FakeEngine, ManualClock, MemorySecrets
from callmanager.testing.harness import Harness, make, running
from callmanager.testing.messages import FakeTransport

__all__ = ["FakeEngine", "FakeTransport", "Harness", "ManualClock", "MemorySecrets", "make", "running"]
