"""GMI Cloud: a login, models, requests with seven states, images, money and tokens."""

from __future__ import annotations

import json
from base64 import b64encode, urlsafe_b64decode
from io import BytesIO
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image as Pictures

from soundstage_server import Scenario, World
from soundstage_server.media import Image, Video
from soundstage_server.model.fields import check
from soundstage_server.vendors.gmicloud.capabilities import MODELS, declared, detail_of, fields_of
from soundstage_server.vendors.gmicloud.payloads import ImagePayload, Members, content_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.mock_server.conftest import Caller, Kit, Reply

ROOT = "/api/v1"
QUEUE = f"{ROOT}/ie/requestqueue"
KEYED = f"{QUEUE}/apikey"
TEXT = "Wan-AI_Wan2.1-T2V-14B"
MOTION = "Image-to-Video-Model"
ORDER = ["created", "queued", "dispatched", "processing", "success"]
JSON = st.recursive(st.none() | st.booleans() | st.integers() | st.text(), st.lists, max_leaves=5)


@pytest.fixture
def world(kit: Kit) -> Iterator[World]:
    """A world of small media whose time skips."""
    with kit.world(clock="auto") as world:
        yield world


@pytest.fixture
def caller(kit: Kit, world: World) -> Caller:
    """A caller with a key."""
    return kit.caller(world, "gmicloud")


def login(caller: Caller, email: str = "fox@example.test", code: str | None = None) -> dict[str, str]:
    """Log in and return the headers of the session."""
    start = {"email": email, "password": "secret"}
    token = caller.send("POST", f"{ROOT}/me/auth-tokens", start, headers={}).json()["authToken"]
    body = {"type": "native", "authToken": token, "otpCode": code}
    tokens = caller.send("POST", f"{ROOT}/me/sessions", body, headers={}).json()
    return {"Authorization": f"Bearer {tokens['accessToken']}"}


def finish(caller: Caller, request: str, root: str = KEYED, **options: Any) -> list[dict[str, Any]]:
    """Poll a request until it is final, and return all responses."""
    seen: list[dict[str, Any]] = []
    while not seen or seen[-1]["status"] not in ("success", "failed", "cancelled"):
        seen.append(caller.send("GET", f"{root}/requests/{request}", **options).json())
        assert len(seen) < 10
    return seen


def test_auto_clock_shows_every_state_once(caller: Caller) -> None:
    """Each state is seen once, times never decrease, and the end has the video and its thumbnail."""
    headers = login(caller)
    body = {"model": TEXT, "payload": {"prompt": "A fox", "video_length": 2}}
    made = caller.send("POST", f"{QUEUE}/requests", body, headers=headers).json()
    seen = finish(caller, made["request_id"], QUEUE, headers=headers)
    assert [body["status"] for body in seen] == ORDER
    updated = [body["updated_at"] for body in seen]
    assert updated == sorted(updated)
    outcome = seen[-1]["outcome"]
    assert caller.fetch(outcome["video_url"]).headers["content-type"] == "video/mp4"
    assert caller.fetch(outcome["thumbnail_image_url"]).headers["content-type"] == "image/png"
    assert outcome["media_urls"] == [{"id": "0", "url": outcome["video_url"]}]


def test_the_key_face_shows_created_requests_as_queued(caller: Caller) -> None:
    """On the API-key face a new request is queued, in the create response and when polled."""
    made = caller.create().json()
    assert made["status"] == "queued"
    words = [body["status"] for body in finish(caller, made["request_id"])]
    assert list(dict.fromkeys(words)) == ORDER[1:]


@settings(deadline=None, max_examples=25)
@given(st.lists(st.floats(0, 120), max_size=8), st.sampled_from(["A fox", "soundstage:fail", "soundstage:cancel"]))
def test_states_never_go_back(kit: Kit, waits: list[float], prompt: str) -> None:
    """Polled at any times: states in order, a final state that stays, an outcome at the end and not before."""
    with kit.world() as world:
        caller = kit.caller(world, "gmicloud")
        request = caller.create(prompt).json()["request_id"]
        seen = [caller.send("GET", f"{KEYED}/requests/{request}").json()]
        for wait in [*waits, 300]:
            world.advance(wait)
            seen.append(caller.send("GET", f"{KEYED}/requests/{request}").json())
        words = [body["status"] for body in seen]
        order = [*ORDER[:4], words[-1]]
        assert [order.index(word) for word in words] == sorted(order.index(word) for word in words)
        assert (words[0], words[-1] in ("success", "failed", "cancelled")) == ("queued", True)
        assert [body["outcome"] is None for body in seen] == [word in ORDER[:4] for word in words]


