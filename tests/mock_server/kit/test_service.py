"""What every vendor's service promises; a new vendor is tested by all of this at once."""

from __future__ import annotations

import json
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from soundstage_server import Scenario, World, _registry
from soundstage_server.kit.service import Service
from soundstage_server.model.account import TooManyError
from soundstage_server.model.journal.redaction import REDACTED
from soundstage_server.model.lifecycle import Fate
from soundstage_vendors.own import VENDORS

if TYPE_CHECKING:
    from soundstage_server.model.messages import Route
    from tests.mock_server.conftest import Caller, Kit, Reply

every_vendor = pytest.mark.parametrize("slug", VENDORS)
every_job_vendor = pytest.mark.parametrize(
    "slug", [slug for slug in VENDORS if not _registry.load(slug).is_synchronous]
)
CODES = [(slug, code) for slug in VENDORS for code in _registry.load(slug).codes]
garbage = st.one_of(
    st.binary(max_size=30),
    st.sampled_from([b"", b"{", b"[]", b"null", b"NaN", b'"x"', b"0", b"[" * 5000, b'{"a": "\\ud800"}', b"\xff"]),
    st.recursive(st.none() | st.booleans() | st.integers() | st.text(max_size=5), st.lists, max_leaves=5).map(
        lambda value: json.dumps(value).encode()
    ),
)


def refused(reply: Reply, slug: str, world: World) -> str:
    """Check that *reply* is a refusal with a fact, and return the fact."""
    fact = reply.headers["x-soundstage-fact"]
    assert fact.startswith(f"{slug}:")
    assert fact.partition(":")[2] in world.services[slug].facts()
    assert json.loads(reply.content)
    assert reply.headers["content-type"] == "application/json"
    return fact


def filled(route: Route) -> str:
    """Return a path that *route* matches."""
    return route.path.replace("{", "any-").replace("}", "")


@every_vendor
def test_service_declarations_are_consistent(kit: Kit, slug: str) -> None:
    """Slug, title, hosts, unit and tables exist and agree with each other."""
    with World(vendors=[slug]) as world:
        service = kit.service(world, slug)
        assert service.slug == slug
        assert service.title
        assert all(host == host.lower() and "." in host for host in service.hosts)
        assert set(service.reasons) >= {Fate.FAIL}
        assert all(name == name.lower() for name in service.credential_headers)
        routes = [(route.method, route.path) for route in service.routes()]
        assert len(routes) == len(set(routes))
        assert all(route.facts and route.summary for route in service.routes())


@every_vendor
@pytest.mark.parametrize("headers", [{}, None])
def test_every_route_refuses_garbage(kit: Kit, slug: str, headers: dict[str, str] | None) -> None:
    """With and without a credential: JSON with a fact, no server error, no task and no cost."""
    with kit.world() as world:
        caller = kit.caller(world, slug)

        @settings(deadline=None)
        @given(garbage)
        def law(body: bytes) -> None:
            for route in world.services[slug].routes():
                if any(field.required for field in route.body):
                    reply = caller.send(route.method, filled(route), body, headers=headers)
                    assert reply.status < 500
                    refused(reply, slug, world)

        law()
        assert list(world.tasks()) == []
        assert all(account.ledger.entries == [] for account in world.accounts())


@every_vendor
def test_invalid_parameter_is_refused_by_name(kit: Kit, slug: str) -> None:
    """Every field of a paid call is refused with its name and its own fact."""
    with kit.world() as world:
        caller = kit.caller(world, slug)
        create, routes = caller.row.create, world.services[slug].routes()
        (route,) = [route for route in routes if route.body and route.pattern().fullmatch(create)]
        for field in [field for field in route.body if field.name not in caller.row.unchecked]:
            wrongs: tuple[Any, ...] = ([], "\0nothing of the sort\0", -1)
            wrong = next(value for value in wrongs if not field.rule.accepts(value))
            reply = caller.send("POST", create, {**caller.row.body("A fox"), field.name: wrong})
            assert refused(reply, slug, world) == f"{slug}:{field.fact}"
            assert field.name in reply.content.decode()
        assert list(world.tasks()) == []


@pytest.mark.parametrize(("slug", "code"), CODES)
def test_scenario_can_order_every_refusal(kit: Kit, slug: str, code: str) -> None:
    """By code, once; it cites its fact, creates no task and costs nothing."""
    with kit.world() as world:
        caller = kit.caller(world, slug)
        world.scenario(Scenario("refuse", code=code, vendor=slug, times=1))
        reply = caller.create()
        assert refused(reply, slug, world) == f"{slug}:{world.services[slug].codes[code].fact}"
        text = f"{reply.status} {reply.content.decode()}"
        assert code in text or str(world.services[slug].codes[code].code) in text
        assert list(world.tasks()) == []
        (account,) = world.accounts()
        assert (account.ledger.entries, [entry.fact for entry in account.journal]) == (
            [],
            [reply.headers["x-soundstage-fact"]],
        )
        assert "x-soundstage-fact" not in caller.create().headers


