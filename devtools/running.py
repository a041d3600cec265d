"""`dev.py run`: starts the product from the working copy."""

import os
import subprocess
import sys
from collections.abc import Sequence

from devtools import debian
from devtools.display import has_display
from devtools.environment import Purpose, ensure
from devtools.processes import say

WINDOWLESS = ("doctor", "--help", "-h", "--version")
"""What needs no display; everything else shows a window or talks to a phone that does."""


def run_product(arguments: Sequence[str]) -> int:
    """Hands the arguments on to `callmanager`; on a machine without a display, `--demo` becomes a tour told in words."""
    python = ensure(Purpose.RUN)
    on_virtual_display = "--demo" in arguments and not has_display()
    debian.provide((*debian.RUN_PACKAGES, *(debian.DISPLAY_PACKAGES if on_virtual_display else ())), needed=False)
    if on_virtual_display:
        from devtools.tour import tour

        say("this machine has no display: the demo plays on a virtual one for half a minute and tells here what happens")
        return tour(python, arguments)
    if not has_display() and not any(word in WINDOWLESS for word in arguments):
        say("this machine has no display: the window cannot be shown (run --demo plays on a virtual one)")
    command = [str(python), "-m", "callmanager_shell", *arguments]
    # where exec would return to the prompt at once, the product is a child
    return subprocess.run(command, check=False).returncode if sys.platform == "win32" else _become(command)


def _become(command: list[str]) -> int:
    os.execv(command[0], command)  # noqa: S606 - signals and the exit code are the product's own then
