"""A caller without a client: plain HTTP, as a program in any language would speak it to Cloudsway."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final, cast

from soundstage_contracts.outcomes import require
from soundstage_contracts.simulators.control import account_name
from soundstage_contracts.vendors.cloudsway.access import ENDPOINT, headers

if TYPE_CHECKING:
    import httpx

    from soundstage_contracts.simulators.target import Target

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


class RawClient:
    """A caller without a client: plain HTTP, as a program in any language would speak it."""

    def __init__(self, target: Target, account: str | None = None) -> None:
        self.target = target
        self.account = account or target.new_account()
        self.name = account_name(SLUG, self.account)
        self._http = target.http(headers=dict(headers(self.account)))

    def ask(self, method: str, path: str, **options: Any) -> httpx.Response:
        """Send a request."""
        return self._http.request(method, self.target.base_url(SLUG) + path, **options)

    def post(self, path: str, body: Any) -> httpx.Response:
        """Send a JSON body."""
        return self.ask("POST", path, json=body)

    def get(self, address: str) -> httpx.Response:
        """Fetch a result, as one that needs no credential."""
        return self.target.http().get(address)

    def create(self, path: str = TEXT, **body: Any) -> dict[str, Any]:
        """Create a task and return its data."""
        start = {"prompt": "A fox"} if path == TEXT else {"image": "https://example.test/a.png"}
        return cast("dict[str, Any]", assert_accepted(self.post(path, {**start, **body})))

    def read(self, task: str, path: str = TEXT) -> dict[str, Any]:
        """Read a task and return its data."""
        return cast("dict[str, Any]", assert_accepted(self.ask("GET", f"{path}/{task}")))

    def advance(self, seconds: float) -> None:
        """Move this account's time."""
        self.target.control.advance(seconds, self.name)

    def finish(self, task: str, path: str = TEXT) -> dict[str, Any]:
        """Let a task end and return its data."""
        self.advance(600)
        return self.read(task, path)

    def untouched(self) -> bool:
        """Return whether nothing was made for this account, and nothing charged."""
        known = {one["account"] for one in self.target.control.accounts()}
        if self.name not in known:
            return True
        entries = self.target.control.money(SLUG, self.name).entries
        return self.target.control.tasks(self.name) == [] and entries == ()


def assert_accepted(answer: httpx.Response) -> Any:
    """Assert that *answer* is a success in the envelope, and return its data.

    Raises:
        BrokenLawError: It is not; the text says how.
    """
    body = answer.json()
    require(answer.is_success, f"HTTP {answer.status_code}: {answer.text}")
    require(set(body) == {"code", "message", "request_id", "data"}, f"not the envelope: {answer.text}")
    require((body["code"], body["message"]) == (0, "SUCCEED"), f"not a success: {answer.text}")
    require(UUID4.fullmatch(body["request_id"]) is not None, f"request_id is no UUID of version 4: {answer.text}")
    return body["data"]


def assert_refused(answer: httpx.Response, code: int, *, status: int | None = None, fact: str | None = None) -> str:
    """Assert that *answer* is a refusal with *code*, that names its fact, and return what it says.

    Raises:
        BrokenLawError: It is not; the text says how.
    """
    body = answer.json()
    expected = TABLE.get(code, code) if status is None else status
    require((answer.status_code, body["code"]) == (expected, code), f"not {code} with HTTP {expected}: {answer.text}")
    require(set(body) == {"code", "message", "request_id"}, f"not a refusal in the envelope: {answer.text}")
    require(UUID4.fullmatch(body["request_id"]) is not None, f"request_id is no UUID of version 4: {answer.text}")
    cited = answer.headers.get("x-soundstage-fact", "")
    require(cited.startswith("cloudsway:"), f"a refusal that names no fact: {answer.text}")
    require(fact in (None, cited.removeprefix("cloudsway:")), f"the refusal cites {cited}, not {fact}")
    return cast("str", body["message"])
