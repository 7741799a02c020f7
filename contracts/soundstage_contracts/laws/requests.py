"""Laws about requests: where they go, what they carry, what the service accepts and the client refuses to send."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import strategies as st

from soundstage import InvalidArgument
from soundstage_contracts.laws.binding import law
from soundstage_contracts.laws.declarations import NO_OBJECT, Operation, Refusal

if TYPE_CHECKING:
    from collections.abc import Mapping

    import httpx

    from soundstage_contracts.laws.terms import Terms
    from soundstage_contracts.simulators.target import Target

CALLBACK = "http://127.0.0.1:9/done"
"""An address at which no server listens."""
_SHORT = 20
"""Characters of a text that every message shows whole."""
SEVERAL = 3
"""How many broken requests one example makes: each is cheap, and every parameter should have its turn."""
MANY = 9
"""How many broken calls one example makes: nothing is sent, so that they cost less than broken requests."""


def recording_client(vendor: Terms, target: Target, account: str | None = None) -> tuple[Any, list[httpx.Request]]:
    """Return the vendor's client, and the list to which each request is added before it is sent."""
    sent: list[httpx.Request] = []
    return vendor.new_client(target, account, http=target.http(event_hooks={"request": [sent.append]})), sent


def submissions(vendor: Terms, operation: Operation, sent: list[httpx.Request]) -> list[httpx.Request]:
    """Return the requests of *sent* that start a job of *operation*."""
    method, path, _ = vendor.raw_client.creation_request(operation, operation.required)
    return [request for request in sent if request.method == method and request.url.path.endswith(path)]


def received_members(vendor: Terms, operation: Operation, request: httpx.Request) -> dict[str, Any]:
    """Return the members that the service receives with *request*, and check how they are wrapped."""
    received = json.loads(request.content)
    members = vendor.raw_client.members(received)
    assert received == vendor.raw_client.creation_request(operation, members).body
    return members


def without_generated(operation: Operation, members: Mapping[str, Any], given: Mapping[str, Any]) -> dict[str, Any]:
    """Return *members* without those that the client generated because they are not in *given*."""
    return {name: value for name, value in members.items() if name not in operation.generated or name in given}


def is_plain(value: object) -> bool:
    """Return whether a message shows *value* as it is: a number or a short word, and no address or long text."""
    if isinstance(value, str):
        return value.isascii() and value.isalnum() and len(value) <= _SHORT
    return isinstance(value, (int, float))


def has_value(error: InvalidArgument, given: object) -> bool:
    """Return whether *error* has the value *given*, the item of it that is wrong, or the text of its message for it."""
    items = given if isinstance(given, (list, tuple)) else ()
    return error.value == given or error.value in items or (isinstance(error.value, str) and error.value in str(error))


@law("server", host="hosts", operation="leading")
def test_documented_host_reaches_the_service(vendor: Terms, target: Target, host: str, operation: Operation) -> None:
    """Each documented host reaches the service, without a slug in the path."""
    raw = vendor.new_raw_client(target)
    request = raw.creation_request(operation, operation.required)
    assert raw.created_id(raw.send_request(request, base=target.url, headers={"Host": host}), operation)


