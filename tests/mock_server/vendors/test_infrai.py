"""Infrai as the simulator plays it: keys outlive a restart, trials repeat with the seed, nobody is charged twice."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from soundstage_server import Scenario, World
from soundstage_server.model.lifecycle import Fate
from soundstage_server.vendors.infrai.capabilities import (
    GENERATE,
    MODELS,
    RESOLUTIONS,
    VENDORS,
    incompatibility,
    price,
    serving_vendor,
)

if TYPE_CHECKING:
    from pathlib import Path

    from tests.mock_server.conftest import Caller, Kit, Reply

START = "/v1/video/generate"


def begun(caller: Caller, key: str | None = None, **params: Any) -> Reply:
    """Ask for a film, with a key in the body if there is one."""
    return caller.create(**params, **({} if key is None else {"idempotency_key": key}))


def asked(**params: Any) -> dict[str, Any]:
    """Return parameters with their defaults."""
    return {"prompt": "A fox", "resolution": "720p", "prefer": "balanced", "duration_seconds": 5, **params}


def test_a_key_outlives_a_restart(kit: Kit, tmp_path: Path) -> None:
    """In the same state file the same key is the same job, charged once, and still conflicts with another body."""
    file = tmp_path / "state"
    with kit.world(state=file, clock="manual") as world:
        first = begun(kit.caller(world, "infrai"), "k").json()
    with World(state=file, media="small") as world:
        caller = kit.caller(world, "infrai")
        again = begun(caller, "k")
        assert again.json()["data"] == first["data"]
        assert again.json()["metadata"]["cache_hit"] is True
        assert begun(caller, "k", aspect="1:1").status == 409
        assert begun(caller, "other").json()["data"]["job_id"] != first["data"]["job_id"]
        (account,) = world.accounts()
        assert account.ledger.reserved == 2 * 100_000


def test_a_key_comes_back_with_a_snapshot_and_goes_with_its_account(kit: Kit) -> None:
    """A snapshot brings keys back; an account that is forgotten takes its keys along."""
    with kit.world() as world:
        caller = kit.caller(world, "infrai")
        job = begun(caller, "k").json()["data"]["job_id"]
        snapshot = world.snapshot()
        world.reset(next(world.accounts()))
        assert begun(caller, "k", prompt="A hare").status == 200
        world.restore(snapshot)
        assert begun(caller, "k").json()["data"]["job_id"] == job
        assert begun(caller, "k", prompt="A hare").status == 409


def test_of_two_jobs_of_one_key_the_later_one_is_remembered(kit: Kit, tmp_path: Path) -> None:
    """After a day a key begins a new job, which is the one that it means from then on, after a restart, too."""
    file = tmp_path / "state"
    with kit.world(state=file) as world:
        caller = kit.caller(world, "infrai")
        begun(caller, "k")
        world.advance(24 * 3600)
        later = begun(caller, "k", prompt="A hare").json()["data"]["job_id"]
    with World(state=file, media="small") as world:
        assert begun(kit.caller(world, "infrai"), "k", prompt="A hare").json()["data"]["job_id"] == later


def test_a_cancel_outlives_a_restart(kit: Kit, tmp_path: Path) -> None:
    """What was cancelled stays so, and its money stays back."""
    file = tmp_path / "state"
    with kit.world(state=file) as world:
        caller = kit.caller(world, "infrai")
        job = begun(caller).json()["data"]["job_id"]
        assert caller.send("POST", f"/v1/video/cancel/{job}").json()["data"] == {"ok": True}
    with World(state=file, media="small") as world:
        caller = kit.caller(world, "infrai")
        assert caller.send("GET", f"/v1/video/status/{job}").json()["data"]["state"] == "cancelled"
        assert caller.send("POST", f"/v1/video/jobs/{job}/cancel").json()["data"] == {"ok": False}
        (account,) = world.accounts()
        assert (account.ledger.reserved, account.ledger.spent) == (0, 0)


def test_one_seed_makes_everything_repeatable(kit: Kit) -> None:
    """Worlds of equal seeds open the same trials and tell the same of their calls, at the same time; others do not."""
    told = []
    for seed in (7, 7, 8):
        with kit.world(seed=seed) as world:
            world.clock.advance(0)
            caller = kit.caller(world, "infrai")
            told.append([caller.send("POST", "/v1/activate", headers={}).json()["data"] for _ in range(2)])
    assert told[0] == told[1] != told[2]
    assert told[0][0] != told[0][1]


def test_a_trial_outlives_a_restart_and_is_not_opened_twice(kit: Kit, tmp_path: Path) -> None:
    """Its credit is kept, and the next activation is another account, though the count begins anew."""
    file = tmp_path / "state"
    with kit.world(state=file) as world:
        first = kit.caller(world, "infrai").send("POST", "/v1/activate", headers={}).json()["data"]
    with World(state=file, media="small") as world:
        (account,) = world.accounts()
        assert account.ledger.available == 5_000_000
        caller = kit.caller(world, "infrai", first["primary_api_key"])
        assert begun(caller).status == 200
        second = caller.send("POST", "/v1/activate", headers={}).json()["data"]
        assert second["primary_api_key"] != first["primary_api_key"]
        assert world.public_url is None
        assert second["checkout_url"] == f"http://127.0.0.1:8080/infrai/checkout/{second['account_id']}"


def test_a_request_id_is_a_uuid_of_version_7(kit: Kit) -> None:
    """Version, variant and time are those of the standard."""
    with kit.world() as world:
        reply = begun(kit.caller(world, "infrai")).json()
        known = uuid.UUID(reply["metadata"]["request_id"])
        assert (known.version, known.variant) == (7, uuid.RFC_4122)
        assert (known.int >> 80) / 1000 == pytest.approx(world.clock.now(), abs=0.002)


def test_a_planned_limit_says_how_long_to_wait(kit: Kit) -> None:
    """A 429 that a scenario orders has Retry-After as every 429, though nothing is unfinished."""
    with kit.world() as world:
        world.scenario(Scenario(then="refuse", code="RATE_LIMITED", vendor="infrai", times=1))
        reply = begun(kit.caller(world, "infrai"))
        assert (reply.status, reply.headers["retry-after"]) == (429, "1")


def test_what_nobody_can_see_is_refused_without_an_account(kit: Kit) -> None:
    """Refusals of strangers have their metadata, too."""
    with kit.world() as world:
        reply = kit.caller(world, "infrai").send("GET", "/v1/video/status/vid_1", headers={})
        assert (reply.status, reply.json()["error"]["code"]) == (401, "UNAUTHORIZED")
        assert reply.json()["metadata"]["vendor"] is None


@pytest.mark.parametrize("fate", [fate for fate in Fate if fate is not Fate.SUCCEED])
def test_every_other_end_has_its_reason(kit: Kit, fate: Fate) -> None:
    """What ends otherwise says why; a fate without a word of the vendor's is named."""
    with kit.world() as world:
        caller = kit.caller(world, "infrai")
        job = begun(caller, prompt=f"soundstage:{fate.value}").json()["data"]["job_id"]
        world.advance(1800)
        told = caller.send("GET", f"/v1/video/jobs/{job}").json()["data"]
        assert told["state"] == ("cancelled" if fate is Fate.CANCEL else "failed")
        assert ("timeout" in told["error"]) == (fate is Fate.TIMEOUT)


