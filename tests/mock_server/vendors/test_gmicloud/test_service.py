"""GMI Cloud as its documents show it: a login, models, requests with seven states, and a refusal for every mistake."""

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
    """Somebody with a key."""
    return kit.caller(world, "gmicloud")


def login(caller: Caller, email: str = "fox@example.test", code: str | None = None) -> dict[str, str]:
    """Log in, and return the headers of the session."""
    start = {"email": email, "password": "secret"}
    token = caller.send("POST", f"{ROOT}/me/auth-tokens", start, headers={}).json()["authToken"]
    body = {"type": "native", "authToken": token, "otpCode": code}
    tokens = caller.send("POST", f"{ROOT}/me/sessions", body, headers={}).json()
    return {"Authorization": f"Bearer {tokens['accessToken']}"}


def finish(caller: Caller, request: str, root: str = KEYED, **options: Any) -> list[dict[str, Any]]:
    """Read a request until it is final, and return all that was read."""
    seen: list[dict[str, Any]] = []
    while not seen or seen[-1]["status"] not in ("success", "failed", "cancelled"):
        seen.append(caller.send("GET", f"{root}/requests/{request}", **options).json())
        assert len(seen) < 10
    return seen


def test_a_success_is_seen_state_by_state(caller: Caller) -> None:
    """Under ``auto`` each state is seen once, times never go back, and the end has the film and its picture."""
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


def test_a_key_never_sees_what_is_merely_created(caller: Caller) -> None:
    """To the API-key face a new request is queued, in the answer to its creation and when it is read."""
    made = caller.create().json()
    assert made["status"] == "queued"
    words = [body["status"] for body in finish(caller, made["request_id"])]
    assert list(dict.fromkeys(words)) == ORDER[1:]


@settings(deadline=None, max_examples=25)
@given(st.lists(st.floats(0, 120), max_size=8), st.sampled_from(["A fox", "soundstage:fail", "soundstage:cancel"]))
def test_a_request_that_is_read_at_any_times_never_goes_back(kit: Kit, waits: list[float], prompt: str) -> None:
    """States in order, unfinished at first, an end that stays, an outcome with the end and not before."""
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


def test_a_list_moves_nobodys_time(caller: Caller, world: World) -> None:
    """Reading a list is no look at a request: under ``auto`` it moves nothing."""
    headers = login(caller)
    caller.send("POST", f"{QUEUE}/requests", {"model": TEXT, "payload": {"prompt": "x"}}, headers=headers)
    for _ in range(5):
        listed = caller.send("GET", f"{QUEUE}/requests", headers=headers).json()
        assert (listed["total"], listed["requests"][0]["status"]) == (1, "created")
    assert world.account("gmicloud", "fox@example.test").now() == world.clock.now()


# Models.


@pytest.mark.parametrize("model", MODELS.values(), ids=lambda model: model.name)
def test_what_a_model_declares_is_what_it_checks(kit: Kit, model: Any) -> None:
    """Parameters are declared from the rows that payloads are checked against, and defaults keep their own rules."""
    by_name = {field.name: field for field in fields_of(model)}
    for parameter in model.parameters:
        told, field = declared(parameter), by_name[parameter.field.name]
        assert (told["key"], told["required"]) == (field.name, field.required)
        assert field.default is None or field.rule.accepts(field.default)
        assert told["type"] == ("numeric" if field.rule.schema["type"] in ("integer", "number") else "text")
    assert isinstance(detail_of(model)["price_info"]["price"], int)

    @settings(deadline=None, max_examples=20)
    @given(st.data())
    def law(data: st.DataObject) -> None:
        body = data.draw(kit.bodies([field for field in fields_of(model) if not isinstance(field.rule, ImagePayload)]))
        given_image = {"image": "https://a.example/x.png"} if "image" in by_name else {}
        assert check(fields_of(model), {**body, **given_image})["prompt"] == body["prompt"]

    law()


