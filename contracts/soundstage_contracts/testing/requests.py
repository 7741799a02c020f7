"""The requests that a test's program has sent: what each was, and assertions that read as sentences."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any, Final, TypedDict, Unpack

from soundstage_contracts.declarations.operations import wire_names
from soundstage_contracts.simulators.routes import describe_nearest, nearest_routes
from soundstage_server.model.journal import cut_strings

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from soundstage_contracts.simulators.routes import Route

__tracebackhide__ = True  # a test that fails here shows its own lines, and not those of this module

_SHOWN: Final = 120
_NEAREST: Final = 3
_ABSENT: Final = object()
_LENGTH: Final = re.compile(r"\.\.\. \(\d+ bytes\)$")
"""What the journal adds to a body that is kept with its long strings cut."""


@dataclass(frozen=True, slots=True)
class RecordedRequest:
    """One request and its response, without secrets.

    Attributes:
        vendor: The vendor's slug.
        number: Its position among the requests to the simulator.
        method: The HTTP method.
        path: The vendor's own path, without the slug.
        query: The query, with secrets redacted.
        headers: The request's headers, in small letters, with secrets redacted.
        body: The request's body as text, with secrets redacted and long strings cut.
        status: The HTTP status of the response; None where a fault left it out.
        response: The response's body as text.
        fact: The fact that a refusal follows from.
        fault: The kind of the fault that the request met.
        at: When it was received, in seconds of the account's time since 1970.
    """

    vendor: str
    number: int
    method: str
    path: str
    query: str
    headers: Mapping[str, str] = field(repr=False)
    body: str
    status: int | None
    response: str
    fact: str | None
    fault: str | None
    at: float

    def __repr__(self) -> str:
        """Return the request as one line."""
        return f"<{self}>"

    def __str__(self) -> str:
        """Return method, path and status."""
        end = f" (fault {self.fault})" if self.fault else ""
        return f"{self.method} {self.path} -> {self.status or 'no response'}{end}"

    @property
    def json(self) -> Any:
        """The request's body as JSON; None if it is none."""
        return _parsed(self.body)

    @property
    def response_json(self) -> Any:
        """The response's body as JSON; None if it is none."""
        return _parsed(self.response)

    def names(self, wire_name: str) -> bool:
        """Return whether this request creates something with *wire_name*, in its path or its body."""
        if self.method != "POST":
            return False
        segments = re.split("[/:]", self.path)
        body = self.json
        values = body.values() if isinstance(body, dict) else ()
        return any(one == wire_name or one.endswith(f"-{wire_name}") for one in segments) or wire_name in values


class Which(TypedDict, total=False):
    """Which requests are wanted; what is left out matches anything.

    Attributes:
        method: The HTTP method.
        path: The vendor's own path, without the slug; ``*`` matches anything.
        json: Members that the JSON body has, among others; the same applies to objects in it.
        contains: Text in the body or the query.
        status: The HTTP status of the response.
    """

    method: str
    path: str
    json: Mapping[str, Any]
    contains: str
    status: int


