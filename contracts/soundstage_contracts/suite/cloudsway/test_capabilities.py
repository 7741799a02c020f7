"""The contracts of what Cloudsway's films are made from: parameters, models, images, masks and the camera."""

from __future__ import annotations

import json
from base64 import b64decode, b64encode
from io import BytesIO
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from PIL import Image

from soundstage import CameraControl, DynamicMask, InvalidArgument
from soundstage_contracts import proves
from soundstage_contracts.vendors.cloudsway import CONTRACT
from soundstage_contracts.vendors.cloudsway.arguments import (
    ADDRESS,
    AXES,
    ENCODED,
    LONG,
    MOVES,
    arguments,
    camera_controls,
    models_of,
)
from soundstage_contracts.vendors.cloudsway.matrix import Asked, asks, combinations
from soundstage_contracts.vendors.cloudsway.pictures import png
from soundstage_contracts.vendors.cloudsway.raw_client import IMAGE, KINDS, TEXT, RawClient, assert_refused

if TYPE_CHECKING:
    import httpx

    from soundstage_contracts.simulators.target import Target

PATHS = {"text2video": TEXT, "image2video": IMAGE}
METHODS = {kind: method for method, kind in KINDS.items()}
START: dict[str, dict[str, Any]] = {"text2video": {"prompt": "A fox"}, "image2video": {"image": ADDRESS}}
TRAJECTORY = [{"x": 1, "y": 2}, {"x": 3, "y": 4}]
BIG = 10 * 1024 * 1024


@pytest.fixture
def raw(target: Target) -> RawClient:
    """Speak as a new account."""
    return RawClient(target)


def listening(target: Target) -> tuple[Any, list[httpx.Request]]:
    """Return a client of a new account, and the requests that it sends."""
    sent: list[httpx.Request] = []
    return target.client(CONTRACT, target.new_account(), http=target.http(event_hooks={"request": [sent.append]})), sent


def refused_by_client(target: Target, method: str, given: dict[str, Any]) -> str:
    """Assert that the client refuses *given* before it sends anything, and return the argument's name."""
    client, sent = listening(target)
    with pytest.raises(InvalidArgument) as refused:
        getattr(client, method)(**given)
    assert sent == []
    return refused.value.field


def picture(width: int, height: int, form: str = "PNG") -> bytes:
    """Return an image file."""
    file = BytesIO()
    Image.new("RGB", (width, height), "teal").save(file, form)
    return file.getvalue()


def encoded(content: bytes) -> str:
    """Return bytes as a body holds them."""
    return b64encode(content).decode()


def padded(content: bytes, size: int) -> bytes:
    """Return a picture of exactly *size* bytes."""
    return content + bytes(size - len(content))


@proves("cloudsway:text2video.params", side="client")
def test_the_client_sends_the_documented_defaults(target: Target) -> None:
    """With a prompt alone it is kling-v1, 5 seconds and 16:9; numbers of seconds are sent as the strings they are."""
    client, sent = listening(target)
    client.text_to_video("A fox", external_task_id="a")
    client.text_to_video("A fox", duration=10, external_task_id="b")
    plain = {"prompt": "A fox", "model_name": "kling-v1", "duration": "5", "aspect_ratio": "16:9"}
    heard = [json.loads(request.content) for request in sent]
    assert heard == [{**plain, "external_task_id": "a"}, {**plain, "duration": "10", "external_task_id": "b"}]


@proves("cloudsway:text2video.params", side="server")
@pytest.mark.parametrize(
    ("body", "fits"),
    [
        ({"prompt": LONG[:2500], "negative_prompt": LONG[:2500]}, True),
        ({"prompt": LONG}, False),
        ({"negative_prompt": LONG}, False),
        ({"cfg_scale": 0}, True),
        ({"cfg_scale": 1}, True),
        ({"duration": 5}, False),
        ({"callback_url": "http://127.0.0.1:9/x"}, True),
        ({"an_unknown": "parameter"}, True),
    ],
)
def test_the_edges_of_the_parameters_are_where_the_documents_have_them(
    raw: RawClient,
    body: dict[str, Any],
    fits: bool,  # noqa: FBT001 - a row of the table
) -> None:
    """2500 characters fit and 2501 do not; the duration is a string; what no document knows is not read."""
    answer = raw.post(TEXT, {"prompt": "A fox", **body})
    if fits:
        assert answer.json()["code"] == 0
    else:
        assert_refused(answer, 1201, fact="text2video.params")


