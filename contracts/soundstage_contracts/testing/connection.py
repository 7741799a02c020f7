"""The simulator of a test session: started in this process, or at an address, and the clients that reach it."""

from __future__ import annotations

from contextlib import ExitStack
from functools import partial
from typing import TYPE_CHECKING, Any, Final, Protocol, Self
from urllib.parse import urlsplit

import httpx

from soundstage_contracts.simulators.control import Control
from soundstage_contracts.simulators.target import FIRST_TIME, IN_PROCESS, check_reachable
from soundstage_contracts.testing.outside import is_local_host

if TYPE_CHECKING:
    from collections.abc import Callable

    from soundstage_server import World

__tracebackhide__ = True  # a test that fails here shows its own lines, and not those of this module

_TIMEOUT: Final = 60


class Owner(Protocol):
    """What owns accounts of a simulator: one test."""

    def owns(self, account: str) -> bool:
        """Return whether *account* is one of the test's accounts."""


class SimulatorConnection:
    """A simulator, and HTTP clients that reach it.

    Args:
        where: ``in-process`` starts a simulator on a free port of this machine; an address uses a running one.
        seed: The seed of a simulator that is started here.

    Raises:
        TargetError: There is no simulator at that address.

    Attributes:
        url: The simulator's address.
        shared: Whether it ran before, so that other processes may use it as well.
        http: An `httpx.Client` that reaches it.
        control: Its control API, for the whole simulator.
        vendors: The slugs that it simulates.
        world: The world of a simulator that was started here; None for one that ran before.
        owners: The tests that use it now.
    """

    def __init__(self, where: str = IN_PROCESS, seed: int = 0) -> None:
        self._opened = ExitStack()
        self.shared = where != IN_PROCESS
        self.world: World | None = None
        self.owners: list[Owner] = []
        if self.shared:
            self._connect(where)
        else:
            self._serve(seed)
        self.http = self._opened.enter_context(self._http())
        self.control = Control(self.http, self.url)
        check_reachable(self.control, self.url, self._opened.close)
        self.vendors: tuple[str, ...] = tuple(self.control.health()["vendors"])

    def _serve(self, seed: int) -> None:
        from soundstage_server import Clock, InProcess, Server, World

        clock = Clock("auto")
        clock.restore("auto", 1.0, FIRST_TIME)
        self.world = world = self._opened.enter_context(World(clock=clock, media="small", seed=seed))
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

    def unauthenticated(self, after: int = 0) -> list[dict[str, Any]]:
        """Return the requests that belong to no account, with a number above *after*; of a shared simulator, none.

        They are those with a wrong route or without a credential. In a shared simulator they may be anybody's.
        """
        if self.world is None:
            return []
        with self.world.lock:
            return [entry.redacted() for entry in self.world.anonymous_journal if entry.number > after]

    def sent(self) -> int:
        """Return how many requests the simulator has received so far; of a shared simulator, 0."""
        return self.world.requests if self.world is not None else 0

    def without_owner(self, after: int = 0) -> list[tuple[str, str, list[dict[str, Any]]]]:
        """Return vendor, name and requests above the number *after* of each account that belongs to no test.

        A program makes such an account with a credential that is not its test's. Where other processes share the
        simulator, such an account may belong to one of them, so that the list is empty.
        """
        if self.world is None:
            return []
        with self.world.lock:
            others = [one for one in self.world.accounts() if not any(each.owns(one.name) for each in self.owners)]
            return [
                (one.vendor, one.name, [entry.redacted() for entry in one.journal if entry.number > after])
                for one in others
            ]

    def doubles_without_owner(self) -> list[dict[str, Any]]:
        """Return the double submissions of each account of `without_owner`, with its vendor."""
        if self.world is None:
            return []
        with self.world.lock:
            others = [one for one in self.world.accounts() if not any(each.owns(one.name) for each in self.owners)]
            return [{"vendor": one.vendor, **each._asdict()} for one in others for each in one.double_submissions]

    def __enter__(self) -> Self:
        """Return the connection itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """Stop a simulator that was started here."""
        self.close()

    def close(self) -> None:
        """Stop a simulator that was started here. Safe to call twice."""
        self._opened.close()
