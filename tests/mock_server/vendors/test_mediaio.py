"""Media.io: the wrapper, the envelope, two vocabularies of states, and a balance that can be queried."""

from __future__ import annotations

import re
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from soundstage_server.media import Image, Video
from soundstage_server.vendors.mediaio.capabilities import CAPABILITIES, makes_videos
from soundstage_server.vendors.mediaio.outputs import SIDES, image_size

if TYPE_CHECKING:
    from collections.abc import Iterator

    from soundstage_server.vendors.mediaio.capabilities import Capability
    from tests.mock_server.conftest import Caller, Kit

URL = "https://a.example/x.png"
RESULT = "/generation/result/"
LEAST = {"prompt": "A fox", "image": URL, "images": [URL], "video": URL}
EACH = pytest.mark.parametrize("capability", CAPABILITIES.values(), ids=lambda capability: capability.code)


@pytest.fixture
def caller(kit: Kit) -> Iterator[Caller]:
    """A caller with enough credits, in a world whose time skips."""
    with kit.world(clock="auto") as world:
        world.account("mediaio", "key-1").ledger.set_available(10**6, 0.0)
        yield kit.caller(world, "mediaio")


def minimal(capability: Capability, **changes: Any) -> dict[str, Any]:
    """Return the required parameters of *capability* alone."""
    return {**{field.name: LEAST[field.name] for field in capability.fields if field.required}, **changes}


def start(caller: Caller, capability: Capability, **changes: Any) -> str:
    """Create a task and return its id."""
    body = {"data": minimal(capability, **changes)}
    answer = caller.send("POST", f"/generation/{capability.path}", body).json()
    assert (answer["code"], answer["msg"], list(answer["data"])) == (0, "", ["task_id"]), answer
    return str(answer["data"]["task_id"])


def finish(caller: Caller, task: str) -> list[dict[str, Any]]:
    """Poll a task until it is final, and return all responses."""
    seen: list[dict[str, Any]] = []
    while not seen or seen[-1]["status"] in {"waiting", "pending", "processing"}:
        assert len(seen) < 10
        seen.append(caller.send("POST", RESULT + task, {}).json()["data"])
    return seen


def test_there_are_22_distinct_endpoints(kit: Kit) -> None:
    """Each has its own name, path and price."""
    assert len(CAPABILITIES) == 22
    assert len({capability.name for capability in CAPABILITIES.values()}) == 22
    assert all(0 < capability.price <= 20 for capability in CAPABILITIES.values())
    with kit.world() as world:
        paths = [route.path for route in world.services["mediaio"].routes()]
    assert len(set(paths)) == 24


@EACH
def test_auto_clock_shows_every_state_once(caller: Caller, capability: Capability) -> None:
    """Under the auto clock: waiting, processing, completed, each once, and the result can be downloaded."""
    seen = finish(caller, start(caller, capability))
    assert [data["status"] for data in seen] == ["waiting", "processing", "completed"]
    for result in seen[-1]["result"]:
        assert caller.fetch(result["preview"]).status == 200
        assert re.fullmatch(rf"aigc/{capability.code}/[0-9a-f-]{{36}}/0\.(png|mp4)", result["val"])


@pytest.mark.parametrize(
    ("word", "prose", "pages", "reason"),
    [
        ("fail", "failed", "failed", "generation failed"),
        ("block", "failed", "failed", "content policy"),
        ("timeout", "timeout", "failed", "timed out"),
        ("cancel", "failed", "failed", "generation failed (cancel)"),
    ],
)
@pytest.mark.parametrize("reading", ["prose", "pages"])
def test_failures_have_a_reason_in_both_vocabularies(  # noqa: PLR0917 - pytest passes them
    kit: Kit, word: str, prose: str, pages: str, reason: str, reading: str
) -> None:
    """Each failure has its state and reason, no result, and is refunded."""
    with kit.world(clock="auto", dialects={"mediaio.status": reading}) as world:
        caller = kit.caller(world, "mediaio")
        end = finish(caller, start(caller, CAPABILITIES["t2v-wan-v2-5"], prompt=f"soundstage:{word}"))[-1]
        assert (end["status"], set(end)) == ({"prose": prose, "pages": pages}[reading], {"task_id", "status", "reason"})
        assert reason in end["reason"]
        assert caller.send("POST", "/user/credits", {}).json()["data"] == {"credits": 1000}


