"""A world: its arguments, its seed, its resets, and its use from several threads."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from soundstage_server import Clock, Scenario, World
from soundstage_server.model.credentials import account_name

if TYPE_CHECKING:
    from tests.mock_server.conftest import Kit

CAPABILITY = "tm_text2video_b"


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"media": "tiny"}, "media must be one of full, small; got 'tiny'"),
        ({"vendors": ["nothing"]}, "no vendor is called 'nothing'; known: tomoviee"),
        ({"clock": "fast"}, "speed must be a number above 0, 'manual' or 'auto'; got 'fast'"),
        ({"clock": 0}, "speed must be a number above 0, from 1e-06 to 1e\\+09; got 0"),
        ({"public_url": "soundstage.example"}, "public_url must be an http or https URL; got 'soundstage.example'"),
        ({"dialects": {"tomoviee.errors": "x"}}, r"tomoviee\.errors must be one of envelope, http; got 'x'"),
    ],
)
def test_invalid_argument_is_refused(options: dict[str, Any], message: str) -> None:
    """The message names the argument, its value and what is allowed."""
    with pytest.raises(ValueError, match=message):
        World(**options)


def test_world_has_the_requested_vendors() -> None:
    """All vendors, or those that are named."""
    with World() as full, World(vendors=[]) as empty:
        assert "tomoviee" in full.services
        assert empty.services == {}


def test_clock_argument() -> None:
    """A number, a word or a `Clock`."""
    own = Clock("manual")
    assert World(clock=own).clock is own
    assert (World(clock=60).clock.kind, World(clock=60).clock.speed, World(clock="auto").clock.kind) == (
        "scaled",
        60,
        "auto",
    )


def test_account_is_created_at_first_use() -> None:
    """The same credential is the same account; an unknown name is a KeyError."""
    with World() as world:
        one, other = world.account("tomoviee", "one"), world.account("tomoviee", "other")
        assert world.account("tomoviee", "one") is one
        assert list(world.accounts()) == [one, other]
        assert world.account_by_name(account_name("tomoviee", "one")) is one
        assert world.is_account(other.name)
        assert not world.is_account("acct_0")
        with pytest.raises(KeyError):
            world.account_by_name("acct_0")


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"vendor": "nothing"}, "vendor must be one of tomoviee.*; got 'nothing'"),
        ({"operation": "nothing"}, r"operation must be one of those of tomoviee, .*; got 'nothing'$"),
        ({"operation": CAPABILITY[:-1]}, rf"got '{CAPABILITY[:-1]}': did you mean {CAPABILITY}\?$"),
        ({"vendor": "tomoviee", "operation": "nothing"}, f"operation must be one of {CAPABILITY}.*; got 'nothing'"),
        ({"vendor": "tomoviee", "then": "refuse", "code": "1"}, "code must be one of 680400, .*; got '1'"),
    ],
)
def test_order_for_an_unknown_target_is_refused(fields: dict[str, Any], message: str) -> None:
    """The message lists what exists, and no order is added."""
    with World() as world:
        with pytest.raises(ValueError, match=message):
            world.scenario(Scenario(**{"then": "fail", **fields}))
        assert list(world.scenarios) == []
        assert world.scenario(Scenario("fail", operation=CAPABILITY)).id == 1


def history(kit: Kit, clock: Clock, seed: int, prompts: list[str]) -> list[tuple[Any, ...]]:
    """Create a task for each prompt, alternating two accounts, and return everything random about them."""
    with kit.world(clock=clock, seed=seed) as world:
        for number, prompt in enumerate(prompts):
            assert kit.caller(world, credential=f"key-{number % 2}").create(prompt).status == 200
        service = world.services["tomoviee"]
        return [(task.id, task.changes, task.seed, *service.outputs(task)) for task in world.tasks()]


@settings(deadline=None, max_examples=20)
@given(st.integers(0, 2**40), st.lists(st.sampled_from(["A fox", "A hen"]), min_size=1, max_size=5))
def test_equal_seeds_give_equal_worlds(kit: Kit, seed: int, prompts: list[str]) -> None:
    """Ids, durations and media repeat with the seed and the history, and differ under another seed."""
    clock = Clock("manual")
    first = history(kit, clock, seed, prompts)
    assert history(kit, clock, seed, prompts) == first
    assert not {row[0] for row in first} & {row[0] for row in history(kit, clock, seed + 1, prompts)}


@settings(deadline=None, max_examples=20)
@given(st.lists(st.booleans(), min_size=1, max_size=8))
def test_tasks_do_not_depend_on_other_accounts(kit: Kit, turns: list[bool]) -> None:
    """Ids, durations and seeds are equal whatever other accounts do: parallel tests repeat."""
    clock, histories = Clock("manual"), []
    for interrupted in (False, True):
        with kit.world(clock=clock) as world:
            for mine in turns:
                if mine or interrupted:
                    kit.caller(world, credential="mine" if mine else "another").create()
            tasks = world.account("tomoviee", "mine").tasks
            histories.append([(task.id, task.changes, task.seed) for task in tasks])
    assert histories[0] == histories[1]


@settings(deadline=None, max_examples=20)
@given(st.lists(st.sampled_from(["one", "two", "three"]), min_size=2, max_size=10))
def test_ids_are_unique_even_when_few_are_possible(kit: Kit, credentials: list[str]) -> None:
    """No id is used twice, although the vendor's scheme has only sixteen."""
    with pytest.MonkeyPatch.context() as patch, kit.world() as world:
        service = world.services["tomoviee"]
        patch.setattr(type(service), "make_task_id", lambda *arguments: f"task-{arguments[-1] & 15}")
        for credential in credentials:
            kit.caller(world, credential=credential).create()
        ids = [task.id for task in world.tasks()]
        assert len(ids) == len(set(ids)) == len(credentials)


