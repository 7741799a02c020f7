"""Fixtures of the client's tests: scripted responses and the documented bodies."""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeVar

import httpx
import pytest

from soundstage import AsyncTomoviee, Media, SkippingClock, Tomoviee
from soundstage._protocol.credentials import Secret
from soundstage._protocol.downloads import Download, SaveOptions
from soundstage._protocol.service import Settings
from soundstage._values.messages import Exclusive, Flow, Open, Pause, Quote, Read, Request, Response, Run, Send
from soundstage._values.policies import PollPolicy, RetryPolicy
from soundstage.vendors.tomoviee import PROFILE, TomovieeService

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

T = TypeVar("T")

KEY = "app-key-0123456789"
SECRET = "planted-secret-0123456789"
BASE = "https://gateway.example"
VIDEO_URL = "https://cdn.example/videos/video.mp4?Signature=planted"
VIDEO = b"\0\0\0\x18ftypmp42" + bytes(range(256)) * 8


def created(task_id: str = "tm_text2video_b-0-1") -> bytes:
    """Return the body of a create response."""
    return json.dumps({"code": 0, "msg": "", "data": {"task_id": task_id}}).encode()


def task(status: object, code: int = 0, **fields: object) -> bytes:
    """Return the body of a poll response."""
    return json.dumps({"code": code, "msg": "success", "data": {"status": status, **fields}}).encode()


def finished(*urls: str, key: str = "video_path") -> bytes:
    """Return the body of a poll response for a task that succeeded."""
    return task(3, progress=100, result=json.dumps({key: list(urls)}))


Reaction = Response | Exception


@dataclass
class ScriptedDriver:
    """A driver without I/O: calls a function for every request, and lets pauses end at once."""

    react: Callable[[Request], Reaction]
    clock: SkippingClock = field(default_factory=SkippingClock)
    sent: list[Request] = field(default_factory=list)
    pauses: list[float] = field(default_factory=list)
    _chunks: Iterator[bytes | Exception] = field(default_factory=lambda: iter(()))

    def run(self, flow: Flow[T]) -> T:
        """Run *flow* to its end."""
        step: Callable[[Any], Any] = flow.send
        value: Any = None
        for _ in range(100_000):
            try:
                effect = step(value)
            except StopIteration as end:
                result: T = end.value
                return result
            try:
                step, value = flow.send, self._perform(effect)
            except Exception as error:  # noqa: BLE001 - as a driver does
                step, value = flow.throw, error
        raise AssertionError("the flow does not end")

    def _perform(self, effect: object) -> object:
        match effect:
            case Send(request):
                return self._answer(request)
            case Open(request):
                head = self._answer(request)
                middle = len(head.content) // 2
                self._chunks = iter([chunk for chunk in (head.content[:middle], head.content[middle:]) if chunk])
                return Response(head.status, head.headers)
            case Read():
                return next(self._chunks, b"")
            case Pause(seconds):
                self.pauses.append(seconds)
                self.clock.sleep(seconds)
            case Run(call):
                return call()
            case Exclusive(_, make):
                return self.run(make())
            case Quote():
                pass
            case _:
                raise AssertionError(effect)
        return None

    def _answer(self, request: Request) -> Response:
        self.sent.append(request)
        reaction = self.react(request)
        if isinstance(reaction, Exception):
            raise reaction
        return reaction


@dataclass(frozen=True)
class Kit:
    """Makes what a test needs, with a skipping clock and without randomness."""

    key: str = KEY
    secret: str = SECRET
    base: str = BASE
    video: bytes = field(default=VIDEO, repr=False)

    def service(
        self, clock: SkippingClock | None = None, draw: Callable[[], float] = lambda: 1.0, **changes: Any
    ) -> TomovieeService:
        """Return Tomoviee's service without a client."""
        values: dict[str, Any] = {
            "profile": PROFILE,
            "base_url": BASE,
            "clock": clock or SkippingClock(),
            "poll": PollPolicy(),
            "retry": RetryPolicy(),
            "draw": draw,
        }
        return TomovieeService(Secret(KEY), Secret(SECRET), Settings(**{**values, **changes}))

    def driver(self, react: Callable[[Request], Reaction], clock: SkippingClock | None = None) -> ScriptedDriver:
        """Return a driver whose responses *react* returns."""
        return ScriptedDriver(react, clock or SkippingClock())

    def answering(self, *reactions: Reaction) -> ScriptedDriver:
        """Return a driver that plays these reactions, the last one repeatedly."""
        script = list(reactions)
        return self.driver(lambda _: script.pop(0) if len(script) > 1 else script[0])

    def save(
        self, driver: ScriptedDriver, path: Path, media: Media | None = None, service: Any = None, **options: Any
    ) -> Path:
        """Save a video, or *media*, with *driver*."""
        download = Download(
            service or self.service(driver.clock),
            media or Media(VIDEO_URL, "video"),
            "token",
            path,
            SaveOptions(**options),
        )
        return driver.run(download.flow())

    def client(self, handler: Callable[[httpx.Request], httpx.Response], **options: Any) -> Tomoviee:
        """Return a sync client whose requests *handler* answers."""
        http = httpx.Client(transport=httpx.MockTransport(handler))
        return Tomoviee(KEY, SECRET, **{"base_url": BASE, "http": http, "clock": SkippingClock(), **options})

    def async_client(self, handler: Callable[[httpx.Request], httpx.Response], **options: Any) -> AsyncTomoviee:
        """Return an async client whose requests *handler* answers."""
        http = httpx.AsyncClient(transport=httpx.MockTransport(handler))
        return AsyncTomoviee(KEY, SECRET, **{"base_url": BASE, "http": http, "clock": SkippingClock(), **options})

    created = staticmethod(created)
    task = staticmethod(task)
    finished = staticmethod(finished)


@pytest.fixture(scope="session")
def kit() -> Kit:
    """Return the kit."""
    return Kit()


@pytest.fixture(params=["2", ""], ids=["httpx2", "httpx"])
def _each_http_library(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Run a test with clients of httpx and of httpx2: the test's module and this one use either by the name httpx."""
    for module in (request.module, sys.modules[__name__]):
        for name in {"httpx", "httpcore"} & vars(module).keys():
            monkeypatch.setattr(module, name, pytest.importorskip(f"{name}{request.param}"))


@pytest.fixture(autouse=True)
def _no_credentials_around(monkeypatch: pytest.MonkeyPatch) -> None:
    """Hide the credentials, addresses and proxies of this machine."""
    monkeypatch.setenv("NO_PROXY", "*")
    for variable in (
        "TOMOVIEE_APP_KEY",
        "TOMOVIEE_APP_SECRET",
        "TOMOVIEE_BASE_URL",
        "GMI_CLOUD_EMAIL",
        "GMI_CLOUD_PASSWORD",
        "GMI_API_KEY",
        "GMI_CLOUD_BASE_URL",
        "MEDIAIO_API_KEY",
        "MEDIAIO_BASE_URL",
    ):
        monkeypatch.delenv(variable, raising=False)
