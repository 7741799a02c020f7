"""Veo beyond its contracts: hosts, URLs, files and memory of the simulator."""

from __future__ import annotations

import json
from base64 import b64encode
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from soundstage_server import Scenario, Simulator, World
from soundstage_server.media import Video
from soundstage_server.vendors.veo.capabilities import MODELS
from soundstage_server.vendors.veo.outputs import base36, file_key, file_name, key_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.mock_server.conftest import Caller, Kit

MODEL = "veo-3.0-generate-preview"
CREATE = f"/gemini/v1beta/models/{MODEL}:predictLongRunning"


PNG = {"bytesBase64Encoded": b64encode(b"\x89PNG\r\n\x1a\n").decode(), "mimeType": "image/png"}
FOX = {"prompt": "A fox"}
REFERENCE = {"image": PNG, "referenceType": "asset"}
V2, V31 = "veo-2.0-generate-001", "veo-3.1-generate-preview"
NOBODYS = {"uri": "files/abcdefghij12:download?alt=media"}
REFUSED: tuple[tuple[str, str, dict[str, Any], dict[str, Any]], ...] = (
    ("errors.google", MODEL, {}, {}),
    ("errors.google", MODEL, {"prompt": ""}, {}),
    ("create.route", MODEL, {"prompt": 5}, {}),
    ("create.prompt", MODEL, {"prompt": "fox " * 1025}, {}),
    ("create.image", MODEL, {"image": "https://x.test/a.png"}, {}),
    ("create.image", MODEL, {"image": {"mimeType": "image/png"}}, {}),
    ("create.image", MODEL, {"image": {**PNG, "bytesBase64Encoded": "?"}}, {}),
    ("create.image_checked", MODEL, {"image": {**PNG, "mimeType": "image/jpeg"}}, {}),
    ("create.image_size", MODEL, {"image": {**PNG, "bytesBase64Encoded": b64encode(bytes(20_000_001)).decode()}}, {}),
    ("create.last_frame", MODEL, {**FOX, "lastFrame": PNG}, {}),
    ("create.last_frame", MODEL, FOX, {"lastFrame": PNG}),
    ("create.references", MODEL, {**FOX, "referenceImages": [REFERENCE]}, {}),
    ("create.references", V31, {**FOX, "referenceImages": [REFERENCE] * 4}, {}),
    ("create.references", V31, {**FOX, "referenceImages": [{**REFERENCE, "referenceType": "style"}]}, {}),
    ("create.references", V31, FOX, {"referenceImages": [REFERENCE], "durationSeconds": 4}),
    ("create.extension", MODEL, {**FOX, "video": NOBODYS}, {}),
    ("create.extension", V31, {**FOX, "video": NOBODYS}, {"resolution": "1080p"}),
    ("create.extension_file", V31, {**FOX, "video": {"uri": "https://x.test/a.mp4"}}, {}),
    ("create.parameters", V2, FOX, {"resolution": "1080p"}),
    ("create.parameters", MODEL, FOX, {"resolution": "1080p", "durationSeconds": 6}),
    ("create.parameters", MODEL, FOX, {"numberOfVideos": 2}),
    ("create.seed_range", MODEL, FOX, {"seed": -1}),
    ("create.person_generation", MODEL, FOX, {"personGeneration": "dont_allow"}),
    ("create.person_generation", MODEL, {"image": PNG}, {"personGeneration": "allow_all"}),
)
"""A fact, a model, an instance and parameters that it refuses."""
TAKEN: tuple[tuple[str, dict[str, Any], dict[str, Any]], ...] = (
    (V2, {**FOX, "image": PNG}, {"personGeneration": "dont_allow", "lastFrame": PNG, "numberOfVideos": 2}),
    (V31, {**FOX, "image": {"inlineData": {"mimeType": "image/png", "data": PNG["bytesBase64Encoded"]}}}, {}),
    (V31, {**FOX, "referenceImages": [{**REFERENCE, "referenceType": "ASSET"}]}, {"resolution": "4k"}),
)
"""A model, an instance and parameters that are taken."""


@pytest.fixture
def world(kit: Kit) -> Iterator[World]:
    """A world whose time skips."""
    with kit.world(clock="auto") as world:
        yield world


