"""A test's account with one vendor: its money, limits, jobs and requests, and what happens to them."""

from __future__ import annotations

from types import EllipsisType
from typing import TYPE_CHECKING, Any, Unpack

from soundstage import SkippingClock
from soundstage_contracts.declarations.operations import one_wire_name
from soundstage_contracts.declarations.vendor import contract_of
from soundstage_contracts.facts.loader import load_facts
from soundstage_contracts.simulators.control import ControlError
from soundstage_contracts.simulators.routes import routes_of
from soundstage_contracts.testing.callbacks import Callbacks
from soundstage_contracts.testing.clock import SimulatedClock
from soundstage_contracts.testing.jobs import JobLog, read_job
from soundstage_contracts.testing.placed import Fate, Placed, order_of
from soundstage_contracts.testing.requests import RecordedRequest, RequestLog
from soundstage_contracts.testing.variables import SetsVariables, set_variables, variables

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from soundstage_contracts.simulators.control import AccountBalance, Order
    from soundstage_contracts.simulators.scoped_control import Kind, ScopedControl
    from soundstage_contracts.testing.connection import SimulatorConnection

__tracebackhide__ = True  # a test that fails here shows its own lines, and not those of this module


class VendorAccount:
    """A test's account with one vendor. It exists before its first request, and ends with the test.

    Args:
        connection: The simulator.
        control: The test's control API.
        vendor: The vendor's slug.
        credential: What the account authenticates with.
        opened: Opens the account if it does not exist, and returns its name.
        unauthenticated: Returns the journal's requests to the vendor that belong to no account.

    Attributes:
        vendor: The vendor's slug.
        credential: What the account authenticates with; for a program, `env` has it in the vendor's own variables.
        base_url: The address that takes the place of ``https://<the vendor's host>``.
        clock: The account's time.
        callbacks: The callbacks of its jobs.
    """

    # A misspelled name must not be set: ``simulator.tomoviee.balanc = 0`` would leave the account as it was.
    __slots__ = (
        "_connection",
        "_control",
        "_opened",
        "_unauthenticated",
        "base_url",
        "callbacks",
        "clock",
        "credential",
        "vendor",
    )

    def __init__(
        self,
        connection: SimulatorConnection,
        control: ScopedControl,
        vendor: str,
        credential: str,
        *,
        opened: Callable[[], str],
        unauthenticated: Callable[[str], list[dict[str, Any]]],
    ) -> None:
        self._connection = connection
        self._control = control
        self._opened = opened
        self._unauthenticated = unauthenticated
        self.vendor = vendor
        self.credential = credential
        self.base_url = f"{connection.url}/{vendor}"
        self.clock = SimulatedClock(lambda: control.now(self.name), lambda seconds: control.advance(seconds, self.name))
        self.callbacks = Callbacks(control, lambda: [self.name])

    def __repr__(self) -> str:
        """Return the vendor, the balance and the numbers of jobs and requests."""
        money = self.money
        state = f"{money.available:g} {money.unit}, {len(self.jobs)} jobs, {len(self.requests)} requests"
        return f"<VendorAccount {self.vendor} {self.credential}: {state}>"

    @property
    def name(self) -> str:
        """The account's name in the control API (``acct_...``)."""
        return self._opened()

    @property
    def client_url(self) -> str:
        """The address that takes the place of the vendor's whole base address, its path included."""
        return load_facts(self.vendor).vendors[self.vendor].base_url_at(self._connection.url)

    @property
    def balance(self) -> float:
        """What the account can spend, in the vendor's unit (credits, or US dollars); it can be set."""
        return self.money.available

    @balance.setter
    def balance(self, available: float) -> None:
        if isinstance(available, bool) or not isinstance(available, int | float):
            raise TypeError(f"balance is {available!r}; allowed: a number of the vendor's unit, from 0")
        self._control.set_balance(self.vendor, self.name, available)

    @property
    def spent(self) -> float:
        """What the account has spent, in the vendor's unit; what unfinished jobs have reserved is not spent yet."""
        return self.money.spent

    @property
    def money(self) -> AccountBalance:
        """What is available, reserved, spent and granted, the unit, and every ledger entry."""
        return self._control.money(self.vendor, self.name)

    def limit(self, *, at_once: int | EllipsisType | None = ..., per_minute: int | EllipsisType | None = ...) -> None:
        """Limit the account; None removes a limit, one that is left out stays.

        Args:
            at_once: Unfinished jobs at once.
            per_minute: Requests per minute of the account's own time.

        Raises:
            ControlError: A limit is not a whole number from 1.
        """
        given = {"at_once": at_once, "per_minute": per_minute}
        limits = {name: value for name, value in given.items() if not isinstance(value, EllipsisType)}
        self._control.limit(self.name, **limits)

    @property
    def jobs(self) -> JobLog:
        """The jobs so far, oldest first."""
        return JobLog(map(read_job, self._control.tasks(self.name)), f"at {self.vendor}")

    @property
    def requests(self) -> RequestLog:
        """The requests so far, oldest first, without secrets; with those of a wrong route or without a credential."""
        journal = [*self._control.requests(self.name), *self._unauthenticated(self.vendor)]
        sent = [recorded(self.vendor, entry) for entry in sorted(journal, key=lambda entry: int(entry["number"]))]
        return RequestLog(sent, f"at {self.vendor}", (self.vendor,), self._routes)

    def next_job(self, operation: str | None = None, *, contains: str | None = None, **fate: Unpack[Fate]) -> Placed:
        """Decide what becomes of the next job: ``next_job(fails=True)``, ``next_job("text_to_video", slow=True)``.

        Args:
            operation: The next job of this kind: a method of the client, or the vendor's own name.
            contains: The next job whose prompt has this text.
            **fate: One of ``fails``, ``blocked``, ``blocked_later``, ``times_out``, ``canceled``, ``slow`` and
                ``never_ends`` with True, or ``refused`` with a code of the vendor; see `Fate`.

        Raises:
            TypeError: No fate is given, or more than one, or one that does not exist.
            ValueError: The vendor has no such operation.
            ControlError: The vendor has no such code.
        """
        return self._order(times=1, operation=operation, contains=contains, **order_of(fate, operation))

    def every_job(self, operation: str | None = None, *, contains: str | None = None, **fate: Unpack[Fate]) -> Placed:
        """Decide what becomes of every further job; the arguments are those of `next_job`."""
        return self._order(operation=operation, contains=contains, **order_of(fate, operation))

    def order(self, then: Order, **which: Any) -> Placed:
        """Place a scenario order, as the control API takes it: ``times``, ``operation``, ``contains``, ``code``."""
        return self._order(then=then, **which)

    def fault(self, kind: str | int, **which: Any) -> Placed:
        """Inject a fault between the account and the vendor, until it is used up, removed, or the test ends.

        Args:
            kind: An HTTP status such as 503, or ``reset_before``, ``reset_after``, ``hang``, ``truncate``,
                ``latency`` (with ``seconds``), ``malformed`` and the others of the control API.
            **which: ``times``, ``method`` and ``path`` limit the fault; the others are options of the kind.

        Raises:
            ControlError: There is no such kind, or an option does not fit it; the text names those that do.
        """
        options = {"kind": "status", "status": kind} if isinstance(kind, int) else {"kind": kind}
        number = self._control.fault(**{"vendor": self.vendor, "account": self.name, **options, **which})
        return self._placed("fault", number)

    def client(self, **options: Any) -> Any:
        """Return a sync client of the account whose waits take no time; *options* are the client's own."""
        contract = contract_of(self.vendor)
        return contract.client(**self._arguments({"http": self._connection.http, **options}))

    def async_client(self, **options: Any) -> Any:
        """Return an async client of the account whose waits take no time; *options* are the client's own."""
        contract = contract_of(self.vendor)
        http = {} if "http" in options else {"http": self._connection.async_http()}
        return contract.async_client(**self._arguments({**http, **options}))

    def env(self, monkeypatch: SetsVariables | None = None) -> dict[str, str]:
        """Return the variables that direct a program to this account, and set them until the end of the test.

        Args:
            monkeypatch: pytest's; None sets nothing, for a program in another process.
        """
        return set_variables(variables((self.vendor,), self.credential, self._connection.url), monkeypatch)

    def _order(self, **which: Any) -> Placed:
        wire_name = one_wire_name(self.vendor, which.pop("operation", None))
        number = self._control.order(**{"vendor": self.vendor, "account": self.name, "operation": wire_name, **which})
        return self._placed("order", number)

    def _placed(self, kind: Kind, number: int) -> Placed:
        placed = self._control.placed(kind, number)
        if placed is None:
            raise ControlError(f"{kind} {number} was used up at once, by a program that is running")
        return Placed(self._control, kind, placed)

    def _routes(self, vendor: str) -> Any:
        return routes_of(self._connection.http, self._connection.url, vendor)

    def _arguments(self, options: Mapping[str, Any]) -> dict[str, Any]:
        contract = contract_of(self.vendor)
        base_url = options.get("base_url", self.client_url)
        given = {"clock": SkippingClock(), "base_url": base_url, **options}
        return {**contract.credentials(self.credential), **contract.options(base_url), **given}


def recorded(vendor: str, entry: Mapping[str, Any]) -> RecordedRequest:
    """Return an entry of the control API's journal as a request."""
    return RecordedRequest(
        vendor=vendor,
        number=entry["number"],
        method=entry["method"],
        path=entry["path"],
        query=entry["query"],
        headers=entry["headers"],
        body=entry["body"],
        status=entry["status"] or None,
        response=entry["answer"],
        fact=entry["fact"],
        fault=entry["fault"],
        at=entry["at"],
    )
