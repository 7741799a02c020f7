"""Injected faults: what can go wrong in the network and the machines between a client and a vendor.

A `Fault` matches requests by vendor, account, method and path, a number of times, always or by chance. It replaces or
damages the response (a status, a late, malformed or mislabeled body, a redirect that leads nowhere), or breaks the
connection (a reset, no response, half a body). The faults of `CALLBACK_KINDS` match callbacks, and are kept with the
state of the world. A vendor's own refusals and failures are scenarios (`soundstage_server.model.scenarios`).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from random import Random
from typing import TYPE_CHECKING, Any, Final, Literal, NamedTuple, get_args

from soundstage_server.model.bounds import check_count, check_text, check_whole
from soundstage_server.model.clock import LATEST
from soundstage_server.model.scenarios import ACCOUNT

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator

RequestFaultKind = Literal[
    "status", "latency", "malformed", "content_type", "redirect", "expired",
    "reset_before", "reset_during", "reset_after", "hang", "truncate", "slow",
]  # fmt: skip
CallbackFaultKind = Literal[
    "callback_early", "callback_twice", "callback_reordered", "callback_late", "callback_lost", "callback_tampered",
]  # fmt: skip
FaultKind = Literal[RequestFaultKind, CallbackFaultKind]
CALLBACK_KINDS: Final[tuple[CallbackFaultKind, ...]] = get_args(CallbackFaultKind)
FAULT_KINDS: Final[tuple[FaultKind, ...]] = get_args(FaultKind)
FAULT_HEADER: Final = b"x-soundstage-fault"
"""The header of a response, or of a callback, that names its fault."""
FaultBody = Literal["empty", "html", "json"]
FAULT_BODIES: Final[tuple[FaultBody, ...]] = get_args(FaultBody)
STATUSES: Final = frozenset({408, 409, 425, 429, *range(500, 600)})

_TIMED: Final[tuple[FaultKind, ...]] = ("latency", "slow", "callback_late")
_OPTIONAL: Final = {"slow": ("seconds",)}
_METHODS: Final = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})


@dataclass(slots=True)
class Fault:
    """A fault between a client and a vendor.

    Attributes:
        kind: What goes wrong. `reset_before`: the connection is reset before any work is done. `reset_after`: the work
            is done, charged and journaled, and its response is lost. `hang`: no response until the client gives up.
            `callback_early`: the task ends at once, and its callback is sent before the response to its create call.
            `callback_twice`: two equal callbacks at the same moment. `callback_reordered`: sent after the account's
            next callback. `callback_lost`: never sent. `callback_tampered`: the body claims success, with files of
            another host.
        vendor: Match this vendor only.
        account: Match this account only (``acct_...``); it need not exist yet.
        method: Match this HTTP method only; not for callbacks.
        path: Match paths that contain this text only; the vendor's own path, without the slug; not for
            callbacks.
        times: How many matches are left; None is no limit.
        probability: The probability that a match has the fault.
        seed: The seed of that random draw; None takes the world's seed and the fault's id.
        status: For ``status``: 408, 409, 425, 429 or 5xx.
        retry_after: For ``status``: the seconds in the Retry-After header; None leaves it out.
        body: For ``status``: an empty body, a proxy's HTML page, or JSON in another shape than the vendor's.
        seconds: For ``latency``, ``slow`` and ``callback_late``: how late it is, in simulated seconds.
        done: For ``status`` and ``hang``: whether the work is done, so that a create call is paid and its response
            lost.
        id: Set when the fault is added to a world.
        used: How many requests, or callbacks, have had it.
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
    used: int = 0
    _chance: Random = field(default_factory=Random, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Check the fields.

        Raises:
            ValueError: A field has a value that is not allowed; the message names both.
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

    @property
    def is_callback(self) -> bool:
        """Whether it is a fault of callbacks."""
        return self.kind in CALLBACK_KINDS

    def _check_match(self) -> None:
        for name in ("method", "path"):
            if self.is_callback and getattr(self, name) is not None:
                raise ValueError(f"{name} matches requests; got {getattr(self, name)!r} for kind {self.kind!r}")
        if self.account is not None and not ACCOUNT.fullmatch(self.account):
            raise ValueError(f"account must be 'acct_' and 12 hexadecimal digits; got {self.account!r}")
        if self.method is not None and self.method not in _METHODS:
            raise ValueError(f"method must be one of {', '.join(sorted(_METHODS))}; got {self.method!r}")
        check_count("times", self.times)
        check_whole("seed", self.seed)
        for name in ("vendor", "path"):
            check_text(name, getattr(self, name))
        if not 0 < self.probability <= 1:
            raise ValueError(f"probability must be above 0, and at most 1; got {self.probability}")

    def register(self, number: int, seed: int) -> None:
        """Take the id *number* in a world with this *seed*."""
        self.id = number
        # Seeded by the id, so that two faults of one world do not draw the same sequence.
        self._chance = Random(f"{seed}:{number}" if self.seed is None else self.seed)

    def matches(self, target: FaultTarget) -> bool:
        """Return whether this fault applies to such a request."""
        return (
            self.vendor in (None, target.vendor)
            and self.method in (None, target.method)
            and (self.path is None or self.path in target.path)
            and (self.kind != "expired" or target.is_result)
            and (self.account is None or self.account == target.account)
        )

    def draw(self) -> bool:
        """Draw whether this match has the fault."""
        return self.probability == 1 or self._chance.random() < self.probability

    def as_dict(self) -> dict[str, Any]:
        """Return the fault as a JSON object."""
        return {name: getattr(self, name) for name in self.__slots__ if not name.startswith("_")}


class FaultTarget(NamedTuple):
    """What faults match a request by; *account* is the name of the account that it concerns, if that is known."""

    vendor: str
    method: str
    path: str
    account: str | None
    is_result: bool


class Faults:
    """The faults of a world; the oldest that matches wins.

    Attributes:
        active: The faults of requests.
        callbacks: The faults of callbacks.
    """

    def __init__(self) -> None:
        self.active: list[Fault] = []
        self.callbacks: list[Fault] = []
        self.given = 0

    def __iter__(self) -> Iterator[Fault]:
        """Iterate over the faults that still apply, the oldest first."""
        return iter(sorted([*self.active, *self.callbacks], key=lambda fault: fault.id))

    def add(self, fault: Fault, seed: int) -> Fault:
        """Add a fault, and return it with its id."""
        self.given += 1
        fault.register(self.given, seed)
        (self.callbacks if fault.is_callback else self.active).append(fault)
        return fault

    def restore_callbacks(self, faults: Iterable[Fault], given: int, seed: int) -> None:
        """Replace the faults of callbacks by *faults*, which have their ids, of a world that had *given* so many."""
        self.callbacks = list(faults)
        for fault in self.callbacks:
            fault.register(fault.id, seed)
        # The faults of requests stay, so that their numbers are not given again.
        self.given = max(self.given, given)

    def clear(self, number: int | None = None) -> int:
        """Remove the fault *number*, or all; return how many were removed."""
        before = len(self.active) + len(self.callbacks)
        self._keep(lambda fault: number is not None and fault.id != number)
        return before - len(self.active) - len(self.callbacks)

    def forget(self, account: str) -> None:
        """Remove the faults for *account* alone."""
        self._keep(lambda fault: fault.account != account)

    def take_match(self, target: FaultTarget) -> Fault | None:
        """Return the fault for a request, counted as used once more, or None."""
        return _take(self.active, lambda fault: fault.matches(target))

    def take_callback(self, vendor: str, account: str, kinds: Collection[str]) -> Fault | None:
        """Return the fault, of one of *kinds*, for a callback of *account*, counted as used once more, or None."""
        target = FaultTarget(vendor, "POST", "", account, is_result=False)
        return _take(self.callbacks, lambda fault: fault.kind in kinds and fault.matches(target))

    def _keep(self, test: Callable[[Fault], bool]) -> None:
        self.active, self.callbacks = list(filter(test, self.active)), list(filter(test, self.callbacks))


def _take(faults: list[Fault], matches: Callable[[Fault], bool]) -> Fault | None:
    """Return the first of *faults* that matches and is drawn, counted as used once more and removed after its last."""
    for fault in faults:
        # A fault that matches but is not drawn leaves the request to the next one.
        if matches(fault) and fault.draw():
            fault.used += 1
            if fault.times is not None:
                fault.times -= 1
                if fault.times == 0:
                    faults.remove(fault)
            return fault
    return None


def _only(value: object, name: str, kind: FaultKind, kinds: tuple[FaultKind, ...]) -> None:
    """Refuse a *value* that this kind does not take, and a missing one that it needs."""
    needed = kind in kinds and name not in _OPTIONAL.get(kind, ())
    if (value is not None and kind not in kinds) or (value is None and needed):
        wanted = " or ".join(repr(kind) for kind in kinds)
        raise ValueError(f"{name} is given with kind {wanted}, and only then; got kind={kind!r}, {name}={value!r}")
