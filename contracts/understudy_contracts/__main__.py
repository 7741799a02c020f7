"""Runs the command line: ``python -m understudy_contracts`` is `understudy`."""

from __future__ import annotations

import sys

from understudy_contracts.cli import main

sys.exit(main())
