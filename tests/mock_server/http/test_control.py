"""The control API: every route, its refusals and their messages, and that it shows no secret."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

    from soundstage_server import Simulator, World
    from tests.mock_server.conftest import Caller, Kit, Reply

POLL = "/v1/open/pub/task"
UNKNOWN = "acct_000000000000"


@dataclass(frozen=True)
class Desk:
    """A simulator's control API, and a caller who has used a vendor once."""

    kit: Kit
    world: World
    app: Simulator
    caller: Caller

    def __call__(self, method: str, path: str, body: object = b"", query: str = "") -> Reply:
        """Send a request to the control API."""
        return self.kit.control(self.app, method, path, body, query=query)

    @property
    def name(self) -> str:
        """The caller's account."""
        return next(self.world.accounts()).name


@pytest.fixture
def desk(kit: Kit) -> Iterator[Desk]:
    """A world for each test."""
    with kit.world() as world:
        caller = kit.caller(world)
        caller.create("A fox")
        yield Desk(kit, world, caller.app, caller)


def test_health_shows_version_vendors_and_clock(desk: Desk) -> None:
    """Health has the version, the vendors and the clock."""
    answer = desk("GET", "/health").json()
    assert answer["ok"] is True
    assert answer["version"]
    assert (answer["vendors"], answer["clock"]) == (list(desk.world.services), "manual")


def test_health_shows_what_is_in_use_and_its_limits(desk: Desk) -> None:
    """Tasks, accounts, journals, uploads and media, each in bytes; more use shows more."""
    before = desk("GET", "/health").json()
    assert (before["tasks"]["count"], before["accounts"]["count"]) == (1, 1)
    assert before["tasks"]["retention_seconds"] is None
    desk.caller.create("A cat")
    desk("POST", "/files", b"hello", query="name=a.txt")
    desk.world.advance(600)
    (url, *_) = desk.world.services["tomoviee"].result_urls(next(desk.world.tasks()))
    assert desk.caller.fetch(url).status == 200
    after = desk("GET", "/health").json()
    for part in ("tasks", "accounts", "journals", "uploads", "media"):
        assert after[part]["bytes"] > before[part]["bytes"], part
    for part in ("journals", "uploads", "media"):
        assert after[part]["bytes"] <= after[part]["max_bytes"]
    assert after["requests"] == before["requests"] + 1
    assert after["callbacks"] == {"waiting": 0, "under_way": 0}


def test_clock_is_shown_changed_and_advanced(desk: Desk) -> None:
    """The world's clock and one account's can be read and moved separately."""
    begin = desk.world.clock.now()
    assert desk("GET", "/clock").json() == {"kind": "manual", "speed": 1.0, "now": begin}
    assert desk("POST", "/clock/advance", {"seconds": 10}).json()["now"] == begin + 10
    assert desk("POST", "/clock/advance", {"seconds": 5, "account": desk.name}).json()["now"] == begin + 15
    assert desk("GET", "/clock", query=f"account={desk.name}").json()["now"] == begin + 15
    assert desk("GET", "/clock").json()["now"] == begin + 10
    assert desk("PUT", "/clock", {"kind": "scaled", "speed": 60}).json()["speed"] == 60
    assert desk("PUT", "/clock", {"kind": "auto"}).json()["kind"] == desk.world.clock.kind == "auto"
    assert desk("GET", "/clock").json()["now"] >= begin + 10


def test_accounts_show_money_and_double_submissions(desk: Desk) -> None:
    """An account shows its unfinished tasks, its money and its double submissions."""
    desk.caller.create("A fox")
    (row,) = desk("GET", "/accounts").json()
    first, second = (task.id for task in desk.world.tasks())
    doubles = [{"first": first, "second": second, "operation": "tm_text2video_b", "seconds_apart": 0.0}]
    expected = {
        "account": desk.name, "vendor": "tomoviee", "now": desk.world.clock.now(), "tasks": 2, "unfinished": 2,
        "at_once": None, "unit": "credits", "available": 980, "reserved": 20, "spent": 0, "double_submissions": doubles,
    }  # fmt: skip
    assert row == expected
    desk.world.advance(600)
    (row,) = desk("GET", "/accounts").json()
    assert (row["unfinished"], row["reserved"], row["spent"]) == (0, 0, 20)


