"""What importing the client costs, beside importing httpx: fresh processes in turn, medians and ratios.

Run it with the interpreter the client is installed in: `python benchmarks/import_time.py [ROUNDS]`. The aim is that
`import soundstage` costs at most 1.1 times what `import httpx` does; making a client loads httpx and nearly nothing
else, and its TLS context is made with the first request, not with the client.
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
    """Seconds that a fresh interpreter takes to run *code*."""
    began = time.perf_counter()
    subprocess.run([sys.executable, "-c", code], check=True)
    return time.perf_counter() - began


def measure(rounds: int) -> dict[str, float]:
    """The median seconds of each subject, one after the other in every round, so that all meet the same machine."""
    taken: dict[str, list[float]] = {name: [] for name in SUBJECTS}
    for code in SUBJECTS.values():  # fills the caches of bytecode and disk
        seconds(code)
    for _ in range(rounds):
        for name, code in SUBJECTS.items():
            taken[name].append(seconds(code))
    return {name: statistics.median(times) for name, times in taken.items()}


def main() -> None:
    """Print one row a subject: milliseconds, and the ratio to `import httpx`, both without the bare interpreter."""
    medians = measure(int(sys.argv[1]) if len(sys.argv) > 1 else ROUNDS)
    bare = medians.pop("nothing")
    unit = medians["import httpx"] - bare
    print(f"{'':<26}{'ms':>8}{'x httpx':>9}")
    for name, median in medians.items():
        print(f"{name:<26}{(median - bare) * 1000:>8.1f}{(median - bare) / unit:>9.2f}")


if __name__ == "__main__":
    main()