def test_lists_do_not_move_time(caller: Caller, world: World) -> None:
    """Under the auto clock a list does not advance the account's time."""
    headers = login(caller)
    caller.send("POST", f"{QUEUE}/requests", {"model": TEXT, "payload": {"prompt": "x"}}, headers=headers)
    for _ in range(5):
        listed = caller.send("GET", f"{QUEUE}/requests", headers=headers).json()
        assert (listed["total"], listed["requests"][0]["status"]) == (1, "created")
    assert world.account("gmicloud", "fox@example.test").now() == world.clock.now()


# Models.


@pytest.mark.parametrize("model", MODELS.values(), ids=lambda model: model.name)
def test_declared_parameters_are_validated(kit: Kit, model: Any) -> None:
    """Declared parameters and validated payloads come from the same rows, and defaults are valid."""
    by_name = {field.name: field for field in fields_of(model)}
    for parameter in model.parameters:
        declaration, field = declared(parameter), by_name[parameter.field.name]
        assert (declaration["key"], declaration["required"]) == (field.name, field.required)
        assert field.default is None or field.rule.accepts(field.default)
        assert declaration["type"] == ("numeric" if field.rule.schema["type"] in ("integer", "number") else "text")
    assert isinstance(detail_of(model)["price_info"]["price"], int)

    @settings(deadline=None, max_examples=20)
    @given(st.data())
    def law(data: st.DataObject) -> None:
        body = data.draw(kit.bodies([field for field in fields_of(model) if not isinstance(field.rule, ImagePayload)]))
        given_image = {"image": "https://a.example/x.png"} if "image" in by_name else {}
        assert check(fields_of(model), {**body, **given_image})["prompt"] == body["prompt"]

    law()


def test_equal_seeds_make_equal_videos(caller: Caller, world: World) -> None:
    """Two requests with one seed make the same video; without a seed each differs."""

    def video(**payload: Any) -> Any:
        body = {"model": TEXT, "payload": {"prompt": "A fox", **payload}}
        caller.send("POST", f"{KEYED}/requests", body)
        return world.services["gmicloud"].outputs(list(world.tasks())[-1])[0]

    assert video(seed=7) == video(seed=7)
    assert video() != video()


@pytest.mark.parametrize(("model", "lines"), [(TEXT, 720), ("Wan-AI_Wan2.1-T2V-1.3B", 480)])
def test_videos_have_their_models_size(caller: Caller, world: World, model: str, lines: int) -> None:
    """The short side is the model's, the ratio 16:9, and the thumbnail small."""
    caller.send("POST", f"{KEYED}/requests", {"model": model, "payload": {"prompt": "A fox", "video_length": 3}})
    video, thumbnail = world.services["gmicloud"].outputs(next(world.tasks()))
    assert isinstance(video, Video)
    assert isinstance(thumbnail, Image)
    assert (min(video.width, video.height), video.seconds, thumbnail.height) == (lines, 3.0, 180)
    assert video.width / video.height == pytest.approx(16 / 9, rel=0.01)


def png(width: int, height: int) -> bytes:
    """Return a PNG."""
    file = BytesIO()
    Pictures.new("RGB", (width, height), "teal").save(file, "PNG")
    return file.getvalue()


