"""A caller without the client: plain HTTP requests to EdrawMax."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, cast

from soundstage_contracts.laws import raw_client
from soundstage_contracts.laws.declarations import RawRequest
from soundstage_contracts.outcomes import require
from soundstage_contracts.vendors.edrawmax.access import headers

if TYPE_CHECKING:
    from collections.abc import Mapping

    import httpx

    from soundstage_contracts.laws.declarations import Operation, Refusal
    from soundstage_contracts.laws.raw_client import JobView

ROUTE: Final = "/skills/generate-"
CODES: Final = {
    400: "bad param: prompt is required",
    2406: "risk control rejection",
    3001: "concurrency limit",
    212200: "生成失败",
    212201: "渲染失败",
    500: "panic",
}
"""The codes that the simulator can be ordered to refuse with, and their messages (error.prompt to error.panic)."""

LANG_MESSAGE: Final = "bad param: lang不合法"


class RawClient(raw_client.RawClient):
    """Sends plain HTTP requests to EdrawMax."""

    slug = "edrawmax"

    @property
    def url(self) -> str:
        """The simulator's address in place of the client's."""
        return self.target.client_url("edrawmax")

    @classmethod
    def headers(cls, account: str) -> Mapping[str, str]:
        """Return the headers that name *account*."""
        return headers(account)

    @classmethod
    def creation_request(cls, operation: Operation, body: Mapping[str, Any]) -> RawRequest:
        """Return the request for a diagram."""
        return RawRequest("POST", f"/api/ai{ROUTE}{operation.route}", dict(body))

    @classmethod
    def status_request(cls, job: str, operation: Operation) -> RawRequest:
        """Refuse: there are no jobs."""
        raise NotImplementedError(f"{operation} returns the diagram itself: there is no job {job}")

    def created_id(self, response: httpx.Response, operation: Operation) -> str:
        """Check that *response* has a diagram, and return the id of its task (answer.flowchart, answer.others)."""
        body = response.json()
        require((response.status_code, body["code"], body["msg"]) == (200, 0, ""), f"refused: {response.text}")
        code = "mermaid_code" if operation.route == "flowchart" else "source_code"
        require(set(body["data"]) == {"png_url", "svg_url", code}, f"not the documented members: {body}")
        require(all(isinstance(value, str) and value for value in body["data"].values()), f"not texts: {body}")
        return next((task for task in self.jobs() if task in body["data"]["png_url"]), "")

    def job_view(self, response: httpx.Response) -> JobView:
        """Refuse: there are no jobs."""
        raise NotImplementedError(f"there are no jobs: {response.text}")

    def check_refused(self, response: httpx.Response, refusal: Refusal, reading: str = "") -> str:
        """Check that *response* is *refusal*, and return its message."""
        code, status = int(refusal.code), refusal.status_in(reading)
        assert_refused(response, code, CODES[code], status=status, fact=refusal.fact or "")
        return CODES[code]

    def post(self, kind: str, body: Any, **options: Any) -> httpx.Response:
        """Send a JSON body to the route of *kind*."""
        return self.http.post(f"{self.url}{ROUTE}{kind}", json=body, **options)

    def send(self, kind: str, body: bytes) -> httpx.Response:
        """Send a body as it is."""
        return self.http.post(f"{self.url}{ROUTE}{kind}", content=body)

    def request(self, method: str, path: str) -> httpx.Response:
        """Send a request without a body."""
        return self.http.request(method, self.url + path)

    def draw(self, kind: str, prompt: str = "A fox", **body: Any) -> dict[str, str]:
        """Request a diagram and return the data of the response."""
        payload = self.post(kind, {"prompt": prompt, **body}).json()
        require(payload["code"] == 0, f"{kind} refused {prompt!r} {body}: {payload}")
        return cast("dict[str, str]", payload["data"])

    def code(self, kind: str, prompt: str, **body: Any) -> str:
        """Request a diagram and return its code."""
        return self.draw(kind, prompt, **body)["mermaid_code" if kind == "flowchart" else "source_code"]

    def get(self, address: str) -> bytes:
        """Fetch a result."""
        return self.http.get(address).content


def assert_refused(response: httpx.Response, code: int, message: str, *, status: int = 200, fact: str = "") -> None:
    """Check that *response* is a refusal in the envelope, with data null, that cites its fact.

    Raises:
        BrokenLawError: It is not.
    """
    require(
        (response.status_code, response.json()["code"]) == (status, code),
        f"not {code} with HTTP {status}: {response.text}",
    )
    require(
        response.json() == {"code": code, "msg": message, "data": None},
        f"not {message!r} and data null: {response.text}",
    )
    cited = response.headers.get("x-soundstage-fact", "")
    require(cited.startswith("edrawmax:"), f"a refusal that names no fact: {response.text}")
    require(fact in ("", cited.removeprefix("edrawmax:")), f"the refusal cites {cited}, not {fact}")
