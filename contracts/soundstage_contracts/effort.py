"""Hypothesis settings of the contracts, which apply to the contracts alone.

Hypothesis reads the active profile when ``@given`` decorates a function. The profile of the contracts is therefore
active while their modules are imported and while they run, and the user's own profile at every other time.
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from hypothesis import HealthCheck, Phase, settings

from soundstage_contracts.options import EFFORT

if TYPE_CHECKING:
    from collections.abc import Iterator

_PREFIX: Final = "soundstage-"


def _register_profiles() -> None:
    settings.register_profile(
        f"{_PREFIX}quick",
        max_examples=25,
        stateful_step_count=25,
        deadline=None,
        print_blob=True,
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
    )
    quick = settings.get_profile(f"{_PREFIX}quick")
    settings.register_profile(f"{_PREFIX}thorough", quick, max_examples=400, stateful_step_count=60)
    settings.register_profile(f"{_PREFIX}live", quick, max_examples=5)
    # A mutation has to be caught, not explained: the same examples each time, and no search for the smallest one.
    searching = (Phase.explicit, Phase.generate)
    settings.register_profile(f"{_PREFIX}mutation", quick, phases=searching, derandomize=True, database=None)
    # Thousands of generated mutants are run: few examples of each contract have to do.
    mutation = settings.get_profile(f"{_PREFIX}mutation")
    settings.register_profile(f"{_PREFIX}mutants", mutation, max_examples=12, stateful_step_count=15)


_register_profiles()


@contextmanager
def effort_profile() -> Iterator[None]:
    """Activate the Hypothesis profile of the run's effort inside the block, and the previous one after it.

    Code that decorates contracts with ``@given`` outside of the package's own suite does it inside this block.
    """
    previous = settings._current_profile or "default"  # noqa: SLF001 - the public getter is newer than the lowest version
    settings.load_profile(f"{_PREFIX}{EFFORT.get()}")
    try:
        yield
    finally:
        settings.load_profile(previous)
