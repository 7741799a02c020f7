"""Runs the command line: ``python -m soundstage_cli`` is `soundstage`."""

from __future__ import annotations

import sys

from soundstage_cli.main import main

sys.exit(main())
