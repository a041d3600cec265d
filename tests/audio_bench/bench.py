"""A sound system of its own for tests: PipeWire with null sinks as speakers and virtual microphones.

Nothing of the machine's own sound is touched: run-time folder, session bus, configuration and state are in a temporary
folder. The virtual devices are clocked by PipeWire in real time, as sound cards are.
"""

import os
import shutil
import subprocess
import tempfile
import wave
from pathlib import Path
from types import TracebackType
from typing import Self

import numpy as np
import numpy.typing as npt

from audio_bench.packages import DEBIAN_PACKAGES, PROGRAMS
from audio_bench.processes import Family, wait_until

RATE = 16_000

Samples = npt.NDArray[np.int16]


def missing_programs() -> tuple[str, ...]:
    return tuple(name for name in PROGRAMS if shutil.which(name) is None)


class AudioBench:
    """PipeWire, WirePlumber and the PulseAudio server of PipeWire, between `start` and `stop` (or as a context manager).

    `env()` is the environment in which a program sees this sound system and no other.
    """

    def __init__(self) -> None:
        self._folder: Path | None = None
        self._family: Family | None = None
        self._modules: dict[str, str] = {}
        self._players = 0
        self._server: subprocess.Popen[bytes] | None = None
        self._env: dict[str, str] = {}

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.stop()

    def env(self) -> dict[str, str]:
        return dict(self._env)

    def start(self) -> None:
        """Bring the sound system up without any device; `TimeoutError` with the programs' output when it does not come."""
        if missing := missing_programs():
            raise RuntimeError(f"the audio bench lacks {', '.join(missing)}; install {' '.join(DEBIAN_PACKAGES)}")
        # Socket paths are limited to 107 bytes, so the folder is a short one and not pytest's.
        self._folder = folder = Path(tempfile.mkdtemp(prefix="cmaudio-"))
        self._env = _environment(folder)
        (folder / "logs").mkdir()
        self._family = family = Family(folder / "logs")
        try:
            bus = folder / "bus"
            family.start("dbus-daemon", "--session", "--nofork", "--nopidfile", f"--address=unix:path={bus}", env=self._env)
            wait_until(bus.exists, what="the session bus")
            family.start("pipewire", env=self._env)
            wait_until((folder / "pipewire-0").exists, what="PipeWire")
            family.start("wireplumber", env=self._env)
            self._start_server()
        except TimeoutError as error:
            texts = family.texts()
            self.stop()
            raise TimeoutError(f"{error}\n{texts}") from error

    def stop(self) -> None:
        if self._family:
            self._family.end()
        if self._folder:
            shutil.rmtree(self._folder, ignore_errors=True)
        self._family = self._folder = None
        self._modules.clear()

    def restart_server(self) -> None:
        """End the PulseAudio server and start it again: every connection breaks and every virtual device goes with it."""
        assert self._server is not None
        self._started().end_one(self._server)
        self._modules.clear()
        self._start_server()

    def add_sink(self, name: str, *, description: str | None = None) -> None:
        """Plug in a virtual speaker."""
        self._load(name, "media.class=Audio/Sink", description or name)

    def remove_sink(self, name: str) -> None:
        self._unload(name)

    def add_microphone(self, name: str, *, description: str | None = None) -> None:
        """Plug in a virtual microphone; it hears what is played into it and silence otherwise."""
        self._load(name, "media.class=Audio/Source/Virtual", description or name)

    def remove_microphone(self, name: str) -> None:
        self._unload(name)

    def remove_all(self) -> None:
        """Unplug every virtual device."""
        for name in list(self._modules):
            self._unload(name)

    def set_default_sink(self, name: str) -> None:
        self._pactl("set-default-sink", name)

    def set_default_microphone(self, name: str) -> None:
        self._pactl("set-default-source", name)

    def play_into_microphone(self, name: str, sound: Path) -> "Playing":
        """Start playing a WAV file into a virtual microphone; end it with `end`, or let it run out."""
        family = self._started()
        self._players += 1
        node = f"player{self._players}"
        # Nothing links a player to a source by itself (a source is no place to play to), so the link is made by hand.
        child = family.start(
            *("pw-cat", "--playback", "--target", "0", "--latency", "10ms"),
            *("--properties", f'{{ "node.name": "{node}" }}', str(sound)),
            env=self._env,
        )
        wait_until(lambda: self._linked(f"{node}:output_MONO", f"{name}:input_MONO"), what=f"a link to {name}")
        return Playing(family, child)

    def record_speaker(self, name: str) -> "Recording":
        """Start recording what comes out of a virtual speaker."""
        self._started()
        return Recording(name, self._env)

    def record_both(self, microphone: str, sink: str, *, seconds: float, path: Path) -> tuple[Samples, Samples]:
        """Record what a microphone hears and what a speaker plays on one clock, sample by sample; blocks for as long."""
        family = self._started()
        child = family.start(
            *("pw-cat", "--record", "--target", "0", "--channels", "2", "--rate", str(RATE), "--format", "s16"),
            *("--properties", '{ "node.name": "recorder" }', str(path)),
            env=self._env,
        )
        try:
            wait_until(lambda: self._linked(f"{microphone}:capture_MONO", "recorder:input_FL"), what="the left link")
            wait_until(lambda: self._linked(f"{sink}:monitor_MONO", "recorder:input_FR"), what="the right link")
            wanted = round(seconds * RATE) * 4
            wait_until(lambda: path.stat().st_size > wanted, what="the recording", timeout=seconds + 10)
        finally:
            family.end_one(child)
        with wave.open(str(path), "rb") as file:
            both = np.frombuffer(file.readframes(file.getnframes()), dtype="<i2").reshape(-1, 2)
        return both[:, 0], both[:, 1]

    def _start_server(self) -> None:
        assert self._folder is not None
        self._server = self._started().start("pipewire-pulse", env=self._env)
        wait_until((self._folder / "pulse" / "native").exists, what="the PulseAudio socket")
        wait_until(self._answers, what="the PulseAudio server")

    def _started(self) -> Family:
        if self._family is None:
            raise RuntimeError("the audio bench is not started")
        return self._family

    def _load(self, name: str, media_class: str, description: str) -> None:
        properties = f"device.description='{description}' node.description='{description}'"
        self._modules[name] = self._pactl(
            "load-module",
            "module-null-sink",
            f"sink_name={name}",
            media_class,
            "channels=1",
            "channel_map=mono",
            f'sink_properties="{properties}"',
        ).strip()
        wait_until(lambda: self._listed(name), what=f"device {name}")

    def _unload(self, name: str) -> None:
        self._pactl("unload-module", self._modules.pop(name))
        wait_until(lambda: not self._listed(name), what=f"device {name} to go")

    def _linked(self, output: str, into: str) -> bool:
        link = subprocess.run(["pw-link", output, into], env=self._env, capture_output=True, timeout=10, check=False)
        return link.returncode == 0

    def _listed(self, name: str) -> bool:
        lines = self._pactl("list", "short", "sinks") + self._pactl("list", "short", "sources")
        return any(line.split("\t")[1] == name for line in lines.splitlines() if "\t" in line)

    def _answers(self) -> bool:
        return subprocess.run(["pactl", "info"], env=self._env, capture_output=True, timeout=10, check=False).returncode == 0

    def _pactl(self, *arguments: str) -> str:
        result = subprocess.run(["pactl", *arguments], env=self._env, capture_output=True, text=True, timeout=10, check=False)
        if result.returncode:
            raise RuntimeError(f"pactl {' '.join(arguments)}: {result.stderr.strip()}")
        return result.stdout


