"""Hypothesis profiles of the project's own tests: `quick` by default, or `--hypothesis-profile=thorough`."""

from __future__ import annotations

from hypothesis import settings

# No deadline: a test must not fail because the machine is slow.
settings.register_profile("quick", deadline=None, max_examples=25)
settings.register_profile("thorough", deadline=None, max_examples=400)
settings.load_profile("quick")
