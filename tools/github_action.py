"""The steps of the GitHub Action in action.yml: `start` a server and export its variables; print the `bill`.

The files that GITHUB_ENV, GITHUB_OUTPUT and GITHUB_STEP_SUMMARY name are those of GitHub's runner.
"""

from __future__ import annotations

import json
import os
import re
import shlex
import signal
import subprocess
import sys
from collections import Counter
from pathlib import Path
from tempfile import gettempdir
from typing import TYPE_CHECKING, Any
from urllib.request import urlopen

from soundstage_cli.env import server_address, variables
from soundstage_contracts import load_facts

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

NEW_GROUP, NO_WINDOW = 0x200, 0x8000000
"""What `subprocess` calls CREATE_NEW_PROCESS_GROUP and CREATE_NO_WINDOW, on Windows only."""
READY = re.compile(r"Soundstage is ready at (\S+)")
URL, PROCESS = "SOUNDSTAGE_URL", "SOUNDSTAGE_PROCESS"


def start(options: str) -> None:
    """Start a server that outlives this step, and export its address and the variables of every client.

    Raises:
        SystemExit: The server did not start; its message has been printed.
    """
    words = [sys.executable, "-m", "soundstage_cli", "serve", "--port", "0", *shlex.split(options)]
    notes = Path(os.environ.get("RUNNER_TEMP") or gettempdir()) / f"soundstage-{os.getpid()}.log"
    # No stream of this step: the runner waits until they are closed.
    with notes.open("w") as log:
        server = subprocess.Popen(
            words, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=log, text=True, **detached(sys.platform)
        )
    found = READY.match(next(iter(server.stdout or ()), ""))
    if found is None:
        server.wait()
        sys.exit(notes.read_text(errors="replace"))
    exported = dict(variables(load_facts().vendors.values(), server_address(found[1]), os.environ))
    append("GITHUB_ENV", [*exported.items(), (URL, found[1]), (PROCESS, server.pid)])
    append("GITHUB_OUTPUT", [("url", found[1])])
    print(f"Soundstage is ready at {found[1]}")


def detached(platform: str) -> dict[str, Any]:
    """Return the options of `subprocess.Popen` for a process that outlives this step, whose own the runner ends."""
    if platform == "win32":  # no sessions there, but groups, and consoles whose end would end the server
        return {"creationflags": NEW_GROUP | NO_WINDOW}
    return {"start_new_session": True}


def bill() -> None:
    """Print what the job's steps would have cost and their double submissions, also in the summary; stop the server.

    Raises:
        SystemExit: No earlier step has started a server.
    """
    if not os.environ.get(URL):
        sys.exit(f"{URL} is not set; the task bill needs an earlier step of this job with the task start")
    with urlopen(f"{os.environ[URL]}/_soundstage/accounts") as response:  # noqa: S310 - the address of `start`
        lines = list(bill_of(json.load(response)))
    print(*lines, sep="\n")
    if path := os.environ.get("GITHUB_STEP_SUMMARY"):
        with Path(path).open("a", encoding="utf-8") as file:
            file.write("\n".join(["## Soundstage", "", *(f"- {line}" for line in lines), ""]))
    # On Windows this ends the launcher of the venv at once, and with it the server, whose job object it owns.
    os.kill(int(os.environ[PROCESS]), signal.SIGTERM)


def bill_of(accounts: Iterable[dict[str, Any]]) -> Iterator[str]:
    """Yield the lines of the bill."""
    spent: Counter[str] = Counter()
    doubles: list[str] = []
    for account in accounts:
        spent[account["unit"]] += account["spent"] + account["reserved"]
        doubles += [
            f"{account['vendor']} {each['first']} and {each['second']}" for each in account["double_submissions"]
        ]
    costs = ", ".join(f"{amount:g} {unit}" for unit, amount in sorted(spent.items()) if amount)
    yield f"would have been spent: {costs or 'nothing'}"
    yield f"double submissions: {', '.join(doubles) or 'none'}"


def append(variable: str, values: Iterable[tuple[str, object]]) -> None:
    """Append *values* to the runner's file that *variable* names."""
    with Path(os.environ[variable]).open("a", encoding="utf-8", newline="\n") as file:
        file.writelines(f"{name}={value}\n" for name, value in values)


if __name__ == "__main__":
    if sys.argv[1:] == ["start"]:
        start(os.environ.get("OPTIONS", ""))
    elif sys.argv[1:] == ["bill"]:
        bill()
    else:
        sys.exit(f"task is {sys.argv[1:]}; allowed: start, bill")
