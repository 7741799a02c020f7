"""Live runs, proven against a second simulator that plays the services behind TLS, with differences planted in it."""

from __future__ import annotations

import base64
import json
import math
import os
import re
import ssl
import sys
import threading
from collections.abc import Callable
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import httpx
import pytest
import trustme
import uvicorn

from soundstage_contracts import VENDORS, load_facts
from soundstage_contracts.declarations.vendor import contract_of
from soundstage_contracts.simulators.control import Control
from soundstage_server import Simulator, World
from tests.warm import pytest_session

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

LADDERS = [vendor for vendor in VENDORS if contract_of(vendor).live]
FAST = """
import soundstage_contracts.live.run as run
from soundstage import SkippingClock

run.SystemClock = SkippingClock
"""
"""A plugin of the session: the service's time skips, so its clients need not wait for it."""
KEY = "live-key-0123456789"
SECRET = "live-secret-0123456789"
CREDENTIALS = {"TOMOVIEE_APP_KEY": KEY, "TOMOVIEE_APP_SECRET": SECRET}

Edit = Callable[[str, int, dict[str, Any]], tuple[int, dict[str, Any]]]


class Planted:
    """An ASGI application that changes the JSON answers of another.

    Args:
        app: The other one.
        edit: Path, status and body to another status and body.
    """

    def __init__(self, app: Any, edit: Edit) -> None:
        self._app = app
        self._edit = edit

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Answer as the other application does, edited."""
        sent: list[Any] = []

        async def keep(message: Any) -> None:
            sent.append(message)

        await self._app(scope, receive, keep)
        for message in self._edited(scope, sent):
            await send(message)

    def _edited(self, scope: Any, sent: list[Any]) -> Iterator[Any]:
        start, *rest = sent
        headers = dict(start["headers"])
        if headers.get(b"content-type") != b"application/json":
            yield from sent
            return
        content = b"".join(message.get("body", b"") for message in rest)
        status, body = self._edit(scope["path"], start["status"], json.loads(content))
        content = json.dumps(body, ensure_ascii=False).encode()
        headers[b"content-length"] = str(len(content)).encode()
        yield {**start, "status": status, "headers": list(headers.items())}
        yield {"type": "http.response.body", "body": content}


class Service:
    """A live service: the second simulator, on TLS.

    Attributes:
        world: Its accounts and tasks.
        url: Its address.
    """

    def __init__(self, folder: Path, edit: Edit | None = None) -> None:
        self.world = World(clock="auto", media="small", seed=7)
        authority = trustme.CA()
        certificate = authority.issue_cert("localhost")
        self.ca = folder / "ca.pem"
        key, chain = folder / "key.pem", folder / "chain.pem"
        authority.cert_pem.write_to_path(self.ca)
        certificate.private_key_pem.write_to_path(key)
        chain.write_bytes(b"".join(pem.bytes() for pem in certificate.cert_chain_pems))
        app = Simulator(self.world)
        config = uvicorn.Config(
            app if edit is None else Planted(app, edit),
            port=0,
            lifespan="off",
            log_config=None,
            ssl_keyfile=key,
            ssl_certfile=chain,
        )
        self._server = uvicorn.Server(config)
        self._listener = config.bind_socket()
        self._listener.listen()  # a request that is earlier than the thread waits in the backlog
        self.url = f"https://localhost:{self._listener.getsockname()[1]}"
        self._thread = threading.Thread(target=self._server.run, kwargs={"sockets": [self._listener]}, daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Stop the server."""
        self._server.should_exit = True
        self._thread.join()
        self._listener.close()
        self.world.close()

    def spent(self, vendor: str) -> float:
        """Return what everybody has paid *vendor*, or will, in whole units."""
        with httpx.Client(verify=ssl.create_default_context(cafile=self.ca), timeout=60) as http:
            accounts = Control(http, self.url).accounts()
        mine = [float(each["spent"]) + float(each["reserved"]) for each in accounts if each["vendor"] == vendor]
        return sum(mine)

    def tasks(self) -> int:
        """Return how many tasks were ever made."""
        return sum(len(account.tasks) for account in self.world.accounts())


