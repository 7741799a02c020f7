"""Contracts about each parameter of Media.io's endpoints, from the table: accepted and refused values."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from soundstage import InvalidArgument
from soundstage_contracts import proves
from soundstage_contracts.laws.requests import has_value
from soundstage_contracts.vendors.mediaio import CONTRACT
from soundstage_contracts.vendors.mediaio.arguments import (
    BY_NAME,
    CROSSED,
    ENDPOINTS,
    FACTS,
    LINKS,
    PARAMETERS,
    accepted,
    bodies,
    method_of,
    natural,
    naturally,
    plain,
    refused,
    refused_by_client,
)
from soundstage_contracts.vendors.mediaio.raw_client import RawClient, assert_refused, opened

if TYPE_CHECKING:
    import httpx

    from soundstage_contracts.facts.tables import Endpoint, Parameter
    from soundstage_contracts.simulators.target import Target

EACH = pytest.mark.parametrize("endpoint", ENDPOINTS, ids=method_of)
EVERY = pytest.mark.parametrize(
    ("endpoint", "parameter"), PARAMETERS, ids=[f"{method_of(one)}-{parameter.name}" for one, parameter in PARAMETERS]
)
FEW = settings(max_examples=10)
HAILUO = BY_NAME["Hailuo 2.3"]


class RecordingClient:
    """A client that records the parameters that it sends."""

    def __init__(self, target: Target) -> None:
        self.sent: list[httpx.Request] = []
        http = target.http(event_hooks={"request": [self.sent.append]})
        self.client = target.client(CONTRACT, target.new_account(), http=http)

    def call(self, endpoint: Endpoint, **arguments: Any) -> dict[str, Any]:
        """Call the endpoint's method, and return the parameters that went."""
        getattr(self.client, method_of(endpoint))(**arguments)
        body: dict[str, Any] = json.loads(self.sent[-1].content)
        assert list(body) == ["data"]
        return dict(body["data"])


@proves(*FACTS, "mediaio:request.wrapper", "mediaio:values.are_strings", "mediaio:create.answer", side="server")
@EVERY
def test_every_documented_value_is_accepted(target: Target, endpoint: Endpoint, parameter: Parameter) -> None:
    """Each documented value, the least and the most, and the absence of an optional parameter are accepted."""
    raw = RawClient(target)
    for value in accepted(parameter):
        assert opened(raw.generate(endpoint, plain(endpoint, **{parameter.name: value})))["task_id"]
    if not parameter.required:
        body = plain(endpoint)
        body.pop(parameter.name, None)
        assert opened(raw.generate(endpoint, body))["task_id"]


@proves(*FACTS, "mediaio:errors.invalid_parameter", "mediaio:values.are_strings", side="server")
@EVERY
def test_every_undocumented_value_is_refused_by_name(target: Target, endpoint: Endpoint, parameter: Parameter) -> None:
    """A value near, beyond or of another type is refused by name, with the parameter's fact, and costs nothing."""
    raw = RawClient(target)
    for value in refused(parameter):
        response = raw.generate(endpoint, plain(endpoint, **{parameter.name: value}))
        assert parameter.name in assert_refused(response, 490000, fact=endpoint.fact(parameter.name)), value
    assert target.control.tasks(raw.name) == []
    assert raw.credits() == 1000


@proves("mediaio:images.array", side="server")
@pytest.mark.parametrize("name", ["Nano Banana", "Nano Banana Pro", "Seedream 4.0"])
def test_images_is_an_array_of_one_to_nine(target: Target, name: str) -> None:
    """Nine URLs are accepted; ten, none, and one without an array are refused."""
    raw, endpoint = RawClient(target), BY_NAME[name]
    raw.start(endpoint, images=[LINKS[0]] * 9)
    for images in ([LINKS[0]] * 10, [], LINKS[0]):
        assert "images" in assert_refused(raw.generate(endpoint, plain(endpoint, images=images)), 490000)