@pytest.fixture
def caller(kit: Kit, world: World) -> Caller:
    """A caller with a key."""
    return kit.caller(world, "veo", "sk-1")


def make(caller: Caller) -> tuple[str, list[str]]:
    """Make a video, and return its operation and its files."""
    operation = caller.create().json()["name"]
    body: dict[str, Any] = {}
    while not body.get("done"):
        body = caller.send("GET", f"/gemini/v1beta/{operation}").json()
    samples = body["response"]["generateVideoResponse"]["generatedSamples"]
    return operation, [sample["video"]["uri"].partition("/files/")[2].partition(":")[0] for sample in samples]


def test_vendor_hosts_are_served(kit: Kit, world: World) -> None:
    """Under the Host of the proxy or of Google neither paths nor URLs contain a slug."""
    app = Simulator(world)
    for host, before in (("api.thucchien.ai", "/gemini"), ("generativelanguage.googleapis.com", "")):
        headers = {"Host": host, "x-goog-api-key": "sk-1"}
        body = json.dumps({"instances": [{"prompt": "A fox"}]}).encode()
        scope = kit.scope("POST", f"{before}/v1beta/models/{MODEL}:predictLongRunning", b"", headers)
        reply = kit.exchange(app, scope, [{"type": "http.request", "body": body}])
        assert reply is not None
        assert reply.json()["name"].startswith(f"models/{MODEL}/operations/")


def test_urls_use_the_public_url(kit: Kit) -> None:
    """With a public URL, redirects and the server's own uris use it."""
    with kit.world(clock="auto", public_url="https://mock.example/x") as world:
        caller = kit.caller(world, "veo", "sk-1")
        operation, (file,) = make(caller)
        redirect = caller.send("GET", f"/v1beta/files/{file}:download", query=b"alt=media")
        assert (
            redirect.headers["location"]
            == f"https://mock.example/x/veo/download/v1beta/files/{file}:download?alt=media"
        )
        response = caller.send("GET", f"/v1beta/{operation}").json()["response"]["generateVideoResponse"]
        assert response["generatedSamples"][0]["video"]["uri"].startswith("https://mock.example/x/veo/v1beta/files/")


def test_files_survive_a_snapshot(kit: Kit, world: World) -> None:
    """A world restored from a snapshot has the same files with the same videos."""
    caller = kit.caller(world, "veo", "sk-1")
    _, (file,) = make(caller)
    path = f"/gemini/download/v1beta/files/{file}:download"
    with kit.world() as other:
        other.restore(world.snapshot())
        assert kit.caller(other, "veo", "sk-1").send("GET", path).content == caller.send("GET", path).content


def test_files_are_removed_with_their_account(world: World, caller: Caller) -> None:
    """After a reset of the account its files are gone."""
    _, (file,) = make(caller)
    video = {"uri": f"https://generativelanguage.googleapis.com/v1beta/files/{file}:download?alt=media"}
    create = CREATE.replace("3.0", "3.1")
    assert caller.send("POST", create, {"instances": [{"prompt": "On", "video": video}]}).status == 200
    (account,) = world.accounts()
    world.reset(account)
    assert caller.send("GET", f"/gemini/v1beta/files/{file}:download").status == 403
    service: Any = world.services["veo"]
    assert (service._files, service._extended) == ({}, {})


def test_result_urls_are_available_from_python(world: World, caller: Caller) -> None:
    """The service returns a task's videos and the URLs where they can be downloaded with the key."""
    make(caller)
    (task,) = world.tasks()
    service = world.services["veo"]
    (url,) = service.result_urls(task)
    path, _, query = url.partition("/veo")[2].partition("?")
    assert caller.send("GET", path, query=query.encode()).headers["content-type"] == "video/mp4"
    (video,) = service.outputs(task)
    assert isinstance(video, Video)
    assert (video.width, video.height, video.seconds, video.audio) == (1280, 720, 8.0, True)


def test_a_video_without_a_prompt_has_a_title(world: World, caller: Caller) -> None:
    """An image alone is enough for a video."""
    image = {"bytesBase64Encoded": b64encode(b"\xff\xd8\xff").decode(), "mimeType": "image/jpeg"}
    assert caller.send("POST", CREATE, {"instances": [{"image": image}]}).status == 200
    (task,) = world.tasks()
    (video,) = world.services["veo"].outputs(task)
    assert isinstance(video, Video)
    assert video.title
    assert image["bytesBase64Encoded"] not in str(task.params)