@pytest.mark.parametrize("way", ["uploaded", "sent"])
def test_videos_have_the_ratio_of_their_image(caller: Caller, world: World, way: str) -> None:
    """An uploaded image or one in a data URL determines the ratio, up to 4:1."""
    for sides, ratio in (((200, 300), 2 / 3), ((1600, 100), 4.0)):
        content = png(*sides)
        uploaded = world.add_upload("fox.png", content)
        sent = f"data:image/png;base64,{b64encode(content).decode()}"
        image = f"http://127.0.0.1:8080{uploaded}" if way == "uploaded" else sent
        body = {"model": MOTION, "payload": {"prompt": "A fox", "image": image}}
        made = caller.send("POST", f"{KEYED}/requests", body).json()["request_id"]
        video = world.services["gmicloud"].outputs(world.services["gmicloud"].tasks[made])[0]
        assert isinstance(video, Video)
        assert video.width / video.height == pytest.approx(ratio, rel=0.02)
        assert finish(caller, made)[0]["payload"]["image"] == image


@settings(deadline=None)
@given(st.text(max_size=30) | JSON)
def test_any_text_is_checked_as_a_data_url(value: object) -> None:
    """Any text is accepted or refused without an error, and an accepted one has content."""
    rule = ImagePayload()
    if rule.accepts(value) and isinstance(value, str) and value.startswith("data:"):
        assert content_of(value)
    assert rule.allowed
    assert rule.schema["type"] == "string"
    assert Members().accepts(value) == isinstance(value, dict)


@pytest.mark.parametrize(
    "address",
    [
        "data:image/png;base64,", "data:image/png,AAAA", "data:text/plain;base64,AAAA", "data:image/png;base64,AA A",
        "data:image/png;base64", "https://a.example/x.png", "data:image/png;base64,ü",
    ],
)  # fmt: skip
def test_other_urls_have_no_content(address: str) -> None:
    """Only a data URL of a nonempty image in base64 has content."""
    assert content_of(address) is None
    assert content_of("data:image/png;base64,AAAA") == b"\0\0\0"


# Money.


def test_prices_are_cents_per_second(caller: Caller, world: World) -> None:
    """A request costs its model's cents for each second: reserved, then spent or refunded."""
    ledger = world.account("gmicloud", "key-1").ledger
    for prompt, spent in (("A fox", 400_000), ("soundstage:fail", 400_000)):
        request = caller.create(prompt).json()["request_id"]
        assert ledger.reserved == 400_000
        finish(caller, request)
        (account,) = world.accounts()
        account.settle(account.now())
        assert (ledger.reserved, ledger.spent) == (0, spent)


# Who is calling.


def test_logins_are_journaled_without_secrets(caller: Caller, world: World) -> None:
    """Every step of a login is in the journal of its account, without password, code or token."""
    headers = login(caller, "2fa-fox", "123456")
    caller.send("GET", f"{ROOT}/me/profile", headers=headers)
    journal = [entry.redacted() for entry in world.account("gmicloud", "2fa-fox").journal]
    assert [entry["path"].removeprefix(ROOT) for entry in journal] == ["/me/auth-tokens", "/me/sessions", "/me/profile"]
    text = json.dumps(journal)
    assert not any(secret in text for secret in ("secret", "123456", "eyJ"))


def test_equal_seeds_repeat_tokens(kit: Kit) -> None:
    """Equal seeds and histories give equal tokens, and another seed does not accept them."""

    def first(seed: int) -> tuple[World, dict[str, str]]:
        world = kit.world(seed=seed)
        world.clock.restore("manual", 1.0, 1_700_000_000.0)
        return world, login(kit.caller(world, "gmicloud"))

    one, headers = first(1)
    again, same = first(1)
    other, different = first(2)
    with one, again, other:
        assert headers == same != different
        assert kit.caller(again, "gmicloud").send("GET", f"{QUEUE}/models", headers=headers).status == 200
        assert kit.caller(other, "gmicloud").send("GET", f"{QUEUE}/models", headers=headers).status == 401


