"""The plugin host: finding, judging, loading, calling and undoing plugins."""
