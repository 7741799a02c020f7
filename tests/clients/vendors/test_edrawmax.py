"""EdrawMax's client: the documented wire format, trusted hosts, and unique names of files."""

from __future__ import annotations

import json
import pickle
import time
from typing import TYPE_CHECKING, Any

import anyio
import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from soundstage import (
    AsyncDiagram,
    AsyncEdrawMax,
    Diagram,
    EdrawMax,
    InvalidArgument,
    RetryPolicy,
    RetryScheduled,
    SkippingClock,
    errors,
)
from soundstage.vendors.edrawmax import bodies, diagrams
from soundstage.vendors.edrawmax.hosts import TrustedHosts, find_hosts
from soundstage.vendors.edrawmax.profile import PROFILE, REFUSALS, RETRY_CODES

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

PNG_URL, SVG_URL = "https://a.aliyuncs.com/t.png?Signature=s", "https://a.aliyuncs.com/m.svg?Signature=s"
FILES = {PNG_URL: b"\x89PNG\r\n\x1a\nand so on", SVG_URL: b'<svg xmlns="http://www.w3.org/2000/svg"/>'}
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=8,
)


def drawn(**data: Any) -> bytes:
    """Return the response with a diagram."""
    data = {"png_url": PNG_URL, "svg_url": SVG_URL, "source_code": "code", **data}
    return json.dumps({"code": 0, "msg": "", "data": data}).encode()


def handler(*answers: bytes | int | type[httpx.TransportError]) -> Callable[[httpx.Request], httpx.Response]:
    """Return a service that sends the next of *answers* for each POST, repeating the last, and serves the files."""
    waiting = list(answers)

    def answer(request: httpx.Request) -> httpx.Response:
        if request.method == "GET":
            return httpx.Response(200, content=FILES[str(request.url)])
        one = waiting.pop(0) if len(waiting) > 1 else waiting[0]
        if isinstance(one, type):
            raise one("failure", request=request)
        return httpx.Response(one) if isinstance(one, int) else httpx.Response(200, content=one)

    return answer


def client(answer: Callable[[httpx.Request], httpx.Response], **options: Any) -> EdrawMax:
    """Return a client of the service *answer*."""
    options.setdefault("clock", SkippingClock())
    return EdrawMax(http=httpx.Client(transport=httpx.MockTransport(answer)), **options)


@pytest.mark.parametrize("kind", ["flowchart", "infographic", "gantt", "mindmap"])
def test_both_clients_draw_and_save(tmp_path: Path, kind: str) -> None:
    """Both clients send the same request, return the same diagram and save the same two files."""
    diagram = getattr(client(handler(drawn())), kind)("a fox", lang="en")
    assert isinstance(diagram, Diagram)
    assert [path.read_bytes() for path in diagram.save(tmp_path / "one")] == list(FILES.values())
    assert diagram.svg.save(tmp_path / "mine.svg").read_bytes() == FILES[SVG_URL]

    async def make() -> AsyncDiagram:
        transport = httpx.MockTransport(handler(drawn()))
        async with AsyncEdrawMax(http=httpx.AsyncClient(transport=transport), clock=SkippingClock()) as awaiting:
            other: AsyncDiagram = await getattr(awaiting, kind)("a fox", lang="en")
            assert [path.read_bytes() for path in await other.save(tmp_path / "two")] == list(FILES.values())
            assert (await other.png.save(tmp_path / "mine.png")).read_bytes() == FILES[PNG_URL]
            assert (await other.svg.save(tmp_path / "mine2.svg")).read_bytes() == FILES[SVG_URL]
            return other

    other = anyio.run(make)
    assert (other.kind, other.raw, other.source_code) == (diagram.kind, diagram.raw, diagram.source_code)


def test_diagram_repr_hides_urls() -> None:
    """The repr names the kind; a diagram has a live client and is not pickled."""
    diagram = client(handler(drawn())).gantt("a fox")
    assert repr(diagram) == "<Diagram gantt>"
    assert "Signature=s" not in repr(diagram.png)
    with pytest.raises(TypeError, match="raw response"):
        pickle.dumps(diagram)


