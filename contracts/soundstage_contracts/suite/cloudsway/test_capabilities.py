"""Contracts about Cloudsway's parameters: models, combinations, images, masks and camera control."""

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
from soundstage_contracts.vendors.cloudsway.matrix import Combination, combinations, members_for
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
    """Return the raw client of a new account."""
    return RawClient(target)


def recording_client(target: Target) -> tuple[Any, list[httpx.Request]]:
    """Return a client of a new account, and the requests that it sends."""
    sent: list[httpx.Request] = []
    return target.client(CONTRACT, target.new_account(), http=target.http(event_hooks={"request": [sent.append]})), sent


def refused_by_client(target: Target, method: str, given: dict[str, Any]) -> str:
    """Assert that the client refuses *given* before it sends anything, and return the argument's name."""
    client, sent = recording_client(target)
    with pytest.raises(InvalidArgument) as refused:
        getattr(client, method)(**given)
    assert sent == []
    return refused.value.field


def image_file(width: int, height: int, form: str = "PNG") -> bytes:
    """Return an image file."""
    file = BytesIO()
    Image.new("RGB", (width, height), "teal").save(file, form)
    return file.getvalue()


def encoded(content: bytes) -> str:
    """Return bytes as a body contains them."""
    return b64encode(content).decode()


def padded(content: bytes, size: int) -> bytes:
    """Return an image file of exactly *size* bytes."""
    return content + bytes(size - len(content))


@proves("cloudsway:text2video.params", side="client")
def test_duration_is_sent_as_a_string(target: Target) -> None:
    """A number of seconds is sent as the documented string."""
    client, sent = recording_client(target)
    client.text_to_video("A fox", external_task_id="a")
    client.text_to_video("A fox", duration=10, external_task_id="b")
    plain = {"prompt": "A fox", "model_name": "kling-v1", "duration": "5", "aspect_ratio": "16:9"}
    received = [json.loads(request.content) for request in sent]
    assert received == [{**plain, "external_task_id": "a"}, {**plain, "duration": "10", "external_task_id": "b"}]


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
def test_parameter_limits_are_exact(
    raw: RawClient,
    body: dict[str, Any],
    fits: bool,  # noqa: FBT001 - a row of the table
) -> None:
    """2500 characters are accepted and 2501 refused; a duration is a string; both ends of cfg_scale are accepted."""
    response = raw.post(TEXT, {"prompt": "A fox", **body})
    if fits:
        assert response.json()["code"] == 0
    else:
        assert_refused(response, 1201, fact="text2video.params")


@proves("cloudsway:text2video.models", "cloudsway:errors.which", side="server")
@pytest.mark.parametrize("kind", PATHS)
def test_models_are_limited_to_their_kind(target: Target, kind: str) -> None:
    """Models are accepted by both names; one of the other kind is 1201, an unknown one 1203."""
    every = {*models_of("text2video"), *models_of("image2video")}
    for model in sorted(every):
        response = RawClient(target).post(PATHS[kind], {**START[kind], "model_name": model})
        if model in models_of(kind):
            assert response.json()["code"] == 0
        else:
            assert model in assert_refused(response, 1201, fact="text2video.models")
    for model in ("kling-v0", "kling", "KLING-V1", "MaaS_KL_V9"):
        assert model in assert_refused(RawClient(target).post(PATHS[kind], {**START[kind], "model_name": model}), 1203)


@proves("cloudsway:text2video.models", side="client")
@pytest.mark.parametrize("kind", PATHS)
def test_client_limits_models_to_their_kind(target: Target, kind: str) -> None:
    """The client sends every model of the kind and refuses all others."""
    every = {*models_of("text2video"), *models_of("image2video"), "kling-v0", ""}
    for model in sorted(every):
        if model in models_of(kind):
            client, sent = recording_client(target)
            getattr(client, METHODS[kind])(**START[kind], model_name=model)
            assert json.loads(sent[0].content)["model_name"] == model
        else:
            assert refused_by_client(target, METHODS[kind], {**START[kind], "model_name": model}) == "model_name"


def body_of(requested: Combination) -> dict[str, Any]:
    """Return the body that requests a combination."""
    own = {"model_name": requested.model, "mode": requested.mode, "duration": requested.seconds}
    return {**START[requested.kind], **own, **members_for(requested.feature, ADDRESS)}


