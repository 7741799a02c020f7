"""Contracts of GMI Cloud's models: their descriptions and prices, the client's estimates and its spend limit."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from hypothesis import given

from soundstage import GMICloud, InvalidArgument, SkippingClock, SpendLimit, errors
from soundstage_contracts import proves
from soundstage_contracts.simulators.control import account_name
from soundstage_contracts.vendors import gmicloud as vendor
from soundstage_contracts.vendors.gmicloud import CONTRACT, FACES, IMAGE_MODEL, SESSION, TEXT_MODEL
from soundstage_contracts.vendors.gmicloud.raw_client import KEYED, QUEUE, RawClient, SessionRawClient

if TYPE_CHECKING:
    from soundstage_contracts.simulators.target import Target

MODELS = (*vendor.TEXT_MODELS, *vendor.IMAGE_MODELS)
MEMBERS = {
    "model", "brief_description", "detailed_description", "model_type", "parameters", "price_info", "host_type", "tags",
    "modalities", "qworkers", "created_at", "updated_at", "org_id", "icon_link", "background_image_url",
    "internal_parameters",
}  # fmt: skip
both_faces = pytest.mark.parametrize("face", FACES)


def client_with_price(**price: Any) -> GMICloud:
    """Return a client that is given a model of that price for every request."""
    body = {
        "model": "m",
        "parameters": [{"key": "duration", "type": "numeric", "value": 4}],
        "price_info": price or None,
    }
    http = httpx.Client(transport=httpx.MockTransport(lambda _: httpx.Response(200, json=body)))
    return GMICloud(api_key="key", base_url="https://service.test", http=http, clock=SkippingClock())


@proves("gmicloud:models.list", "gmicloud:models.known", "gmicloud:models.more", side="server")
def test_session_face_lists_full_descriptions(target: Target) -> None:
    """The list has the full description of every documented model."""
    raw = SessionRawClient(target)
    models = raw.get(f"{QUEUE}/models")["models"]
    assert {model["model"] for model in models} == set(MODELS)
    assert models == [raw.get(f"{QUEUE}/models/{model['model']}") for model in models]


@proves("gmicloud:apikey.face", "gmicloud:models.known", side="server")
def test_key_face_lists_model_ids(target: Target) -> None:
    """With a key the list has the ids of the models, whose descriptions are those of the session face."""
    raw, session = RawClient(target), SessionRawClient(target)
    ids = raw.get(f"{KEYED}/models")["model_ids"]
    assert set(ids) == set(MODELS)
    for name in ids:
        assert raw.get(f"{KEYED}/models/{name}") == session.get(f"{QUEUE}/models/{name}")
    request = raw.read(raw.create())
    assert (request["model"], request["outcome"]) == (TEXT_MODEL, None)
    raw.http.headers["X-Organization-ID"] = "an-organization"
    assert raw.read(raw.create())["model"] == TEXT_MODEL


@proves(
    "gmicloud:models.detail",
    "gmicloud:models.parameter",
    "gmicloud:price.integer",
    "gmicloud:price.unit",
    side="server",
)
@pytest.mark.parametrize("model", MODELS)
def test_model_description_has_the_documented_members(target: Target, model: str) -> None:
    """A description has the documented members, typed parameters with ranges, and a whole price in cents a second."""
    body = RawClient(target).get(f"{KEYED}/models/{model}")
    assert set(body) >= MEMBERS
    assert any(name.startswith("external_") for name in body)
    assert body["model"] == model
    assert body["model_type"] == ("text-to-video" if model in vendor.TEXT_MODELS else "image-to-video")
    assert body["host_type"] in ("", "internal", "external")
    price = body["price_info"]
    assert type(price["price"]) is int
    assert (price["pricing_type"], price["unit"]) == ("per_second", "cent")
    for parameter in body["parameters"]:
        assert set(parameter) >= {"key", "display_name", "category", "type", "min", "max", "step", "value"}
        assert parameter["type"] in ("numeric", "text", "boolean")
        if parameter["type"] == "numeric" and parameter["value"] != "":
            assert parameter["min"] <= parameter["value"] <= parameter["max"]


@proves("gmicloud:models.parameter", "gmicloud:requests.payload", "gmicloud:requests.ranges", side="server")
@pytest.mark.parametrize("model", MODELS)
def test_payload_is_validated_against_the_declared_parameters(target: Target, model: str) -> None:
    """Both ends of a declared range are accepted; values beyond it and payloads without a required one are refused."""
    raw = RawClient(target)
    declared = raw.get(f"{KEYED}/models/{model}")["parameters"]
    valid = {"prompt": "A fox"} | ({"image": vendor.DOT} if model in vendor.IMAGE_MODELS else {})
    assert {parameter["key"] for parameter in declared if parameter["required"]} == set(valid)
    for name in valid:
        without = {key: value for key, value in valid.items() if key != name}
        assert raw.submit(model, without).status_code == 400
    for parameter in (one for one in declared if one["type"] == "numeric"):
        key, least, most = parameter["key"], parameter["min"], parameter["max"]
        for value, status in ((least, 200), (most, 200), (least - 1, 400), (most + 1, 400)):
            assert raw.submit(model, {**valid, key: value}).status_code == status


@proves(
    "gmicloud:models.list", "gmicloud:models.detail", "gmicloud:models.parameter", "gmicloud:apikey.face", side="client"
)
@both_faces
def test_client_reads_models_and_their_parameters(target: Target, face: str) -> None:
    """The client returns ids, kinds, parameters, ranges, defaults and prices as either face has them."""
    account = target.new_account()
    raw = RawClient(target, account if face == "key" else None)
    client = target.client(FACES[face], account)
    assert [model.id for model in client.models()] == raw.get(f"{KEYED}/models")["model_ids"]
    for name in MODELS:
        body, model = raw.get(f"{KEYED}/models/{name}"), client.model(name)
        assert (model.id, model.kind, model.about) == (name, body["model_type"], body["brief_description"])
        assert (model.price.amount, model.price.unit) == (body["price_info"]["price"], body["price_info"]["unit"])
        declared = {one["key"]: one for one in body["parameters"]}
        assert [one.key for one in model.parameters] == list(declared)
        for one in model.parameters:
            row = declared[one.key]
            assert (one.type, one.category, one.display_name) == (
                row["type"],
                row["category"],
                row["display_name"],
            )
            assert one.required is row["required"]
            assert one.default == (row["value"] if row["value"] != "" else None)
            if one.type == "numeric":
                assert (one.least, one.most, one.step) == (row["min"], row["max"], row["step"])
    if face == "session":
        assert client.models()[0] == client.model(MODELS[0])


@proves("gmicloud:apikey.face", side="client")
def test_client_sends_the_organization(target: Target) -> None:
    """With a key every request has Bearer and the key, and X-Organization-ID where an organization is given."""
    sent: list[httpx.Request] = []
    account = target.new_account()
    http = target.http(event_hooks={"request": [sent.append]})
    target.client(CONTRACT, account, http=http, organization_id="org-7").text_to_video("A fox").refresh()
    target.client(CONTRACT, account, http=http).models()
    assert {request.headers["authorization"] for request in sent} == {f"Bearer {account}"}
    assert [request.headers.get("x-organization-id") for request in sent] == ["org-7", "org-7", None]
    with pytest.raises(errors.UnsupportedError):
        target.client(CONTRACT, account).requests(TEXT_MODEL)


@proves("gmicloud:charge", "gmicloud:price.unit", side="server")
@pytest.mark.parametrize(("word", "share"), [("", 1), ("soundstage:fail", 0), ("soundstage:cancel", 0)])
def test_request_costs_its_seconds(target: Target, word: str, share: int) -> None:
    """The price times the seconds is reserved at creation, charged on success, and released otherwise."""
    raw = RawClient(target)
    cents = raw.get(f"{KEYED}/models/{IMAGE_MODEL}")["price_info"]["price"]
    raw.create(f"A fox {word}", IMAGE_MODEL, image=vendor.DOT, duration=3)
    money = raw.money()
    assert money.unit == "USD"
    assert money.reserved == pytest.approx(3 * cents / 100)
    raw.advance(1800)
    money = raw.money()
    assert money.reserved == 0
    assert money.spent == pytest.approx(share * 3 * cents / 100)


@proves("gmicloud:price.integer", "gmicloud:price.unit", side="client")
@both_faces
@given(request=vendor.requests())
def test_estimate_is_what_is_reserved(target: Target, face: str, request: tuple[str, dict[str, Any]]) -> None:
    """The client's estimate of a request is what the service then reserves."""
    account = target.new_account()
    client = target.client(FACES[face], account)
    cost = client.estimate("create_request", *request)
    client.create_request(*request)
    reserved = target.control.money("gmicloud", account_name("gmicloud", account)).reserved
    assert float(cost) == pytest.approx(reserved)