@law("client")
def test_client_uses_the_documented_address(vendor: Terms, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a base address the client uses the documented one."""
    for variable in vendor.documented.environment:
        monkeypatch.delenv(variable, raising=False)
    with vendor.contract.client(**vendor.contract.credentials("key")) as client:
        assert client.base_url == vendor.documented.base_url


@law("client", operation="operations")
def test_requests_go_to_documented_routes_with_credentials(vendor: Terms, target: Target, operation: Operation) -> None:
    """Creation and poll go to their documented routes, each with the account's credentials."""
    account = target.new_account()
    client, sent = recording_client(vendor, target, account)
    job = getattr(client, operation.method)(**operation.arguments(operation.required)).refresh()
    started = vendor.raw_client.creation_request(operation, operation.required)
    polled = vendor.raw_client.status_request(job.id, operation)
    documented = [(request.method, request.path) for request in (started, polled)]
    base = httpx_path(target.base_url(vendor.slug))
    # A documented path has its query only where that names the job, as in `/query?task_id=...`.
    whole = [request.url.raw_path.decode().removeprefix(base) for request in sent[-2:]]
    paths = [
        path if "?" in plain else path.partition("?")[0] for path, (_, plain) in zip(whole, documented, strict=True)
    ]
    assert [(request.method, path) for request, path in zip(sent[-2:], paths, strict=True)] == documented
    headers = vendor.contract.headers(account)
    assert [{name: request.headers.get(name) for name in headers} for request in sent[-2:]] == [dict(headers)] * 2


def httpx_path(url: str) -> str:
    """Return the path of *url*."""
    return "/" + url.split("/", 3)[3]


@law("server", operation="operations")
def test_valid_body_is_accepted(vendor: Terms, target: Target, operation: Operation, data: st.DataObject) -> None:
    """A body with any documented values starts a job, and the response has the documented form."""
    body = data.draw(operation.bodies, label="body")
    raw = vendor.new_raw_client(target)
    assert raw.created_id(raw.submit_job(operation, body), operation) == raw.jobs()[0]


@law("server", needs=["invalid"], operation="broken")
def test_broken_body_is_refused_by_name_and_costs_nothing(
    vendor: Terms, target: Target, operation: Operation, data: st.DataObject
) -> None:
    """A member that is missing or breaks its rule is refused by name; no job is started and nothing is charged."""
    assert operation.broken is not None
    assert vendor.invalid is not None
    raw = vendor.new_raw_client(target)
    for name, body in data.draw(st.lists(operation.broken, min_size=SEVERAL, max_size=SEVERAL), label="cases"):
        assert name in raw.check_refused(raw.submit_job(operation, body), vendor.invalid)
    assert raw.untouched()


@law("server", refusal="malformed", operation="operations")
def test_body_that_is_no_object_is_refused(
    vendor: Terms, target: Target, refusal: Refusal, operation: Operation
) -> None:
    """A request body that is no JSON object is refused; no job is started and nothing is charged."""
    raw = vendor.new_raw_client(target)
    request = raw.creation_request(operation, operation.required)._replace(body=None)
    for body in NO_OBJECT:
        raw.check_refused(raw.send_request(request, content=body), refusal)
    assert raw.untouched()


@law("server", operation="operations")
def test_unknown_member_is_ignored(vendor: Terms, target: Target, operation: Operation) -> None:
    """A member that no document names changes nothing."""
    raw = vendor.new_raw_client(target)
    assert raw.start_job(operation, {**operation.required, "no_such_member": 5})


@law("client", operation="broken_for_client")
def test_client_refuses_broken_arguments_before_sending(
    vendor: Terms, target: Target, operation: Operation, data: st.DataObject
) -> None:
    """An argument outside its documented values is an InvalidArgument with its name and value; nothing is sent."""
    cases = operation.broken_arguments()
    assert cases is not None
    client, sent = recording_client(vendor, target)
    drawn = data.draw(st.lists(cases, min_size=MANY, max_size=MANY), label="cases")
    for name, body in drawn:
        if operation.broken_for_client is None and name not in body:
            continue  # an argument without a default cannot be left out
        arguments = operation.arguments(body)
        with pytest.raises(InvalidArgument) as refused:
            getattr(client, operation.method)(**arguments)
        assert refused.value.field == operation.argument(name)
        assert refused.value.field in str(refused.value)
        assert refused.value.allowed
        given = arguments.get(refused.value.field)
        assert has_value(refused.value, given)
        if is_plain(given):
            assert repr(given) in str(refused.value)
    assert sent == []


@law("client", operation="operations")
def test_arguments_arrive_as_documented(
    vendor: Terms, target: Target, operation: Operation, data: st.DataObject
) -> None:
    """Every argument arrives under its documented name; an argument that is None or absent becomes its default."""
    body = data.draw(operation.bodies, label="body")
    arguments = operation.arguments(body)
    if vendor.contract.callback is not None:
        address = data.draw(st.none() | st.just(CALLBACK), label="callback")
        arguments[vendor.contract.callback] = address
        body = {**body, vendor.contract.callback: address}
    client, sent = recording_client(vendor, target)
    getattr(client, operation.method)(**arguments)
    (request,) = submissions(vendor, operation, sent)
    given = {name: value for name, value in body.items() if value is not None}
    received = received_members(vendor, operation, request)
    assert without_generated(operation, received, given) == {**operation.added(), **given}


@law("client", operation="operations")
def test_required_arguments_alone_send_the_documented_defaults(
    vendor: Terms, target: Target, operation: Operation
) -> None:
    """With the required arguments alone, the client sends these and the documented defaults, and nothing else."""
    given = operation.required_by_client()
    client, sent = recording_client(vendor, target)
    getattr(client, operation.method)(**operation.arguments(given))
    (request,) = submissions(vendor, operation, sent)
    received = received_members(vendor, operation, request)
    assert without_generated(operation, received, given) == {**operation.added(), **given}
