"""Contracts of Veo's refusals beside the shared laws: broken calls, images, keys, extensions, quotas."""

from __future__ import annotations

import json
from base64 import b64encode
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import pytest

from soundstage import InvalidArgument
from soundstage.errors import NotFoundError
from soundstage_contracts import proves
from soundstage_contracts.laws.requests import has_value, is_plain
from soundstage_contracts.vendors import veo as vendor
from soundstage_contracts.vendors.veo import BROKEN, CONTRACT, CREATE, PNG, Broken, RawClient
from soundstage_contracts.vendors.veo import refusal_of_google as google
from soundstage_contracts.vendors.veo import refusal_of_proxy as proxy
from soundstage_contracts.vendors.veo.arguments import VEO_2, VEO_3, VEO_3_1, image_member
from soundstage_contracts.vendors.veo.raw_client import DIRECT, PROXY, DirectRawClient, new_raw_client

if TYPE_CHECKING:
    from pathlib import Path

    import httpx

    from soundstage_contracts.simulators.target import Target

both_addresses = pytest.mark.parametrize("prefix", [PROXY, DIRECT], ids=["proxy", "direct"])
VIDEO: dict[str, Any] = {"instances": [{"prompt": "A fox"}]}
RULES = [f"veo:{fact}" for fact in sorted({case.fact for case in BROKEN})]
CLIENT_CASES = [case for case in BROKEN if case.argument]
CLIENT_RULES = [f"veo:{fact}" for fact in sorted({case.fact for case in CLIENT_CASES})]
LARGE = PNG + bytes(20_000_001 - len(PNG))


@pytest.fixture
def raw(target: Target) -> RawClient:
    """Return a raw client with a new key, through the proxy."""
    return RawClient(target)


def named(case: Broken) -> str:
    """Return the name of a case."""
    return f"{case.names} {case.fact}"


@proves(*RULES, "veo:create.prompt_words", "veo:create.parameters", "veo:errors.where", side="server")
@both_addresses
@pytest.mark.parametrize("case", BROKEN, ids=named)
def test_every_broken_call_is_refused_by_name(target: Target, prefix: str, case: Broken) -> None:
    """A call that breaks a rule is 400 INVALID_ARGUMENT, which names the parameter; nothing is started or charged."""
    raw = new_raw_client(target, prefix)
    answer = raw.post(vendor.broken_body(case), case.arguments.get("model", VEO_3))
    assert case.names in google(answer, 400, "INVALID_ARGUMENT", case.fact)["message"]
    assert raw.untouched()


@proves(*CLIENT_RULES, "veo:create.prompt_words", side="client")
@pytest.mark.parametrize("case", CLIENT_CASES, ids=named)
def test_client_refuses_every_broken_call_before_sending(target: Target, case: Broken) -> None:
    """An argument that breaks a rule is an InvalidArgument with its name, and nothing is sent."""
    sent: list[httpx.Request] = []
    client = target.client(CONTRACT, target.new_account(), http=target.http(event_hooks={"request": [sent.append]}))
    with pytest.raises(InvalidArgument) as refused:
        client.generate_videos(**{"prompt": "A fox", **case.arguments})
    assert refused.value.field == case.argument
    given = case.arguments.get(case.argument)
    assert has_value(refused.value, given)
    if is_plain(given):
        assert repr(given) in str(refused.value)
    assert sent == []


@proves("veo:create.image_size", "veo:create.image_checked", side="server")
def test_image_of_more_than_20_mb_is_refused(raw: RawClient) -> None:
    """An image of 20 MB is accepted, and one byte more is refused, in either shape."""
    for inline in (False, True):
        body = {"instances": [{"prompt": "A fox", "image": image_member(LARGE, inline=inline)}]}
        assert "20000000" in google(raw.post(body), 400, "INVALID_ARGUMENT", "create.image_size")["message"]
    raw.start({"instances": [{"prompt": "A fox", "image": image_member(LARGE[:-1])}]})


@proves("veo:create.image_size", "veo:create.image_checked", "veo:create.image", side="client")
@pytest.mark.parametrize("argument", ["image", "last_frame", "reference_images"])
@pytest.mark.parametrize(
    "value", [LARGE, b"", b"GIF89a" + bytes(99), "https://example.com/a.png", "no/such/file.png", 5]
)
def test_client_refuses_invalid_images_before_sending(target: Target, argument: str, value: Any) -> None:
    """An image is a path or bytes of a PNG or JPEG of at most 20 MB; a URL is refused."""
    sent: list[httpx.Request] = []
    client = target.client(CONTRACT, target.new_account(), http=target.http(event_hooks={"request": [sent.append]}))
    given = {"image": PNG, "model": VEO_3_1, argument: [value] if argument == "reference_images" else value}
    with pytest.raises(InvalidArgument) as refused:
        client.generate_videos("A fox", **given)
    assert (refused.value.field, sent) == (argument, [])


