"""Contracts about webhooks: where their address is, what they contain, how often they are sent, and who signs them."""

from __future__ import annotations

import base64
import hashlib
import json
import time
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from soundstage import errors
from soundstage_contracts.simulators.callback_receiver import CallbackReceiver
from soundstage_contracts.vendor_kit import ScriptedClient, data_of, proves
from soundstage_fal.client import WebhookError
from soundstage_fal.contract import CONTRACT, IMAGE_MODEL, UNREADABLE, FalRaw

if TYPE_CHECKING:
    from soundstage_contracts.simulators.callback_receiver import ReceivedCallback
    from soundstage_contracts.vendor_kit import Target

PREFIX: Final = "x-fal-webhook-"
NOW: Final = 1_790_000_000
DAY: Final = 24 * 3600
OLD_KEY, KEY = (Ed25519PrivateKey.from_private_bytes(bytes([number]) * 32) for number in (1, 2))
BODY: Final = b'{"request_id":"r-1",  "status":"OK","payload":{"seed":7}}'
"""The body of a webhook; two spaces, so that one that is written again has other bytes."""


def listed(*keys: Ed25519PrivateKey, padding: str = "") -> dict[str, Any]:
    """Return the list of the public keys of *keys* (webhook.keys)."""
    raw = [base64.urlsafe_b64encode(key.public_key().public_bytes_raw()).decode() for key in keys]
    return {"keys": [{"kty": "OKP", "crv": "Ed25519", "x": each.rstrip("=") + padding} for each in raw]}


def message_of(headers: dict[str, str], body: bytes) -> bytes:
    """Return what the signature of a webhook signs (webhook.signature)."""
    parts = [headers[f"{PREFIX}{name}"] for name in ("request-id", "user-id", "timestamp")]
    return "\n".join([*parts, hashlib.sha256(body).hexdigest()]).encode()


def signed(body: bytes = BODY, key: Ed25519PrivateKey = KEY, sent: int = NOW) -> dict[str, str]:
    """Return the headers of a webhook that *key* has signed at the time *sent* (webhook.headers)."""
    headers = {f"{PREFIX}request-id": "r-1", f"{PREFIX}user-id": "github|1", f"{PREFIX}timestamp": str(sent)}
    return {**headers, f"{PREFIX}signature": key.sign(message_of(headers, body)).hex()}


def is_signed_by(received: ReceivedCallback, key: dict[str, str]) -> bool:
    """Return whether a key of the list verifies a webhook, as the documents' Python example does it."""
    public = Ed25519PublicKey.from_public_bytes(base64.urlsafe_b64decode(key["x"]))
    try:
        public.verify(bytes.fromhex(received.headers[f"{PREFIX}signature"]), message_of(*received))
    except InvalidSignature:
        return False
    return True


@pytest.fixture
def raw(target: Target) -> FalRaw:
    """Return the raw client of a new account."""
    return FalRaw(target)