class Playing:
    """A file being played into a microphone."""

    def __init__(self, family: Family, child: "subprocess.Popen[bytes]") -> None:
        self._family = family
        self._child = child

    def end(self) -> None:
        self._family.end_one(self._child)


class Recording:
    """What a virtual speaker plays, from now until `end`."""

    def __init__(self, sink: str, env: dict[str, str]) -> None:
        self._child = subprocess.Popen(
            [
                "parec",
                f"--device={sink}.monitor",
                "--format=s16le",
                f"--rate={RATE}",
                "--channels=1",
                "--latency-msec=20",
                "--raw",
            ],
            env=env,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            start_new_session=True,
        )

    def samples(self, seconds: float) -> Samples:
        """The next `seconds` of sound; blocks for as long."""
        assert self._child.stdout is not None
        data = self._child.stdout.read(round(seconds * RATE) * 2)
        return np.frombuffer(data, dtype="<i2")

    def end(self) -> None:
        assert self._child.stdout is not None
        Family.end_one(self._child)
        self._child.stdout.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.end()


def tone_file(path: Path, *, frequency: float, seconds: float, amplitude: float = 0.3) -> Path:
    """Write a sine as WAV."""
    times = np.arange(round(seconds * RATE)) / RATE
    return sound_file(path, (amplitude * 32767 * np.sin(2 * np.pi * frequency * times)).astype("<i2"))


def sound_file(path: Path, samples: Samples) -> Path:
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE)
        file.writeframes(samples.astype("<i2").tobytes())
    return path


def tone_share(samples: Samples, frequency: float) -> float:
    """Which share of the power lies at `frequency` (Goertzel, 1.0 is a pure tone); 0 for silence."""
    values = samples.astype(np.float64)
    power = float(np.dot(values, values))
    if len(values) == 0 or power / len(values) < 10.0:
        return 0.0
    places = np.arange(len(values))
    bin_value = np.dot(values, np.exp(-2j * np.pi * frequency / RATE * places))
    return float(2.0 * abs(bin_value) ** 2 / len(values) / power)


def _environment(folder: Path) -> dict[str, str]:
    kept = {key: os.environ[key] for key in ("PATH", "LANG", "LC_ALL") if key in os.environ}
    return kept | {
        "HOME": str(folder),
        "XDG_RUNTIME_DIR": str(folder),
        "XDG_CONFIG_HOME": str(folder / "config"),
        "XDG_STATE_HOME": str(folder / "state"),
        "DBUS_SESSION_BUS_ADDRESS": f"unix:path={folder / 'bus'}",
        "PULSE_SERVER": f"unix:{folder / 'pulse' / 'native'}",
        "PIPEWIRE_RUNTIME_DIR": str(folder),
    }
