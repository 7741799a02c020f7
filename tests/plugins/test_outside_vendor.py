"""A vendor from outside works everywhere as this project's vendors do."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
import pytest

import soundstage_vendors
from soundstage import JobState, SpendLimit, SpendLimitExceeded, SQLiteJobStore
from soundstage_cli.candidates import candidates
from soundstage_cli.main import main
from soundstage_contracts.facts.loader import load_facts
from soundstage_contracts.facts.proves import proven
from soundstage_contracts.matrix.cells import cells, is_quick
from soundstage_contracts.matrix.run import run as run_matrix
from soundstage_contracts.mutation.edits import load_edits
from soundstage_contracts.mutation.mutations import load_mutations
from soundstage_contracts.mutation.runner import _homes
from soundstage_contracts.registry import complete_vendors, incomplete_vendors
from soundstage_contracts.report.suites import Suites
from soundstage_contracts.simulators.real_hosts import RealHosts
from soundstage_contracts.testing.session import SimulatorSession
from soundstage_server import InProcess, Server, World, _registry

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.usefixtures("acme")

PROGRAM = """
import asyncio

from soundstage import JobState

def test_client(simulator, acme):
    assert acme.text_to_image("A fox").wait().state is JobState.SUCCEEDED
    assert simulator.acme.spent == 2

def test_async_client(simulator, async_acme):
    async def make():
        return await (await async_acme.text_to_image("A fox")).wait()

    assert asyncio.run(make()).state is JobState.SUCCEEDED
"""


@pytest.fixture(scope="module")
def session() -> Iterator[SimulatorSession]:
    """Return the simulator of a test session."""
    with SimulatorSession() as opened:
        yield opened


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    """Serve it with small media, on a clock that moves with each poll."""
    with World(clock="auto", media="small", vendors=["acme"]) as world, Server(world) as serving:
        yield serving


def test_vendor_is_found_after_ours(acme: str) -> None:
    """It is complete, and the last in every list."""
    assert soundstage_vendors.slugs()[-1] == acme
    assert complete_vendors()[-1] == acme
    assert incomplete_vendors() == {}


def test_simulator_serves_it_with_its_pages(server: Server, acme: str) -> None:
    """Health, OpenAPI page and inspector have it, and a client makes an image there."""
    with httpx.Client(base_url=server.url, trust_env=False) as http:
        assert acme in http.get("/_soundstage/health").json()["vendors"]
        schema = http.get(f"/{acme}/openapi.json").json()
        assert schema["info"]["title"].startswith("Acme Images")
        assert "/v1/images" in schema["paths"]
        assert http.get("/_soundstage/accounts").status_code == 200
    with soundstage_vendors.load(acme, "client")("inspected", base_url=f"{server.url}/{acme}") as client:
        made = client.text_to_image("A fox")
    with httpx.Client(base_url=server.url, trust_env=False) as http:
        assert made.id in http.get("/_soundstage/tasks").text


def test_real_hosts_include_its_own(session: SimulatorSession) -> None:
    """A program with the vendor's fixed host reaches the simulator, in process and with `soundstage run`."""
    assert "api.acme.example" in _registry.hosts()
    with RealHosts(session.http, "in-process"):
        answer = httpx.post(
            "https://api.acme.example/v1/images", json={"prompt": "A fox"}, headers={"Authorization": "Bearer me"}
        )
    assert answer.json()["status"] == "queued"


def test_env_prints_its_variables(capsys: pytest.CaptureFixture[str]) -> None:
    """`soundstage env` has its variables, alone and among all."""
    assert main(["env", "acme"]) == 0
    assert "export ACME_BASE_URL=http://127.0.0.1:8080/acme\n" in capsys.readouterr().out
    assert main(["env"]) == 0
    assert "export ACME_API_KEY=soundstage\n" in capsys.readouterr().out


def test_generate_makes_an_image(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """`soundstage generate` derives capability and options from its client."""
    monkeypatch.setenv("ACME_API_KEY", "generate")
    monkeypatch.setenv("ACME_BASE_URL", f"{server.url}/acme")
    out = tmp_path / "fox.png"
    assert main(["generate", "acme", "text_to_image", "A fox", "--size", "256x256", "--out", str(out)]) == 0
    assert out.read_bytes().startswith(b"\x89PNG")
    capsys.readouterr()
    assert main(["generate"]) == 0
    assert "Acme Images: text_to_image" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("words", "current", "expected"),
    [
        (["generate"], "ac", ["acme"]),
        (["generate", "acme"], "", ["text_to_image"]),
        (["generate", "acme", "text_to_image", "--size"], "", ["256x256", "512x512"]),
        (["env"], "ac", ["acme"]),
        (["demo", "--vendor"], "ac", ["acme"]),
        (["facts"], "acme:e", ["acme:errors"]),
    ],
)
def test_completion_offers_it(words: list[str], current: str, expected: list[str]) -> None:
    """The shell completes its slug, capabilities, options and facts."""
    assert [found.word for found in candidates(words, current)] == expected