def test_tasks_are_listed_newest_last(desk: Desk) -> None:
    """State, fate and times of each task, for all accounts or one, up to the limit."""
    desk.world.advance(1)
    desk.kit.caller(desk.world, credential="other").create("soundstage:fail")
    rows = desk("GET", "/tasks").json()
    assert [(row["fate"], row["final"], row["price"]) for row in rows] == [("succeed", False, 10), ("fail", False, 10)]
    assert [row["id"] for row in rows] == [task.id for task in desk.world.tasks()]
    assert desk("GET", "/tasks", query=f"account={desk.name}").json() == rows[:1]
    assert desk("GET", "/tasks", query="limit=1").json() == rows[1:]
    desk.world.advance(600)
    assert [(row["state"], row["final"], row["progress"] == 100) for row in desk("GET", "/tasks").json()] == [
        (3, True, True),
        (4, True, False),
    ]


def test_ledger_is_shown_and_set(desk: Desk) -> None:
    """Every movement is in whole units; setting the balance loses nothing."""
    path = f"/ledger/tomoviee/{desk.name}"
    shown = desk("GET", path).json()
    assert {name: shown[name] for name in ("unit", "available", "reserved", "spent", "granted")} == {
        "unit": "credits", "available": 990, "reserved": 10, "spent": 0, "granted": 1000,
    }  # fmt: skip
    (task,) = desk.world.tasks()
    assert shown["entries"] == [
        {"at": task.created, "source": "available", "target": "reserved", "amount": 10, "task": task.id}
    ]
    assert desk("PUT", path, {"available": 0}).json()["available"] == 0
    assert desk.caller.create().json()["code"] == 680402
    assert desk("PUT", path, {"available": 10}).json()["granted"] == 20
    assert desk.caller.create().json()["code"] == 0


def test_requests_are_listed_in_order_and_cleared(desk: Desk) -> None:
    """The journal of all accounts, with unauthenticated callers, or of one account."""
    other = desk.kit.caller(desk.world, credential="other")
    other.send("POST", POLL, b"{}")
    other.send("POST", POLL, b"{}", headers={})
    desk.caller.send("POST", POLL, {"task_id": "x"})
    rows = desk("GET", "/requests").json()
    assert [row["number"] for row in rows] == [1, 2, 3, 4]
    assert [row["status"] for row in rows] == [200, 200, 401, 200]
    assert [row["fact"] for row in rows] == [
        None,
        "tomoviee:poll.route",
        "tomoviee:auth.rejected",
        "tomoviee:poll.unknown_task",
    ]
    assert (rows[3]["method"], rows[3]["path"], rows[3]["body"]) == ("POST", POLL, '{"task_id": "x"}')
    assert [row["number"] for row in desk("GET", "/requests", query=f"account={desk.name}").json()] == [1, 4]
    assert desk("DELETE", "/requests", query=f"account={desk.name}").status == 204
    assert [row["number"] for row in desk("GET", "/requests").json()] == [2, 3]
    assert desk("DELETE", "/requests").status == 204
    assert desk("GET", "/requests").json() == []


def test_scenarios_are_added_listed_and_removed(desk: Desk) -> None:
    """An order applies until it is used up or removed."""
    order = {
        "then": "fail",
        "vendor": "tomoviee",
        "account": desk.name,
        "operation": "tm_text2video_b",
        "contains": "fox",
        "times": 1,
    }
    taken = desk("POST", "/scenarios", order)
    assert (taken.status, taken.json()) == (201, {**order, "code": None, "id": 1, "used": 0})
    slow = desk("POST", "/scenarios", {"then": "slow"}).json()
    assert desk("GET", "/scenarios").json() == [taken.json(), slow]
    desk.caller.create("A red fox")
    assert desk("GET", "/scenarios").json() == [slow]
    assert desk("DELETE", "/scenarios", query="id=2").status == 204
    gone = desk("DELETE", "/scenarios", query="id=2")
    assert (gone.status, gone.json()) == (404, {"detail": "no scenario has the id 2"})
    assert desk("DELETE", "/scenarios").status == 204
    assert [row["fate"] for row in desk("GET", "/tasks").json()] == ["succeed", "fail"]


def test_dialects_are_shown_and_chosen(desk: Desk) -> None:
    """Readings can be chosen for the world or for one account."""
    usual = desk("GET", "/dialects").json()
    chosen = {**usual, "tomoviee.errors": "http"}
    query = f"account={desk.name}"
    assert usual["tomoviee.errors"] == "envelope"
    assert desk("PUT", "/dialects", {"tomoviee.errors": "http"}, query).json() == chosen
    assert desk("GET", "/dialects").json() == usual
    assert desk("GET", "/dialects", query=query).json() == chosen
    assert desk.caller.send("POST", POLL, b"{}").status == 400
    assert desk("PUT", "/dialects", {"tomoviee.errors": "http"}).json() == chosen


