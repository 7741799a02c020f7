"""A service that responds to a client from a transcript, with errors wherever a contract needs them.

It uses no simulator and no network, but an `httpx.MockTransport`, so that each error occurs at an exact step.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

import httpx

from soundstage import SkippingClock
from soundstage_contracts.facts.loader import load_facts
from soundstage_contracts.simulators.recorder import record_exchange
from soundstage_contracts.transcripts.replay import load_transcripts

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from soundstage_contracts.declarations.vendor import VendorContract
    from soundstage_contracts.transcripts.replay import Step, Transcript

ACCOUNT: Final = "scripted-account-0123456789"
"""The account of a scripted client: a word that no response contains."""

POLLS: Final = 2
"""How many polls the transcript of a scripted service has at least: one of an unfinished job, and the last."""

ScriptedResponse = httpx.Response | BaseException
"""The result of a request: a response, an exception of httpx, or an interruption such as `KeyboardInterrupt`."""


class ScriptedService:
    """Responds to a client's requests as a transcript documents, step by step; the last step is repeated.

    Args:
        contract: The vendor.
        transcript: The transcript; by default the vendor's first one that succeeds.
        edit: Rewrites the JSON text of every response.

    Attributes:
        sent: Every request, in the order in which they were sent.
        files: The responses of other addresses.
    """

    def __init__(
        self,
        contract: VendorContract,
        transcript: Transcript | None = None,
        edit: Callable[[str], str] = str,
    ) -> None:
        self.contract = contract
        self.transcript = transcript or _first_success(contract.slug)
        self.base_url = load_facts(contract.slug).vendors[contract.slug].base_url
        self.sent: list[httpx.Request] = []
        self.files: dict[str, ScriptedResponse] = {}
        self._edit = edit
        self._before: dict[int, list[ScriptedResponse]] = {}
        self._next = 0

    @property
    def paid(self) -> int:
        """The step that starts the job: the one marked as paid, or the first that captures an id."""
        return _paid(self.transcript.steps)

    def before(self, step: int, *responses: ScriptedResponse) -> None:
        """Return *responses*, one for each request, before the documented response of *step*."""
        self._before.setdefault(step, []).extend(responses)

    def submissions(self) -> list[httpx.Request]:
        """Return every request that was sent to start the job."""
        step = self.transcript.steps[self.paid]
        address = self.base_url + step.path
        return [request for request in self.sent if (request.method, str(request.url)) == (step.method, address)]

    def client(self, **options: Any) -> Any:
        """Return a sync client of this service."""
        http = httpx.Client(transport=httpx.MockTransport(self._respond))
        return self.contract.client(**self._arguments(http, options))

    def async_client(self, **options: Any) -> Any:
        """Return an async client of this service."""
        http = httpx.AsyncClient(transport=httpx.MockTransport(self._respond))
        return self.contract.async_client(**self._arguments(http, options))

    def start(self, client: Any) -> Any:
        """Make the transcript's call: a job of a sync client, or the awaitable of an async one."""
        return getattr(client, self.transcript.call["method"])(**self.transcript.call["arguments"])

    def _arguments(self, http: Any, options: dict[str, Any]) -> dict[str, Any]:
        options.setdefault("clock", SkippingClock())
        given = {**self.contract.credentials(ACCOUNT), **self.contract.options(self.base_url)}
        return {**given, "base_url": self.base_url, "http": http, **options}

    def _respond(self, request: httpx.Request) -> httpx.Response:
        self.sent.append(request)
        waiting = self._before.get(self._next)
        if str(request.url) in self.files:
            response = self.files[str(request.url)]
        elif waiting:
            response = waiting.pop(0)
        else:
            response = self._documented()
        if isinstance(response, BaseException):
            record_exchange(request)
            raise response
        record_exchange(request, response)
        return response

    def _documented(self) -> httpx.Response:
        step = self.transcript.steps[self._next]
        self._next = min(self._next + 1, len(self.transcript.steps) - 1)
        text = self._edit(json.dumps(step.response))
        return httpx.Response(step.status, text=text, headers={"Content-Type": "application/json"})


def _first_success(vendor: str) -> Transcript:
    """Return the first transcript of *vendor* that succeeds.

    Raises:
        ValueError: There is none, or it polls once: contracts about waiting need a poll of an unfinished job.
    """
    found = next((found for found in load_transcripts(vendor) if found.ends == "succeeded"), None)
    if found is None:
        raise ValueError(f"transcripts/{vendor} has no transcript that ends as 'succeeded'; add one with two polls")
    if len(found.steps) - _paid(found.steps) <= POLLS:
        raise ValueError(f"transcripts/{vendor}/{found.name}.json polls once; add a poll of the unfinished job before")
    return found


def _paid(steps: Sequence[Step]) -> int:
    return next(number for number, step in enumerate(steps) if step.paid or (step.capture and not _marked(steps)))


def _marked(steps: Sequence[Step]) -> bool:
    return any(step.paid for step in steps)
