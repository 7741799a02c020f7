"""The simulator of a test session, the view of it that each test gets, and the usage summary at the end."""

from __future__ import annotations

import hashlib
import itertools
import json
import sys
from collections import Counter
from contextlib import ExitStack
from dataclasses import dataclass, field
from functools import partial
from ipaddress import ip_address
from typing import TYPE_CHECKING, Any, Final, Self
from urllib.parse import urlsplit

import httpx

from soundstage import SkippingClock
from soundstage_contracts.declarations.vendor import check_vendor, contract_of
from soundstage_contracts.facts.loader import load_facts
from soundstage_contracts.simulators.control import AccountBalance, Control, account_name
from soundstage_contracts.simulators.scoped_control import ScopedControl
from soundstage_contracts.simulators.target import FIRST_TIME, IN_PROCESS, check_reachable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from soundstage_contracts.declarations.vendor import VendorContract
    from soundstage_contracts.simulators.control import Order

_INTERNET: Final = 2  # an address of the internet families has a host and a port at least
_TIMEOUT: Final = 60


@dataclass
class UsageSummary:
    """What a run would have cost, double submissions, and connections to other machines."""

    spent: Counter[str] = field(default_factory=Counter)
    double_submissions: list[str] = field(default_factory=list)
    external_connections: Counter[str] = field(default_factory=Counter)

    def __add__(self, other: UsageSummary) -> UsageSummary:
        """Return the sum of both."""
        return UsageSummary(
            self.spent + other.spent,
            self.double_submissions + other.double_submissions,
            self.external_connections + other.external_connections,
        )

    def lines(self) -> list[str]:
        """Return the summary as lines of text."""
        costs = ", ".join(f"{amount:g} {unit}" for unit, amount in sorted(self.spent.items())) or "nothing"
        lines = [f"would have been spent: {costs}"]
        lines.append(f"double submissions: {len(self.double_submissions) or 'none'}")
        lines += [f"  {double}" for double in self.double_submissions]
        lines.append(f"requests that left the machine: {sum(self.external_connections.values()) or 'none'}")
        lines += [f"  {address}: {count}" for address, count in sorted(self.external_connections.items())]
        return lines

    def to_json(self) -> str:
        """Return the summary as JSON that a worker can send."""
        return json.dumps([self.spent, self.double_submissions, self.external_connections])

    @classmethod
    def from_json(cls, text: str) -> UsageSummary:
        """Return the summary that `to_json` wrote."""
        spent, double_submissions, external_connections = json.loads(text)
        return cls(Counter(spent), double_submissions, Counter(external_connections))


