"""A caller without a client: plain HTTP, as a program in any language would send it to Media.io."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final, cast

from soundstage_contracts.laws import raw_client
from soundstage_contracts.laws.declarations import RawRequest
from soundstage_contracts.laws.raw_client import JobView, check_cites
from soundstage_contracts.outcomes import require
from soundstage_contracts.vendors.mediaio.access import headers
from soundstage_contracts.vendors.mediaio.arguments import BY_NAME, plain

if TYPE_CHECKING:
    from collections.abc import Mapping

    import httpx

    from soundstage_contracts.facts.tables import Endpoint
    from soundstage_contracts.laws.declarations import Operation, Refusal

CREDITS: Final = "/user/credits"
RESULT: Final = "/generation/result/"
ANY_ENDPOINT: Final = BY_NAME["Wan 2.5 (Text To Video)"]
"""The endpoint that is called where it does not matter which."""
TRACE: Final = re.compile(r"[0-9a-f]{32}")
UUID: Final = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


class RawClient(raw_client.RawClient):
    """Sends plain HTTP requests to Media.io."""

    slug = "mediaio"

    @classmethod
    def headers(cls, account: str) -> Mapping[str, str]:
        """Return the headers that authenticate *account*."""
        return headers(account)

    @classmethod
    def creation_request(cls, operation: Operation, body: Mapping[str, Any]) -> RawRequest:
        """Return the request that creates a task of an endpoint."""
        return RawRequest("POST", operation.route, {"data": dict(body)})

    @classmethod
    def members(cls, body: Any) -> dict[str, Any]:
        """Return the parameters in the body of a creation, which are in data (request.wrapper)."""
        return dict(body["data"])

    @classmethod
    def status_request(cls, job: str, operation: Operation) -> RawRequest:
        """Return the request that polls a task."""
        del operation
        return RawRequest("POST", RESULT + job, {})

    def created_id(self, response: httpx.Response, operation: Operation) -> str:
        """Check that a task was created, and return its id (create.answer, ids)."""
        del operation
        task = str(opened(response)["task_id"])
        require(UUID.fullmatch(task) is not None, f"an id that is no UUID: {task}")
        return task

    def job_view(self, response: httpx.Response) -> JobView:
        """Return what is shown of a task (result.shape)."""
        data = opened(response)
        return JobView(data["status"], data.get("reason", ""), [one["preview"] for one in data.get("result", ())])

    def check_refused(self, response: httpx.Response, refusal: Refusal, reading: str = "") -> str:
        """Check that *response* is *refusal*, and return its message."""
        return assert_refused(response, int(refusal.code), status=refusal.status_in(reading), fact=refusal.fact)

    def post(self, path: str, body: Any) -> httpx.Response:
        """Send a JSON body."""
        return self.send_request(RawRequest("POST", path, body))

    def send(self, method: str, path: str, body: bytes = b"") -> httpx.Response:
        """Send a body as it is."""
        return self.send_request(RawRequest(method, path), content=body)

    def get(self, address: str) -> bytes:
        """Download a result."""
        return self.http.get(address).content

    def generate(self, endpoint: Endpoint, data: Any) -> httpx.Response:
        """Send a generation call."""
        return self.post(endpoint.path, {"data": data})

    def start(self, endpoint: Endpoint = ANY_ENDPOINT, **changes: Any) -> str:
        """Create a task of *endpoint* and return its id."""
        data = plain(endpoint, **changes)
        return cast("str", opened(self.generate(endpoint, data))["task_id"])

    def read(self, task: str) -> dict[str, Any]:
        """Poll a task and return its data."""
        return opened(self.post(RESULT + task, {}))

    def credits(self) -> int:
        """Return how many credits are left."""
        return cast("int", opened(self.post(CREDITS, {}))["credits"])

    def finish(self, task: str) -> dict[str, Any]:
        """Let a task end and return its data."""
        self.advance(self.longest)
        return self.read(task)

    def made(self, task: str) -> list[str]:
        """Let a task end and return the addresses of its results."""
        return [one["preview"] for one in self.finish(task)["result"]]


def opened(answer: httpx.Response) -> dict[str, Any]:
    """Return the data of an answer that succeeded (envelope, ids).

    Raises:
        BrokenLawError: It did not, or is no envelope; the text describes the difference.
    """
    body = answer.json()
    require(answer.status_code == 200, f"HTTP {answer.status_code}: {answer.text}")  # noqa: PLR2004 - the clause itself
    require(set(body) == {"code", "msg", "data", "trace_id"}, f"no envelope: {answer.text}")
    require((body["code"], body["msg"]) == (0, ""), f"refused: {answer.text}")
    require(TRACE.fullmatch(body["trace_id"]) is not None, f"no trace id: {answer.text}")
    return cast("dict[str, Any]", body["data"])


def assert_refused(answer: httpx.Response, code: int, *, fact: str | None = None, status: int = 200) -> str:
    """Assert that *answer* is a refusal in the envelope, that names its fact, and return its message.

    Raises:
        BrokenLawError: It is not; the text describes the difference.
    """
    body = answer.json()
    require((answer.status_code, body.get("code")) == (status, code), f"not {code} with HTTP {status}: {answer.text}")
    require(body["data"] == {}, f"a refusal with data: {answer.text}")
    require(TRACE.fullmatch(body["trace_id"]) is not None, f"no trace id: {answer.text}")
    check_cites("mediaio", answer, fact)
    return cast("str", body["msg"])
