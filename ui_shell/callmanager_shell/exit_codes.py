"""What `callmanager` says to the program that called it."""

from enum import IntEnum


class ExitCode(IntEnum):
    DONE = 0
    REFUSED = 1
    """The running phone could not do it; the reason is on standard error."""
    USAGE = 2
    NOT_RUNNING = 3
    """There is no phone running to hand the command to."""
    NO_DISPLAY = 4
    CANNOT_START = 5
    NO_ANSWER = 6
    """A phone is running but did not answer in time."""


EPILOG = """\
exit codes:
  0  done
  1  the running phone refused; the reason is on standard error
  2  wrong usage
  3  no phone is running that could do it
  4  there is no display for the window
  5  the phone can't start (files, settings, folder)
  6  the running phone did not answer in time
Plugin commands such as doctor have their own, see their --help."""
