"""What holds for every test: offscreen Qt, own folders, no outside network, leak and log checks.

The checks are those of the public test kit; how to announce exceptions from them is in `callmanager/testing/plugin.py`. Tests
that need a real display start one of their own and set `QT_QPA_PLATFORM` for the process they start.
"""

from pathlib import Path

_HERE = Path(__file__).parent
_BENCHES = ("pbx.fixtures", "audio_bench.fixtures", "far_ends.fixtures")

pytest_plugins = [
    "callmanager.testing.plugin",
    *(name for name in _BENCHES if (_HERE / name.replace(".", "/")).with_suffix(".py").exists()),
]

collect_ignore = ["thirdparty_plugin"]
"""A foreign distribution: its tests run where it is installed, see `contract/test_thirdparty_plugin.py`."""