class RequestLog(list[RecordedRequest]):
    """Requests, oldest first; a list that does not change when the program sends more.

    Args:
        requests: The requests.
        about: Whose they are, for messages.
        vendors: The vendors that they may have been sent to.
        routes: Returns the routes of a vendor.
    """

    def __init__(
        self,
        requests: Iterable[RecordedRequest],
        about: str,
        vendors: Sequence[str],
        routes: Callable[[str], Sequence[Route]],
    ) -> None:
        super().__init__(requests)
        self._about = about
        self._vendors = vendors
        self._routes = routes

    def matching(self, operation: str | None = None, **which: Unpack[Which]) -> RequestLog:
        """Return the requests that match.

        Args:
            operation: What they create: a method of the client, or the vendor's own name.
            **which: ``method``, ``path``, ``json``, ``contains``, ``status``; see `Which`.

        Raises:
            ValueError: No vendor has this operation.
            TypeError: There is no such argument.
        """
        wanted = self._checked(operation, which)
        found = [each for each in self if not self._mismatches(each, wanted, which)]
        return RequestLog(found, self._about, self._vendors, self._routes)

    def assert_one(self, operation: str | None = None, **which: Unpack[Which]) -> RecordedRequest:
        """Return the one request that matches; the arguments are those of `matching`.

        Raises:
            AssertionError: There is none, or more than one; the text shows the most similar ones.
        """
        return self.assert_count(1, operation, **which)[0]

    def assert_none(self, operation: str | None = None, **which: Unpack[Which]) -> None:
        """Check that no request matches; the arguments are those of `matching`.

        Raises:
            AssertionError: There is one; the text shows it.
        """
        self.assert_count(0, operation, **which)

    def assert_count(self, count: int, operation: str | None = None, **which: Unpack[Which]) -> RequestLog:
        """Return the requests that match, of which there are *count*; the other arguments are those of `matching`.

        Raises:
            AssertionError: There are more or fewer; the text shows the most similar ones, and the nearest routes.
        """
        found = self.matching(operation, **which)
        if len(found) != count:
            raise AssertionError("\n  ".join(self._failure(count, found, operation, which)))
        return found

    def _checked(self, operation: str | None, which: Which) -> dict[str, tuple[str, ...]] | None:
        """Return the wire names of *operation* by vendor, and refuse an argument that does not exist."""
        unknown = which.keys() - Which.__annotations__.keys()
        if unknown:
            raise TypeError(f"unknown: {', '.join(sorted(unknown))}; allowed: {', '.join(Which.__annotations__)}")
        if operation is None:
            return None
        if len(self._vendors) == 1:
            return {vendor: wire_names(vendor, operation) for vendor in self._vendors}
        wanted = {}
        for vendor in self._vendors:
            with suppress(ValueError, LookupError):  # a vendor from outside may have no contracts
                wanted[vendor] = wire_names(vendor, operation)
        if not wanted:
            raise ValueError(f"operation must be a method of a client, or a vendor's own name; got {operation!r}")
        return wanted

    def _mismatches(
        self, sent: RecordedRequest, wanted: Mapping[str, tuple[str, ...]] | None, which: Which
    ) -> list[str]:
        """Return what does not match in *sent*, in words."""
        found = []
        if wanted is not None and not any(map(sent.names, wanted.get(sent.vendor, ()))):
            found.append("another operation")
        if "method" in which and sent.method != which["method"].upper():
            found.append(f"method is {sent.method}")
        if "path" in which and not (sent.path == which["path"] or fnmatchcase(sent.path, which["path"])):
            found.append("another path")
        if "status" in which and sent.status != which["status"]:
            found.append(f"status is {sent.status}")
        if "contains" in which and which["contains"] not in f"{sent.query}\n{sent.body}":
            found.append(f"{which['contains']!r} is neither in the body nor in the query")
        if "json" in which:
            found += _differences(which["json"], sent.json, "json")
        return found

    def _failure(self, count: int, found: RequestLog, operation: str | None, which: Which) -> list[str]:
        wanted = self._checked(operation, which)
        lines = [f"expected {_number(count)} {_described(operation, which)}, {self._about}; found {len(found)}"]
        if len(found) > count:
            return [*lines, *(f"{each} {_short(each.body)}" for each in found)]
        misses = [(missing, each) for each in self if (missing := self._mismatches(each, wanted, which))]
        # Where a body is wanted, those that have one; the fewest differences first, then the newest.
        nearest = sorted(
            misses, key=lambda one: ("json" in which and one[1].json is None, len(one[0]), -one[1].number)
        )[:_NEAREST]
        lines += [f"nearest: {each} ({'; '.join(missing)})" for missing, each in nearest]
        lines += [] if self else ["no request was received at all"]
        if "path" in which and "*" not in which["path"]:
            routes = [route for vendor in self._vendors for route in self._routes(vendor)]
            if near := nearest_routes(routes, which.get("method"), which["path"]):
                lines.append(f"{which['path']}: {describe_nearest(near)}")
        return lines


def _described(operation: str | None, which: Which) -> str:
    parts = [f"for {operation!r}"] if operation else []
    parts += [f"with {name} {_short(value)}" for name, value in which.items()]
    return " ".join(parts) or "of any kind"


def _number(count: int) -> str:
    return f"{count or 'no'} request{'' if count == 1 else 's'}"


def _parsed(text: str) -> Any:
    try:
        return json.loads(_LENGTH.sub("", text))
    except ValueError:
        return None


def _differences(wanted: object, actual: object, where: str) -> list[str]:
    """Return where *actual* differs from *wanted*; an object may have more members than wanted."""
    if isinstance(wanted, Mapping) and isinstance(actual, dict):
        return [
            difference
            for name, value in wanted.items()
            for difference in _differences(value, actual.get(name, _ABSENT), f"{where}.{name}")
        ]
    # True equals 1 in Python, but not in JSON. Long strings are kept cut, with their hash.
    if isinstance(wanted, bool) is isinstance(actual, bool) and actual in (wanted, cut_strings(wanted)):
        return []
    return [f"{where} is {'absent' if actual is _ABSENT else _short(actual)}"]


def _short(value: object) -> str:
    text = value if isinstance(value, str) else repr(value)
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}..."
