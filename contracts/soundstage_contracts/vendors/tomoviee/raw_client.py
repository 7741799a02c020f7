"""A caller without a client: plain HTTP, as a program in any language would speak it to Tomoviee's gateway."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final, cast

from soundstage_contracts.outcomes import require
from soundstage_contracts.simulators.control import account_name
from soundstage_contracts.vendors.tomoviee.access import headers

if TYPE_CHECKING:
    import httpx

    from soundstage_contracts.simulators.target import Target

CREATE: Final = "/v1/open/capacity/application/"
RESULT: Final = "/v1/open/pub/task"
TOKEN: Final = "/v1/open/capacity/get/token"  # noqa: S105 - a path
FILM: Final = CREATE + "tm_text2video_b"


class RawClient:
    """A caller without a client: plain HTTP, as a program in any language would speak it."""

    def __init__(self, target: Target, account: str | None = None) -> None:
        self.target = target
        self.account = account or target.new_account()
        self.name = account_name("tomoviee", self.account)
        self._http = target.http(headers=dict(headers(self.account)))

    def post(self, path: str, body: Any, **options: Any) -> httpx.Response:
        """Send a JSON body."""
        return self._http.post(self.target.base_url("tomoviee") + path, json=body, **options)

    def send(self, path: str, body: bytes) -> httpx.Response:
        """Send a body as it is."""
        return self._http.post(self.target.base_url("tomoviee") + path, content=body)

    def request(self, method: str, path: str) -> httpx.Response:
        """Send a request without a body."""
        return self._http.request(method, self.target.base_url("tomoviee") + path)

    def get(self, address: str) -> bytes:
        """Fetch a result."""
        return self._http.get(address).content

    def create(self, **body: Any) -> str:
        """Create a film and return its task's id."""
        return self.start("tm_text2video_b", {"prompt": "A fox", **body})

    def start(self, capability: str, body: Any) -> str:
        """Create a task of *capability* and return its id."""
        answer = self.post(CREATE + capability, body).json()
        require(answer["code"] == 0, f"{capability} refused {body}: {answer}")
        return cast("str", answer["data"]["task_id"])

    def read(self, task: str) -> dict[str, Any]:
        """Read a task and return its data."""
        return cast("dict[str, Any]", self.post(RESULT, {"task_id": task}).json()["data"])

    def advance(self, seconds: float) -> None:
        """Move this account's time."""
        self.target.control.advance(seconds, self.name)

    def finish(self, task: str) -> dict[str, Any]:
        """Let a task end and return its data."""
        self.advance(600)
        return self.read(task)


def assert_refused(answer: httpx.Response, code: int, *, status: int = 200, fact: str | None = None) -> str:
    """Assert that *answer* is a refusal in the envelope, that names its fact, and return what it says.

    Raises:
        BrokenLawError: It is not; the text says how.
    """
    body = answer.json()
    require((answer.status_code, body["code"]) == (status, code), f"not {code} with HTTP {status}: {answer.text}")
    require("data" not in body, f"a refusal with data: {answer.text}")
    require(re.fullmatch(r"68\d{4}", str(body["code"])) is not None, f"not six digits from 68: {body['code']}")
    cited = answer.headers.get("x-soundstage-fact", "")
    require(cited.startswith("tomoviee:"), f"a refusal that names no fact: {answer.text}")
    require(fact in (None, cited.removeprefix("tomoviee:")), f"the refusal cites {cited}, not {fact}")
    return cast("str", body["msg"])
