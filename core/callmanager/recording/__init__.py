"""A session as a trace of its events, masked, to be replayed against a plugin in a test (`callmanager.testing.replay`)."""
