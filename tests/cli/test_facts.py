"""`soundstage facts`: coverage is counted, what is owed is red, and one fact is shown whole."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from types import SimpleNamespace
from typing import Any

import pytest

from soundstage_cli import facts
from soundstage_cli.errors import CommandError
from soundstage_cli.main import main
from soundstage_contracts import VENDORS, Fact, load_facts
from soundstage_contracts.facts.proves import Contract

DOCUMENTED = "tomoviee:create.route"


@pytest.fixture
def unproven(monkeypatch: pytest.MonkeyPatch) -> dict[str, tuple[Contract, ...]]:
    """What is proven, for a test to fill: nothing to begin with."""
    contracts: dict[str, tuple[Contract, ...]] = {}
    monkeypatch.setattr("soundstage_contracts.facts.proves.proven", lambda: contracts)
    monkeypatch.setenv("COLUMNS", "160")
    return contracts


def prove(fact: Fact) -> tuple[Contract, ...]:
    """Make a contract that covers *fact*."""
    return (Contract("suite:test_it", "It holds [always].", fact.sides),)


@pytest.mark.usefixtures("unproven")
def test_facts_shows_each_vendors_coverage_and_what_is_owed(capsys: pytest.CaptureFixture[str]) -> None:
    """The overview counts facts and contracts, and lists every documented fact that nobody proves."""
    assert main(["facts"]) == 0
    shown = capsys.readouterr().out
    assert all(vendor in shown for vendor in VENDORS)
    assert "No contract proves these yet:" in shown
    assert DOCUMENTED in shown


@pytest.mark.usefixtures("unproven")
def test_facts_check_fails_while_a_contract_is_owed() -> None:
    """With --check the exit code is 1 while anything is red."""
    assert main(["facts", "--check"]) == 1


def test_facts_check_passes_when_nothing_is_owed(
    unproven: dict[str, tuple[Contract, ...]], capsys: pytest.CaptureFixture[str]
) -> None:
    """Contradicted, inferred and advisory facts owe nothing: proving the documented ones is enough."""
    unproven.update({key: prove(fact) for key, fact in load_facts().items() if fact.needs_contract})
    assert main(["facts", "--check"]) == 0
    assert "No contract proves" not in capsys.readouterr().out


def test_facts_of_a_vendor_tells_how_far_each_is_proven(
    unproven: dict[str, tuple[Contract, ...]], capsys: pytest.CaptureFixture[str]
) -> None:
    """Proven, owed, not owed and advice are told apart."""
    unproven[DOCUMENTED] = prove(load_facts().find(DOCUMENTED))
    assert main(["facts", "tomoviee"]) == 0
    rows = {line.split()[0]: line for line in capsys.readouterr().out.splitlines() if len(line.split()) > 1}
    assert "proven" in rows["create.route"]
    assert "no contract (client and server)" in rows["poll.route"]
    assert "not owed" in rows["credits"]
    assert "advice" in rows["polling.interval"]


def test_facts_of_one_id_shows_the_fact_whole(
    unproven: dict[str, tuple[Contract, ...]], capsys: pytest.CaptureFixture[str]
) -> None:
    """The statement, the other reading, the source, and every contract with its clause, brackets and all."""
    fact = load_facts().find("tomoviee:errors.envelope")
    unproven[fact.key] = prove(fact)
    assert main(["facts", fact.key]) == 0
    shown = " ".join(capsys.readouterr().out.split())
    assert fact.but
    for words in (fact.says, f"But: {fact.but}", fact.source, "It holds [always]. [client, server]", "suite:test_it"):
        assert words in shown


def test_facts_as_json_holds_everything(
    unproven: dict[str, tuple[Contract, ...]], capsys: pytest.CaptureFixture[str]
) -> None:
    """Programs get a list of facts with their contracts and the sides that are missing."""
    unproven[DOCUMENTED] = (Contract("suite:test_it", "It holds.", frozenset({"server"})),)
    assert main(["facts", DOCUMENTED, "--json"]) == 0
    (fact,) = json.loads(capsys.readouterr().out)
    assert fact["key"] == DOCUMENTED
    assert fact["missing"] == ["client"]
    assert fact["contracts"] == [{"name": "suite:test_it", "promise": "It holds.", "sides": ["server"]}]


@pytest.mark.parametrize(("id_", "hint"), [("tomovee", "'tomoviee'"), ("tomoviee:creat.route", f"'{DOCUMENTED}'")])
def test_facts_of_an_unknown_id_names_the_nearest(id_: str, hint: str, capsys: pytest.CaptureFixture[str]) -> None:
    """A misspelt vendor or fact ends with 2 and the nearest name."""
    assert main(["facts", id_]) == 2
    assert f"did you mean {hint}?" in capsys.readouterr().err


@pytest.mark.parametrize(("environ", "coloured"), [({}, True), ({"NO_COLOR": "1"}, False)])
def test_colours_are_for_terminals_that_want_them(environ: dict[str, str], coloured: Any) -> None:
    """A terminal gets colours, unless NO_COLOR is set; a pipe never does."""
    pty = pytest.importorskip("pty")
    leader, follower = pty.openpty()
    env = {name: value for name, value in os.environ.items() if name != "NO_COLOR"} | {"TERM": "xterm"} | environ
    command = [sys.executable, "-m", "soundstage_cli", "facts", DOCUMENTED]
    subprocess.run(command, stdout=follower, check=True, env=env)
    shown = os.read(leader, 65536)
    os.close(leader)
    os.close(follower)
    assert DOCUMENTED.encode() in shown
    assert bool(re.search(rb"\x1b\[[0-9;]*3[0-9]m", shown)) is coloured
    assert "\x1b[" not in subprocess.run(command, capture_output=True, text=True, check=True).stdout


def test_facts_without_the_suites_packages_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    """A suite that cannot be imported is answered with the extra, not with a traceback."""

    def missing() -> None:
        raise ModuleNotFoundError("no", name="hypothesis")

    monkeypatch.setattr("soundstage_contracts.facts.proves.proven", missing)
    asked = SimpleNamespace(id=None, evidence=None, stale_days="90")
    with pytest.raises(CommandError, match=r"soundstage facts needs the all extra"):
        facts.run(asked)  # type: ignore[arg-type]  # all of a namespace that it reads