@proves("cloudsway:text2video.models", "cloudsway:errors.which", side="server")
@pytest.mark.parametrize("kind", PATHS)
def test_every_model_makes_what_the_documents_say(target: Target, kind: str) -> None:
    """By Kling's name or the gateway's; a model of the other kind is 1201, one that there is not 1203."""
    every = {*models_of("text2video"), *models_of("image2video")}
    for model in sorted(every):
        answer = RawClient(target).post(PATHS[kind], {**START[kind], "model_name": model})
        if model in models_of(kind):
            assert answer.json()["code"] == 0
        else:
            assert model in assert_refused(answer, 1201, fact="text2video.models")
    for model in ("kling-v0", "kling", "KLING-V1", "MaaS_KL_V9"):
        assert model in assert_refused(RawClient(target).post(PATHS[kind], {**START[kind], "model_name": model}), 1203)


@proves("cloudsway:text2video.models", side="client")
@pytest.mark.parametrize("kind", PATHS)
def test_the_client_knows_which_model_makes_what(target: Target, kind: str) -> None:
    """It sends every model of the kind, and no other."""
    every = {*models_of("text2video"), *models_of("image2video"), "kling-v0", ""}
    for model in sorted(every):
        if model in models_of(kind):
            client, sent = listening(target)
            getattr(client, METHODS[kind])(**START[kind], model_name=model)
            assert json.loads(sent[0].content)["model_name"] == model
        else:
            assert refused_by_client(target, METHODS[kind], {**START[kind], "model_name": model}) == "model_name"


def asking(asked: Asked) -> dict[str, Any]:
    """Return the body that asks for a combination."""
    own = {"model_name": asked.model, "mode": asked.mode, "duration": asked.seconds}
    return {**START[asked.kind], **own, **asks(asked.feature, ADDRESS)}


@proves("cloudsway:capability.matrix", "cloudsway:capability.master_mode", "cloudsway:errors.messages", side="server")
@pytest.mark.parametrize("kind", PATHS)
def test_what_a_model_cannot_do_is_refused_by_its_combination(raw: RawClient, kind: str) -> None:
    """Every model, mode, length and feature: what the documents forbid is 1201 and names the combination."""
    for number, asked in enumerate(combinations(kind)):
        answer = raw.post(PATHS[kind], asking(asked))
        if asked.allowed():
            assert answer.json()["code"] == 0, asked
            raw.advance(600)
            raw.target.control.set_balance("cloudsway", raw.name, 1000 + number)
        else:
            combination = f"model/mode/duration({asked.model}/{asked.mode}/{asked.seconds}) is not supported with "
            said = assert_refused(answer, 1201)
            assert said.startswith(combination), asked
            assert said.removeprefix(combination) in {asked.parameter, "mode"}


@proves("cloudsway:capability.matrix", "cloudsway:capability.master_mode", side="client")
@pytest.mark.parametrize("kind", PATHS)
def test_the_client_asks_no_model_for_what_it_cannot_do(target: Target, kind: str) -> None:
    """Every model, mode, length and feature: what the documents forbid is not sent; all the rest is."""
    client, sent = listening(target)
    for number, asked in enumerate(combinations(kind)):
        del sent[:]
        given = arguments(asking(asked))
        if asked.allowed():
            getattr(client, METHODS[kind])(**given)
            assert len(sent) == 1, asked
            target.control.advance(600)
            account = sent[0].headers["authorization"].partition(" ")[2]
            target.control.set_balance("cloudsway", RawClient(target, account).name, 1000 + number)
        else:
            with pytest.raises(InvalidArgument) as refused:
                getattr(client, METHODS[kind])(**given)
            assert refused.value.field in {asked.parameter, "mode"}
            assert f"{asked.model}/{asked.mode}/{asked.seconds}" in str(refused.value)
            assert sent == []


