"""Veo: the wire as its documents have it."""

from __future__ import annotations

import json
from base64 import b64decode
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
FILM = b"\0\0\0\x18ftypmp42" + bytes(512)


@pytest.fixture(autouse=True)
def _no_proxy_around(monkeypatch: pytest.MonkeyPatch) -> None:
    """No test sees the key or the address of the machine it runs on."""
    for variable in ("LITELLM_API_KEY", "LITELLM_BASE_URL"):
        monkeypatch.delenv(variable, raising=False)


def client(answer: Callable[[httpx.Request], httpx.Response], base_url: str = BASE) -> Veo:
    """A blocking client whose requests *answer* answers."""
    http = httpx.Client(transport=httpx.MockTransport(answer))
    return Veo(KEY, base_url=base_url, http=http, clock=SkippingClock())


def submitted(**arguments: Any) -> tuple[httpx.Request, Any]:
    """The request that generate_videos sends, and its parsed body."""
    seen: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        return httpx.Response(200, json={"name": NAME})

    client(answer).generate_videos(**{"prompt": "a red kite", **arguments})
    return seen[0], json.loads(seen[0].content)


def looked(answer: Any, status: int = 200) -> Any:
    """A job after one look that was answered so."""
    return client(lambda _: httpx.Response(status, json=answer)).job(NAME).refresh()


def test_a_create_call_is_as_documented() -> None:
    """POST to the model, the key in its header, and instances alone when nothing else is said."""
    request, body = submitted()
    assert str(request.url) == f"{BASE}/v1beta/models/veo-3.0-generate-preview:predictLongRunning"
    assert (request.method, request.headers["x-goog-api-key"]) == ("POST", KEY)
    assert body == {"instances": [{"prompt": "a red kite"}]}


@pytest.mark.parametrize("resolution", ["1080p", "4k"])
def test_the_whole_length_is_said_where_it_is_needed(resolution: str) -> None:
    """Large films, references and extensions need 8 seconds, which no document promises as the default."""
    _, body = submitted(resolution=resolution)
    assert body["parameters"] == {"resolution": resolution, "durationSeconds": 8}
    _, body = submitted(model="veo-3.1-generate-preview", reference_images=[PNG])
    assert body["parameters"] == {"durationSeconds": 8}


def test_pictures_are_sent_as_the_sdk_sends_them(tmp_path: Path) -> None:
    """In base64 with their own type, under instances[0], from bytes and from a path."""
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


def test_a_prompt_may_be_left_out_with_an_image_only() -> None:
    """None is no text, and is not sent."""
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
def test_a_film_to_go_on_with_is_named_as_its_maker_names_it(address: str) -> None:
    """Whatever way leads to the file, its maker's own address is sent."""
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
def test_a_bad_argument_is_refused_before_anything_is_sent(field: str, value: object) -> None:
    """The error names the field and what is allowed, and no request leaves."""
    with pytest.raises(InvalidArgument, match=field) as caught:
        submitted(**{field: value})
    assert caught.value.field == field
    assert caught.value.allowed


def test_a_secret_in_an_address_is_not_shown() -> None:
    """A refused address is told without its query, which may be a key."""
    with pytest.raises(InvalidArgument) as caught:
        submitted(model="veo-3.1-generate-preview", video="https://files.example/kite.mp4?key=planted")
    assert "planted" not in f"{caught.value!r} {caught.value.value}"


def test_every_known_model_has_a_family_and_others_may_do_anything() -> None:
    """What is not known here is left to the service; what is known is checked."""
    assert all(family_of(model) in FAMILIES.values() for model in get_args(Model))
    assert family_of("veo-4.0-generate") is ANY_FAMILY
    _, body = submitted(model="veo-4.0-generate", duration_seconds=5, sample_count=2, reference_images=[])
    assert body["parameters"] == {"durationSeconds": 5, "sampleCount": 2}


@pytest.mark.parametrize("base", [f"{BASE}/v1beta", f"{BASE}/v1beta/", f"{BASE}/", BASE])
def test_a_base_address_may_end_with_the_version(base: str) -> None:
    """The vendor's script has it there; a token made with either goes on with the other."""
    made = client(lambda _: httpx.Response(200, json={"name": NAME}), base)
    assert made.base_url == BASE
    token = made.generate_videos("a kite").to_token()
    assert client(lambda _: httpx.Response(500)).job_from_token(token).id == NAME


