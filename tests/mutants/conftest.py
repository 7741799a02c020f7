"""Collects the tests that need mutmut where the dependency group `mutants` is installed."""

from __future__ import annotations

from importlib.util import find_spec

collect_ignore = [] if find_spec("mutmut") else ["test_generated_mutants.py"]
