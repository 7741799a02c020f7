"""Compare a live service with the simulator, and sort the differences by severity.

Responses are compared by phase (creation, poll of a running job ...) and not one by one, because no two runs poll
equally often. A member that the simulator always sends is required of the service; one that it sometimes sends is
optional.

- breaking: a missing member, another type or documented value, another status or content type;
- new: a member that the simulator does not have, or an undocumented value;
- cosmetic: the text of a message, the order of members, a parameter of a content type.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Final, Literal

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

Severity = Literal["breaking", "new", "cosmetic"]

SEVERITIES: Final[tuple[Severity, ...]] = ("breaking", "new", "cosmetic")
EMBEDDED: Final = "<json>"
"""The part of a member path that stands for JSON inside a string."""

_PROSE: Final = re.compile(r"(^|\.)(msg|message|detail|reason|hint)$")
_SHOWN: Final = 60


@dataclass(frozen=True, slots=True)
class Difference:
    """One difference.

    Attributes:
        severity: Its severity.
        where: The request, and the member's path.
        detail: What the simulator has, and what was received.
        phases: The phases in which it was seen.
    """

    severity: Severity
    where: str
    detail: str
    phases: tuple[str, ...] = ()

    def __str__(self) -> str:
        """Return the difference as one line."""
        phases = f" ({', '.join(self.phases)})" if self.phases else ""
        return f"{self.severity}: {self.where}: {self.detail}{phases}"


@dataclass(frozen=True, slots=True)
class ComparedExchange:
    """One exchange in the form in which it is compared.

    Attributes:
        method: The HTTP method.
        route: The path below the base address, with placeholders for what differs from run to run.
        phase: The purpose of the exchange.
        status: The HTTP status.
        kind: The content type.
        body: The parsed JSON; None for anything else.
    """

    method: str
    route: str
    phase: str
    status: int
    kind: str
    body: Any = None

    @property
    def place(self) -> tuple[str, str, str]:
        """The key of the exchanges that it may be compared with."""
        return self.method, self.route, self.phase

    def __str__(self) -> str:
        """Return the request as text."""
        return f"{self.method} {self.route}"


@dataclass(slots=True)
class Shape:
    """The common shape of several JSON values.

    Attributes:
        types: The types that were seen.
        seen: How many values were added.
        objects: How many of them were objects.
        members: The shape of each member of an object.
        orders: The orders in which members were seen.
        items: The shape of a list's items.
        inner: The shape of JSON inside a string.
        values: The strings and numbers that were seen.
    """

    types: set[str] = field(default_factory=set)
    seen: int = 0
    objects: int = 0
    members: dict[str, Shape] = field(default_factory=dict)
    orders: list[tuple[str, ...]] = field(default_factory=list)
    items: Shape | None = None
    inner: Shape | None = None
    values: list[Any] = field(default_factory=list)

    def add(self, value: Any) -> None:
        """Extend the shape by *value*."""
        self.types.add(type_of(value))
        self.seen += 1
        if isinstance(value, dict):
            self.objects += 1
            if tuple(value) not in self.orders:
                self.orders.append(tuple(value))
            for name, item in value.items():
                self.members.setdefault(name, Shape()).add(item)
        elif isinstance(value, list):
            self.items = self.items or Shape()
            for item in value:
                self.items.add(item)
        else:
            self.values.append(value)
            inside = embedded_json(value)
            if inside is not None:
                self.inner = self.inner or Shape()
                self.inner.add(inside)

    @property
    def open(self) -> bool:
        """Whether the type is unknown, because nothing but null was seen."""
        return self.types <= {"null"}


def type_of(value: Any) -> str:
    """Return the JSON type of *value*."""
    if value is None or isinstance(value, bool):
        return "null" if value is None else "boolean"
    for kind, name in ((int | float, "number"), (str, "text"), (list, "list")):
        if isinstance(value, kind):
            return name
    return "object"


def embedded_json(value: Any) -> Any:
    """Return the JSON object or list inside the string *value*, or None."""
    if not isinstance(value, str) or value[:1] not in {"{", "["}:
        return None
    try:
        return json.loads(value)
    except (ValueError, RecursionError):
        return None


def differences(
    live: Sequence[ComparedExchange],
    simulated: Sequence[ComparedExchange],
    documented: Mapping[str, Sequence[Any]] | None = None,
) -> list[Difference]:
    """Return how *live* differs from *simulated*, each difference once, the worst first.

    Args:
        live: The exchanges with a service.
        simulated: The exchanges of the same calls with the simulator.
        documented: Route and path of a member, as ``POST /route data.status``, to its documented values.
    """
    found: dict[Difference, list[str]] = {}
    for exchange in live:
        peers = [other for other in simulated if other.place == exchange.place]
        for each in _between(exchange, peers, documented or {}) if peers else ():
            phases = found.setdefault(each, [])
            if exchange.phase not in phases:
                phases.append(exchange.phase)
    merged = [replace(each, phases=tuple(phases)) for each, phases in found.items()]
    return sorted(merged, key=lambda each: (SEVERITIES.index(each.severity), each.where, each.detail))


def _between(
    exchange: ComparedExchange, peers: Sequence[ComparedExchange], documented: Mapping[str, Sequence[Any]]
) -> Iterator[Difference]:
    where = str(exchange)
    statuses = sorted({peer.status for peer in peers})
    if exchange.status not in statuses:
        yield Difference(
            "breaking", where, f"HTTP {_either(statuses)} in the simulator, HTTP {exchange.status} received"
        )
    yield from _kinds(where, exchange.kind, [peer.kind for peer in peers])
    shape = Shape()
    for peer in peers:
        shape.add(peer.body)
    yield from _Comparison(where, documented).values(shape, exchange.body, "")


def _kinds(where: str, received: str, known: Sequence[str]) -> Iterator[Difference]:
    if received in known:
        return
    plain = {kind.partition(";")[0].strip().lower() for kind in known}
    same = received.partition(";")[0].strip().lower() in plain
    detail = f"content type {_either(sorted(set(known)))} in the simulator, {received!r} received"
    yield Difference("cosmetic" if same else "breaking", where, detail)


@dataclass(frozen=True, slots=True)
class _Comparison:
    """Compares one response body with the simulator's shape."""

    where: str
    documented: Mapping[str, Sequence[Any]]

    def values(self, shape: Shape, received: Any, path: str) -> Iterator[Difference]:
        kind = type_of(received)
        if shape.open:
            return
        if kind not in shape.types:
            known = _either(sorted(shape.types - {"null"}))
            yield self._difference("breaking", path, f"{known} in the simulator, {kind} received")
        elif isinstance(received, dict):
            yield from self._members(shape, received, path)
        elif isinstance(received, list):
            for item in received:
                yield from self.values(shape.items or Shape(), item, f"{path}[]")
        else:
            yield from self._plain(shape, received, path)

    def _members(self, shape: Shape, received: Mapping[str, Any], path: str) -> Iterator[Difference]:
        for name, member in shape.members.items():
            inner = f"{path}.{name}" if path else name
            if name in received:
                yield from self.values(member, received[name], inner)
            elif member.seen == shape.objects:
                severity: Severity = "cosmetic" if member.open else "breaking"
                yield self._difference(severity, inner, "in the simulator, missing here")
        for name, value in received.items():
            if name not in shape.members:
                inner = f"{path}.{name}" if path else name
                yield self._difference("new", inner, f"not in the simulator, {_short(value)} received")
        yield from self._order(shape, received, path)

    def _order(self, shape: Shape, received: Mapping[str, Any], path: str) -> Iterator[Difference]:
        for known in shape.orders:
            order = [name for name in received if name in known]
            if order == [name for name in known if name in received]:
                return
        if shape.orders:
            yield self._difference("cosmetic", path, "the members come in another order")

    def _plain(self, shape: Shape, received: Any, path: str) -> Iterator[Difference]:
        inside = embedded_json(received)
        if inside is not None and shape.inner is not None:
            yield from self.values(shape.inner, inside, path + EMBEDDED)
            return
        documented = self.documented.get(f"{self.where} {path}")
        if documented is not None and received not in documented and received not in shape.values:
            yield self._difference(
                "new", path, f"{_either(list(documented))} is documented, {_short(received)} received"
            )
        elif isinstance(received, str) and _PROSE.search(path) and received not in shape.values:
            yield self._difference(
                "cosmetic", path, f"{_short(shape.values[0])} in the simulator, {_short(received)} received"
            )

    def _difference(self, severity: Severity, path: str, detail: str) -> Difference:
        return Difference(severity, f"{self.where}: {path}" if path else self.where, detail)


def _either(values: Iterable[Any]) -> str:
    return " or ".join(value if isinstance(value, str) else repr(value) for value in values) or "none"


def _short(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}..."
