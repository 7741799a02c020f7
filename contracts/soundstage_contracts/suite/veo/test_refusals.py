"""The contracts of how proxy and host refuse, and what the client calls that."""

from __future__ import annotations

from base64 import b64encode
from typing import TYPE_CHECKING, Any

import pytest

from soundstage import InvalidArgument, errors
from soundstage_contracts import proves
from soundstage_contracts.vendors import veo as vendor
from soundstage_contracts.vendors.veo import BROKEN, CONTRACT, CREATE, PNG, Broken, RawClient
from soundstage_contracts.vendors.veo import refusal_of_google as google
from soundstage_contracts.vendors.veo import refusal_of_proxy as proxy
from soundstage_contracts.vendors.veo.arguments import VEO_2, VEO_3, VEO_3_1, picture
from soundstage_contracts.vendors.veo.raw_client import DIRECT, PROXY

if TYPE_CHECKING:
    from pathlib import Path

    import httpx

    from soundstage_contracts.simulators.target import Target

EITHER_WAY = pytest.mark.parametrize("before", [PROXY, DIRECT], ids=["through the proxy", "without it"])
FILM: dict[str, Any] = {"instances": [{"prompt": "A fox"}]}
RULES = [f"veo:{fact}" for fact in sorted({case.fact for case in BROKEN})]
CLIENTS_OWN = [case for case in BROKEN if case.argument]
CLIENTS_RULES = [f"veo:{fact}" for fact in sorted({case.fact for case in CLIENTS_OWN})]
LARGE = PNG + bytes(20_000_001 - len(PNG))


@pytest.fixture
def raw(target: Target) -> RawClient:
    """Speak through the proxy, with a new key."""
    return RawClient(target)


def named(case: Broken) -> str:
    """Return what a case is about."""
    return f"{case.names} {case.fact}"


@proves(*RULES, "veo:create.prompt_words", "veo:create.parameters", "veo:errors.where", side="server")
@EITHER_WAY
@pytest.mark.parametrize("case", BROKEN, ids=named)
def test_every_broken_call_is_refused_and_costs_nothing(target: Target, before: str, case: Broken) -> None:
    """What breaks a rule is 400 INVALID_ARGUMENT in Google's envelope, names the parameter, and makes nothing."""
    raw = RawClient(target, before=before)
    answer = raw.post(vendor.broken_body(case), case.arguments.get("model", VEO_3))
    assert case.names in google(answer, 400, "INVALID_ARGUMENT", case.fact)["message"]
    assert target.control.tasks(raw.name) == []
    assert target.control.money("veo", raw.name).entries == ()


@proves(*CLIENTS_RULES, "veo:create.prompt_words", side="client")
@pytest.mark.parametrize("case", CLIENTS_OWN, ids=named)
def test_the_client_refuses_a_broken_call_before_it_sends(target: Target, case: Broken) -> None:
    """An argument that breaks a rule is an InvalidArgument that names it; nothing is sent."""
    sent: list[httpx.Request] = []
    client = target.client(CONTRACT, target.new_account(), http=target.http(event_hooks={"request": [sent.append]}))
    with pytest.raises(InvalidArgument) as refused:
        client.generate_videos(**{"prompt": "A fox", **case.arguments})
    assert refused.value.field == case.argument
    assert sent == []


@proves("veo:create.image_size", "veo:create.image_checked", side="server")
def test_an_image_of_more_than_20_mb_is_refused(raw: RawClient) -> None:
    """20 MB are taken, one byte more is not, in either shape."""
    for inline in (False, True):
        body = {"instances": [{"prompt": "A fox", "image": picture(LARGE, inline=inline)}]}
        assert "20000000" in google(raw.post(body), 400, "INVALID_ARGUMENT", "create.image_size")["message"]
    raw.start({"instances": [{"prompt": "A fox", "image": picture(LARGE[:-1])}]})


@proves("veo:create.image_size", "veo:create.image_checked", "veo:create.image", side="client")
@pytest.mark.parametrize("argument", ["image", "last_frame", "reference_images"])
@pytest.mark.parametrize(
    "value", [LARGE, b"", b"GIF89a" + bytes(99), "https://example.com/a.png", "no/such/file.png", 5]
)
def test_the_client_refuses_what_is_no_image_before_it_sends(target: Target, argument: str, value: Any) -> None:
    """An image is a path or bytes of a PNG or JPEG of at most 20 MB; an address is none."""
    sent: list[httpx.Request] = []
    client = target.client(CONTRACT, target.new_account(), http=target.http(event_hooks={"request": [sent.append]}))
    given = {"image": PNG, "model": VEO_3_1, argument: [value] if argument == "reference_images" else value}
    with pytest.raises(InvalidArgument) as refused:
        client.generate_videos("A fox", **given)
    assert (refused.value.field, sent) == (argument, [])