@proves("gmicloud:price.integer", "gmicloud:price.unit", side="client")
@pytest.mark.parametrize(
    ("price", "payload", "dollars"),
    [
        ({"price": 8, "pricing_type": "per_second", "unit": "cent"}, {"video_length": 5}, "0.4"),
        ({"price": 8, "pricing_type": "per_second", "unit": "cent"}, {"duration": 2.5}, "0.2"),
        ({"price": 8, "pricing_type": "per_second", "unit": "cent"}, {"prompt": "x"}, "0.32"),
        ({"price": 1, "pricing_type": "per_second", "unit": "USD"}, {"duration": 3}, "3.0"),
        ({"price": 50, "pricing_type": "per_request", "unit": "cent"}, {"duration": 3}, "0.5"),
        *(
            ({"price": 2, "pricing_type": "per_request", "unit": unit}, {"duration": 3}, dollars)
            for units, dollars in ((("cents", " USD cent"), "0.02"), (("usd", "dollar", "Dollars", "$"), "2"))
            for unit in units
        ),
        *(
            ({"price": 2, "pricing_type": kind, "unit": "cent"}, {"duration": 3}, dollars)
            for kinds, dollars in (
                (("second", "per second"), "0.06"),
                (("request", "per request", "per_video", "Per_Generation"), "0.02"),
            )
            for kind in kinds
        ),
    ],
)
def test_price_is_read_in_its_unit(price: dict[str, Any], payload: dict[str, Any], dollars: str) -> None:
    """A price is in cents or dollars, for a second or a request; a payload without a length has the model's default."""
    assert client_with_price(**price).estimate("create_request", "m", payload) == Decimal(dollars)