@given(data=st.data())
def test_whoever_makes_a_film_can(kit: Kit, data: st.DataObject) -> None:
    """Of all bodies that fit, whoever is known to make the film can make it; what is preferred is in its order."""
    params = {name: value for name, value in data.draw(kit.bodies(GENERATE)).items() if value is not None}
    params = {**asked(), **params}
    made = VENDORS.get(serving_vendor(params))
    if incompatibility(params) is None and made is not None:
        assert params["resolution"] in made.resolutions
    free = {name: value for name, value in params.items() if name not in {"vendor", "model"}}
    costs = [price({**free, "prefer": prefer}) for prefer in ("cheapest", "balanced", "smartest")]
    assert costs == sorted(costs)
    assert min(costs) > 0


@pytest.mark.parametrize("resolution", RESOLUTIONS)
@pytest.mark.parametrize("model", MODELS)
def test_a_models_ability_is_its_vendors(model: str, resolution: str) -> None:
    """A model alone is gated as its vendor is, and made by it."""
    params = asked(model=model, resolution=resolution)
    assert serving_vendor(params) == MODELS[model].name
    assert (incompatibility(params) is None) == (resolution in MODELS[model].resolutions)


def test_the_page_tells_of_every_route(kit: Kit) -> None:
    """The vendor's own page has the routes of both generations, and cites facts for each."""
    with kit.world() as world:
        caller = kit.caller(world, "infrai")
        paths = caller.send("GET", "/openapi.json").json()["paths"]
        shown = {"/v1/video/jobs/{id}", "/v1/video/status/{id}", "/v1/video/cancel/{id}", START, "/v1/activate"}
        assert shown <= set(paths)
        assert all(route.facts for route in world.services["infrai"].routes())