def test_tokens_and_passwords_survive_a_restart(kit: Kit, tmp_path: Any) -> None:
    """A world loaded from its state file accepts its earlier tokens and no other password."""
    file = tmp_path / "state.db"
    with kit.world(state=file, seed=5) as world:
        headers = login(kit.caller(world, "gmicloud"))
        body = {"model": TEXT, "payload": {"prompt": "A fox"}}
        made = kit.caller(world, "gmicloud").send("POST", f"{QUEUE}/requests", body, headers=headers).json()
    with kit.world(state=file) as world:
        caller = kit.caller(world, "gmicloud")
        again = caller.send("GET", f"{QUEUE}/requests/{made['request_id']}", headers=headers)
        assert again.json()["payload"] == {"prompt": "A fox"}
        start = {"email": "fox@example.test", "password": "another"}
        assert caller.send("POST", f"{ROOT}/me/auth-tokens", start, headers={}).status == 401
        login(caller)


def test_tokens_survive_a_reset(caller: Caller, world: World) -> None:
    """After a reset a token still identifies its account, which is empty."""
    headers = login(caller)
    caller.send("POST", f"{QUEUE}/requests", {"model": TEXT, "payload": {"prompt": "x"}}, headers=headers)
    world.reset()
    assert caller.send("GET", f"{QUEUE}/requests", headers=headers).json() == {"requests": [], "total": 0}


def test_wrong_codes_expire_with_their_login(caller: Caller, world: World) -> None:
    """Wrong codes are stored no longer than their authToken is valid."""
    start = {"email": "2fa-fox", "password": "secret"}
    for _ in range(3):
        token = caller.send("POST", f"{ROOT}/me/auth-tokens", start, headers={}).json()["authToken"]
        body = {"type": "native", "authToken": token, "otpCode": "000000"}
        assert caller.send("POST", f"{ROOT}/me/sessions", body, headers={}).status == 401
        world.advance(700)
    service: Any = world.services["gmicloud"]
    assert len(service.sessions._wrong) == 1


def test_tokens_are_signed_jwts(caller: Caller) -> None:
    """A token has header, claims and signature; with changed claims it is invalid."""
    token = login(caller)["Authorization"].removeprefix("Bearer ")
    head, claims, signature = token.split(".")
    assert json.loads(urlsafe_b64decode(head + "==")) == {"alg": "HS256", "typ": "JWT"}
    decoded = json.loads(urlsafe_b64decode(claims + "=" * (-len(claims) % 4)))
    assert (decoded["email"], decoded["type"]) == ("fox@example.test", "access")
    for changed in (
        f"{head}.{claims[:-2]}.{signature}",
        f"{head}.{claims}.",
        f"{head}.{claims}.{signature}.x",
        "..",
        "ü.ü.ü",
    ):
        headers = {"Authorization": f"Bearer {changed}"}
        assert caller.send("GET", f"{QUEUE}/models", headers=headers).status == 401


@given(credential=st.binary(max_size=40))
@settings(deadline=None, max_examples=50)
def test_any_credential_is_handled(kit: Kit, credential: bytes) -> None:
    """Any bytes as a token are refused on the session face; a key may be any word."""
    with kit.world() as world:
        caller = kit.caller(world, "gmicloud")
        headers = {"Authorization": f"Bearer {credential.decode('latin-1')}"}
        reply: Reply = caller.send("GET", f"{QUEUE}/models", headers=headers)
        assert (reply.status, list(reply.json())) == (401, ["error"])
        assert caller.send("GET", f"{KEYED}/models", headers=headers).status in (200, 401)


def test_rate_limits_use_the_hourly_limit(caller: Caller, world: World) -> None:
    """Too many requests a minute are refused with HTTP 429, as too many tasks at once are."""
    caller.create()
    world.limit(world.account("gmicloud", "key-1"), per_minute=1)
    caller.create()
    reply = caller.create()
    assert (reply.status, reply.json()["error"].partition(":")[0]) == (429, "hourly limit reached")


def test_a_scenario_can_select_a_model(caller: Caller, world: World) -> None:
    """An order that names a model applies to that model's requests alone."""
    world.scenario(Scenario("fail", vendor="gmicloud", operation=MOTION, times=1))
    assert finish(caller, caller.create().json()["request_id"])[-1]["status"] == "success"
    body = {"model": MOTION, "payload": {"prompt": "A fox", "image": "https://a.example/x.png"}}
    made = caller.send("POST", f"{KEYED}/requests", body).json()["request_id"]
    assert finish(caller, made)[-1]["outcome"] == {"error": "generation failed"}