def test_a_seed_makes_the_same_film(caller: Caller, world: World) -> None:
    """Two requests with one seed show the same; without one each has its own."""

    def film(**payload: Any) -> Any:
        body = {"model": TEXT, "payload": {"prompt": "A fox", **payload}}
        caller.send("POST", f"{KEYED}/requests", body)
        return world.services["gmicloud"].outputs(list(world.tasks())[-1])[0]

    assert film(seed=7) == film(seed=7)
    assert film() != film()


@pytest.mark.parametrize(("model", "lines"), [(TEXT, 720), ("Wan-AI_Wan2.1-T2V-1.3B", 480)])
def test_a_film_is_of_its_models_size(caller: Caller, world: World, model: str, lines: int) -> None:
    """The short side is the model's own, 16:9, and the picture of it is small."""
    caller.send("POST", f"{KEYED}/requests", {"model": model, "payload": {"prompt": "A fox", "video_length": 3}})
    film, thumbnail = world.services["gmicloud"].outputs(next(world.tasks()))
    assert isinstance(film, Video)
    assert isinstance(thumbnail, Image)
    assert (min(film.width, film.height), film.seconds, thumbnail.height) == (lines, 3.0, 180)
    assert film.width / film.height == pytest.approx(16 / 9, rel=0.01)


def picture(width: int, height: int) -> bytes:
    """Return a PNG."""
    file = BytesIO()
    Pictures.new("RGB", (width, height), "teal").save(file, "PNG")
    return file.getvalue()


@pytest.mark.parametrize("way", ["held", "sent"])
def test_a_film_has_the_shape_of_its_image(caller: Caller, world: World, way: str) -> None:
    """An image that is held or sent as data gives the film its ratio, up to four to one."""
    for sides, ratio in (((200, 300), 2 / 3), ((1600, 100), 4.0)):
        content = picture(*sides)
        held = world.add_upload("fox.png", content)
        sent = f"data:image/png;base64,{b64encode(content).decode()}"
        image = f"http://127.0.0.1:8080{held}" if way == "held" else sent
        body = {"model": MOTION, "payload": {"prompt": "A fox", "image": image}}
        made = caller.send("POST", f"{KEYED}/requests", body).json()["request_id"]
        film = world.services["gmicloud"].outputs(world.services["gmicloud"].tasks[made])[0]
        assert isinstance(film, Video)
        assert film.width / film.height == pytest.approx(ratio, rel=0.02)
        assert finish(caller, made)[0]["payload"]["image"] == image


@settings(deadline=None)
@given(st.text(max_size=30) | JSON)
def test_a_data_address_is_one_or_is_not(value: object) -> None:
    """Anything at all is told apart without an error, and what holds has something in it."""
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
def test_what_is_no_data_address_holds_nothing(address: str) -> None:
    """Only an image in base64 that is not empty is one."""
    assert content_of(address) is None
    assert content_of("data:image/png;base64,AAAA") == b"\0\0\0"


# Money.


def test_money_is_counted_in_cents_a_second(caller: Caller, world: World) -> None:
    """A request costs its model's cents for each second: reserved, spent at its end, or given back."""
    ledger = world.account("gmicloud", "key-1").ledger
    for prompt, spent in (("A fox", 400_000), ("soundstage:fail", 400_000)):
        request = caller.create(prompt).json()["request_id"]
        assert ledger.reserved == 400_000
        finish(caller, request)
        (account,) = world.accounts()
        account.settle(account.now())
        assert (ledger.reserved, ledger.spent) == (0, spent)


# Who is calling.


