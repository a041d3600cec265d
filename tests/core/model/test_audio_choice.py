"""What a command line says of audio."""

from pathlib import Path

import pytest
from callmanager.api import AudioBackendKind, AudioChoice, audio_choice


@pytest.mark.parametrize("text", ["", "device"])
def test_nothing_and_device_mean_the_sound_devices(text: str) -> None:
    assert audio_choice(text) == AudioChoice()


def test_none_means_silence() -> None:
    assert audio_choice("none").backend is AudioBackendKind.NONE


def test_files_are_read_and_written_from_where_the_command_was_given(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("in.wav").touch()
    choice = audio_choice("file:in.wav,out.wav")
    assert (choice.backend, choice.input_file, choice.output_file) == (
        AudioBackendKind.FILES,
        tmp_path / "in.wav",
        tmp_path / "out.wav",
    )
    assert audio_choice("file:,out.wav").input_file is None


@pytest.mark.parametrize("text", ["loud", "file:", "file:,", "file:in.wav", "file:no-such-file.wav,out.wav"])
def test_anything_else_is_refused_with_what_is_expected(text: str) -> None:
    with pytest.raises(ValueError, match=r"none, device|no file"):
        audio_choice(text)
