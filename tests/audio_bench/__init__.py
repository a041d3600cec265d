"""A PipeWire of its own with virtual speakers and microphones."""