def test_facts_have_citation_counts(desk: Desk) -> None:
    """Every fact that can be cited is listed with its number of citations."""
    before = desk("GET", "/facts").json()
    desk.caller.create("")
    after = desk("GET", "/facts").json()
    assert {fact for fact, count in after.items() if count != before[fact]} == {"tomoviee:video.common"}
    assert (before["tomoviee:video.common"], after["tomoviee:video.common"]) == (0, 1)


def test_reset_clears_everything_or_one_account(desk: Desk) -> None:
    """A reset returns 204 without a body."""
    desk.kit.caller(desk.world, credential="other").create()
    assert (desk("POST", "/reset", query=f"account={desk.name}").status, len(desk("GET", "/accounts").json())) == (
        204,
        1,
    )
    assert (desk("POST", "/reset").status, desk("GET", "/accounts").json()) == (204, [])


def test_account_exists_before_its_first_request(desk: Desk) -> None:
    """A caller's account can be opened, read and set before it sends a request; opening it twice changes nothing."""
    caller = {"vendor": "infrai", "credential": "a key"}
    opened = desk("POST", "/accounts", caller).json()
    name = opened["account"]
    assert (opened["vendor"], opened["tasks"], opened["spent"]) == ("infrai", 0, 0)
    assert desk("PUT", f"/ledger/infrai/{name}", {"available": 0}).status == 200
    assert desk("POST", "/accounts", caller).json()["available"] == 0
    for path in ("/tasks", "/requests"):
        assert desk("GET", path, query=f"account={name}").json() == []
    assert [row["account"] for row in desk("GET", "/accounts", query=f"account={name}&account={UNKNOWN}").json()] == [
        name
    ]


@pytest.mark.parametrize(
    ("caller", "allowed"),
    [
        ({"vendor": "unknown", "credential": "a"}, "vendor must be one of tomoviee"),
        ({"vendor": "infrai", "credential": ""}, "credential: String should have at least 1 character"),
        ({"vendor": "infrai", "credential": "a" * 5000}, "credential: String should have at most 4096 characters"),
        ({"vendor": "infrai", "credential": "expired-key"}, "must not begin with expired-"),
    ],
)
def test_account_that_no_caller_can_have_is_refused(desk: Desk, caller: dict[str, str], allowed: str) -> None:
    """422 names what is allowed, and no account is created."""
    reply = desk("POST", "/accounts", caller)
    assert reply.status == 422
    assert allowed in reply.json()["detail"]
    assert len(desk("GET", "/accounts").json()) == 1


def test_reset_of_an_account_removes_what_was_set_for_it(desk: Desk) -> None:
    """Orders, faults and dialects that name the account go with it; those of others stay."""
    name = desk.name
    for account in (name, UNKNOWN):
        desk("POST", "/scenarios", {"then": "fail", "account": account})
        desk("POST", "/scenarios/faults", {"kind": "reset_before", "account": account})
    desk("PUT", "/dialects", {"tomoviee.errors": "http"}, query=f"account={name}")
    desk("POST", "/reset", query=f"account={name}")
    assert [order["account"] for order in desk("GET", "/scenarios").json()] == [UNKNOWN]
    assert [fault["account"] for fault in desk("GET", "/scenarios/faults").json()] == [UNKNOWN]
    desk.caller.create("A fox")
    assert desk("GET", "/dialects", query=f"account={name}").json()["tomoviee.errors"] == "envelope"


@pytest.mark.parametrize("account", [UNKNOWN, "", "%20", "key-2", "edrawmax:key-1", ":key-1"])
@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("GET", "/clock", b""), ("GET", "/tasks", b""), ("GET", "/requests", b""), ("DELETE", "/requests", b""),
        ("GET", "/dialects", b""), ("PUT", "/dialects", {}), ("POST", "/reset", b""),
    ],
)  # fmt: skip
def test_unknown_account_returns_404(desk: Desk, method: str, path: str, body: object, account: str) -> None:
    """404 names the account, an empty name does not mean all, and nothing changes."""
    reply = desk(method, path, body, f"account={account}")
    shown = account.replace("%20", " ")
    assert reply.status == 404
    assert reply.json() == {"detail": f"no account is called {shown!r}; GET /_soundstage/accounts lists them"}
    assert len(desk("GET", "/requests").json()) == 1


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("POST", "/clock/advance", {"seconds": 1, "account": UNKNOWN}),
        ("POST", "/clock/advance", {"seconds": 1, "account": ""}),
        ("GET", f"/ledger/tomoviee/{UNKNOWN}", b""),
        ("PUT", f"/ledger/tomoviee/{UNKNOWN}", {"available": 1}),
        ("GET", "/ledger/nothing/ACCOUNT", b""),
    ],
)
def test_unknown_name_in_path_or_body_returns_404(desk: Desk, method: str, path: str, body: object) -> None:
    """An account of another vendor is not found under this one."""
    reply = desk(method, path.replace("ACCOUNT", desk.name), body)
    assert reply.status == 404
    assert (
        "no account is called 'acct_" in reply.json()["detail"] or "no account is called ''" in reply.json()["detail"]
    )


