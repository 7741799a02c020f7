"""Programs of ours in a process of their own that starts warm: forked from one that has imported the libraries.

Starting Python, pytest and the libraries takes longer than most of the sessions that tests run. Python's fork server is
started once for each worker, imports them, and forks for each run, as a clean process without threads can do safely.
"""

from __future__ import annotations

import multiprocessing
import os
import runpy
import subprocess
import sys
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

SECONDS: Final = 400.0
"""After how long a run counts as hung: no limit of speed, so it is generous to a busy machine."""
WARM: Final = (
    *("asyncio", "av", "fastapi", "httpx", "hypothesis.stateful", "orjson", "PIL.Image", "pytest", "respx"),
    *("rich.table", "uvicorn"),
    *("soundstage", "soundstage_contracts.simulators.session", "soundstage_server.http.pages"),
)
"""What the fork server imports. No plugin and no suite of ours: pytest has to rewrite their assertions first."""


class Ended(NamedTuple):
    """How a program has ended."""

    code: int
    out: str
    err: str


def run_module(module: str, *words: str, cwd: Path, env: Mapping[str, str] | None = None) -> Ended:
    """Run ``python -m module words...`` in the folder *cwd*, with the environment *env* or this one's.

    Hash seed and interpreter options are those of the fork server. Where there is no fork, a new interpreter runs it.

    Raises:
        TimeoutError: It takes longer than `SECONDS`; it is killed.
    """
    environment = dict(os.environ if env is None else env)
    if "forkserver" not in multiprocessing.get_all_start_methods():
        command = [sys.executable, "-m", module, *words]
        done = subprocess.run(
            command, cwd=cwd, env=environment, capture_output=True, text=True, timeout=SECONDS, check=False
        )
        return Ended(done.returncode, done.stdout, done.stderr)
    with TemporaryDirectory(prefix="soundstage-warm-") as folder:
        output = Path(folder)
        process = _fork_server().Process(target=_run, args=(module, words, str(cwd), environment, folder))
        process.start()
        process.join(SECONDS)
        code = process.exitcode
        if code is None:
            process.kill()
            process.join()
        process.close()
        out, err = (output.joinpath(name).read_text(encoding="utf-8") for name in ("out", "err"))
    if code is None:
        raise TimeoutError(f"python -m {module} ran longer than {SECONDS:g} s\n{out}\n{err}")
    return Ended(code, out, err)


def pytest_session(folder: Path, *words: str, env: Mapping[str, str] | None = None) -> Ended:
    """Run pytest in *folder*, without the options, the cache and the random order of the session that runs."""
    environment = {**(os.environ if env is None else env), "PYTEST_ADDOPTS": ""}
    # The last filter wins: that a plugin was imported before pytest has started is how a warm process begins.
    quiet = ("-W", "ignore::pytest.PytestAssertRewriteWarning")
    ours = ("-p", "no:cacheprovider", "-p", "no:randomly")
    return run_module("pytest", *ours, *words, *quiet, cwd=folder, env=environment)


@cache
def _fork_server() -> Any:
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(list(WARM))
    return context


def _run(module: str, words: Sequence[str], folder: str, environment: dict[str, str], output: str) -> None:
    """Become the program: in the forked process."""
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(environment)
    for number, name in ((1, "out"), (2, "err")):
        # The descriptor and not sys.stdout, which a library in C does not know.
        descriptor = os.open(os.path.join(output, name), os.O_WRONLY | os.O_CREAT)  # noqa: PTH118 - before any code of ours
        os.dup2(descriptor, number)
        os.close(descriptor)
    # As `python -m` does: the folder first, then PYTHONPATH.
    sys.path[:0] = [folder, *environment.get("PYTHONPATH", "").split(os.pathsep)]
    sys.argv = [module, *words]
    runpy.run_module(module, run_name="__main__", alter_sys=True)