@proves("cloudsway:camera.control", side="server")
@given(camera=camera_controls())
def test_every_camera_movement_is_taken(target: Target, camera: dict[str, Any]) -> None:
    """A simple one along each axis, from -10 to 10, and the four of the service's own."""
    RawClient(target).create(camera_control=camera)


@proves("cloudsway:camera.control", side="server")
@pytest.mark.parametrize(
    "camera",
    [
        {},
        {"type": "circle"},
        {"type": "simple"},
        {"type": "simple", "config": {}},
        {"type": "simple", "config": dict.fromkeys(AXES, 0)},
        {"type": "simple", "config": {"pan": 1, "tilt": 1}},
        {"type": "simple", "config": {"pan": 10.1}},
        {"type": "simple", "config": {"pan": "5"}},
        *({"type": move, "config": {"pan": 5}} for move in MOVES),
        "simple",
    ],
)
def test_a_camera_movement_that_is_none_is_refused(raw: RawClient, camera: Any) -> None:
    """Config goes with simple, and with exactly one value that is not 0; without a type there is nothing."""
    assert "camera_control" in assert_refused(raw.post(TEXT, {"prompt": "A fox", "camera_control": camera}), 1201)
    assert raw.untouched()


@proves("cloudsway:camera.control", side="client")
def test_the_client_knows_camera_movements(target: Target) -> None:
    """A CameraControl is one of them or cannot be made; nothing else is taken for one."""
    wrong: tuple[dict[str, Any], ...] = (
        {}, {"pan": 1, "tilt": 1}, {"pan": 10.1}, {"pan": "5"}, {"zoom": True}, {"type": "circle", "pan": 1},
        *({"type": move, "pan": 5} for move in MOVES),
    )  # fmt: skip
    for arguments_of_none in wrong:
        with pytest.raises(InvalidArgument):
            CameraControl(**arguments_of_none)
    for axis in AXES:
        for amount in (-10, 10, 0.5):
            given_axis: dict[str, Any] = {axis: amount}
            CameraControl(**given_axis)
    given = {"prompt": "A fox", "camera_control": {"type": "down_back"}}
    assert refused_by_client(target, "text_to_video", given) == "camera_control"


@proves("cloudsway:image2video.exclusive", side="server")
@pytest.mark.parametrize("first", ["image_tail", "static_mask", "dynamic_masks", "camera_control:simple"])
@pytest.mark.parametrize("second", ["image_tail", "static_mask", "dynamic_masks", "camera_control:simple"])
def test_there_is_one_way_to_go_on_from_an_image(raw: RawClient, first: str, second: str) -> None:
    """image_tail, masks and camera_control exclude one another; the two kinds of masks do not."""
    body = {"image": ADDRESS, "model_name": "kling-v1", **asks(first, ADDRESS), **asks(second, ADDRESS)}
    answer = raw.post(IMAGE, body)
    if first == second or {first, second} == {"static_mask", "dynamic_masks"}:
        assert answer.json()["code"] == 0
    else:
        assert_refused(answer, 1201, fact="image2video.exclusive")


@proves("cloudsway:image2video.exclusive", side="client")
@pytest.mark.parametrize("first", ["image_tail", "static_mask", "dynamic_masks", "camera_control:simple"])
@pytest.mark.parametrize("second", ["image_tail", "static_mask", "dynamic_masks", "camera_control:simple"])
def test_the_client_goes_one_way_on_from_an_image(target: Target, first: str, second: str) -> None:
    """What excludes one another is refused by the name of one of the two before anything is sent."""
    given = arguments({"image": ADDRESS, "model_name": "kling-v1", **asks(first, ADDRESS), **asks(second, ADDRESS)})
    if first == second or {first, second} == {"static_mask", "dynamic_masks"}:
        client, sent = listening(target)
        client.image_to_video(**given)
        assert len(sent) == 1
    else:
        assert refused_by_client(target, "image_to_video", given) in {first, second, "camera_control"}


