"""EdrawMax's contracts: accepted and refused requests, what the client sends, and how it reads responses."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, get_args
from urllib.parse import urlsplit

import anyio
import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from soundstage import EdrawMax, InvalidArgument, SkippingClock, SpendLimit
from soundstage.vendors.edrawmax import Language, Platform
from soundstage_contracts import load_facts, proves
from soundstage_contracts.simulators.control import account_name
from soundstage_contracts.vendors.edrawmax import CONTRACT
from soundstage_contracts.vendors.edrawmax.arguments import (
    KINDS,
    LANGUAGES,
    LOCALES,
    NO_LANGUAGE,
    NO_PROMPT,
    PLATFORMS,
    bodies,
    locales,
)
from soundstage_contracts.vendors.edrawmax.raw_client import CODES, LANG_MESSAGE, ROUTE, RawClient, assert_refused

if TYPE_CHECKING:
    from soundstage_contracts.simulators.target import Target

kinds = pytest.mark.parametrize("kind", KINDS)


@pytest.fixture
def raw(target: Target) -> RawClient:
    """Return a raw client with a new user."""
    return RawClient(target)


def recording_client(target: Target, account: str, **options: Any) -> tuple[Any, list[httpx.Request]]:
    """Return a client, and the list of the requests that it sends."""
    sent: list[httpx.Request] = []
    http = target.http(event_hooks={"request": [sent.append]})
    return target.client(CONTRACT, account, http=http, **options), sent


@proves("edrawmax:auth.none", "edrawmax:user.any", side="server")
def test_user_header_selects_the_account(target: Target) -> None:
    """X-User-ID selects the account; without it the account is 0; a user_id in the body is ignored."""
    named = RawClient(target, target.new_account("invalid-"))
    named.draw("gantt", user_id="another-user")
    assert len(target.control.tasks(named.name)) == 1
    RawClient(target, "0").draw("gantt")
    before = {task["id"] for task in target.control.tasks(account_name("edrawmax", "0"))}
    body = {"prompt": "A fox", "user_id": named.account}
    payload = target.http().post(f"{named.url}{ROUTE}mindmap", json=body).json()
    assert payload["code"] == 0
    (made,) = {task["id"] for task in target.control.tasks(account_name("edrawmax", "0"))} - before
    assert made in payload["data"]["png_url"]
    assert len(target.control.tasks(named.name)) == 1


@proves("edrawmax:auth.none", side="client")
@pytest.mark.parametrize(("given_id", "set_id", "sent_id"), [(None, None, "0"), (None, "77", "77"), (5, "77", "5")])
def test_client_sends_its_user_in_the_header(
    target: Target, monkeypatch: pytest.MonkeyPatch, given_id: int | None, set_id: str | None, sent_id: str
) -> None:
    """A client sends its user_id argument, else the environment's, else 0, in the header and not in the body."""
    monkeypatch.delenv("EDRAWMAX_USER_ID", raising=False)
    if set_id:
        monkeypatch.setenv("EDRAWMAX_USER_ID", set_id)
    sent: list[httpx.Request] = []
    http = target.http(event_hooks={"request": [sent.append]})
    EdrawMax(given_id, base_url=target.client_url("edrawmax"), http=http).mindmap("A fox")
    assert sent[0].headers["X-User-ID"] == sent_id
    assert set(json.loads(sent[0].content)) == {"prompt", "lang"}


@proves("edrawmax:auth.none", side="client")
@pytest.mark.parametrize("user", ["", "a b", "77\n", "Zoë", True, 7.5])
def test_user_that_is_no_header_value_is_refused_by_name(monkeypatch: pytest.MonkeyPatch, user: Any) -> None:
    """A user that cannot be sent in a header is refused, and the error names the argument or the variable."""
    with pytest.raises(InvalidArgument) as refused:
        EdrawMax(user)
    assert refused.value.field == "user_id"
    assert repr(user) in str(refused.value)
    monkeypatch.setenv("EDRAWMAX_USER_ID", "a b")
    with pytest.raises(InvalidArgument) as refused:
        EdrawMax()
    assert refused.value.field == "EDRAWMAX_USER_ID"


@proves("edrawmax:answer.file_names", side="server")
@kinds
def test_files_have_the_documented_names(raw: RawClient, kind: str) -> None:
    """The PNG is named thumb.png and the SVG main.svg, and both URLs return them."""
    data = raw.draw(kind)
    for address, name, media_type in ((data["png_url"], "thumb.png", "png"), (data["svg_url"], "main.svg", "svg")):
        assert urlsplit(address).path.rpartition("/")[2] == name
        response = raw.target.http().get(address)
        assert (response.status_code, media_type in response.headers["content-type"]) == (200, True)


