"""A caller without the client: plain HTTP requests to GMI Cloud, on either face."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, Final, cast
from uuid import UUID

from soundstage_contracts.laws import raw_client
from soundstage_contracts.laws.declarations import RawRequest
from soundstage_contracts.laws.raw_client import JobView, check_cites
from soundstage_contracts.outcomes import require
from soundstage_contracts.vendors.gmicloud.access import CLIENT_ID, PASSWORD, key_headers
from soundstage_contracts.vendors.gmicloud.arguments import TEXT_MODEL

if TYPE_CHECKING:
    from collections.abc import Mapping

    import httpx

    from soundstage_contracts.laws.declarations import Body, Operation, Refusal
    from soundstage_contracts.simulators.target import Target

ROOT: Final = "/api/v1"
QUEUE: Final = "/ie/requestqueue"
KEYED: Final = "/ie/requestqueue/apikey"
AUTH_TOKENS: Final = "/me/auth-tokens"
SESSIONS: Final = "/me/sessions"
PROFILE: Final = "/me/profile"
CREATED: Final = {"request_id", "model", "status", "created_at", "queued_at", "updated_at"}
"""The members of the response to a creation (requests.create)."""
DETAIL: Final = CREATED | {"payload", "outcome", "is_public", "org_id", "qworker_id"}
"""The members of the response to a poll (requests.detail)."""


class RawClient(raw_client.RawClient):
    """Sends plain HTTP requests to GMI Cloud with an API key.

    Attributes:
        queue: The route below which the face has models and requests.
        first_words: The states that a new request may have.
    """

    slug = "gmicloud"
    queue: ClassVar[str] = KEYED
    first_words: ClassVar[tuple[str, ...]] = ("queued", "dispatched")

    @classmethod
    def headers(cls, account: str) -> Mapping[str, str]:
        """Return the headers that authenticate *account*."""
        return key_headers(account)

    @classmethod
    def creation_request(cls, operation: Operation, body: Mapping[str, Any]) -> RawRequest:
        """Return the request that starts a job: a model, and the other members as its payload."""
        del operation
        payload = {name: value for name, value in body.items() if name != "model"}
        model = {"model": body["model"]} if "model" in body else {}
        return RawRequest("POST", f"{ROOT}{cls.queue}/requests", {**model, "payload": payload})

    @classmethod
    def status_request(cls, job: str, operation: Operation) -> RawRequest:
        """Return the request that polls a job."""
        del operation
        return RawRequest("GET", f"{ROOT}{cls.queue}/requests/{job}")

    @classmethod
    def members(cls, body: Any) -> Body:
        """Return the model and the payload's members as one body."""
        return {"model": body["model"], **body["payload"]}

    def created_id(self, response: httpx.Response, operation: Operation) -> str:
        """Check that a request was created, and return its UUID (requests.create, accepted.status)."""
        body = success_of(response)
        require(set(body) == CREATED, f"not the documented members: {body}")
        require(str(UUID(body["request_id"])) == body["request_id"], f"not a UUID: {body['request_id']}")
        require(body["status"] in self.first_words, f"{body['status']} is no state of a new request")
        require(operation.route in body["model"], f"{body['model']} is no model of {operation}")
        return cast("str", body["request_id"])

    def job_view(self, response: httpx.Response) -> JobView:
        """Check that a request has its documented members, and return what is shown of it (requests.detail)."""
        body = success_of(response)
        require(set(body) == DETAIL, f"not the documented members: {body}")
        outcome = body["outcome"] or {}
        require(bool(outcome) == (body["status"] in {"success", "failed", "cancelled"}), f"no such outcome: {body}")
        require("error" not in outcome or set(outcome) == {"error"}, f"not an error alone: {outcome}")
        urls = [outcome[name] for name in ("video_url", "thumbnail_image_url") if name in outcome]
        return JobView(body["status"], outcome.get("error", ""), urls)

    def check_refused(self, response: httpx.Response, refusal: Refusal, reading: str = "") -> str:
        """Check that *response* is *refusal*, and return its message."""
        return assert_refused(response, refusal.status_in(reading), refusal.fact)

    def send(self, method: str, path: str, **options: Any) -> httpx.Response:
        """Send a request; *path* follows the base address."""
        return self.send_request(RawRequest(method, ROOT + path), **options)

    def post(self, path: str, body: Any) -> httpx.Response:
        """Send a JSON body."""
        return self.send("POST", path, json=body)

    def get(self, path: str) -> Any:
        """Return the JSON of a response that is no refusal."""
        return success_of(self.send("GET", path))

    def submit(self, model: str, payload: Any) -> httpx.Response:
        """Send a creation for *model*."""
        return self.post(f"{self.queue}/requests", {"model": model, "payload": payload})

    def create(self, prompt: str = "A fox", model: str = TEXT_MODEL, **payload: Any) -> str:
        """Create a request and return its id."""
        return cast("str", success_of(self.submit(model, {"prompt": prompt, **payload}))["request_id"])

    def read(self, request: str) -> dict[str, Any]:
        """Poll a request."""
        return cast("dict[str, Any]", self.get(f"{self.queue}/requests/{request}"))

    def finish(self, request: str) -> dict[str, Any]:
        """Let a request end and poll it."""
        self.advance(self.longest)
        return self.read(request)