@proves("cloudsway:capability.matrix", "cloudsway:capability.master_mode", "cloudsway:errors.messages", side="server")
@pytest.mark.parametrize("kind", PATHS)
def test_unsupported_combination_is_refused_by_name(raw: RawClient, kind: str) -> None:
    """Of all models, modes, lengths and features, each undocumented combination is 1201 and is named."""
    for number, requested in enumerate(combinations(kind)):
        response = raw.post(PATHS[kind], body_of(requested))
        if requested.allowed():
            assert response.json()["code"] == 0, requested
            raw.advance(600)
            raw.target.control.set_balance("cloudsway", raw.name, 1000 + number)
        else:
            combination = (
                f"model/mode/duration({requested.model}/{requested.mode}/{requested.seconds}) is not supported with "
            )
            message = assert_refused(response, 1201)
            assert message.startswith(combination), requested
            assert message.removeprefix(combination) in {requested.parameter, "mode"}


@proves("cloudsway:capability.matrix", "cloudsway:capability.master_mode", side="client")
@pytest.mark.parametrize("kind", PATHS)
def test_client_refuses_unsupported_combinations(target: Target, kind: str) -> None:
    """Of all models, modes, lengths and features, the client sends the documented combinations alone."""
    client, sent = recording_client(target)
    for number, requested in enumerate(combinations(kind)):
        del sent[:]
        given = arguments(body_of(requested))
        if requested.allowed():
            getattr(client, METHODS[kind])(**given)
            assert len(sent) == 1, requested
            target.control.advance(600)
            account = sent[0].headers["authorization"].partition(" ")[2]
            target.control.set_balance("cloudsway", RawClient(target, account).name, 1000 + number)
        else:
            with pytest.raises(InvalidArgument) as refused:
                getattr(client, METHODS[kind])(**given)
            assert refused.value.field in {requested.parameter, "mode"}
            assert f"{requested.model}/{requested.mode}/{requested.seconds}" in str(refused.value)
            assert sent == []


@proves("cloudsway:camera.control", side="server")
@given(camera=camera_controls())
def test_every_camera_movement_is_accepted(target: Target, camera: dict[str, Any]) -> None:
    """A simple movement along each axis from -10 to 10, and the four named ones, are accepted."""
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
        {"type": "simple", "config": {"pan": -10.1}},
        {"type": "simple", "config": {"pan": "5"}},
        *({"type": move, "config": {"pan": 5}} for move in MOVES),
        "simple",
    ],
)
def test_invalid_camera_movement_is_refused(raw: RawClient, camera: Any) -> None:
    """A config must come with simple and have exactly one value other than 0; an unknown or missing type is refused."""
    assert "camera_control" in assert_refused(raw.post(TEXT, {"prompt": "A fox", "camera_control": camera}), 1201)
    assert raw.untouched()