@proves("veo:create.image", side="client")
def test_the_client_sends_the_bytes_of_a_path(target: Target, tmp_path: Path) -> None:
    """A path, as text or as a path object, is the image that stands there."""
    sent: list[httpx.Request] = []
    client = target.client(CONTRACT, target.new_account(), http=target.http(event_hooks={"request": [sent.append]}))
    (tmp_path / "fox.png").write_bytes(PNG)
    for image in (tmp_path / "fox.png", str(tmp_path / "fox.png"), PNG):
        client.generate_videos("A fox", image=image)
    assert {request.content for request in sent} == {sent[0].content}
    assert b64encode(PNG) in sent[0].content


@proves("veo:create.extension", side="client")
@pytest.mark.parametrize(
    "wrong",
    [
        {"model": VEO_3},
        {"model": VEO_2},
        {"resolution": "1080p"},
        {"duration_seconds": 6},
        {"video": "https://example.com/a.mp4"},
    ],
    ids=str,
)
def test_the_client_refuses_an_extension_that_cannot_be(target: Target, wrong: dict[str, Any]) -> None:
    """Only Veo 3.1 goes on with a film, one that it made, in 720p and for 8 seconds."""
    client = target.client(CONTRACT, target.new_account())
    with pytest.raises(InvalidArgument):
        client.generate_videos(
            "On",
            **{"model": VEO_3_1, "video": f"{vendor.GOOGLE}/v1beta/files/abcdefghij12:download?alt=media", **wrong},
        )


@proves("veo:create.extension", "veo:create.extension_file", "veo:download.owner", side="server")
@pytest.mark.parametrize(
    ("model", "parameters"),
    [(VEO_3, {}), (VEO_2, {}), (VEO_3_1, {"resolution": "1080p"}), (VEO_3_1, {"durationSeconds": 6})],
)
def test_an_extension_that_cannot_be_is_refused(raw: RawClient, model: str, parameters: dict[str, Any]) -> None:
    """Veo 3.1 alone, 720p and 8 seconds; and the film must be there and the caller's own."""
    uri = f"{vendor.GOOGLE}/v1beta/files/{raw.file()}:download?alt=media"
    body = {"instances": [{"prompt": "On", "video": {"uri": uri}}], "parameters": parameters}
    google(raw.post(body, model), 400, "INVALID_ARGUMENT", "create.extension")
    body["parameters"] = {}
    google(RawClient(raw.target).post(body, VEO_3_1), 403, "PERMISSION_DENIED", "download.owner")
    raw.start(body, VEO_3_1)
    raw.advance(5 * 24 * 3600.0)
    google(raw.post(body, VEO_3_1), 403, "PERMISSION_DENIED", "download.retention")


@proves("veo:errors.google", "veo:errors.where", side="server")
@pytest.mark.parametrize("route", ["create", "poll", "redirect", "download"])
def test_google_refuses_a_missing_and_a_wrong_key(target: Target, route: str) -> None:
    """Without the proxy no key is 403 PERMISSION_DENIED, a wrong one 400 with the reason API_KEY_INVALID."""
    raw = RawClient(target, before=DIRECT)
    google(asked(raw, route, {}), 403, "PERMISSION_DENIED", "errors.google")
    for word in ("invalid-", "expired-"):
        error = google(asked(raw, route, {"x-goog-api-key": target.new_account(word)}), 400, "INVALID_ARGUMENT")
        assert "API_KEY_INVALID" in [detail.get("reason") for detail in error["details"]]


@proves("veo:errors.proxy", "veo:errors.where", side="server")
@pytest.mark.parametrize("route", ["create", "poll", "redirect", "download"])
def test_the_proxy_refuses_a_missing_and_a_wrong_key(target: Target, route: str) -> None:
    """Through the proxy either is its own 401 auth_error, whose code is a string."""
    raw = RawClient(target)
    for key in ({}, *({"x-goog-api-key": target.new_account(word)} for word in ("invalid-", "expired-"))):
        proxy(asked(raw, route, key), 401, "auth_error", "errors.proxy")


