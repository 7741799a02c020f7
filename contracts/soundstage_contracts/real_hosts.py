"""The part of the pytest plugin for programs with fixed hosts: the fixture `real_hosts`, and `--soundstage-offline`."""

from __future__ import annotations

import socket
import sys
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

import pytest

from soundstage_contracts.extras import needs_extra
from soundstage_contracts.report.observer import RUN_OPTIONS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from soundstage_contracts.testing.session import SimulatorSession
    from soundstage_contracts.testing.simulator import Simulator

_GUARD: Final = pytest.StashKey["OfflineGuard"]()
_INTERNET: Final = 2  # an address of the internet families has a host and a port at least


class OutsideConnectionError(ConnectionRefusedError):
    """A test has tried to reach another machine, in a run with ``--soundstage-offline``."""


class OfflineGuard:
    """Refuses connections of this process to other machines, and the resolution of their names.

    Args:
        allowed: Names and addresses that may be reached, such as those of a simulator that the run uses.

    Attributes:
        refused: The hosts that were refused since the last `take`.
    """

    def __init__(self, allowed: frozenset[str]) -> None:
        self._allowed = allowed
        self._active = True
        self.refused: list[str] = []

    def watch(self, event: str, arguments: tuple[Any, ...]) -> None:
        """Refuse what leaves the machine; an audit hook, which cannot be removed, but ends with the run."""
        if not self._active:
            return
        if event == "socket.connect":
            address = arguments[1]
            # Anything but a tuple, such as the path of a Unix socket, stays on this machine.
            host = str(address[0]) if isinstance(address, tuple) and len(address) >= _INTERNET else ""
        elif event == "socket.getaddrinfo":
            host = arguments[0].decode("idna") if isinstance(arguments[0], bytes) else arguments[0] or ""
        else:
            return
        if host and host not in self._allowed and not _is_here(host):
            self.refused.append(host)
            raise OutsideConnectionError(f"--soundstage-offline refused a connection to {host}")

    def take(self) -> list[str]:
        """Return the hosts that were refused, and forget them."""
        taken, self.refused = self.refused, []
        return taken

    def end(self) -> None:
        """Refuse nothing any more."""
        self._active = False


def _is_here(host: str) -> bool:
    from ipaddress import ip_address

    with suppress(ValueError):
        address = ip_address(host.partition("%")[0])
        plain = getattr(address, "ipv4_mapped", None) or address
        return plain.is_loopback or plain.is_unspecified
    return host in {"localhost", socket.gethostname()}


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the switch that makes every connection to another machine an error."""
    parser.getgroup("soundstage").addoption(
        "--soundstage-offline",
        action="store_true",
        help="fail a test that connects to another machine, or resolves its name: no request leaves this one",
    )


def pytest_configure(config: pytest.Config) -> None:
    """Guard the process from now on, if the option is given; the run's own simulator may be reached."""
    if not config.getoption("--soundstage-offline"):
        return
    named = urlsplit(str(config.getoption("--soundstage-target"))).hostname
    with suppress(OSError):
        found = socket.getaddrinfo(named, None) if named else []
        allowed = frozenset([named or "", *(str(each[4][0]) for each in found)])
        config.stash[_GUARD] = guard = OfflineGuard(allowed)
        sys.addaudithook(guard.watch)


def pytest_unconfigure(config: pytest.Config) -> None:
    """End the guard with the run."""
    if _GUARD in config.stash:
        config.stash[_GUARD].end()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Iterator[None]:
    """Fail a test whose program has hidden a refused connection, such as by a retry."""
    guard = item.config.stash.get(_GUARD, None)
    if guard is not None:
        guard.take()
    result = yield
    if guard is not None and (refused := guard.take()):
        hosts = ", ".join(dict.fromkeys(refused))
        pytest.fail(f"--soundstage-offline: the test tried to connect to {hosts}", pytrace=False)
    return result


@pytest.fixture
def real_hosts(
    simulator: Simulator,
    simulator_session: SimulatorSession,
    request: pytest.FixtureRequest,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Simulator]:
    """Give the test the simulator, reached at the vendors' own hosts by httpx, httpx2 and requests in this process."""
    with needs_extra("all", "the fixture 'real_hosts'"):
        from soundstage_contracts.simulators.real_hosts import RealHosts
        from soundstage_contracts.testing.variables import set_variables, variables
    set_variables(variables(simulator.vendors, simulator.credential, None), monkeypatch)
    with RealHosts(simulator_session.connection.http, request.config.stash[RUN_OPTIONS].target):
        yield simulator