class Bad(NamedTuple):
    """An invalid request, and the start of its error message."""

    method: str
    path: str
    body: object
    query: str
    message: str


BAD = [
    Bad(*row)
    for row in (
        (
            "PUT",
            "/clock",
            {"kind": "slow"},
            "",
            "kind: Input should be 'real', 'scaled', 'manual' or 'auto'; got 'slow'",
        ),
        ("PUT", "/clock", {}, "", "kind: Field required; got {}"),
        (
            "PUT",
            "/clock",
            {"kind": "scaled", "speed": 0},
            "",
            "speed: Input should be greater than or equal to 0.000001",
        ),
        (
            "PUT",
            "/clock",
            {"kind": "real", "speed": 60},
            "",
            "speed is given with kind 'scaled', and only then; got kind='real', speed=60.0",
        ),
        ("PUT", "/clock", {"kind": "auto", "sped": 1}, "", "sped: Extra inputs are not permitted; got 1"),
        ("POST", "/clock/advance", {"seconds": -1}, "", "seconds: Input should be greater than or equal to 0; got -1"),
        ("POST", "/clock/advance", b'{"seconds": NaN}', "", "body: it is not JSON (unexpected character"),
        ("POST", "/clock/advance", b'{"seconds": 1e999}', "", "body: it is not JSON (number is infinity"),
        ("POST", "/clock/advance", {"seconds": 1e300}, "", "seconds must be from 0 to "),
        ("POST", "/clock/advance", {"seconds": "soon"}, "", "seconds: Input should be a valid number, unable to parse"),
        ("POST", "/clock/advance", b'{"seconds": "\\ud800"}', "", "body: it is not JSON (no low surrogate"),
        ("POST", "/clock/advance", {"seconds": "9" * 5000}, "", "seconds: "),
        ("POST", "/clock/advance", b'{"seconds": 1', "", "body: it is not JSON (unexpected end of data)"),
        ("POST", "/clock/advance", b"", "", "body: Field required; got None"),
        ("POST", "/clock/advance", b"[]", "", "body: Input should be a valid dictionary"),
        ("PUT", "LEDGER", {"available": -1}, "", "available: Input should be greater than or equal to 0; got -1"),
        (
            "PUT",
            "LEDGER",
            {"available": 1e300},
            "",
            "available: Input should be less than or equal to 1000000000000; got 1e+300",
        ),
        ("PUT", "LEDGER", {"available": 0.5}, "", "available must be a whole number of credits; got 0.5"),
        ("GET", "/tasks", b"", "limit=0", "limit: Input should be greater than or equal to 1; got '0'"),
        ("GET", "/tasks", b"", "limit=10001", "limit: Input should be less than or equal to 10000; got '10001'"),
        (
            "GET",
            "/tasks",
            b"",
            "limit=many",
            "limit: Input should be a valid integer, unable to parse string as an integer; got 'many'",
        ),
        (
            "POST",
            "/scenarios",
            {"then": "explode"},
            "",
            (
                "then: Input should be 'fail', 'block', 'block_later', 'timeout', 'cancel', 'slow', 'never' or "
                "'refuse'; got 'explode'"
            ),
        ),
        (
            "POST",
            "/scenarios",
            {"then": "fail", "times": 0},
            "",
            "times: Input should be greater than or equal to 1; got 0",
        ),
        ("POST", "/scenarios", {"then": "fail", "vendor": "x"}, "", "vendor must be one of tomoviee"),
        ("POST", "/scenarios", {"then": "fail", "operation": "x"}, "", "operation must be one of those of tomoviee, "),
        (
            "POST",
            "/scenarios",
            {"then": "fail", "account": "me"},
            "",
            "account: no vendor has an account of 'me' yet; write VENDOR:CREDENTIAL, or its name",
        ),
        (
            "POST",
            "/scenarios",
            {"then": "refuse", "vendor": "tomoviee"},
            "",
            "code is given with 'refuse', and only then",
        ),
        (
            "POST",
            "/scenarios",
            {"then": "refuse", "vendor": "tomoviee", "code": "9"},
            "",
            "code must be one of 680400, ",
        ),
        ("POST", "/scenarios", {"then": "refuse", "code": "9"}, "", "a scenario that refuses names its vendor"),
        ("DELETE", "/scenarios", b"", "id=x", "id: Input should be a valid integer"),
        ("PUT", "/dialects", {"x": "y"}, "", "dialect must be one of tomoviee."),
        ("PUT", "/dialects", {"tomoviee.errors": "x"}, "", "tomoviee.errors must be one of envelope, http; got 'x'"),
        ("PUT", "/dialects", {"tomoviee.errors": 1}, "", "tomoviee.errors: Input should be a valid string; got 1"),
    )
]