def webhook_of(raw: FalRaw, prompt: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """Submit with a webhook, let the request end, and return the response and the body of the webhook."""
    with CallbackReceiver() as receiver:
        made = data_of(raw.submit(IMAGE_MODEL, {"prompt": prompt}, f"?fal_webhook={quote(receiver.url, safe='')}"))
        raw.advance(3 * raw.longest)
        body = receiver.next()
        assert receiver.callbacks.empty()
        return made, body


@proves("fal:webhook.query", "fal:webhook.body", side="server")
def test_webhook_has_the_output(raw: FalRaw) -> None:
    """A request that succeeds sends OK once, with the output that its result has."""
    made, body = webhook_of(raw, "A fox")
    names = (body["request_id"], body["gateway_request_id"], body["status"])
    assert names == (made["request_id"], made["request_id"], "OK")
    assert body["payload"] == raw.http.get(made["response_url"]).json()


@proves("fal:webhook.body", side="server")
@pytest.mark.parametrize("word", ["fail", "block"])
def test_webhook_has_the_error(raw: FalRaw, word: str) -> None:
    """A request that fails sends ERROR with a text, and with what its result returns."""
    made, body = webhook_of(raw, f"A fox soundstage:{word}")
    assert body["status"] == "ERROR"
    assert body["error"]
    assert body["payload"] == raw.http.get(made["response_url"]).json()


@proves("fal:webhook.retries", side="server")
def test_webhook_is_sent_again_ten_times(raw: FalRaw) -> None:
    """A webhook that is never answered with 2xx is sent 11 times in all, within two hours."""
    with CallbackReceiver(500) as receiver:
        data_of(raw.submit(IMAGE_MODEL, {"prompt": "A fox"}, f"?fal_webhook={quote(receiver.url, safe='')}"))
        raw.advance(raw.longest)
        bodies = [receiver.next()]
        raw.advance(7200 - raw.longest)
        bodies += [receiver.next() for _ in range(10)]
        assert all(body == bodies[0] for body in bodies)
        raw.advance(86_400)
        assert len(raw.target.control.callbacks(raw.name)["attempts"]) == len(bodies)


@proves("fal:webhook.query", side="server")
def test_address_that_is_none_is_refused(raw: FalRaw) -> None:
    """An address that is no http or https URL is refused by name."""
    assert "fal_webhook" in raw.check_refused(raw.submit(IMAGE_MODEL, {}, "?fal_webhook=nowhere"), UNREADABLE)
    assert raw.untouched()


@proves("fal:webhook.body", side="client")
def test_webhook_names_no_job() -> None:
    """A webhook does not name the app that a poll needs: the error asks for the token; other bodies are refused."""
    client = ScriptedClient(CONTRACT).client
    with pytest.raises(errors.UnsupportedError, match="token"):
        client.job_from_callback({"request_id": "a", "gateway_request_id": "a", "status": "OK", "payload": {}})
    with pytest.raises(errors.InvalidArgument, match="webhook"):
        client.job_from_callback("{}")


@proves("fal:webhook.headers", "fal:webhook.signature", "fal:webhook.signer", side="server")
def test_webhook_is_signed(raw: FalRaw) -> None:
    """Request id, user id and the real time are in headers, and the second key of the list verifies the signature."""
    before = int(time.time())
    with CallbackReceiver() as receiver:
        made = data_of(raw.submit(IMAGE_MODEL, {"prompt": "A fox"}, f"?fal_webhook={quote(receiver.url, safe='')}"))
        raw.advance(raw.longest)
        receiver.next()
    (received,) = receiver.requests
    assert received.headers[f"{PREFIX}request-id"] == made["request_id"]
    assert received.headers[f"{PREFIX}user-id"] == raw.name
    assert before <= int(received.headers[f"{PREFIX}timestamp"]) <= time.time()
    keys = data_of(raw.http.get(f"{raw.target.base_url('fal')}/.well-known/jwks.json"))["keys"]
    assert [is_signed_by(received, key) for key in keys] == [False, True]


@proves("fal:webhook.keys", "fal:webhook.signer", side="server")
@pytest.mark.parametrize("host", ["rest.fal.ai", "rest.alpha.fal.ai"])
def test_keys_are_at_both_documented_hosts(raw: FalRaw, host: str) -> None:
    """The list is read without a key, and each of its keys has 32 bytes in padded base64url."""
    response = raw.target.http().get(f"{raw.target.url}/.well-known/jwks.json", headers={"Host": host})
    assert [len(base64.urlsafe_b64decode(key["x"])) for key in data_of(response)["keys"]] == [32, 32]


@proves("fal:webhook.headers", "fal:webhook.signature", "fal:webhook.keys_elsewhere", side="both")
def test_client_accepts_the_webhook_of_the_simulator(target: Target, raw: FalRaw) -> None:
    """A webhook is proven by the keys of the address that the client uses, unless it was changed on its way."""
    client = target.client(CONTRACT, raw.account)
    with CallbackReceiver() as receiver:
        for prompt in ("A fox", "A dog"):
            client.submit(prompt, model=IMAGE_MODEL, webhook_url=receiver.url)
            raw.advance(raw.longest)
            receiver.next()
            target.control.fault("callback_tampered", vendor="fal", account=raw.name, times=1)
    good, tampered = receiver.requests
    assert client.verify_webhook(good.body, good.headers) == json.loads(good.body)
    with pytest.raises(WebhookError, match="no key of fal"):
        client.verify_webhook(tampered.body, tampered.headers)


@proves("fal:webhook.signature", "fal:webhook.keys", "fal:webhook.signer", side="client")
@pytest.mark.parametrize("padding", ["", "="])
def test_any_key_of_the_list_proves_a_webhook(padding: str) -> None:
    """The keys are read at the documented host without the account's key, and the last of them is enough."""
    client = ScriptedClient(CONTRACT, listed(OLD_KEY, KEY, padding=padding))
    headers = {name.title(): value for name, value in signed().items()}
    assert client.client.verify_webhook(BODY, headers, now=NOW)["payload"] == {"seed": 7}
    (request,) = client.sent
    assert str(request.url) == "https://rest.fal.ai/.well-known/jwks.json"
    assert "authorization" not in request.headers


@proves("fal:webhook.signature", side="client")
@pytest.mark.parametrize(
    ("body", "headers"),
    [
        (json.dumps(json.loads(BODY)).encode(), signed()),
        (BODY, signed(key=OLD_KEY)),
        (BODY, {**signed(), f"{PREFIX}request-id": "r-2"}),
        (BODY, {**signed(), f"{PREFIX}user-id": "github|2"}),
        (BODY, {**signed(), f"{PREFIX}timestamp": str(NOW + 1)}),
        (BODY, {**signed(), f"{PREFIX}signature": "00" * 64}),
    ],
    ids=["body", "key", "request", "user", "time", "signature"],
)
def test_webhook_that_no_key_verifies_is_refused(body: bytes, headers: dict[str, str]) -> None:
    """Each part is signed: with another one the webhook is not proven."""
    with pytest.raises(WebhookError, match="no key of fal verifies X-Fal-Webhook-Signature"):
        ScriptedClient(CONTRACT, listed(KEY)).client.verify_webhook(body, headers, now=NOW)


@proves("fal:webhook.headers", side="client")
@pytest.mark.parametrize("name", ["request-id", "user-id", "timestamp", "signature"])
def test_webhook_without_a_header_is_refused(name: str) -> None:
    """The error names the missing header, and nothing is sent."""
    client = ScriptedClient(CONTRACT, listed(KEY))
    headers = {key: value for key, value in signed().items() if not key.endswith(name)}
    with pytest.raises(WebhookError, match=f"it has no X-Fal-Webhook-{name.title()}$"):
        client.client.verify_webhook(BODY, headers, now=NOW)
    assert client.sent == []


@proves("fal:webhook.headers", side="client")
@pytest.mark.parametrize(
    ("name", "value"), [("timestamp", "today"), ("timestamp", "1.5"), ("signature", "no hex"), ("signature", "00" * 63)]
)
def test_unreadable_header_is_refused(name: str, value: str) -> None:
    """A time that is no whole number, or a signature of another form, is named."""
    headers = {**signed(), f"{PREFIX}{name}": value}
    with pytest.raises(WebhookError, match=f"X-Fal-Webhook-{name.title()} is '{value[:40]}'"):
        ScriptedClient(CONTRACT, listed(KEY)).client.verify_webhook(BODY, headers, now=NOW)


@proves("fal:webhook.timestamp", side="client")
def test_webhook_of_another_time_is_refused() -> None:
    """300 seconds before and after are accepted, one more is refused, by the system's clock where none is given."""
    client = ScriptedClient(CONTRACT, listed(KEY)).client
    for late in (-300, 300):
        assert client.verify_webhook(BODY, signed(), now=NOW + late)
    for late, words in ((-301, "301 seconds in the future"), (301, "301 seconds ago")):
        with pytest.raises(WebhookError, match=words):
            client.verify_webhook(BODY, signed(), now=NOW + late)
    assert client.verify_webhook(BODY, signed(sent=int(time.time())))
    with pytest.raises(WebhookError, match="allowed: 300"):
        client.verify_webhook(BODY, signed(sent=int(time.time()) - 3600))


@proves("fal:webhook.keys_kept", side="client")
def test_keys_are_read_again_in_time() -> None:
    """The keys are read once for many webhooks, and again within a day: what an old key signs is then refused."""
    client = ScriptedClient(CONTRACT, listed(OLD_KEY), listed(KEY))
    for _ in range(3):
        assert client.client.verify_webhook(BODY, signed(key=OLD_KEY), now=NOW)
    assert len(client.sent) == 1
    client.clock.sleep(DAY)
    with pytest.raises(WebhookError):
        client.client.verify_webhook(BODY, signed(key=OLD_KEY), now=NOW)
    assert client.client.verify_webhook(BODY, signed(), now=NOW)
    assert len(client.sent) == 2


@proves("fal:webhook.keys", side="client")
@pytest.mark.parametrize("answer", [{"keys": []}, {"keys": [{"x": "AAAA"}, {"x": 5}, {"x": "é"}, {}]}, {"keys": "x"}])
def test_list_without_a_key_is_an_error(answer: dict[str, Any]) -> None:
    """A list that has no key of 32 bytes is unreadable: it proves nothing, and refuses nothing."""
    with pytest.raises(errors.UnreadableAnswerError, match="no ED25519 key"):
        ScriptedClient(CONTRACT, answer).client.verify_webhook(BODY, signed(), now=NOW)


@proves("fal:webhook.body", "fal:webhook.signature", side="client")
def test_what_is_no_webhook_is_an_invalid_argument() -> None:
    """A body that was parsed, headers that are none, and a signed body of another kind are named."""
    client = ScriptedClient(CONTRACT, listed(KEY)).client
    with pytest.raises(errors.InvalidArgument, match="bytes"):
        client.verify_webhook({"request_id": "r-1"}, signed(), now=NOW)
    with pytest.raises(errors.InvalidArgument, match="headers"):
        client.verify_webhook(BODY, [], now=NOW)
    with pytest.raises(errors.InvalidArgument, match="the JSON of a webhook"):
        client.verify_webhook(b"[]", signed(b"[]"), now=NOW)
