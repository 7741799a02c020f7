"""Cloudsway: the documented wire format, and arguments that are checked before anything is sent."""

from __future__ import annotations

import base64
import io
import json
from contextlib import suppress
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from soundstage import (
    CameraControl,
    Cloudsway,
    DynamicMask,
    InvalidArgument,
    JobState,
    MissingCredential,
    SkippingClock,
    errors,
)
from soundstage._protocol.inputs import image_size, is_turned
from soundstage._values.state import JobRef

KEY, ENDPOINT = "planted-secret-0123456789", "RWexample"
IMAGE = "https://files.example/cat.png"
PAN, BACK = CameraControl(pan=1), CameraControl(type="down_back")
PNG = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR" + (640).to_bytes(4, "big") + (480).to_bytes(4, "big") + bytes(20)
JPEG_START = b"\xff\xd8\xff\xe0\x00\x10" + bytes(14)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=8,
)


def scripted(answer: Any, status: int = 200) -> tuple[Cloudsway, list[httpx.Request]]:
    """Return a client whose every response is *answer*, and the list of the requests that it sends."""
    sent: list[httpx.Request] = []

    def respond(request: httpx.Request) -> httpx.Response:
        sent.append(request)
        return httpx.Response(status, json=answer)

    http = httpx.Client(transport=httpx.MockTransport(respond))
    return Cloudsway(KEY, ENDPOINT, base_url="https://gateway.test", http=http, clock=SkippingClock()), sent


def created(task_id: str = "831922345719271433") -> dict[str, Any]:
    """Return the response to a submission."""
    return {
        "code": 0,
        "message": "SUCCEED",
        "request_id": "r",
        "data": {"task_id": task_id, "task_status": "submitted"},
    }


def jpeg(width: int, height: int, *, kind: int = 0xC0) -> bytes:
    """Return the first bytes of a JPEG, with one segment before the frame that has its size."""
    sides = height.to_bytes(2, "big") + width.to_bytes(2, "big")
    return JPEG_START + bytes([0xFF, 0xFF, kind, 0, 17, 8]) + sides + bytes(20)


def test_submission_matches_documents() -> None:
    """A submission is a POST under the customer's segment with a bearer key and the documented defaults."""
    client, sent = scripted(created())
    job = client.text_to_video("a red kite", external_task_id="order-7")
    (request,) = sent
    assert str(request.url) == f"https://gateway.test/v1/ai/{ENDPOINT}/kling/videos/text2video"
    assert (request.method, request.headers["authorization"]) == ("POST", f"Bearer {KEY}")
    plain = {"prompt": "a red kite", "model_name": "kling-v1", "aspect_ratio": "16:9", "duration": "5"}
    assert json.loads(request.content) == {**plain, "external_task_id": "order-7"}
    assert (job.id, job.state, job.operation) == ("831922345719271433", JobState.QUEUED, "text_to_video")
    assert KEY not in repr(client) + repr(job) + job.to_token()


@pytest.mark.parametrize("missing", ["CLOUDSWAY_API_KEY", "CLOUDSWAY_ENDPOINT"])
def test_key_and_endpoint_are_required(monkeypatch: pytest.MonkeyPatch, missing: str) -> None:
    """The error names the missing argument and its variable."""
    for name in ("CLOUDSWAY_API_KEY", "CLOUDSWAY_ENDPOINT"):
        monkeypatch.setenv(name, "word")
    monkeypatch.delenv(missing)
    with pytest.raises(MissingCredential, match=missing):
        Cloudsway()


@pytest.mark.parametrize("endpoint", ["a/b", "..", ".", "a?b", "a#b", "a\\b"])
def test_endpoint_must_be_one_path_segment(endpoint: str) -> None:
    """An endpoint that would change the path is refused."""
    with pytest.raises(InvalidArgument, match="endpoint"):
        Cloudsway(KEY, endpoint)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("prompt", ""), ("prompt", " \n"), ("prompt", None), ("prompt", "x" * 2501), ("prompt", "\ud800"),
        ("negative_prompt", "x" * 2501), ("negative_prompt", 5), ("model_name", "kling-v1-5"), ("model_name", None),
        ("cfg_scale", 1.01), ("cfg_scale", "0.5"), ("mode", "fast"), ("aspect_ratio", "4:3"), ("duration", 15),
        ("duration", None), ("duration", True), ("sound", True), ("camera_control", {"type": "down_back"}),
        ("callback_url", "ftp://me.example"), ("external_task_id", "a/b"), ("external_task_id", ""),
    ],
)  # fmt: skip
def test_invalid_argument_sends_nothing(field: str, value: object) -> None:
    """The error names the field and what is allowed, and no request is sent."""
    client, sent = scripted(created())
    arguments: dict[str, Any] = {"prompt": "a red kite", field: value}
    with pytest.raises(InvalidArgument, match=field) as caught:
        client.text_to_video(**arguments)
    assert (caught.value.field, bool(caught.value.allowed), sent) == (field, True, [])