def asked(raw: RawClient, route: str, headers: dict[str, str]) -> httpx.Response:
    """Ask for something with another key, or none."""
    http = raw.target.http(headers=headers)
    if route == "create":
        return http.post(raw.url + CREATE.format(model=VEO_3), json=FILM)
    path = {
        "poll": f"/v1beta/{raw.create()}",
        "redirect": "/v1beta/files/abcdefghij12:download?alt=media",
        "download": "/download/v1beta/files/abcdefghij12:download?alt=media",
    }[route]
    return http.get(raw.url + path)


@proves("veo:errors.google", "veo:models.known", "veo:models.retired", "veo:errors.where", side="server")
@EITHER_WAY
def test_a_model_that_is_not_there_is_not_found(target: Target, before: str) -> None:
    """An unknown model is 404 NOT_FOUND; so is one that an order retires, which is said to be no longer available."""
    raw = RawClient(target, before=before)
    assert "veo-4" in google(raw.post(FILM, "veo-4"), 404, "NOT_FOUND", "errors.google")["message"]
    order = {"vendor": "veo", "account": raw.name, "operation": VEO_2, "code": "MODEL_RETIRED"}
    target.control.order("refuse", **order)
    assert "no longer available" in google(raw.post(FILM, VEO_2), 404, "NOT_FOUND", "models.retired")["message"]
    raw.create(model=VEO_3)


@proves("veo:errors.google", "veo:errors.where", "veo:operation.name", side="server")
@EITHER_WAY
def test_an_operation_of_nobody_or_of_somebody_else_is_not_found(target: Target, before: str) -> None:
    """An operation that does not exist, or is another key's, is 404 NOT_FOUND."""
    mine, yours = RawClient(target, before=before), RawClient(target, before=before)
    for name in (mine.create(), f"models/{VEO_3}/operations/abcdefghij12", f"models/{VEO_2}/operations/x"):
        google(yours.get(f"/v1beta/{name}"), 404, "NOT_FOUND", "errors.google")


@proves("veo:create.route", "veo:create.one_instance", "veo:create.image", side="server")
@pytest.mark.parametrize(
    "body", [b"", b"{", b"[]", b'"a"', b"{}", b'{"instances": {}}', b'{"instances": []}', b'{"instances": [1]}',
             b'{"instances": [{"prompt": "a"}, {"prompt": "b"}]}', b'{"instances": [{"prompt": "a"}], "parameters": 5}',
             b'{"instances": [{"prompt": 5}]}'],
)  # fmt: skip
def test_a_body_of_another_shape_is_refused(raw: RawClient, body: bytes) -> None:
    """A body that is no object with one instance is refused as an invalid argument."""
    google(raw.request("POST", CREATE.format(model=VEO_3), content=body), 400, "INVALID_ARGUMENT")


@proves("veo:route.unknown", side="server")
@EITHER_WAY
@pytest.mark.parametrize(
    ("method", "path"),
    [("GET", "/v1beta/models"), ("DELETE", f"/v1beta/models/{VEO_3}/operations/x"), ("POST", "/v1/models/x:predict")],
)
def test_what_nobody_documents_is_not_found(target: Target, before: str, method: str, path: str) -> None:
    """Another path, or another method, is 404 NOT_FOUND in Google's envelope."""
    google(RawClient(target, before=before).request(method, path), 404, "NOT_FOUND", "route.unknown")


@proves("veo:charge", "veo:errors.proxy", "veo:errors.google", "veo:errors.where", "veo:quota.retry", side="server")
def test_who_cannot_pay_is_refused_by_whom_they_ask(target: Target) -> None:
    """A budget that is used up is the proxy's 429 budget_exceeded there, and Google's RESOURCE_EXHAUSTED elsewhere."""
    broke = target.new_account("broke-")
    proxy(RawClient(target, broke).post(FILM), 429, "budget_exceeded", "charge")
    error = google(RawClient(target, broke, DIRECT).post(FILM), 429, "RESOURCE_EXHAUSTED", "charge")
    assert error["details"] == [{"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": "41s"}]


@proves("veo:errors.google", "veo:errors.where", side="server")
@EITHER_WAY
def test_a_quota_that_is_used_up_is_googles(target: Target, before: str) -> None:
    """One film too many at once is 429 RESOURCE_EXHAUSTED with RetryInfo, on either way; later there is room again."""
    raw = RawClient(target, target.new_account("limited-"), before)
    first = raw.create()
    error = google(raw.post(FILM), 429, "RESOURCE_EXHAUSTED", "errors.google")
    assert [detail["@type"].rpartition(".")[2] for detail in error["details"]] == ["RetryInfo"]
    raw.finish(first)
    raw.create()


