"""Requests, responses, refusals and routes: the value types of the hot path.

Create and poll are plain ASGI, so these types are small and have no validation of their own.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, NamedTuple
from urllib.parse import parse_qsl

import orjson

from soundstage_server.model.asgi import origin
from soundstage_server.model.bounds import load_json

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from concurrent.futures import Future

    from soundstage_server.media import MediaSpec
    from soundstage_server.model.account import Account
    from soundstage_server.model.asgi import RawHeaders, Scope
    from soundstage_server.model.fields import Field

FACT_HEADER: Final = b"x-soundstage-fact"
"""Response header that names the fact behind a refusal."""

JSON: Final = (b"content-type", b"application/json")


class Request:
    """One request to a vendor.

    Attributes:
        scope: The ASGI scope, as the server gave it.
        body: The whole request body.
        mount: The prefix of the vendor's own path: ``/<slug>``, or empty under the vendor's host name.
        path_values: The values of the route's ``{names}``.
        caller: The account, once the service has authenticated it.
        now: The caller's time, in seconds since 1970; 0 before the caller is known.
        hold: What the response waits for: the end of the first attempt of an early callback; None ordinarily.
    """

    __slots__ = ("body", "caller", "headers", "hold", "mount", "now", "path_values", "scope")

    def __init__(
        self,
        scope: Scope,
        body: bytes,
        mount: str,
        path_values: Mapping[str, str],
        headers: dict[bytes, bytes] | None = None,
    ) -> None:
        self.scope = scope
        self.body = body
        self.mount = mount
        self.path_values = path_values
        self.headers: dict[bytes, bytes] = dict(scope["headers"]) if headers is None else headers
        self.caller: Account | None = None
        self.now = 0.0
        self.hold: Future[None] | None = None

    @property
    def account(self) -> Account:
        """The caller's account.

        Raises:
            LookupError: No account was authenticated: the route is open.
        """
        if self.caller is None:
            raise LookupError("an open route has no account")
        return self.caller

    @property
    def method(self) -> str:
        """The HTTP method, upper case."""
        return str(self.scope["method"])

    @property
    def path(self) -> str:
        """The vendor's own path, without the slug."""
        return str(self.scope["path"]).removeprefix(self.mount) or "/"

    @property
    def base(self) -> str:
        """The address of the request up to the vendor's own path: the base of result URLs."""
        return origin(self.scope) + self.mount

    def query_values(self) -> dict[str, str]:
        """Return the query parameters, the last of each name."""
        return dict(parse_qsl(self.scope["query_string"].decode("latin-1"), keep_blank_values=True))

    def json(self) -> Any:
        """Return the parsed body.

        Raises:
            ValueError: The body is not JSON in UTF-8, or nested too deep.
        """
        return load_json(self.body)


class Response(NamedTuple):
    """One response of a vendor.

    Attributes:
        status: The HTTP status.
        body: The whole body.
        headers: The headers, without date and length.
        fact: The fact behind a refusal.
        media: Rendered off the event loop and sent in place of *body*, whole or the requested range.
        until: The caller's time before which the response is not sent; under a frozen clock it is sent at once.
        hold: What has to be done before the response is sent, under any clock.
    """

    status: int
    body: bytes
    headers: RawHeaders
    fact: str | None = None
    media: MediaSpec | None = None
    until: float | None = None
    hold: Future[None] | None = None


def json_response(data: object, status: int = 200) -> Response:
    """Return *data* as a JSON response."""
    return Response(status, orjson.dumps(data), [JSON])


@dataclass(frozen=True, slots=True)
class Refusal:
    """One row of a vendor's table of refusals.

    Attributes:
        code: The vendor's own code.
        status: The HTTP status, in the dialect that uses HTTP statuses.
        message: The vendor's message; the service appends details.
        fact: The fact that the refusal cites unless a more specific one is known, without the vendor's slug.
    """

    code: int | str
    status: int
    message: str
    fact: str


class Identity(NamedTuple):
    """The identity that a request claims: the credential that names the account, and the secret that belongs to it."""

    credential: str
    secret: str | None = None

    def __repr__(self) -> str:
        return "Identity([redacted])"


class Refusals(NamedTuple):
    """The refusals that shared code raises, as the vendor words them.

    Attributes:
        unauthenticated: The credential is missing, malformed or not accepted.
        invalid: A parameter breaks its rule.
        unreadable: The body is not a JSON object.
        no_credit: The account cannot pay.
        too_many: The account has as many unfinished tasks as it may have.
        unknown_route: No route has this path and method.
        not_found: No task of this account has the given id; None for a vendor without tasks to read.
        blocked: Blocked content is refused at creation; None if the task is created and then fails.
        too_fast: Too many requests a minute; None if the vendor uses `too_many` for that, too.
    """

    unauthenticated: Refusal
    invalid: Refusal
    unreadable: Refusal
    no_credit: Refusal
    too_many: Refusal
    unknown_route: Refusal
    not_found: Refusal | None = None
    blocked: Refusal | None = None
    too_fast: Refusal | None = None


class RefusedError(Exception):
    """Raised by a handler to refuse the request; the service renders it in the vendor's own shape."""

    def __init__(
        self, refusal: Refusal, detail: str = "", fact: str | None = None, *, retry_after: int | None = None
    ) -> None:
        super().__init__(detail or refusal.message)
        self.refusal = refusal
        self.detail = detail
        self.fact = fact or refusal.fact
        self.retry_after = retry_after

    @property
    def message(self) -> str:
        """The refusal's message, followed by the detail if there is one."""
        return f"{self.refusal.message}: {self.detail}" if self.detail else self.refusal.message


@dataclass(frozen=True, slots=True)
class Route:
    """One route of a vendor; the hot path matches it, and the vendor's page is generated from it.

    Attributes:
        method: HTTP method.
        path: The vendor's path; ``{name}`` matches a segment or a part of one, ``{name:path}`` slashes, too.
        handle: Handles an authenticated request.
        summary: One line for the page.
        facts: Facts, without the slug, that describe this route.
        body: The fields of the JSON body.
        example: A documented response; empty where it is not JSON.
        paid: Whether an accepted request costs money.
        open: Whether the route needs no credential.
        statuses: The HTTP statuses of a successful response.
    """

    method: str
    path: str
    handle: Callable[[Request], Response]
    summary: str
    facts: tuple[str, ...]
    body: tuple[Field, ...] = ()
    example: Mapping[str, Any] = field(default_factory=dict)
    paid: bool = False
    open: bool = False
    statuses: tuple[int, ...] = (200,)

    def pattern(self) -> re.Pattern[str]:
        """Return the path as a regular expression with one named group for each ``{name}``."""
        parts = re.split(r"\{(\w+)(:path)?\}", self.path)
        literal = (re.escape(part) for part in parts[::3])
        depths = [".+" if deep else "[^/]+" for deep in parts[2::3]]
        named = [f"(?P<{name}>{depth})" for name, depth in zip(parts[1::3], depths, strict=True)]
        return re.compile("".join(text + group for text, group in zip(literal, [*named, ""], strict=True)))