@given(content=JSON | st.fixed_dictionaries({"code": st.just(0), "data": JSON}))
def test_any_json_response_is_diagram_or_api_error(content: Any) -> None:
    """Any JSON response is a diagram or an ApiError."""
    transport = httpx.MockTransport(lambda _: httpx.Response(200, content=json.dumps(content).encode()))
    with httpx.Client(transport=transport) as http, pytest.raises(errors.ApiError):
        EdrawMax(http=http, clock=SkippingClock()).gantt("a fox")


@pytest.mark.parametrize(
    ("status", "content", "kind"),
    [
        (200, b"<html>", errors.UnreadableAnswerError),
        (502, b"<html>", errors.ServerError),
        (404, b"", errors.NotFoundError),
        (429, b"slow down", errors.RateLimitError),
        (200, b'{"code": 9999, "msg": "new"}', errors.ApiError),
        (500, b'{"code": 9999, "msg": "new"}', errors.ServerError),
        (500, b'{"code": 2406, "msg": "no"}', errors.ContentPolicyError),
        (200, b'{"code": true}', errors.UnreadableAnswerError),
        (200, b'{"code": 400}', errors.BadRequestError),
    ],
)
def test_code_precedes_status(status: int, content: bytes, kind: type[errors.ApiError]) -> None:
    """A documented code decides whatever the status is; without one the status does; neither is retried."""
    sent: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        sent.append(request)
        return httpx.Response(status, content=content)

    with pytest.raises(errors.ApiError) as refused:
        client(answer).mindmap("a fox")
    assert type(refused.value) is kind
    assert len(sent) == 1


def test_unsent_request_follows_retry_policy() -> None:
    """A refused connection is retried as the policy allows, and its error has no support contact."""
    events: list[Any] = []
    diagram = client(handler(httpx.ConnectError, httpx.ConnectTimeout, drawn()), on_event=events.append).gantt("a")
    assert diagram.source_code == "code"
    assert len([event for event in events if isinstance(event, RetryScheduled)]) == 2
    with pytest.raises(errors.ConnectionFailed) as failed:
        client(handler(httpx.ConnectError), retry=RetryPolicy(attempts=2)).gantt("a")
    assert "support" not in str(failed.value)


def test_second_error_is_raised() -> None:
    """A final refusal of the retry is raised unchanged."""
    busy, blocked = b'{"code": 3001, "msg": "concurrency limit"}', b'{"code": 2406, "msg": "risk control rejection"}'
    with pytest.raises(errors.ContentPolicyError) as refused:
        client(handler(busy, blocked)).gantt("a")
    assert "support" not in str(refused.value)


def test_long_wait_is_not_retried() -> None:
    """A wait beyond the policy's bound raises the first refusal at once."""
    clock = SkippingClock()
    busy = b'{"code": 3001, "msg": "concurrency limit"}'
    with pytest.raises(errors.ConcurrencyLimitError):
        client(handler(busy, drawn()), clock=clock, retry=RetryPolicy(within=2.0)).gantt("a")
    assert clock.now() == 0


def test_error_with_support_hint_pickles() -> None:
    """The error with the support contact is the same after pickling."""
    with pytest.raises(errors.ServerError) as failed:
        client(handler(b'{"code": 212200, "msg": "no"}')).gantt("a")
    again = pickle.loads(pickle.dumps(failed.value))  # noqa: S301 - our own
    assert str(again) == str(failed.value)
    assert "ws-business@wondershare.cn" in str(again)


def test_job_methods_are_unsupported() -> None:
    """Polling, cancel, callbacks and lookups are unsupported."""
    without = client(handler(drawn()))
    job = without.job("x")
    for call in (job.refresh, job.cancel, lambda: without.job_from_callback("{}")):
        with pytest.raises(errors.UnsupportedError):
            call()


@pytest.mark.parametrize("user", ["", " ", "a b", "é", True, 1.5, b"x", "a\n"])
def test_user_must_fit_in_header(user: Any) -> None:
    """A user that a header cannot carry is refused with the name of the argument."""
    with pytest.raises(InvalidArgument) as refused:
        EdrawMax(user)
    assert refused.value.field == "user_id"


