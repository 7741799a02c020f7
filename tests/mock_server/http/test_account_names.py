"""Which account a request belongs to, and how a control call names one."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from soundstage_server import Fault, Server
from soundstage_server.http.pages import build

if TYPE_CHECKING:
    from pathlib import Path

    from tests.mock_server.conftest import Kit

HEADER = "x-soundstage-account"
FORM = {"Content-Type": "application/x-www-form-urlencoded"}


@pytest.mark.parametrize("vendor", ["tomoviee", "infrai", "edrawmax", "cloudsway", "veo", "gmicloud", "mediaio"])
def test_every_answer_names_the_account(kit: Kit, vendor: str) -> None:
    """Accepted and refused requests, of every vendor, name the caller's account and show no credential."""
    with kit.world() as world:
        caller = kit.caller(world, vendor, "key-of-a-caller")
        sent = [caller.create(), caller.create("")]
        (account,) = world.accounts()
        assert [reply.headers[HEADER] for reply in sent] == [account.name] * 2
        assert not any("key-of-a-caller" in value for reply in sent for value in reply.headers.values())


def test_answer_to_no_caller_names_no_account(kit: Kit) -> None:
    """A request without an accepted credential belongs to no account."""
    with kit.world() as world:
        caller = kit.caller(world, credential="invalid-key")
        assert HEADER not in caller.create().headers
        assert HEADER not in caller.send("GET", "/nothing").headers


def test_fault_names_the_account(kit: Kit) -> None:
    """An injected fault names the account that it has hit, once the account exists, and once."""
    with kit.world() as world:
        caller = kit.caller(world)
        name = caller.create().headers[HEADER]
        for fault in (Fault("status", status=503, times=1), Fault("malformed", times=1)):
            world.fault(fault)
            assert caller.create().headers[HEADER] == name


def test_direct_answers_and_results_name_the_account(kit: Kit) -> None:
    """So do the answers that skip ASGI, and files; an address that is refused does not reveal whose it is."""
    row = kit.rows["infrai"]
    with kit.world(clock="auto") as world, Server(world) as server, httpx.Client(trust_env=False) as http:
        http.headers.update(row.headers("key-1", ""))
        create = f"{server.base_url('infrai')}{row.create}"
        made = [http.post(create, json=row.body("A fox")) for _ in range(3)]
        poll = f"{server.base_url('infrai')}/v1/video/status/{made[0].json()['data']['id']}"
        polled = [http.get(poll) for _ in range(6)]
        url = polled[-1].json()["data"]["video_url"]
        (account,) = world.accounts()
        for reply in (*made, *polled, http.get(url), http.head(url)):
            assert reply.headers.get_list(HEADER) == [account.name]
        assert HEADER not in http.get(url.replace("Signature=", "Signature=0")).headers


def test_answer_that_could_not_be_saved_names_no_account_that_is_gone(kit: Kit, tmp_path: Path) -> None:
    """An account that a failed write has undone is not named; test_direct.py has the same of the direct path."""
    with kit.world(state=tmp_path / "state") as world:
        file: Any = world.persistence.file
        file._db.execute("PRAGMA query_only = 1")
        reply = kit.caller(world).create()
        file._db.execute("PRAGMA query_only = 0")
        assert reply.status == 500
        assert HEADER not in reply.headers


def test_control_call_names_an_account_by_its_credential(kit: Kit) -> None:
    """`account` is the account's name, or the credential, with the vendor where several have it."""
    with kit.world() as world:
        app = kit.caller(world).app
        for vendor in ("tomoviee", "infrai"):
            kit.caller(world, vendor).create()
        kit.caller(world, "infrai", "a:b").create()
        name = {account.vendor: account.name for account in world.accounts() if len(account.tasks) == 1}
        for given in (name["tomoviee"], "tomoviee:key-1"):
            found = kit.control(app, "GET", "/tasks", query=f"account={given}").json()
            assert [task["vendor"] for task in found] == ["tomoviee"]
        assert len(kit.control(app, "GET", "/requests", query="account=a:b").json()) == 1
        assert kit.control(app, "GET", "/ledger/tomoviee/key-1").status == 200
        assert len(kit.control(app, "GET", "/accounts", query="account=key-1&account=unknown").json()) == 2
        reply = kit.control(app, "GET", "/tasks", query="account=key-1")
        assert reply.status == 409
        assert reply.json() == {"detail": "'key-1' has accounts at tomoviee, infrai; write VENDOR:CREDENTIAL"}


