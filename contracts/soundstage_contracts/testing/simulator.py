"""The simulator as one test sees it: the object of the fixture `simulator`."""

from __future__ import annotations

from difflib import get_close_matches
from functools import partial
from typing import TYPE_CHECKING, Any, Self

from soundstage_contracts.declarations.vendor import check_vendor
from soundstage_contracts.simulators.control import account_name
from soundstage_contracts.simulators.routes import routes_of
from soundstage_contracts.simulators.scoped_control import ScopedControl
from soundstage_contracts.testing.accounts import VendorAccount, recorded
from soundstage_contracts.testing.callbacks import Callbacks
from soundstage_contracts.testing.clock import SimulatedClock
from soundstage_contracts.testing.jobs import JobLog
from soundstage_contracts.testing.requests import RequestLog
from soundstage_contracts.testing.strict import check
from soundstage_contracts.testing.variables import SetsVariables, set_variables, variables

if TYPE_CHECKING:
    from collections import Counter
    from collections.abc import Callable

    from soundstage_contracts.testing.connection import SimulatorConnection
    from soundstage_contracts.testing.outside import OutsideConnections

__tracebackhide__ = True  # a test that fails here shows its own lines, and not those of this module


class Simulator:
    """The simulator as one test sees it: with accounts of its own, which exist from its start.

    Each vendor is an attribute, such as ``simulator.tomoviee``: the test's account with it, a `VendorAccount`. What is
    here concerns every account of the test.

    Args:
        connection: The simulator.
        outside: The count of connections to other machines.
        test: The name of the test.
        credential: The test's credential.
        closed: Called before the accounts are removed.

    Attributes:
        url: The simulator's address.
        test: The name of the test.
        credential: The test's own credential, for every vendor.
        vendors: The vendors' slugs.
        control: The simulator's control API. What the test sets there ends with the test.
        clock: The time of every account of the test.
        callbacks: The callbacks of every job of the test.

    A context manager: at its end, the test's accounts and everything that the test has set are removed.
    """

    # A misspelled name must not be set: ``simulator.balance = 0`` would leave the account as it was.
    __slots__ = (
        "_accounts",
        "_closed",
        "_connected_before",
        "_connection",
        "_credentials",
        "_doubles_before",
        "_first",
        "_first_of_all",
        "_known",
        "_outside",
        "callbacks",
        "clock",
        "control",
        "credential",
        "test",
        "url",
        "vendors",
    )

    def __init__(
        self,
        connection: SimulatorConnection,
        outside: OutsideConnections,
        test: str,
        credential: str,
        closed: Callable[[Simulator], None],
    ) -> None:
        self._connection = connection
        self._outside = outside
        self._closed = closed
        self._accounts: dict[tuple[str, str], VendorAccount] = {}
        self._known: set[str] = set()
        self._credentials = {credential}
        self.url = connection.url
        self.vendors = connection.vendors
        self.test = test
        self.credential = credential
        self.control = ScopedControl(connection.http, connection.url, self)
        self.clock = SimulatedClock(self.control.now, self.control.advance)
        self.callbacks = Callbacks(self.control, lambda: sorted(self._known))
        self._connected_before = outside.count()
        self._first_of_all = connection.sent()
        self._doubles_before = connection.doubles_without_owner()
        connection.owners.append(self)
        self._first = max((entry["number"] for entry in connection.unauthenticated()), default=0)

    def __getattr__(self, name: str) -> VendorAccount:
        """Return the test's account with the vendor *name*."""
        if not name.startswith("_") and name in self.vendors:
            return self.account(name)
        raise AttributeError(self._unknown(name), name=name, obj=self)

    def __dir__(self) -> list[str]:
        """Return every name, with those of the vendors."""
        return sorted({*super().__dir__(), *self.vendors})

    def __enter__(self) -> Self:
        """Return the simulator itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """Remove the test's accounts and everything that it has set."""
        self.close()

    def __repr__(self) -> str:
        """Return the simulator's address, the test, and what it has sent."""
        return f"<Simulator at {self.url} for {self.test}: {len(self.jobs)} jobs, {len(self.requests)} requests>"

    def close(self) -> None:
        """Remove the test's accounts and everything that it has set. Safe to call twice."""
        for callbacks in (self.callbacks, *(account.callbacks for account in self._accounts.values())):
            callbacks.close()
        self.control.close()
        self._closed(self)
        self.forget()
        if self in self._connection.owners:
            self._connection.owners.remove(self)

    def account(self, vendor: str, credential: str | None = None) -> VendorAccount:
        """Return the test's account with *vendor*, or the account of another *credential*, which ends with the test.

        Raises:
            ValueError: There is no such vendor; the text names the known ones.
        """
        key = (check_vendor(vendor), credential or self.credential)
        if key not in self._accounts:
            self._credentials.add(key[1])
            unauthenticated = self._unauthenticated if key[1] == self.credential else _none
            self._accounts[key] = VendorAccount(
                self._connection, self.control, *key, opened=partial(self.open, *key), unauthenticated=unauthenticated
            )
        return self._accounts[key]

    def client(self, vendor: str, credential: str | None = None, **options: Any) -> Any:
        """Return a sync client of *vendor* whose waits take no time; *options* are the client's own."""
        return self.account(vendor, credential).client(**options)

    def async_client(self, vendor: str, credential: str | None = None, **options: Any) -> Any:
        """Return an async client of *vendor* whose waits take no time; *options* are the client's own."""
        return self.account(vendor, credential).async_client(**options)

    @property
    def jobs(self) -> JobLog:
        """The jobs of every account so far, oldest first."""
        jobs = [job for account in self._used() for job in account.jobs]
        return JobLog(sorted(jobs, key=lambda job: job.created), "at every vendor")

    @property
    def requests(self) -> RequestLog:
        """The requests of every account so far, oldest first, without secrets; see `VendorAccount.requests`."""
        sent = {request.number: request for account in self._used() for request in account.requests}
        for entry in self._connection.unauthenticated(self._first):
            sent.setdefault(entry["number"], recorded(_vendor_of(entry), entry))
        routes = partial(routes_of, self._connection.http, self.url)
        return RequestLog([sent[number] for number in sorted(sent)], "at every vendor", self.vendors, routes)

    @property
    def requests_of_others(self) -> RequestLog:
        """The requests since the test's start whose credential is not the test's, and that no open test owns.

        A program that has read its credential before the test sends them. There are none where other processes share
        the simulator.
        """
        sent = [
            recorded(vendor, entry)
            for vendor, _, journal in self._connection.without_owner(self._first_of_all)
            for entry in journal
        ]
        routes = partial(routes_of, self._connection.http, self.url)
        ordered = sorted(sent, key=lambda each: each.number)
        return RequestLog(ordered, "with another credential", self.vendors, routes)

    def env(self, monkeypatch: SetsVariables | None = None) -> dict[str, str]:
        """Return the variables that direct a program to this simulator, and set them until the end of the test.

        They are those of ``soundstage env``, for every vendor, with the test's credential.

        Args:
            monkeypatch: pytest's; None sets nothing, for a program in another process.
        """
        return set_variables(variables(self.vendors, self.credential, self.url), monkeypatch)

    def verify(self, *, allow: tuple[str, ...] = ()) -> None:
        """Check now what a strict run checks at the end of a test.

        Args:
            allow: What is allowed: ``leak``, ``double``, ``unused``, ``unresolved``.

        Raises:
            StrictError: A connection has left the machine, a job was submitted twice, an order or a fault was not met,
                or a paid job was lost; the text has a line for each.
            ValueError: *allow* names another kind.
        """
        check(self, allow)

    def external_connections(self) -> Counter[str]:
        """Return the addresses of other machines that this process has connected to since the test's start."""
        return self._outside.count() - self._connected_before

    def doubles_of_others(self) -> list[dict[str, Any]]:
        """Return the double submissions since the test's start whose credential is not the test's.

        There are none where other processes share the simulator; see `requests_of_others`.
        """
        return [each for each in self._connection.doubles_without_owner() if each not in self._doubles_before]

    def accounts(self) -> list[dict[str, Any]]:
        """Return the test's accounts that exist, as the control API shows them."""
        return self.control.accounts(self._names())

    def forget(self, account: str | None = None) -> None:
        """Remove *account*, or every account of the test; an account is opened again when it is next used."""
        names = [each["account"] for each in self.accounts()] if account is None else [account]
        for name in names:
            self._connection.control.reset(name)
            self._known.discard(name)

    def open(self, vendor: str, credential: str | None = None) -> str:
        """Return the name of an account in the control API; the account exists from now on."""
        credential = credential or self.credential
        name = account_name(check_vendor(vendor), credential)
        if name not in self._known:
            self.control.open_account(vendor, credential)
            self._credentials.add(credential)
            self._known.add(name)
            if self.control.advanced:
                self.control.advance(self.control.advanced, name)
        return name

    def every_account(self) -> list[str]:
        """Return the names of the test's accounts with every vendor, and with every credential used; they exist."""
        for vendor in self.vendors:
            self.open(vendor)
        return sorted(self._known)

    def owns(self, account: str) -> bool:
        """Return whether *account* is one of the test's accounts."""
        return account in self._names()

    def _unauthenticated(self, vendor: str) -> list[dict[str, Any]]:
        return [each for each in self._connection.unauthenticated(self._first) if _vendor_of(each) == vendor]

    def _names(self) -> list[str]:
        return [account_name(vendor, credential) for credential in sorted(self._credentials) for vendor in self.vendors]

    def _used(self) -> list[VendorAccount]:
        """Return the accounts that exist: of clients, and of programs that use the test's credential."""
        exist = {each["account"] for each in self.accounts()}
        every = [(vendor, credential) for vendor in self.vendors for credential in sorted(self._credentials)]
        return [self.account(*one) for one in every if account_name(*one) in exist]

    def _unknown(self, name: str) -> str:
        known = [*self.vendors, *(each for each in vars(type(self)) if not each.startswith("_"))]
        if name in vars(VendorAccount):
            return f"{name!r} belongs to the account with a vendor: simulator.{self.vendors[0]}.{name}, for example"
        similar = get_close_matches(name, known, 1)
        hint = f", did you mean {similar[0]!r}?" if similar else "."
        return f"the simulator has no vendor {name!r}{hint} The vendors are {', '.join(self.vendors)}"


def _vendor_of(entry: dict[str, Any]) -> str:
    """Return the vendor of a journal's entry that belongs to no account: that of the fact that it was refused by."""
    return str(entry["fact"] or "").partition(":")[0]


def _none(_: str) -> list[dict[str, Any]]:
    return []