@proves("veo:create.image", "veo:create.last_frame", "veo:create.references", side="client")
def test_client_sends_each_image_under_its_documented_member(target: Target) -> None:
    """Image, last frame and references arrive as image, lastFrame and referenceImages of the first instance."""
    sent: list[httpx.Request] = []
    client = target.client(CONTRACT, target.new_account(), http=target.http(event_hooks={"request": [sent.append]}))
    client.generate_videos("A fox", image=PNG, last_frame=PNG, model=VEO_3_1)
    client.generate_videos("A fox", reference_images=[PNG, PNG], model=VEO_3_1)
    encoded = {"bytesBase64Encoded": b64encode(PNG).decode(), "mimeType": "image/png"}
    first, second = ({**json.loads(request.content)["instances"][0], "prompt": ""} for request in sent)
    assert first == {"prompt": "", "image": encoded, "lastFrame": encoded}
    assert second == {"prompt": "", "referenceImages": [{"image": encoded, "referenceType": "ASSET"}] * 2}


@proves("veo:create.image", side="client")
def test_client_sends_the_file_at_a_path(target: Target, tmp_path: Path) -> None:
    """A path, as text or as a path object, sends the bytes of that file."""
    sent: list[httpx.Request] = []
    client = target.client(CONTRACT, target.new_account(), http=target.http(event_hooks={"request": [sent.append]}))
    (tmp_path / "fox.png").write_bytes(PNG)
    for image in (tmp_path / "fox.png", str(tmp_path / "fox.png"), PNG):
        client.generate_videos("A fox", image=image)
    assert {request.content for request in sent} == {sent[0].content}
    assert b64encode(PNG) in sent[0].content


@proves("veo:create.extension", side="client")
@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"model": VEO_3}, "video"),
        ({"model": VEO_2}, "video"),
        ({"resolution": "1080p"}, "resolution"),
        ({"duration_seconds": 6}, "duration_seconds"),
        ({"video": "https://example.com/a.mp4"}, "video"),
    ],
    ids=str,
)
def test_client_refuses_an_invalid_extension(target: Target, wrong: dict[str, Any], field: str) -> None:
    """Only Veo 3.1 extends a video, one that Veo made, in 720p and by 8 seconds."""
    client = target.client(CONTRACT, target.new_account())
    with pytest.raises(InvalidArgument) as refused:
        client.generate_videos(
            "On",
            **{"model": VEO_3_1, "video": f"{vendor.GOOGLE}/v1beta/files/abcdefghij12:download?alt=media", **wrong},
        )
    assert refused.value.field == field


@proves("veo:create.parameters", side="client")
def test_unknown_model_is_sent_what_any_model_takes(target: Target) -> None:
    """A model that no document names is given any documented value, and an image without a prompt; nothing else is."""
    sent: list[httpx.Request] = []
    client = target.client(CONTRACT, target.new_account(), http=target.http(event_hooks={"request": [sent.append]}))

    def generate(**arguments: Any) -> Any:
        with suppress(NotFoundError):
            client.generate_videos(**{"model": "veo-9.0-generate", **arguments})
        return json.loads(sent[-1].content)

    given = ({"sample_count": 2}, {"resolution": "4k"}, {"duration_seconds": 5}, {"person_generation": "dont_allow"})
    for arguments in given:
        ((name, value),) = arguments.items()
        assert generate(prompt="A fox", **arguments)["parameters"][vendor.NAMES[name]] == value
    assert "prompt" not in generate(prompt=None, image=PNG)["instances"][0]
    assert generate(prompt="A fox", reference_images=[PNG])["instances"][0]["referenceImages"]
    before = len(sent)
    for wrong in ({"prompt": "A fox", "sample_count": 3}, {"prompt": "A fox", "duration_seconds": 7}, {"prompt": None}):
        with pytest.raises(InvalidArgument) as refused:
            generate(**wrong)
        assert refused.value.field == next(reversed(wrong))
    assert len(sent) == before


@proves("veo:create.extension", "veo:create.extension_file", "veo:download.owner", side="server")
@pytest.mark.parametrize(
    ("model", "parameters"),
    [(VEO_3, {}), (VEO_2, {}), (VEO_3_1, {"resolution": "1080p"}), (VEO_3_1, {"durationSeconds": 6})],
)
def test_invalid_extension_is_refused(raw: RawClient, model: str, parameters: dict[str, Any]) -> None:
    """An extension needs Veo 3.1, 720p and 8 seconds, and a video of the caller that has not expired."""
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
def test_google_refuses_a_missing_or_wrong_key(target: Target, route: str) -> None:
    """Without the proxy a missing key is 403 PERMISSION_DENIED, a wrong one 400 with the reason API_KEY_INVALID."""
    raw = DirectRawClient(target)
    google(request_with(raw, route, {}), 403, "PERMISSION_DENIED", "errors.google")
    for word in ("invalid-", "expired-"):
        error = google(request_with(raw, route, {"x-goog-api-key": target.new_account(word)}), 400, "INVALID_ARGUMENT")
        assert "API_KEY_INVALID" in [detail.get("reason") for detail in error["details"]]