@given(st.text(st.characters(exclude_categories=["Cs"]), min_size=1).filter(str.strip))
def test_any_id_stays_within_the_service(job_id: str) -> None:
    """Whatever an id is, the request goes to the service's host, and nothing of it becomes a query."""
    seen: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        return httpx.Response(200, json={"name": job_id})

    client(answer).job(job_id).refresh()
    assert (seen[0].url.host, seen[0].url.query) == ("proxy.example", b"")


@pytest.mark.parametrize("answer", [{}, [], "x", {"done": False}, {"name": 5}])
def test_an_answer_that_is_no_operation_is_unreadable(answer: Any) -> None:
    """It says nothing about the job, which goes on."""
    with pytest.raises(errors.UnreadableAnswerError):
        looked(answer)


@pytest.mark.parametrize("status", [201, 204, 302])
def test_another_status_than_200_is_no_answer(status: int) -> None:
    """A redirect, or a status that nobody documents, is not read as an operation."""
    with pytest.raises(errors.UnreadableAnswerError):
        looked({"name": NAME, "done": True, "response": {}}, status)


@pytest.mark.parametrize(
    ("uri", "place"),
    [
        (f"{GOOGLE}{FILE}", f"{BASE}/download{FILE}"),
        (f"{GOOGLE}/download{FILE}", f"{BASE}/download{FILE}"),
        (f"{GOOGLE}.evil.example{FILE}", f"{GOOGLE}.evil.example{FILE}"),
        (f"{BASE}{FILE}", f"{BASE}{FILE}"),
        ("https://elsewhere.example/film.mp4", "https://elsewhere.example/film.mp4"),
    ],
)  # fmt: skip
def test_only_googles_own_address_goes_through_the_proxy(uri: str, place: str) -> None:
    """Another host's address is left as it is, however it begins."""
    told = {"generatedSamples": [{"video": {"uri": uri}}]}
    job = looked({"name": NAME, "done": True, "response": {"generateVideoResponse": told}})
    assert [output.url for output in job.outputs] == [place]


@pytest.mark.parametrize("direct", [False, True])
@pytest.mark.parametrize(("count", "reasons"), [(1, ["Too loud."]), (2, ["Too loud.", "Too loud.", ""]), (1, None)])
def test_what_is_withheld_says_why(direct: bool, count: int, reasons: Any) -> None:  # noqa: FBT001 - a case
    """Each reason once, or a sentence of ours where none is given; in both documented places."""
    told = {"raiMediaFilteredCount": count, "raiMediaFilteredReasons": reasons}
    response = told if direct else {"generateVideoResponse": told}
    job = looked({"name": NAME, "done": True, "response": response})
    assert isinstance(job.error, errors.ContentFiltered)
    assert job.error.message == ("Too loud." if reasons else "videos were withheld (1) without a reason")


def test_what_is_withheld_in_part_is_a_success() -> None:
    """What is left can be saved, and the reason for the rest is there."""
    told = {
        "generatedSamples": [{"video": {"uri": f"{BASE}{FILE}"}}, {"video": {"uri": ""}}, {}],
        "raiMediaFilteredCount": 1,
        "raiMediaFilteredReasons": ["Too loud."],
    }
    job = looked({"name": NAME, "done": True, "response": {"generateVideoResponse": told}})
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
def test_a_refusal_is_read_in_either_envelope(status: int, error: Any, kind: type[Exception], code: Any) -> None:
    """Status or type say what it is; else the code, where it is an HTTP status, and else the answer's own."""
    with pytest.raises(errors.ApiError) as refused:
        looked({"error": {**error, "message": "no"}}, status)
    assert (type(refused.value), refused.value.code, refused.value.message) == (kind, code, "no")


def test_a_wait_that_google_asks_for_is_kept() -> None:
    """The call is sent again after RetryInfo's seconds, on the client's own clock."""
    details = [{"retryDelay": None}, {"retryDelay": "41s"}]
    limit = {"error": {"code": 429, "status": "RESOURCE_EXHAUSTED", "details": details}}
    answers = [httpx.Response(429, json=limit), httpx.Response(200, json={"name": NAME})]
    clock = SkippingClock()
    http = httpx.Client(transport=httpx.MockTransport(lambda _: answers.pop(0)))
    began = clock.now()
    assert Veo(KEY, base_url=BASE, http=http, clock=clock).generate_videos("a kite").id == NAME
    assert clock.now() - began >= 41