@contextmanager
def service(folder: Path, edit: Edit | None = None) -> Iterator[Service]:
    """Play the live services inside the block."""
    playing = Service(folder, edit)
    try:
        yield playing
    finally:
        playing.close()


def run(folder: Path, playing: Service, vendors: str, *options: str, credentials: bool = True) -> tuple[int, str]:
    """Run the live contracts of *vendors*, names with blanks between, and return the exit code and what was printed."""
    (folder / "skipping.py").write_text(FAST, encoding="utf-8")
    book = load_facts()
    named = {name for vendor_facts in book.vendors.values() for name in vendor_facts.environment} | {"PYTEST_ADDOPTS"}
    environment = {name: value for name, value in os.environ.items() if name not in named}
    environment |= {
        "PYTHONPATH": os.pathsep.join([str(folder), *filter(None, sys.path)]),
        "SSL_CERT_FILE": str(playing.ca),
    }
    for vendor_facts in map(book.vendors.__getitem__, vendors.split()):
        for name, example in vendor_facts.environment.items():
            if "{" in example:
                here = example.replace("{base}", vendor_facts.base_url_at(playing.url))
                environment[name] = here.replace("{host}", vendor_facts.host_url_at(playing.url))
            elif credentials:
                environment[name] = CREDENTIALS.get(name, example)
    asked = ["--pyargs", "soundstage_contracts.suite.test_live", "--soundstage-target", "live"]
    chosen = [f"--soundstage-vendor={vendor}" for vendor in vendors.split()]
    ended = pytest_session(folder, "-p", "skipping", "-v", *options, *asked, *chosen, env=environment)
    return ended.code, ended.out + ended.err


