"""Connects a Python program that ignores the proxy variables, as aiohttp does, to the simulator.

`soundstage run` puts this folder on PYTHONPATH, and Python imports this module at its start. The names of the vendors'
hosts resolve to the simulator; other names and addresses are refused. It works in every version of Python from 3.8, and
imports nothing but the standard library.
"""

from __future__ import annotations

import errno
import json
import os
import socket
import sys
from importlib import import_module

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_HERE = "127.0.0.1"
_HTTPS, _HTTP = (443, "443", b"443", "https", b"https"), (80, "80", b"80", "http", b"http")


def is_local(host: str) -> bool:
    """Return whether *host* is this machine."""
    text = host.partition("%")[0].lower()
    mapped = text.replace("::ffff:", "")
    return (mapped.startswith("127.") and mapped.replace(".", "").isdigit()) or text in {
        *("", "localhost", "::1", "::", "0.0.0.0"),  # noqa: S104 - compared, not bound
        socket.gethostname().lower(),
    }


class Resolver:
    """Resolves names in place of `socket.getaddrinfo`.

    Attributes:
        settings: The ports and hosts that `soundstage run` has set.
    """

    def __init__(self, settings: dict[str, Any], resolve: Any) -> None:
        self.settings = settings
        self._resolve = resolve
        self._known: set[str] = set()

    def getaddrinfo(self, host: Any, port: Any, family: int = 0, *args: Any, **options: Any) -> Any:
        """Return the simulator's address for a vendor's host; refuse hosts that are not allowed."""
        name = (host.decode("idna") if isinstance(host, bytes) else host or "").lower().rstrip(".")
        if name in self.settings["hosts"]:
            here = self.settings["tls"] if port in _HTTPS else self.settings["plain"] if port in _HTTP else port
            return self._resolve(_HERE, here, 0 if family == socket.AF_INET6 else family, *args, **options)
        if is_local(name) or is_address(name):
            return self._resolve(host, port, family, *args, **options)
        if not self._allows(name):
            self.report(name, port)
            raise socket.gaierror(socket.EAI_NONAME, refusal(name))
        found = self._resolve(host, port, family, *args, **options)
        self._known.update(each[4][0] for each in found)
        return found

    def watch(self, event: str, arguments: Any) -> None:
        """Refuse a connection to an address that no allowed name has resolved to; an audit hook."""
        if event != "socket.connect":
            return
        own, address = arguments
        if own.family not in (socket.AF_INET, socket.AF_INET6) or own.type != socket.SOCK_STREAM:
            return
        host = str(address[0])
        if not (is_local(host) or host in self._known or self._allows(host)):
            self.report(host, address[1])
            raise ConnectionRefusedError(errno.ECONNREFUSED, refusal(host))

    def report(self, host: str, port: Any) -> None:
        """Let the proxy count a refused host, by asking it for a tunnel."""
        number = port if isinstance(port, int) and port else 443
        shown = f"[{host}]" if ":" in host else host
        try:
            with socket.create_connection((_HERE, self.settings["proxy"]), timeout=5) as connection:
                connection.sendall(f"CONNECT {shown}:{number} HTTP/1.1\r\nHost: {shown}\r\n\r\n".encode())
                connection.recv(1)
        except OSError:
            pass  # the proxy has ended before the program: nothing counts

    def _allows(self, host: str) -> bool:
        return any(
            host.endswith(pattern[1:]) if pattern.startswith("*.") else host == pattern
            for pattern in self.settings["allowed"]
        )


def is_address(host: str) -> bool:
    """Return whether *host* is an IP address, which needs no name to be resolved."""
    for family in (socket.AF_INET, socket.AF_INET6):
        try:
            socket.inet_pton(family, host.partition("%")[0])
        except OSError:
            continue
        return True
    return False


def refusal(host: str) -> str:
    """Return why *host* is refused."""
    return f"soundstage run refused {host}: no vendor's host; --allow {host} permits it"


def install(settings: dict[str, Any]) -> None:
    """Replace the resolver of this process."""
    resolver = Resolver(settings, socket.getaddrinfo)
    socket.getaddrinfo = resolver.getaddrinfo
    sys.addaudithook(resolver.watch)


def load_hidden(folder: str) -> None:
    """Import the `sitecustomize` that this module hides, if there is one."""
    hidden = sys.modules.pop("sitecustomize", None)
    sys.path[:] = [entry for entry in sys.path if os.path.realpath(entry or ".") != folder]
    try:
        import_module("sitecustomize")
    except ImportError:
        if hidden is not None:
            sys.modules["sitecustomize"] = hidden


if __name__ == "sitecustomize":
    if "SOUNDSTAGE_RUN" in os.environ:
        install(json.loads(os.environ["SOUNDSTAGE_RUN"]))
    load_hidden(os.path.dirname(os.path.realpath(__file__)))  # noqa: PTH120 - importing pathlib takes longer than this