@every_job_vendor
def test_content_that_is_blocked_later_starts_a_task(kit: Kit, slug: str) -> None:
    """Also a vendor that refuses blocked content at creation then starts a task, which ends so and costs nothing."""
    with kit.world() as world:
        service = kit.service(world, slug)
        kit.caller(world, slug).create("A fox soundstage:block_later")
        (task,) = world.tasks()
        assert task.fate is Fate.BLOCK
        assert service.reason(task) == service.reasons[Fate.BLOCK]
        task.account.advance(task.ends - task.account.now() + 1)
        task.account.settle(task.account.now())
        assert task.account.ledger.spent == 0


@every_job_vendor
@pytest.mark.parametrize("fate", Fate)
def test_word_in_the_prompt_selects_the_fate(kit: Kit, slug: str, fate: Fate) -> None:
    """The task ends with the vendor's own word, and only success is charged."""
    with kit.world() as world:
        service = kit.service(world, slug)
        reply = kit.caller(world, slug).create("A fox" if fate is Fate.SUCCEED else f"A fox soundstage:{fate}")
        if fate is Fate.BLOCK and service.refusals.blocked is not None:
            refused(reply, slug, world)
            return
        (task,) = world.tasks()
        (account,) = world.accounts()
        lifecycle = service.lifecycle(task.operation)
        assert account.ledger.reserved == task.price
        assert not task.state_at(account.now(), lifecycle).final
        account.advance(task.ends - account.now() + 1)
        account.settle(account.now())
        assert task.state_at(account.now(), lifecycle)[:2] == (lifecycle.final_word(fate), True)
        assert account.ledger.spent == (task.price if fate is Fate.SUCCEED else 0)
        assert account.ledger.is_balanced()
        if fate is not Fate.SUCCEED:
            assert service.reason(task)


@every_job_vendor
def test_slow_task_takes_longer_than_ten_minutes(kit: Kit, slug: str) -> None:
    """It succeeds nevertheless."""
    with kit.world() as world:
        kit.caller(world, slug).create("soundstage:slow")
        (task,) = world.tasks()
        assert task.fate is Fate.SUCCEED
        usual = world.services[slug].lifecycle(task.operation).changes(task.created, task.seed, Fate.SUCCEED)
        assert task.ends - task.created == pytest.approx(12 * (usual[-1] - task.created))


@every_vendor
def test_every_credential_header_is_redacted(kit: Kit, slug: str) -> None:
    """Each credential header is in the journal by name, without its value."""
    with kit.world() as world:
        caller = kit.caller(world, slug)
        caller.create()
        caller.send("POST", "/nowhere")
        names = {name.decode() for name in world.services[slug].credential_headers}
        (account,) = world.accounts()
        for entry in (*account.journal, *world.anonymous_journal):
            headers = entry.redacted()["headers"]
            assert {headers[name] for name in names & set(headers)} == {REDACTED}


@every_job_vendor
@pytest.mark.parametrize("word", ["invalid", "expired"])
def test_invalid_and_expired_credentials_are_refused(kit: Kit, slug: str, word: str) -> None:
    """``invalid-`` and ``expired-`` are refused as wrong credentials, and create no account."""
    with kit.world() as world:
        refused(kit.caller(world, slug, f"{word}-key").create(), slug, world)
        assert [*world.accounts(), *world.tasks()] == []


@every_job_vendor
def test_account_without_money_is_refused(kit: Kit, slug: str) -> None:
    """``broke-`` is refused, and no money moves."""
    with kit.world() as world:
        service = world.services[slug]
        fact = refused(kit.caller(world, slug, "broke-key").create(), slug, world)
        assert fact == f"{slug}:{service.refusals.no_credit.fact}"
        (account,) = world.accounts()
        assert ([*world.tasks()], account.ledger.entries) == ([], [])


@every_job_vendor
def test_limited_account_has_one_task_at_once(kit: Kit, slug: str) -> None:
    """``limited-`` may have one unfinished task; after its end the next is accepted."""
    with kit.world() as world:
        service, caller = world.services[slug], kit.caller(world, slug, "limited-key")
        caller.create()
        assert refused(caller.create("Another"), slug, world) == f"{slug}:{service.refusals.too_many.fact}"
        (task,) = world.tasks()
        world.advance(task.ends - task.created + 1)
        caller.create("A third")
        assert len(list(world.tasks())) == 2


@every_vendor
def test_secret_of_the_first_request_is_required(kit: Kit, slug: str) -> None:
    """Another secret is refused, and the account continues with its own."""
    with kit.world() as world:
        kit.caller(world, slug).create()
        other = kit.caller(world, slug, secret="another")
        own = kit.caller(world, slug)
        if other.headers != own.headers:
            refused(other.create(), slug, world)
        own.create("Another")
        assert len(list(world.tasks())) == 2


def ids_and_money(caller: Caller) -> Any:
    """Return everything about one account."""
    account = next(one for one in caller.app.world.accounts())
    return [task.id for task in account.tasks], account.ledger.available, len(account.journal)