@pytest.fixture(scope="module")
def honest(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """A service without a difference, which several runs may ask."""
    with service(tmp_path_factory.mktemp("honest")) as playing:
        yield playing


def changed(path: str, status: int, body: dict[str, Any]) -> tuple[int, dict[str, Any]]:
    """Plant one difference of each kind in the answers of Tomoviee."""
    data = body.get("data", {})
    if path.endswith("tm_text2sfx"):
        return 202, {**body, "queue": "fast"}
    if data.get("status") == 1:
        data["wait_time"] = str(data["wait_time"])
        data["delay"], data["position"] = data.pop("delay"), data.pop("position")
    elif data.get("status") == 2:
        data["status"] = "composing"
    elif data.get("status") == 3:
        del data["priority"]
        body["msg"] = "all is well"
    return status, body


PLANTED = {
    "breaking: POST /v1/open/capacity/application/tm_text2sfx: HTTP 200 in the simulator, HTTP 202 received (made)",
    "breaking: POST /v1/open/pub/task: data.wait_time: number in the simulator, text received (job is queued)",
    "breaking: POST /v1/open/pub/task: data.priority: in the simulator, missing here (job is succeeded)",
    'new: POST /v1/open/capacity/application/tm_text2sfx: queue: not in the simulator, "fast" received (made)',
    "new: the state of a job: 'composing' was received, which is not documented",
    "cosmetic: POST /v1/open/pub/task: data: the members come in another order (job is queued)",
    'cosmetic: POST /v1/open/pub/task: msg: "success" in the simulator, "all is well" received (job is succeeded)',
}


def test_without_a_budget_nothing_is_spent(tmp_path: Path, honest: Service) -> None:
    """The plan is printed first; free calls are made, and what costs is unchecked with its reason, and yellow."""
    before = honest.tasks()
    code, printed = run(tmp_path, honest, "tomoviee", "--color=yes")
    assert code == 0, printed
    assert honest.tasks() == before
    planned = printed.index("sound-effect [generation, unknown]")
    assert planned < printed.index("\x1b[33mUNCHECKED")
    assert "--soundstage-budget tomoviee=unknown-ok:1 allows it" in printed[planned:]
    assert "tomoviee: 1 calls for 0 credits at most" in printed
    assert "1 passed" in printed
    assert "1 unchecked" in printed
    assert "no difference in 1 calls" in printed


def test_budget_is_spent_once_without_differences(tmp_path: Path, honest: Service) -> None:
    """The job runs to its end within the budget, an honest service has no differences, and facts are observed live."""
    before = honest.tasks()
    options = ["--soundstage-record", "recorded", "--soundstage-evidence", "evidence.json"]
    code, printed = run(tmp_path, honest, "tomoviee", "--soundstage-budget", "tomoviee=unknown-ok:1", *options)
    assert code == 0, printed
    assert honest.tasks() == before + 1
    assert "2 passed" in printed
    assert "no difference in 2 calls" in printed
    evidence = json.loads((tmp_path / "evidence.json").read_text(encoding="utf-8"))
    assert evidence["facts"]["tomoviee:create.answer"]["live"].startswith("passed 20")
    assert not [fact for fact, kinds in evidence["facts"].items() if "simulation" in kinds]


def test_transcripts_are_recorded_without_secrets(tmp_path: Path, honest: Service) -> None:
    """Each call leaves a transcript with every exchange, without credentials or signatures."""
    budget = ("--soundstage-budget", "tomoviee=unknown-ok:1")
    _, printed = run(tmp_path, honest, "tomoviee", *budget, "--soundstage-record", "recorded")
    written = {path.stem: path.read_text(encoding="utf-8") for path in (tmp_path / "recorded" / "tomoviee").iterdir()}
    assert sorted(written) == ["sound-effect", "unknown-task"]
    phases = [exchange["phase"] for exchange in json.loads(written["sound-effect"])["exchanges"]]
    assert list(dict.fromkeys(phases)) == ["made", "job is queued", "job is running", "job is succeeded", "download"]
    token = base64.b64encode(f"{KEY}:{SECRET}".encode()).decode()
    for text in (*written.values(), printed):
        assert not [secret for secret in (KEY, SECRET, token, "Signature", "Expires") if secret in text]


def test_every_planted_difference_is_reported_by_its_severity(tmp_path: Path) -> None:
    """A changed status, a type, a missing and an added member, a word, an order and a text: each once, and no other."""
    with service(tmp_path, changed) as playing:
        code, printed = run(tmp_path, playing, "tomoviee", "--soundstage-budget", "tomoviee=unknown-ok:1")
        assert playing.tasks() == 1
    assert code == 1
    report = printed.partition("the services and the simulator")[2]
    assert set(re.findall(r"^tomoviee: (.*)$", report, re.MULTILINE)) == PLANTED
    assert "1 failed" in printed


def test_a_rung_that_fails_ends_the_climb(tmp_path: Path) -> None:
    """When a free call goes wrong nothing is spent, whatever the budget allows."""
    with service(tmp_path, lambda _, __, body: (500, {**body, "code": 680500})) as playing:
        code, printed = run(tmp_path, playing, "tomoviee", "--soundstage-budget", "tomoviee=unknown-ok:5")
        assert playing.tasks() == 0
    assert code == 1
    assert "1 x unknown-task failed before it" in printed


def test_a_balance_that_falls_further_than_the_budget_ends_the_climb(tmp_path: Path, honest: Service) -> None:
    """Where the balance can be read, a job that cost more than the budget fails, with the amount."""
    budgets = ("--soundstage-budget", "mediaio=0.5", "--soundstage-budget", "mediaio=unknown-ok:9")
    code, printed = run(tmp_path, honest, "mediaio", *budgets)
    assert code == 1, printed
    assert re.search(r"the balance fell by \d+ credits; the budget is 0.5", printed)
    assert "2 passed" in printed
    assert "1 failed" in printed


def test_a_dry_run_sends_nothing(tmp_path: Path, honest: Service) -> None:
    """The plan and its price are printed, and every call is unchecked."""
    before = len(list(honest.world.accounts()))
    code, printed = run(
        tmp_path, honest, "tomoviee", "--soundstage-dry-run", "--soundstage-budget", "tomoviee=unknown-ok:1"
    )
    assert code == 0, printed
    assert len(list(honest.world.accounts())) == before
    assert "tomoviee: 2 calls for 0 credits at most, and 1 of unknown price" in printed
    assert "2 x a dry run sends nothing" in printed


def test_a_dry_run_needs_no_credential(tmp_path: Path, honest: Service) -> None:
    """The plan has the calls and prices that the budget allows, and names the credential of a real run."""
    options = ("--soundstage-dry-run", "--soundstage-budget", "tomoviee=unknown-ok:1")
    code, printed = run(tmp_path, honest, "tomoviee", *options, credentials=False)
    assert code == 0, printed
    assert "tomoviee: 2 calls for 0 credits at most, and 1 of unknown price" in printed
    assert "NOT MADE" not in printed
    assert "needed for a real run: tomoviee: no credential: pass app_key= or set" in printed


def test_without_credentials_everything_is_unchecked(tmp_path: Path, honest: Service) -> None:
    """A missing credential is named with its variable, and nothing is sent."""
    code, printed = run(tmp_path, honest, "tomoviee", credentials=False)
    assert code == 0, printed
    assert "no credential: pass app_key= or set the environment variable TOMOVIEE_APP_KEY" in printed
    assert "2 unchecked" in printed


def test_contracts_that_need_a_simulator_are_unchecked(tmp_path: Path, honest: Service) -> None:
    """A contract that needs a simulator is unchecked with a live target."""
    contract = "soundstage_contracts.suite.tomoviee.test_contract::test_one_route_polls_every_task"
    code, printed = run(tmp_path, honest, "tomoviee", contract)
    assert code == 0, printed
    assert "1 x needs a simulator, whose scenarios can be set; a live service has none" in printed


@pytest.mark.slow
def test_every_ladder_is_climbed_whole_and_within_its_price(tmp_path: Path, honest: Service) -> None:
    """All calls of all vendors, when they are allowed, go as planned over TLS; an honest service differs in nothing."""
    options: list[str] = []
    prices: dict[str, float] = {}
    before = {vendor: honest.spent(vendor) for vendor in LADDERS}
    for vendor in LADDERS:
        plan = contract_of(vendor).live
        assert plan is not None
        jobs = sum(call.price is None for call in plan.calls)
        prices[vendor] = sum(call.price or 0.0 for call in plan.calls) if not jobs else math.inf
        options += ["--soundstage-budget", f"{vendor}={sum(call.price or 0.0 for call in plan.calls):g}"]
        options += ["--soundstage-budget", f"{vendor}=unknown-ok:{jobs}"] if jobs else []
        options += [f"--soundstage-input={name}={value}" for name, value in plan.examples.items()]
    code, printed = run(tmp_path, honest, " ".join(LADDERS), *options)
    assert code == 0, printed
    assert "unchecked" not in printed.rpartition("\n=")[2]
    assert re.search(r"no difference in \d+ calls", printed)
    spent = {vendor: honest.spent(vendor) - before[vendor] for vendor in LADDERS}
    assert all(spent[vendor] <= prices[vendor] + 1e-9 for vendor in LADDERS), (spent, prices)


@pytest.mark.parametrize("vendor", LADDERS)
def test_every_ladder_begins_with_what_is_free(vendor: str) -> None:
    """Each vendor has a free call, and every paid call has a price or none documented."""
    plan = contract_of(vendor).live
    assert plan is not None
    assert plan.ordered_calls()[0].tier == "free"
    assert all(call.price == 0 for call in plan.calls if call.tier == "free")
    assert len({call.name for call in plan.calls}) == len(plan.calls)
    facts = load_facts(vendor)
    assert [fact for call in plan.calls for fact in call.facts if f"{vendor}:{fact}" not in facts] == []
