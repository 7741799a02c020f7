"""Tomoviee's capabilities: each accepts the documented parameters in each dialect, and refuses all others."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from soundstage_server.vendors.tomoviee.capabilities import CAPABILITIES, Capability, fields_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.mock_server.conftest import Caller, Kit

# Facts: what must be named in each reading, from the documents and not from the tables under test (... .params).
REQUIRED: dict[str, tuple[set[str], ...]] = {
    "tm_text2video_b": ({"prompt"}, {"prompt"}),
    "tm_img2video_b": ({"prompt", "image"}, {"prompt", "image"}),
    "tm_tail2video_b": ({"prompt", "image", "image_tail"}, {"prompt", "image", "image_tail"}),
    "tm_video_continuation_b": ({"prompt", "video"}, {"prompt", "video"}),
    "tm_reference_img2img": (
        {"prompt", "reference_image", "control_type", "width", "height", "batch_size", "control_intensity"},
        {"prompt", "image"},
    ),
    "tm_redrawing": ({"prompt", "init_image"}, {"prompt", "image", "mask"}),
    "tm_reference_img2mask": ({"image"}, {"image", "prompt"}),
    "tm_text2music": ({"prompt", "duration", "qty"}, {"prompt"}, {"prompt", "duration", "qty"}),
    "tm_text2sfx": ({"prompt", "duration"}, {"prompt"}),
    "tm_text2speech": ({"text"}, {"text"}),
    "tm_video_scoring": ({"video"}, {"video"}, {"file_link", "prompt"}),
}
# Facts: the bounds that are documented: the last value that is taken and the first that is not.
BOUNDS: list[tuple[str, str, str, Any, Any]] = [
    ("tm_text2video_b", "skill", "camera_move_index", 46, 47),
    ("tm_text2video_b", "skill", "camera_move_index", 1, 0),
    ("tm_text2video_b", "skill", "duration", 5, 10),
    ("tm_text2video_b", "skill", "aspect_ratio", "3:4", "original"),
    ("tm_img2video_b", "skill", "aspect_ratio", "original", "21:9"),
    ("tm_tail2video_b", "skill", "aspect_ratio", "original", "2:1"),
    ("tm_video_continuation_b", "skill", "aspect_ratio", "1:1", "original"),
    ("tm_reference_img2img", "skill", "control_type", "3", 3),
    ("tm_reference_img2img", "skill", "control_type", "0", "4"),
    ("tm_reference_img2img", "skill", "width", 512, 511),
    ("tm_reference_img2img", "skill", "height", 2048, 2049),
    ("tm_reference_img2img", "skill", "batch_size", 4, 5),
    ("tm_reference_img2img", "skill", "control_intensity", 1, 1.01),
    ("tm_reference_img2img", "skill", "control_intensity", 0, -0.01),
    ("tm_reference_img2img", "pages", "resolution", "768*768", "720p"),
    ("tm_reference_img2img", "pages", "image_num", 4, 0),
    ("tm_redrawing", "pages", "aspect_ratio", "9:16", "original"),
    ("tm_text2music", "skill", "duration", 0, -1),
    ("tm_text2music", "skill", "duration", 95, 96),
    ("tm_text2music", "skill", "qty", 4, 5),
    ("tm_text2music", "skill", "disable_translate", True, "true"),
    ("tm_text2music", "pages", "duration", 900, 901),
    ("tm_text2music", "pages", "duration", 5, 4),
    ("tm_text2music", "site", "duration", 94, 95),
    ("tm_text2music", "site", "duration", 1, 0),
    ("tm_text2sfx", "skill", "duration", 180, 181),
    ("tm_text2sfx", "skill", "duration", 5, 4),
    ("tm_text2sfx", "skill", "qty", 1, 0),
    ("tm_text2speech", "skill", "text", "x" * 5000, "x" * 5001),
    ("tm_video_scoring", "skill", "duration", 900, 901),
    ("tm_video_scoring", "skill", "duration", 5, 4),
]
# Fact: least and most seconds that a task takes (generation.times).
SECONDS = {
    "tm_text2video_b": (60, 300),
    "tm_img2video_b": (60, 300),
    "tm_tail2video_b": (60, 300),
    "tm_video_continuation_b": (60, 300),
    "tm_reference_img2img": (30, 120),
    "tm_redrawing": (30, 120),
    "tm_reference_img2mask": (30, 120),
    "tm_text2music": (30, 120),
    "tm_text2sfx": (10, 60),
    "tm_text2speech": (5, 30),
    "tm_video_scoring": (60, 180),
}
READINGS = pytest.mark.parametrize("reading", ["skill", "pages", "site"])
EVERY = pytest.mark.parametrize("capability", CAPABILITIES.values(), ids=list(CAPABILITIES))


@pytest.fixture(scope="module", params=["skill", "pages", "site"])
def caller(kit: Kit, request: pytest.FixtureRequest) -> Iterator[Caller]:
    """A caller with enough credits, in a world of each dialect."""
    with kit.world(dialects={"tomoviee.parameters": request.param}) as world:
        world.account("tomoviee", "key-1").ledger.set_available(10**9, 0.0)
        yield kit.caller(world)


def required(capability: str, reading: str) -> set[str]:
    """Return the names of the required parameters; the site's are the skill's unless a third set differs."""
    skill, pages, *site = REQUIRED[capability]
    return {"skill": skill, "pages": pages, "site": site[0] if site else skill}[reading]


def reading_of(caller: Caller) -> str:
    """Return the dialect of *caller*."""
    return caller.app.world.dialects.reading("tomoviee.parameters")


def create(caller: Caller, capability: str, body: dict[str, Any]) -> dict[str, Any]:
    """Send a create call and return the response."""
    answer: dict[str, Any] = caller.send("POST", f"/v1/open/capacity/application/{capability}", body).json()
    return answer


def bodies(kit: Kit, capability: Capability, reading: str) -> st.SearchStrategy[dict[str, Any]]:
    """Generate valid bodies, with the parameters that others require."""
    bodies = kit.bodies(fields_of(capability, reading)).filter(
        lambda body: "soundstage:" not in str(body.get("prompt")) + str(body.get("text"))
    )
    if capability.name == "tm_reference_img2img" and reading != "pages":
        return bodies.map(lambda body: {**body, "init_image": body.get("init_image") or "https://a.example/image.png"})
    return bodies


def test_there_are_eleven_capabilities() -> None:
    """Every documented capability exists, and no other."""
    assert CAPABILITIES.keys() == REQUIRED.keys()
    assert len(CAPABILITIES) == 11


@EVERY
def test_durations_are_documented(capability: Capability) -> None:
    """For every seed a task takes as long as its documents call typical."""
    stages = capability.times.stages
    times = (sum(stage.least for stage in stages), sum(stage.most for stage in stages))
    assert times == SECONDS[capability.name]


@READINGS
@EVERY
def test_required_parameters_are_documented(capability: Capability, reading: str) -> None:
    """The required parameters of each dialect are those of the facts; callback and params are always optional."""
    fields = {field.name: field for field in fields_of(capability, reading)}
    assert {name for name, field in fields.items() if field.required} == required(capability.name, reading)
    assert {"callback", "params"} <= fields.keys()


@EVERY
@settings(deadline=None, max_examples=15)
@given(data=st.data())
def test_documented_values_are_accepted(kit: Kit, caller: Caller, capability: Capability, data: st.DataObject) -> None:
    """Any documented value of any parameter, or null, makes a task with the documented defaults."""
    reading = reading_of(caller)
    body = data.draw(bodies(kit, capability, reading))
    answer = create(caller, capability.name, {**body, "unheard_of": 1})
    assert answer["code"] == 0, answer
    task = caller.app.world.services["tomoviee"].tasks[answer["data"]["task_id"]]
    defaults = {field.name: field.default for field in fields_of(capability, reading) if field.default is not None}
    assert task.params == {**defaults, **{name: value for name, value in body.items() if value is not None}}
    assert task.price > 0


@EVERY
def test_missing_parameters_are_named(kit: Kit, caller: Caller, capability: Capability) -> None:
    """Each required parameter that is missing or null is refused by name, and no task is created."""
    reading = reading_of(caller)
    before = len(list(caller.app.world.tasks()))

    @settings(deadline=None, max_examples=5)
    @given(body=bodies(kit, capability, reading), null=st.booleans())
    def law(*, body: dict[str, Any], null: bool) -> None:
        for name in required(capability.name, reading):
            rest = {key: value for key, value in body.items() if key != name}
            answer = create(caller, capability.name, {**rest, name: None} if null else rest)
            assert answer["code"] == 680400
            assert f"{name} must be " in answer["msg"]
            assert answer["msg"].endswith("; it is missing")

    law()
    assert len(list(caller.app.world.tasks())) == before


@pytest.mark.parametrize(("name", "reading", "parameter", "last", "first"), BOUNDS)
def test_documented_bounds_are_enforced(  # noqa: PLR0917 - pytest passes them
    kit: Kit, name: str, reading: str, parameter: str, last: object, first: object
) -> None:
    """The last documented value is accepted, and the first beyond it is refused by name."""
    field = next(field for field in fields_of(CAPABILITIES[name], reading) if field.name == parameter)
    assert field.rule.accepts(last)
    assert not field.rule.accepts(first)
    with kit.world(dialects={"tomoviee.parameters": reading}) as world:
        others = {
            other.name: "https://a.example/x" if "URL" in other.rule.allowed else other.rule.schema.get("minimum", "x")
            for other in fields_of(CAPABILITIES[name], reading)
            if other.required
        }
        others |= {"control_type": "0"} if "control_type" in others else {}
        assert create(kit.caller(world), name, {**others, parameter: last})["code"] == 0
        refused = create(kit.caller(world), name, {**others, parameter: first})
        assert refused["code"] == 680400
        assert f"{parameter} must be {field.rule.allowed}; got " in refused["msg"]


def test_subject_control_requires_an_initial_image(kit: Kit) -> None:
    """control_type '2' requires init_image, and no other type does (img2img.params)."""
    body = {
        "prompt": "A fox", "reference_image": "https://a.example/x.png", "width": 512, "height": 512, "batch_size": 1,
        "control_intensity": 0.5,
    }  # fmt: skip
    with kit.world() as world:
        caller = kit.caller(world)
        refused = create(caller, "tm_reference_img2img", {**body, "control_type": "2"})
        assert refused["code"] == 680400
        assert "init_image is required" in refused["msg"]
        assert list(world.tasks()) == []
        for more in ({"control_type": "2", "init_image": "https://a.example/y.png"}, {"control_type": "0"}):
            assert create(caller, "tm_reference_img2img", {**body, **more})["code"] == 0


@pytest.mark.parametrize(
    ("name", "params", "price"),
    [
        ("tm_text2video_b", {"resolution": "720p"}, 10),
        ("tm_text2video_b", {"resolution": "1080p"}, 20),
        ("tm_redrawing", {}, 2),
        ("tm_reference_img2img", {"batch_size": 3}, 6),
        ("tm_reference_img2img", {"image_num": 4}, 8),
        ("tm_text2music", {"qty": 2}, 6),
        ("tm_video_scoring", {}, 3),
    ],
)
def test_prices_are_whole_credits(name: str, params: dict[str, Any], price: int) -> None:
    """By resolution for videos, by number for images and audio (credits)."""
    assert CAPABILITIES[name].price(params) == price