@pytest.mark.parametrize(
    ("arguments", "field", "expected"),
    [
        ({"image": IMAGE, "image_tail": IMAGE, "duration": 10}, "image_tail", "kling-v1/std/10"),
        ({"image": IMAGE, "static_mask": IMAGE, "duration": 10}, "static_mask", "duration '5'"),
        ({"image": IMAGE, "image_tail": IMAGE, "model_name": "kling-v2-master"}, "image_tail", "does not support it"),
        ({"image": IMAGE, "model_name": "MaaS_KL_V2.1_Master", "mode": "pro"}, "mode", "one mode"),
        ({"image": IMAGE, "model_name": "kling-v2-1", "cfg_scale": 0.5}, "cfg_scale", "does not take it"),
        ({"image": IMAGE, "sound": "on"}, "sound", "does not support it"),
        ({"image": IMAGE, "model_name": "kling-v1-5", "camera_control": PAN}, "camera_control", "mode 'pro'"),
        (
            {"image": IMAGE, "model_name": "kling-v1-5", "mode": "pro", "camera_control": BACK},
            "camera_control",
            "type 'simple'",
        ),
        ({"image": IMAGE, "image_tail": IMAGE, "camera_control": PAN}, "camera_control", "exclude"),
        ({}, "image", "image_tail"),
        ({"image": IMAGE, "prompt": "x" * 2501}, "prompt", "2500"),
        ({"image": IMAGE, "dynamic_masks": "ab"}, "dynamic_masks", "DynamicMask"),
    ],
)  # fmt: skip
def test_unsupported_combination_is_refused(arguments: dict[str, Any], field: str, expected: str) -> None:
    """The error names the argument, the combination and what is allowed."""
    client, sent = scripted(created())
    with pytest.raises(InvalidArgument) as caught:
        client.image_to_video(**arguments)
    assert (caught.value.field, sent) == (field, [])
    assert expected in str(caught.value)


def test_sound_off_is_always_allowed() -> None:
    """Every model accepts sound="off"."""
    client, sent = scripted(created())
    client.text_to_video("a kite", sound="off")
    assert json.loads(sent[0].content)["sound"] == "off"


@given(answer=JSON, status=st.sampled_from([200, 400, 404, 429, 500, 503]))
def test_any_poll_response_is_state_or_library_error(answer: Any, status: int) -> None:
    """A poll of any response returns a state or raises an error of this library."""
    client, _ = scripted(answer, status)
    job = client.job("t-1", "text_to_video")
    with suppress(errors.SoundstageError):
        job.refresh()
    assert isinstance(job.state, JobState)


@given(answer=JSON, status=st.sampled_from([200, 400, 404, 429, 500, 503]))
def test_submission_is_sent_once_after_any_response(answer: Any, status: int) -> None:
    """Unless a limit may pass, no response makes the client submit again."""
    client, sent = scripted(answer, status)
    with suppress(errors.SoundstageError):
        client.text_to_video("a kite")
    assert len(sent) == 1


def test_code_as_text_is_read() -> None:
    """A code of digits is a number; a word is the gateway's own reason, and the HTTP status decides."""
    client, _ = scripted({"code": "1203", "message": "none"}, 404)
    with pytest.raises(errors.NotFoundError) as refused:
        client.job("a", "text_to_video").refresh()
    assert refused.value.code == 1203
    client, sent = scripted({"code": "NO_ENDPOINT", "message": "no"}, 400)
    with pytest.raises(errors.BadRequestError) as refused_too:
        client.text_to_video("a kite")
    assert (refused_too.value.code, len(sent)) == ("NO_ENDPOINT", 1)


def test_job_from_callback_reports_outage() -> None:
    """Only 1203 under one kind leads to a poll under the other; any other error ends the poll."""
    client, sent = scripted({"code": 1002, "message": "no"}, 401)
    job = client.job_from_callback({"task_id": "a", "task_status": "processing"})
    with pytest.raises(errors.AuthenticationError):
        job.refresh()
    assert len(sent) == 1
    client, sent = scripted({"code": 1203, "message": "no"}, 404)
    with pytest.raises(errors.NotFoundError):
        client.job_from_token(client.job_from_callback({"task_id": "a"}).to_token()).refresh()
    assert [request.url.path.split("/")[-2] for request in sent] == ["text2video", "image2video"]


