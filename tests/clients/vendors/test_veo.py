"""Veo: the documented wire format."""

from __future__ import annotations

import json
from base64 import b64decode, b64encode
from typing import TYPE_CHECKING, Any, get_args

import anyio
import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from soundstage import AsyncVeo, InvalidArgument, JobState, SkippingClock, Veo, errors
from soundstage.vendors.veo import PROFILE, Model
from soundstage.vendors.veo.profile import ANY_FAMILY, FAMILIES, family_of

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

KEY = "sk-planted-0123456789"
BASE = "https://proxy.example/gemini"
GOOGLE = "https://generativelanguage.googleapis.com"
NAME = "models/veo-3.0-generate-preview/operations/idrk08ltkg0a"
FILE = "/v1beta/files/a1:download?alt=media"
PNG = b"\x89PNG\r\n\x1a\n" + bytes(16)
JPEG = b"\xff\xd8\xff" + bytes(16)
VIDEO = b"\0\0\0\x18ftypmp42" + bytes(512)


@pytest.fixture(autouse=True)
def _no_proxy_around(monkeypatch: pytest.MonkeyPatch) -> None:
    """Hide the key and the address of this machine's environment from every test."""
    for variable in ("LITELLM_API_KEY", "LITELLM_BASE_URL"):
        monkeypatch.delenv(variable, raising=False)


def client(answer: Callable[[httpx.Request], httpx.Response], base_url: str = BASE) -> Veo:
    """Return a sync client whose requests get the responses of *answer*."""
    http = httpx.Client(transport=httpx.MockTransport(answer))
    return Veo(KEY, base_url=base_url, http=http, clock=SkippingClock())


def submitted(**arguments: Any) -> tuple[httpx.Request, Any]:
    """Return the request that generate_videos sends, and its parsed body."""
    seen: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        return httpx.Response(200, json={"name": NAME})

    client(answer).generate_videos(**{"prompt": "a red kite", **arguments})
    return seen[0], json.loads(seen[0].content)


def polled(answer: Any, status: int = 200) -> Any:
    """Poll a job once and return it."""
    return client(lambda _: httpx.Response(status, json=answer)).job(NAME).refresh()


def test_submission_matches_documents() -> None:
    """A submission is a POST to the model with the key in its header, and without defaults."""
    request, body = submitted()
    assert str(request.url) == f"{BASE}/v1beta/models/veo-3.0-generate-preview:predictLongRunning"
    assert (request.method, request.headers["x-goog-api-key"]) == ("POST", KEY)
    assert body == {"instances": [{"prompt": "a red kite"}]}


@pytest.mark.parametrize("resolution", ["1080p", "4k"])
def test_full_duration_is_sent_where_required(resolution: str) -> None:
    """Large videos, references and extensions send 8 seconds, which is no documented default."""
    _, body = submitted(resolution=resolution)
    assert body["parameters"] == {"resolution": resolution, "durationSeconds": 8}
    _, body = submitted(model="veo-3.1-generate-preview", reference_images=[PNG])
    assert body["parameters"] == {"durationSeconds": 8}


def test_images_are_sent_as_by_the_sdk(tmp_path: Path) -> None:
    """Images are sent in base64 with their type under instances[0], from bytes and from a path."""
    (tmp_path / "end.jpg").write_bytes(JPEG)
    _, body = submitted(
        model="veo-3.1-generate-preview",
        image=PNG,
        last_frame=tmp_path / "end.jpg",
        reference_images=[str(tmp_path / "end.jpg"), PNG],
    )
    instance = body["instances"][0]
    assert (b64decode(instance["image"]["bytesBase64Encoded"]), instance["image"]["mimeType"]) == (PNG, "image/png")
    assert instance["lastFrame"] == instance["referenceImages"][0]["image"]
    assert instance["lastFrame"]["mimeType"] == "image/jpeg"
    assert [one["referenceType"] for one in instance["referenceImages"]] == ["ASSET", "ASSET"]


def test_prompt_is_optional_with_image_only() -> None:
    """Without a prompt an image is required, and no prompt is sent."""
    _, body = submitted(prompt=None, image=PNG)
    assert list(body["instances"][0]) == ["image"]
    with pytest.raises(InvalidArgument, match="prompt"):
        submitted(prompt=None)


