"""Make the recordings again after a text was changed: `python -m callmanager_demo.voices`; needs espeak-ng and sox."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from callmanager_demo.voices import Phrase

_SPEAKERS = {
    "office": ("en-us+f3", "160", "48"),
    "maria": ("en-us+f4", "170", "55"),
    "daniel": ("en-us+m3", "170", "40"),
    "grace": ("en-us+f2", "160", "60"),
}
"""espeak-ng voice, words a minute, pitch."""


def main() -> None:
    """Write one WAV file for each phrase beside this file."""
    espeak, sox = shutil.which("espeak-ng"), shutil.which("sox")
    if espeak is None or sox is None:
        sys.exit("espeak-ng and sox are needed: install both and try again")
    folder = Path(__file__).parent
    with tempfile.TemporaryDirectory() as scratch:
        spoken = Path(scratch) / "spoken.wav"
        for phrase in Phrase:
            voice, speed, pitch = _SPEAKERS[phrase.name.split("_", 1)[0].lower()]
            subprocess.run([espeak, "-v", voice, "-s", speed, "-p", pitch, "-w", str(spoken), phrase.value], check=True)
            # Silence cut off at both ends, 0.1 s of it put back; telephone band; the same peak for all.
            cut = ["silence", "1", "0.01", "0.5%", "reverse"]
            effects = [*cut, *cut, "pad", "0.02", "0.1", "highpass", "200", "rate", "8000", "gain", "-n", "-6"]
            target = str(folder / f"{phrase.name.lower()}.wav")
            subprocess.run([sox, str(spoken), "-e", "u-law", "-b", "8", "-c", "1", "-r", "8000", target, *effects], check=True)


if __name__ == "__main__":
    main()
