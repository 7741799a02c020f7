"""What a strict run fails a test for: leaks, double submissions, unused orders and faults, unresolved outcomes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, Literal, NamedTuple, Protocol

if TYPE_CHECKING:
    from collections import Counter
    from collections.abc import Iterable, Iterator

    from soundstage_contracts.simulators.scoped_control import ScopedControl

__tracebackhide__ = True  # a test that fails here shows its own lines, and not those of this module

Kind = Literal["leak", "double", "unused", "unresolved"]
KINDS: Final[tuple[Kind, ...]] = ("leak", "double", "unused", "unresolved")


class Checked(Protocol):
    """What a test has left in the simulator."""

    control: ScopedControl

    def accounts(self) -> list[dict[str, Any]]:
        """Return the test's accounts."""

    def doubles_of_others(self) -> list[dict[str, Any]]:
        """Return the double submissions since the test's start, on accounts that no test owns."""

    def external_connections(self) -> Counter[str]:
        """Return the connections to other machines since the test's start."""


class StrictError(AssertionError):
    """A test left something behind that a strict run does not allow; the text lists it."""


class Problem(NamedTuple):
    """Something that a strict run does not allow: its kind, and what happened."""

    kind: Kind
    text: str


def problems(view: Checked) -> Iterator[Problem]:
    """Yield what the test of *view* has left behind."""
    for address, count in view.external_connections().items():
        yield Problem("leak", f"{count} connections to {address}, which is not this machine")
    for account in view.accounts():
        for double in account["double_submissions"]:
            yield _double({"vendor": account["vendor"], **double})
        yield from _unresolved(view, account)
    for double in view.doubles_of_others():
        yield _double(double, " with another credential than the test's")
    for order in view.control.unused_orders():
        yield Problem("unused", f"the order {order['then']!r} for {_scope(order)} met no task")
    for fault in view.control.unused_faults():
        yield Problem("unused", f"the fault {fault['kind']!r} for {_scope(fault)} met no request")


def check(view: Checked, allowed: Iterable[str]) -> None:
    """Check that the test of *view* has left nothing behind but what is *allowed*.

    Raises:
        StrictError: It has; the text has a line for each problem.
        ValueError: There is no such kind.
    """
    allowed = list(allowed)
    if unknown := [kind for kind in allowed if kind not in KINDS]:
        raise ValueError(f"a strict run allows {', '.join(KINDS)}; got {', '.join(map(repr, unknown))}")
    found = [problem for problem in problems(view) if problem.kind not in allowed]
    if found:
        lines = "\n".join(f"  {kind}: {text}" for kind, text in found)
        raise StrictError(f"soundstage strict:\n{lines}\nallow a kind with @pytest.mark.soundstage_allow(...)")


def _double(double: dict[str, Any], whose: str = "") -> Problem:
    text = f"{double['vendor']} {double['operation']}{whose}: {double['first']} and {double['second']} are equal"
    return Problem("double", f"{text}, {double['seconds_apart']:g} s apart: probably one job, paid twice")


def _unresolved(view: Checked, account: dict[str, Any]) -> Iterator[Problem]:
    """Yield the tasks whose only trace is a create call with a fault: the program does not know that they exist."""
    if not account["tasks"]:
        return
    journal = view.control.requests(account["account"])
    for task in view.control.tasks(account["account"]):
        traces = [entry for entry in journal if task["id"] in f"{entry['path']} {entry['body']} {entry['answer']}"]
        if len(traces) == 1 and traces[0]["fault"] is not None:
            text = f"{task['vendor']} {task['operation']} {task['id']} was started, its response met the fault"
            yield Problem("unresolved", f"{text} {traces[0]['fault']!r}, and nothing has looked for it since")


def _scope(placed: dict[str, Any]) -> str:
    parts = [placed["vendor"] or "every vendor"]
    parts += [f"{name}={placed[name]!r}" for name in ("operation", "contains", "method", "path") if placed.get(name)]
    return " ".join(parts)