@proves("cloudsway:image2video.params", side="server")
def test_an_image_or_its_tail_is_needed_and_nothing_more(target: Target) -> None:
    """Either will do, without a prompt; none of both will not, whatever else there is."""
    for body in ({"image": ADDRESS}, {"image_tail": ADDRESS}, {"image": ENCODED, "image_tail": ENCODED}):
        RawClient(target).create(IMAGE, **{"image": None, **body})
    assert "image" in assert_refused(
        RawClient(target).post(IMAGE, {"prompt": "A fox"}), 1201, fact="image2video.params"
    )


GOOD = {
    "PNG": picture(300, 300),
    "JPEG": picture(640, 480, "JPEG"),
    "wide": picture(750, 300),
    "tall": picture(300, 750, "JPEG"),
    "10 MB": padded(picture(300, 300), BIG),
}
BAD = {
    "narrow": picture(299, 300),
    "low": picture(300, 299, "JPEG"),
    "too wide": picture(751, 300),
    "too tall": picture(300, 751, "JPEG"),
    "GIF": picture(300, 300, "GIF"),
    "WEBP": picture(300, 300, "WEBP"),
    "text": b"no picture at all",
    "over 10 MB": padded(picture(300, 300), BIG + 1),
}


@proves("cloudsway:image2video.params", "cloudsway:image2video.masks", side="server")
@pytest.mark.parametrize("field", ["image", "image_tail"])
@pytest.mark.parametrize("by", ["base64", "address"])
def test_images_are_measured_however_they_come(target: Target, field: str, by: str) -> None:
    """JPG or PNG, sides of 300 pixels, 1:2.5 to 2.5:1, at most 10 MB: bare base64 and files that are held alike."""
    for contents, fits in ((GOOD, True), (BAD, False)):
        for name, content in contents.items():
            raw = RawClient(target)
            held = encoded(content) if by == "base64" else target.control.upload("fox", content)["url"]
            answer = raw.post(IMAGE, {field: held})
            if fits:
                assert answer.json()["code"] == 0, name
            else:
                assert field in assert_refused(answer, 1201), name
                assert raw.untouched()


@proves("cloudsway:image2video.params", side="server")
def test_base64_with_a_data_prefix_is_refused(raw: RawClient) -> None:
    """What begins with data: is no bare base64."""
    assert "data:" in assert_refused(raw.post(IMAGE, {"image": f"data:image/png;base64,{ENCODED}"}), 1201)


@proves("cloudsway:image2video.params", "cloudsway:image2video.masks", side="client")
@pytest.mark.parametrize("field", ["image", "image_tail"])
@pytest.mark.parametrize("by", ["bytes", "path"])
def test_the_client_measures_images_before_it_sends(target: Target, tmp_path: Any, field: str, by: str) -> None:
    """From bytes or a file it sends bare base64 of what fits, and refuses what does not by its argument's name."""
    for contents, fits in ((GOOD, True), (BAD, False)):
        for name, content in contents.items():
            given: Any = content
            if by == "path":
                given = tmp_path / name.replace(" ", "-")
                given.write_bytes(content)
            if fits:
                client, sent = listening(target)
                client.image_to_video(**{field: given})
                assert b64decode(json.loads(sent[0].content)[field], validate=True) == content, name
            else:
                assert refused_by_client(target, "image_to_video", {field: given}) == field, name
    missing: dict[str, Any] = {field: tmp_path / "nothing.png"}
    assert refused_by_client(target, "image_to_video", missing) == field


