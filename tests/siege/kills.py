"""SIGKILL under load: what was answered before is there afterwards, job for job and credit for credit."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from typing import Any, Final

import httpx

from tests.siege.outcome import Outcome

_CREATE: Final = "/infrai/v1/video/generate"
_ACCOUNTS: Final = 4
_LEAST_SECONDS, _MOST_SECONDS = 0.1, 0.6


def kills(seed: int, count: int) -> Outcome:
    """Kill a server *count* times while clients create and cancel tasks, then compare."""
    outcome = Outcome("SIGKILL under load, then a restart: no answered job or credit is lost")
    random = Random(seed)
    with TemporaryDirectory() as folder:
        state = Path(folder) / "state"
        acknowledged: set[tuple[str, str]] = set()
        for _ in range(count):
            _one_life(state, random.uniform(_LEAST_SECONDS, _MOST_SECONDS), acknowledged)
            outcome.note(*_compare(state, acknowledged))
    return outcome


def _start(state: Path) -> tuple[subprocess.Popen[str], str]:
    options = ("--port", "0", "--state", str(state), "--media", "small", "--retention", "off")
    command = [sys.executable, "-m", "soundstage_cli", "serve", *options]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    assert process.stdout
    return process, process.stdout.readline().split()[4]


def _one_life(state: Path, seconds: float, acknowledged: set[tuple[str, str]]) -> None:
    process, url = _start(state)
    try:
        callers = [threading.Thread(target=_create_until_killed, args=(url, n, acknowledged)) for n in range(_ACCOUNTS)]
        for caller in callers:
            caller.start()
        time.sleep(seconds)
    finally:
        process.kill()
        process.communicate()
    for caller in callers:
        caller.join()


def _create_until_killed(url: str, number: int, acknowledged: set[tuple[str, str]]) -> None:
    headers = {"Authorization": f"Bearer siege-{number}"}
    with httpx.Client(base_url=url, headers=headers, timeout=20, trust_env=False) as client:
        try:
            while True:
                created = client.post(_CREATE, json={"prompt": "A fox"})
                if created.status_code < 300:
                    acknowledged.add((headers["Authorization"], created.json()["data"]["job_id"]))
        except httpx.TransportError:
            return


def _compare(state: Path, acknowledged: set[tuple[str, str]]) -> tuple[bool, str]:
    process, url = _start(state)
    try:
        with httpx.Client(base_url=url, timeout=60, trust_env=False) as client:
            snapshot: dict[str, Any] = client.get("/_soundstage/snapshot").json()
            known = {task["id"] for account in snapshot["accounts"] for task in account["tasks"]}
            lost = {job for _, job in acknowledged} - known
            accounts = snapshot["accounts"]
            unbalanced = [account["account"] for account in accounts if not _is_balanced(account)]
    finally:
        process.terminate()
        process.communicate()
    return not lost and not unbalanced, f"lost {sorted(lost)[:3]}, unbalanced {unbalanced} of {len(acknowledged)} jobs"


def _is_balanced(account: dict[str, Any]) -> bool:
    """Return whether the money fits the movements, and every task has reserved its price once."""
    money = {"outside": 0, "available": account["granted"], "reserved": 0, "spent": 0}
    reserved = {}
    for _, source, target, amount, task in account["entries"]:
        money[source] -= amount
        money[target] += amount
        if target == "reserved":
            reserved[task] = amount
    prices = {task["id"]: task["price"] for task in account["tasks"]}
    return reserved == prices and all(money[name] == account[name] for name in ("available", "reserved", "spent"))
