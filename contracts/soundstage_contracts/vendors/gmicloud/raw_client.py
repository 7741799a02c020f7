"""A caller without a client: plain HTTP, as a program in any language would speak it to GMI Cloud, on either face."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, cast

from soundstage_contracts.outcomes import require
from soundstage_contracts.simulators.control import account_name
from soundstage_contracts.vendors.gmicloud.access import CLIENT_ID, PASSWORD, key_headers
from soundstage_contracts.vendors.gmicloud.arguments import TEXT_MODEL

if TYPE_CHECKING:
    from collections.abc import Mapping

    import httpx

    from soundstage_contracts.simulators.target import Target

QUEUE: Final = "/ie/requestqueue"
KEYED: Final = "/ie/requestqueue/apikey"
AUTH_TOKENS: Final = "/me/auth-tokens"
SESSIONS: Final = "/me/sessions"
PROFILE: Final = "/me/profile"
LONGEST: Final = 600.0
"""Account seconds after which every ordinary request is over."""


class RawClient:
    """A caller without a client, with a key, or with what a login gave.

    Attributes:
        queue: Where its face has models and requests.
        headers: What it sends with every call.
    """

    def __init__(self, target: Target, account: str | None = None) -> None:
        self.target = target
        self.account = account or target.new_account()
        self.name = account_name("gmicloud", self.account)
        self.queue = KEYED
        self.headers: dict[str, str] = dict(key_headers(self.account))
        self.tokens: dict[str, str] = {}
        self.http = target.http()

    @classmethod
    def logged_in(cls, target: Target, account: str | None = None) -> RawClient:
        """Return a caller that has logged in."""
        raw = cls(target, account)
        raw.queue, raw.headers = QUEUE, dict(CLIENT_ID)
        auth = raw.post(AUTH_TOKENS, {"email": raw.account, "password": PASSWORD}).json()
        raw.session(raw.post(SESSIONS, {"type": "native", "authToken": auth["authToken"], "otpCode": None}).json())
        return raw

    def session(self, tokens: Mapping[str, str]) -> None:
        """Go on with *tokens*."""
        self.tokens = dict(tokens)
        self.headers = {**CLIENT_ID, "Authorization": f"Bearer {tokens['accessToken']}"}

    def send(self, method: str, path: str, **options: Any) -> httpx.Response:
        """Send a request; *path* continues the base address."""
        headers = {**self.headers, **options.pop("headers", {})}
        return self.http.request(method, self.target.client_url("gmicloud") + path, headers=headers, **options)

    def post(self, path: str, body: Any) -> httpx.Response:
        """Send a JSON body."""
        return self.send("POST", path, json=body)

    def get(self, path: str) -> Any:
        """Fetch an answer that is no refusal."""
        answer = self.send("GET", path)
        require(answer.status_code == 200, f"GET {path}: HTTP {answer.status_code}: {answer.text}")  # noqa: PLR2004
        return answer.json()

    def submit(self, model: str, payload: Any) -> httpx.Response:
        """Send a request to *model*."""
        return self.post(f"{self.queue}/requests", {"model": model, "payload": payload})

    def create(self, prompt: str = "A fox", model: str = TEXT_MODEL, **payload: Any) -> str:
        """Make a request and return its id."""
        answer = self.submit(model, {"prompt": prompt, **payload})
        require(answer.status_code == 200, f"{model} refused {payload}: {answer.text}")  # noqa: PLR2004
        return cast("str", answer.json()["request_id"])

    def read(self, request: str) -> dict[str, Any]:
        """Read a request."""
        return cast("dict[str, Any]", self.get(f"{self.queue}/requests/{request}"))

    def finish(self, request: str) -> dict[str, Any]:
        """Let a request end and read it."""
        self.advance(LONGEST)
        return self.read(request)

    def advance(self, seconds: float) -> None:
        """Move this account's time."""
        self.target.control.advance(seconds, self.name)


def assert_refused(answer: httpx.Response, status: int, fact: str | None = None) -> str:
    """Assert that *answer* is a refusal in the field of its path, that names its fact, and return what it says.

    Raises:
        BrokenLawError: It is not; the text says how.
    """
    require(answer.status_code == status, f"HTTP {answer.status_code}, not {status}: {answer.text}")
    field = "error" if "/ie/" in answer.request.url.path else "message"
    body = answer.json()
    require(list(body) == [field] and isinstance(body[field], str), f"no refusal in {field} alone: {answer.text}")
    require(answer.headers["content-type"] == "application/json", f"a refusal that is no JSON: {answer.headers}")
    cited = answer.headers.get("x-soundstage-fact", "")
    require(cited.startswith("gmicloud:"), f"a refusal that names no fact: {answer.text}")
    require(fact in (None, cited.removeprefix("gmicloud:")), f"the refusal cites {cited}, not {fact}")
    return cast("str", body[field])
