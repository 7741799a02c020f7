"""Each shared law fails for a vendor that breaks it, and the failure shows the fact and the exchange."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections import defaultdict
from pathlib import Path

import pytest

from soundstage_contracts.laws.binding import all_laws
from tests.plugins.conftest import ACME

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
LAWS = [name for name, _ in all_laws().items()]
OPTIONS = ("-q", "-n", "0", "-p", "no:cacheprovider", "-p", "no:randomly", "--soundstage-seed", "0")


@pytest.fixture(scope="module")
def texts(acme: str, tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[str]]:
    """Run every law with its fault in one session, and return what each failure shows, by law."""
    del acme  # it writes the metadata by which the other process finds the vendor, too
    results = tmp_path_factory.mktemp("wrong") / "results.jsonl"
    path = os.pathsep.join([*(one for one in sys.path if "installed" in one), str(ACME), str(ROOT)])
    environ = {**os.environ, "PYTHONPATH": path, "SOUNDSTAGE_WRONG_RESULTS": str(results)}
    words = [sys.executable, "-m", "pytest", *OPTIONS, "-p", "tests.plugins.wrong_faults", str(HERE / "wrong_laws.py")]
    done = subprocess.run(words, env=environ, cwd=ROOT, capture_output=True, text=True, check=False)
    assert results.exists(), done.stdout + done.stderr
    found: dict[str, list[str]] = defaultdict(list)
    for line in results.read_text(encoding="utf-8").splitlines():
        row = json.loads(line)
        if row["failed"]:
            found[row["law"]].append(row["text"])
    return found


@pytest.mark.slow
@pytest.mark.parametrize("law", LAWS)
def test_law_fails_for_its_fault_and_shows_why(law: str, texts: dict[str, list[str]]) -> None:
    """The fault is found, and the failure names the fact, the promise and the last exchange."""
    assert texts[law], f"no case of {law} fails for its fault"
    text = texts[law][0]
    assert "acme:routes" in text
    assert "promise: " in text
    assert law == "test_client_uses_the_documented_address" or "/v1/images" in text


def test_every_law_has_a_fault(acme: str) -> None:
    """A new law needs a vendor that breaks it."""
    del acme
    from tests.plugins.wrong_faults import FAULTS

    assert set(FAULTS) == set(LAWS)
