"""A caller without a client: plain HTTP, as a program in any language would speak it to Infrai."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final, cast

from soundstage_contracts.outcomes import require
from soundstage_contracts.simulators.control import account_name
from soundstage_contracts.vendors.infrai.access import headers

if TYPE_CHECKING:
    import httpx

    from soundstage_contracts.simulators.target import Target

GENERATE: Final = "/v1/video/generate"
STATUS: Final = {"jobs": "/v1/video/jobs/{}", "status": "/v1/video/status/{}"}
CANCEL: Final = {"jobs": "/v1/video/jobs/{}/cancel", "status": "/v1/video/cancel/{}"}
"""Generation to its route."""
ACTIVATE: Final = "/v1/activate"
LONGEST: Final = 600.0
"""Account seconds after which every ordinary job is over."""
UUID7: Final = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")


class RawClient:
    """A caller without a client: plain HTTP, as a program in any language would speak it."""

    def __init__(self, target: Target, account: str | None = None) -> None:
        self.target = target
        self.account = account or target.new_account()
        self.name = account_name("infrai", self.account)
        self._http = target.http(headers=dict(headers(self.account)))

    def ask(self, method: str, path: str, body: Any = None, **options: Any) -> httpx.Response:
        """Send a request, with a JSON body if there is one."""
        if body is not None:
            options["json"] = body
        return self._http.request(method, self.target.base_url("infrai") + path, **options)

    def generate(self, key: str | None = None, **body: Any) -> httpx.Response:
        """Ask for a film, with an idempotency key in the header if there is one."""
        told = {} if key is None else {"Idempotency-Key": key}
        return self.ask("POST", GENERATE, {"prompt": "A fox", **body}, headers=told)

    def create(self, **body: Any) -> str:
        """Ask for a film and return its job's id."""
        return cast("str", data_of(self.generate(**body))["job_id"])

    def read(self, job: str, generation: str = "status") -> dict[str, Any]:
        """Return what a job is."""
        return data_of(self.ask("GET", STATUS[generation].format(job)))

    def cancel(self, job: str, generation: str = "status") -> httpx.Response:
        """Ask for a job to be stopped."""
        return self.ask("POST", CANCEL[generation].format(job))

    def advance(self, seconds: float) -> None:
        """Move this account's time."""
        self.target.control.advance(seconds, self.name)

    def finish(self, job: str) -> dict[str, Any]:
        """Let a job end and return what it is."""
        self.advance(LONGEST)
        return self.read(job)

    def get(self, address: str) -> bytes:
        """Fetch a result, without the key."""
        return self.target.http().get(address).content

    def speak(self, reading: str) -> None:
        """Let this account hear one generation alone, or both."""
        self.ask("GET", STATUS["status"].format("nothing"))  # an account is known from its first call on
        self.target.control.dialects(self.name, infrai__names=reading)

    def money(self) -> Any:
        """Return what the account holds."""
        return self.target.control.money("infrai", self.name)

    def jobs(self) -> list[str]:
        """Return the ids of the account's jobs."""
        return [task["id"] for task in self.target.control.tasks(self.name)]


def data_of(answer: httpx.Response) -> dict[str, Any]:
    """Assert that *answer* is a success in its envelope, and return its data.

    Raises:
        BrokenLawError: It is not; the text says how.
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
    """Assert that *answer* is a refusal in the envelope, with its HTTP status and a fact, and return what it says.

    Raises:
        BrokenLawError: It is not; the text says how.
    """
    body = answer.json()
    require(set(body) == {"ok", "data", "error", "metadata"}, f"not the envelope: {answer.text}")
    require((body["ok"], body["data"]) == (False, None), f"no refusal: {answer.text}")
    require((answer.status_code, body["error"]["code"]) == (status, code), f"not {status} {code}: {answer.text}")
    require(set(body["error"]) == {"code", "message"}, f"not {{code, message}}: {body['error']}")
    check_metadata(body["metadata"])
    cited = answer.headers.get("x-soundstage-fact", "")
    require(cited.startswith("infrai:"), f"a refusal that names no fact: {answer.text}")
    require(fact in (None, cited.removeprefix("infrai:")), f"the refusal cites {cited}, not {fact}")
    return cast("str", body["error"]["message"])
