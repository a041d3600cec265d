"""The audio bench for the tests that need real devices."""

from audio_bench.fixtures import audio_bench, audio_server

__all__ = ["audio_bench", "audio_server"]
