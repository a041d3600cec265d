"""Transfer plugin: hand a call to somebody else, watched or at once, with or without asking first."""
