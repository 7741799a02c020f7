"""The options of a run of the contracts: parsed once, and refused by name when a value is not allowed."""

from __future__ import annotations

import os
import random
from contextvars import ContextVar
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Literal, cast

import soundstage_vendors
from soundstage_vendors import UnknownVendorError, VendorError

if TYPE_CHECKING:
    from collections.abc import Mapping

IN_PROCESS: Final = "in-process"
LIVE: Final = "live"
EFFORTS: Final = ("quick", "thorough", "live")
UNKNOWN_OK: Final = "unknown-ok:"
_SEEDS: Final = 2**32

Effort = Literal["quick", "thorough", "live", "mutation", "mutants"]

EFFORT: Final[ContextVar[Effort]] = ContextVar("soundstage_effort", default="quick")
"""The effort of this process's run; ``mutation`` is that of the mutation runner alone."""


class OptionError(ValueError):
    """An option's value is not allowed; the text names the option, the value and what is allowed."""


@dataclass(frozen=True, slots=True)
class Budget:
    """What the live calls of one vendor may cost; nothing by default.

    Attributes:
        amount: The most that calls of a known price may cost together, in the vendor's own unit.
        unknown: How many jobs of an undocumented price may be started.
    """

    amount: float = 0.0
    unknown: int = 0

    def __or__(self, other: Budget) -> Budget:
        """Return a budget that allows what either allows."""
        return Budget(max(self.amount, other.amount), max(self.unknown, other.unknown))


@dataclass(frozen=True, slots=True)
class RunOptions:
    """The options of a run.

    Attributes:
        target: ``in-process``, ``live``, or the address of a simulator.
        vendors: The vendors whose contracts are collected; empty for all.
        budgets: What each vendor may cost in a live run.
        inputs: Real inputs by name, such as the address of an image.
        seed: The seed of Hypothesis and of the simulator.
        seeded: Whether the seed was given, and not drawn.
        dry_run: Whether a live run sends nothing.
        effort: How many examples Hypothesis tries.
        record: The folder for the exchanges of a live run.
        evidence: The evidence file.
        report: The file of the HTML report.
        strict: Whether a test fails that leaves something behind; see `soundstage_contracts.testing.strict`.
    """

    target: str = IN_PROCESS
    vendors: tuple[str, ...] = ()
    budgets: Mapping[str, Budget] = field(default_factory=dict)
    inputs: Mapping[str, str] = field(default_factory=dict)
    seed: int = 0
    seeded: bool = False
    dry_run: bool = False
    effort: Effort = "quick"
    record: Path | None = None
    evidence: Path | None = None
    report: Path | None = None
    strict: bool = False

    @property
    def live(self) -> bool:
        """Whether the run calls the services themselves."""
        return self.target == LIVE

    def wants(self, vendor: str) -> bool:
        """Return whether the contracts of *vendor* are to be collected."""
        return not self.vendors or vendor in self.vendors

    def budget(self, vendor: str) -> Budget:
        """Return what *vendor* may cost."""
        return self.budgets.get(vendor, Budget())


def read_options(namespace: Any, drawn: int | None = None) -> RunOptions:
    """Read the plugin's options.

    Args:
        namespace: The options that pytest parsed, named ``soundstage_<name>``.
        drawn: The seed that another process of the same run has drawn.

    Raises:
        OptionError: A value is not allowed.
    """
    target = read_target(namespace.soundstage_target)
    seed = read_seed(namespace.soundstage_seed)
    if namespace.soundstage_dry_run and target != LIVE:
        raise OptionError(f"--soundstage-dry-run needs --soundstage-target {LIVE}; the target is {target!r}")
    effort = namespace.soundstage_effort or ("live" if target == LIVE else "quick")
    return RunOptions(
        target=target,
        vendors=tuple(_vendor("--soundstage-vendor", name) for name in namespace.soundstage_vendor),
        budgets=read_budgets(namespace.soundstage_budget),
        inputs=read_inputs(namespace.soundstage_input),
        seed=seed if seed is not None else drawn if drawn is not None else random.SystemRandom().randrange(_SEEDS),
        seeded=seed is not None,
        dry_run=namespace.soundstage_dry_run,
        effort=cast("Effort", effort),
        record=_path(namespace.soundstage_record),
        evidence=_output("--soundstage-evidence", namespace.soundstage_evidence),
        report=_output("--soundstage-report", namespace.soundstage_report),
        strict=namespace.soundstage_strict,
    )