def test_a_login_is_in_its_accounts_journal_without_its_secrets(caller: Caller, world: World) -> None:
    """Every step of a login stands in the journal of its account, and no password, code or token in any."""
    headers = login(caller, "2fa-fox", "123456")
    caller.send("GET", f"{ROOT}/me/profile", headers=headers)
    journal = [entry.redacted() for entry in world.account("gmicloud", "2fa-fox").journal]
    assert [entry["path"].removeprefix(ROOT) for entry in journal] == ["/me/auth-tokens", "/me/sessions", "/me/profile"]
    told = json.dumps(journal)
    assert not any(secret in told for secret in ("secret", "123456", "eyJ"))


def test_equal_seeds_and_histories_give_equal_tokens(kit: Kit) -> None:
    """One seed makes tokens repeatable, another seed does not know them."""

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
    """A world that is made of its state file takes the tokens that it gave, and no other password."""
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


def test_a_reset_leaves_a_token_an_empty_account(caller: Caller, world: World) -> None:
    """After a reset a token still says whose it is, and there is nothing of theirs."""
    headers = login(caller)
    caller.send("POST", f"{QUEUE}/requests", {"model": TEXT, "payload": {"prompt": "x"}}, headers=headers)
    world.reset()
    assert caller.send("GET", f"{QUEUE}/requests", headers=headers).json() == {"requests": [], "total": 0}


def test_a_wrong_code_is_forgotten_with_its_login(caller: Caller, world: World) -> None:
    """Wrong codes are kept no longer than the authToken that they came with."""
    start = {"email": "2fa-fox", "password": "secret"}
    for _ in range(3):
        token = caller.send("POST", f"{ROOT}/me/auth-tokens", start, headers={}).json()["authToken"]
        body = {"type": "native", "authToken": token, "otpCode": "000000"}
        assert caller.send("POST", f"{ROOT}/me/sessions", body, headers={}).status == 401
        world.advance(700)
    service: Any = world.services["gmicloud"]
    assert len(service.sessions._wrong) == 1


def test_a_token_is_a_jwt_that_anybody_can_read(caller: Caller) -> None:
    """It has a head, claims and a signature; whoever changes the claims has no token any more."""
    token = login(caller)["Authorization"].removeprefix("Bearer ")
    head, claims, signature = token.split(".")
    assert json.loads(urlsafe_b64decode(head + "==")) == {"alg": "HS256", "typ": "JWT"}
    said = json.loads(urlsafe_b64decode(claims + "=" * (-len(claims) % 4)))
    assert (said["email"], said["type"]) == ("fox@example.test", "access")
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
def test_no_credential_whatever_breaks_the_door(kit: Kit, credential: bytes) -> None:
    """Any bytes in the place of a token are refused on the session face; a key may be any word."""
    with kit.world() as world:
        caller = kit.caller(world, "gmicloud")
        headers = {"Authorization": f"Bearer {credential.decode('latin-1')}"}
        reply: Reply = caller.send("GET", f"{QUEUE}/models", headers=headers)
        assert (reply.status, list(reply.json())) == (401, ["error"])
        assert caller.send("GET", f"{KEYED}/models", headers=headers).status in (200, 401)


def test_what_shared_code_refuses_for_pace_is_the_hourly_limit(caller: Caller, world: World) -> None:
    """Too many requests a minute are HTTP 429, as too many at once are."""
    caller.create()
    world.limit(world.account("gmicloud", "key-1"), per_minute=1)
    caller.create()
    reply = caller.create()
    assert (reply.status, reply.json()["error"].partition(":")[0]) == (429, "hourly limit reached")


def test_a_scenario_may_choose_a_model(caller: Caller, world: World) -> None:
    """An order that names a model is for that model's requests alone."""
    world.scenario(Scenario("fail", vendor="gmicloud", operation=MOTION, times=1))
    assert finish(caller, caller.create().json()["request_id"])[-1]["status"] == "success"
    body = {"model": MOTION, "payload": {"prompt": "A fox", "image": "https://a.example/x.png"}}
    made = caller.send("POST", f"{KEYED}/requests", body).json()["request_id"]
    assert finish(caller, made)[-1]["outcome"] == {"error": "generation failed"}
