"""The contracts of every parameter of Media.io's endpoints, made from the table: what is accepted, what is refused."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from soundstage import InvalidArgument
from soundstage_contracts import proves
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


class Heard:
    """A client, and what it sent."""

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
def test_whatever_a_parameter_may_be_is_accepted(target: Target, endpoint: Endpoint, parameter: Parameter) -> None:
    """Every documented value, the least and the most that is documented, and its absence where it is optional."""
    raw = RawClient(target)
    for value in accepted(parameter):
        assert opened(raw.generate(endpoint, plain(endpoint, **{parameter.name: value})))["task_id"]
    if not parameter.required:
        body = plain(endpoint)
        body.pop(parameter.name, None)
        assert opened(raw.generate(endpoint, body))["task_id"]


@proves(*FACTS, "mediaio:errors.invalid_parameter", "mediaio:values.are_strings", side="server")
@EVERY
def test_whatever_a_parameter_may_not_be_is_refused(target: Target, endpoint: Endpoint, parameter: Parameter) -> None:
    """Anything near, beyond, or of another type is refused by name, citing the parameter's fact, and costs nothing."""
    raw = RawClient(target)
    for value in refused(parameter):
        answer = raw.generate(endpoint, plain(endpoint, **{parameter.name: value}))
        assert parameter.name in assert_refused(answer, 490000, fact=endpoint.fact(parameter.name)), value
    assert target.control.tasks(raw.name) == []
    assert raw.credits() == 1000


@proves("mediaio:images.array", side="server")
@pytest.mark.parametrize("name", ["Nano Banana", "Nano Banana Pro", "Seedream 4.0"])
def test_images_are_an_array_of_one_to_nine(target: Target, name: str) -> None:
    """Nine addresses are taken; ten, none, and one that stands without an array are refused."""
    raw, endpoint = RawClient(target), BY_NAME[name]
    raw.start(endpoint, images=[LINKS[0]] * 9)
    for images in ([LINKS[0]] * 10, [], LINKS[0]):
        assert "images" in assert_refused(raw.generate(endpoint, plain(endpoint, images=images)), 490000)


@proves("mediaio:hailuo23.cross_field", "mediaio:endpoint.i2v-minimax-v2-3.resolution", side="server")
def test_hailuo_in_full_lasts_six_seconds(target: Target) -> None:
    """1080P goes with 6s, which is the default, and not with 10s; 768P goes with both."""
    raw = RawClient(target)
    for choices in ({"resolution": "1080P"}, {**CROSSED, "duration": "6s"}, {**CROSSED, "resolution": "768P"}):
        raw.start(HAILUO, **choices)
    said = assert_refused(raw.generate(HAILUO, plain(HAILUO, **CROSSED)), 490000, fact="hailuo23.cross_field")
    assert "resolution" in said


@proves(*FACTS, "mediaio:values.are_strings", side="client")
@EVERY
def test_whatever_a_parameter_may_be_is_sent_as_it_is(target: Target, endpoint: Endpoint, parameter: Parameter) -> None:
    """Every documented value arrives under its name, unchanged; what is natural in Python arrives as the string."""
    heard = Heard(target)
    for value in accepted(parameter):
        sent = heard.call(endpoint, **plain(endpoint, **{parameter.name: value}))
        assert sent[parameter.name] == value
    for own, raw in natural(parameter):
        sent = heard.call(endpoint, **plain(endpoint, **{parameter.name: own}))
        assert (sent[parameter.name], type(sent[parameter.name])) == (raw, str)


@proves(*FACTS, "mediaio:values.are_strings", side="client")
@EVERY
def test_whatever_a_parameter_may_not_be_is_refused_before_it_is_sent(
    target: Target, endpoint: Endpoint, parameter: Parameter
) -> None:
    """A wrong value is an InvalidArgument that names the parameter and what is allowed; nothing is sent."""
    heard = Heard(target)
    for value in refused_by_client(parameter):
        with pytest.raises(InvalidArgument) as caught:
            heard.call(endpoint, **plain(endpoint, **{parameter.name: value}))
        assert caught.value.field == parameter.name
        assert all(choice in str(caught.value.allowed) for choice in parameter.limits.get("enum", ()))
    if parameter.required:
        needed = plain(endpoint)
        del needed[parameter.name]
        with pytest.raises(InvalidArgument, match=parameter.name):
            heard.client.generate(endpoint.name, **needed)
    assert heard.sent == []


@proves("mediaio:images.array", side="client")
@pytest.mark.parametrize("name", ["Nano Banana", "Nano Banana Pro", "Seedream 4.0"])
def test_the_client_sends_images_as_an_array(target: Target, name: str) -> None:
    """A list or a tuple of addresses is an array; a bare address, ten and none are refused and not sent."""
    heard, endpoint = Heard(target), BY_NAME[name]
    assert heard.call(endpoint, **plain(endpoint, images=tuple(LINKS)))["images"] == list(LINKS)
    for images in (LINKS[0], [LINKS[0]] * 10, []):
        with pytest.raises(InvalidArgument, match="images"):
            heard.call(endpoint, **plain(endpoint, images=images))
    assert len(heard.sent) == 1


@proves("mediaio:hailuo23.cross_field", "mediaio:endpoint.i2v-minimax-v2-3.resolution", side="client")
@pytest.mark.parametrize("duration", ["10s", 10])
def test_the_client_knows_what_does_not_go_together(target: Target, duration: str | int) -> None:
    """Ten seconds in 1080P are refused and not sent; six are sent, and so are ten in 768P."""
    heard = Heard(target)
    with pytest.raises(InvalidArgument, match="6s") as refusal:
        heard.call(HAILUO, **plain(HAILUO, resolution="1080P", duration=duration))
    assert (refusal.value.field, heard.sent) == ("resolution", [])
    assert heard.call(HAILUO, **plain(HAILUO, resolution="1080P"))["duration"] == "6s"
    assert heard.call(HAILUO, **plain(HAILUO, duration=duration))["resolution"] == "768P"


@proves(*FACTS, side="client")
@EACH
@FEW
@given(data=st.data())
def test_by_method_and_by_name_the_same_is_sent(target: Target, endpoint: Endpoint, data: st.DataObject) -> None:
    """What is given to a method, or to `generate` with the exact name, is what the API hears, in strings."""
    heard, body = Heard(target), data.draw(bodies(endpoint))
    sent = heard.call(endpoint, **naturally(endpoint, body))
    assert {name: sent[name] for name in body} == body
    heard.client.generate(endpoint.name, **body)
    assert json.loads(heard.sent[1].content) == {"data": sent}
    assert heard.sent[0].url == heard.sent[1].url
