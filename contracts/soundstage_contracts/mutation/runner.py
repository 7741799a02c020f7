"""Applies mutations, one at a time, and shows which contract catches each: the proof that the contracts can fail.

    python -m soundstage_contracts.mutation.runner tests/breaks

Each mutation has a process of its own, in which the vendor's contracts run until the first one fails. The baseline, a
run without any mutation, comes first and must pass. The exit code is 1 when a mutation survives, hangs, or is broken
itself. ``--part 1/4`` runs a quarter of the mutations, ``--resume FILE`` skips those whose verdict in FILE is still
valid. Of a mutation that names facts, the contracts of these facts run alone; ``--record`` keeps in the package which
contract has shown which fact to be able to fail.
"""

from __future__ import annotations

import argparse
import contextlib
import multiprocessing
import os
import shutil
import sys
import time
from dataclasses import dataclass, field
from importlib import import_module
from multiprocessing.connection import Connection, wait
from pathlib import Path
from tempfile import mkdtemp
from typing import TYPE_CHECKING, Any, Final

from rich.console import Console
from rich.markup import escape
from rich.table import Table

import soundstage_vendors
from soundstage_contracts.mutation.edits import all_mutations
from soundstage_contracts.mutation.mutations import Listed, MutationError
from soundstage_contracts.mutation.recording import record
from soundstage_contracts.mutation.results import Results, fingerprints
from soundstage_contracts.mutation.worker import NO_MUTATION, Hints, Verdict, run_mutation

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
    from multiprocessing.process import BaseProcess

SECONDS: Final = 120.0
"""How long one run may take at least, in real seconds, before it counts as hung."""
_SLOWER: Final = 8.0
"""How many times longer than the baseline a run may take: other runs compete for the processor."""

_PROGRAM: Final = "soundstage_contracts.mutation.runner"
_SHOWN: Final = 100
_WARM: Final = ("anyio", "av", "fastapi", "httpx", "hypothesis.stateful", "orjson", "PIL.Image", "pytest", "respx")
"""Third-party packages that a forked process need not import again. None of ours: a mutation comes before them."""
# A forked process inherits the warm imports. Other systems have no fork, or no safe one.
_CONTEXT: Final[Any] = multiprocessing.get_context("fork" if sys.platform == "linux" else "spawn")
_LABELS: Final = {"survived": "NOT CAUGHT", "error": "BROKEN RUN", "hung": "HUNG", "caught": "BASELINE FAILS"}


@dataclass(frozen=True, slots=True)
class Row:
    """One finished run.

    Attributes:
        mutation: The mutation; None for the baseline.
        verdict: Its verdict.
        seconds: How long it took; None when the verdict is that of an earlier run.
    """

    mutation: Listed | None
    verdict: Verdict
    seconds: float | None = None

    @property
    def right(self) -> bool:
        """Whether the verdict is as it must be."""
        return self.verdict.outcome == ("survived" if self.mutation is None else "caught")

    @property
    def shown(self) -> Mapping[str, str]:
        """The facts that it has shown to be able to fail, each with the contract; none unless it is caught."""
        return self.verdict.shown if self.verdict.outcome == "caught" else {}

    @property
    def label(self) -> str:
        """The verdict in a few words."""
        if not self.right:
            return _LABELS[self.verdict.outcome]
        return self.verdict.contract if self.mutation is not None else "all pass"


@dataclass(slots=True)
class _Running:
    process: BaseProcess
    connection: Connection
    name: str
    folder: str
    started: float = field(default_factory=time.monotonic)


def in_process(function: Callable[..., Any], *arguments: Any, seconds: float = SECONDS) -> Any:
    """Return what *function* returns in a process of its own; a Verdict when it fails or hangs."""
    ((_, result, _),) = in_processes({"": (function, *arguments)}, jobs=1, seconds=seconds)
    return result


def in_processes(calls: dict[str, tuple[Any, ...]], *, jobs: int, seconds: float) -> Iterator[tuple[str, Any, float]]:
    """Run each call in a process of its own, *jobs* at a time, and yield its name, result and seconds as it ends.

    Args:
        calls: Name to a function of a module and its arguments.
        jobs: How many processes run at the same time.
        seconds: After how long a process is killed; its result is then the verdict ``hung``.
    """
    waiting, running = list(calls.items()), list[_Running]()
    try:
        while waiting or running:
            while waiting and len(running) < jobs:
                name, (function, *arguments) = waiting.pop(0)
                running.append(_start(name, function, arguments))
            deadline = min(each.started for each in running) + seconds
            wait([each.connection for each in running], timeout=max(0.0, deadline - time.monotonic()))
            for each in list(running):
                late = time.monotonic() - each.started >= seconds
                if late or each.connection.poll():
                    running.remove(each)
                    # A result that arrives in the last moment counts, although its process is late.
                    result = _result(each) if each.connection.poll() else Verdict("hung", message=f"over {seconds:g} s")
                    _stop(each)
                    yield each.name, result, time.monotonic() - each.started
    finally:
        for each in running:
            _stop(each)


