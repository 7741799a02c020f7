"""Where a live service and the simulator differ, by severity: what breaks a program, what is new, what is cosmetic.

Answers are compared by what they were for (a creation, a look at a running job ...) and not one by one, as no two runs
look equally often. What a simulator always sends, a service must send; what it sometimes sends, it may.

- breaking: a member is missing, has another type or another promised value; another status; another kind of content;
- new: a member that the simulator does not have, a word that nobody documents;
- cosmetic: the words of a message, the order of members, a parameter of a content type.
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
INSIDE: Final = "<json>"
"""What stands in a path where JSON is inside a string."""

_PROSE: Final = re.compile(r"(^|\.)(msg|message|detail|reason|hint)$")
_SHOWN: Final = 60


@dataclass(frozen=True, slots=True)
class Difference:
    """One difference.

    Attributes:
        severity: How bad it is.
        where: What was asked, and the member's path.
        says: What the simulator has, and what came.
        when: What the exchanges were for in which it was seen.
    """

    severity: Severity
    where: str
    says: str
    when: tuple[str, ...] = ()

    def __str__(self) -> str:
        """Return the difference as one line."""
        when = f" ({', '.join(self.when)})" if self.when else ""
        return f"{self.severity}: {self.where}: {self.says}{when}"


@dataclass(frozen=True, slots=True)
class Said:
    """One exchange, as it is compared.

    Attributes:
        method: The HTTP method.
        route: The path below the base address, with names in place of what differs from run to run.
        phase: What the exchange was for.
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
        """What it may be compared with."""
        return self.method, self.route, self.phase

    def __str__(self) -> str:
        """Return what was asked."""
        return f"{self.method} {self.route}"


@dataclass(slots=True)
class Shape:
    """What several JSON values have in common.

    Attributes:
        types: The types that were seen.
        seen: How many values were seen.
        objects: How many of them were objects.
        members: The shape of each member of an object.
        orders: The orders in which members were seen.
        items: The shape of what a list holds.
        inner: The shape of the JSON in a text.
        values: The texts and numbers that were seen.
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
        """Let *value* be one of those that have this shape."""
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
            inside = inside_of(value)
            if inside is not None:
                self.inner = self.inner or Shape()
                self.inner.add(inside)

    @property
    def open(self) -> bool:
        """Whether nothing is known of the type: no value, or null, was seen."""
        return self.types <= {"null"}


def type_of(value: Any) -> str:
    """Return the JSON type of *value*."""
    if value is None or isinstance(value, bool):
        return "null" if value is None else "boolean"
    for kind, name in ((int | float, "number"), (str, "text"), (list, "list")):
        if isinstance(value, kind):
            return name
    return "object"


def inside_of(value: Any) -> Any:
    """Return the JSON object or list that the text *value* holds; None when it holds none."""
    if not isinstance(value, str) or value[:1] not in {"{", "["}:
        return None
    try:
        return json.loads(value)
    except (ValueError, RecursionError):
        return None


def differences(
    live: Sequence[Said], simulated: Sequence[Said], words: Mapping[str, Sequence[Any]] | None = None
) -> list[Difference]:
    """Return how *live* differs from *simulated*, each difference once, the worst first.

    Args:
        live: What a service said.
        simulated: What the simulator said to the same calls.
        words: Route and path of a member, as ``POST /route data.status``, to the values that the documents have for it.
    """
    found: dict[Difference, list[str]] = {}
    for said in live:
        peers = [other for other in simulated if other.place == said.place]
        for each in _between(said, peers, words or {}) if peers else ():
            when = found.setdefault(each, [])
            if said.phase not in when:
                when.append(said.phase)
    told = [replace(each, when=tuple(when)) for each, when in found.items()]
    return sorted(told, key=lambda each: (SEVERITIES.index(each.severity), each.where, each.says))


def _between(said: Said, peers: Sequence[Said], words: Mapping[str, Sequence[Any]]) -> Iterator[Difference]:
    where = str(said)
    statuses = sorted({peer.status for peer in peers})
    if said.status not in statuses:
        yield Difference("breaking", where, f"HTTP {_either(statuses)} in the simulator, HTTP {said.status} came")
    yield from _kinds(where, said.kind, [peer.kind for peer in peers])
    shape = Shape()
    for peer in peers:
        shape.add(peer.body)
    yield from _Comparison(where, f"{said.method} {said.route}", words).values(shape, said.body, "")


def _kinds(where: str, came: str, known: Sequence[str]) -> Iterator[Difference]:
    if came in known:
        return
    plain = {kind.partition(";")[0].strip().lower() for kind in known}
    same = came.partition(";")[0].strip().lower() in plain
    says = f"content type {_either(sorted(set(known)))} in the simulator, {came!r} came"
    yield Difference("cosmetic" if same else "breaking", where, says)


@dataclass(frozen=True, slots=True)
class _Comparison:
    """Compares one answer."""

    where: str
    route: str
    words: Mapping[str, Sequence[Any]]

    def values(self, shape: Shape, came: Any, path: str) -> Iterator[Difference]:
        kind = type_of(came)
        if shape.open:
            return
        if kind not in shape.types:
            known = _either(sorted(shape.types - {"null"}))
            yield self._difference("breaking", path, f"{known} in the simulator, {kind} came")
        elif isinstance(came, dict):
            yield from self._members(shape, came, path)
        elif isinstance(came, list):
            for item in came:
                yield from self.values(shape.items or Shape(), item, f"{path}[]")
        else:
            yield from self._plain(shape, came, path)

    def _members(self, shape: Shape, came: Mapping[str, Any], path: str) -> Iterator[Difference]:
        for name, member in shape.members.items():
            inner = f"{path}.{name}" if path else name
            if name in came:
                yield from self.values(member, came[name], inner)
            elif member.seen == shape.objects:
                severity: Severity = "cosmetic" if member.open else "breaking"
                yield self._difference(severity, inner, "in the simulator, missing here")
        for name, value in came.items():
            if name not in shape.members:
                inner = f"{path}.{name}" if path else name
                yield self._difference("new", inner, f"not in the simulator, {_short(value)} came")
        yield from self._order(shape, came, path)

    def _order(self, shape: Shape, came: Mapping[str, Any], path: str) -> Iterator[Difference]:
        for known in shape.orders:
            order = [name for name in came if name in known]
            if order == [name for name in known if name in came]:
                return
        if shape.orders:
            yield self._difference("cosmetic", path, "the members come in another order")

    def _plain(self, shape: Shape, came: Any, path: str) -> Iterator[Difference]:
        inside = inside_of(came)
        if inside is not None and shape.inner is not None:
            yield from self.values(shape.inner, inside, path + INSIDE)
            return
        documented = self.words.get(f"{self.route} {path}")
        if documented is not None and came not in documented and came not in shape.values:
            yield self._difference("new", path, f"{_either(list(documented))} is documented, {_short(came)} came")
        elif isinstance(came, str) and _PROSE.search(path) and came not in shape.values:
            yield self._difference("cosmetic", path, f"{_short(shape.values[0])} in the simulator, {_short(came)} came")

    def _difference(self, severity: Severity, path: str, says: str) -> Difference:
        return Difference(severity, f"{self.where}: {path}" if path else self.where, says)


def _either(values: Iterable[Any]) -> str:
    return " or ".join(value if isinstance(value, str) else repr(value) for value in values) or "none"


def _short(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}..."