def read_target(text: str) -> str:
    """Parse the target of a run.

    Raises:
        OptionError: It is neither ``in-process`` nor ``live`` nor an address.
    """
    if text in {IN_PROCESS, LIVE} or text.startswith(("http://", "https://")):
        return text
    raise OptionError(f"--soundstage-target is {text!r}; allowed: {IN_PROCESS}, {LIVE}, or an http address")


def read_seed(text: str | None) -> int | None:
    """Parse a seed.

    Raises:
        OptionError: It is not a whole number from 0 to 2**32 - 1.
    """
    if text is None:
        return None
    if not (text.isascii() and text.isdigit() and int(text) < _SEEDS):
        raise OptionError(f"--soundstage-seed is {text!r}; allowed: a whole number from 0 to {_SEEDS - 1}")
    return int(text)


def read_budgets(texts: list[str]) -> dict[str, Budget]:
    """Parse budgets, each as ``VENDOR=AMOUNT`` or ``VENDOR=unknown-ok:N``; a vendor may have one of each.

    Raises:
        OptionError: A text has no known vendor, or no amount.
    """
    budgets: dict[str, Budget] = {}
    for text in texts:
        name, _, value = text.partition("=")
        vendor = _vendor("--soundstage-budget", name)
        budgets[vendor] = budgets.get(vendor, Budget()) | _budget(text, value)
    return budgets


def _budget(text: str, value: str) -> Budget:
    jobs = value.removeprefix(UNKNOWN_OK)
    if jobs != value and jobs.isascii() and jobs.isdigit():
        return Budget(unknown=int(jobs))
    try:
        amount = float(value)
    except ValueError:
        amount = -1.0
    if not 0 <= amount < float("inf"):
        allowed = f"VENDOR=AMOUNT with an amount from 0, or VENDOR={UNKNOWN_OK}N with a number of jobs"
        raise OptionError(f"--soundstage-budget is {text!r}; allowed: {allowed}")
    return Budget(amount=amount)


def read_inputs(texts: list[str]) -> dict[str, str]:
    """Parse inputs, each as ``NAME=VALUE``.

    Raises:
        OptionError: A text has no name or no value.
    """
    inputs: dict[str, str] = {}
    for text in texts:
        name, _, value = text.partition("=")
        if not name.isidentifier() or not value:
            raise OptionError(f"--soundstage-input is {text!r}; allowed: NAME=VALUE, such as image=https://...")
        inputs[name] = value
    return inputs


def _vendor(option: str, name: str) -> str:
    known = soundstage_vendors.slugs()
    try:
        return soundstage_vendors.find(name).slug
    except UnknownVendorError:
        raise OptionError(f"{option} names {name!r}; allowed: {', '.join(known)}") from None
    except VendorError as error:
        raise OptionError(f"{option}: {error}") from None


def _path(text: str | None) -> Path | None:
    return None if text is None else Path(text).absolute()


def _output(option: str, text: str | None) -> Path | None:
    """Return the path of a file that the run writes at its end, checked before it: a live run costs money.

    Raises:
        OptionError: It cannot be written.
    """
    path = _path(text)
    if path is None:
        return None
    place = next(each for each in (path.absolute(), *path.absolute().parents) if each.exists())
    if path.is_dir() or not os.access(place, os.W_OK) or (place != path.absolute() and not place.is_dir()):
        problem = "it is a folder" if path.is_dir() else f"{place} cannot be written"
        raise OptionError(f"{option} is {text!r}; allowed: a file that can be written ({problem})")
    return path