def test_error_without_external_id_cannot_be_resolved() -> None:
    """Resolving an error without an external id is unsupported."""
    client, sent = scripted(created())
    unknown = errors.SubmitOutcomeUnknown("?", vendor="cloudsway", operation="text_to_video")
    with pytest.raises(errors.UnsupportedError):
        client.resolve(unknown)
    assert sent == []


def test_cancel_is_unsupported() -> None:
    """Cancel is refused, and no request is sent."""
    client, sent = scripted(created())
    with pytest.raises(errors.UnsupportedError):
        client.job("a", "text_to_video").cancel()
    assert sent == []
    assert JobRef("a", "text_to_video").operation == "text_to_video"


def test_dynamic_mask_is_sent_as_points() -> None:
    """Each point is sent as x and y; a list is accepted as a pair."""
    client, sent = scripted(created())
    path: Any = [[1, 2], (3, 4)]
    client.image_to_video(IMAGE, dynamic_masks=[DynamicMask(PNG, path)])
    (mask,) = json.loads(sent[0].content)["dynamic_masks"]
    assert mask["trajectories"] == [{"x": 1, "y": 2}, {"x": 3, "y": 4}]


@pytest.mark.parametrize(
    ("content", "sides"),
    [
        (PNG, (640, 480)),
        (PNG[:20], None),
        (jpeg(800, 600), (800, 600)),
        (jpeg(800, 600, kind=0xC2), (800, 600)),
        (jpeg(800, 600, kind=0xC4), None),
        (JPEG_START, None),
        (b"\xff\xd8\xff", None),
        (JPEG_START + b"no marker at all", None),
    ],
)
def test_image_size_is_read_from_first_bytes(content: bytes, sides: tuple[int, int] | None) -> None:
    """The size of PNG and JPEG is read; an image without one is left to the service."""
    assert image_size(content) == sides


@given(st.binary(max_size=60))
def test_image_size_accepts_any_bytes(content: bytes) -> None:
    """Any bytes after the signature of an image give a size or None."""
    for sign in (b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff"):
        found = image_size(sign + content)
        assert found is None or len(found) == 2


def photo(orientation: int, form: str = "JPEG", order: str = "big") -> bytes:
    """Return an image of 640 by 480 stored pixels with an EXIF orientation."""
    exif = Image.Exif()
    exif.endian = "<" if order == "little" else ">"
    exif[0x0131] = "a camera"
    exif[0x0112] = orientation
    file = io.BytesIO()
    Image.new("RGB", (640, 480)).save(file, form, exif=exif)
    return file.getvalue()


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("form", ["JPEG", "PNG"])
@pytest.mark.parametrize("order", ["big", "little"])
def test_turned_photo_is_recognized(orientation: int, form: str, order: str) -> None:
    """The orientations 5 to 8 of EXIF exchange width and height, in either byte order and format."""
    assert is_turned(photo(orientation, form, order)) == (orientation >= 5)


@given(st.binary(max_size=60))
def test_orientation_accepts_any_bytes(content: bytes) -> None:
    """Any bytes, also in the place of the EXIF data, give an orientation or none."""
    exif = b"\xff\xd8\xff\xe1" + (len(content) + 8).to_bytes(2, "big") + b"Exif\0\0"
    for start in (b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff", exif, exif + b"MM\0*\0\0\0\x08"):
        assert is_turned(start + content) in {True, False}


def test_mask_fits_to_the_photo_as_it_is_shown() -> None:
    """A mask may have the sides of a turned photo as it is shown or as it is stored, and no others."""
    masks = {
        size: PNG[:16] + size[0].to_bytes(4, "big") + size[1].to_bytes(4, "big") + PNG[24:]
        for size in ((480, 640), (640, 480), (640, 640))
    }
    client, sent = scripted(created())
    for size in ((480, 640), (640, 480)):
        client.image_to_video(photo(6), model_name="kling-v1", static_mask=masks[size])
    client.image_to_video(
        photo(6), model_name="kling-v1", dynamic_masks=[DynamicMask(masks[480, 640], [(1, 2), (3, 4)])]
    )
    assert len(sent) == 3
    with pytest.raises(InvalidArgument, match="480x640 or 640x480"):
        client.image_to_video(photo(6), model_name="kling-v1", static_mask=masks[640, 640])
    with pytest.raises(InvalidArgument, match="as the image, 640x480"):
        client.image_to_video(photo(1), model_name="kling-v1", static_mask=masks[480, 640])


def test_image_without_size_is_sent() -> None:
    """An image without a readable size is sent; the service checks it before it charges."""
    client, sent = scripted(created())
    client.image_to_video(PNG[:12])
    assert json.loads(sent[0].content)["image"] == base64.b64encode(PNG[:12]).decode()