@pytest.mark.parametrize(
    "address",
    [
        f"{GOOGLE}/v1beta/files/abc123:download?alt=media",
        f"{BASE}/download/v1beta/files/abc123:download?alt=media",
        f"{GOOGLE}/v1beta/files/abc123",
        "files/abc123",
    ],
)
def test_video_to_extend_is_sent_by_googles_address(address: str) -> None:
    """Any address of the file is sent as Google's own."""
    _, body = submitted(model="veo-3.1-generate-preview", video=address)
    assert body["instances"][0]["video"] == {"uri": f"{GOOGLE}/v1beta/files/abc123:download?alt=media"}


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("prompt", ""),
        ("prompt", "kite " * 1025),
        ("prompt", "\ud800"),
        ("model", "../veo"),
        ("model", "veo:predict"),
        ("model", ""),
        ("model", None),
        ("image", "https://files.example/kite.png"),
        ("image", b"GIF89a"),
        ("last_frame", PNG),
        ("reference_images", [PNG]),
        ("reference_images", PNG),
        ("video", "https://files.example/kite.mp4"),
        ("video", 5),
        ("aspect_ratio", "1:1"),
        ("resolution", "8k"),
        ("duration_seconds", 5),
        ("duration_seconds", "8"),
        ("negative_prompt", 5),
        ("person_generation", "dont_allow"),
        ("sample_count", 2),
        ("seed", -1),
    ],
)
def test_invalid_argument_sends_nothing(field: str, value: object) -> None:
    """The error names the field and what is allowed, and no request is sent."""
    with pytest.raises(InvalidArgument, match=field) as caught:
        submitted(**{field: value})
    assert caught.value.field == field
    assert caught.value.allowed


def test_query_of_refused_address_is_hidden() -> None:
    """The error shows a refused address without its query, which may be a key."""
    with pytest.raises(InvalidArgument) as caught:
        submitted(model="veo-3.1-generate-preview", video="https://files.example/kite.mp4?key=planted")
    assert "planted" not in f"{caught.value!r} {caught.value.value}"


def test_unknown_model_is_not_restricted() -> None:
    """Known models are checked; unknown ones are left to the service."""
    assert all(family_of(model) in FAMILIES.values() for model in get_args(Model))
    assert family_of("veo-4.0-generate") is ANY_FAMILY
    _, body = submitted(model="veo-4.0-generate", duration_seconds=5, sample_count=2, reference_images=[])
    assert body["parameters"] == {"durationSeconds": 5, "sampleCount": 2}


@pytest.mark.parametrize("base", [f"{BASE}/v1beta", f"{BASE}/v1beta/", f"{BASE}/", BASE])
def test_base_address_may_end_with_version(base: str) -> None:
    """Both forms of the base address work, and a token of one works with the other."""
    made = client(lambda _: httpx.Response(200, json={"name": NAME}), base)
    assert made.base_url == BASE
    token = made.generate_videos("a kite").to_token()
    assert client(lambda _: httpx.Response(500)).job_from_token(token).id == NAME


@given(st.text(st.characters(exclude_categories=["Cs"]), min_size=1).filter(str.strip))
def test_any_id_stays_at_the_service(job_id: str) -> None:
    """Any id leads to the service's host and never becomes a query."""
    seen: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        return httpx.Response(200, json={"name": job_id})

    client(answer).job(job_id).refresh()
    assert (seen[0].url.host, seen[0].url.query) == ("proxy.example", b"")


@pytest.mark.parametrize("answer", [{}, [], "x", {"done": False}, {"name": 5}])
def test_response_without_operation_is_unreadable(answer: Any) -> None:
    """A response that is not an operation does not end the job."""
    with pytest.raises(errors.UnreadableAnswerError):
        polled(answer)


@pytest.mark.parametrize("status", [301, 302, 399])
def test_redirect_is_not_a_success(status: int) -> None:
    """A redirect is not read as an operation."""
    with pytest.raises(errors.UnreadableAnswerError):
        polled({"name": NAME, "done": True, "response": {}}, status)


@pytest.mark.parametrize("status", [200, 201, 202, 206])
def test_any_2xx_is_a_success(status: int) -> None:
    """An operation is read whatever the status of the success is: a paid job is not lost over it."""
    assert client(lambda _: httpx.Response(status, json={"name": NAME})).generate_videos("a kite").id == NAME


@pytest.mark.parametrize(
    ("uri", "place"),
    [
        (f"{GOOGLE}{FILE}", f"{BASE}/download{FILE}"),
        (f"{GOOGLE}/download{FILE}", f"{BASE}/download{FILE}"),
        (f"{GOOGLE}.evil.example{FILE}", f"{GOOGLE}.evil.example{FILE}"),
        (f"{BASE}{FILE}", f"{BASE}{FILE}"),
        ("https://elsewhere.example/video.mp4", "https://elsewhere.example/video.mp4"),
    ],
)  # fmt: skip
def test_only_googles_address_goes_through_proxy(uri: str, place: str) -> None:
    """The address of another host stays unchanged."""
    result = {"generatedSamples": [{"video": {"uri": uri}}]}
    job = polled({"name": NAME, "done": True, "response": {"generateVideoResponse": result}})
    assert [output.url for output in job.outputs] == [place]


