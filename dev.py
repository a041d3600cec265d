#!/usr/bin/env python3
"""The one command for developers: make the environment, run, test, lint, measure and lock.

Standard library only, so that it starts on a machine that has nothing but Python 3.11 or 3.12. `python3 dev.py --help` lists
the sub-commands; the work is in `devtools/`.
"""

import sys
from pathlib import Path

if sys.version_info < (3, 11):  # noqa: UP036 - people do start it with an older one
    sys.exit(f"dev.py needs Python 3.11 or 3.12, this is {sys.version.split()[0]}; start it with python3.11 or python3.12")

sys.path.insert(0, str(Path(__file__).resolve().parent))

from devtools.cli import main

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