class Soundstage:
    """The simulator as one test sees it: with accounts of its own, which exist from its start.

    Args:
        session: The simulator.
        test: The name of the test.
        credential: The test's credential.

    Attributes:
        url: The simulator's address.
        test: The name of the test.
        credential: The test's own credential, for every vendor.
        control: The simulator's control API. What the test sets there ends with the test.

    A context manager: at its end, the test's accounts and everything that the test has set are removed.
    """

    def __init__(self, session: SimulatorSession, test: str, credential: str) -> None:
        self._session = session
        self._credentials = {credential}
        self._known: set[str] = set()
        self.url = session.url
        self.test = test
        self.credential = credential
        self.control = ScopedControl(session.http, session.url, self)
        self._connected_before = session.external_connections()

    def __enter__(self) -> Self:
        """Return the view itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """Remove the test's accounts and everything that it has set."""
        self.close()

    def __repr__(self) -> str:
        """Return the simulator's address and the test."""
        return f"<Soundstage at {self.url} for {self.test}>"

    def close(self) -> None:
        """Remove the test's accounts and everything that it has set. Safe to call twice."""
        self.control.close()
        self._session.count_usage(self)
        self.forget()

    def forget(self, account: str | None = None) -> None:
        """Remove *account*, or every account of the test; an account is opened again when it is next used."""
        names = [each["account"] for each in self.accounts()] if account is None else [account]
        for name in names:
            self._session.control.reset(name)
            self._known.discard(name)

    def base_url(self, vendor: str) -> str:
        """Return the address that takes the place of ``https://<the vendor's host>``."""
        return f"{self.url}/{check_vendor(vendor)}"

    def client_url(self, vendor: str) -> str:
        """Return the address that takes the place of the vendor's whole base address, its path included."""
        return load_facts(check_vendor(vendor)).vendors[vendor].base_url_at(self.url)

    def account(self, vendor: str, credential: str | None = None) -> str:
        """Return the name of the test's account with *vendor* in the control API (``acct_...``); the account exists."""
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
        for vendor in self._session.vendors:
            self.account(vendor)
        return sorted(self._known)

    def owns(self, account: str) -> bool:
        """Return whether *account* is one of the test's accounts."""
        return account in self._names()

    def accounts(self) -> list[dict[str, Any]]:
        """Return the test's accounts that exist; see `Control.accounts`."""
        return self.control.accounts(self._names())

    def external_connections(self) -> Counter[str]:
        """Return the addresses of other machines that this process has connected to since the test's start."""
        return self._session.external_connections() - self._connected_before

    def client(self, vendor: str, credential: str | None = None, **options: Any) -> Any:
        """Return a sync client of *vendor* whose waits take no time; *options* are the client's own."""
        contract = contract_of(vendor)
        if "http" not in options:
            options["http"] = self._session.http
        return contract.client(**self._arguments(contract, credential, options))

    def async_client(self, vendor: str, credential: str | None = None, **options: Any) -> Any:
        """Return an async client of *vendor* whose waits take no time; *options* are the client's own."""
        contract = contract_of(vendor)
        if "http" not in options:
            options["http"] = self._session.async_http()
        return contract.async_client(**self._arguments(contract, credential, options))

    def advance(self, seconds: float, vendor: str | None = None) -> None:
        """Advance the clock of the test's account with *vendor*, or of all of the test's accounts, by *seconds*."""
        self.control.advance(seconds, self.account(vendor) if vendor else None)

    def now(self, vendor: str) -> float:
        """Return the time of the test's account with *vendor*, in seconds since 1970."""
        return self.control.now(self.account(vendor))

    def money(self, vendor: str) -> AccountBalance:
        """Return the balance of the test's account with *vendor*."""
        return self.control.money(vendor, self.account(vendor))

    def set_balance(self, vendor: str, available: float) -> None:
        """Set the available balance of the test's account with *vendor*, in whole units."""
        self.control.set_balance(vendor, self.account(vendor), available)

    def limit(self, vendor: str, **limits: int | None) -> None:
        """Limit the test's account with *vendor*: ``at_once`` unfinished tasks, requests ``per_minute``."""
        self.control.limit(self.account(vendor), **limits)

    def order(self, vendor: str, then: Order, **which: Any) -> int:
        """Place a scenario order for the next tasks of the test's account with *vendor*; see `Control.order`."""
        return self.control.order(then, **{"vendor": vendor, "account": self.account(vendor), **which})

    def fault(self, vendor: str, kind: str, **which: Any) -> int:
        """Inject a fault between the test's account and *vendor*; see `Control.fault`."""
        return self.control.fault(kind, **{"vendor": vendor, "account": self.account(vendor), **which})

    def tasks(self, vendor: str) -> list[dict[str, Any]]:
        """Return the tasks of the test's account with *vendor*."""
        return self.control.tasks(self.account(vendor))

    def requests(self, vendor: str) -> list[dict[str, Any]]:
        """Return the journal of the test's account with *vendor*, secrets redacted."""
        return self.control.requests(self.account(vendor))

    def _names(self) -> list[str]:
        return [
            account_name(vendor, credential)
            for credential in sorted(self._credentials)
            for vendor in self._session.vendors
        ]

    def _arguments(self, contract: VendorContract, credential: str | None, options: dict[str, Any]) -> dict[str, Any]:
        self._credentials.add(credential or self.credential)
        options.setdefault("clock", SkippingClock())
        base_url = options.setdefault("base_url", self.client_url(contract.slug))
        return {**contract.credentials(credential or self.credential), **contract.options(base_url), **options}