def test_invalid_user_names_its_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    """An invalid variable is named, and an empty one is ignored."""
    monkeypatch.setenv("EDRAWMAX_USER_ID", "a b")
    with pytest.raises(InvalidArgument, match="EDRAWMAX_USER_ID"):
        EdrawMax()
    monkeypatch.setenv("EDRAWMAX_USER_ID", "")
    assert bodies.user(None) == "0"


@pytest.mark.parametrize(
    ("named", "url", "trusted"),
    [
        ("files.example.com", "https://files.example.com/a", True),
        ("Files.Example.com", "https://files.example.com:8443/a", True),
        ("files.example.com", "http://files.example.com/a", False),
        ("files.example.com", "https://a.files.example.com/a", False),
        (".example.com", "https://a.b.example.com/a", True),
        (".example.com", "https://example.com/a", True),
        (".example.com", "https://notexample.com/a", False),
        ("http://127.0.0.1:8080", "http://127.0.0.1:8080/x?y", True),
        ("http://127.0.0.1:8080/edrawmax/api/ai", "http://127.0.0.1:8080/x", True),
        ("http://127.0.0.1:8080", "http://127.0.0.1:8081/x", False),
        ("http://127.0.0.1:8080", "https://127.0.0.1:8080/x", False),
        ("http://127.0.0.1", "http://127.0.0.1:80/x", True),
        ("http://[::1]:8080", "http://[::1]:8080/x", True),
        ("https://files.example.com", "http://files.example.com/x", False),
    ],
)
def test_trusted_host_rules(named: str, url: str, *, trusted: bool) -> None:
    """A name is trusted over https, with a leading dot also its subdomains; an address by scheme and port."""
    assert TrustedHosts([named]).trust(url) is trusted


@pytest.mark.parametrize("hosts", ["files.example.com", [""], ["a b"], [5], ["ftp://x"], ["*"], ["-a"], [None]])
def test_invalid_trusted_host_is_refused(hosts: Any) -> None:
    """An invalid host is refused, and so is a host that is not in a list."""
    with pytest.raises(InvalidArgument) as refused:
        EdrawMax(trusted_hosts=hosts)
    assert refused.value.field == "trusted_hosts"


def test_trusted_hosts_from_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Commas or blanks separate the hosts; an argument replaces them, also an empty one."""
    monkeypatch.setenv("EDRAWMAX_TRUSTED_HOSTS", "a.example, http://127.0.0.1:1")
    assert find_hosts(None).trust("https://a.example/x")
    assert find_hosts(None).trust("http://127.0.0.1:1/x")
    assert not find_hosts([]).trust("https://a.example/x")
    monkeypatch.setenv("EDRAWMAX_TRUSTED_HOSTS", "?")
    with pytest.raises(InvalidArgument, match="EDRAWMAX_TRUSTED_HOSTS"):
        EdrawMax()


def test_concurrent_saves_get_different_names(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The name of a diagram is reserved while its files are downloaded."""
    monkeypatch.setattr(time, "strftime", lambda _form: "diagram_1")
    first, second = diagrams._reserve(tmp_path), diagrams._reserve(tmp_path)
    assert (first, second) == ("diagram_1", "diagram_1_2")
    for stem in (first, second):
        diagrams._release(tmp_path, stem)
    assert list(tmp_path.iterdir()) == []
    assert diagrams._reserve(tmp_path) == "diagram_1"


def test_invalid_folder_raises_os_error(tmp_path: Path) -> None:
    """If a file is in the way of the folder, nothing is downloaded."""
    (tmp_path / "taken").write_bytes(b"")
    with pytest.raises(OSError, match="taken"):
        client(handler(drawn())).gantt("a").save(tmp_path / "taken")


def test_profile_tables_are_consistent() -> None:
    """Every retried code is documented, and every documented host is a suffix of whole names."""
    assert set(REFUSALS) >= RETRY_CODES
    assert all(host.startswith(".") for host in PROFILE.trusted_hosts or ())
