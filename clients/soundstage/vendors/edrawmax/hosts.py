"""Hosts that a client trusts for downloads beside the documented ones: only those that its user names.

Source: the vendor's edrawmax-diagram skill and its downloader (download.trusted_hosts, answer.url_host).
"""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from soundstage._values import validation
from soundstage.vendors.edrawmax.profile import TRUSTED_HOSTS_VARIABLE

if TYPE_CHECKING:
    from collections.abc import Iterable

_HOST = re.compile(r"\.?[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?\Z", re.IGNORECASE)
_ALLOWED = (
    "host names such as 'files.example.com' or '.example.com', which are trusted over https, "
    "or addresses such as 'http://127.0.0.1:8080', which are trusted as written"
)


class TrustedHosts:
    """The hosts that a user trusts: names over https, and addresses with their scheme and port."""

    def __init__(self, named: Iterable[str], field: str = "trusted_hosts") -> None:
        """Check and store the names.

        Raises:
            InvalidArgument: One is neither a host name nor an address.
        """
        self._names: list[str] = []
        self._origins: set[tuple[str, str | None, int | None]] = set()
        for name in _listed(field, named):
            if isinstance(name, str) and _HOST.match(name):
                self._names.append(name.lower())
            elif isinstance(name, str) and validation.is_web_address(name):
                self._origins.add(validation.origin(name))
            else:
                validation.invalid(field, name, _ALLOWED)

    def trust(self, url: str) -> bool:
        """Whether *url* is at one of the hosts."""
        # A name is trusted over https only. A whole address is a decision of the user for exactly that scheme and port:
        # it lets a client of a local simulator download over plain HTTP without opening every other port.
        host = urlsplit(url).hostname or ""
        named = any(f".{host}".endswith(name) if name.startswith(".") else host == name for name in self._names)
        return (named and urlsplit(url).scheme == "https") or validation.origin(url) in self._origins


def find_hosts(given: Iterable[str] | None) -> TrustedHosts:
    """Return the given hosts, or else those in the environment variable, which are separated by commas."""
    if given is not None:
        return TrustedHosts(given)
    named = os.environ.get(TRUSTED_HOSTS_VARIABLE, "").replace(",", " ").split()
    return TrustedHosts(named, TRUSTED_HOSTS_VARIABLE)


def _listed(field: str, named: Iterable[str]) -> list[object]:
    if isinstance(named, (str, bytes)):
        validation.invalid(field, named, "a tuple or a list of hosts")
    return list(named)
