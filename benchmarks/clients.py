"""Compare this client with seven others: each in its own environment, the same local server, one run, ratios.

    python benchmarks/clients.py                          # makes the environments at the first run, some minutes
    python benchmarks/clients.py --peers openai replicate
    python benchmarks/clients.py --environments FOLDER    # keeps the environments there

Every cycle is one submission and one poll, which the server answers at once. Figures are processor seconds of the
client alone, unless a row names another unit; those of `import` and `create a client` are real seconds. `best` is the
lowest figure of the others, `ratio` this client's part of it: below 1 this client is the cheapest. A client without a
way to save an output has no figure in that row.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import statistics
import subprocess
import sys
import time
import venv
from pathlib import Path
from tempfile import gettempdir
from typing import TYPE_CHECKING, Final

sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks._peers.server import run
from benchmarks._peers.subjects import SUBJECTS

if TYPE_CHECKING:
    from multiprocessing.connection import Connection

OWN: Final = "soundstage"
PROBE: Final = Path(__file__).with_name("_peers") / "probe.py"
LABELS: Final = {
    "import": "import",
    "make": "create a client",
    "cycle": "one cycle",
    "jobs": "1,000 jobs at once",
    "stall": "... longest stall (s)",
    "sockets": "... sockets",
    "memory": "... memory (MiB)",
    "threads": "200 threads",
    "download": "64 MiB download",
}
"""The rows of the table, in their order."""
IMPORTS: Final = 3  # rounds, of which the median counts
OFFLINE: Final = {"LITELLM_LOCAL_MODEL_COST_MAP": "True"}
"""Keeps an import from requesting anything."""
TIMEOUT: Final = 600  # seconds of one measurement


def interpreter(folder: Path, name: str) -> str:
    """Return the interpreter of a client's environment, which is created if it does not exist."""
    requirement = SUBJECTS[name].requirement
    if not requirement:
        return sys.executable
    home = folder / name
    found = home / "bin" / "python"
    if not (home / "complete").exists():
        venv.create(home, with_pip=True, clear=True)
        subprocess.run([found, "-m", "pip", "install", "--quiet", requirement], check=True)
        (home / "complete").touch()
    return str(found)


def import_time(python: str, module: str) -> float:
    """Return the median of the seconds that a new interpreter takes to import *module*."""
    times = []
    for _ in range(IMPORTS + 1):
        started = time.perf_counter()
        subprocess.run([python, "-c", f"import {module}"], check=True, timeout=TIMEOUT, env={**os.environ, **OFFLINE})
        times.append(time.perf_counter() - started)
    return statistics.median(times[1:])  # the first one compiles


def measure(python: str, name: str, port: int, channel: Connection) -> dict[str, float]:
    """Return all figures of one client."""
    figures = {"import": import_time(python, SUBJECTS[name].module)}
    for row in ("make", "cycle", "jobs", "threads", "download"):
        channel.send(True)
        channel.recv()
        done = subprocess.run(
            [python, PROBE, name, str(port), row], stdout=subprocess.PIPE, text=True, timeout=TIMEOUT, check=False
        )
        if done.returncode:
            print(f"{name}: {row} failed", file=sys.stderr)
            continue
        figures |= json.loads(done.stdout.splitlines()[-1])
        if row == "jobs":
            channel.send(True)
            figures["sockets"] = channel.recv()
    return figures


def table(found: dict[str, dict[str, float]]) -> str:
    """Return the figures as a table in Markdown."""
    names = list(found)
    lines = [" | ".join(["|", *names, "best", "ratio |"]), "|---" * (len(names) + 3) + "|"]
    for row, label in LABELS.items():
        figures = [found[name].get(row) for name in names]
        others = [found[name][row] for name in names if name != OWN and row in found[name]]
        best, own = min(others, default=None), found.get(OWN, {}).get(row)
        ratio = f"{own / best:.2f}" if own is not None and best else "—"
        cells = [f"{figure:.4g}" if figure is not None else "—" for figure in [*figures, best]]
        lines.append("| " + " | ".join([label, *cells, ratio]) + " |")
    return "\n".join(lines)


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    peers = [name for name in SUBJECTS if name != OWN]
    parser.add_argument("--peers", nargs="*", choices=peers, default=peers, help="compare with these clients only")
    kept = Path(gettempdir()) / "soundstage-benchmark-clients"
    parser.add_argument("--environments", type=Path, default=kept, help="folder of the environments")
    given = parser.parse_args()
    here, there = multiprocessing.Pipe()
    server = multiprocessing.get_context("spawn").Process(target=run, args=(there,), daemon=True)
    server.start()
    port = here.recv()
    found = {}
    for name in (OWN, *given.peers):
        found[name] = measure(interpreter(given.environments, name), name, port, here)
        print(name, json.dumps(found[name]), file=sys.stderr)
        if failed := found[name].get("failed"):
            print(f"{name}: {failed:g} of 1,000 jobs failed", file=sys.stderr)
    print(table(found))
    here.send(False)
    server.join()


if __name__ == "__main__":
    main()
