"""Runs the command line: ``python -m understudy_contracts`` is `understudy`."""

from __future__ import annotations

import sys

from understudy_contracts.cli import main

if __name__ == "__main__":
    sys.exit(main())
