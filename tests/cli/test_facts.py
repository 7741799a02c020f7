"""`soundstage facts`: coverage, missing contracts, and single facts."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from dataclasses import replace
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

from soundstage_cli.errors import CommandError
from soundstage_cli.facts import command as facts
from soundstage_cli.facts import coverage
from soundstage_cli.main import main
from soundstage_contracts import VENDORS, Fact, FactError, load_facts
from soundstage_contracts.facts.proves import Contract
from soundstage_contracts.facts.shown import Shown

if TYPE_CHECKING:
    from collections.abc import Iterator

DOCUMENTED = "tomoviee:create.route"


@pytest.fixture
def contracts(monkeypatch: pytest.MonkeyPatch) -> dict[str, tuple[Contract, ...]]:
    """The contracts of each fact, for a test to fill; empty at first."""
    found: dict[str, tuple[Contract, ...]] = {}
    monkeypatch.setattr("soundstage_contracts.facts.proves.proven", lambda _: found)
    monkeypatch.setenv("COLUMNS", "160")
    return found


def prove(fact: Fact) -> tuple[Contract, ...]:
    """Return a contract that covers *fact*."""
    return (Contract("suite:test_it", "It is so [always].", fact.sides),)


@pytest.fixture
def shown(monkeypatch: pytest.MonkeyPatch) -> dict[str, tuple[Shown, ...]]:
    """What the mutations of each vendor have shown, for a test to fill; empty at first."""
    rows: dict[str, tuple[Shown, ...]] = {}
    monkeypatch.setattr(coverage, "load_shown", lambda vendor: rows.get(vendor, ()))
    return rows


def show(fact: Fact) -> Iterator[Shown]:
    """Yield what shows *fact* to fail on each side, by the contract of `prove`."""
    for side in sorted(fact.sides):
        yield Shown(fact.id, side, "a-mistake", "suite:test_it", "")


@pytest.mark.usefixtures("contracts")
def test_overview_lists_missing_contracts(capsys: pytest.CaptureFixture[str]) -> None:
    """The overview counts facts and contracts, and lists every documented fact without a contract."""
    assert main(["facts"]) == 0
    output = capsys.readouterr().out
    assert all(vendor in output for vendor in VENDORS)
    assert "Facts without a required contract:" in output
    assert DOCUMENTED in output


@pytest.mark.usefixtures("contracts")
def test_check_fails_if_contract_is_missing() -> None:
    """With --check the exit code is 1 while a required contract is missing."""
    assert main(["facts", "--check"]) == 1


def test_check_passes_if_required_contracts_exist_and_can_fail(
    contracts: dict[str, tuple[Contract, ...]],
    shown: dict[str, tuple[Shown, ...]],
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Only documented facts that bind a side require a contract, and a mistake that the contract has caught."""
    required = {key: fact for key, fact in load_facts().items() if fact.needs_contract}
    contracts.update({key: prove(fact) for key, fact in required.items()})
    assert main(["facts", "--check"]) == 1
    assert "Facts that no planted mistake has shown to fail:" in capsys.readouterr().out
    for vendor in VENDORS:
        rows = (row for fact in required.values() if fact.vendor == vendor for row in show(fact))
        shown[vendor] = tuple(rows)
    assert main(["facts", "--check"]) == 0
    output = capsys.readouterr().out
    assert "without a required contract" not in output
    assert "no planted mistake" not in output