def _start(name: str, function: Callable[..., Any], arguments: Sequence[Any]) -> _Running:
    receiving, sending = _CONTEXT.Pipe(duplex=False)
    # Made and removed here and not by the child, which may be killed.
    folder = mkdtemp(prefix="soundstage-mutation-")
    process = _CONTEXT.Process(target=_child, args=(sending, folder, function, arguments), daemon=True)
    process.start()
    sending.close()  # so that the other end is readable when the process dies
    return _Running(process, receiving, name, folder)


def _result(run: _Running) -> Any:
    try:
        return run.connection.recv()
    except EOFError:
        run.process.join()
        return Verdict("error", message=f"the process ended with {run.process.exitcode}")


def _stop(run: _Running) -> None:
    run.connection.close()
    run.process.kill()
    run.process.join()
    shutil.rmtree(run.folder, ignore_errors=True)


def _child(sending: Connection, folder: str, function: Callable[..., Any], arguments: Sequence[Any]) -> None:
    """Call *function* in the empty *folder*, with its output thrown away, and send what it returns."""
    os.chdir(folder)
    # The descriptors and not sys.stdout: libraries in C write to the descriptors.
    with Path(os.devnull).open("w", encoding="utf-8") as silent:
        os.dup2(silent.fileno(), 1)
        os.dup2(silent.fileno(), 2)
    try:
        result = function(*arguments)
    except MutationError as error:
        result = error
    except BaseException as error:  # noqa: BLE001 - whatever ends the run is its verdict
        result = Verdict("error", message=f"{type(error).__name__}: {error}")
    sending.send(result)


def list_mutations(home: Path) -> list[Listed]:
    """Return the mutations of the file *home*, without leaving what it imports in this process.

    Raises:
        MutationError: The file cannot be used.
    """
    result = in_process(_list, home)
    if isinstance(result, Verdict):
        raise MutationError(f"{home}: {result.message}")
    if isinstance(result, MutationError):
        raise result
    return list(result)


def _list(home: Path) -> list[Listed]:
    return [each.listed() for each in all_mutations(home)]


def plan_runs(homes: Sequence[Path], only: Sequence[str] = ()) -> dict[Path, list[Listed]]:
    """Return the mutations of each file of *homes*: those that *only* names, or all.

    Raises:
        MutationError: A file cannot be used, or no file has a mutation of a name.
    """
    plan = {home: list_mutations(home) for home in homes}
    known = {each.id for listed in plan.values() for each in listed}
    for id_ in only:
        if id_ not in known:
            raise MutationError(f"mutation must be one of {', '.join(sorted(known))}; got {id_!r}")
    if not only:
        return plan
    chosen = {home: [each for each in listed if each.id in only] for home, listed in plan.items()}
    return {home: listed for home, listed in chosen.items() if listed}


