"""What a failed test shows that uses the simulator: its last requests with their responses."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

    from soundstage_contracts.testing.requests import RecordedRequest
    from soundstage_contracts.testing.simulator import Simulator

__tracebackhide__ = True  # a test that fails here shows its own lines, and not those of this module

_SHOWN: Final = 10
_LONGEST: Final = 400


def describe_failure(simulator: Simulator) -> str:
    """Return the last requests of the test, with their responses, without secrets; empty if there is none.

    Requests with another credential than the test's are no requests of its accounts: the text names the first of them,
    since a test that finds no job is often one whose program has read its credential before the test began. The
    response to a request without a route names the nearest one. Where the simulator does not answer, the text has the
    reason: a report of a failed test must not fail itself.
    """
    try:
        requests = simulator.requests
        others = simulator.requests_of_others
    except Exception as error:  # noqa: BLE001 - the test may have replaced any part of httpx, or stopped the simulator
        return f"the simulator does not answer: {error!r}"
    left_out = [f"({len(requests) - _SHOWN} earlier requests)"] if len(requests) > _SHOWN else []
    lines = [*left_out, *(line for each in requests[-_SHOWN:] for line in _lines(each))]
    return "\n".join([*lines, *(_foreign(others[0], len(others)) if others else ())])


def _lines(request: RecordedRequest) -> Iterator[str]:
    yield f"{request.vendor}: {request}"
    if request.body:
        yield f"    sent: {_cut(request.body)}"
    if request.response:
        yield f"    received: {_cut(request.response)}"
    if request.fact:
        yield f"    why: {request.fact} (soundstage facts {request.fact} explains it)"


def _foreign(first: RecordedRequest, count: int) -> Iterator[str]:
    yield f"{count} requests with another credential than the test's, which are not in its jobs and requests:"
    yield f"    first: {first.vendor}: {first}"
    yield "    the program may have read its credential before the test, such as when it was imported;"
    yield f'    simulator.account("{first.vendor}", CREDENTIAL) has the jobs and requests of that credential'


def _cut(text: str) -> str:
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}... ({len(text)} characters)"
