"""Compare the import time of the client with that of httpx, in new processes: medians and ratios.

Run it with the interpreter that has the client: `python benchmarks/import_time.py [ROUNDS]`. The goal is that `import
soundstage` takes at most 1.1 times as long as `import httpx`. Creating a client loads httpx and almost nothing else;
its TLS context is created with the first request, not with the client.
"""

from __future__ import annotations

import statistics
import subprocess
import sys
import time

SUBJECTS = {
    "nothing": "",
    "import httpx": "import httpx",
    "import soundstage": "import soundstage",
    "soundstage and a client": "import soundstage; soundstage.Tomoviee('key', 'secret')",
    "httpx and a client": "import httpx; httpx.Client()",
}
ROUNDS = 15


def seconds(code: str) -> float:
    """Return the seconds that a new interpreter takes to run *code*."""
    started = time.perf_counter()
    subprocess.run([sys.executable, "-c", code], check=True)
    return time.perf_counter() - started


def measure(rounds: int) -> dict[str, float]:
    """Return the median seconds of each subject; the rounds alternate, so that a busy machine affects all equally."""
    times: dict[str, list[float]] = {name: [] for name in SUBJECTS}
    for code in SUBJECTS.values():  # warms up the bytecode and disk caches
        seconds(code)
    for _ in range(rounds):
        for name, code in SUBJECTS.items():
            times[name].append(seconds(code))
    return {name: statistics.median(measured) for name, measured in times.items()}


def main() -> None:
    """Print one row per subject: milliseconds and the ratio to `import httpx`, without the interpreter's own start."""
    medians = measure(int(sys.argv[1]) if len(sys.argv) > 1 else ROUNDS)
    bare = medians.pop("nothing")
    unit = medians["import httpx"] - bare
    print(f"{'':<26}{'ms':>8}{'x httpx':>9}")
    for name, median in medians.items():
        print(f"{name:<26}{(median - bare) * 1000:>8.1f}{(median - bare) / unit:>9.2f}")


if __name__ == "__main__":
    main()
