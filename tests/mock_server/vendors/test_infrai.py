"""Infrai beyond its contracts: keys survive a restart, trials repeat with the seed, nothing is charged twice."""

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


def start(caller: Caller, key: str | None = None, **params: Any) -> Reply:
    """Request a video, with an idempotency key in the body if given."""
    return caller.create(**params, **({} if key is None else {"idempotency_key": key}))


def with_defaults(**params: Any) -> dict[str, Any]:
    """Return parameters with their defaults."""
    return {"prompt": "A fox", "resolution": "720p", "prefer": "balanced", "duration_seconds": 5, **params}


def test_an_idempotency_key_survives_a_restart(kit: Kit, tmp_path: Path) -> None:
    """With the same state file the key returns the same job, charged once, and conflicts with another body."""
    file = tmp_path / "state"
    with kit.world(state=file, clock="manual") as world:
        first = start(kit.caller(world, "infrai"), "k").json()
    with World(state=file, media="small") as world:
        caller = kit.caller(world, "infrai")
        again = start(caller, "k")
        assert again.json()["data"] == first["data"]
        assert again.json()["metadata"]["cache_hit"] is True
        assert start(caller, "k", aspect="1:1").status == 409
        assert start(caller, "other").json()["data"]["job_id"] != first["data"]["job_id"]
        (account,) = world.accounts()
        assert account.ledger.reserved == 2 * 100_000


def test_keys_are_restored_and_forgotten_with_their_account(kit: Kit) -> None:
    """A snapshot restores keys; forgetting an account forgets its keys."""
    with kit.world() as world:
        caller = kit.caller(world, "infrai")
        job = start(caller, "k").json()["data"]["job_id"]
        snapshot = world.snapshot()
        world.reset(next(world.accounts()))
        assert start(caller, "k", prompt="A hare").status == 200
        world.restore(snapshot)
        assert start(caller, "k").json()["data"]["job_id"] == job
        assert start(caller, "k", prompt="A hare").status == 409


def test_an_expired_key_names_the_later_job(kit: Kit, tmp_path: Path) -> None:
    """After a day a key starts a new job and names that one from then on, also after a restart."""
    file = tmp_path / "state"
    with kit.world(state=file) as world:
        caller = kit.caller(world, "infrai")
        start(caller, "k")
        world.advance(24 * 3600)
        later = start(caller, "k", prompt="A hare").json()["data"]["job_id"]
    with World(state=file, media="small") as world:
        assert start(kit.caller(world, "infrai"), "k", prompt="A hare").json()["data"]["job_id"] == later


def test_a_cancel_survives_a_restart(kit: Kit, tmp_path: Path) -> None:
    """A canceled job stays canceled and refunded."""
    file = tmp_path / "state"
    with kit.world(state=file) as world:
        caller = kit.caller(world, "infrai")
        job = start(caller).json()["data"]["job_id"]
        assert caller.send("POST", f"/v1/video/cancel/{job}").json()["data"] == {"ok": True}
    with World(state=file, media="small") as world:
        caller = kit.caller(world, "infrai")
        assert caller.send("GET", f"/v1/video/status/{job}").json()["data"]["state"] == "cancelled"
        assert caller.send("POST", f"/v1/video/jobs/{job}/cancel").json()["data"] == {"ok": False}
        (account,) = world.accounts()
        assert (account.ledger.reserved, account.ledger.spent) == (0, 0)


def test_equal_seeds_repeat_everything(kit: Kit) -> None:
    """Worlds of equal seeds open the same trials and return the same metadata at the same time; others do not."""
    opened = []
    for seed in (7, 7, 8):
        with kit.world(seed=seed) as world:
            world.clock.advance(0)
            caller = kit.caller(world, "infrai")
            opened.append([caller.send("POST", "/v1/activate", headers={}).json()["data"] for _ in range(2)])
    assert opened[0] == opened[1] != opened[2]
    assert opened[0][0] != opened[0][1]


