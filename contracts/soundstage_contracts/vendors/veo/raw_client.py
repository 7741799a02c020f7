"""A caller without the client: plain HTTP requests to Veo, through the proxy or to Google directly."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, ClassVar, Final, cast

from soundstage_contracts.laws import raw_client
from soundstage_contracts.laws.declarations import RawRequest
from soundstage_contracts.laws.raw_client import JobView, check_cites
from soundstage_contracts.outcomes import require
from soundstage_contracts.vendors.veo.access import headers
from soundstage_contracts.vendors.veo.arguments import IN_INSTANCE, VEO_3

if TYPE_CHECKING:
    from collections.abc import Mapping

    import httpx

    from soundstage_contracts.laws.declarations import Body, Operation, Refusal
    from soundstage_contracts.simulators.target import Target

CREATE: Final = "/v1beta/models/{model}:predictLongRunning"
PROXY: Final = "/gemini"
DIRECT: Final = ""
TYPE: Final = "type.googleapis.com/google.ai.generativelanguage.v1beta.PredictLongRunningResponse"


class RawClient(raw_client.RawClient):
    """Sends plain HTTP requests to Veo through the proxy.

    Attributes:
        prefix: The path before every route: ``/gemini`` through the proxy, empty without it.
    """

    slug = "veo"
    prefix: ClassVar[str] = PROXY

    @property
    def url(self) -> str:
        """The address of the simulator before every route."""
        return self.target.base_url("veo") + self.prefix

    @classmethod
    def headers(cls, account: str) -> Mapping[str, str]:
        """Return the headers that authenticate *account*."""
        return headers(account)

    @classmethod
    def creation_request(cls, operation: Operation, body: Mapping[str, Any]) -> RawRequest:
        """Return the request that starts a job with the model that *operation* names."""
        instance = {name: value for name, value in body.items() if name in IN_INSTANCE}
        parameters = {name: value for name, value in body.items() if name not in IN_INSTANCE}
        wrapped = {"instances": [instance], **({"parameters": parameters} if parameters else {})}
        return RawRequest("POST", cls.prefix + CREATE.format(model=operation.route), wrapped)

    @classmethod
    def status_request(cls, job: str, operation: Operation) -> RawRequest:
        """Return the request that polls a job; a name without a path is one of the operation's model."""
        name = job if "operations/" in job else f"models/{operation.route}/operations/{job}"
        return RawRequest("GET", f"{cls.prefix}/v1beta/{name}")

    @classmethod
    def quoted(cls, job: str) -> str:
        """Return the name of an operation, which is a path of its own."""
        return job

    @classmethod
    def members(cls, body: Any) -> Body:
        """Return the members of the instance and of the parameters as one body."""
        (instance,) = body["instances"]
        return {**instance, **body.get("parameters", {})}

    def created_id(self, response: httpx.Response, operation: Operation) -> str:
        """Check that an operation was created, and return its name (create.route, operation.name)."""
        require(response.is_success, f"{operation} is refused: {response.text}")
        name = str(response.json().get("name"))
        require(list(response.json()) == ["name"], f"more than a name: {response.text}")
        pattern = rf"models/{re.escape(operation.route)}/operations/[a-z0-9]{{12}}"
        require(re.fullmatch(pattern, name) is not None, f"not the documented form of a name: {name}")
        return name

    def job_view(self, response: httpx.Response) -> JobView:
        """Check the form of an operation, and return what is shown of it (poll.done, poll.error, poll.filtered)."""
        require(response.is_success, f"no operation: {response.text}")
        body = response.json()
        if "done" not in body:
            require(list(body) == ["name"], f"more than a name before the end: {body}")
            return JobView("running", "", [])
        require(
            body["done"] is True and set(body) in ({"name", "done", "error"}, {"name", "done", "response"}), f"{body}"
        )
        if "error" in body:
            require(set(body["error"]) == {"code", "message"}, f"not a code and a message: {body}")
            return JobView("error", body["error"]["message"], [])
        require(body["response"]["@type"] == TYPE, f"not the documented type: {body}")
        made = body["response"]["generateVideoResponse"]
        urls = [sample["video"]["uri"] for sample in made.get("generatedSamples", [])]
        return JobView("done" if urls else "error", "".join(made.get("raiMediaFilteredReasons", [])), urls)

    def check_refused(self, response: httpx.Response, refusal: Refusal, reading: str = "") -> str:
        """Check that *response* is *refusal* in the envelope that it belongs to, and return its message."""
        check = refusal_of_google if str(refusal.code).isupper() else refusal_of_proxy
        return str(check(response, refusal.status_in(reading), str(refusal.code), refusal.fact)["message"])

    def fetch(self, url: str) -> httpx.Response:
        """Download a file, with the key (download.through_proxy)."""
        return self.get(f"/download/v1beta/files/{url.partition('/files/')[2]}")

    def request(self, method: str, path: str, **options: Any) -> httpx.Response:
        """Send a request to *path*, or to a whole address."""
        return self.http.request(method, path if "://" in path[:8] else self.url + path, **options)

    def get(self, path: str, **options: Any) -> httpx.Response:
        """Read *path*, or a whole address."""
        return self.request("GET", path, **options)

    def post(self, body: Any, model: str = VEO_3, **options: Any) -> httpx.Response:
        """Send a creation."""
        return self.request("POST", CREATE.format(model=model), json=body, **options)

    def create(self, prompt: str = "A fox", model: str = VEO_3, **parameters: Any) -> str:
        """Create an operation and return its name."""
        return self.start({"instances": [{"prompt": prompt}], "parameters": parameters}, model)

    def start(self, body: Any, model: str = VEO_3) -> str:
        """Send *body* and return the operation's name."""
        response = self.post(body, model)
        require(response.is_success, f"{model} refused {body}: {response.text}")
        return cast("str", response.json()["name"])

    def read(self, operation: str) -> dict[str, Any]:
        """Poll an operation."""
        response = self.get(f"/v1beta/{operation}")
        require(response.is_success, f"{operation} cannot be read: {response.text}")
        return cast("dict[str, Any]", response.json())

    def finish(self, operation: str) -> dict[str, Any]:
        """Let an operation end and poll it."""
        self.advance(self.longest)
        return self.read(operation)

    def response_of(self, operation: str) -> dict[str, Any]:
        """Let an operation end and return its generateVideoResponse."""
        return cast("dict[str, Any]", self.finish(operation)["response"]["generateVideoResponse"])

    def uris(self, operation: str) -> list[str]:
        """Let an operation end and return the URIs of its videos."""
        return [sample["video"]["uri"] for sample in self.response_of(operation)["generatedSamples"]]

    def file(self, **parameters: Any) -> str:
        """Make a video and return its file's id."""
        (uri,) = self.uris(self.create(**parameters))
        return uri.partition("/files/")[2].partition(":")[0]


