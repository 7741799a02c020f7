"""Helpers of the simulator's tests: worlds with a manual clock, requests without a socket, one row per vendor."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from base64 import b64encode
from dataclasses import dataclass, field
from io import BytesIO
from typing import TYPE_CHECKING, Any, cast

import pytest
from hypothesis import strategies as st
from PIL import Image

from soundstage_server import Simulator, World

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from soundstage_server.http.middleware import TrustedProxy
    from soundstage_server.kit.service import Service
    from soundstage_server.model.fields import Field, Rule

SECRET = "planted-secret-0123456789"


def tomoviee_headers(credential: str, secret: str) -> dict[str, str]:
    """Return the credential headers of Tomoviee."""
    token = b64encode(f"{credential}:{secret}".encode()).decode()
    return {"X-App-Key": credential, "Authorization": f"Basic {token}"}


def key_headers(credential: str, secret: str) -> dict[str, str]:
    """Return the headers of a Bearer key."""
    del secret
    return {"Authorization": f"Bearer {credential}"}


@dataclass(frozen=True)
class Row:
    """One vendor's requests: its credentials, a create call with a prompt, and parameters that it does not check."""

    headers: Callable[[str, str], dict[str, str]]
    create: str
    body: Callable[[str], dict[str, Any]]
    unchecked: tuple[str, ...] = ()


ROWS = {
    "tomoviee": Row(
        tomoviee_headers, "/v1/open/capacity/application/tm_text2video_b", lambda prompt: {"prompt": prompt}
    ),
    "edrawmax": Row(
        lambda credential, _secret: {"X-User-ID": credential},
        "/api/ai/skills/generate-flowchart",
        lambda prompt: {"prompt": prompt},
        unchecked=("platform",),
    ),
    "infrai": Row(
        lambda credential, _: {"Authorization": f"Bearer {credential}"},
        "/v1/video/generate",
        lambda prompt: {"prompt": prompt},
    ),
    "veo": Row(
        lambda credential, _: {"x-goog-api-key": credential},
        "/gemini/v1beta/models/veo-3.0-generate-preview:predictLongRunning",
        lambda prompt: {"instances": [{"prompt": prompt}]},
    ),
    "gmicloud": Row(
        key_headers,
        "/api/v1/ie/requestqueue/apikey/requests",
        lambda prompt: {"model": "Wan-AI_Wan2.1-T2V-14B", "payload": {"prompt": prompt}},
    ),
    "cloudsway": Row(
        lambda credential, _: {"Authorization": f"Bearer {credential}"},
        "/v1/ai/any/kling/videos/text2video",
        lambda prompt: {"prompt": prompt},
    ),
    "mediaio": Row(
        lambda credential, _secret: {"X-API-KEY": credential},
        "/generation/wan/t2v-wan-v2-5",
        lambda prompt: {"data": {"prompt": prompt}},
    ),
}


HOSTS = ("h", "a.example", "127.0.0.1:80", "[::1]:8080", "Ä.example")
LINKS = st.builds(
    "{}://{}{}".format,
    st.sampled_from(["http", "https", "HTTP", "Https"]),
    st.sampled_from(HOSTS),
    st.sampled_from(["", "/", "/a?b#c", "?q"]),
)


@dataclass(frozen=True)
class Drawn:
    """A part of a rule, by its schema alone."""

    schema: Mapping[str, Any]


def encoded_image(width: int = 640, height: int = 480, kind: str = "PNG") -> str:
    """Return a plain image in base64."""
    file = BytesIO()
    Image.new("L", (width, height)).save(file, kind)
    return b64encode(file.getvalue()).decode()


PICTURE = encoded_image()


def values_of(rule: Rule | Drawn) -> st.SearchStrategy[Any]:
    """Draw values that *rule* accepts, from its schema alone."""
    schema: dict[str, Any] = dict(rule.schema)
    if "enum" in schema:
        return st.sampled_from(schema["enum"])
    return _DRAWN[schema["type"]](schema)


def _texts(schema: dict[str, Any]) -> st.SearchStrategy[Any]:
    if "contentEncoding" in schema:
        return LINKS | st.just(PICTURE) if "format" in schema else st.just(PICTURE)
    if "format" in schema:
        return LINKS
    return st.text(min_size=schema["minLength"], max_size=schema.get("maxLength"))


def _lists(schema: dict[str, Any]) -> st.SearchStrategy[Any]:
    return st.lists(values_of(Drawn(schema["items"])), min_size=schema["minItems"], max_size=schema["maxItems"])


def _objects(schema: dict[str, Any]) -> st.SearchStrategy[Any]:
    parts = {name: values_of(Drawn(part)) for name, part in schema["properties"].items()}
    needed = {name: parts.pop(name) for name in schema["required"]}
    return st.fixed_dictionaries(needed, optional=parts)


_DRAWN: dict[str, Callable[[dict[str, Any]], st.SearchStrategy[Any]]] = {
    "integer": lambda schema: st.integers(schema["minimum"], schema["maximum"]),
    "number": lambda schema: st.floats(schema["minimum"], schema["maximum"]),
    "boolean": lambda _: st.booleans(),
    "string": _texts,
    "array": _lists,
    "object": _objects,
}