def test_demo_runs_it(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """`soundstage demo --vendor` saves its file and counts its cost."""
    assert main(["demo", "--vendor", "acme", "--out", str(tmp_path)]) == 0
    assert "would have been spent: 2 credits" in capsys.readouterr().out
    assert (tmp_path / "acme-01-text_to_image.png").is_file()


def test_facts_are_shown_with_their_contracts(capsys: pytest.CaptureFixture[str]) -> None:
    """`soundstage facts` reads its file, its suite and its record of mutations."""
    assert main(["facts", "acme", "--json"]) == 0
    shown = {fact["key"]: fact for fact in json.loads(capsys.readouterr().out) if fact["needs_contract"]}
    assert set(shown) == {"acme:routes", "acme:states", "acme:errors"}
    assert all(fact["contracts"] and not fact["missing"] for fact in shown.values())
    assert shown["acme:states"]["shown"]["client"]["mutation"] == "done-is-running"
    assert "acme:errors" in proven("acme")


def test_doctor_names_it(capsys: pytest.CaptureFixture[str]) -> None:
    """`soundstage doctor` loads its parts and names its distribution."""
    main(["doctor"])
    output = " ".join(capsys.readouterr().out.split())
    assert "vendor acme ok Acme Images, from soundstage_acme:VENDOR of soundstage-acme 1.0" in output


def test_fixtures_and_contracts_of_a_session(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The pytest plugin has its fixtures; its contracts are selected by its slug, and are in the report."""
    (tmp_path / "test_theirs.py").write_text(PROGRAM, encoding="utf-8")
    report = tmp_path / "report.html"
    plain = ("-q", "-p", "no:cacheprovider", "-p", "no:randomly", "-p", "no:xdist", "-c", os.devnull)
    options = ("--soundstage-vendor", "acme", "--soundstage-report", str(report), "--rootdir", str(tmp_path))
    chosen = ("-k", "theirs or failed_job_costs")
    code = pytest.main([*plain, *options, *chosen, "--pyargs", "soundstage_acme.suite", str(tmp_path)])
    output = capsys.readouterr().out
    assert code == 0, output
    assert "would have been spent: 4 credits" in output
    assert "<h2>acme</h2>" in report.read_text(encoding="utf-8")


def test_suite_is_collected_where_all_contracts_are_named(acme: str) -> None:
    """``--pyargs soundstage_contracts`` runs its contracts, too; a session that names none loads no plug-in."""
    suites = Suites(["--pyargs", "soundstage_contracts"])
    (folder,) = suites.folders([acme, "veo"])
    assert folder.endswith("soundstage_acme/suite")
    assert suites.vendor_of(Path(folder)) == acme
    assert suites.module_of(Path(folder, "test_laws.py"), "") == "soundstage_acme.suite.test_laws"
    assert suites.everything
    assert suites.folders(["veo"]) == []
    theirs = Suites(["tests"])
    assert not theirs.requested
    assert theirs.folders([acme]) == []


def test_job_store_and_spend_limit_hold(session: SimulatorSession, tmp_path: Path) -> None:
    """A paid request is recorded, and one that the limit does not allow is refused before it is sent."""
    with SQLiteJobStore(tmp_path / "jobs.db") as store, session.for_test("money") as view:
        client = view.client("acme", store=store, spend_limit=SpendLimit(total=3))
        job = client.text_to_image("A fox")
        assert [record.job_id for record in store.records()] == [job.id]
        with pytest.raises(SpendLimitExceeded):
            client.text_to_image("A second fox")
        assert len(view.acme.jobs) == 1
        assert job.wait().state is JobState.SUCCEEDED


def test_failure_matrix_has_its_calls() -> None:
    """Its calls meet the faults of the network, and the laws hold."""
    chosen = [cell for cell in cells("acme") if is_quick(cell)][:2]
    assert chosen
    result = run_matrix(chosen)
    assert result.failures == []
    assert result.total.tried == 2 * len(chosen)


def test_planted_mistakes_are_loaded_from_its_package() -> None:
    """The mutation runner finds the functions and the edits that its package declares."""
    (path,) = _homes("acme")
    assert [one.id for one in load_mutations(path)] == ["done-is-running", "credit-is-a-bad-request"]
    assert [(one.id, one.side) for one in load_edits(path)] == [("other-route", "client"), ("other-state", "simulator")]


def test_facts_have_its_environment() -> None:
    """The variables point a client at a local server."""
    environment = load_facts("acme").vendors["acme"].environment_at("http://127.0.0.1:9")
    assert environment == {"ACME_BASE_URL": "http://127.0.0.1:9/acme", "ACME_API_KEY": "soundstage"}


def test_world_in_process_has_it() -> None:
    """A world without a network simulates it."""
    with World(vendors=["acme"], media="small") as world, InProcess(world) as direct, direct.client() as http:
        answer: dict[str, Any] = http.get("http://simulator/acme/v1/images/none").json()
    assert answer["error"]["code"] == "no_key"
