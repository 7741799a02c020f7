"""Tomoviee: the documented wire format."""

from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING, Any, get_args

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from soundstage import CameraMove, InvalidArgument, JobState, errors
from soundstage._values.messages import Request, Response
from soundstage._values.state import JobRef
from soundstage.vendors.tomoviee import BASE_URL_ALIAS, PROFILE, AspectRatio, Resolution

if TYPE_CHECKING:
    from tests.clients.conftest import Kit

URL = "https://cdn.example/video.mp4?Signature=abc"
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=8,
)


def poll(kit: Kit, content: bytes, status: int = 200) -> Any:
    """Poll once a job whose response is *content*."""
    wire = kit.driver(lambda _: Response(status, {}, content))
    return wire.run(kit.service().poll_once(JobRef("t-1")))


def submitted(kit: Kit, **arguments: Any) -> tuple[httpx.Request, Any]:
    """Return the request that text_to_video sends, and its parsed body."""
    seen: list[httpx.Request] = []

    def handler(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        return httpx.Response(200, content=kit.created())

    kit.client(handler).text_to_video(**{"prompt": "a red kite", **arguments})
    return seen[0], json.loads(seen[0].content)


def test_submission_matches_documents(kit: Kit) -> None:
    """A submission is a POST with both headers and a flat JSON body with the documented defaults."""
    request, body = submitted(kit)
    assert (request.method, str(request.url)) == ("POST", f"{kit.base}/v1/open/capacity/application/tm_text2video_b")
    assert request.headers["X-App-Key"] == kit.key
    assert request.headers["Authorization"] == "Basic " + base64.b64encode(f"{kit.key}:{kit.secret}".encode()).decode()
    assert request.headers["Content-Type"] == "application/json"
    assert body == {"prompt": "a red kite", "resolution": "720p", "aspect_ratio": "16:9", "duration": 5}


@given(
    prompt=st.text(st.characters(exclude_categories=["Cs"]), min_size=1).filter(str.strip),
    resolution=st.sampled_from(get_args(Resolution)),
    ratio=st.sampled_from(get_args(AspectRatio)),
    move=st.none() | st.sampled_from(CameraMove) | st.integers(1, 46),
    params=st.none() | st.text(st.characters(exclude_categories=["Cs"])),
)
def test_allowed_arguments_are_sent_unchanged(
    kit: Kit, *, prompt: str, resolution: Any, ratio: Any, move: Any, params: Any
) -> None:
    """Every allowed value is sent under the vendor's name, unchanged; None is omitted."""
    callback = None if params is None else "https://me.example/callback"
    _, body = submitted(
        kit,
        prompt=prompt,
        resolution=resolution,
        aspect_ratio=ratio,
        camera_move=move,
        params=params,
        callback=callback,
    )
    optional = {"camera_move_index": move, "params": params, "callback": callback}
    filled = {name: value for name, value in optional.items() if value is not None}
    assert body == {"prompt": prompt, "resolution": resolution, "aspect_ratio": ratio, "duration": 5, **filled}


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("prompt", ""),
        ("prompt", "  \n"),
        ("prompt", None),
        ("prompt", "\ud800"),
        ("resolution", "4k"),
        ("resolution", None),
        ("aspect_ratio", "original"),
        ("duration", 10),
        ("duration", 5.0),
        ("duration", "5"),
        ("camera_move", 0),
        ("camera_move", 47),
        ("camera_move", True),
        ("camera_move", "orbit"),
        ("callback", "ftp://me.example"),
        ("callback", "me.example"),
        ("callback", 5),
        ("params", {"a": 1}),
        ("params", "\udfff"),
    ],
)
def test_invalid_argument_sends_nothing(kit: Kit, field: str, value: object) -> None:
    """The error names the field and what is allowed, and no request is sent."""

    def handler(request: httpx.Request) -> httpx.Response:
        raise AssertionError(request)

    arguments: dict[str, Any] = {"prompt": "a red kite", field: value}
    with pytest.raises(InvalidArgument, match=field) as caught:
        kit.client(handler).text_to_video(**arguments)
    assert caught.value.field == field
    assert caught.value.allowed