@proves("edrawmax:generate.routes", "edrawmax:generate.params", "edrawmax:platform.enum", side="server")
@proves(
    "edrawmax:lang.enum", "edrawmax:answer.flowchart", "edrawmax:answer.others", "edrawmax:answer.msg", side="server"
)
@kinds
@given(body=bodies())
def test_valid_request_returns_its_diagram(target: Target, kind: str, body: dict[str, Any]) -> None:
    """A prompt with any documented language and platform returns code 0, an empty msg, two URLs and the code."""
    response = RawClient(target).post(kind, body)
    assert response.status_code == 200
    found = response.json()
    assert (found["code"], found["msg"], set(found)) == (0, "", {"code", "msg", "data"})
    code = "mermaid_code" if kind == "flowchart" else "source_code"
    assert set(found["data"]) == {"png_url", "svg_url", code}
    assert all(isinstance(value, str) and value for value in found["data"].values())
    assert b"\n" not in response.content


@proves("edrawmax:error.prompt", "edrawmax:generate.params", side="server")
@kinds
@given(body=bodies(), prompt=NO_PROMPT)
def test_request_without_a_prompt_is_refused(target: Target, kind: str, body: dict[str, Any], prompt: Any) -> None:
    """A prompt that is missing, empty or no text is refused with the documented message, and no task is created."""
    raw = RawClient(target)
    missing = {name: value for name, value in body.items() if name != "prompt"}
    for broken in (missing, {**body, "prompt": prompt}):
        assert_refused(raw.post(kind, broken), 400, CODES[400], fact="error.prompt")
    assert target.control.tasks(raw.name) == []


@proves("edrawmax:error.lang", "edrawmax:lang.enum", side="server")
@kinds
@given(body=bodies(), lang=NO_LANGUAGE)
def test_unknown_language_is_refused(target: Target, kind: str, body: dict[str, Any], lang: Any) -> None:
    """A language that is not exactly one of the twelve codes is refused with the documented message."""
    raw = RawClient(target)
    assert_refused(raw.post(kind, {**body, "lang": lang}), 400, LANG_MESSAGE, fact="error.lang")
    assert target.control.tasks(raw.name) == []


@proves("edrawmax:lang.empty", "edrawmax:generate.params", side="server")
@pytest.mark.parametrize("body", [{}, {"lang": ""}, {"lang": None}])
def test_default_language_is_chinese(raw: RawClient, body: dict[str, Any]) -> None:
    """An empty or absent lang means cn: the words that the simulator adds are Chinese."""
    assert '"开始"' in raw.code("flowchart", "A fox", **body)


@proves("edrawmax:platform.invalid", side="server")
@pytest.mark.parametrize("platform", [*PLATFORMS, "amiga", "", 5, ["web"]])
def test_any_platform_is_accepted(raw: RawClient, platform: Any) -> None:
    """A platform is not validated, as no error code is documented for it."""
    raw.draw("infographic", platform=platform)


@proves("edrawmax:request.body")
@pytest.mark.parametrize("body", [b"", b"{", b"[]", b'"text"', b"null", b"\xff", b'{"prompt": NaN}'])
def test_body_that_is_no_json_object_is_refused(raw: RawClient, body: bytes) -> None:
    """A body that is not a JSON object is refused as one without a prompt."""
    assert_refused(raw.send("flowchart", body), 400, CODES[400], fact="request.body")


@proves("edrawmax:route.unknown")
@pytest.mark.parametrize(
    ("method", "path", "status"), [("POST", "/skills/generate-poem", 404), ("GET", "/skills/generate-gantt", 405)]
)
def test_unknown_route_is_refused_in_the_envelope(raw: RawClient, method: str, path: str, status: int) -> None:
    """An unknown path gets HTTP 404, another method HTTP 405, both in the vendor's envelope and in both readings."""
    raw.draw("gantt")
    for reading in ("envelope", "http"):
        raw.target.control.dialects(raw.name, edrawmax__errors=reading)
        response = raw.request(method, path)
        assert (response.status_code, response.json()["code"], response.json()["data"]) == (status, 404, None)
        assert response.headers["x-soundstage-fact"] == "edrawmax:route.unknown"


@proves("edrawmax:lang.enum", side="client")
@given(pair=locales() | st.sampled_from([(code, code) for code in LANGUAGES]))
def test_locale_is_sent_as_the_vendors_code(target: Target, pair: tuple[str, str]) -> None:
    """A code is sent unchanged, a locale in any spelling as the code of its language; for Chinese, of its region."""
    locale, code = pair
    client, sent = recording_client(target, target.new_account())
    client.gantt("A fox", lang=locale)
    assert json.loads(sent[0].content)["lang"] == code


