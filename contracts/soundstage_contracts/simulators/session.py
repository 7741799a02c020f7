"""The simulator of a test session, the view of it that each test gets, and the usage summary at the end."""

from __future__ import annotations

import hashlib
import json
import os
import sys
from collections import Counter
from contextlib import ExitStack
from dataclasses import dataclass, field
from ipaddress import ip_address
from typing import TYPE_CHECKING, Any, Final, Self
from urllib.parse import urlsplit

import httpx

from soundstage import SkippingClock
from soundstage_contracts.declarations.vendor import contract_of
from soundstage_contracts.facts.loader import load_facts
from soundstage_contracts.registry import VENDORS
from soundstage_contracts.simulators.control import AccountBalance, Control, account_name
from soundstage_contracts.simulators.target import check_reachable

if TYPE_CHECKING:
    from soundstage_contracts.declarations.vendor import VendorContract
    from soundstage_contracts.simulators.control import Order

_INTERNET: Final = 2  # an address of the internet families has a host and a port at least


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
    """The simulator as one test sees it: with accounts of its own.

    Attributes:
        url: The simulator's address.
        credential: The test's own credential, for every vendor.
        control: The simulator's whole control API.
    """

    def __init__(self, session: SimulatorSession, credential: str) -> None:
        self._session = session
        self.url = session.url
        self.credential = credential
        self.control = session.control

    def base_url(self, vendor: str) -> str:
        """Return the address that takes the place of ``https://<the vendor's host>``."""
        return f"{self.url}/{vendor}"

    def client_url(self, vendor: str) -> str:
        """Return the address that takes the place of the vendor's whole base address, its path included."""
        return load_facts(vendor).vendors[vendor].base_url_at(self.url)

    def account(self, vendor: str, credential: str | None = None) -> str:
        """Return the name of the test's account with *vendor* in the control API (``acct_...``)."""
        return account_name(vendor, credential or self.credential)

    def client(self, vendor: str, credential: str | None = None, **options: Any) -> Any:
        """Return a sync client of *vendor* whose waits take no time; *options* are the client's own."""
        contract = contract_of(vendor)
        options.setdefault("http", self._session.http)
        return contract.client(**self._arguments(contract, credential, options))

    def async_client(self, vendor: str, credential: str | None = None, **options: Any) -> Any:
        """Return an async client of *vendor* whose waits take no time; *options* are the client's own."""
        contract = contract_of(vendor)
        options.setdefault("http", httpx.AsyncClient(**self._session.wiring))
        return contract.async_client(**self._arguments(contract, credential, options))

    def advance(self, seconds: float, vendor: str | None = None) -> None:
        """Advance the clock of the test's account with *vendor*, or of the whole world, by *seconds*."""
        self.control.advance(seconds, self.account(vendor) if vendor else None)

    def money(self, vendor: str) -> AccountBalance:
        """Return the balance of the test's account with *vendor*."""
        return self.control.money(vendor, self.account(vendor))

    def order(self, vendor: str, then: Order, **which: Any) -> int:
        """Place a scenario order for the next tasks of the test's account with *vendor*; see `Control.order`."""
        return self.control.order(then, vendor=vendor, account=self.account(vendor), **which)

    def tasks(self, vendor: str) -> list[dict[str, Any]]:
        """Return the tasks of the test's account with *vendor*."""
        return self.control.tasks(self.account(vendor))

    def requests(self, vendor: str) -> list[dict[str, Any]]:
        """Return the journal of the test's account with *vendor*, secrets redacted."""
        return self.control.requests(self.account(vendor))

    def _arguments(self, contract: VendorContract, credential: str | None, options: dict[str, Any]) -> dict[str, Any]:
        options.setdefault("clock", SkippingClock())
        base_url = options.setdefault("base_url", self.client_url(contract.slug))
        return {**contract.credentials(credential or self.credential), **contract.options(base_url), **options}


class SimulatorSession:
    """One simulator for a whole test session, and a count of connections to other machines.

    Args:
        where: ``in-process`` starts a simulator on a free port of this machine; an address uses a running one.
        seed: The seed of a simulator that is started here.

    Raises:
        TargetError: There is no simulator at that address.
    """

    def __init__(self, where: str = "in-process", *, seed: int = 0) -> None:
        self._opened = ExitStack()
        self.url = self._serve(seed) if where == "in-process" else where.rstrip("/")
        # No keep-alive: a test's event loop ends before its fixtures do. No proxy for a simulator on this machine.
        self.wiring: dict[str, Any] = {
            "limits": httpx.Limits(max_keepalive_connections=0),
            "timeout": 60,
            "trust_env": not is_local_host(urlsplit(self.url).hostname or ""),
        }
        self.http = self._opened.enter_context(httpx.Client(**self.wiring))
        self.control = Control(self.http, self.url)
        check_reachable(self.control, self.url, self._opened.close)
        self._credentials: list[str] = []
        self._external_connections: Counter[str] = Counter()
        self._watching = True
        sys.addaudithook(self._watch)

    def _serve(self, seed: int) -> str:
        from soundstage_server import Server, World

        world = self._opened.enter_context(World(clock="auto", media="small", seed=seed))
        return self._opened.enter_context(Server(world)).url

    def __enter__(self) -> Self:
        """Return the session itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """Stop the simulator and the count of connections."""
        self._watching = False
        self._opened.close()

    def for_test(self, test: str) -> Soundstage:
        """Return the simulator with accounts that only the test *test* uses."""
        worker = os.environ.get("PYTEST_XDIST_WORKER", "main")
        digest = hashlib.sha256(f"{os.getpid()}:{worker}:{test}:{len(self._credentials)}".encode()).hexdigest()
        credential = f"test-{digest[:16]}"
        self._credentials.append(credential)
        return Soundstage(self, credential)

    def usage(self) -> UsageSummary:
        """Return what the run has cost so far."""
        usage = UsageSummary(external_connections=self._external_connections)
        mine = {account_name(vendor, credential) for credential in self._credentials for vendor in VENDORS}
        for account in self.control.accounts():
            if account["account"] in mine:
                usage.spent[account["unit"]] += account["spent"] + account["reserved"]
                usage.double_submissions += [
                    f"{account['vendor']} {double['operation']}: {double['first']} and {double['second']}, "
                    f"{double['seconds_apart']:.0f} s apart"
                    for double in account["double_submissions"]
                ]
        return usage

    def _watch(self, event: str, arguments: tuple[Any, ...]) -> None:
        """Count connections to other machines. An audit hook cannot be removed, so it is switched off instead."""
        if not self._watching or event != "socket.connect":
            return
        address = arguments[1]
        if isinstance(address, tuple) and len(address) >= _INTERNET and not is_local_host(str(address[0])):
            self._external_connections[f"{address[0]}:{address[1]}"] += 1


def is_local_host(host: str) -> bool:
    """Return whether a connection to *host*, a name or an address, stays on this machine."""
    try:
        address = ip_address(host.partition("%")[0])
    except ValueError:
        return host == "localhost"
    plain = getattr(address, "ipv4_mapped", None) or address
    return plain.is_loopback or plain.is_unspecified