class DirectRawClient(RawClient):
    """The same without the proxy."""

    prefix = DIRECT


def new_raw_client(target: Target, prefix: str, account: str | None = None) -> RawClient:
    """Return a raw client of *account*, a new one by default, through the proxy or without it."""
    return (RawClient if prefix == PROXY else DirectRawClient)(target, account)


def refusal_of_google(response: httpx.Response, status: int, word: str, fact: str | None = None) -> dict[str, Any]:
    """Check that *response* is a refusal in Google's envelope that cites *fact*, and return its error.

    Raises:
        BrokenLawError: It is not.
    """
    error = _error(response, status, fact)
    require((error.get("code"), error.get("status")) == (status, word), f"not {status} {word}: {response.text}")
    require(bool(error.get("message")), f"a refusal without a message: {response.text}")
    require("type" not in error and "param" not in error, f"a mixture of two envelopes: {response.text}")
    return error


def refusal_of_proxy(response: httpx.Response, status: int, kind: str, fact: str | None = None) -> dict[str, Any]:
    """Check that *response* is a refusal in the proxy's envelope that cites *fact*, and return its error.

    Raises:
        BrokenLawError: It is not.
    """
    error = _error(response, status, fact)
    require((error.get("code"), error.get("type")) == (str(status), kind), f"not {kind}: {response.text}")
    require({"message", "param"} <= set(error), f"message or param is missing: {response.text}")
    require("status" not in error, f"a mixture of two envelopes: {response.text}")
    return error


def _error(response: httpx.Response, status: int, fact: str | None) -> dict[str, Any]:
    require(response.status_code == status, f"not HTTP {status} but {response.status_code}: {response.text}")
    check_cites("veo", response, fact)
    body = response.json()
    require(list(body) == ["error"], f"more than an error: {response.text}")
    return cast("dict[str, Any]", body["error"])