def masked(mask: str, count: int = 1, points: int = 2) -> dict[str, Any]:
    """Return a body with *count* masks, each along so many points."""
    one = {"mask": mask, "trajectories": [{"x": number, "y": number} for number in range(points)]}
    return {"image": encoded(picture(600, 400)), "dynamic_masks": [one] * count}


@proves("cloudsway:image2video.params", "cloudsway:image2video.masks", side="server")
@pytest.mark.parametrize(
    ("body", "said"),
    [
        (masked(ENCODED[:8]), "dynamic_masks[0].mask"),
        (masked(ADDRESS, count=7), "dynamic_masks"),
        (masked(ADDRESS, count=0), "dynamic_masks"),
        (masked(ADDRESS, points=1), "dynamic_masks[0].trajectories"),
        (masked(ADDRESS, points=78), "dynamic_masks[0].trajectories"),
        (masked(encoded(picture(300, 300))), "dynamic_masks[0].mask must have the ratio of image"),
        ({"image": encoded(picture(600, 400)), "static_mask": encoded(picture(400, 600))}, "static_mask must have the"),
        ({"image": ADDRESS, "dynamic_masks": [{"mask": ADDRESS}]}, "dynamic_masks[0].trajectories"),
        ({"image": ADDRESS, "dynamic_masks": [{"trajectories": TRAJECTORY}]}, "dynamic_masks[0].mask"),
        ({"image": ADDRESS, "dynamic_masks": [{"mask": ADDRESS, "trajectories": [{"x": 1}] * 2}]}, "trajectories[0].y"),
        (
            {"image": ADDRESS, "dynamic_masks": [{"mask": ADDRESS, "trajectories": [{"x": 1.5, "y": 1}] * 2}]},
            "trajectories[0].x",
        ),
    ],
)
def test_a_mask_that_breaks_a_rule_is_refused_by_its_place(raw: RawClient, body: dict[str, Any], said: str) -> None:
    """At most 6 masks, each along 2 to 77 points, each of its image's ratio."""
    assert said in assert_refused(raw.post(IMAGE, body), 1201)
    assert raw.untouched()


@proves("cloudsway:image2video.params", "cloudsway:image2video.masks", side="server")
def test_masks_that_keep_the_rules_are_taken(target: Target) -> None:
    """One or six, along 2 or 77 points, of another size than the image but of its ratio."""
    mask = encoded(picture(300, 200))
    for body in (masked(mask), masked(mask, count=6, points=77), {"image": ADDRESS, "static_mask": mask}):
        RawClient(target).create(IMAGE, **body)


@proves("cloudsway:image2video.params", "cloudsway:image2video.masks", side="client")
def test_the_client_knows_masks(target: Target) -> None:
    """A DynamicMask has 2 to 77 points in whole pixels; a film has at most 6, and each has its image's ratio."""
    for points in ([], [(1, 1)], [(1, 1)] * 78, [(1, 1.5), (1, 1)], [(1,), (1, 1)], "ab", [(True, 1), (1, 1)]):
        with pytest.raises(InvalidArgument) as refused:
            DynamicMask(ADDRESS, points)  # type: ignore[arg-type]
        assert refused.value.field == "trajectories"
    right = DynamicMask(png(300, 200), [(1, 1)] * 77)
    wrong = DynamicMask(png(300, 300), [(1, 1), (2, 2)])
    start: dict[str, Any] = {"image": picture(600, 400)}
    for field, value in (
        ("dynamic_masks", [right] * 7),
        ("dynamic_masks", []),
        ("dynamic_masks", ["mask"]),
        ("dynamic_masks", [right, wrong]),
        ("static_mask", picture(400, 600)),
        ("static_mask", picture(300, 200, "GIF")),
    ):
        assert refused_by_client(target, "image_to_video", {**start, field: value}) == field
    client, sent = listening(target)
    client.image_to_video(**start, dynamic_masks=[right] * 6, static_mask=picture(300, 200))
    assert len(json.loads(sent[0].content)["dynamic_masks"]) == 6
