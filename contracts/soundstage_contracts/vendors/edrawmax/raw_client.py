"""A caller without a client: plain HTTP, as a program in any language would speak it to EdrawMax."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, cast

from soundstage_contracts.outcomes import require
from soundstage_contracts.simulators.control import account_name
from soundstage_contracts.vendors.edrawmax.access import headers

if TYPE_CHECKING:
    import httpx

    from soundstage_contracts.simulators.target import Target

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


class RawClient:
    """A caller without a client: plain HTTP, as a program in any language would speak it."""

    def __init__(self, target: Target, account: str | None = None) -> None:
        self.target = target
        self.account = account or target.new_account()
        self.name = account_name("edrawmax", self.account)
        self.url = target.client_url("edrawmax")
        self.http = target.http(headers=dict(headers(self.account)))

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
        """Ask for a diagram and return what came of it."""
        answer = self.post(kind, {"prompt": prompt, **body}).json()
        require(answer["code"] == 0, f"{kind} refused {prompt!r} {body}: {answer}")
        return cast("dict[str, str]", answer["data"])

    def code(self, kind: str, prompt: str, **body: Any) -> str:
        """Ask for a diagram and return it as code."""
        return self.draw(kind, prompt, **body)["mermaid_code" if kind == "flowchart" else "source_code"]

    def get(self, address: str) -> bytes:
        """Fetch a result."""
        return self.http.get(address).content


def assert_refused(answer: httpx.Response, code: int, message: str, *, status: int = 200, fact: str = "") -> None:
    """Assert that *answer* is a refusal in the envelope, with data null, that names its fact.

    Raises:
        BrokenLawError: It is not; the text says how.
    """
    require(
        (answer.status_code, answer.json()["code"]) == (status, code), f"not {code} with HTTP {status}: {answer.text}"
    )
    require(
        answer.json() == {"code": code, "msg": message, "data": None}, f"not {message!r} and data null: {answer.text}"
    )
    cited = answer.headers.get("x-soundstage-fact", "")
    require(cited.startswith("edrawmax:"), f"a refusal that names no fact: {answer.text}")
    require(fact in ("", cited.removeprefix("edrawmax:")), f"the refusal cites {cited}, not {fact}")
