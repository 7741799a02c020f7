"""Connections and locks belong to one process and one event loop; those of another one break without an error.

A client may be used after a fork and in several event loops all the same: here it gets what belongs to the current one.
"""

from __future__ import annotations

import ipaddress
import os
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Protocol, TypeVar
from urllib.parse import urlsplit
from weakref import WeakKeyDictionary, WeakSet

from anyio.lowlevel import RunVar

if TYPE_CHECKING:
    from collections.abc import Callable

T = TypeVar("T")


class Renewable(Protocol):
    """What has connections or locks of one process."""

    def renew(self) -> None:
        """Forget them, in the child after a fork."""
        ...


_renewable: WeakSet[Renewable] = WeakSet()
_of_loop: RunVar[WeakKeyDictionary[object, Any]] = RunVar("soundstage_of_loop")


def renew_after_fork(owner: Renewable) -> None:
    """Call `owner.renew()` in every child process that is forked from this one; safe to call again.

    Called before the first use of what belongs to a process, and not when a client is created.
    """
    _renewable.add(owner)


def _renew_all() -> None:
    # The parent's connections are neither used nor closed in the child: their bytes belong to the parent's exchanges.
    # A lock may have been taken by a thread that does not exist in the child.
    for owner in list(_renewable):
        owner.renew()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_renew_all)


def of_loop(owner: object, make: Callable[[], T]) -> T:
    """Return what *owner* has in the running event loop, made by *make* when it is first needed there."""
    values: WeakKeyDictionary[object, Any] | None = _of_loop.get(None)
    if values is None:
        values = WeakKeyDictionary()
        _of_loop.set(values)
    if owner not in values:
        values[owner] = make()
    found: T = values[owner]
    return found


def is_loopback(url: str) -> bool:
    """Whether *url* is an address of this machine, which no proxy can reach."""
    return _is_loopback(urlsplit(url).hostname or "")


@lru_cache(maxsize=256)  # by the host: an address may contain a signature
def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")