def test_a_key_in_the_query_is_not_in_the_journal(world: World, caller: Caller) -> None:
    """The journal shows that a key was sent, but not which."""
    reply = caller.send("GET", "/v1beta/models/x/operations/y", headers={}, query=b"key=sk-planted")
    assert reply.status == 404
    assert "sk-planted" not in str([entry.redacted() for entry in world.journal()])


def test_all_cited_facts_are_declared(world: World) -> None:
    """The facts of create calls, files and refusals are among those that the service declares."""
    assert {
        "create.references", "create.extension_file", "download.owner", "download.retention", "errors.google",
        "errors.proxy", "charge", "models.retired", "route.unknown",
    } <= world.services["veo"].facts()  # fmt: skip


@settings(deadline=None)
@given(st.integers(0, 2**64 - 1))
def test_base36_has_a_fixed_length(number: int) -> None:
    """Every number gives 12 lower-case letters and digits."""
    assert len(base36(number)) == 12
    assert set(base36(number)) <= set("abcdefghijklmnopqrstuvwxyz0123456789")
    assert file_name("models/x/operations/y", number) != file_name("models/x/operations/y", number + 1)


@pytest.mark.parametrize("before", ["/gemini", ""])
@pytest.mark.parametrize(("fact", "model", "instance", "parameters"), REFUSED)
def test_every_rule_is_enforced(  # noqa: PLR0917 - a case has as many parts
    caller: Caller, fact: str, model: str, instance: dict[str, Any], parameters: dict[str, Any], before: str
) -> None:
    """An invalid body is refused in Google's envelope on both hosts, with the fact of its rule."""
    body = {"instances": [instance], "parameters": parameters}
    reply = caller.send("POST", f"{before}/v1beta/models/{model}:predictLongRunning", body)
    assert (reply.status, reply.json()["error"]["status"]) == (400, "INVALID_ARGUMENT")
    assert reply.headers["x-soundstage-fact"] == f"veo:{fact}"


@pytest.mark.parametrize(("model", "instance", "parameters"), TAKEN)
def test_every_documented_form_is_accepted(
    world: World, caller: Caller, model: str, instance: dict[str, Any], parameters: dict[str, Any]
) -> None:
    """Every documented form of a body starts a video, and no image is kept in its task."""
    body = {"instances": [instance], "parameters": parameters}
    assert caller.send("POST", f"/v1beta/models/{model}:predictLongRunning", body).status == 200
    (task,) = world.tasks()
    assert str(PNG["bytesBase64Encoded"]) not in str(task.params)


@pytest.mark.parametrize(
    ("word", "member", "count"),
    [("fail", "error", 0), ("timeout", "error", 0), ("block", "response", 2), ("partial", "response", 1)],
)
def test_operations_end_as_ordered(caller: Caller, word: str, member: str, count: int) -> None:
    """An ordered failure gives an error, a block the number of withheld videos."""
    create = CREATE.replace(MODEL, V2)
    body = {"instances": [{"prompt": f"A fox soundstage:{word}"}], "parameters": {"sampleCount": 2}}
    operation = caller.send("POST", create, body).json()["name"]
    ended = [caller.send("GET", f"/v1beta/{operation}").json() for _ in range(2)][-1]
    assert set(ended) == {"name", "done", member}
    response = ended.get("response", {}).get("generateVideoResponse", {})
    assert response.get("raiMediaFilteredCount", 0) == count


@pytest.mark.parametrize(
    ("reading", "place"), [("own", "http://127.0.0.1:8080/veo/gemini/v1beta/"), ("google", "https")]
)
def test_the_dialect_determines_file_urls(world: World, caller: Caller, reading: str, place: str) -> None:
    """The dialect own uses the server's URL everywhere, the dialect google Google's."""
    world.dialects.choose({"veo.uri": reading})
    operation, _ = make(caller)
    before = "/gemini" if reading == "own" else ""
    response = caller.send("GET", f"{before}/v1beta/{operation}").json()["response"]["generateVideoResponse"]
    assert response["generatedSamples"][0]["video"]["uri"].startswith(place)


