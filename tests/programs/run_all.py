"""Run unchanged programs of several languages at the vendors' real hosts by `soundstage run`: `nox -s programs`.

Each program makes, waits for and saves a result, and nothing leaves the machine. The table that is printed is that of
docs/real_hosts.md; with ``--only WORD``, the programs whose name contains the word are run.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import time
from collections import Counter
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, NamedTuple

from soundstage_contracts.facts.record import record_program
from soundstage_server import Server, World

if TYPE_CHECKING:
    from collections.abc import Iterator

HERE = Path(__file__).parent
EXAMPLES = HERE.parents[1] / "examples"
SIGNATURES = {b"ftyp": "MP4", b"\x89PNG": "PNG"}
TIMEOUT = 180.0
SDKS = {
    "with_ai_sdk.mjs": ("veo", "@ai-sdk/google"),
    "with_ai_sdk_bytedance.mjs": ("ark", "@ai-sdk/bytedance"),
    "with_byteplus.py": ("ark", "byteplus-python-sdk-v2"),
    "with_fal_client.mjs": ("fal", "@fal-ai/client"),
    "with_fal_client.py": ("fal", "fal-client"),
    "with_gmicloud.py": ("gmicloud", "gmicloud"),
    "with_google_genai.py": ("veo", "google-genai"),
    "with_litellm.py": ("veo", "litellm"),
    "with_volcengine.py": ("ark", "volcengine-python-sdk"),
}
"""The vendor and the distribution of each program around a third-party SDK."""
MAY_LEAK = {"with_litellm.py"}
"""Programs that fetch something else, and continue without it; the table shows what."""


class Program(NamedTuple):
    """A program: its name, its language, the command, and where it saves its result."""

    name: str
    language: str
    command: list[str]
    saves: str


class Outcome(NamedTuple):
    """What a program has done: time, kind of file, requests, costs, refused hosts, and its output if it failed."""

    seconds: float
    made: str
    requests: int
    spent: str
    refused: str
    problem: str


def programs(tools: Path) -> Iterator[Program]:
    """Yield every program; what has to be compiled is compiled into *tools*."""
    for path in sorted(EXAMPLES.glob("*_by_hand.py")):
        yield Program(path.name, "Python", [sys.executable, str(path)], "soundstage-demo")
    for path in sorted((HERE / "python").glob("*.py")):
        yield Program(path.name, "Python", [sys.executable, str(path), "result"], "result")
    for path in sorted((HERE / "node").glob("*.mjs")):
        # Node finds packages beside the program's own folder, so that the program has to be there.
        copied = shutil.copy(path, tools / path.name)
        yield Program(path.name, "JavaScript", ["node", str(copied), "result"], "result")
    for path in sorted((HERE / "go").glob("*.go")):
        built = tools / path.stem
        subprocess.run(["go", "build", "-o", str(built), str(path)], check=True)  # noqa: S607
        yield Program(path.name, "Go", [str(built), "result"], "result")
    for path in sorted((HERE / "java").glob("*.java")):
        subprocess.run(["javac", "-d", str(tools), str(path)], check=True)  # noqa: S607
        yield Program(path.name, "Java", ["java", "-cp", str(tools), path.stem, "result"], "result")
    for path in sorted((HERE / "shell").glob("*.sh")):
        yield Program(path.name, "shell", ["sh", str(path), "result"], "result")


def version_of(distribution: str, tools: Path) -> str:
    """Return the version of a package of Python, or of Node's in *tools*."""
    manifest = tools / "node_modules" / distribution / "package.json"
    if manifest.exists():
        return str(json.loads(manifest.read_text(encoding="utf-8"))["version"])
    return version(distribution)


def today() -> str:
    """Return the day of the run."""
    return datetime.now(tz=UTC).date().isoformat()


