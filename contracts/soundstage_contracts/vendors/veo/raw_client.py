"""A caller without a client: plain HTTP, as a program in any language would speak it to the proxy or to Google."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, cast

from soundstage_contracts.outcomes import require
from soundstage_contracts.simulators.control import account_name
from soundstage_contracts.vendors.veo.access import headers
from soundstage_contracts.vendors.veo.arguments import VEO_3

if TYPE_CHECKING:
    import httpx

    from soundstage_contracts.simulators.target import Target

CREATE: Final = "/v1beta/models/{model}:predictLongRunning"
PROXY: Final = "/gemini"
DIRECT: Final = ""
_LONGEST: Final = 400.0


class RawClient:
    """Somebody with a key, who speaks through the proxy or without it.

    Args:
        target: The simulator.
        account: The key; a new one by default.
        before: What stands before every path: ``/gemini`` through the proxy, nothing without it.
    """

    def __init__(self, target: Target, account: str | None = None, before: str = PROXY) -> None:
        self.target = target
        self.account = account or target.new_account()
        self.name = account_name("veo", self.account)
        self.url = target.base_url("veo") + before
        self._http = target.http(headers=dict(headers(self.account)))

    def request(self, method: str, path: str, **options: Any) -> httpx.Response:
        """Send a request to *path*, or to a whole address."""
        return self._http.request(method, path if "://" in path[:8] else self.url + path, **options)

    def get(self, path: str, **options: Any) -> httpx.Response:
        """Read *path*, or a whole address."""
        return self.request("GET", path, **options)

    def post(self, body: Any, model: str = VEO_3, **options: Any) -> httpx.Response:
        """Ask for a film."""
        return self.request("POST", CREATE.format(model=model), json=body, **options)

    def create(self, prompt: str = "A fox", model: str = VEO_3, **parameters: Any) -> str:
        """Ask for a film and return its operation's name."""
        return self.start({"instances": [{"prompt": prompt}], "parameters": parameters}, model)

    def start(self, body: Any, model: str = VEO_3) -> str:
        """Send *body* and return the operation's name."""
        answer = self.post(body, model)
        require(answer.is_success, f"{model} refused {body}: {answer.text}")
        return cast("str", answer.json()["name"])

    def read(self, operation: str) -> dict[str, Any]:
        """Read an operation."""
        answer = self.get(f"/v1beta/{operation}")
        require(answer.is_success, f"{operation} cannot be read: {answer.text}")
        return cast("dict[str, Any]", answer.json())

    def advance(self, seconds: float) -> None:
        """Move this account's time."""
        self.target.control.advance(seconds, self.name)

    def finish(self, operation: str) -> dict[str, Any]:
        """Let an operation end and return it."""
        self.advance(_LONGEST)
        return self.read(operation)

    def told(self, operation: str) -> dict[str, Any]:
        """Let an operation end and return its generateVideoResponse."""
        return cast("dict[str, Any]", self.finish(operation)["response"]["generateVideoResponse"])

    def uris(self, operation: str) -> list[str]:
        """Let an operation end and return the addresses of its films."""
        return [sample["video"]["uri"] for sample in self.told(operation)["generatedSamples"]]

    def file(self, **film: Any) -> str:
        """Make a film and return its file's id."""
        (uri,) = self.uris(self.create(**film))
        return uri.partition("/files/")[2].partition(":")[0]


def refusal_of_google(answer: httpx.Response, status: int, word: str, fact: str | None = None) -> dict[str, Any]:
    """Assert that *answer* is a refusal in Google's envelope, that names its fact, and return what stands in it.

    Raises:
        BrokenLawError: It is not; the text says how.
    """
    error = _error(answer, status, fact)
    require((error.get("code"), error.get("status")) == (status, word), f"not {status} {word}: {answer.text}")
    require(bool(error.get("message")), f"a refusal without a message: {answer.text}")
    require("type" not in error and "param" not in error, f"a mixture of two envelopes: {answer.text}")
    return error


def refusal_of_proxy(answer: httpx.Response, status: int, kind: str, fact: str | None = None) -> dict[str, Any]:
    """Assert that *answer* is a refusal in the proxy's envelope, that names its fact, and return what stands in it.

    Raises:
        BrokenLawError: It is not; the text says how.
    """
    error = _error(answer, status, fact)
    require((error.get("code"), error.get("type")) == (str(status), kind), f"not {kind}: {answer.text}")
    require({"message", "param"} <= set(error), f"message or param is missing: {answer.text}")
    require("status" not in error, f"a mixture of two envelopes: {answer.text}")
    return error


def _error(answer: httpx.Response, status: int, fact: str | None) -> dict[str, Any]:
    require(answer.status_code == status, f"not HTTP {status} but {answer.status_code}: {answer.text}")
    cited = answer.headers.get("x-soundstage-fact", "")
    require(cited.startswith("veo:"), f"a refusal that names no fact: {answer.text}")
    require(fact in (None, cited.removeprefix("veo:")), f"the refusal cites {cited}, not {fact}")
    body = answer.json()
    require(list(body) == ["error"], f"more than an error: {answer.text}")
    return cast("dict[str, Any]", body["error"])