@proves("veo:errors.google", "veo:errors.proxy", "veo:errors.where", side="server")
@pytest.mark.parametrize(
    ("code", "status", "kind"),
    [("INTERNAL", 500, "google"), ("UNAVAILABLE", 503, "google"), ("internal_server_error", 500, "proxy")],
)
def test_a_server_error_can_be_ordered(raw: RawClient, code: str, status: int, kind: str) -> None:
    """500 INTERNAL and 503 UNAVAILABLE are Google's; a proxy without a key for Google is its own 500."""
    raw.create()
    raw.target.control.order("refuse", code=code, vendor="veo", account=raw.name, times=1)
    check = google if kind == "google" else proxy
    check(raw.post(FILM), status, code)


@proves("veo:errors.google", "veo:errors.proxy", "veo:models.retired", "veo:models.known", side="client")
@pytest.mark.parametrize(
    ("code", "kind"),
    [
        ("INVALID_ARGUMENT", errors.BadRequestError),
        ("API_KEY_INVALID", errors.AuthenticationError),
        ("PERMISSION_DENIED", errors.PermissionDeniedError),
        ("NOT_FOUND", errors.NotFoundError),
        ("MODEL_RETIRED", errors.NotFoundError),
        ("RESOURCE_EXHAUSTED", errors.RateLimitError),
        ("auth_error", errors.AuthenticationError),
        ("budget_exceeded", errors.InsufficientCreditsError),
    ],
)
@EITHER_WAY
def test_the_client_calls_every_refusal_by_its_name(
    target: Target, before: str, code: str, kind: type[errors.ApiError]
) -> None:
    """A refused create is a typed error in either envelope, and nothing is charged."""
    raw = RawClient(target, before=before)
    client = CONTRACT.client(raw.account, base_url=raw.url, http=target.http(), clock=target.advancing_clock())
    target.control.order("refuse", code=code, vendor="veo", account=raw.name)
    with pytest.raises(errors.ApiError) as refused:
        client.generate_videos("A fox", model=VEO_2)
    assert type(refused.value) is kind
    assert refused.value.message
    assert target.control.tasks(raw.name) == []


@proves("veo:errors.unknown_outcome", side="client")
@pytest.mark.parametrize(("code", "status"), [("INTERNAL", 500), ("internal_server_error", 500), ("UNAVAILABLE", 503)])
def test_a_server_error_leaves_the_outcome_unknown(target: Target, code: str, status: int) -> None:
    """After a server error no one can know whether a video was started: the call is not sent again."""
    raw = RawClient(target)
    raw.create()
    target.control.order("refuse", code=code, vendor="veo", account=raw.name)
    with pytest.raises(errors.SubmitOutcomeUnknown) as unknown:
        target.client(CONTRACT, raw.account).generate_videos("A fox")
    assert unknown.value.status == status
    posts = [entry for entry in target.control.requests(raw.name) if entry["method"] == "POST"]
    assert len(posts) == 2


@proves("veo:errors.google", "veo:errors.proxy", "veo:errors.where", side="client")
def test_the_client_tells_a_wrong_key_and_an_empty_purse_apart(target: Target) -> None:
    """A refused key is AuthenticationError on either way; what cannot be paid is told by the proxy as such."""
    for word, kind in (("invalid-", errors.AuthenticationError), ("broke-", errors.InsufficientCreditsError)):
        with pytest.raises(kind):
            target.client(CONTRACT, target.new_account(word)).generate_videos("A fox")
    direct = CONTRACT.client(target.new_account("expired-"), base_url=target.base_url("veo"), http=target.http())
    with pytest.raises(errors.AuthenticationError) as refused:
        direct.generate_videos("A fox")
    assert (refused.value.status, refused.value.code) == (400, "INVALID_ARGUMENT")


@proves("veo:errors.google", side="client")
def test_the_client_waits_as_long_as_it_is_asked_to(target: Target) -> None:
    """RESOURCE_EXHAUSTED refuses for the moment: the call is sent again after RetryInfo's seconds, and goes well."""
    raw = RawClient(target)
    raw.create()
    order = {"code": "RESOURCE_EXHAUSTED", "vendor": "veo", "account": raw.name, "times": 1}
    target.control.order("refuse", **order)
    before = target.control.now(raw.name)
    assert target.client(CONTRACT, raw.account, clock=target.advancing_clock()).generate_videos("A fox").id
    assert target.control.now(raw.name) - before >= 41