@proves("cloudsway:camera.control", side="client")
def test_client_validates_camera_movements(target: Target) -> None:
    """An invalid CameraControl cannot be made, and nothing else is accepted in its place."""
    wrong: tuple[dict[str, Any], ...] = (
        {}, {"pan": 1, "tilt": 1}, {"pan": 10.1}, {"pan": -10.1}, {"pan": "5"}, {"zoom": True},
        {"type": "circle", "pan": 1},
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


@proves("cloudsway:text2video.params", "cloudsway:capability.matrix", side="client")
def test_omitted_mode_counts_as_std(target: Target) -> None:
    """Where a feature needs a mode, a call without a mode is one in std: sent if std has it, otherwise refused."""
    client, sent = recording_client(target)
    client.text_to_video("A fox", model_name="kling-v1", camera_control=CameraControl(pan=5))
    assert "mode" not in json.loads(sent[0].content)
    given = {**START["image2video"], "model_name": "kling-v1-5", "camera_control": CameraControl(pan=5)}
    assert refused_by_client(target, "image_to_video", given) == "camera_control"
    client.image_to_video(**given, mode="pro")
    assert len(sent) == 2


@proves("cloudsway:image2video.exclusive", side="server")
@pytest.mark.parametrize("first", ["image_tail", "static_mask", "dynamic_masks", "camera_control:simple"])
@pytest.mark.parametrize("second", ["image_tail", "static_mask", "dynamic_masks", "camera_control:simple"])
def test_image_features_exclude_each_other(raw: RawClient, first: str, second: str) -> None:
    """The features image_tail, masks and camera_control exclude each other; the two kinds of masks do not."""
    body = {"image": ADDRESS, "model_name": "kling-v1", **members_for(first, ADDRESS), **members_for(second, ADDRESS)}
    response = raw.post(IMAGE, body)
    if first == second or {first, second} == {"static_mask", "dynamic_masks"}:
        assert response.json()["code"] == 0
    else:
        assert_refused(response, 1201, fact="image2video.exclusive")


@proves("cloudsway:image2video.exclusive", side="client")
@pytest.mark.parametrize("first", ["image_tail", "static_mask", "dynamic_masks", "camera_control:simple"])
@pytest.mark.parametrize("second", ["image_tail", "static_mask", "dynamic_masks", "camera_control:simple"])
def test_client_refuses_features_that_exclude_each_other(target: Target, first: str, second: str) -> None:
    """Features that exclude each other are refused by name before anything is sent."""
    given = arguments(
        {"image": ADDRESS, "model_name": "kling-v1", **members_for(first, ADDRESS), **members_for(second, ADDRESS)}
    )
    if first == second or {first, second} == {"static_mask", "dynamic_masks"}:
        client, sent = recording_client(target)
        client.image_to_video(**given)
        assert len(sent) == 1
    else:
        assert refused_by_client(target, "image_to_video", given) in {first, second, "camera_control"}


@proves("cloudsway:image2video.params", side="server")
def test_image_or_tail_is_required(target: Target) -> None:
    """An image or a tail alone is accepted; without both the request is refused."""
    for body in ({"image": ADDRESS}, {"image_tail": ADDRESS}, {"image": ENCODED, "image_tail": ENCODED}):
        RawClient(target).create(IMAGE, **{"image": None, **body})
    assert "image" in assert_refused(
        RawClient(target).post(IMAGE, {"prompt": "A fox"}), 1201, fact="image2video.params"
    )


GOOD = {
    "PNG": image_file(300, 300),
    "JPEG": image_file(640, 480, "JPEG"),
    "wide": image_file(750, 300),
    "tall": image_file(300, 750, "JPEG"),
    "10 MB": padded(image_file(300, 300), BIG),
}
BAD = {
    "narrow": image_file(299, 300),
    "low": image_file(300, 299, "JPEG"),
    "too wide": image_file(751, 300),
    "too tall": image_file(300, 751, "JPEG"),
    "GIF": image_file(300, 300, "GIF"),
    "WEBP": image_file(300, 300, "WEBP"),
    "text": b"no picture at all",
    "over 10 MB": padded(image_file(300, 300), BIG + 1),
}


@proves("cloudsway:image2video.params", "cloudsway:image2video.masks", side="server")
@pytest.mark.parametrize("field", ["image", "image_tail"])
@pytest.mark.parametrize("by", ["base64", "address"])
def test_image_limits_apply_to_base64_and_uploads(target: Target, field: str, by: str) -> None:
    """JPG or PNG, sides of 300 pixels, 1:2.5 to 2.5:1 and at most 10 MB, in base64 and uploaded."""
    for contents, fits in ((GOOD, True), (BAD, False)):
        for name, content in contents.items():
            raw = RawClient(target)
            uploaded = encoded(content) if by == "base64" else target.control.upload("fox", content)["url"]
            response = raw.post(IMAGE, {field: uploaded})
            if fits:
                assert response.json()["code"] == 0, name
            else:
                assert field in assert_refused(response, 1201), name
                assert raw.untouched()


@proves("cloudsway:image2video.params", side="server")
def test_base64_with_a_data_prefix_is_refused(raw: RawClient) -> None:
    """Base64 after a data: prefix is refused."""
    assert "data:" in assert_refused(raw.post(IMAGE, {"image": f"data:image/png;base64,{ENCODED}"}), 1201)


@proves("cloudsway:image2video.params", "cloudsway:image2video.masks", side="client")
@pytest.mark.parametrize("field", ["image", "image_tail"])
@pytest.mark.parametrize("by", ["bytes", "path"])
def test_client_checks_images_before_sending(target: Target, tmp_path: Any, field: str, by: str) -> None:
    """Images from bytes or files are sent as bare base64, or refused by the argument's name."""
    for contents, fits in ((GOOD, True), (BAD, False)):
        for name, content in contents.items():
            given: Any = content
            if by == "path":
                given = tmp_path / name.replace(" ", "-")
                given.write_bytes(content)
            if fits:
                client, sent = recording_client(target)
                client.image_to_video(**{field: given})
                assert b64decode(json.loads(sent[0].content)[field], validate=True) == content, name
            else:
                assert refused_by_client(target, "image_to_video", {field: given}) == field, name
    missing: dict[str, Any] = {field: tmp_path / "nothing.png"}
    assert refused_by_client(target, "image_to_video", missing) == field


def masked(mask: str, count: int = 1, points: int = 2) -> dict[str, Any]:
    """Return a body with *count* masks, each with a path of *points* points."""
    one = {"mask": mask, "trajectories": [{"x": number, "y": number} for number in range(points)]}
    return {"image": encoded(image_file(600, 400)), "dynamic_masks": [one] * count}


@proves("cloudsway:image2video.params", "cloudsway:image2video.masks", side="server")
@pytest.mark.parametrize(
    ("body", "message"),
    [
        (masked(ENCODED[:8]), "dynamic_masks[0].mask"),
        (masked(ADDRESS, count=7), "dynamic_masks"),
        (masked(ADDRESS, count=0), "dynamic_masks"),
        (masked(ADDRESS, points=1), "dynamic_masks[0].trajectories"),
        (masked(ADDRESS, points=78), "dynamic_masks[0].trajectories"),
        (masked(encoded(image_file(300, 300))), "dynamic_masks[0].mask must have the ratio of image"),
        (
            {"image": encoded(image_file(600, 400)), "static_mask": encoded(image_file(400, 600))},
            "static_mask must have the",
        ),
        ({"image": ADDRESS, "dynamic_masks": [{"mask": ADDRESS}]}, "dynamic_masks[0].trajectories"),
        ({"image": ADDRESS, "dynamic_masks": [{"trajectories": TRAJECTORY}]}, "dynamic_masks[0].mask"),
        ({"image": ADDRESS, "dynamic_masks": [{"mask": ADDRESS, "trajectories": [{"x": 1}] * 2}]}, "trajectories[0].y"),
        (
            {"image": ADDRESS, "dynamic_masks": [{"mask": ADDRESS, "trajectories": [{"x": 1.5, "y": 1}] * 2}]},
            "trajectories[0].x",
        ),
    ],
)
def test_invalid_mask_is_refused_by_its_position(raw: RawClient, body: dict[str, Any], message: str) -> None:
    """A seventh mask, a path outside 2 to 77 points and another ratio are refused by their position."""
    assert message in assert_refused(raw.post(IMAGE, body), 1201)
    assert raw.untouched()


@proves("cloudsway:image2video.params", "cloudsway:image2video.masks", side="server")
def test_valid_masks_are_accepted(target: Target) -> None:
    """One or six masks with 2 or 77 points are accepted, of any size in the image's ratio, as PNG and as JPEG."""
    for form in ("PNG", "JPEG"):
        mask = encoded(image_file(300, 200, form))
        for body in (masked(mask), masked(mask, count=6, points=77), {"image": ADDRESS, "static_mask": mask}):
            RawClient(target).create(IMAGE, **body)


@proves("cloudsway:image2video.params", "cloudsway:image2video.masks", side="client")
def test_client_validates_masks(target: Target) -> None:
    """A DynamicMask has 2 to 77 whole points; at most 6 are sent, each in its image's ratio."""
    for points in ([], [(1, 1)], [(1, 1)] * 78, [(1, 1.5), (1, 1)], [(1,), (1, 1)], "ab", [(True, 1), (1, 1)]):
        with pytest.raises(InvalidArgument) as refused:
            DynamicMask(ADDRESS, points)  # type: ignore[arg-type]
        assert refused.value.field == "trajectories"
    right = DynamicMask(png(300, 200), [(1, 1)] * 77)
    wrong = DynamicMask(png(300, 300), [(1, 1), (2, 2)])
    start: dict[str, Any] = {"image": image_file(600, 400)}
    for field, value in (
        ("dynamic_masks", [right] * 7),
        ("dynamic_masks", []),
        ("dynamic_masks", ["mask"]),
        ("dynamic_masks", [right, wrong]),
        ("static_mask", image_file(400, 600)),
        ("static_mask", image_file(300, 200, "GIF")),
    ):
        assert refused_by_client(target, "image_to_video", {**start, field: value}) == field
    client, sent = recording_client(target)
    client.image_to_video(**start, dynamic_masks=[right] * 6, static_mask=image_file(300, 200))
    assert len(json.loads(sent[0].content)["dynamic_masks"]) == 6