def test_camera_moves_match_documents() -> None:
    """There are 46 moves, numbered from 1 without a gap, with the names of the table."""
    assert [int(move) for move in CameraMove] == list(range(1, 47))
    assert (CameraMove.TILT_UP, CameraMove.STATIC, CameraMove.OBJECT_POV, CameraMove.CRANE_DOWN) == (5, 9, 12, 46)


@pytest.mark.parametrize(
    ("status", "state"),
    [(1, "queued"), (2, "running"), (3, "failed"), (4, "failed"), (5, "canceled"), (6, "expired"), ("4", "failed")],
)
def test_statuses_are_read(kit: Kit, status: object, state: str) -> None:
    """Each documented status has its state; 3 without output is a failure."""
    snapshot = poll(kit, kit.task(status))
    assert (snapshot.state, snapshot.state_raw) == (JobState(state), status)


@pytest.mark.parametrize("status", [0, 7, -1, None, True, "done", 3.0, [], "9" * 5000])
def test_unknown_status_keeps_polling(kit: Kit, status: object) -> None:
    """An undocumented status is UNKNOWN, which is not final."""
    assert poll(kit, kit.task(status)).state is JobState.UNKNOWN


@pytest.mark.parametrize("key", ["video_path", "images_path", "image_path", "audio_path", "mask_path", "gif_path"])
def test_outputs_are_read_under_every_key(kit: Kit, key: str) -> None:
    """The result is JSON in a string; the kind follows from the key, old or new."""
    snapshot = poll(kit, kit.finished(URL, URL + "2", key=key))
    kind = key.removesuffix("_path").replace("images", "image")
    assert [(media.url, media.kind) for media in snapshot.media] == [(URL, kind), (URL + "2", kind)]
    assert snapshot.state is JobState.SUCCEEDED


@pytest.mark.parametrize(
    "result", [{"video_path": [URL]}, json.dumps({"video_path": URL, "model_version": "b", "translate_prompt": ["x"]})]
)
def test_result_in_other_shapes_is_read(kit: Kit, result: object) -> None:
    """A result that is an object, or an address without a list, is read, too."""
    assert [media.url for media in poll(kit, kit.task(3, result=result)).media] == [URL]


@pytest.mark.parametrize(
    "result", [None, "", "{", "[]", '"x"', "{}", '{"video_path": []}', '{"video_path": [null, ""]}', 5, "[" * 100_000]
)
def test_success_without_output_is_a_failure(kit: Kit, result: object) -> None:
    """Status 3 without output is NoOutput."""
    snapshot = poll(kit, kit.task(3, result=result))
    assert snapshot.state is JobState.FAILED
    assert snapshot.failure is errors.NoOutput


@pytest.mark.parametrize("field", ["progress", "process"])
@pytest.mark.parametrize(
    ("value", "percent"),
    [(40, 40.0), ("40", 40.0), (140, 100.0), (-1, 0.0), ("many", None), (None, None), ("nan", None), ([], None)],
)
def test_progress_is_read_under_both_names(kit: Kit, field: str, value: object, percent: float | None) -> None:
    """`progress` and `process` are percent from 0 to 100; other values are None."""
    assert poll(kit, kit.task(2, 0, **{field: value})).progress == percent


def test_data_precedes_code(kit: Kit) -> None:
    """A response with data is read whatever its code is."""
    snapshot = poll(kit, kit.task(4, code=680001, reason="out of luck"))
    assert (snapshot.state, snapshot.reason) == (JobState.FAILED, "out of luck")