@every_vendor
def test_accounts_are_isolated(kit: Kit, slug: str) -> None:
    """No account's tasks, money or journal show what others do, and ids are unique."""
    with kit.world() as world:
        mine = kit.caller(world, slug, "mine")
        mine.create()
        before = ids_and_money(mine)
        for number in range(5):
            kit.caller(world, slug, f"other-{number}").create()
        assert ids_and_money(mine) == before
        assert len({task.id for task in world.tasks()}) == 6


@every_job_vendor
def test_documented_concurrency_applies(kit: Kit, slug: str) -> None:
    """The vendor's documented limit applies to ordinary accounts; none means no limit."""
    with kit.world() as world:
        account = world.account(slug, "key-1")
        account.ledger.set_available(10**9, account.now())
        caller = kit.caller(world, slug)
        for number in range(account.at_once or 30):
            caller.create(f"Number {number}")
        assert account.unfinished == (account.at_once or 30)
        if account.at_once is not None:
            with pytest.raises(TooManyError):
                account.check_concurrency()


def test_default_task_id_and_text(kit: Kit) -> None:
    """By default an id is capability, second and seed, and the text is the prompt."""
    with kit.world() as world:
        service = kit.service(world)
        assert Service.make_task_id(service, "draw", 1.9, 255) == "draw-1-00000000000000ff"
        assert [Service.text_of(service, params) for params in ({"prompt": "a"}, {}, {"prompt": None})] == ["a", "", ""]


def test_fate_without_a_message_is_named(kit: Kit) -> None:
    """A vendor without a message for a fate reports a failure and names the fate."""
    with kit.world() as world, pytest.MonkeyPatch.context() as patch:
        service = kit.service(world)
        kit.caller(world).create("soundstage:cancel")
        patch.setattr(type(service), "reasons", {Fate.FAIL: "it failed"})
        assert service.reason(next(world.tasks())) == "it failed (cancel)"


def test_blocked_content_may_be_refused_at_creation(kit: Kit) -> None:
    """A vendor that refuses at creation creates no task."""
    with kit.world() as world, pytest.MonkeyPatch.context() as patch:
        service = world.services["tomoviee"]
        blocked = service.codes["680422"]
        patch.setattr(type(service), "refusals", service.refusals._replace(blocked=blocked))
        reply = kit.caller(world).create("soundstage:block")
        assert refused(reply, "tomoviee", world) == f"tomoviee:{blocked.fact}"
        assert list(world.tasks()) == []


@pytest.mark.parametrize(
    ("body", "headers", "reason"),
    [
        (b'\xef\xbb\xbf{"prompt": "A fox"}', {}, "byte order mark"),
        ('{"prompt": "A fox"}'.encode("utf-16"), {}, "UTF-16"),
        (b"\x1f\x8b\x08", {"Content-Encoding": "gzip"}, "Content-Encoding 'gzip' is not decoded"),
        (b"{", {}, "it is not JSON"),
    ],
    ids=["bom", "utf-16", "gzip", "cut"],
)
def test_unreadable_body_is_explained(kit: Kit, body: bytes, headers: dict[str, str], reason: str) -> None:
    """The vendor's own refusal names what is wrong, and nothing is created."""
    with kit.world() as world:
        caller = kit.caller(world)
        reply = caller.send("POST", caller.row.create, body, headers={**caller.headers, **headers})
        assert reason in reply.json()["msg"]
        assert list(world.tasks()) == []


def test_unknown_route_is_explained(kit: Kit) -> None:
    """A doubled slash and a browser's preflight are named."""
    with kit.world() as world:
        caller = kit.caller(world)
        doubled = caller.send("POST", caller.row.create.replace("/v1/", "//v1//"), b"{}")
        assert f"did you mean {caller.row.create}? (slashes are doubled" in doubled.json()["msg"]
        preflight = {**caller.headers, "Access-Control-Request-Method": "POST"}
        assert "preflight" in caller.send("OPTIONS", caller.row.create, headers=preflight).json()["msg"]


@every_job_vendor
def test_task_that_never_ends_is_unfinished_however_often_it_is_polled(kit: Kit, slug: str) -> None:
    """Under `auto`, polls move the time to the last stage and no further; the task can be ended by hand."""
    with kit.world(clock="auto") as world:
        service = kit.service(world, slug)
        kit.caller(world, slug).create("A fox soundstage:never")
        (task,) = world.tasks()
        account = task.account
        for _ in range(9):
            request: Any = SimpleNamespace(now=account.now(), account=account)
            assert not service.observe(request, task).final
        assert account.now() < task.created + 3600
        assert service.end_early(task, account.now())


def test_task_that_never_ends_sends_no_last_callback(kit: Kit) -> None:
    """A callback about the end of such a task is not due, so that `auto` does not move to it."""
    with kit.world(clock="auto") as world:
        kit.caller(world).create("A fox soundstage:never", callback="http://127.0.0.1:9/done")
        assert world.callback_dispatcher.pending() == []