def test_reset_of_one_account_leaves_others_alone(kit: Kit) -> None:
    """Its tasks, money, secret and journal are gone; clock, orders and dialects are kept."""
    with kit.world() as world:
        one, other = kit.caller(world, credential="one"), kit.caller(world, credential="other")
        gone, kept = one.create().json()["data"]["task_id"], other.create().json()["data"]["task_id"]
        world.scenario(Scenario("slow"))
        world.advance(7)
        now = world.clock.now()
        world.reset(world.account("tomoviee", "one"))
        assert [task.id for task in world.tasks()] == [kept]
        assert (world.clock.now(), len(list(world.scenarios))) == (now, 1)
        fresh = kit.caller(world, credential="one", secret="another secret")
        assert fresh.send("POST", "/v1/open/pub/task", {"task_id": gone}).json()["code"] == 680404
        assert other.send("POST", "/v1/open/pub/task", {"task_id": kept}).json()["code"] == 0
        account = world.account("tomoviee", "one")
        assert (account.ledger.available, len(account.journal)) == (1000, 1)


def test_reset_of_the_world_keeps_the_clock(kit: Kit) -> None:
    """No account, task, order or citation is left; time and dialects are unchanged."""
    with kit.world(dialects={"tomoviee.errors": "http"}) as world:
        caller = kit.caller(world)
        caller.create()
        caller.create("")
        caller.send("POST", "/nowhere")
        world.scenario(Scenario("slow"))
        world.advance(7)
        now = world.clock.now()
        world.reset()
        assert [*world.accounts(), *world.tasks(), *world.scenarios, *world.anonymous_journal] == []
        assert world.services["tomoviee"].tasks == {}
        assert not world.citations
        assert world.clock.now() == now
        assert world.dialects.reading("tomoviee.errors") == "http"
        assert caller.create().json()["code"] == 0


def test_world_closes_twice() -> None:
    """Closing twice is safe, and a block closes."""
    with World() as world:
        pass
    world.close()


def test_world_is_thread_safe(kit: Kit) -> None:
    """Concurrent requests and Python calls lose no task and keep every ledger balanced."""
    with kit.world() as world:
        started, failures = threading.Barrier(5), list[BaseException]()

        def call(credential: str) -> None:
            caller = kit.caller(world, credential=credential)
            started.wait()
            for _ in range(40):
                task_id = caller.create().json()["data"]["task_id"]
                assert caller.send("POST", "/v1/open/pub/task", {"task_id": task_id}).json()["code"] == 0

        def rule() -> None:
            started.wait()
            for number in range(40):
                world.advance(1)
                world.scenario(Scenario("slow", times=1))
                world.reset(world.account("tomoviee", f"passing-{number}"))
                assert all(account.ledger.is_balanced() for account in world.accounts())
                assert len({task.id for task in world.tasks()}) <= 160

        def guarded(work: Any, *arguments: str) -> None:
            try:
                work(*arguments)
            except BaseException as failure:
                failures.append(failure)
                started.abort()
                raise

        threads = [threading.Thread(target=guarded, args=(call, name)) for name in ("one", "two", "three", "three")]
        threads.append(threading.Thread(target=guarded, args=(rule,)))
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert failures == []
        assert len({task.id for task in world.tasks()}) == 160
        for account in world.accounts():
            account.settle(account.now())
            assert account.ledger.is_balanced()