@pytest.mark.parametrize("direct", [False, True])
@pytest.mark.parametrize(("count", "reasons"), [(1, ["Too loud."]), (2, ["Too loud.", "Too loud.", ""]), (1, None)])
def test_withheld_videos_have_a_reason(direct: bool, count: int, reasons: Any) -> None:  # noqa: FBT001 - a case
    """Each reason appears once, with a default sentence if there is none, from both documented places."""
    result = {"raiMediaFilteredCount": count, "raiMediaFilteredReasons": reasons}
    response = result if direct else {"generateVideoResponse": result}
    job = polled({"name": NAME, "done": True, "response": response})
    assert isinstance(job.error, errors.ContentFiltered)
    assert job.error.message == ("Too loud." if reasons else "videos were withheld (1) without a reason")


def test_partly_withheld_videos_are_a_success() -> None:
    """The remaining videos can be saved, and the reason for the others is kept."""
    result = {
        "generatedSamples": [{"video": {"uri": f"{BASE}{FILE}"}}, {"video": {"uri": ""}}, {}],
        "raiMediaFilteredCount": 1,
        "raiMediaFilteredReasons": ["Too loud."],
    }
    job = polled({"name": NAME, "done": True, "response": {"generateVideoResponse": result}})
    assert (job.state, len(job.outputs), job.snapshot.reason) == (JobState.SUCCEEDED, 1, "Too loud.")


@pytest.mark.parametrize(
    ("status", "error", "kind", "code"),
    [
        (400, {"code": 400, "status": "INVALID_ARGUMENT", "details": [{"reason": "API_KEY_INVALID"}, 5]},
         errors.AuthenticationError, "INVALID_ARGUMENT"),
        (429, {"code": "429", "type": "budget_exceeded"}, errors.InsufficientCreditsError, "budget_exceeded"),
        (500, {"code": "401", "type": "other"}, errors.AuthenticationError, "other"),
        (400, {"code": 404}, errors.NotFoundError, 404),
        (409, {"code": 7}, errors.ConflictError, 7),
    ],
)  # fmt: skip
def test_refusal_is_read_in_both_envelopes(status: int, error: Any, kind: type[Exception], code: Any) -> None:
    """Status or type decide; else the code if it is an HTTP status, and else that of the response."""
    with pytest.raises(errors.ApiError) as refused:
        polled({"error": {**error, "message": "no"}}, status)
    assert (type(refused.value), refused.value.code, refused.value.message) == (kind, code, "no")


def test_retry_info_is_respected() -> None:
    """The call is sent again after RetryInfo's seconds, on the client's own clock."""
    details = [{"retryDelay": None}, {"retryDelay": "41s"}]
    limit = {"error": {"code": 429, "status": "RESOURCE_EXHAUSTED", "details": details}}
    answers = [httpx.Response(429, json=limit), httpx.Response(200, json={"name": NAME})]
    clock = SkippingClock()
    http = httpx.Client(transport=httpx.MockTransport(lambda _: answers.pop(0)))
    start = clock.now()
    assert Veo(KEY, base_url=BASE, http=http, clock=clock).generate_videos("a kite").id == NAME
    assert clock.now() - start >= 41


@pytest.mark.parametrize(
    ("status", "body", "kind"),
    [
        (503, {"error": {"code": 503, "status": "UNAVAILABLE"}}, errors.SubmitOutcomeUnknown),
        (500, {"error": {"code": 500, "status": "INTERNAL"}}, errors.SubmitOutcomeUnknown),
        (200, {"name": ""}, errors.SubmitOutcomeUnknown),
    ],
)
def test_unknown_outcome_is_not_sent_again(status: int, body: Any, kind: type[Exception]) -> None:
    """No server error proves that nothing was started, and neither does a response without a name."""
    seen: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        return httpx.Response(status, json=body)

    with pytest.raises(kind):
        client(answer).generate_videos("a kite")
    assert len(seen) == 1


@pytest.mark.parametrize(
    ("field", "wrong"),
    [
        ("resolution", {"video": "files/abc123", "resolution": "1080p"}),
        ("duration_seconds", {"video": "files/abc123", "duration_seconds": 6}),
        ("duration_seconds", {"resolution": "4k", "duration_seconds": 4}),
        ("resolution", {"model": "veo-2.0-generate-001", "resolution": "1080p"}),
        ("video", {"model": "veo-3.0-generate-001", "video": "files/abc123"}),
        ("reference_images", {"reference_images": [PNG] * 4}),
        ("person_generation", {"image": PNG, "person_generation": "allow_all"}),
    ],
)
def test_incompatible_arguments_send_nothing(field: str, wrong: dict[str, Any]) -> None:
    """The error names the argument to change, and nothing is sent."""
    with pytest.raises(InvalidArgument) as refused:
        submitted(**{"model": "veo-3.1-generate-preview", **wrong})
    assert refused.value.field == field