def run(program: Program, *options: str, record: Path | None = None) -> Outcome:
    """Run *program* in an empty folder, and read what it has done.

    With *record*, the folder of Node's packages, a run of a third-party SDK is recorded for `soundstage vendors`.
    """
    with TemporaryDirectory() as folder:
        report = Path(folder) / "report.json"
        checks = ["double", "unresolved", *([] if program.name in MAY_LEAK else ["leak"])]
        words = [sys.executable, "-m", "soundstage_cli", "run", "--media", "small", "--report", str(report), *options]
        words += ["--fail-on", ",".join(checks), "--", *program.command]
        started = time.monotonic()
        done = subprocess.run(
            words, cwd=folder, capture_output=True, text=True, errors="replace", timeout=TIMEOUT, check=False
        )
        seconds = time.monotonic() - started
        made = kind_of(Path(folder) / program.saves)
        output = done.stdout + done.stderr
        if not report.exists():
            return Outcome(seconds, made, 0, "", "", output)
        found = json.loads(report.read_text(encoding="utf-8"))
        if record is not None and program.name in SDKS and done.returncode == 0 and made:
            vendor, distribution = SDKS[program.name]
            record_program(vendor, f"{distribution} {version_of(distribution, record)}", report, today())
    spent = ", ".join(f"{amount:g} {unit}" for unit, amount in found["spent"].items()) or "nothing"
    refused = ", ".join(f"{address.rpartition(':')[0]} ({count})" for address, count in found["refused"].items())
    problem = "" if done.returncode == 0 and made else output or "no result was saved"
    return Outcome(seconds, made, len(found["requests"]), spent, refused or "none", problem)


def run_tests(tools: Path) -> Iterator[tuple[str, str]]:
    """Run the examples of tests in other languages against a server; yield each with its output if it failed."""
    shutil.copy(EXAMPLES / "other_languages" / "node" / "video.test.mjs", tools)
    commands = {
        "JavaScript": (["npx", "vitest", "run"], tools),
        "Go": (["go", "test", "-count=1", "./..."], EXAMPLES / "other_languages" / "go"),
        "Java": (["java", "-ea", "VideoTest.java"], EXAMPLES / "other_languages" / "java"),
    }
    with World(clock="auto", media="small") as world, Server(world) as server:
        for language, (words, folder) in commands.items():
            environ = {**os.environ, "INFRAI_BASE_URL": server.base_url("infrai")}
            done = subprocess.run(
                words, cwd=folder, env=environ, capture_output=True, text=True, timeout=TIMEOUT, check=False
            )
            yield language, done.stdout + done.stderr if done.returncode else ""


def kind_of(saved: Path) -> str:
    """Return the kind of the saved file, which is one of a known format, or nothing."""
    files = sorted(saved.iterdir()) if saved.is_dir() else [saved] if saved.is_file() else []
    heads = [file.read_bytes()[:8] for file in files]
    return next((kind for mark, kind in SIGNATURES.items() for head in heads if mark in head), "")


def main() -> int:
    """Run the programs, print the table, and return 1 if one of them has failed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tools", type=Path, required=True, help="a folder with the packages of Node")
    parser.add_argument("--only", default="", help="run the programs whose name contains this word")
    parser.add_argument("--offline-proof", action="store_const", const=["--offline-proof"], default=[])
    parser.add_argument("--record", action="store_true", help="record the runs of SDKs for soundstage vendors")
    options = parser.parse_args()
    failed, languages = [], Counter[str]()
    print(
        "| Program | Language | Saved | Requests | Would have cost | Refused | Seconds |\n|---|---|---|---|---|---|---|"
    )
    for program in programs(options.tools.resolve()):
        if options.only not in program.name:
            continue
        outcome = run(program, *options.offline_proof, record=options.tools.resolve() if options.record else None)
        row = (program.name, program.language, outcome.made or "nothing", outcome.requests, outcome.spent)
        print("|", " | ".join(map(str, (*row, outcome.refused, f"{outcome.seconds:.1f}"))), "|", flush=True)
        languages[program.language] += 1
        if outcome.problem:
            failed.append(program.name)
            print(outcome.problem, file=sys.stderr, flush=True)
    for language, problem in () if options.only else run_tests(options.tools.resolve()):
        print(f"tests in {language} against a server: {'failed' if problem else 'passed'}")
        if problem:
            failed.append(f"tests in {language}")
            print(problem, file=sys.stderr)
    print(f"\n{sum(languages.values())} programs in {len(languages)} languages; failed: {', '.join(failed) or 'none'}")
    return int(bool(failed))


if __name__ == "__main__":
    sys.exit(main())
