"""The simulator that contracts run against: in this process or at an address. The contracts are the same.

A target creates HTTP clients and unused account names, and has the simulator's `Control`.
"""

from __future__ import annotations

import hashlib
import secrets
from collections import Counter
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any, Final, Literal, Self

import httpx

from soundstage_contracts.facts.loader import load_facts
from soundstage_contracts.simulators.clocks import AdvancingClock, BoundedClock
from soundstage_contracts.simulators.control import Control, ControlError
from soundstage_contracts.simulators.recorder import RUNNING_TEST, with_recording

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from soundstage import Clock
    from soundstage_contracts.declarations.vendor import VendorContract

IN_PROCESS: Final = "in-process"
FIRST_TIME: Final = 1_782_000_000.0
"""When a simulator in this process begins, in seconds since 1970: ids contain times, and have to repeat."""


class Target:
    """A simulator that contracts run against.

    Args:
        where: ``in-process``, or the address of a running simulator (``http://127.0.0.1:8080``).
        seed: The seed of an in-process simulator.
        media: ``small`` makes an in-process simulator render small files; ``full`` renders the requested size.

    Raises:
        TargetError: There is no simulator at that address.

    A context manager: it closes what it opened.
    """

    def __init__(self, where: str = IN_PROCESS, *, seed: int = 0, media: Literal["full", "small"] = "small") -> None:
        self.where = where
        self._opened = ExitStack()
        # A running simulator may have accounts of earlier runs; one that starts here repeats its accounts.
        self._names = str(seed) if where == IN_PROCESS else secrets.token_hex(8)
        self._given: Counter[str] = Counter()
        if where == IN_PROCESS:
            self._start_in_process(seed, media)
        else:
            self._connect(where)
        self.control = Control(self.http(), self.url)
        check_reachable(self.control, self.url, self.close)

    def _start_in_process(self, seed: int, media: Literal["full", "small"]) -> None:
        from soundstage_server import Clock, InProcess, World

        clock = Clock("manual")
        clock.restore("manual", 1.0, FIRST_TIME)
        world = self._opened.enter_context(World(clock=clock, media=media, seed=seed))
        simulator = self._opened.enter_context(InProcess(world))
        self.url = simulator.url
        self._http: Any = simulator.client
        self._async_http: Any = simulator.async_client

    def _connect(self, where: str) -> None:
        if not where.startswith(("http://", "https://")):
            raise TargetError(f"target must be {IN_PROCESS!r} or an http address; got {where!r}")
        self.url = where.rstrip("/")
        self._http = httpx.Client
        # No keep-alive: a test's event loop ends before the target does.
        limits = httpx.Limits(max_keepalive_connections=0)
        self._async_http = lambda **options: httpx.AsyncClient(limits=limits, **options)

    def __enter__(self) -> Self:
        """Return the target itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close what the target opened."""
        self.close()

    def close(self) -> None:
        """Close what the target opened. Safe to call twice."""
        self._opened.close()

    def http(self, **options: Any) -> httpx.Client:
        """Return an `httpx.Client` that reaches the target, closed with it; *options* are httpx's own."""
        client: httpx.Client = self._http(timeout=60, **with_recording(options))
        return self._opened.enter_context(client)

    def async_http(self, **options: Any) -> httpx.AsyncClient:
        """Return an `httpx.AsyncClient` that reaches the target; the caller closes it."""
        client: httpx.AsyncClient = self._async_http(timeout=60, **with_recording(options, awaiting=True))
        return client

    def base_url(self, vendor: str) -> str:
        """Return the address that takes the place of ``https://<the vendor's host>``."""
        return f"{self.url}/{vendor}"

    def client_url(self, vendor: str) -> str:
        """Return the address that takes the place of the vendor's whole base address, its path included."""
        return load_facts(vendor).vendors[vendor].base_url_at(self.url)

    def new_account(self, word: str = "") -> str:
        """Return an unused account name; *word*, such as ``broke-``, is its prefix."""
        test = RUNNING_TEST.get()
        self._given[test] += 1
        digest = hashlib.sha256(f"{self._names}:{test}".encode("utf-8", "surrogatepass")).hexdigest()
        return f"{word}contract-{digest[:12]}-{self._given[test]}"

    def advancing_clock(self) -> Clock:
        """Return a clock for one client: a sleep takes no time, and advances the simulator's clock by its length."""
        return AdvancingClock(self.control)

    def client(self, contract: VendorContract, account: str, **options: Any) -> Any:
        """Return a sync client of the vendor for *account*, whose waits take no time."""
        options.setdefault("clock", BoundedClock())
        http = options.pop("http", None) or self.http()
        return contract.client(**self._arguments(contract, account, options), http=http)

    def async_client(self, contract: VendorContract, account: str, **options: Any) -> Any:
        """Return an async client of the vendor for *account*, whose waits take no time."""
        options.setdefault("clock", BoundedClock())
        http = options.pop("http", None) or self.async_http()
        return contract.async_client(**self._arguments(contract, account, options), http=http)

    def _arguments(self, contract: VendorContract, account: str, options: Mapping[str, Any]) -> dict[str, Any]:
        base_url = self.client_url(contract.slug)
        return {**contract.credentials(account), "base_url": base_url, **contract.options(base_url), **options}


class TargetError(Exception):
    """The target of a run cannot be used."""


def check_reachable(control: Control, url: str, close: Callable[[], object]) -> None:
    """Check that *control* reaches a simulator at *url*; call *close* if it does not.

    Raises:
        TargetError: There is no response, or not that of a simulator.
    """
    try:
        control.health()
    except (httpx.HTTPError, httpx.InvalidURL, ControlError, ValueError, TypeError) as error:
        close()
        raise TargetError(f"no simulator answers at {url}: {error}") from None
