"""Contracts about webhooks: where their address is, what they contain, and how often they are sent."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import pytest

from soundstage import errors
from soundstage_contracts.simulators.callback_receiver import CallbackReceiver
from soundstage_contracts.vendor_kit import ScriptedClient, data_of, proves
from soundstage_fal.contract import CONTRACT, IMAGE_MODEL, UNREADABLE, FalRaw

if TYPE_CHECKING:
    from soundstage_contracts.vendor_kit import Target


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