def test_files_are_only_available_to_their_owner(kit: Kit, world: World, caller: Caller) -> None:
    """The owner gets a redirect and the bytes, with alt media only, until the file expires; others get neither."""
    _, (file,) = make(caller)
    at = f"/gemini/v1beta/files/{file}:download"
    assert caller.send("GET", at, query=b"alt=media").status == 302
    assert caller.send("GET", f"/v1beta/files/http://x/v1beta/files/{file}:download").status == 302
    assert caller.send("GET", at, query=b"alt=json").headers["x-soundstage-fact"] == "veo:download.query"
    assert kit.caller(world, "veo", "sk-2").send("GET", at).headers["x-soundstage-fact"] == "veo:download.owner"
    for fate in ("fail", "slow"):
        caller.create(f"A fox soundstage:{fate}")
        task = list(world.tasks())[-1]
        nothing = f"/v1beta/files/{file_name(task.id, 0)}:download"
        assert caller.send("GET", nothing).headers["x-soundstage-fact"] == "veo:download.owner"
    half = {"instances": [{"prompt": "A fox soundstage:partial"}], "parameters": {"sampleCount": 2}}
    operation = caller.send("POST", CREATE.replace(MODEL, V2), half).json()["name"]
    world.advance(400.0)
    shown = [caller.send("GET", f"/v1beta/files/{file_name(operation, number)}:download").status for number in (0, 1)]
    assert shown == [302, 403]
    world.advance(2 * 24 * 3600.0)
    assert caller.send("GET", at).headers["x-soundstage-fact"] == "veo:download.retention"


def test_proxy_and_google_refuse_differently(caller: Caller) -> None:
    """Without a key the proxy responds 401 and Google 403; unknown models and operations are refused by Google."""
    for before, status in (("/gemini", 401), ("", 403)):
        assert caller.send("GET", f"{before}/v1beta/models/x/operations/y", headers={}).status == status
        assert caller.send("GET", f"{before}/v1beta/models/x/operations/y").status == 404
        assert (
            caller.send("POST", f"{before}/v1beta/models/veo-4:predictLongRunning", {"instances": [FOX]}).status == 404
        )
        assert caller.send("PUT", f"{before}/v1beta/models/x/operations/y").status == 404


@pytest.mark.parametrize("seconds", [True, 5, "", 8.0, "08", [8]])
def test_a_duration_is_a_number_or_its_digits(caller: Caller, seconds: Any) -> None:
    """Booleans, fractions and digits of other scripts are refused."""
    reply = caller.create(parameters={"durationSeconds": seconds})
    assert (reply.status, "durationSeconds" in reply.content.decode()) == (400, True)


def test_google_refuses_the_key_of_the_proxy(world: World, caller: Caller) -> None:
    """The proxy refuses the caller's key itself, and passes on Google's refusal of its own key."""
    world.scenario(Scenario("refuse", code="API_KEY_INVALID", vendor="veo", times=1))
    error = caller.create().json()["error"]
    assert (error["code"], error["details"][0]["reason"]) == (400, "API_KEY_INVALID")


def test_models_have_distinct_versions() -> None:
    """One model is the oldest, two are the newest, none is both."""
    assert [model.name for model in MODELS.values() if model.oldest] == ["veo-2.0-generate-001"]
    assert [model.name for model in MODELS.values() if model.newest] == [
        "veo-3.1-generate-preview", "veo-3.1-fast-generate-preview",
    ]  # fmt: skip


def test_the_key_of_a_file_is_found_in_its_id() -> None:
    """The number that an id shows is the one that the file is indexed by."""
    names = {file_name(f"models/veo/operations/{number}", 0): number for number in range(200)}
    assert {name: key_of(name) for name in names} == {
        name: file_key(f"models/veo/operations/{number}", 0) for name, number in names.items()
    }


@pytest.mark.parametrize("name", ["", "a" * 11, "a" * 13, "A" * 12, "a_aaaaaaaaaa", " aaaaaaaaaaa", "aaaaaaaaaaa\n"])
def test_a_name_that_is_no_id_of_a_file_has_no_key(name: str) -> None:
    """Python reads more texts as numbers than there are ids; none of them finds a file."""
    assert key_of(name) is None
