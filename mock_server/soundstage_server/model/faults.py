"""Faults: what the network and the machines between a program and a vendor do wrong, planted on purpose.

A `Fault` matches requests by vendor, account, method and path, a number of times, always or by chance, and breaks the
transport of each: by its answer (a status, a late, malformed or mislabelled body, a redirect that leads nowhere) or
below HTTP (a reset, silence, half a body). Vendors' own refusals and failures are `soundstage_server.model.scenarios`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from random import Random
from typing import Any, Final, Literal, NamedTuple, get_args

from soundstage_server.model.clock import LATEST
from soundstage_server.model.scenarios import ACCOUNT

FaultKind = Literal[
    "status", "latency", "malformed", "content_type", "redirect", "expired",
    "reset_before", "reset_during", "reset_after", "hang", "truncate", "slow",
]  # fmt: skip
FAULT_KINDS: Final[tuple[FaultKind, ...]] = get_args(FaultKind)
FaultBody = Literal["empty", "html", "json"]
FAULT_BODIES: Final[tuple[FaultBody, ...]] = get_args(FaultBody)
STATUSES: Final = frozenset({408, 409, 425, 429, *range(500, 600)})

_TIMED: Final[tuple[FaultKind, ...]] = ("latency", "slow")
_OPTIONAL: Final = {"slow": ("seconds",)}
_METHODS: Final = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})


@dataclass(slots=True)
class Fault:
    """Something that goes wrong between a caller and a vendor.

    Attributes:
        kind: What goes wrong. `reset_before`: the connection is reset and nothing was done. `reset_after`: the work is
            done, charged and journalled, and its answer is lost. `hang`: no answer until the caller gives up.
        vendor: Match this vendor only.
        account: Match this account only (``acct_...``); it need not have called yet.
        method: Match this HTTP method only.
        path: Match paths that contain this text only; the vendor's own path, without the slug.
        times: How many matches are left; None is for ever.
        probability: The chance that a match is struck.
        seed: What chance is drawn from; None takes the world's seed and the fault's id.
        status: For ``status``: 408, 409, 425, 429 or 5xx.
        retry_after: For ``status``: the seconds in the Retry-After header; None leaves it out.
        body: For ``status``: an empty body, a page as a proxy shows it, or JSON that is not the vendor's.
        seconds: For ``latency`` and ``slow``: how late the answer is, in simulated seconds.
        done: For ``status`` and ``hang``: whether the work is done, so that a paid create is a ghost.
        id: Set when the world takes the fault.
    """

    kind: FaultKind
    vendor: str | None = None
    account: str | None = None
    method: str | None = None
    path: str | None = None
    times: int | None = None
    probability: float = 1.0
    seed: int | None = None
    status: int | None = None
    retry_after: float | None = None
    body: FaultBody = "empty"
    seconds: float | None = None
    done: bool = False
    id: int = 0
    _chance: Random = field(default_factory=Random, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Refuse a fault that could never strike, or strike as it says.

        Raises:
            ValueError: A field has a value that is not allowed; the text names both.
        """
        kind = self.kind
        if kind not in FAULT_KINDS:
            raise ValueError(f"kind must be one of {', '.join(FAULT_KINDS)}; got {kind!r}")
        if self.body not in FAULT_BODIES:
            raise ValueError(f"body must be one of {', '.join(FAULT_BODIES)}; got {self.body!r}")
        _only(self.status, "status", kind, ("status",))
        _only(self.seconds, "seconds", kind, _TIMED)
        if kind != "status" and (self.retry_after is not None or self.body != "empty"):
            raise ValueError(f"retry_after and body are given with kind 'status', and only then; got kind={kind!r}")
        if self.done and kind not in ("status", "hang"):
            raise ValueError(f"done is given with kind 'status' or 'hang', and only then; got kind={kind!r}")
        if self.status is not None and self.status not in STATUSES:
            raise ValueError(f"status must be 408, 409, 425, 429 or from 500 to 599; got {self.status}")
        self._check_match()
        for name in ("seconds", "retry_after"):
            value = getattr(self, name)
            if value is not None and not 0 <= value <= LATEST:
                raise ValueError(f"{name} must be 0 or more, and finite; got {value}")

    def _check_match(self) -> None:
        if self.account is not None and not ACCOUNT.fullmatch(self.account):
            raise ValueError(f"account must be 'acct_' and 12 hexadecimal digits; got {self.account!r}")
        if self.method is not None and self.method not in _METHODS:
            raise ValueError(f"method must be one of {', '.join(sorted(_METHODS))}; got {self.method!r}")
        if self.times is not None and self.times < 1:
            raise ValueError(f"times must be 1 or more; got {self.times}")
        if not 0 < self.probability <= 1:
            raise ValueError(f"probability must be above 0, and at most 1; got {self.probability}")

    def register(self, number: int, seed: int) -> None:
        """Become the fault *number* of a world with this *seed*."""
        self.id = number
        self._chance = Random(f"{seed}:{number}" if self.seed is None else self.seed)

    def matches(self, target: FaultTarget) -> bool:
        """Return whether this fault is for such a request."""
        return (
            self.vendor in (None, target.vendor)
            and self.method in (None, target.method)
            and (self.path is None or self.path in target.path)
            and (self.kind != "expired" or target.is_result)
            and (self.account is None or self.account == target.account)
        )

    def draw(self) -> bool:
        """Return whether chance lets this match be struck."""
        return self.probability == 1 or self._chance.random() < self.probability

    def as_dict(self) -> dict[str, Any]:
        """Return the fault as JSON has it."""
        return {name: getattr(self, name) for name in self.__slots__ if not name.startswith("_")}


class FaultTarget(NamedTuple):
    """A request, as faults see it: *account* is the name of whom it concerns, if that can be told."""

    vendor: str
    method: str
    path: str
    account: str | None
    is_result: bool


class Faults:
    """The faults that are planted in a world, first come, first served."""

    def __init__(self) -> None:
        self.active: list[Fault] = []
        self._given = 0

    def add(self, fault: Fault, seed: int) -> Fault:
        """Plant a fault, and return it with its id."""
        self._given += 1
        fault.register(self._given, seed)
        self.active.append(fault)
        return fault

    def clear(self, number: int | None = None) -> int:
        """Remove the fault *number*, or all; return how many went."""
        kept = [] if number is None else [fault for fault in self.active if fault.id != number]
        gone = len(self.active) - len(kept)
        self.active = kept
        return gone

    def take_match(self, target: FaultTarget) -> Fault | None:
        """Return the fault that strikes a request, used once more, or None."""
        for fault in self.active:
            if fault.matches(target) and fault.draw():
                if fault.times is not None:
                    fault.times -= 1
                    if fault.times == 0:
                        self.active.remove(fault)
                return fault
        return None


def _only(value: object, name: str, kind: FaultKind, kinds: tuple[FaultKind, ...]) -> None:
    """Refuse a *value* that this kind does not take, and its absence where there is nothing without it."""
    needed = kind in kinds and name not in _OPTIONAL.get(kind, ())
    if (value is not None and kind not in kinds) or (value is None and needed):
        wanted = " or ".join(repr(kind) for kind in kinds)
        raise ValueError(f"{name} is given with kind {wanted}, and only then; got kind={kind!r}, {name}={value!r}")
