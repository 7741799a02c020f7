"""Media.io: the documented wire format, and methods that are generated from the table of endpoints."""

from __future__ import annotations

import asyncio
import inspect
import json
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_type_hints

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from soundstage import AsyncMediaIO, InvalidArgument, JobState, MediaIO, SkippingClock, errors
from soundstage.vendors.mediaio import ENDPOINTS, PROFILE, bodies, overloads, parameters
from soundstage.vendors.mediaio.bodies import Parameter

if TYPE_CHECKING:
    from collections.abc import Callable

    from soundstage.vendors.mediaio.bodies import Endpoint

TOOL = Path(__file__).parents[3] / "tools" / "mediaio_methods.py"
BASE = "https://api.example"
KEY = "planted-key-0123456789"
IMAGE = "https://files.example/fox.png"
TRACE = "6f1ed002ab5595859014ebf0951522d9"
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=8,
)
GIVEN: dict[str, Any] = {"prompt": "a red kite", "image": IMAGE, "images": [IMAGE], "video": IMAGE}


def enveloped(data: object, code: int = 0, msg: str = "", status: int = 200) -> httpx.Response:
    """Return a response in the envelope."""
    return httpx.Response(status, json={"code": code, "msg": msg, "data": data, "trace_id": TRACE})


def client(handler: Callable[[httpx.Request], httpx.Response], **options: Any) -> MediaIO:
    """Return a sync client whose requests *handler* serves."""
    http = httpx.Client(transport=httpx.MockTransport(handler))
    return MediaIO(KEY, **{"base_url": BASE, "http": http, "clock": SkippingClock(), **options})


def polled(response: httpx.Response, operation: str | None = None) -> Any:
    """Poll once a job whose response is *response*."""
    return client(lambda _: response).job("t-1", operation).refresh()


def needed(endpoint: Endpoint) -> dict[str, Any]:
    """Return the required arguments of *endpoint*."""
    return {one.name: GIVEN[one.name] for one in endpoint.parameters if one.required}


def nothing(request: httpx.Request) -> httpx.Response:
    """Fail: no request may be sent."""
    raise AssertionError(request)


def test_generated_modules_are_up_to_date() -> None:
    """Table, methods, types and overloads are what the tool generates from the facts."""
    spec = spec_from_file_location("mediaio_methods", TOOL)
    assert spec is not None
    assert spec.loader is not None
    tool = module_from_spec(spec)
    spec.loader.exec_module(tool)
    assert tool.main(["--check"]) == 0
    assert len(tool.modules()) == 7


@pytest.mark.parametrize("kind", [MediaIO, AsyncMediaIO])
def test_methods_match_table(kind: type) -> None:
    """Parameters are in order, required ones first, the others by keyword only, and each is documented."""
    for name, endpoint in ENDPOINTS.items():
        method = getattr(kind, name)
        found = dict(inspect.signature(method).parameters)
        found.pop("self")
        assert list(found) == [one.name for one in endpoint.parameters]
        for one in endpoint.parameters:
            by_name_alone = found[one.name].kind is inspect.Parameter.KEYWORD_ONLY
            assert by_name_alone == (found[one.name].default is not inspect.Parameter.empty) == (not one.required)
            assert f"{one.name}: " in (inspect.getdoc(method) or "")
        assert endpoint.name in (inspect.getdoc(method) or "")


def test_overloads_match_table() -> None:
    """`generate` has an overload for each exact name, typed as in the table."""
    for endpoint in ENDPOINTS.values():
        typed = getattr(parameters, "".join(word.capitalize() for word in endpoint.method.split("_")) + "Parameters")
        assert list(get_type_hints(typed)) == [one.name for one in endpoint.parameters]
        assert typed.__required_keys__ == {one.name for one in endpoint.parameters if one.required}
    source = inspect.getsource(overloads)
    assert all(source.count(f'Literal["{endpoint.name}"]') == 2 for endpoint in ENDPOINTS.values())


