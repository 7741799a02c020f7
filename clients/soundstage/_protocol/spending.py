"""What one client spends: the price of a job is counted before its request is sent, and compared with the limit."""

from __future__ import annotations

import logging
from contextlib import suppress
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any, TypeAlias, TypeVar

from soundstage import errors
from soundstage._values.messages import Effect, Flow, Quote, run
from soundstage._values.spending import Ceiling, CeilingReached

if TYPE_CHECKING:
    from collections.abc import Callable

    from soundstage._protocol.spend_limit import SpendLimit
    from soundstage._values.profile import VendorProfile
    from soundstage._values.spending import SpendLedger
    from soundstage._values.state import StartedJob

    Price: TypeAlias = Callable[[], Flow[Decimal]]

T = TypeVar("T")
logger = logging.getLogger("soundstage")


@dataclass(frozen=True, slots=True)
class Spent:
    """What a client's spend limit has counted.

    Attributes:
        total: In all.
        today: Since the day began.
        unit: The vendor's unit.
    """

    total: Decimal
    today: Decimal
    unit: str


class Spending:
    """Counts the submissions of one client against its `SpendLimit`, if it has one."""

    def __init__(self, profile: VendorProfile, limit: SpendLimit | None, store: SpendLedger | None = None) -> None:
        """Take the limit.

        Args:
            profile: The vendor's profile.
            limit: The limit, or None to count nothing.
            store: Where it is counted, so that other processes keep it, too; None counts in the limit itself.
        """
        self._profile = profile
        self._limit = limit
        self._blocks = store is not None
        self._ledger: SpendLedger | None = store or (None if limit is None else limit.ledger)
        self._scope = "" if limit is None else f"{profile.slug}:{limit.name}"

    def charged(self, operation: str, price: Price, start: Callable[[], Flow[StartedJob]]) -> Flow[StartedJob]:
        """Run the flow that *start* returns, within the limit.

        Args:
            operation: The method that was called.
            price: Returns the price of the job, or raises `UnsupportedError` where no document states it.
            start: Starts the job.

        Raises:
            SpendLimitExceeded: The job would exceed the limit; nothing was sent.
            UnsupportedError: The price is unknown, and `assume` does not have one; nothing was sent.
        """
        limit, ledger = self._limit, self._ledger
        if limit is None or ledger is None:
            return (yield from start())
        asked = yield from self._price(limit, operation, price)
        reservation = yield from self._reserve(limit, ledger, asked)
        # Only a certain refusal gives the amount back. After anything else, also an interruption, something may have
        # been charged, and an amount that is counted in vain is the smaller mistake.
        try:
            started = yield from start()
        except errors.SubmitOutcomeUnknown:
            raise
        except errors.SoundstageError:
            yield from self._call(lambda: self._settle(ledger, reservation, Decimal(0)))
            raise
        cost = started.snapshot.cost
        if cost is not None and cost >= 0 and Decimal(repr(cost)) != asked:
            # Not in a thread: a task that is canceled while it waits for one would lose the job that it has paid for.
            self._settle(ledger, reservation, Decimal(repr(cost)))
        return started

    def free(self) -> Flow[None]:
        """State that the request that follows costs nothing."""
        yield Quote(lambda: known(Decimal(0)))

    def spent(self) -> Flow[Spent]:
        """Return what the limit has counted.

        Raises:
            UnsupportedError: The client has no limit, so that nothing is counted.
        """
        limit, ledger = self._limit, self._ledger
        if limit is None or ledger is None:
            message = "spending is counted with a spend_limit only"
            raise errors.UnsupportedError(message, vendor=self._profile.slug)
        total = yield from self._call(lambda: ledger.spent(self._scope))
        today = yield from self._call(lambda: ledger.spent(self._scope, limit.day(limit.now())))
        return Spent(total, today, self._profile.unit)

    def _price(self, limit: SpendLimit, operation: str, price: Price) -> Flow[Decimal]:
        try:
            return (yield from price())
        except errors.UnsupportedError as unknown:
            if operation in limit.assume:
                return limit.assume[operation]
            message = f"{unknown.message}; SpendLimit(assume={{{operation!r}: ...}}) allows it at a price of your own"
            raise errors.UnsupportedError(message, vendor=self._profile.slug) from None

    def _reserve(self, limit: SpendLimit, ledger: SpendLedger, asked: Decimal) -> Flow[str]:
        if limit.per_job is not None and asked > limit.per_job:
            raise self._exceeded(Ceiling("per_job", limit.per_job), asked, Decimal(0))
        at = limit.now()  # once, so that the day that is checked is the one that the amount is counted in
        try:
            return (yield from self._call(lambda: ledger.reserve(self._scope, asked, at, limit.ceilings(at))))
        except CeilingReached as reached:
            raise self._exceeded(reached.ceiling, asked, reached.spent) from None

    def _exceeded(self, ceiling: Ceiling, asked: Decimal, spent: Decimal) -> errors.SpendLimitExceeded:
        unit, name = self._profile.unit, ceiling.name
        counted = f", of which {spent:f} are spent" if name != "per_job" else ""
        message = f"this would cost {asked:f} {unit}, and the limit {name} is {ceiling.limit:f}{counted}"
        return errors.SpendLimitExceeded(
            f"{message}; nothing was sent",
            vendor=self._profile.slug,
            period=name,
            limit=ceiling.limit,
            asked=asked,
            spent=spent,
            unit=unit,
        )

    def _settle(self, ledger: SpendLedger, reservation: str, amount: Decimal) -> None:
        # Never raises: it would replace a refusal, or lose a job that was just paid for. The amount stays counted then.
        try:
            ledger.settle(reservation, amount)
        except Exception as error:  # noqa: BLE001 - a store may raise anything
            with suppress(Exception):
                logger.warning("%s: the spending could not be updated (%s)", self._profile.slug, type(error).__name__)

    def _call(self, call: Callable[[], T]) -> Flow[T]:
        """Use the ledger, in a thread where that waits for a disk or a network."""
        if self._blocks:
            return (yield from run(call))
        return call()


def known(price: Decimal) -> Flow[Decimal]:
    """Return a price that needs no request."""
    yield from ()
    return price


def unknown(profile: VendorProfile, operation: str, why: str = "") -> Flow[Decimal]:
    """Refuse to state a price.

    Raises:
        UnsupportedError: Always.
    """
    yield from ()
    reason = why or "no document states it"
    raise errors.UnsupportedError(f"the price of {operation} is unknown ({reason})", vendor=profile.slug)


def quoted(flow: Flow[Any]) -> Flow[Decimal]:
    """Run *flow* up to the price of its paid request, and return the price; the request is not sent."""
    step: Callable[[Any], Effect] = flow.send
    value: Any = None
    try:
        while True:
            effect = step(value)
            if isinstance(effect, Quote):
                return (yield from effect.price())
            try:
                step, value = flow.send, (yield effect)
            except Exception as error:  # noqa: BLE001 - the flow decides what an error of an effect means
                step, value = flow.throw, error
    finally:
        flow.close()
