"""The one exception whose text is for the developer at the terminal."""


class SetupError(Exception):
    """Something on this machine is missing or failed; the text says what and what to do next. Shown without a traceback."""