@pytest.mark.parametrize("method", ENDPOINTS)
def test_submission_matches_documents(method: str) -> None:
    """A submission is a POST to the endpoint with the key, and every value is a string in the wrapper."""
    seen: list[httpx.Request] = []

    def handler(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        return enveloped({"task_id": "t-1"})

    endpoint = ENDPOINTS[method]
    job = getattr(client(handler), method)(**needed(endpoint))
    assert (job.id, job.state) == ("t-1", JobState.QUEUED)
    (request,) = seen
    assert (request.method, str(request.url)) == ("POST", BASE + endpoint.path)
    assert (request.headers["X-API-KEY"], request.headers["Content-Type"]) == (KEY, "application/json")
    body = json.loads(request.content)
    assert list(body) == ["data"]
    assert all(isinstance(value, str) for name, value in body["data"].items() if name != "images")
    assert body["data"].items() >= needed(endpoint).items()


@given(
    choices=st.lists(st.integers(1, 99), min_size=1, max_size=5, unique=True),
    unit=st.sampled_from(["", "s"]),
    value=st.integers(-5, 120) | st.booleans() | st.floats() | st.text(max_size=4) | st.none(),
)
def test_number_is_converted_to_string(choices: list[int], unit: str, value: Any) -> None:
    """5 is '5s' or '5', as in the table; True, 5.0 and other strings are refused."""
    words = tuple(f"{choice}{unit}" for choice in choices)
    parameter = Parameter("duration", choices=words)
    right = value in words if isinstance(value, str) else type(value) is int and value in choices
    if right:
        assert bodies._choice(parameter, value) == (value if isinstance(value, str) else f"{value}{unit}")
        return
    with pytest.raises(InvalidArgument, match="duration") as refusal:
        bodies._choice(parameter, value)
    assert all(repr(word) in str(refusal.value.allowed) for word in words)


@pytest.mark.parametrize(
    ("name", "given", "field", "expected"),
    [
        ("Kling 3", {}, "name", "did you mean 'Kling 3.0'?"),
        ("kling_3_0", {}, "name", "did you mean 'Kling 3.0'?"),
        ("KLING 3.0", {}, "name", "did you mean 'Kling 3.0'?"),
        ("Sora", {}, "name", "one of 'Imagen 4', 'soul_character'"),
        (None, {}, "name", "one of 'Imagen 4'"),
        ("x" * 5000, {}, "name", "one of 'Imagen 4'"),
        ("Kling 3.0", {"prompt": "x"}, "image", "requires this parameter"),
        ("Kling 3.0", {"prompt": "x", "image": IMAGE, "length": "5s"}, "length", "a parameter of 'Kling 3.0': prompt"),
        ("Kling 3.0", {"prompt": "x", "image": IMAGE, "durations": 5}, "durations", "did you mean 'duration'?"),
        ("Wan 2.6", {"prompt": "x"}, "image", "did you mean 'Wan 2.6 (Text To Video)'?"),
        ("Wan 2.6", {"prompt": "x", "size": "1:1"}, "size", "did you mean 'Wan 2.6 (Text To Video)'?"),
        ("Vidu Q3", {"prompt": "x", "ratio": "1:1"}, "ratio", "did you mean 'Vidu Q3 (Text To Video)'?"),
        ("Imagen 4", {"prompt": "x", "counts": 5}, "counts", "or the numbers 1, 2, 3, 4"),
        ("Kling 2.6", {"prompt": "x", "image": IMAGE, "generate_audio": "yes"}, "generate_audio", "True and False"),
        ("Nano Banana", {"prompt": "x", "images": IMAGE}, "images", "a list of 1 to 9"),
        ("Nano Banana", {"prompt": "x", "images": []}, "images", "a list of 1 to 9"),
        ("Nano Banana", {"prompt": "x", "images": [IMAGE, "fox.png"]}, "images", "http"),
    ],
)
def test_wrong_name_or_value_gets_suggestion(name: Any, given: Any, field: str, expected: str) -> None:
    """The error names the field, what is allowed and the nearest word; nothing is sent by either client."""
    with pytest.raises(InvalidArgument) as refusal:
        client(nothing).generate(name, **given)
    assert refusal.value.field == field
    assert expected in str(refusal.value)

    async def awaiting() -> None:
        async with AsyncMediaIO(KEY, base_url=BASE) as twin:
            await twin.generate(name, **given)

    with pytest.raises(InvalidArgument) as other:
        asyncio.run(awaiting())
    assert str(other.value) == str(refusal.value)


@pytest.mark.parametrize(
    ("word", "state"),
    [
        ("waiting", "queued"), ("pending", "queued"), ("processing", "running"), ("completed", "failed"),
        ("succeeded", "failed"), ("failed", "failed"), ("timeout", "expired"), ("Completed", "unknown"),
        ("", "unknown"), (None, "unknown"), (3, "unknown"), (["completed"], "unknown"),
    ],
)  # fmt: skip
def test_both_state_vocabularies_are_read(word: Any, state: str) -> None:
    """Each documented word has its state, success without output is a failure, and other words are not final."""
    assert polled(enveloped({"status": word})).state is JobState(state)


@pytest.mark.parametrize(
    ("url", "operation", "kind"),
    [
        ("https://r.example/a.mp4?x=y.png", None, "video"), ("https://r.example/a.PNG", None, "image"),
        ("https://r.example/a", None, "file"), ("https://r.example/a", "imagen_4", "image"),
        ("https://r.example/a.png", "kling_3_0", "video"), ("https://r.example/a.webp", "unknown", "image"),
    ],
)  # fmt: skip
def test_output_kind_follows_endpoint(url: str, operation: str | None, kind: str) -> None:
    """The endpoint determines the kind; without one the suffix of the URL does."""
    job = polled(enveloped({"status": "completed", "result": [{"preview": url}]}), operation)
    assert [output.kind for output in job.outputs] == [kind]


@given(document=JSON, status=st.sampled_from([200, 400, 500]))
def test_any_json_response_is_read_or_api_error(document: Any, status: int) -> None:
    """Any JSON in any place is read, or raises an ApiError."""
    for shaped in (
        document,
        {"code": 0, "data": document},
        {"code": document, "msg": document, "data": {}, "trace_id": document},
        {"code": 0, "data": {"status": document, "result": document, "reason": document}},
        {"code": 0, "data": {"status": "completed", "result": document}},
    ):
        try:
            polled(httpx.Response(status, content=json.dumps(shaped)))
        except errors.ApiError as error:
            assert error.vendor == PROFILE.slug  # noqa: PT017 - either end is right, and this is one of them


@pytest.mark.parametrize(
    ("code", "status", "kind"),
    [
        (374004, 200, errors.AuthenticationError), (40001, 200, errors.AuthenticationError),
        (40002, 401, errors.AuthenticationError), (40003, 200, errors.NotFoundError),
        (490000, 500, errors.BadRequestError), (490505, 200, errors.InsufficientCreditsError),
        (490429, 200, errors.ConcurrencyLimitError), (7, 200, errors.ApiError), (7, 404, errors.NotFoundError),
        (7, 500, errors.ServerError),
    ],
)  # fmt: skip
def test_code_precedes_status(code: int, status: int, kind: type[errors.ApiError]) -> None:
    """A known code decides, and the HTTP status only for an unknown one."""
    with pytest.raises(errors.ApiError) as caught:
        polled(enveloped({}, code, "", status))
    assert type(caught.value) is kind
    assert (caught.value.code, caught.value.request_id) == (code, TRACE)
    assert f"refused with code {code}" in str(caught.value)


@pytest.mark.parametrize(
    ("response", "kind"),
    [
        (enveloped({}, 490000, "no"), errors.BadRequestError),
        (enveloped({}, 490000, "no", 500), errors.BadRequestError),
        (enveloped({}, 12, "no"), errors.SubmitOutcomeUnknown),
        (enveloped({}, 12, "no", 503), errors.SubmitOutcomeUnknown),
        (httpx.Response(502, text="<html>"), errors.SubmitOutcomeUnknown),
        (httpx.Response(200, json={"code": 0, "data": None}), errors.SubmitOutcomeUnknown),
        (httpx.Response(200, json={"data": {"task_id": "t"}}), errors.SubmitOutcomeUnknown),
        (httpx.Response(401, text="who?"), errors.AuthenticationError),
    ],
)
def test_only_certain_refusals_are_refusals(response: httpx.Response, kind: type[Exception]) -> None:
    """A documented code refuses, and so does HTTP 4xx; all else is an unknown outcome."""
    sent: list[httpx.Request] = []

    def handler(request: httpx.Request) -> httpx.Response:
        sent.append(request)
        return response

    with pytest.raises(errors.SoundstageError) as caught:
        client(handler).imagen_4("a kite")
    assert type(caught.value) is kind
    assert len(sent) == 1


@pytest.mark.parametrize(
    ("task", "path"),
    [("t-1", "t-1"), ("a/b?c#d", "a%2Fb%3Fc%23d"), ("..", "%2E%2E"), (".", "%2E"), ("a.b", "a.b"), ("狐", "%E7%8B%90")],
)
def test_id_is_one_path_segment(task: str, path: str) -> None:
    """No character of an id changes the path."""
    seen: list[str] = []

    def handler(request: httpx.Request) -> httpx.Response:
        seen.append(request.url.raw_path.decode())
        return enveloped({"status": "waiting"})

    client(handler).job(task).refresh()
    assert seen == [f"/generation/result/{path}"]


def test_balance_is_retried() -> None:
    """Reading the balance is free, so a server error is retried."""
    answers = [httpx.Response(503), enveloped({"credits": 12})]
    assert client(lambda _: answers.pop(0)).credits() == 12


def test_profile_matches_documents() -> None:
    """Host, variables, abilities and the exact names of the endpoints are those of the documents."""
    assert PROFILE.base_url == "https://openapi.media.io"
    assert (dict(PROFILE.credentials), PROFILE.base_url_variable) == (
        {"api_key": "MEDIAIO_API_KEY"},
        "MEDIAIO_BASE_URL",
    )
    assert not PROFILE.has_callback
    assert PROFILE.api_names["Kling 3.0"] == "kling_3_0"
    assert PROFILE.api_names["Wan 2.6 (Text To Video)"] == "wan_2_6_text_to_video"
    assert len(PROFILE.api_names) == 22