@proves("veo:errors.proxy", "veo:errors.where", side="server")
@pytest.mark.parametrize("route", ["create", "poll", "redirect", "download"])
def test_proxy_refuses_a_missing_or_wrong_key(target: Target, route: str) -> None:
    """Through the proxy a missing or wrong key is the proxy's own 401 auth_error."""
    raw = RawClient(target)
    for key in ({}, *({"x-goog-api-key": target.new_account(word)} for word in ("invalid-", "expired-"))):
        proxy(request_with(raw, route, key), 401, "auth_error", "errors.proxy")


def request_with(raw: RawClient, route: str, headers: dict[str, str]) -> httpx.Response:
    """Send a request to *route* with *headers* in place of the raw client's key."""
    http = raw.target.http(headers=headers)
    if route == "create":
        return http.post(raw.url + CREATE.format(model=VEO_3), json=VIDEO)
    path = {
        "poll": f"/v1beta/{raw.create()}",
        "redirect": "/v1beta/files/abcdefghij12:download?alt=media",
        "download": "/download/v1beta/files/abcdefghij12:download?alt=media",
    }[route]
    return http.get(raw.url + path)


@proves("veo:errors.google", "veo:models.known", "veo:models.retired", "veo:errors.where", side="server")
@both_addresses
def test_unknown_or_retired_model_is_not_found(target: Target, prefix: str) -> None:
    """An unknown model is 404 NOT_FOUND; so is a retired one, with a message that it is no longer available."""
    raw = new_raw_client(target, prefix)
    assert "veo-4" in google(raw.post(VIDEO, "veo-4"), 404, "NOT_FOUND", "errors.google")["message"]
    order = {"vendor": "veo", "account": raw.name, "operation": VEO_2, "code": "MODEL_RETIRED"}
    target.control.order("refuse", **order)
    assert "no longer available" in google(raw.post(VIDEO, VEO_2), 404, "NOT_FOUND", "models.retired")["message"]
    raw.create(model=VEO_3)


@proves("veo:create.route", "veo:create.one_instance", "veo:create.image", side="server")
@pytest.mark.parametrize(
    "body", [b"", b"{", b"[]", b'"a"', b"{}", b'{"instances": {}}', b'{"instances": []}', b'{"instances": [1]}',
             b'{"instances": [{"prompt": "a"}, {"prompt": "b"}]}', b'{"instances": [{"prompt": "a"}], "parameters": 5}',
             b'{"instances": [{"prompt": 5}]}'],
)  # fmt: skip
def test_body_without_exactly_one_instance_is_refused(raw: RawClient, body: bytes) -> None:
    """A body that is no object with one instance is 400 INVALID_ARGUMENT."""
    google(raw.request("POST", CREATE.format(model=VEO_3), content=body), 400, "INVALID_ARGUMENT")


@proves("veo:route.unknown", side="server")
@both_addresses
@pytest.mark.parametrize(
    ("method", "path"),
    [("GET", "/v1beta/models"), ("DELETE", f"/v1beta/models/{VEO_3}/operations/x"), ("POST", "/v1/models/x:predict")],
)
def test_unknown_route_is_not_found(target: Target, prefix: str, method: str, path: str) -> None:
    """An undocumented path or method is 404 NOT_FOUND of Google."""
    google(new_raw_client(target, prefix).request(method, path), 404, "NOT_FOUND", "route.unknown")


@proves("veo:charge", "veo:errors.proxy", "veo:errors.google", "veo:errors.where", "veo:quota.retry", side="server")
def test_used_up_budget_is_refused_by_proxy_or_google(target: Target) -> None:
    """A used-up budget is the proxy's 429 budget_exceeded, and without the proxy Google's RESOURCE_EXHAUSTED."""
    broke = target.new_account("broke-")
    proxy(RawClient(target, broke).post(VIDEO), 429, "budget_exceeded", "charge")
    error = google(DirectRawClient(target, broke).post(VIDEO), 429, "RESOURCE_EXHAUSTED", "charge")
    assert error["details"] == [{"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": "41s"}]


@proves("veo:errors.google", side="client")
def test_client_waits_for_the_retry_delay(target: Target) -> None:
    """After RESOURCE_EXHAUSTED the client sends the call again once the seconds of RetryInfo are over."""
    raw = RawClient(target)
    raw.create()
    order = {"code": "RESOURCE_EXHAUSTED", "vendor": "veo", "account": raw.name, "times": 1}
    target.control.order("refuse", **order)
    before = target.control.now(raw.name)
    assert target.client(CONTRACT, raw.account, clock=target.advancing_clock()).generate_videos("A fox").id
    assert target.control.now(raw.name) - before >= 41
