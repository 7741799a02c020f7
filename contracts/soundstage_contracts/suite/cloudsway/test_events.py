"""Contracts about Cloudsway's callbacks, and about submissions whose response is lost."""

from __future__ import annotations

import json
import pickle
import re
import uuid
from typing import TYPE_CHECKING, Any

import anyio
import httpx
import pytest

from soundstage import Cloudsway, JobState, SkippingClock, errors
from soundstage_contracts import proves
from soundstage_contracts.simulators.callback_receiver import CallbackReceiver
from soundstage_contracts.simulators.control import account_name
from soundstage_contracts.vendors.cloudsway import CONTRACT
from soundstage_contracts.vendors.cloudsway.raw_client import IMAGE, SLUG, TEXT, UUID4, RawClient

if TYPE_CHECKING:
    from collections.abc import Iterator

    from soundstage_contracts.simulators.target import Target

LOST = ("reset_before", "reset_during", "reset_after", "truncate", "malformed")
MEMBERS = {"task_id", "task_status", "task_status_msg", "created_at", "updated_at", "task_info"}


@pytest.fixture
def receiver() -> Iterator[CallbackReceiver]:
    """Run a callback receiver."""
    with CallbackReceiver() as listening:
        yield listening


@pytest.fixture
def failing_receiver() -> Iterator[CallbackReceiver]:
    """Run a callback receiver that answers every callback with an error."""
    with CallbackReceiver(500) as listening:
        yield listening


@proves("cloudsway:callback")
@proves("cloudsway:callback.content_type", side="server")
@pytest.mark.parametrize("shape", ["flat", "envelope"])
@pytest.mark.parametrize(("word", "end"), [("", "succeed"), ("fail", "failed"), ("block_later", "failed")])
def test_every_state_change_sends_one_callback(
    target: Target, receiver: CallbackReceiver, shape: str, word: str, end: str
) -> None:
    """Processing and the end send one callback each, in both forms, and the client reads the job from each."""
    account = target.new_account()
    client, name = target.client(CONTRACT, account), account_name(SLUG, account)
    job = client.text_to_video(f"A fox soundstage:{word}", callback_url=receiver.url, external_task_id="order-7")
    target.control.dialects(name, cloudsway__callback=shape)
    assert target.control.callbacks(name)["attempts"] == []
    target.control.advance(21, name)
    first = receiver.next()
    target.control.advance(1800, name)
    second = receiver.next()
    for payload, status in ((first, "processing"), (second, end)):
        if shape == "envelope":
            assert set(payload) == {"code", "message", "request_id", "data"}
            assert (payload["code"], bool(UUID4.fullmatch(payload["request_id"]))) == (0, True)
        data = payload if shape == "flat" else payload["data"]
        assert set(data) == MEMBERS | ({"task_result"} if status == "succeed" else set())
        assert (data["task_id"], data["task_status"]) == (job.id, status)
        assert data["task_info"] == {"external_task_id": "order-7"}
        assert bool(data["task_status_msg"]) == (status == "failed")
    again = client.job_from_callback(json.dumps(second))
    assert again.id == job.id
    assert again.refresh().state is job.refresh().state
    assert client.job_from_callback(first).state is JobState.RUNNING
    assert [output.url for output in again.outputs] == [output.url for output in job.outputs]
    target.control.advance(3600, name)
    assert receiver.callbacks.empty()


@proves("cloudsway:callback.retries", side="server")
def test_failed_callback_is_sent_three_times(target: Target, failing_receiver: CallbackReceiver) -> None:
    """A callback that is answered outside 2xx is sent again after 10 and after 60 seconds, and then no more."""
    raw = RawClient(target)
    task = raw.create(IMAGE, callback_url=failing_receiver.url)["task_id"]
    raw.advance(21)
    first = failing_receiver.next()
    raw.advance(10)
    assert failing_receiver.next() == first
    assert first["task_id"] == task
    assert first["task_status"] == "processing"
    raw.advance(1800)
    rest = [failing_receiver.next() for _ in range(4)]
    assert sorted(payload["task_status"] for payload in rest) == ["processing", "succeed", "succeed", "succeed"]
    raw.advance(3600)
    raw.create()
    assert failing_receiver.callbacks.empty()


@proves("cloudsway:routes.kind", "cloudsway:text2video.params", side="client")
def test_every_submission_has_an_external_id(target: Target) -> None:
    """The caller's external_task_id is sent unchanged; without one a new UUID is sent."""
    sent: list[httpx.Request] = []
    client = target.client(CONTRACT, target.new_account(), http=target.http(event_hooks={"request": [sent.append]}))
    client.text_to_video("A fox", external_task_id="order 7")
    client.text_to_video("A fox")
    client.image_to_video("https://example.test/a.png")
    names = [json.loads(request.content)["external_task_id"] for request in sent]
    assert names[0] == "order 7"
    assert all(UUID4.fullmatch(name) and uuid.UUID(name) for name in names[1:])
    assert len(set(names)) == 3
    assert client.job("order 7", "text_to_video").refresh().state is JobState.QUEUED
    for wrong in ("", " ", "a/b", "..", "a?b", "a#b", "a\nb", "x" * 201, 5, " a"):
        with pytest.raises(errors.InvalidArgument, match="external_task_id"):
            client.text_to_video("A fox", external_task_id=wrong)