def test_fact_shows_the_mistake_that_its_contract_caught(
    contracts: dict[str, tuple[Contract, ...]],
    shown: dict[str, tuple[Shown, ...]],
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A fact has the mistake of each side, a side without one, or the reason why there is none; JSON has the same."""
    fact = replace(load_facts().find(DOCUMENTED), unshown={"server": "it cannot be seen."})
    monkeypatch.setattr(facts, "_select", lambda _: [fact])
    contracts[fact.key] = prove(fact)
    assert main(["facts", fact.key]) == 0
    assert "not client" in capsys.readouterr().out
    shown["tomoviee"] = tuple(row for row in show(fact) if row.side == "client")
    assert main(["facts", fact.key]) == 0
    output = capsys.readouterr().out
    assert "The mistake a-mistake in the client was caught by test_it." in output
    assert "No mistake in the server can be shown: it cannot be seen." in output
    assert main(["facts", fact.key, "--json", "--check"]) == 0
    (found,) = json.loads(capsys.readouterr().out)
    assert found["shown"] == {"client": {"mutation": "a-mistake", "contract": "suite:test_it"}}
    assert found["unshown"] == {"server": "it cannot be seen."}


def test_vendor_list_has_state_of_each_fact(
    contracts: dict[str, tuple[Contract, ...]], capsys: pytest.CaptureFixture[str]
) -> None:
    """Each fact is proven, without a contract, without a required contract, or advice."""
    contracts[DOCUMENTED] = prove(load_facts().find(DOCUMENTED))
    assert main(["facts", "tomoviee"]) == 0
    rows = {line.split()[0]: line for line in capsys.readouterr().out.splitlines() if len(line.split()) > 1}
    assert "proven" in rows["create.route"]
    assert "no contract (client and server)" in rows["poll.route"]
    assert "not required" in rows["credits"]
    assert "advice" in rows["camera.examples_disagree"]


def test_fact_is_shown_in_full(contracts: dict[str, tuple[Contract, ...]], capsys: pytest.CaptureFixture[str]) -> None:
    """The statement, the other reading, the source, and each contract are printed; brackets are no markup."""
    fact = load_facts().find("tomoviee:errors.envelope")
    contracts[fact.key] = prove(fact)
    assert main(["facts", fact.key]) == 0
    output = " ".join(capsys.readouterr().out.split())
    assert fact.but
    for text in (
        fact.statement,
        f"But: {fact.but}",
        fact.source,
        "It is so [always]. [client, server]",
        "suite:test_it",
    ):
        assert text in output


def test_json_output(contracts: dict[str, tuple[Contract, ...]], capsys: pytest.CaptureFixture[str]) -> None:
    """The JSON output has each fact with its contracts and the sides without one."""
    contracts[DOCUMENTED] = (Contract("suite:test_it", "It is so.", frozenset({"server"})),)
    assert main(["facts", DOCUMENTED, "--json"]) == 0
    (fact,) = json.loads(capsys.readouterr().out)
    assert fact["key"] == DOCUMENTED
    assert fact["missing"] == ["client"]
    assert fact["contracts"] == [{"name": "suite:test_it", "promise": "It is so.", "sides": ["server"]}]


@pytest.mark.parametrize(("id_", "hint"), [("tomovee", "'tomoviee'"), ("tomoviee:creat.route", f"'{DOCUMENTED}'")])
def test_unknown_id_has_suggestion(id_: str, hint: str, capsys: pytest.CaptureFixture[str]) -> None:
    """A misspelled vendor or fact exits with 2 and suggests the closest name."""
    assert main(["facts", id_]) == 2
    assert f"did you mean {hint}?" in capsys.readouterr().err


@pytest.mark.parametrize(("environ", "colored"), [({}, True), ({"NO_COLOR": "1"}, False)])
def test_color_only_on_terminal(environ: dict[str, str], colored: Any) -> None:
    """A terminal gets color unless NO_COLOR is set; a pipe never does."""
    pty = pytest.importorskip("pty")
    leader, follower = pty.openpty()
    env = {name: value for name, value in os.environ.items() if name != "NO_COLOR"} | {"TERM": "xterm"} | environ
    command = [sys.executable, "-m", "soundstage_cli", "facts", DOCUMENTED]
    subprocess.run(command, stdout=follower, check=True, env=env)
    output = os.read(leader, 65536)
    os.close(leader)
    os.close(follower)
    assert DOCUMENTED.encode() in output
    assert bool(re.search(rb"\x1b\[[0-9;]*3[0-9]m", output)) is colored
    if colored:
        assert "\x1b[" not in subprocess.run(command, capture_output=True, text=True, check=True).stdout


def test_missing_package_names_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    """If the suite cannot be imported, the message names the extra, without a traceback."""

    def missing(_: str | None) -> None:
        raise ModuleNotFoundError("no", name="hypothesis")

    monkeypatch.setattr("soundstage_contracts.facts.proves.proven", missing)
    args = SimpleNamespace(id=None, evidence=None, stale_days="90")
    with pytest.raises(CommandError, match=r"soundstage facts needs the all extra"):
        facts.run(args)  # type: ignore[arg-type]  # all of a namespace that it reads


def test_facts_work_without_docstrings() -> None:
    """Under ``python -OO``, where docstrings are removed, the table of a vendor is the same."""
    tables = {
        flag: subprocess.run(
            [sys.executable, *flag, "-m", "soundstage_cli", "facts", "infrai"],
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for flag in ((), ("-OO",))
    }
    assert tables["-OO",] == tables[()]


def test_suite_that_cannot_be_imported_is_one_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Terms that do not fit the laws end the command with the reason, without a traceback."""

    def fail(_: str | None) -> None:
        raise FactError("soundstage_contracts.suite.veo.test_laws cannot be imported: BindingError: veo: hosts")

    monkeypatch.setattr("soundstage_contracts.facts.proves.proven", fail)
    assert main(["facts", "veo"]) == 1
    assert capsys.readouterr().err.endswith("cannot be imported: BindingError: veo: hosts\n")
