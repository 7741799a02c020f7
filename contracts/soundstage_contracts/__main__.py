"""Runs the command line: ``python -m soundstage_contracts`` is `soundstage`."""

from __future__ import annotations

import sys

from soundstage_contracts.cli import main

sys.exit(main())