@proves("cloudsway:routes.kind", "cloudsway:errors.which", side="client")
@pytest.mark.parametrize("method", ["text_to_video", "image_to_video"])
@pytest.mark.parametrize("kind", LOST)
def test_lost_response_is_resolved_by_external_id(target: Target, method: str, kind: str) -> None:
    """`resolve()` finds the job or proves that there is none, and nothing is sent twice."""
    account = target.new_account()
    client, name = target.client(CONTRACT, account, clock=target.advancing_clock()), account_name(SLUG, account)
    words: dict[str, Any] = {
        "prompt": "A fox",
        **({"image": "https://example.test/a.png"} if "image" in method else {}),
    }
    target.control.fault(kind, vendor=SLUG, account=name, method="POST", times=1)
    with pytest.raises(errors.SubmitOutcomeUnknown) as unknown:
        getattr(client, method)(**words)
    found = unknown.value.resolve()
    known = {one["account"] for one in target.control.accounts()}
    uploaded = [task["id"] for task in target.control.tasks(name)] if name in known else []
    assert len(uploaded) == (0 if kind == "reset_before" else 1)
    if found is None:
        assert uploaded == []
        return
    assert (uploaded, found.operation) == ([found.id], method)
    again = client.resolve(pickle.loads(pickle.dumps(unknown.value)))  # noqa: S301 - our own bytes
    assert again.id == found.id
    assert found.wait().state is JobState.SUCCEEDED


@proves("cloudsway:routes.kind", side="client")
def test_async_client_resolves_a_lost_response(target: Target) -> None:
    """The async client finds the job of a lost response, too."""

    async def story() -> list[str]:
        account = target.new_account()
        target.control.fault("reset_after", vendor=SLUG, account=account_name(SLUG, account), method="POST", times=1)
        async with target.async_http() as http:
            client = target.async_client(CONTRACT, account, http=http)
            with pytest.raises(errors.SubmitOutcomeUnknown) as unknown:
                await client.text_to_video("A fox")
            found = await unknown.value.resolve()
            assert found is not None
            return [found.id, *(task["id"] for task in target.control.tasks(account_name(SLUG, account)))]

    found, *uploaded = anyio.run(story)
    assert [found] == uploaded


@proves("cloudsway:errors.which", side="client")
@pytest.mark.parametrize(
    ("response", "proof"),
    [
        (httpx.Response(404, json={"code": 1203, "message": "none", "request_id": "r"}), True),
        (httpx.Response(200, json={"code": 1203, "message": "none", "request_id": "r"}), True),
        (httpx.Response(404, text="not here"), False),
        (httpx.Response(404, json={"code": 404, "message": "no route", "request_id": "r"}), False),
        (httpx.Response(401, json={"code": 1002, "message": "no", "request_id": "r"}), False),
        (httpx.Response(200, json={"code": 0, "message": "SUCCEED", "request_id": "r", "data": {}}), False),
    ],
)
def test_only_1203_proves_that_no_job_exists(response: httpx.Response, proof: bool) -> None:  # noqa: FBT001 - a row
    """A proxy's 404, a refused key or a response without a task proves nothing, and stays an error."""
    arguments: list[str] = []

    def respond(request: httpx.Request) -> httpx.Response:
        arguments.append(f"{request.method} {request.url.path}")
        if request.method == "POST":
            raise httpx.ReadError("gone", request=request)
        return response

    http = httpx.Client(transport=httpx.MockTransport(respond))
    client = Cloudsway("key", "RWabc", base_url="https://gateway.test", http=http, clock=SkippingClock())
    with pytest.raises(errors.SubmitOutcomeUnknown) as unknown:
        client.image_to_video("https://example.test/a.png", external_task_id="order-7")
    if proof:
        assert unknown.value.resolve() is None
    else:
        with pytest.raises(errors.ApiError):
            unknown.value.resolve()
    assert re.search(r"GET .*/image2video/order-7$", arguments[-1])
    assert sum(one.startswith("POST") for one in arguments) == 1


def test_list_shows_external_ids(target: Target) -> None:
    """A list shows external_task_id, so that a task can be found without the error."""
    raw = RawClient(target)
    raw.create(TEXT, external_task_id="order-7")
    (one,) = raw.ask("GET", TEXT).json()["data"]
    assert one["task_info"] == {"external_task_id": "order-7"}