@pytest.mark.parametrize("bad", BAD, ids=lambda bad: f"{bad.method}-{bad.path[1:]}-{bad.message[:30]}")
def test_invalid_input_returns_422_with_field_and_value(desk: Desk, bad: Bad) -> None:
    """422 names the field, its value and what is allowed in a bounded message; nothing changes."""
    before = [desk("GET", where).json() for where in ("/clock", "/accounts", "/scenarios", "/dialects")]
    reply = desk(bad.method, bad.path.replace("LEDGER", f"/ledger/tomoviee/{desk.name}"), bad.body, bad.query)
    assert reply.status == 422
    assert reply.json()["detail"].startswith(bad.message)
    assert len(reply.json()["detail"]) < 500
    assert [desk("GET", where).json() for where in ("/clock", "/accounts", "/scenarios", "/dialects")] == before


@pytest.mark.parametrize(
    ("method", "path", "status"), [("GET", "/nothing", 404), ("POST", "/health", 405), ("GET", "/reset", 405)]
)
def test_unknown_route_or_method_is_refused(desk: Desk, method: str, path: str, status: int) -> None:
    """A wrong path or method has its usual status."""
    reply = desk(method, path)
    assert reply.status == status
    assert reply.json()["detail"]


def test_control_api_belongs_to_no_vendor(desk: Desk) -> None:
    """It responds under a vendor's host too, is not under a vendor's address, and is not journaled."""
    scope = desk.kit.scope("GET", "/_soundstage/health", b"", {"Host": "openapi.wondershare.cc"})
    reply = desk.kit.exchange(desk.app, scope, [{"type": "http.request"}])
    assert reply is not None
    assert reply.json()["ok"] is True
    assert desk.caller.send("GET", "/_soundstage/health").status == 404
    assert [row["number"] for row in desk("GET", "/requests").json()] == [1, 2]


def test_no_route_shows_a_secret(desk: Desk) -> None:
    """Wherever secrets were sent, the control API, errors and reprs show none of them."""
    caller = desk.kit.caller(desk.world, credential="planted-key", secret="planted-secret")
    caller.create("A fox")
    caller.create("")
    caller.send("GET", "/v1/open/capacity/get/token", query=b"access_key=planted-key&secret=planted-secret")
    wrong = desk.kit.caller(desk.world, credential="planted-key", secret="planted-other")
    answers = [wrong.create().content.decode(), caller.send("POST", POLL, {"task_id": "x"}).content.decode()]
    paths = ["/health", "/clock", "/accounts", "/tasks", "/requests", "/scenarios", "/dialects", "/facts", "/nothing"]
    paths += [f"/ledger/tomoviee/{account.name}" for account in desk.world.accounts()]
    shown = "".join([*answers, *(desk("GET", path).content.decode() for path in paths)])
    objects: list[Any] = [*desk.world.accounts(), *desk.world.tasks(), desk.world, *desk.world.services.values()]
    objects += [entry for account in desk.world.accounts() for entry in account.journal]
    objects += [
        *desk.world.anonymous_journal,
        desk.world.services["tomoviee"].identify((b"planted", caller_token(caller))),
    ]
    assert "[redacted]" in shown
    for planted in ("planted", "cGxhbnRlZ"):  # as it is, and as Basic has it
        assert planted not in shown
        assert planted not in repr(objects)


def caller_token(caller: Caller) -> bytes:
    """Return a Basic token whose key is ``planted``."""
    return caller.row.headers("planted", "planted-secret")["Authorization"].encode()
