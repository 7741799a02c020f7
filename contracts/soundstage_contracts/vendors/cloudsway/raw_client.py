"""A caller without a client: plain HTTP, as a program in any language would send it to Cloudsway."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final, cast

from soundstage_contracts.laws import raw_client
from soundstage_contracts.laws.declarations import RawRequest
from soundstage_contracts.laws.raw_client import JobView, check_cites
from soundstage_contracts.outcomes import require
from soundstage_contracts.vendors.cloudsway.access import ENDPOINT, headers

if TYPE_CHECKING:
    from collections.abc import Mapping

    import httpx

    from soundstage_contracts.laws.declarations import Operation, Refusal

SLUG: Final = "cloudsway"
VIDEOS: Final = f"/v1/ai/{ENDPOINT}/kling/videos/"
TEXT, IMAGE = f"{VIDEOS}text2video", f"{VIDEOS}image2video"
KINDS: Final = {"text_to_video": "text2video", "image_to_video": "image2video"}
SLOTS: Final = 20  # concurrency
UUID4: Final = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")
TABLE: Final = {
    1000: 401, 1001: 401, 1002: 401, 1003: 401, 1004: 401, 1100: 429, 1101: 429, 1102: 429, 1103: 403, 1200: 400,
    1201: 400, 1202: 404, 1203: 404, 1300: 400, 1301: 400, 1302: 429, 1303: 429, 1304: 429, 5000: 500, 5001: 503,
    5002: 504,
}  # fmt: skip
"""Every code and its HTTP status (errors.table)."""


NEW_TASK: Final = frozenset({"task_id", "task_status", "task_info", "created_at", "updated_at"})
MILLISECONDS: Final = 1_600_000_000_000
"""A time in 2020 in milliseconds since 1970: any later one is no time in seconds."""


class RawClient(raw_client.RawClient):
    """Sends plain HTTP requests to Cloudsway."""

    slug = SLUG

    @classmethod
    def headers(cls, account: str) -> Mapping[str, str]:
        """Return the headers that authenticate *account*."""
        return headers(account)

    @classmethod
    def creation_request(cls, operation: Operation, body: Mapping[str, Any]) -> RawRequest:
        """Return the request that creates a task of a kind."""
        return RawRequest("POST", VIDEOS + operation.route, dict(body))

    @classmethod
    def status_request(cls, job: str, operation: Operation) -> RawRequest:
        """Return the request that polls a task of a kind."""
        return RawRequest("GET", f"{VIDEOS}{operation.route}/{job}")

    def created_id(self, response: httpx.Response, operation: Operation) -> str:
        """Check that a task was created, and return its id (create.answer)."""
        del operation
        task = assert_accepted(response)
        require(set(task) == NEW_TASK, f"not the members of a new task: {task}")
        require(re.fullmatch(r"\d{18}", task["task_id"]) is not None, f"an id that is no 18 digits: {task}")
        require("external_task_id" in task["task_info"], f"task_info has no external_task_id: {task}")
        require((task["task_status"], task["updated_at"]) == ("submitted", task["created_at"]), f"not new: {task}")
        moments = isinstance(task["created_at"], int) and task["created_at"] > MILLISECONDS
        require(moments, f"created_at is no time in milliseconds: {task}")
        return str(task["task_id"])

    def job_view(self, response: httpx.Response) -> JobView:
        """Return what is shown of a task (get.answer, get.before_success)."""
        data = assert_accepted(response)
        videos = data["task_result"]["videos"] if "task_result" in data else ()
        return JobView(data["task_status"], data["task_status_msg"], [video["url"] for video in videos])

    def check_refused(self, response: httpx.Response, refusal: Refusal, reading: str = "") -> str:
        """Check that *response* is *refusal*, and return its message, which names the gateway's reason."""
        status = refusal.status_in(reading)
        message = assert_refused(response, int(refusal.code), status=status, fact=refusal.fact)
        named = refusal.order in message or refusal.order == str(refusal.code)
        require(named, f"the message does not name {refusal.order}: {message}")
        return message

    def ask(self, method: str, path: str, **options: Any) -> httpx.Response:
        """Send a request."""
        return self.send_request(RawRequest(method, path), **options)

    def post(self, path: str, body: Any) -> httpx.Response:
        """Send a JSON body."""
        return self.ask("POST", path, json=body)

    def get(self, address: str) -> httpx.Response:
        """Download a result, without the key."""
        return self.fetch(address)

    def create(self, path: str = TEXT, **body: Any) -> dict[str, Any]:
        """Create a task and return its data."""
        start = {"prompt": "A fox"} if path == TEXT else {"image": "https://example.test/a.png"}
        return cast("dict[str, Any]", assert_accepted(self.post(path, {**start, **body})))

    def read(self, task: str, path: str = TEXT) -> dict[str, Any]:
        """Poll a task and return its data."""
        return cast("dict[str, Any]", assert_accepted(self.ask("GET", f"{path}/{task}")))

    def finish(self, task: str, path: str = TEXT) -> dict[str, Any]:
        """Let a task end and return its data."""
        self.advance(self.longest)
        return self.read(task, path)


def assert_accepted(answer: httpx.Response) -> Any:
    """Assert that *answer* is a success in the envelope, and return its data.

    Raises:
        BrokenLawError: It is not; the text describes the difference.
    """
    body = answer.json()
    require(answer.is_success, f"HTTP {answer.status_code}: {answer.text}")
    require(set(body) == {"code", "message", "request_id", "data"}, f"not the envelope: {answer.text}")
    require((body["code"], body["message"]) == (0, "SUCCEED"), f"not a success: {answer.text}")
    require(UUID4.fullmatch(body["request_id"]) is not None, f"request_id is no UUID of version 4: {answer.text}")
    return body["data"]


def assert_refused(answer: httpx.Response, code: int, *, status: int | None = None, fact: str | None = None) -> str:
    """Assert that *answer* is a refusal with *code*, that names its fact, and return its message.

    Raises:
        BrokenLawError: It is not; the text describes the difference.
    """
    body = answer.json()
    expected = TABLE.get(code, code) if status is None else status
    require((answer.status_code, body["code"]) == (expected, code), f"not {code} with HTTP {expected}: {answer.text}")
    require(set(body) == {"code", "message", "request_id"}, f"not a refusal in the envelope: {answer.text}")
    require(UUID4.fullmatch(body["request_id"]) is not None, f"request_id is no UUID of version 4: {answer.text}")
    check_cites(SLUG, answer, fact)
    return cast("str", body["message"])