class SimulatorSession:
    """One simulator for a whole test session, and a count of connections to other machines.

    Args:
        where: ``in-process`` starts a simulator on a free port of this machine; an address uses a running one.
        seed: The seed of a simulator that is started here, and of the tests' credentials: equal seeds and equal names
            of tests give equal ids, times and media.
        worker: The name of this process, where several processes run the same tests on one simulator.

    Raises:
        TargetError: There is no simulator at that address.
    """

    def __init__(self, where: str = IN_PROCESS, *, seed: int = 0, worker: str = "") -> None:
        self._opened = ExitStack()
        self._seed = seed
        self._worker = worker
        self._shared = where != IN_PROCESS
        if self._shared:
            self._connect(where)
        else:
            self._serve(seed)
        self.http = self._opened.enter_context(self._http())
        self.control = Control(self.http, self.url)
        check_reachable(self.control, self.url, self._opened.close)
        self.vendors = tuple(self.control.health()["vendors"])
        self._views: list[Soundstage] = []
        self._counted = UsageSummary()
        self._external_connections: Counter[str] = Counter()
        self._watching = True
        sys.addaudithook(self._watch)

    def _serve(self, seed: int) -> None:
        from soundstage_server import Clock, InProcess, Server, World

        clock = Clock("auto")
        clock.restore("auto", 1.0, FIRST_TIME)
        world = self._opened.enter_context(World(clock=clock, media="small", seed=seed))
        self.url = self._opened.enter_context(Server(world)).url
        # The fixtures' clients reach the world without a socket: a test may replace the network by a mock of its own.
        direct = self._opened.enter_context(InProcess(world))
        self._http: Callable[[], httpx.Client] = partial(direct.client, timeout=_TIMEOUT)
        self.async_http: Callable[[], httpx.AsyncClient] = partial(direct.async_client, timeout=_TIMEOUT)

    def _connect(self, where: str) -> None:
        self.url = where.rstrip("/")
        # No keep-alive: a test's event loop ends before its fixtures do. No proxy for a simulator on this machine.
        wiring: dict[str, Any] = {
            "limits": httpx.Limits(max_keepalive_connections=0),
            "timeout": _TIMEOUT,
            "trust_env": not is_local_host(urlsplit(self.url).hostname or ""),
        }
        self._http = partial(httpx.Client, **wiring)
        self.async_http = partial(httpx.AsyncClient, **wiring)

    def __enter__(self) -> Self:
        """Return the session itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """Stop the simulator and the count of connections."""
        self._watching = False
        with self._opened:
            for view in tuple(self._views):
                view.close()

    def for_test(self, test: str) -> Soundstage:
        """Return the simulator with accounts that only the test *test* uses; the caller closes it."""
        # No number of the process and no count of tests: the credential repeats in every order and layout of workers.
        taken = {view.credential for view in self._views}
        drawn = (self._credential(test, number) for number in itertools.count())
        view = Soundstage(self, test, next(credential for credential in drawn if credential not in taken))
        if self._shared:
            view.forget()  # what an earlier run with this seed has left, which was killed
        self._views.append(view)
        return view

    def _credential(self, test: str, number: int) -> str:
        text = f"{self._seed}:{self._worker}:{test}:{number}"
        return f"test-{hashlib.sha256(text.encode('utf-8', 'surrogatepass')).hexdigest()[:16]}"

    def external_connections(self) -> Counter[str]:
        """Return how often this process has connected to each address of another machine."""
        return Counter(self._external_connections)

    def usage(self) -> UsageSummary:
        """Return what the run has cost so far."""
        total = self._counted + UsageSummary(external_connections=self._external_connections)
        for view in self._views:
            total += usage_of(view.accounts())
        return total

    def count_usage(self, view: Soundstage) -> None:
        """Count what *view* has cost, whose accounts are about to be removed."""
        if view in self._views:
            self._counted += usage_of(view.accounts())
            self._views.remove(view)

    def _watch(self, event: str, arguments: tuple[Any, ...]) -> None:
        """Count connections to other machines. An audit hook cannot be removed, so it is switched off instead."""
        if not self._watching or event != "socket.connect":
            return
        address = arguments[1]
        # Anything but a tuple, such as the path of a Unix socket, stays on this machine.
        if isinstance(address, tuple) and len(address) >= _INTERNET and not is_local_host(str(address[0])):
            self._external_connections[f"{address[0]}:{address[1]}"] += 1


def usage_of(accounts: Iterable[dict[str, Any]]) -> UsageSummary:
    """Return what *accounts* of the control API have cost."""
    usage = UsageSummary()
    for account in accounts:
        if account["spent"] or account["reserved"]:
            # What is reserved counts: a service would charge these jobs when they succeed.
            usage.spent[account["unit"]] += account["spent"] + account["reserved"]
        usage.double_submissions += [
            f"{account['vendor']} {double['operation']}: {double['first']} and {double['second']}, "
            f"{double['seconds_apart']:.0f} s apart"
            for double in account["double_submissions"]
        ]
    return usage


def is_local_host(host: str) -> bool:
    """Return whether a connection to *host*, a name or an address, stays on this machine."""
    try:
        address = ip_address(host.partition("%")[0])
    except ValueError:
        return host == "localhost"
    # Not every version of Python counts ::ffff:127.0.0.1 as loopback. A connection to 0.0.0.0 reaches this machine.
    plain = getattr(address, "ipv4_mapped", None) or address
    return plain.is_loopback or plain.is_unspecified
