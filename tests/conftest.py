"""How hard Hypothesis looks in the project's own tests: quickly, unless `--hypothesis-profile=thorough` is given."""

from __future__ import annotations

from hypothesis import settings

# Nothing here is timed: a slow machine is no failure.
settings.register_profile("quick", deadline=None, max_examples=25)
settings.register_profile("thorough", deadline=None, max_examples=400)
settings.load_profile("quick")