@proves("edrawmax:lang.enum", side="client")
def test_every_language_has_its_locale(target: Target) -> None:
    """The locale of each documented language, and the older code of Indonesian, is that language's code."""
    client, sent = recording_client(target, target.new_account())
    pairs = {**LOCALES, "in_ID": "id"}
    for locale in pairs:
        client.gantt("A fox", lang=locale)
    assert [json.loads(request.content)["lang"] for request in sent] == list(pairs.values())
    assert set(pairs.values()) == set(LANGUAGES)


@proves("edrawmax:lang.enum", "edrawmax:platform.enum", "edrawmax:generate.params", side="client")
@proves("edrawmax:platform.invalid", "edrawmax:error.prompt", "edrawmax:error.lang", side="client")
@kinds
@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("prompt", ""),
        ("prompt", " \n"),
        ("prompt", None),
        ("prompt", 5),
        ("prompt", "\ud800"),
        *[("lang", lang) for lang in ("xx", "zz_ZZ", "", " ", "C", "POSIX", None, 5, "cn_CN", "tw-TW")],
        *[("platform", platform) for platform in ("amiga", "", "WEB", 5)],
    ],
)
def test_client_refuses_invalid_arguments_before_sending(target: Target, kind: str, field: str, value: Any) -> None:
    """An argument outside of its documented values is an InvalidArgument that names it; nothing is sent."""
    client, sent = recording_client(target, target.new_account())
    with pytest.raises(InvalidArgument) as refused:
        getattr(client, kind)(**{"prompt": "A fox", field: value})
    assert refused.value.field == field
    assert sent == []


@proves("edrawmax:lang.enum", "edrawmax:platform.enum", side="client")
def test_literal_types_list_the_documented_values() -> None:
    """The types of lang and platform list exactly the documented values, so that editors offer them."""
    facts = load_facts()
    documented = facts["edrawmax:lang.enum"].statement.partition(".")[0].removeprefix("lang: ").split(", ")
    assert list(get_args(Language)) == documented == list(LANGUAGES)
    documented = facts["edrawmax:platform.enum"].statement.rstrip(".").removeprefix("platform: ").split(", ")
    assert list(get_args(Platform)) == documented == list(PLATFORMS)


@proves("edrawmax:answer.flowchart", "edrawmax:answer.others", "edrawmax:answer.msg", side="client")
@kinds
@pytest.mark.parametrize("message", ["", "success"])
def test_client_returns_the_diagram(kind: str, message: str) -> None:
    """A diagram has its kind, its two URLs, its code under the documented name and the raw payload."""
    name = "mermaid_code" if kind == "flowchart" else "source_code"
    data = {"png_url": "https://a.aliyuncs.com/t.png", "svg_url": "https://a.aliyuncs.com/m.svg", name: "the code"}
    payload = {"code": 0, "msg": message, "data": data}
    transport = httpx.MockTransport(lambda _: httpx.Response(200, json=payload))
    with httpx.Client(transport=transport) as http:
        diagram = getattr(EdrawMax(http=http, clock=SkippingClock()), kind)("A fox")
    assert (diagram.kind, diagram.raw) == (kind, payload)
    assert (diagram.png.url, diagram.svg.url) == (data["png_url"], data["svg_url"])
    other = {"mermaid_code": "source_code", "source_code": "mermaid_code"}[name]
    assert (getattr(diagram, name), getattr(diagram, other)) == ("the code", None)


@proves("edrawmax:answer.flowchart", "edrawmax:answer.others", "edrawmax:generate.routes", side="client")
@kinds
def test_async_client_makes_and_saves_the_diagram(target: Target, kind: str, tmp_path: Any) -> None:
    """The async client requests the same diagram and saves both of its files."""

    async def make() -> tuple[Any, Any]:
        async with target.async_http() as http:
            diagram = await getattr(target.async_client(CONTRACT, target.new_account(), http=http), kind)("A fox")
            return diagram, await diagram.save(tmp_path)

    diagram, files = anyio.run(make)
    assert diagram.kind == kind
    assert [file.suffix for file in files] == [".png", ".svg"]
    assert diagram.mermaid_code or diagram.source_code


@proves("edrawmax:pricing", side="client")
@kinds
def test_diagram_is_free(target: Target, kind: str) -> None:
    """The estimate is 0 and sends nothing, and a spend limit of 0 lets a diagram pass."""
    client, sent = recording_client(target, target.new_account(), spend_limit=SpendLimit(total=0))
    assert client.estimate(kind, "A fox") == 0
    assert sent == []
    assert getattr(client, kind)("A fox").kind == kind
    assert client.spent().total == 0
