"""Conference plugin: join calls, part them again, and leave without losing anybody."""
