"""Transcripts: requests and responses as the vendors' documents show them, replayed in both directions.

Against a simulator, each request is sent and the response must have the documented shape. Against a client, respx sends
each response, and the request that the client sends must be the documented one.

A transcript is a JSON file::

    {"title": ..., "source": ..., "facts": [ids without the slug], "call": {"method": ..., "arguments": {...}},
     "ends": "succeeded",
     "steps": [{"request": {"method": ..., "path": ..., "headers": {...}, "body": {...}},
                "advance": seconds before it is sent, "paid": true,
                "response": {"status": 200, "body": {...}}, "literal": ["code"],
                "capture": {"task_id": "data.task_id"}}]}

Paths are relative to the vendor's base address. ``{task_id}`` in a path, a header or a body is replaced by what an
earlier step captured, or by a credential of that name. A step's own headers are added to those that the vendor
declares. ``literal`` names the members of the response whose values, and not only their types, are documented.
``paid`` marks the step that starts the job, where that is not the first that captures something. ``"ends": "answered"``
is the end of a call that starts no job but returns a value.

A vendor's first transcript (by file name) that ends as ``succeeded`` is the script of the contracts on safety: it needs
a poll of the unfinished job before the last one.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import httpx
import respx

import soundstage_vendors
from soundstage import SkippingClock
from soundstage_contracts.simulators.recorder import with_recording

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from soundstage_contracts.declarations.vendor import VendorContract
    from soundstage_contracts.simulators.target import Target


RETURNED: Final = "answered"
"""The end of a call that starts no job but returns a value."""

_NAME: Final = re.compile(r"\{(\w+)\}")


@dataclass(frozen=True, slots=True)
class Step:
    """One documented request and its response."""

    method: str
    path: str
    body: Any
    status: int
    response: Any
    advance: float
    literal: tuple[str, ...]
    capture: Mapping[str, str]
    headers: Mapping[str, str]
    paid: bool


@dataclass(frozen=True, slots=True)
class Transcript:
    """One documented conversation."""

    vendor: str
    name: str
    title: str
    source: str
    facts: tuple[str, ...]
    call: Mapping[str, Any]
    ends: str
    steps: tuple[Step, ...]


class TranscriptMismatch(AssertionError):  # noqa: N818 - a broken contract, which reads like one
    """A response or a request is not as documented; the text names the place."""


def load_transcripts(vendor: str) -> Iterator[Transcript]:
    """Return the transcripts of *vendor*, by name."""
    for entry in soundstage_vendors.resources(vendor, "transcripts", ".json"):
        yield _parse(vendor, entry.name.removesuffix(".json"), json.loads(entry.read_text(encoding="utf-8")))


def _parse(vendor: str, name: str, data: Mapping[str, Any]) -> Transcript:
    steps = tuple(
        Step(
            step["request"]["method"],
            step["request"]["path"],
            step["request"].get("body"),
            step["response"]["status"],
            step["response"]["body"],
            float(step.get("advance", 0)),
            tuple(step.get("literal", ())),
            step.get("capture", {}),
            step["request"].get("headers", {}),
            step.get("paid", False),
        )
        for step in data["steps"]
    )
    facts = tuple(f"{vendor}:{fact}" for fact in data["facts"])
    return Transcript(vendor, name, data["title"], data["source"], facts, data["call"], data["ends"], steps)


def replay_on_simulator(transcript: Transcript, target: Target, contract: VendorContract) -> None:
    """Send every request of *transcript* to *target* and compare the responses.

    Raises:
        TranscriptMismatch: A response has another status, shape or documented value.
    """
    account = target.new_account()
    http = target.http(headers=dict(contract.headers(account)))
    known = dict(contract.credentials(account))
    for number, step in enumerate(transcript.steps, 1):
        if step.advance:
            target.control.advance(step.advance)
        url = target.client_url(transcript.vendor) + substitute(step.path, known)
        response = http.request(
            step.method, url, json=substitute(step.body, known), headers=substitute(step.headers, known)
        )
        where = f"{transcript.name}, step {number}, {step.method} {step.path}"
        if response.status_code != step.status:
            raise TranscriptMismatch(f"{where}: HTTP {step.status} is documented; HTTP {response.status_code} received")
        body = response.json()
        compare(step.response, body, where)
        for path in step.literal:
            if member_at(step.response, path) != member_at(body, path):
                raise TranscriptMismatch(
                    f"{where}: {path} is {member_at(step.response, path)!r}; {member_at(body, path)!r} received"
                )
        known.update({name: str(member_at(body, path)) for name, path in step.capture.items()})


def replay_on_client(transcript: Transcript, contract: VendorContract, base_url: str) -> Any:
    """Let the client make the call of *transcript* while respx sends the responses, and return its job, or its value.

    Raises:
        TranscriptMismatch: The client sent another request, or another number of requests.
    """
    captured = {
        name: str(member_at(step.response, path)) for step in transcript.steps for name, path in step.capture.items()
    }
    known = {**contract.credentials("transcript"), **captured}
    # A router of its own, not respx's global patch: a simulator in this process may send callbacks at the same time.
    router = respx.MockRouter(assert_all_called=False)
    route = router.route().mock(side_effect=[_response(step) for step in transcript.steps])
    with httpx.Client(**with_recording({"transport": httpx.MockTransport(router.handler)})) as http:
        given = {**contract.credentials("transcript"), **contract.options(base_url)}
        client = contract.client(**given, base_url=base_url, http=http, clock=SkippingClock())
        made = getattr(client, transcript.call["method"])(**transcript.call["arguments"])
        if transcript.ends != RETURNED:
            made.wait()
    sent: list[httpx.Request] = [call.request for call in route.calls]
    if len(sent) != len(transcript.steps):
        counts = f"{len(transcript.steps)} requests are documented; {len(sent)} were sent"
        raise TranscriptMismatch(f"{transcript.name}: {counts}")
    for number, (request, step) in enumerate(zip(sent, transcript.steps, strict=True), 1):
        try:
            _compare_request(request, step, base_url + substitute(step.path, known))
            headers = {**contract.headers("transcript"), **substitute(step.headers, known)}
            _compare_content(request, substitute(step.body, known), headers)
        except TranscriptMismatch as mismatch:
            raise TranscriptMismatch(f"{transcript.name}, step {number}: {mismatch}") from None
    ended = transcript.ends if transcript.ends == RETURNED else made.state.value
    if transcript.ends != ended:
        raise TranscriptMismatch(f"{transcript.name} ends {transcript.ends}; the client ended {ended}")
    return made


def compare(documented: Any, received: Any, where: str) -> None:
    """Compare two JSON values by shape: every documented member exists and has the documented type.

    Raises:
        TranscriptMismatch: A member is missing or has another type.
    """
    if documented is None:
        return
    if type(documented) is not type(received) and not (_is_number(documented) and _is_number(received)):
        raise TranscriptMismatch(f"{where}: {type(documented).__name__} is documented; {received!r} received")
    if isinstance(documented, dict):
        for name, value in documented.items():
            if name not in received:
                raise TranscriptMismatch(f"{where}: {name} is documented; it is missing")
            compare(value, received[name], f"{where}.{name}")
    if isinstance(documented, list) and documented:
        for index, item in enumerate(received):
            compare(documented[0], item, f"{where}[{index}]")


def _compare_request(request: httpx.Request, step: Step, url: str) -> None:
    documented, sent = f"{step.method} {url}", f"{request.method} {request.url}"
    if documented != sent:
        raise TranscriptMismatch(f"{documented} is documented; {sent} was sent")


def _compare_content(request: httpx.Request, body: Any, headers: Mapping[str, str]) -> None:
    if body is not None and json.loads(request.content) != body:
        raise TranscriptMismatch(f"the body {body} is documented; {request.content.decode()} was sent")
    for name, value in headers.items():
        if request.headers.get(name) != value:
            raise TranscriptMismatch(f"the header {name} is not as documented")


def _response(step: Step) -> httpx.Response:
    return httpx.Response(step.status, json=step.response)


def substitute(value: Any, known: Mapping[str, str]) -> Any:
    """Return *value* with every *known* name in braces replaced by its value."""
    if isinstance(value, dict):
        return {name: substitute(item, known) for name, item in value.items()}
    if isinstance(value, list):
        return [substitute(item, known) for item in value]
    if isinstance(value, str):
        return _NAME.sub(lambda found: known.get(found[1], found[0]), value)
    return value


def member_at(value: Any, path: str) -> Any:
    """Return the member of *value* at a dotted *path*; a number is the index of a list item."""
    for name in path.split("."):
        value = value[int(name)] if isinstance(value, list) else value[name]
    return value


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