def bodies_of(fields: Iterable[Field]) -> st.SearchStrategy[dict[str, Any]]:
    """Draw bodies with *fields*: required ones always, optional ones sometimes, null for absent included."""
    required = {field.name: values_of(field.rule) for field in fields if field.required}
    optional = {field.name: st.none() | values_of(field.rule) for field in fields if not field.required}
    return st.fixed_dictionaries(required, optional=optional)


@dataclass(frozen=True)
class Reply:
    """What came back."""

    status: int
    headers: dict[str, str]
    content: bytes

    def json(self) -> Any:
        """Return the body, parsed."""
        return json.loads(self.content)


def scope_of(method: str, path: str, query: bytes, headers: Mapping[str, str]) -> dict[str, Any]:
    """Return an ASGI scope as uvicorn makes it."""
    raw = {"Host": "127.0.0.1:8080", **headers}
    return {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.3"},
        "http_version": "1.1",
        "method": method,
        "scheme": "http",
        "path": path,
        "raw_path": path.encode("utf-8", "surrogateescape"),
        "query_string": query,
        "root_path": "",
        "headers": [(name.lower().encode(), value.encode("latin-1")) for name, value in raw.items()],
        "client": ("127.0.0.1", 1),
        "server": ("127.0.0.1", 8080),
    }


def exchange(app: Simulator | TrustedProxy, scope: dict[str, Any], asked: Iterable[dict[str, Any]]) -> Reply | None:
    """Run one ASGI exchange to its end; None means that there was no response."""
    coming = iter(asked)
    sent: list[Any] = []

    async def receive() -> dict[str, Any]:
        message = next(coming, None)
        if message is None:
            await asyncio.Event().wait()
        assert message is not None
        return message

    async def send(message: Any) -> None:
        sent.append(message)

    asyncio.run(app(scope, receive, send))
    if not sent:
        return None
    headers = {name.decode(): value.decode("latin-1") for name, value in sent[0].get("headers", ())}
    return Reply(sent[0].get("status", 0), headers, b"".join(message.get("body", b"") for message in sent[1:]))


@dataclass(frozen=True)
class Caller:
    """One credential of one vendor, before one simulator."""

    app: Simulator
    mount: str
    row: Row
    headers: dict[str, str]

    def send(
        self,
        method: str,
        path: str,
        body: object = b"",
        *,
        query: bytes = b"",
        headers: Mapping[str, str] | None = None,
    ) -> Reply:
        """Send a request to the vendor's own *path*; a *body* that is not bytes is sent as JSON."""
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        scope = scope_of(method, self.mount + path, query, self.headers if headers is None else headers)
        reply = exchange(self.app, scope, [{"type": "http.request", "body": content}])
        assert reply is not None
        return reply

    def create(self, prompt: str = "A fox", **params: object) -> Reply:
        """Send the vendor's paid call."""
        return self.send("POST", self.row.create, {**self.row.body(prompt), **params})

    def fetch(self, url: str, method: str = "GET", **headers: str) -> Reply:
        """Send a request to a whole address, as a program that follows a link does: without credentials."""
        path, _, query = url.split("/", 3)[3].partition("?")
        reply = exchange(self.app, scope_of(method, f"/{path}", query.encode(), headers), [{"type": "http.request"}])
        assert reply is not None
        return reply


@dataclass(frozen=True)
class Kit:
    """Helpers that tests get as the fixture `kit`."""

    secret: str = SECRET
    picture: str = PICTURE
    rows: Mapping[str, Row] = field(default_factory=lambda: ROWS)

    def world(self, **options: Any) -> World:
        """A world with a manual clock and small media."""
        return World(**{"clock": "manual", "media": "small", **options})

    def caller(self, world: World, vendor: str = "tomoviee", credential: str = "key-1", secret: str = SECRET) -> Caller:
        """A caller with a credential, connected to a simulator of *world*."""
        row = self.rows[vendor]
        return Caller(Simulator(world), f"/{vendor}", row, row.headers(credential, secret))

    def service(self, world: World, vendor: str = "tomoviee") -> Service:
        """Return a vendor's service with everything that the shared base class adds."""
        return cast("Service", world.services[vendor])

    def control(self, app: Simulator, method: str, path: str, body: object = b"", *, query: str = "") -> Reply:
        """Send a request to the control API."""
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        scope = scope_of(method, f"/_soundstage{path}", query.encode(), {"Content-Type": "application/json"})
        reply = exchange(app, scope, [{"type": "http.request", "body": content}])
        assert reply is not None
        return reply

    def environment(self) -> dict[str, str]:
        """Return the environment in which a program of ours finds the packages as this one did."""
        return {**os.environ, "PYTHONPATH": os.pathsep.join(place for place in sys.path if place)}

    values = staticmethod(values_of)
    bodies = staticmethod(bodies_of)
    scope = staticmethod(scope_of)
    exchange = staticmethod(exchange)


@pytest.fixture(scope="session")
def kit() -> Kit:
    """The helpers."""
    return Kit()
