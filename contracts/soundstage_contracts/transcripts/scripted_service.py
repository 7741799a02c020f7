"""A script: a documented conversation that is played to a client, with trouble wherever a contract wants some.

No simulator and no network take part: an `httpx.MockTransport` answers, so that the trouble is exact.
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
"""The account that a scripted client has: a word that stands in no answer."""

ScriptedResponse = httpx.Response | Exception
"""What a request meets: an answer, or what httpx raises."""


class ScriptedService:
    """Answers a client's requests as a transcript documents, step by step; the last step is repeated.

    Args:
        contract: The vendor.
        transcript: The conversation; by default the vendor's first one that ends well.
        edit: Rewrites the JSON text of every answer.

    Attributes:
        sent: Every request, in the order in which they were sent.
        files: What other addresses answer.
    """

    def __init__(
        self,
        contract: VendorContract,
        transcript: Transcript | None = None,
        edit: Callable[[str], str] = str,
    ) -> None:
        self.contract = contract
        self.transcript = transcript or next(
            found for found in load_transcripts(contract.slug) if found.ends == "succeeded"
        )
        self.base_url = load_facts(contract.slug).vendors[contract.slug].base_url
        self.sent: list[httpx.Request] = []
        self.files: dict[str, ScriptedResponse] = {}
        self._edit = edit
        self._before: dict[int, list[ScriptedResponse]] = {}
        self._next = 0

    @property
    def paid(self) -> int:
        """The step that starts the job: the one that says so, or the first that names what later requests ask for."""
        steps = self.transcript.steps
        return next(number for number, step in enumerate(steps) if step.paid or (step.capture and not _marked(steps)))

    def before(self, step: int, *happenings: ScriptedResponse) -> None:
        """Let *happenings* come, one a request, before *step* is answered as documented."""
        self._before.setdefault(step, []).extend(happenings)

    def submissions(self) -> list[httpx.Request]:
        """Return every request that was sent to start the job."""
        step = self.transcript.steps[self.paid]
        address = self.base_url + step.path
        return [request for request in self.sent if (request.method, str(request.url)) == (step.method, address)]

    def client(self, **options: Any) -> Any:
        """Return a blocking client that this script is played to."""
        http = httpx.Client(transport=httpx.MockTransport(self._respond))
        return self.contract.client(**self._arguments(http, options))

    def async_client(self, **options: Any) -> Any:
        """Return an awaiting client that this script is played to."""
        http = httpx.AsyncClient(transport=httpx.MockTransport(self._respond))
        return self.contract.async_client(**self._arguments(http, options))

    def start(self, client: Any) -> Any:
        """Make the transcript's call: a job of a blocking client, or what an awaiting client lets one await."""
        return getattr(client, self.transcript.call["method"])(**self.transcript.call["arguments"])

    def _arguments(self, http: Any, options: dict[str, Any]) -> dict[str, Any]:
        options.setdefault("clock", SkippingClock())
        given = {**self.contract.credentials(ACCOUNT), **self.contract.options(self.base_url)}
        return {**given, "base_url": self.base_url, "http": http, **options}

    def _respond(self, request: httpx.Request) -> httpx.Response:
        self.sent.append(request)
        waiting = self._before.get(self._next)
        if str(request.url) in self.files:
            happening = self.files[str(request.url)]
        elif waiting:
            happening = waiting.pop(0)
        else:
            happening = self._documented()
        if isinstance(happening, Exception):
            record_exchange(request)
            raise happening
        record_exchange(request, happening)
        return happening

    def _documented(self) -> httpx.Response:
        step = self.transcript.steps[self._next]
        self._next = min(self._next + 1, len(self.transcript.steps) - 1)
        text = self._edit(json.dumps(step.response))
        return httpx.Response(step.status, text=text, headers={"Content-Type": "application/json"})


def _marked(steps: Sequence[Step]) -> bool:
    return any(step.paid for step in steps)