@pytest.mark.parametrize("order", [{"account": "infrai:key-1"}, {"account": "key-1", "vendor": "infrai"}], ids=str)
def test_order_and_fault_name_an_account_before_its_first_request(kit: Kit, order: dict[str, str]) -> None:
    """What is planted for a caller who has sent nothing yet meets this caller, and no other one."""
    with kit.world() as world:
        caller = kit.caller(world, "infrai")
        assert kit.control(caller.app, "POST", "/scenarios", {**order, "then": "fail"}).status == 201
        fault = {**order, "kind": "status", "status": 503, "times": 1}
        assert kit.control(caller.app, "POST", "/scenarios/faults", fault).status == 201
        assert kit.caller(world, "infrai", "key-2").create().status == 200
        assert caller.create().status == 503
        caller.create()
        fates = {task.account.name: task.fate.value for task in world.tasks()}
        assert sorted(fates.values()) == ["fail", "succeed"]


def test_body_without_a_content_type_is_json(kit: Kit) -> None:
    """`curl -d` sends the type of a form; what is no JSON is refused as such."""
    with kit.world() as world:
        app = kit.caller(world).app

        def post(body: bytes, **headers: str) -> Any:
            scope = kit.scope("POST", "/_soundstage/clock/advance", b"", {**FORM, **headers})
            return kit.exchange(app, scope, [{"type": "http.request", "body": body}])

        before = world.clock.now()
        assert post(b'{"seconds": 5}').status == 200
        assert world.clock.now() == before + 5
        assert "it is not JSON" in post(b"seconds=5").json()["detail"]


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Origin": "https://evil.example"}, 403),
        ({"Origin": "null"}, 403),
        ({"Sec-Fetch-Site": "cross-site"}, 403),
        ({"Origin": "http://127.0.0.1:8080"}, 422),
        ({"Sec-Fetch-Site": "none"}, 422),
        ({"Referer": "https://evil.example/"}, 422),
        ({"Cookie": "a=b"}, 422),
    ],
    ids=str,
)
def test_form_of_a_browser_is_no_control_call(kit: Kit, headers: dict[str, str], status: int) -> None:
    """A form whose one field looks like JSON moves no time, from whatever page it comes."""
    with kit.world() as world:
        before = world.clock.now()
        scope = kit.scope("POST", "/_soundstage/clock/advance", b"", {**FORM, **headers})
        reply = kit.exchange(kit.caller(world).app, scope, [{"type": "http.request", "body": b'{"seconds": 5}'}])
        assert reply is not None
        assert (reply.status, world.clock.now()) == (status, before)


def test_every_field_of_the_control_api_is_described(kit: Kit) -> None:
    """On the OpenAPI page, every route, parameter and field of a body has a description."""
    with kit.world() as world:
        document = build(world).openapi()
    for path, routes in document["paths"].items():
        for method, route in routes.items():
            assert route.get("description"), f"{method} {path}"
            for parameter in route.get("parameters", ()):
                assert parameter.get("description"), f"{method} {path}: {parameter['name']}"
            body = json.dumps(route.get("requestBody", {}))
            for name, schema in document["components"]["schemas"].items():
                if f"schemas/{name}" + chr(34) in body:
                    undescribed = [field for field, rule in schema["properties"].items() if "description" not in rule]
                    assert not undescribed, f"{name}: {undescribed}"
