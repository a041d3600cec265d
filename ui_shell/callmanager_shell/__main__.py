"""`python -m callmanager_shell` is `callmanager`."""

import sys

from callmanager_shell.main import main

if __name__ == "__main__":
    sys.exit(main())