def take_part(plan: dict[Path, list[Listed]], number: int, count: int) -> dict[Path, list[Listed]]:
    """Return part *number* of *count* of a plan; parts are contiguous, so that few vendors need two baselines."""
    pairs = [(home, each) for home, listed in plan.items() for each in listed]
    part: dict[Path, list[Listed]] = {}
    for home, each in pairs[len(pairs) * (number - 1) // count : len(pairs) * number // count]:
        part.setdefault(home, []).append(each)
    return part


def evaluate(home: Path, chosen: Sequence[Listed], jobs: int = 2, results: Results | None = None) -> Iterator[Row]:
    """Run the baseline of *home* and then each mutation *chosen*, *jobs* at a time, and yield each as it ends.

    When the baseline fails, no mutation is run: nothing could be concluded from it.
    """
    results = results or Results()
    prints = fingerprints(home, [each.id for each in chosen])
    baseline = _baseline(home, prints[NO_MUTATION], results)
    yield baseline
    if not baseline.right:
        return
    by_id = {each.id: each for each in chosen}
    calls: dict[str, tuple[Any, ...]] = {}
    for id_, mutation in by_id.items():
        key = f"{home.stem}/{id_}"
        known = results.reusable(key, prints[id_])
        if known is not None:
            yield Row(mutation, known)
        else:
            hints = Hints(baseline.verdict.durations, results.last_contract(key))
            # The contract that caught it last time runs first, and mostly ends the run at once.
            calls[id_] = (run_mutation, home, id_, hints)
    limit = max(SECONDS, _SLOWER * sum(baseline.verdict.durations.values()))
    for id_, verdict, seconds in in_processes(calls, jobs=jobs, seconds=limit):
        # Before it is shown, so that an interrupted session loses no verdict.
        results.keep(f"{home.stem}/{id_}", prints[id_], verdict)
        yield Row(by_id[id_], verdict, seconds)


def _baseline(home: Path, fingerprint: str, results: Results) -> Row:
    key = f"{home.stem}/{NO_MUTATION}"
    known = results.reusable(key, fingerprint)
    if known is not None:
        return Row(None, known)
    started = time.monotonic()
    verdict: Verdict = in_process(run_mutation, home, NO_MUTATION, seconds=SECONDS * _SLOWER)
    results.keep(key, fingerprint, verdict)
    return Row(None, verdict, time.monotonic() - started)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the mutations that the command line names, show the verdicts, and return 1 unless all are caught."""
    options = _parser().parse_args(arguments)
    console = Console()
    try:
        results = Results(Path(options.resume).absolute() if options.resume else None)
        part = take_part(plan_runs(_homes(options.where), options.only), *_read_part(options.part))
        _warm_up()
        return int(not _run(console, part, options.jobs, results, write=options.record))
    except MutationError as error:
        Console(stderr=True, soft_wrap=True).print(f"error: {error}", markup=False)
        return 2


def _homes(where: str) -> list[Path]:
    """Return the files of mutations in a file or folder, or that the vendor with this slug declares."""
    if where in soundstage_vendors.slugs() and not Path(where).exists():
        found = soundstage_vendors.resource(where, "mistakes")
        if not isinstance(found, Path):
            raise MutationError(f"{where}: mistakes is missing; needed: the file in the field mistakes of its Vendor")
        return [found]
    path = Path(where).resolve()
    return sorted(path.glob("[!_]*.py")) if path.is_dir() else [path]


def _read_part(text: str) -> tuple[int, int]:
    number, _, count = text.partition("/")
    if not (number.isdecimal() and count.isdecimal() and 1 <= int(number) <= int(count)):
        raise MutationError(f"--part is {text!r}; allowed: N/COUNT, such as 1/4")
    return int(number), int(count)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog=f"python -m {_PROGRAM}", description="Apply mutations, and show which contract catches each."
    )
    parser.add_argument(
        "where",
        nargs="?",
        default="tests/breaks",
        help="a file of mutations, a folder of such files, or a vendor that declares one (default tests/breaks)",
    )
    parser.add_argument("--only", action="append", default=[], metavar="ID", help="run this mutation alone; repeatable")
    parser.add_argument("--jobs", type=int, default=2, help="how many runs at a time (default 2)")
    parser.add_argument("--part", default="1/1", metavar="N/COUNT", help="run one part of the mutations, such as 1/4")
    parser.add_argument(
        "--resume", metavar="FILE", help="keep verdicts in FILE, and skip what is caught there and has not changed"
    )
    parser.add_argument(
        "--record", action="store_true", help="record in the package which facts have been shown to be able to fail"
    )
    return parser


def _warm_up() -> None:
    """Import what every run needs, where a process inherits it."""
    if _CONTEXT.get_start_method() == "fork":
        for name in _WARM:
            with contextlib.suppress(ImportError):
                import_module(name)


def _run(console: Console, part: dict[Path, list[Listed]], jobs: int, results: Results, *, write: bool) -> bool:
    """Evaluate every file of *part*, print progress and a table for each, and return whether all is as it must be."""
    total, done, started = sum(map(len, part.values())), 0, time.monotonic()
    bad: list[str] = []
    for home, chosen in part.items():
        rows = []
        for row in evaluate(home, chosen, jobs, results):
            rows.append(row)
            done += row.mutation is not None
            _progress(console, home, row, f"{done}/{total}")
            if not row.right:
                bad.append(f"{home.stem} {row.mutation.id if row.mutation else 'baseline'}: {row.label}")
        console.print(_table(home, rows))
        if write:
            record(home.stem, list_mutations(home), {row.mutation.id: row.shown for row in rows if row.mutation})
    console.print(f"{done} of {total} mutations in {time.monotonic() - started:.0f} s; {len(bad)} not as they must be")
    for line in bad:
        console.print(line, style="red", markup=False, soft_wrap=True)
    return not bad


def _progress(console: Console, home: Path, row: Row, count: str) -> None:
    name = row.mutation.id if row.mutation else "baseline"
    time_taken = "kept" if row.seconds is None else f"{row.seconds:.1f} s"
    line = f"[{count}] {home.stem} {name}: {row.label} ({time_taken})"
    console.print(line, style="" if row.right else "red", markup=False, highlight=False, soft_wrap=True)


def _table(home: Path, rows: Iterable[Row]) -> Table:
    table = Table("mutation", "side", "caught by", "its promise", "its message", title=home.stem, expand=True)
    for row in rows:
        table.add_row(*map(escape, _cells(row)), style="" if row.right else "red")
    return table


def _cells(row: Row) -> Iterator[str]:
    yield f"{row.mutation.id}: {row.mutation.about}" if row.mutation else "baseline"
    yield row.mutation.side if row.mutation else ""
    yield row.label
    yield row.verdict.promise
    message = row.verdict.message
    yield message if len(message) <= _SHOWN else f"{message[:_SHOWN]}..."


if __name__ == "__main__":
    sys.exit(main())