def test_content_policy_reason_is_content_filtered(kit: Kit) -> None:
    """A failure that names the content policy is ContentFiltered, any other JobFailed."""
    assert poll(kit, kit.task(4, reason="Blocked by the content policy")).failure is errors.ContentFiltered
    assert poll(kit, kit.task(4, reason="out of memory")).failure is None
    assert poll(kit, kit.task(6, reason="content policy")).failure is None


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"<html>",
        b"[]",
        b"null",
        b'{"code": 0}',
        b'{"code": 0, "data": []}',
        b'{"code": "0"}',
        b'{"code": true}',
        b"\xff",
    ],
)
def test_response_without_data_is_unreadable(kit: Kit, content: bytes) -> None:
    """A response without envelope or data is neither success nor failure of the job."""
    with pytest.raises(errors.UnreadableAnswerError):
        poll(kit, content)


@pytest.mark.parametrize(
    ("code", "status", "kind"),
    [
        (680400, 200, errors.BadRequestError),
        (680400, 400, errors.BadRequestError),
        (680401, 401, errors.AuthenticationError),
        (680402, 200, errors.InsufficientCreditsError),
        (680404, 200, errors.NotFoundError),
        (680413, 413, errors.BadRequestError),
        (680422, 422, errors.BadRequestError),
        (680429, 429, errors.ConcurrencyLimitError),
        (680500, 200, errors.ServerError),
        (680001, 200, errors.ApiError),
        (680001, 401, errors.AuthenticationError),
        (680001, 404, errors.NotFoundError),
        (680001, 418, errors.ApiError),
        (680001, 500, errors.ServerError),
        (680404, 500, errors.NotFoundError),
    ],
)
def test_code_precedes_status(kit: Kit, code: int, status: int, kind: type[errors.ApiError]) -> None:
    """In both dialects a known code decides, and the HTTP status only for an unknown one."""
    content = json.dumps({"code": code, "msg": "refused"}).encode()
    with pytest.raises(errors.ApiError) as caught:
        poll(kit, content, status)
    assert type(caught.value) is kind
    assert (caught.value.code, caught.value.status, caught.value.message) == (code, status, "refused")


def test_refusal_without_message_has_its_code(kit: Kit) -> None:
    """An empty msg is replaced by the code."""
    with pytest.raises(errors.ApiError, match="refused with code 680001"):
        poll(kit, b'{"code": 680001, "msg": ""}')


@given(document=JSON, status=st.sampled_from([200, 400, 500]))
def test_any_json_response_is_read_or_api_error(kit: Kit, document: Any, status: int) -> None:
    """Any JSON in any place is read, or raises an ApiError."""
    for shaped in (
        document,
        {"code": 0, "data": document},
        {"code": 0, "data": {"status": document, "result": document, "progress": document, "reason": document}},
        {"code": 0, "data": {"status": 3, "result": json.dumps(document)}},
    ):
        try:
            poll(kit, json.dumps(shaped).encode(), status)
        except errors.ApiError as error:
            assert error.vendor == PROFILE.slug  # noqa: PT017 - either end is right, and this is one of them


def test_poll_matches_documents(kit: Kit) -> None:
    """A poll is an authorized, free POST with the task's id to the one result route."""
    wire = kit.driver(lambda _: Response(200, {}, kit.task(1)))
    wire.run(kit.service().poll_once(JobRef("t-1"), 7.0))
    request: Request = wire.sent[0]
    assert (request.method, request.url, request.json) == ("POST", f"{kit.base}/v1/open/pub/task", {"task_id": "t-1"})
    assert set(request.headers) == {"X-App-Key", "Authorization"}
    assert (request.paid, request.timeout) == (False, 7.0)


def test_profile_matches_documents() -> None:
    """Host, alias, variables and abilities are those of the documents."""
    assert PROFILE.base_url == "https://openapi.wondershare.cc"
    assert BASE_URL_ALIAS == "https://open-api.wondershare.cc"
    assert dict(PROFILE.credentials) == {"app_key": "TOMOVIEE_APP_KEY", "app_secret": "TOMOVIEE_APP_SECRET"}
    assert PROFILE.base_url_variable == "TOMOVIEE_BASE_URL"
    assert PROFILE.has_callback