@proves("mediaio:hailuo23.cross_field", "mediaio:endpoint.i2v-minimax-v2-3.resolution", side="server")
def test_hailuo_1080p_lasts_six_seconds(target: Target) -> None:
    """1080P is accepted with 6s, the default, and refused with 10s; 768P is accepted with both."""
    raw = RawClient(target)
    for choices in ({"resolution": "1080P"}, {**CROSSED, "duration": "6s"}, {**CROSSED, "resolution": "768P"}):
        raw.start(HAILUO, **choices)
    message = assert_refused(raw.generate(HAILUO, plain(HAILUO, **CROSSED)), 490000, fact="hailuo23.cross_field")
    assert "resolution" in message


@proves(*FACTS, "mediaio:values.are_strings", side="client")
@EVERY
def test_every_documented_value_is_sent_unchanged(target: Target, endpoint: Endpoint, parameter: Parameter) -> None:
    """Each documented value is sent under its name, and Python's own types as the documented string."""
    received = RecordingClient(target)
    for value in accepted(parameter):
        sent = received.call(endpoint, **plain(endpoint, **{parameter.name: value}))
        assert sent[parameter.name] == value
    for own, raw in natural(parameter):
        sent = received.call(endpoint, **plain(endpoint, **{parameter.name: own}))
        assert (sent[parameter.name], type(sent[parameter.name])) == (raw, str)


@proves(*FACTS, "mediaio:values.are_strings", side="client")
@EVERY
def test_client_refuses_every_undocumented_value(target: Target, endpoint: Endpoint, parameter: Parameter) -> None:
    """A wrong or missing value is an InvalidArgument with parameter, value and what is allowed; nothing is sent."""
    received = RecordingClient(target)
    for value in refused_by_client(parameter):
        with pytest.raises(InvalidArgument) as caught:
            received.call(endpoint, **plain(endpoint, **{parameter.name: value}))
        assert caught.value.field == parameter.name
        assert has_value(caught.value, value)
        assert all(choice in str(caught.value.allowed) for choice in parameter.limits.get("enum", ()))
    if parameter.required:
        needed = plain(endpoint)
        del needed[parameter.name]
        with pytest.raises(InvalidArgument, match=parameter.name):
            received.client.generate(endpoint.name, **needed)
    assert received.sent == []


@proves("mediaio:images.array", side="client")
@pytest.mark.parametrize("name", ["Nano Banana", "Nano Banana Pro", "Seedream 4.0"])
def test_client_sends_images_as_an_array(target: Target, name: str) -> None:
    """A list or tuple of URLs is sent as an array; a single URL, ten and none are refused."""
    received, endpoint = RecordingClient(target), BY_NAME[name]
    assert received.call(endpoint, **plain(endpoint, images=tuple(LINKS)))["images"] == list(LINKS)
    for images in (LINKS[0], [LINKS[0]] * 10, []):
        with pytest.raises(InvalidArgument, match="images"):
            received.call(endpoint, **plain(endpoint, images=images))
    assert len(received.sent) == 1


@proves("mediaio:hailuo23.cross_field", "mediaio:endpoint.i2v-minimax-v2-3.resolution", side="client")
@pytest.mark.parametrize("duration", ["10s", 10])
def test_client_refuses_ten_seconds_in_1080p(target: Target, duration: str | int) -> None:
    """Ten seconds in 1080P are refused; six seconds, and ten in 768P, are sent."""
    received = RecordingClient(target)
    with pytest.raises(InvalidArgument, match="6s") as refusal:
        received.call(HAILUO, **plain(HAILUO, resolution="1080P", duration=duration))
    assert (refusal.value.field, received.sent) == ("resolution", [])
    assert received.call(HAILUO, **plain(HAILUO, resolution="1080P"))["duration"] == "6s"
    assert received.call(HAILUO, **plain(HAILUO, duration=duration))["resolution"] == "768P"


@proves(*FACTS, side="client")
@EACH
@FEW
@given(data=st.data())
def test_method_and_name_send_the_same_request(target: Target, endpoint: Endpoint, data: st.DataObject) -> None:
    """A method, and `generate` with the endpoint's name, send the same request."""
    received, body = RecordingClient(target), data.draw(bodies(endpoint))
    sent = received.call(endpoint, **naturally(endpoint, body))
    assert {name: sent[name] for name in body} == body
    received.client.generate(endpoint.name, **body)
    assert json.loads(received.sent[1].content) == {"data": sent}
    assert received.sent[0].url == received.sent[1].url