def test_google_host_is_called_directly(tmp_path: Path) -> None:
    """A client of Google downloads from Google's address, and its redirect, with the key."""
    seen: list[tuple[str, str | None]] = []
    result = {"generatedSamples": [{"video": {"uri": GOOGLE + FILE}}]}

    def answer(request: httpx.Request) -> httpx.Response:
        seen.append((str(request.url), request.headers.get("x-goog-api-key")))
        if "/operations/" in request.url.path:
            return httpx.Response(200, json={"name": NAME, "done": True, "response": {"generateVideoResponse": result}})
        if "/download/" in request.url.path:
            return httpx.Response(200, content=VIDEO)
        return httpx.Response(302, headers={"Location": f"{GOOGLE}/download{FILE}"})

    client(answer, GOOGLE).job(NAME).save(tmp_path)
    assert seen[1:] == [(GOOGLE + FILE, KEY), (f"{GOOGLE}/download{FILE}", KEY)]


def test_error_without_message_has_default() -> None:
    """A failure without message or code has a default sentence and no code."""
    job = polled({"name": NAME, "done": True, "error": {"details": []}})
    assert (job.state, job.error.code) == (JobState.FAILED, None)
    assert job.error.message


@pytest.mark.parametrize("body", [b"", b"<html>Bad Gateway</html>", b"[]", b'{"error": "no"}', b'{"error": {}}'])
@pytest.mark.parametrize(("status", "kind"), [(502, errors.ServerError), (403, errors.PermissionDeniedError)])
def test_refusal_without_envelope_follows_status(body: bytes, status: int, kind: type[Exception]) -> None:
    """A response from a server in front is read by its HTTP status."""
    with pytest.raises(kind):
        client(lambda _: httpx.Response(status, content=body)).job(NAME).refresh()


def test_retry_after_precedes_retry_info() -> None:
    """Retry-After is used if there is one."""
    error = {"code": "429", "type": "throttling_error", "message": "later"}
    with pytest.raises(errors.RateLimitError) as refused:
        client(lambda _: httpx.Response(429, json={"error": error}, headers={"Retry-After": "7"})).job(NAME).refresh()
    assert refused.value.retry_after == 7


def test_async_client_does_the_same(tmp_path: Path) -> None:
    """The async client submits, polls and downloads."""
    result = {"generatedSamples": [{"video": {"uri": f"{GOOGLE}/v1beta/files/a1:download?alt=media"}}]}

    def answer(request: httpx.Request) -> httpx.Response:
        if request.method == "POST":
            return httpx.Response(200, json={"name": NAME})
        if "/download/" in request.url.path:
            return httpx.Response(200, content=VIDEO)
        return httpx.Response(200, json={"name": NAME, "done": True, "response": {"generateVideoResponse": result}})

    async def make() -> list[Path]:
        async with httpx.AsyncClient(transport=httpx.MockTransport(answer)) as http:
            one = AsyncVeo(KEY, base_url=BASE, http=http, clock=SkippingClock())
            return await (await one.generate_videos("a kite", image=PNG)).save(tmp_path)

    assert [path.read_bytes() for path in anyio.run(make)] == [VIDEO]


def test_profile_matches_documents() -> None:
    """No callback; results need the key; the variables are those of the vendor's script."""
    assert not PROFILE.has_callback
    assert not PROFILE.signed_downloads
    assert PROFILE.base_url_variable == "LITELLM_BASE_URL"
    assert dict(PROFILE.credentials) == {"api_key": "LITELLM_API_KEY"}
    with pytest.raises(errors.UnsupportedError):
        polled({"name": NAME}).cancel()


def test_video_inside_the_operation_is_an_output(tmp_path: Path) -> None:
    """A video that the operation contains in place of its address is saved without another request."""
    sample = {"video": {"encodedVideo": b64encode(VIDEO).decode(), "encoding": "video/mp4"}}
    response = {"generateVideoResponse": {"generatedSamples": [sample]}}
    job = polled({"name": NAME, "done": True, "response": response})
    (path,) = job.save(tmp_path)
    assert (path.suffix, path.read_bytes()) == (".mp4", VIDEO)
    assert len(repr(job.outputs)) < 100


def test_id_with_a_lone_surrogate_is_sent() -> None:
    """An id that no UTF-8 text can contain is sent as its bytes, so that a job of that id is not lost."""
    seen: list[bytes] = []

    def answer(request: httpx.Request) -> httpx.Response:
        seen.append(request.url.raw_path)
        name = f"models/v/operations/{chr(0xD800)}"
        return httpx.Response(200, content=json.dumps({"name": name}))

    client(answer).generate_videos("a red kite").refresh()
    assert seen[1].endswith(b"/models/v/operations/%ED%A0%80")
