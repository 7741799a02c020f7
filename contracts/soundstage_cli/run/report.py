"""What a program has done: money, double submissions, jobs without a seen end, refused hosts, and every exchange."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from soundstage_server.model.lifecycle import Fate

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from soundstage_server import Account, World
    from soundstage_server.model.account import Task
    from soundstage_server.model.journal import JournalEntry
    from soundstage_server.proxy.proxy import Proxy

CHECKS: Final = ("double", "leak", "unresolved")
"""What `--fail-on` may name."""


@dataclass
class Report:
    """The report of one run.

    Attributes:
        exit_code: The program's own.
        spent: What would have been spent, by unit; what is reserved counts.
        double_submissions: Equal paid submissions within a short time.
        unresolved: Paid jobs whose end the program has not seen.
        refused: How many requests to each host were refused.
        distrusted: How many connections to each vendor's host ended because the program refused the certificate.
        finished: How many jobs of each vendor have succeeded.
        requests: The journal, without secrets.
    """

    exit_code: int
    spent: dict[str, float] = field(default_factory=dict)
    double_submissions: list[str] = field(default_factory=list)
    unresolved: list[str] = field(default_factory=list)
    refused: dict[str, int] = field(default_factory=dict)
    distrusted: dict[str, int] = field(default_factory=dict)
    finished: dict[str, int] = field(default_factory=dict)
    requests: list[dict[str, Any]] = field(default_factory=list)

    @classmethod
    def of(cls, world: World, proxy: Proxy, exit_code: int) -> Report:
        """Read what has happened in *world* and at *proxy*."""
        with world.lock:
            accounts = list(world.accounts())
            for account in accounts:
                account.settle(account.now())
        return cls(
            exit_code,
            _spent(accounts),
            [_double(account, double) for account in accounts for double in account.double_submissions],
            list(_unresolved(world, accounts)),
            {str(address): count for address, count in sorted(proxy.refused.items())},
            dict(sorted(proxy.distrusted.items())),
            _finished(world, accounts),
            [entry.redacted() for entry in world.journal()],
        )

    def failed(self, checks: Iterable[str]) -> list[str]:
        """Return those of *checks* that the run does not pass."""
        found = dict(zip(CHECKS, (self.double_submissions, self.refused, self.unresolved), strict=True))
        return [check for check in checks if found[check]]

    def lines(self) -> Iterator[str]:
        """Yield the summary."""
        costs = ", ".join(f"{amount:g} {unit}" for unit, amount in sorted(self.spent.items())) or "nothing"
        yield f"{_count(len(self.requests), 'request')} to the vendors' hosts; would have been spent: {costs}"
        for double in self.double_submissions:
            yield f"double submission: {double}"
        for task in self.unresolved:
            yield f"a job whose end the program has not seen: {task}"
        for host, count in self.distrusted.items():
            yield (
                f"{_count(count, 'connection')} to {host} ended: the program does not trust the simulator; "
                "its TLS library reads none of the variables that name it: let it trust the file in SSL_CERT_FILE"
            )
        hosts: Counter[str] = Counter()
        for address, count in self.refused.items():
            hosts[address.rpartition(":")[0].strip("[]")] += count
        for host, count in hosts.items():
            verb = "was" if count == 1 else "were"
            yield f"{_count(count, 'request')} to {host} {verb} refused; allow with --allow {host}"

    def write(self, path: Path) -> None:
        """Write the report to *path*, as JSON."""
        path.write_text(json.dumps(self.__dict__, indent=2, ensure_ascii=False, default=str) + "\n", encoding="utf-8")


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"


def _spent(accounts: Iterable[Account]) -> dict[str, float]:
    spent: Counter[str] = Counter()
    for account in accounts:
        # What is reserved counts: a service would charge these jobs when they succeed.
        if amount := account.ledger.spent + account.ledger.reserved:
            spent[account.ledger.unit.name] += account.ledger.unit.to_units(amount)  # type: ignore[assignment] # dollars
    return dict(spent)


def _finished(world: World, accounts: Iterable[Account]) -> dict[str, int]:
    finished: Counter[str] = Counter()
    for account in accounts:
        now = account.now()
        tasks = world.tasks(account)
        finished[account.vendor] += sum(task.ends <= now and task.fate is Fate.SUCCEED for task in tasks)
    return {vendor: count for vendor, count in sorted(finished.items()) if count}


def _double(account: Account, double: Any) -> str:
    apart = f"{double.seconds_apart:.0f} s apart"
    return f"{account.vendor} {double.operation}: {double.first} and {double.second}, {apart}"


def _unresolved(world: World, accounts: Iterable[Account]) -> Iterator[str]:
    delivered = {attempt.task for attempt in world.callbacks() if attempt.outcome == "delivered"}
    for account in accounts:
        if world.services[account.vendor].is_synchronous:
            continue
        entries = world.journal(account)
        for task in world.tasks(account):
            if task.id not in delivered and not any(_shows_end(entry, task) for entry in entries):
                yield f"{account.vendor} {task.operation} {task.id}"


def _shows_end(entry: JournalEntry, task: Task) -> bool:
    """Return whether an exchange at or after the end of *task* was about it."""
    return entry.at >= task.ends and (task.id in entry.path or task.id.encode() in entry.response)
