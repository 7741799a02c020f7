"""A client without a simulator: it is given the responses, so that what it makes of each is exact."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import httpx

from soundstage_contracts.facts.loader import load_facts
from soundstage_contracts.simulators.clocks import BoundedClock
from soundstage_contracts.simulators.recorder import record_exchange

if TYPE_CHECKING:
    from collections.abc import Callable

    from soundstage_contracts.declarations.vendor import VendorContract

ACCOUNT = "scripted-account"


class ScriptedClient:
    """A vendor's client whose requests are answered with *responses* in order, the last one again and again.

    Args:
        contract: The vendor.
        *responses: JSON bodies, ``(status, body)`` or ``(status, body, headers)``, whole responses, or exceptions.
        status: The HTTP status of responses that are bodies.
        login: Answers a request outside of *responses*, such as a login; None for every other request.
        **options: The client's own options.

    Attributes:
        client: The blocking client.
        clock: Its clock, which skips.
        sent: Every request that was answered from *responses*, in order.
        times: When each of them was sent, on the clock.
    """

    def __init__(
        self,
        contract: VendorContract,
        *responses: Any,
        status: int = 200,
        login: Callable[[httpx.Request], httpx.Response | None] | None = None,
        **options: Any,
    ) -> None:
        self.sent: list[httpx.Request] = []
        self.times: list[float] = []
        self.clock = BoundedClock()
        self._responses = list(responses)
        self._status = status
        self._login = login
        base_url = load_facts(contract.slug).vendors[contract.slug].base_url
        given = {**contract.credentials(ACCOUNT), "base_url": base_url, **contract.options(base_url), **options}
        http = httpx.Client(transport=httpx.MockTransport(self._respond))
        self.client: Any = contract.client(**given, http=http, clock=self.clock)

    def read_job(self, operation: str | None = None) -> Any:
        """Return a job that was polled once."""
        return self.client.job("a", operation).refresh()

    def paths(self) -> list[str]:
        """Return the path of every request."""
        return [request.url.path for request in self.sent]

    def bodies(self) -> list[Any]:
        """Return the JSON body of every request."""
        return [json.loads(request.content) for request in self.sent]

    def _respond(self, request: httpx.Request) -> httpx.Response:
        aside = None if self._login is None else self._login(request)
        if aside is not None:
            return aside
        self.sent.append(request)
        self.times.append(self.clock.now())
        response = self._responses.pop(0) if len(self._responses) > 1 else self._responses[0]
        if isinstance(response, Exception):
            record_exchange(request)
            raise response
        if not isinstance(response, httpx.Response):
            status, body, *headers = response if isinstance(response, tuple) else (self._status, response)
            response = httpx.Response(status, json=body, headers=headers[0] if headers else {})
        record_exchange(request, response)
        return response
