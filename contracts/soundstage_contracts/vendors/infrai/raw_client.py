"""A caller without a client: plain HTTP, as a program in any language would send it to Infrai."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final, cast

from soundstage_contracts.laws import raw_client
from soundstage_contracts.laws.declarations import RawRequest
from soundstage_contracts.laws.raw_client import JobView, check_cites
from soundstage_contracts.outcomes import require
from soundstage_contracts.vendors.infrai.access import headers

if TYPE_CHECKING:
    from collections.abc import Mapping

    import httpx

    from soundstage_contracts.laws.declarations import Operation, Refusal

GENERATE: Final = "/v1/video/generate"
STATUS: Final = {"jobs": "/v1/video/jobs/{}", "status": "/v1/video/status/{}"}
CANCEL: Final = {"jobs": "/v1/video/jobs/{}/cancel", "status": "/v1/video/cancel/{}"}
"""Generation to its route."""
ACTIVATE: Final = "/v1/activate"
UUID7: Final = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")


class RawClient(raw_client.RawClient):
    """Sends plain HTTP requests to Infrai."""

    slug = "infrai"

    @classmethod
    def headers(cls, account: str) -> Mapping[str, str]:
        """Return the headers that authenticate *account*."""
        return headers(account)

    @classmethod
    def creation_request(cls, operation: Operation, body: Mapping[str, Any]) -> RawRequest:
        """Return the request that starts a job."""
        del operation
        return RawRequest("POST", GENERATE, dict(body))

    @classmethod
    def status_request(cls, job: str, operation: Operation) -> RawRequest:
        """Return the request that polls a job."""
        del operation
        return RawRequest("GET", STATUS["status"].format(job))

    def created_id(self, response: httpx.Response, operation: Operation) -> str:
        """Check that a job was created, queued under both of its names, and return its id (job.id, job.shape)."""
        del operation
        data = data_of(response)
        job = str(data.get("job_id"))
        require(re.fullmatch(r"vid_\w+", job) is not None, f"not the documented form of an id: {job}")
        require(data == {"job_id": job, "id": job, "state": "queued", "status": "queued"}, f"not a new job: {data}")
        return job

    def job_view(self, response: httpx.Response) -> JobView:
        """Check that a job has both of its state words, and return what is shown of it (job.shape)."""
        data = data_of(response)
        require(data["state"] == data["status"], f"state and status differ: {data}")
        urls = [data[name] for name in ("video_url", "thumbnail_url") if name in data]
        return JobView(data["state"], data.get("error", ""), urls)

    def check_refused(self, response: httpx.Response, refusal: Refusal, reading: str = "") -> str:
        """Check that *response* is *refusal*, and return its message."""
        return assert_refused(response, refusal.status_in(reading), str(refusal.code), fact=refusal.fact)

    def ask(self, method: str, path: str, body: Any = None, **options: Any) -> httpx.Response:
        """Send a request, with a JSON body if there is one."""
        return self.send_request(RawRequest(method, path, body), **options)

    def generate(self, key: str | None = None, **body: Any) -> httpx.Response:
        """Ask for a video, with an idempotency key in the header if there is one."""
        keyed = {} if key is None else {"Idempotency-Key": key}
        return self.ask("POST", GENERATE, {"prompt": "A fox", **body}, headers=keyed)

    def create(self, **body: Any) -> str:
        """Ask for a video and return its job's id."""
        return cast("str", data_of(self.generate(**body))["job_id"])

    def read(self, job: str, generation: str = "status") -> dict[str, Any]:
        """Return a job's data, from the route of a generation of the API."""
        return data_of(self.ask("GET", STATUS[generation].format(job)))

    def cancel(self, job: str, generation: str = "status") -> httpx.Response:
        """Ask for a job to be canceled, at the route of a generation of the API."""
        return self.ask("POST", CANCEL[generation].format(job))

    def finish(self, job: str) -> dict[str, Any]:
        """Let a job end and return its data."""
        self.advance(self.longest)
        return self.read(job)

    def get(self, address: str) -> bytes:
        """Download a result, without the key."""
        return self.fetch(address).content

    def speak(self, reading: str) -> None:
        """Let the simulator use one generation's routes and names for this account, or both."""
        self.ask("GET", STATUS["status"].format("nothing"))  # an account is known from its first request on
        self.target.control.dialects(self.name, infrai__names=reading)


def data_of(answer: httpx.Response) -> dict[str, Any]:
    """Assert that *answer* is a success in its envelope, and return its data.

    Raises:
        BrokenLawError: It is not; the text describes the difference.
    """
    body = answer.json()
    require(answer.status_code == 200, f"HTTP {answer.status_code}: {answer.text}")  # noqa: PLR2004 - HTTP's own
    require(set(body) == {"ok", "data", "error", "metadata"}, f"not the envelope: {answer.text}")
    require((body["ok"], body["error"]) == (True, None), f"no success: {answer.text}")
    check_metadata(body["metadata"])
    return cast("dict[str, Any]", body["data"])


def check_metadata(metadata: Any) -> None:
    """Assert that *metadata* has its five members, each of its kind (metadata).

    Raises:
        BrokenLawError: It does not.
    """
    require(
        set(metadata) == {"cost_usd", "latency_ms", "vendor", "cache_hit", "request_id"},
        f"not the documented metadata: {metadata}",
    )
    require(
        isinstance(metadata["cost_usd"], int | float) and isinstance(metadata["latency_ms"], int | float), "no numbers"
    )
    require(isinstance(metadata["cache_hit"], bool), f"cache_hit is {metadata['cache_hit']!r}")
    require(isinstance(metadata["vendor"], str | None), f"vendor is {metadata['vendor']!r}")
    require(UUID7.fullmatch(metadata["request_id"]) is not None, f"no UUID of version 7: {metadata['request_id']}")


def assert_refused(answer: httpx.Response, status: int, code: str, *, fact: str | None = None) -> str:
    """Assert that *answer* is a refusal in the envelope, with its HTTP status and a fact, and return its message.

    Raises:
        BrokenLawError: It is not; the text describes the difference.
    """
    body = answer.json()
    require(set(body) == {"ok", "data", "error", "metadata"}, f"not the envelope: {answer.text}")
    require((body["ok"], body["data"]) == (False, None), f"no refusal: {answer.text}")
    require((answer.status_code, body["error"]["code"]) == (status, code), f"not {status} {code}: {answer.text}")
    require(set(body["error"]) == {"code", "message"}, f"not {{code, message}}: {body['error']}")
    check_metadata(body["metadata"])
    check_cites("infrai", answer, fact)
    return cast("str", body["error"]["message"])
