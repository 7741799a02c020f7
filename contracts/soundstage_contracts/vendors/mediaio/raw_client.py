"""A caller without a client: plain HTTP, as a program in any language would speak it to Media.io."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final, cast

from soundstage_contracts.outcomes import require
from soundstage_contracts.simulators.control import account_name
from soundstage_contracts.vendors.mediaio.access import headers
from soundstage_contracts.vendors.mediaio.arguments import BY_NAME, plain

if TYPE_CHECKING:
    import httpx

    from soundstage_contracts.facts.tables import Endpoint
    from soundstage_contracts.simulators.target import Target

CREDITS: Final = "/user/credits"
RESULT: Final = "/generation/result/"
FILM: Final = BY_NAME["Wan 2.5 (Text To Video)"]
"""The endpoint that is called where it does not matter which."""
TRACE: Final = re.compile(r"[0-9a-f]{32}")
LONGEST: Final = 600.0


class RawClient:
    """A caller without a client: plain HTTP, as a program in any language would speak it."""

    def __init__(self, target: Target, account: str | None = None) -> None:
        self.target = target
        self.account = account or target.new_account()
        self.name = account_name("mediaio", self.account)
        self._http = target.http(headers=dict(headers(self.account)))

    def post(self, path: str, body: Any, **options: Any) -> httpx.Response:
        """Send a JSON body."""
        return self._http.post(self.target.base_url("mediaio") + path, json=body, **options)

    def send(self, method: str, path: str, body: bytes = b"") -> httpx.Response:
        """Send a body as it is."""
        return self._http.request(method, self.target.base_url("mediaio") + path, content=body)

    def get(self, address: str) -> bytes:
        """Fetch a result."""
        return self._http.get(address).content

    def generate(self, endpoint: Endpoint, data: Any) -> httpx.Response:
        """Send a generation call."""
        return self.post(endpoint.path, {"data": data})

    def start(self, endpoint: Endpoint = FILM, **changes: Any) -> str:
        """Create a task of *endpoint* and return its id."""
        data = plain(endpoint, **changes)
        return cast("str", opened(self.generate(endpoint, data))["task_id"])

    def read(self, task: str) -> dict[str, Any]:
        """Read a task and return its data."""
        return opened(self.post(RESULT + task, {}))

    def credits(self) -> int:
        """Return how many credits are left."""
        return cast("int", opened(self.post(CREDITS, {}))["credits"])

    def advance(self, seconds: float) -> None:
        """Move this account's time."""
        self.target.control.advance(seconds, self.name)

    def finish(self, task: str) -> dict[str, Any]:
        """Let a task end and return its data."""
        self.advance(LONGEST)
        return self.read(task)

    def made(self, task: str) -> list[str]:
        """Let a task end and return the addresses of what it made."""
        return [one["preview"] for one in self.finish(task)["result"]]


def opened(answer: httpx.Response) -> dict[str, Any]:
    """Return the data of an answer that succeeded (envelope, ids).

    Raises:
        BrokenLawError: It did not, or is no envelope; the text says how.
    """
    body = answer.json()
    require(answer.status_code == 200, f"HTTP {answer.status_code}: {answer.text}")  # noqa: PLR2004 - the clause itself
    require(set(body) == {"code", "msg", "data", "trace_id"}, f"no envelope: {answer.text}")
    require((body["code"], body["msg"]) == (0, ""), f"refused: {answer.text}")
    require(TRACE.fullmatch(body["trace_id"]) is not None, f"no trace id: {answer.text}")
    return cast("dict[str, Any]", body["data"])


def assert_refused(answer: httpx.Response, code: int, *, fact: str | None = None, status: int = 200) -> str:
    """Assert that *answer* is a refusal in the envelope, that names its fact, and return what it says.

    Raises:
        BrokenLawError: It is not; the text says how.
    """
    body = answer.json()
    require((answer.status_code, body.get("code")) == (status, code), f"not {code} with HTTP {status}: {answer.text}")
    require(body["data"] == {}, f"a refusal with data: {answer.text}")
    require(TRACE.fullmatch(body["trace_id"]) is not None, f"no trace id: {answer.text}")
    cited = answer.headers.get("x-soundstage-fact", "")
    require(cited.startswith("mediaio:"), f"a refusal that names no fact: {answer.text}")
    require(fact in (None, cited.removeprefix("mediaio:")), f"the refusal cites {cited}, not {fact}")
    return cast("str", body["msg"])
