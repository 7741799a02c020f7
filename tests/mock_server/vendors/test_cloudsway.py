"""Cloudsway beyond its contracts: memory, restarts and repeatability."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from soundstage_server.media import Video
from soundstage_server.model.account import EXTRA
from soundstage_server.model.fields import check
from soundstage_server.vendors.cloudsway.capabilities import FIELDS, LIMITS, MODELS, broken_limits, price
from soundstage_server.vendors.cloudsway.outputs import media_for

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from soundstage_server import World
    from tests.mock_server.conftest import Caller, Kit, Reply

TEXT = "/v1/ai/any/kling/videos/text2video"
IMAGE = "/v1/ai/any/kling/videos/image2video"
ADDRESS = "https://example.test/a.png"


@pytest.fixture
def world(kit: Kit) -> Iterator[World]:
    """A world whose time only moves when the test moves it."""
    with kit.world() as made:
        yield made


@pytest.fixture
def caller(kit: Kit, world: World) -> Caller:
    """A caller of that world."""
    return kit.caller(world, "cloudsway")


def data(reply: Reply) -> Any:
    """Return the data of a successful response."""
    body = reply.json()
    assert (reply.status, body["code"], body["message"]) == (200, 0, "SUCCEED")
    return body["data"]


@settings(deadline=None, max_examples=60)
@given(st.data())
@pytest.mark.parametrize("kind", FIELDS)
def test_valid_fields_are_accepted_or_refused_together(kit: Kit, kind: Any, data: st.DataObject) -> None:
    """A body whose fields are valid one by one is accepted, or refused with 1201 or 1203 for their combination."""
    body = {name: value for name, value in data.draw(kit.bodies(FIELDS[kind])).items() if value is not None}
    with kit.world() as world:
        reply = kit.caller(world, "cloudsway").send("POST", f"/v1/ai/x/kling/videos/{kind}", body)
        whole = (
            {0, 1201, 1203} if kind == "image2video" or "model_name" in body or "camera_control" in body else {0, 1201}
        )
        assert reply.json()["code"] in whole


def test_auto_clock_shows_every_state_once(kit: Kit) -> None:
    """After each poll the time moves to the task's next change; after a list, to the earliest of all tasks."""
    with kit.world(clock="auto") as world:
        caller = kit.caller(world, "cloudsway")
        first = data(caller.create())["task_id"]
        words = [data(caller.send("GET", f"{TEXT}/{first}"))["task_status"] for _ in range(3)]
        assert words == ["submitted", "processing", "succeed"]
        caller.create()
        caller.create("Another")
        seen = [tuple(task["task_status"] for task in data(caller.send("GET", TEXT))) for _ in range(5)]
        assert seen[0] == ("submitted", "submitted", "succeed")
        assert seen[-1] == ("succeed",) * 3
        assert len(set(seen)) == 5


def test_an_external_id_survives_a_restart(kit: Kit, tmp_path: Path) -> None:
    """In the next process the caller's own id still finds the task and cannot be used again."""
    state = tmp_path / "state"
    with kit.world(state=state) as world:
        caller = kit.caller(world, "cloudsway")
        task = data(caller.create(external_task_id="order-7"))["task_id"]
    with kit.world(state=state) as world:
        caller = kit.caller(world, "cloudsway")
        assert data(caller.send("GET", f"{TEXT}/order-7"))["task_id"] == task
        assert caller.create(external_task_id="order-7").json()["code"] == 1201
        world.reset()
        assert caller.send("GET", f"{TEXT}/order-7").json()["code"] == 1203
        assert caller.create(external_task_id="order-7").json()["code"] == 0


def test_equal_submissions_are_duplicates_despite_external_ids(caller: Caller, world: World) -> None:
    """Two equal submissions within a minute are flagged although their own ids differ."""
    caller.create(external_task_id="a")
    caller.create(external_task_id="b")
    caller.create("Another", external_task_id="c")
    (account,) = world.accounts()
    assert [(double.operation, double.seconds_apart) for double in account.double_submissions] == [("text2video", 0)]
    assert [task.params[EXTRA] for task in world.tasks()] == [{"external_task_id": name} for name in "abc"]


def test_tasks_keep_digests_instead_of_images(kit: Kit, caller: Caller, world: World) -> None:
    """Images in base64, also masks, are replaced by digests; their size is kept and determines the video's ratio."""
    sent = kit.picture
    points = [{"x": 1, "y": 1}, {"x": 2, "y": 2}]
    body = {"image": sent, "dynamic_masks": [{"mask": sent, "trajectories": points}]}
    caller.send("POST", IMAGE, body)
    (task,) = world.tasks()
    kept = json.dumps(task.params)
    assert sent not in kept
    assert kept.count("sha256:") == 2
    (video,) = media_for(task)
    assert isinstance(video, Video)
    assert video.width / video.height == pytest.approx(640 / 480, rel=0.01)


def test_request_ids_are_repeatable_and_unique(kit: Kit) -> None:
    """Equal seeds and histories give equal ids, and no two responses of a world share one."""
    stories = []
    for _ in range(2):
        with kit.world(seed=7) as world:
            caller = kit.caller(world, "cloudsway")
            replies = [caller.create(), caller.create(), caller.send("GET", TEXT), caller.send("GET", "/nowhere")]
            stories.append([reply.json()["request_id"] for reply in replies])
    assert stories[0] == stories[1]
    assert len(set(stories[0])) == 4


def test_every_limit_can_be_exceeded() -> None:
    """For every row of the matrix there is a body whose fields are valid one by one and that exceeds the limit."""
    asks: dict[str, dict[str, Any]] = {
        "image_tail": {"image_tail": ADDRESS},
        "camera_control": {"camera_control": {"type": "down_back"}},
        "static_mask": {"static_mask": ADDRESS},
        "dynamic_masks": {"dynamic_masks": [{"mask": ADDRESS, "trajectories": [{"x": 1, "y": 1}] * 2}]},
        "cfg_scale": {"cfg_scale": 1},
        "mode": {},
        "sound": {"sound": "on"},
    }
    broken: set[int] = set()
    for kind in FIELDS:
        for model in MODELS:
            for mode in ("std", "pro"):
                for seconds in ("5", "10"):
                    for part in asks.values():
                        chosen = {"model_name": model, "mode": mode, "duration": seconds}
                        params = check(FIELDS[kind], {"prompt": "x", **chosen, **part})
                        broken.update(map(id, broken_limits(kind, params)))
    assert broken == {id(limit) for limit in LIMITS}


@pytest.mark.parametrize(
    ("params", "cost"),
    [
        ({"mode": "std", "duration": "5", "sound": "off"}, 2),
        ({"mode": "pro", "duration": "5", "sound": "off"}, 4),
        ({"mode": "std", "duration": "10", "sound": "off"}, 4),
        ({"mode": "pro", "duration": "10", "sound": "on"}, 16),
    ],
)
def test_prices_follow_the_table(params: dict[str, str], cost: int) -> None:
    """The price depends on mode and duration, and doubles with audio."""
    assert price(params) == cost