def test_a_trial_survives_a_restart(kit: Kit, tmp_path: Path) -> None:
    """Its credit is kept, and the next activation opens another account."""
    file = tmp_path / "state"
    with kit.world(state=file) as world:
        first = kit.caller(world, "infrai").send("POST", "/v1/activate", headers={}).json()["data"]
    with World(state=file, media="small") as world:
        (account,) = world.accounts()
        assert account.ledger.available == 5_000_000
        caller = kit.caller(world, "infrai", first["primary_api_key"])
        assert start(caller).status == 200
        second = caller.send("POST", "/v1/activate", headers={}).json()["data"]
        assert second["primary_api_key"] != first["primary_api_key"]
        assert world.public_url is None
        assert second["checkout_url"] == f"http://127.0.0.1:8080/infrai/checkout/{second['account_id']}"


def test_a_request_id_is_a_uuid_of_version_7(kit: Kit) -> None:
    """Version, variant and time follow the standard."""
    with kit.world() as world:
        reply = start(kit.caller(world, "infrai")).json()
        known = uuid.UUID(reply["metadata"]["request_id"])
        assert (known.version, known.variant) == (7, uuid.RFC_4122)
        assert (known.int >> 80) / 1000 == pytest.approx(world.clock.now(), abs=0.002)


def test_an_ordered_429_has_retry_after(kit: Kit) -> None:
    """A 429 that a scenario orders has Retry-After although no job is unfinished."""
    with kit.world() as world:
        world.scenario(Scenario(then="refuse", code="RATE_LIMITED", vendor="infrai", times=1))
        reply = start(kit.caller(world, "infrai"))
        assert (reply.status, reply.headers["retry-after"]) == (429, "1")


def test_refusals_without_an_account_have_metadata(kit: Kit) -> None:
    """Refusals of unidentified callers have metadata, too."""
    with kit.world() as world:
        reply = kit.caller(world, "infrai").send("GET", "/v1/video/status/vid_1", headers={})
        assert (reply.status, reply.json()["error"]["code"]) == (401, "UNAUTHORIZED")
        assert reply.json()["metadata"]["vendor"] is None


@pytest.mark.parametrize("fate", [fate for fate in Fate if fate is not Fate.SUCCEED])
def test_every_failure_has_a_reason(kit: Kit, fate: Fate) -> None:
    """An unsuccessful job has an error text, which names a fate that the vendor has no text for."""
    with kit.world() as world:
        caller = kit.caller(world, "infrai")
        job = start(caller, prompt=f"soundstage:{fate.value}").json()["data"]["job_id"]
        world.advance(1800)
        data = caller.send("GET", f"/v1/video/jobs/{job}").json()["data"]
        assert data["state"] == ("cancelled" if fate is Fate.CANCEL else "failed")
        assert ("timeout" in data["error"]) == (fate is Fate.TIMEOUT)


@given(data=st.data())
def test_the_serving_vendor_supports_the_request(kit: Kit, data: st.DataObject) -> None:
    """For every valid body the serving vendor supports the resolution, and preferences follow the vendors' order."""
    params = {name: value for name, value in data.draw(kit.bodies(GENERATE)).items() if value is not None}
    params = {**with_defaults(), **params}
    made = VENDORS.get(serving_vendor(params))
    if incompatibility(params) is None and made is not None:
        assert params["resolution"] in made.resolutions
    free = {name: value for name, value in params.items() if name not in {"vendor", "model"}}
    costs = [price({**free, "prefer": prefer}) for prefer in ("cheapest", "balanced", "smartest")]
    assert costs == sorted(costs)
    assert min(costs) > 0


@pytest.mark.parametrize("resolution", RESOLUTIONS)
@pytest.mark.parametrize("model", MODELS)
def test_a_model_has_its_vendors_resolutions(model: str, resolution: str) -> None:
    """A model alone has the limits of its vendor and is served by it."""
    params = with_defaults(model=model, resolution=resolution)
    assert serving_vendor(params) == MODELS[model].name
    assert (incompatibility(params) is None) == (resolution in MODELS[model].resolutions)


def test_the_page_lists_every_route(kit: Kit) -> None:
    """The vendor's page has the routes of both generations and cites facts for each."""
    with kit.world() as world:
        caller = kit.caller(world, "infrai")
        paths = caller.send("GET", "/openapi.json").json()["paths"]
        shown = {"/v1/video/jobs/{id}", "/v1/video/status/{id}", "/v1/video/cancel/{id}", START, "/v1/activate"}
        assert shown <= set(paths)
        assert all(route.facts for route in world.services["infrai"].routes())