@proves("gmicloud:price.integer", side="client")
@pytest.mark.parametrize(
    "price",
    [
        {},
        {"price": 0.08, "pricing_type": "per_second", "unit": "USD"},
        {"price": "8", "pricing_type": "per_second", "unit": "cent"},
        {"price": 8, "pricing_type": "per_token", "unit": "cent"},
        {"price": 8, "pricing_type": "per_second", "unit": "shell"},
    ],
)
def test_unknown_price_is_not_estimated(price: dict[str, Any]) -> None:
    """A price in an unknown form has no estimate: it is an UnsupportedError."""
    client = client_with_price(**price)
    with pytest.raises(errors.UnsupportedError):
        client.estimate("create_request", "m", {"prompt": "x"})


@both_faces
def test_spend_limit_is_checked_before_sending(target: Target, face: str) -> None:
    """A request that would exceed the spend limit is not sent; a request that the service refuses is not counted."""
    account = target.new_account()
    name = account_name("gmicloud", account)
    client = target.client(FACES[face], account, spend_limit=SpendLimit(total=1))
    client.text_to_video("A fox", video_length=10)
    with pytest.raises(errors.SpendLimitExceeded) as reached:
        client.text_to_video("A hare", video_length=5)
    numbers = (reached.value.limit, reached.value.spent, reached.value.asked)
    assert numbers == (Decimal(1), Decimal("0.8"), Decimal("0.4"))
    with pytest.raises(errors.ContentPolicyError):
        client.text_to_video("soundstage:block", video_length=2)
    assert client.spent().total == Decimal("0.8")
    client.create_request(TEXT_MODEL, {"prompt": "A hare", "video_length": 2})
    assert client.spent().total == Decimal("0.96")
    assert len(target.control.tasks(name)) == 2


def test_unknown_outcome_counts_toward_the_spend_limit(target: Target) -> None:
    """A submission whose outcome is unknown is counted, and threads cannot exceed the limit together."""
    account = target.new_account()
    name = account_name("gmicloud", account)
    client = target.client(SESSION, account, spend_limit=SpendLimit(total=1))
    client.model(TEXT_MODEL)
    client.estimate("create_request", TEXT_MODEL, {"prompt": "x"})
    target.control.fault("reset_after", vendor="gmicloud", account=name, method="POST", times=1)
    with pytest.raises(errors.SubmitOutcomeUnknown):
        client.text_to_video("A fox", video_length=5)
    assert client.spent().total == Decimal("0.4")

    def start(number: int) -> bool:
        try:
            client.text_to_video(f"Fox {number}", video_length=5)
        except errors.SpendLimitExceeded:
            return False
        return True

    with ThreadPoolExecutor(4) as pool:
        assert sum(pool.map(start, range(4))) == 1
    assert target.control.money("gmicloud", name).reserved == pytest.approx(0.8)


@proves("gmicloud:client.validation", side="client")
@pytest.mark.parametrize("organization", [5, "", "two words", "Zoë", "a\n"])
def test_organization_that_is_no_header_value_is_refused_by_name(target: Target, organization: Any) -> None:
    """An organization that cannot be sent in a header is refused, and so is any together with a login."""
    for contract in (CONTRACT, SESSION):
        with pytest.raises(InvalidArgument) as refused:
            target.client(contract, target.new_account(), organization_id=organization)
        assert refused.value.field == "organization_id"
        assert refused.value.value == organization