@EACH
def test_the_balance_falls_by_the_price(kit: Kit, capability: Capability) -> None:
    """At creation the balance falls by the endpoint's price."""
    with kit.world() as world:
        caller = kit.caller(world, "mediaio")
        start(caller, capability)
        assert caller.send("POST", "/user/credits", {}).json()["data"]["credits"] == 1000 - capability.price


def test_equal_seeds_repeat_traces_and_ids(kit: Kit) -> None:
    """Two worlds of one seed give equal responses, and no two responses of one world share a trace id."""

    def story() -> list[Any]:
        with kit.world(seed=7) as world:
            caller = kit.caller(world, "mediaio")
            return [caller.send("POST", "/user/credits", {}).json()["trace_id"] for _ in range(5)]

    one, other = story(), story()
    assert one == other
    assert len(set(one)) == 5


@pytest.mark.parametrize(("method", "path", "status"), [("GET", "/user/credits", 405), ("POST", "/user/credit", 404)])
def test_unknown_routes_are_refused_in_the_envelope(caller: Caller, method: str, path: str, status: int) -> None:
    """The envelope has HTTP 404 or 405, no data, and the nearest route."""
    reply = caller.send(method, path, {})
    assert (reply.status, reply.json()["data"]) == (status, {})
    assert "/user/credits" in reply.json()["msg"]


@given(resolution=st.sampled_from(sorted(SIDES)), across=st.integers(1, 21), down=st.integers(1, 21))
def test_images_have_equally_many_pixels_in_every_ratio(resolution: str, across: int, down: int) -> None:
    """About as many pixels as a square of the resolution, within a step of 8 for each side."""
    width, height = image_size(resolution, f"{across}:{down}")
    assert width % 8 == height % 8 == 0
    assert width * height == pytest.approx(SIDES[resolution] ** 2, rel=0.05)
    assert (width - height) * (across - down) >= 0


@settings(max_examples=40, deadline=None)
@given(data=st.data(), capability=st.sampled_from(sorted(CAPABILITIES)))
def test_tasks_make_the_requested_media(kit: Kit, data: st.DataObject, capability: str) -> None:
    """As many images as requested; a video of its duration and resolution, with audio only if requested."""
    chosen = CAPABILITIES[capability]
    given_ = data.draw(kit.bodies(chosen.fields))
    if chosen.needs is not None:
        given_["duration"] = "6s"
    with kit.world() as world:
        caller = kit.caller(world, "mediaio")
        answer = caller.send("POST", f"/generation/{chosen.path}", {"data": given_}).json()
        if "soundstage:" in str(given_.get("prompt")) or answer["code"]:
            return
        service = world.services["mediaio"]
        task = service.tasks[answer["data"]["task_id"]]
        made = service.outputs(task)
        assert len(made) == int(task.params.get("counts", "1"))
        for spec in made:
            assert isinstance(spec, Video if makes_videos(chosen) else Image)
            if isinstance(spec, Video):
                assert spec.seconds == float(task.params.get("duration", "5s").removesuffix("s"))
                assert min(spec.width, spec.height) == int(task.params.get("resolution", "720P").removesuffix("P"))
                assert spec.audio == (task.params.get("generate_audio") == "True")


def test_several_images_differ(caller: Caller) -> None:
    """No two images of one task are equal."""
    task = start(caller, CAPABILITIES["t2i-imagen-4"], counts="4")
    files = [caller.fetch(one["preview"]).content for one in finish(caller, task)[-1]["result"]]
    assert len(files) == 4
    assert all(one != other for one, other in pairwise(sorted(files)))


def test_a_task_survives_a_snapshot(kit: Kit) -> None:
    """A restored world finds the task by its id."""
    with kit.world() as world, kit.world() as other:
        caller = kit.caller(world, "mediaio")
        task = start(caller, CAPABILITIES["t2v-wan-v2-5"])
        other.restore(world.snapshot())
        assert kit.caller(other, "mediaio").send("POST", RESULT + task, {}).json()["data"]["task_id"] == task