class SessionRawClient(RawClient):
    """The same on the session face, which takes the tokens of a login.

    Args:
        target: The simulator.
        account: The e-mail address; a new one by default.
        headers: Request headers in place of those that a login gives; with them no login is made.

    Attributes:
        tokens: What the last login or refresh returned.
    """

    queue = QUEUE
    first_words = ("created", "queued", "dispatched")

    def __init__(self, target: Target, account: str | None = None, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(target, account, CLIENT_ID if headers is None else headers)
        self.tokens: dict[str, str] = {}
        if headers is None:
            token = success_of(self.start_login())["authToken"]
            self.use_tokens(success_of(self.finish_login(token)))

    def start_login(self, **changes: Any) -> httpx.Response:
        """Ask for an authToken, with *changes* to e-mail and password (login.tokens)."""
        return self.post(AUTH_TOKENS, {"email": self.account, "password": PASSWORD, **changes})

    def finish_login(self, token: str, code: Any = None) -> httpx.Response:
        """Exchange an authToken for the tokens of a session (login.session)."""
        return self.post(SESSIONS, {"type": "native", "authToken": token, "otpCode": code})

    def refresh_tokens(self, token: str) -> httpx.Response:
        """Exchange a refresh token for new tokens (login.refresh)."""
        return self.send("PATCH", SESSIONS, json={"refreshToken": token})

    def use_tokens(self, tokens: Mapping[str, str]) -> None:
        """Send *tokens* from now on."""
        self.tokens = dict(tokens)
        self.http.headers["Authorization"] = f"Bearer {tokens['accessToken']}"


def new_raw_client(target: Target, face: str, account: str | None = None) -> RawClient:
    """Return a raw client of *account*, a new one by default, on *face*."""
    return (RawClient if face == "key" else SessionRawClient)(target, account)


def success_of(response: httpx.Response) -> dict[str, Any]:
    """Check that *response* is a success, and return its JSON object.

    Raises:
        BrokenLawError: It is not.
    """
    require(response.status_code == 200, f"HTTP {response.status_code}: {response.text}")  # noqa: PLR2004 - HTTP's own
    return cast("dict[str, Any]", response.json())


def assert_refused(response: httpx.Response, status: int, fact: str | None = None) -> str:
    """Check that *response* is a refusal in the member that its path has, which cites *fact*, and return its message.

    Raises:
        BrokenLawError: It is not.
    """
    require(response.status_code == status, f"HTTP {response.status_code}, not {status}: {response.text}")
    member = "error" if "/ie/" in response.request.url.path else "message"
    body = response.json()
    require(list(body) == [member] and isinstance(body[member], str), f"no refusal in {member} alone: {response.text}")
    require(response.headers["content-type"] == "application/json", f"a refusal that is no JSON: {response.headers}")
    check_cites("gmicloud", response, fact)
    return cast("str", body[member])
