"""Sound files in place of devices: any WAV as the microphone, a WAV that grows as the speaker."""

import logging
import queue
import threading
from pathlib import Path
from typing import BinaryIO, Final

import miniaudio
import numpy as np

from callmanager_sip_engine.audio.frames import FRAME_SAMPLES, RATE, Samples, silence

_log = logging.getLogger(__name__)

_MAX_FILE_BYTES: Final = 200_000_000
_HEADER_BYTES: Final = 44
_MAX_DATA_BYTES: Final = 0xFFFF_FFFF - _HEADER_BYTES
_QUEUED_FRAMES: Final = 500
_PATCH_AFTER_FRAMES: Final = 25  # half a second: what a crash can cost


def read_sound(path: Path) -> Samples:
    """The file as 16 kHz mono; `OSError` when it cannot be read or is no sound file."""
    size = path.stat().st_size
    if size > _MAX_FILE_BYTES:
        raise OSError(f"sound file {path} has {size} bytes, at most {_MAX_FILE_BYTES} are read")
    try:
        decoded = miniaudio.decode(path.read_bytes(), miniaudio.SampleFormat.SIGNED16, nchannels=1, sample_rate=RATE)
    except miniaudio.MiniaudioError as error:
        raise OSError(f"sound file {path} is not readable as WAV, FLAC, MP3 or Vorbis: {error}") from error
    return np.array(decoded.samples, dtype=np.int16)


class WavSource:
    """A microphone that plays a file, over and over. Read by the bridge's thread only."""

    def __init__(self, path: Path) -> None:
        self._sound = read_sound(path)
        if not len(self._sound):
            raise OSError(f"sound file {path} is empty")
        self._position = 0

    def read(self) -> Samples:
        places = np.arange(self._position, self._position + FRAME_SAMPLES) % len(self._sound)
        self._position = (self._position + FRAME_SAMPLES) % len(self._sound)
        return self._sound[places]

    def close(self) -> None:
        self._sound = silence(1)


class WavSink:
    """A speaker that writes a 16 kHz mono WAV file.

    `write` never touches the disk; a thread of its own does. The header is brought up to date every half second, so the
    file is a valid one even after a crash. When the disk is too slow for ten seconds, frames are lost and that is logged.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file = path.open("wb")
        try:
            self._file.write(_header(0))
            self._file.flush()
        except OSError:
            self._file.close()
            raise
        self._queue: queue.Queue[bytes | None] = queue.Queue(maxsize=_QUEUED_FRAMES)
        self._lost = 0
        self._thread = threading.Thread(target=self._work, name="audio-wav-writer", daemon=True)
        self._thread.start()

    def write(self, frame: Samples) -> None:
        try:
            self._queue.put_nowait(frame.astype("<i2").tobytes())
        except queue.Full:
            self._lost += 1

    def close(self) -> None:
        """Write what is queued and end the file; waits for the disk, two seconds at most."""
        try:
            self._queue.put(None, timeout=2.0)
        except queue.Full:
            _log.error("the sound file %s could not be finished, its disk does not answer", self._path)
            return
        self._thread.join(timeout=2.0)
        if self._lost:
            _log.warning("%d frames are missing in the sound file %s, its disk was too slow", self._lost, self._path)

    def _work(self) -> None:
        try:
            with self._file as file:
                self._write_all(file)
        except OSError as error:
            _log.error("the sound file %s ends early: %s", self._path, error)
            while self._queue.get() is not None:
                pass

    def _write_all(self, file: BinaryIO) -> None:
        written = unpatched = 0
        while (frame := self._queue.get()) is not None:
            if written + len(frame) > _MAX_DATA_BYTES:
                continue
            file.write(frame)
            written += len(frame)
            unpatched += 1
            if unpatched >= _PATCH_AFTER_FRAMES:
                _patch(file, written)
                unpatched = 0
        _patch(file, written)


def _patch(file: BinaryIO, data_bytes: int) -> None:
    file.seek(0)
    file.write(_header(data_bytes))
    file.seek(0, 2)
    file.flush()


def _header(data_bytes: int) -> bytes:
    """RIFF header of 16-bit mono PCM (Multimedia Programming Interface 1.0, 1991)."""
    number = int.to_bytes
    return b"".join(
        (
            b"RIFF" + number(36 + data_bytes, 4, "little") + b"WAVE",
            b"fmt " + number(16, 4, "little") + number(1, 2, "little") + number(1, 2, "little"),
            number(RATE, 4, "little") + number(RATE * 2, 4, "little") + number(2, 2, "little") + number(16, 2, "little"),
            b"data" + number(data_bytes, 4, "little"),
        )
    )