@pytest.mark.parametrize(
    ("status", "body", "kind"),
    [
        (503, {"error": {"code": 503, "status": "UNAVAILABLE"}}, errors.ServerError),
        (500, {"error": {"code": 500, "status": "INTERNAL"}}, errors.SubmitOutcomeUnknown),
        (200, {"name": ""}, errors.SubmitOutcomeUnknown),
    ],
)
def test_what_a_create_call_may_have_begun_is_not_sent_again(status: int, body: Any, kind: type[Exception]) -> None:
    """Only 503 UNAVAILABLE says that nothing was made."""
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
def test_what_does_not_go_together_is_refused(field: str, wrong: dict[str, Any]) -> None:
    """Before anything is sent, by the name of what has to give way."""
    with pytest.raises(InvalidArgument) as refused:
        submitted(**{"model": "veo-3.1-generate-preview", **wrong})
    assert refused.value.field == field


def test_googles_own_host_is_asked_as_it_is(tmp_path: Path) -> None:
    """A client of Google fetches Google's address, and its redirect, with the key."""
    seen: list[tuple[str, str | None]] = []
    told = {"generatedSamples": [{"video": {"uri": GOOGLE + FILE}}]}

    def answer(request: httpx.Request) -> httpx.Response:
        seen.append((str(request.url), request.headers.get("x-goog-api-key")))
        if "/operations/" in request.url.path:
            return httpx.Response(200, json={"name": NAME, "done": True, "response": {"generateVideoResponse": told}})
        if "/download/" in request.url.path:
            return httpx.Response(200, content=FILM)
        return httpx.Response(302, headers={"Location": f"{GOOGLE}/download{FILE}"})

    client(answer, GOOGLE).job(NAME).save(tmp_path)
    assert seen[1:] == [(GOOGLE + FILE, KEY), (f"{GOOGLE}/download{FILE}", KEY)]


def test_an_error_that_says_nothing_is_still_an_error() -> None:
    """A failure without message or code has a sentence, and no code."""
    job = looked({"name": NAME, "done": True, "error": {"details": []}})
    assert (job.state, job.error.code) == (JobState.FAILED, None)
    assert job.error.message


@pytest.mark.parametrize("body", [b"", b"<html>Bad Gateway</html>", b"[]", b'{"error": "no"}', b'{"error": {}}'])
@pytest.mark.parametrize(("status", "kind"), [(502, errors.ServerError), (403, errors.PermissionDeniedError)])
def test_a_refusal_in_no_envelope_is_told_by_its_status(body: bytes, status: int, kind: type[Exception]) -> None:
    """What stands before the service may answer as it likes: then the HTTP status decides."""
    with pytest.raises(kind):
        client(lambda _: httpx.Response(status, content=body)).job(NAME).refresh()


def test_a_header_that_asks_to_wait_comes_before_the_body() -> None:
    """Retry-After is read where there is one."""
    error = {"code": "429", "type": "throttling_error", "message": "later"}
    with pytest.raises(errors.RateLimitError) as refused:
        client(lambda _: httpx.Response(429, json={"error": error}, headers={"Retry-After": "7"})).job(NAME).refresh()
    assert refused.value.retry_after == 7


def test_the_awaiting_client_does_the_same(tmp_path: Path) -> None:
    """Create, poll and download, by coroutines."""
    told = {"generatedSamples": [{"video": {"uri": f"{GOOGLE}/v1beta/files/a1:download?alt=media"}}]}

    def answer(request: httpx.Request) -> httpx.Response:
        if request.method == "POST":
            return httpx.Response(200, json={"name": NAME})
        if "/download/" in request.url.path:
            return httpx.Response(200, content=FILM)
        return httpx.Response(200, json={"name": NAME, "done": True, "response": {"generateVideoResponse": told}})

    async def make() -> list[Path]:
        async with httpx.AsyncClient(transport=httpx.MockTransport(answer)) as http:
            one = AsyncVeo(KEY, base_url=BASE, http=http, clock=SkippingClock())
            return await (await one.generate_videos("a kite", image=PNG)).save(tmp_path)

    assert [path.read_bytes() for path in anyio.run(make)] == [FILM]


def test_the_profile_is_that_of_the_documents() -> None:
    """No cancel, no credits, no callback; results need the key; the environment is the vendor's script's."""
    assert not any([PROFILE.has_cancel, PROFILE.has_credits, PROFILE.has_callback, PROFILE.signed_downloads])
    assert PROFILE.base_url_variable == "LITELLM_BASE_URL"
    assert dict(PROFILE.credentials) == {"api_key": "LITELLM_API_KEY"}
    with pytest.raises(errors.UnsupportedError):
        looked({"name": NAME}).cancel()
