"""A caller without a client: plain HTTP, as a program in any language would send it to Tomoviee's gateway."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any, Final, cast

from soundstage_contracts.laws import raw_client
from soundstage_contracts.laws.declarations import RawRequest
from soundstage_contracts.laws.raw_client import JobView, check_cites
from soundstage_contracts.outcomes import require
from soundstage_contracts.vendors.tomoviee.access import headers

if TYPE_CHECKING:
    from collections.abc import Mapping

    import httpx

    from soundstage_contracts.laws.declarations import Operation, Refusal

CREATE: Final = "/v1/open/capacity/application/"
RESULT: Final = "/v1/open/pub/task"
TOKEN: Final = "/v1/open/capacity/get/token"  # noqa: S105 - a path
TEXT_TO_VIDEO: Final = CREATE + "tm_text2video_b"


class RawClient(raw_client.RawClient):
    """Sends plain HTTP requests to Tomoviee's gateway."""

    slug = "tomoviee"

    @classmethod
    def headers(cls, account: str) -> Mapping[str, str]:
        """Return the headers that authenticate *account*."""
        return headers(account)

    @classmethod
    def creation_request(cls, operation: Operation, body: Mapping[str, Any]) -> RawRequest:
        """Return the request that creates a task of a capability."""
        return RawRequest("POST", CREATE + operation.route, dict(body))

    @classmethod
    def status_request(cls, job: str, operation: Operation) -> RawRequest:
        """Return the request that polls a task."""
        del operation
        return RawRequest("POST", RESULT, {"task_id": job})

    def created_id(self, response: httpx.Response, operation: Operation) -> str:
        """Check that a task was created, and return its id (create.answer, task.id)."""
        answer = response.json()
        require((answer["code"], answer["msg"]) == (0, ""), f"{operation.route} is refused: {answer}")
        task = str(answer["data"]["task_id"])
        form = rf"{re.escape(operation.route)}-0-\d{{12}}[0-9a-f]+"
        require(re.fullmatch(form, task) is not None, f"not the documented form of a task's id: {task}")
        return task

    def job_view(self, response: httpx.Response) -> JobView:
        """Return what is shown of a task, whose result is JSON in a string (poll.answer, poll.result_is_string)."""
        data = response.json()["data"]
        require(isinstance(data["result"], str), f"the result is no string: {data['result']!r}")
        result = json.loads(data["result"] or "{}")
        urls = [url for addresses in result.values() if isinstance(addresses, list) for url in addresses]
        return JobView(data["status"], data["reason"], urls)

    def check_refused(self, response: httpx.Response, refusal: Refusal, reading: str = "") -> str:
        """Check that *response* is *refusal*, and return its message."""
        return assert_refused(response, int(refusal.code), status=refusal.status_in(reading), fact=refusal.fact)

    def post(self, path: str, body: Any, **options: Any) -> httpx.Response:
        """Send a JSON body."""
        return self.http.post(self.target.base_url(self.slug) + path, json=body, **options)

    def send(self, path: str, body: bytes) -> httpx.Response:
        """Send a body as it is."""
        return self.send_request(RawRequest("POST", path), content=body)

    def request(self, method: str, path: str) -> httpx.Response:
        """Send a request without a body."""
        return self.send_request(RawRequest(method, path))

    def get(self, address: str) -> bytes:
        """Download a result."""
        return self.http.get(address).content

    def create(self, **body: Any) -> str:
        """Create a video and return its task's id."""
        return self.start("tm_text2video_b", {"prompt": "A fox", **body})

    def start(self, capability: str, body: Any) -> str:
        """Create a task of *capability* and return its id."""
        answer = self.post(CREATE + capability, body).json()
        require(answer["code"] == 0, f"{capability} refused {body}: {answer}")
        return cast("str", answer["data"]["task_id"])

    def read(self, task: str) -> dict[str, Any]:
        """Poll a task and return its data."""
        return cast("dict[str, Any]", self.post(RESULT, {"task_id": task}).json()["data"])

    def finish(self, task: str) -> dict[str, Any]:
        """Let a task end and return its data."""
        self.advance(self.longest)
        return self.read(task)


def assert_refused(answer: httpx.Response, code: int, *, status: int = 200, fact: str | None = None) -> str:
    """Assert that *answer* is a refusal in the envelope, that names its fact, and return its message.

    Raises:
        BrokenLawError: It is not; the text describes the difference.
    """
    body = answer.json()
    require((answer.status_code, body["code"]) == (status, code), f"not {code} with HTTP {status}: {answer.text}")
    require("data" not in body, f"a refusal with data: {answer.text}")
    require(re.fullmatch(r"68\d{4}", str(body["code"])) is not None, f"not six digits from 68: {body['code']}")
    check_cites("tomoviee", answer, fact)
    return cast("str", body["msg"])
