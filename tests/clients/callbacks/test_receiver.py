"""The receiver of callbacks: every job is reported once, in the state that the service itself reports."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from soundstage import (
    AsyncCloudsway,
    AsyncVeo,
    Callback,
    CallbackAddresses,
    CallbackReceiver,
    InvalidArgument,
    JobState,
    Tomoviee,
    UnsupportedError,
    WaitTimeout,
)

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from tests.clients.conftest import Kit

SECRET = "planted-callback-secret-0123456789"
MOUNTED = "https://app.example/callbacks/tomoviee"
URL = "https://cdn.example/right.mp4"


def body(job_id: str = "t-1", status: object = 3, url: str = URL) -> bytes:
    """Return a callback."""
    return json.dumps({"task_id": job_id, "status": status, "result": json.dumps({"video_path": [url]})}).encode()


class Scene:
    """A receiver with a vendor behind it; it keeps what was reported."""

    def __init__(self, kit: Kit, *polls: bytes | int, **options: Any) -> None:
        self.polls = list(polls)
        self.polled: list[str] = []
        self.reported: list[Callback] = []
        self.failures: list[Exception] = []
        client = kit.async_client(self.poll)
        self.receiver = CallbackReceiver(client, self.on_end, secret=SECRET, **options)
        self.job = client.job("t-1")
        self.address = self.receiver.addresses.url(MOUNTED, "order-7")

    def poll(self, request: httpx.Request) -> httpx.Response:
        """Return the next response of the vendor, the last one repeatedly."""
        self.polled.append(json.loads(request.content).get("task_id", ""))
        answer = self.polls.pop(0) if len(self.polls) > 1 else self.polls[0]
        return httpx.Response(answer) if isinstance(answer, int) else httpx.Response(200, content=answer)

    async def on_end(self, callback: Callback) -> None:
        """Keep the callback, or fail."""
        await asyncio.sleep(0)  # a duplicate may be received in between
        if self.failures:
            raise self.failures.pop()
        self.reported.append(callback)

    async def post(self, content: bytes, address: str | None = None, method: str = "POST") -> httpx.Response:
        """Send a callback."""
        transport = httpx.ASGITransport(self.receiver)
        async with httpx.AsyncClient(transport=transport) as sender:
            return await sender.request(method, address or self.address, content=content)

    def send(self, *contents: bytes) -> list[int]:
        """Send callbacks at the same time, and return the statuses."""

        async def script() -> list[int]:
            return [one.status_code for one in await asyncio.gather(*map(self.post, contents))]

        return asyncio.run(script())


def run(script: Callable[[], Awaitable[Any]]) -> Any:
    """Run a coroutine function."""

    async def main() -> Any:
        return await script()

    return asyncio.run(main())


@pytest.mark.parametrize("count", [1, 2, 5])
def test_duplicates_are_one_report(kit: Kit, count: int) -> None:
    """The same callback, at the same time and later, is acknowledged each time and reported once."""
    scene = Scene(kit, kit.finished(URL))
    assert scene.send(*[body()] * count) == [204] * count
    assert scene.send(body()) == [204]
    assert [(one.job.id, one.job.state, one.reference) for one in scene.reported] == [
        ("t-1", JobState.SUCCEEDED, "order-7")
    ]


def test_tampered_callback_changes_nothing(kit: Kit) -> None:
    """The state and the addresses are those of the poll, whatever the body claims."""
    scene = Scene(kit, kit.finished(URL))
    scene.send(body(url="https://evil.example/malware.mp4"))
    assert [output.url for output in scene.reported[0].job.outputs] == [URL]
    scene = Scene(kit, kit.task(4))
    scene.send(body())
    assert scene.reported[0].job.state is JobState.FAILED


def test_callback_that_names_another_job_is_refused(kit: Kit) -> None:
    """At the address of one job another one is not reported, nor is its own report lost by that."""
    scene = Scene(kit, kit.created("t-1"), kit.created("t-2"), kit.finished(URL))
    other = scene.receiver.addresses.url(MOUNTED, "order-8")

    async def script() -> list[int]:
        for address in (scene.address, other):
            client: Any = scene.receiver._client  # any client, of which the receiver needs no method that starts jobs
            await client.text_to_video("a kite", callback=address)
        tampered = await scene.post(body("t-2"))
        return [one.status_code for one in (tampered, await scene.post(body("t-2"), other), await scene.post(body()))]

    assert run(script) == [404, 204, 204]
    assert [(one.reference, one.job.id) for one in scene.reported] == [("order-8", "t-2"), ("order-7", "t-1")]


def test_job_of_another_process_is_reported_at_its_own_address_too(kit: Kit) -> None:
    """Where nothing proves which address is right, a wrong one does not take the place of the right one."""
    scene = Scene(kit, kit.finished(URL))
    other = scene.receiver.addresses.url(MOUNTED, "order-8")
    assert scene.send(body()) == [204]
    assert run(lambda: scene.post(body(), other)).status_code == 204
    assert [one.reference for one in scene.reported] == ["order-7", "order-8"]


def test_early_callback_is_asked_for_again(kit: Kit) -> None:
    """A callback before the service itself reports the end is refused for now, and its repetition is reported."""
    scene = Scene(kit, kit.task(2), kit.finished(URL))
    early = run(lambda: scene.post(body()))
    assert (early.status_code, early.headers["retry-after"], scene.reported) == (503, "10", [])
    assert scene.send(body()) == [204]
    assert len(scene.reported) == 1


def test_states_before_the_end_cost_no_poll(kit: Kit) -> None:
    """Callbacks about a job that is not over, also after its end, are acknowledged without a poll or a report."""
    scene = Scene(kit, kit.finished(URL))
    assert scene.send(body(status=1), body(status=2)) == [204, 204]
    assert scene.polled == []
    assert scene.send(body()) == scene.send(body(status=2)) == [204]
    assert len(scene.reported) == 1


def test_unknown_state_is_polled(kit: Kit) -> None:
    """A word that no document has may be an end: the poll decides."""
    scene = Scene(kit, kit.finished(URL))
    assert scene.send(body(status=77)) == [204]
    assert len(scene.reported) == 1


def test_failing_function_is_called_again(kit: Kit, caplog: pytest.LogCaptureFixture) -> None:
    """If the function raises, the service is asked to send the callback again, and nothing is lost."""
    scene = Scene(kit, kit.finished(URL))
    scene.failures.append(RuntimeError("the database is away"))
    assert scene.send(body(), body()) == [500, 204]
    assert len(scene.reported) == 1
    assert "the database is away" in caplog.text


@pytest.mark.parametrize(("polled", "status"), [(401, 503), (404, 404), (503, 503)])
def test_job_that_cannot_be_confirmed_is_not_reported(kit: Kit, polled: int, status: int) -> None:
    """Without a poll that shows the job there is no report."""
    scene = Scene(kit, polled)
    assert scene.send(body()) == [status]
    assert scene.reported == []


@given(content=st.binary() | st.text().map(str.encode) | st.just(b"[" * 100_000) | st.just(b'{"task_id": {}}'))
def test_anything_else_is_refused(kit: Kit, content: bytes) -> None:
    """A body that is not a callback of the service is 400, and costs no poll."""
    scene = Scene(kit, 500)
    assert scene.send(content) == [400]
    assert scene.polled == []


def test_large_body_is_refused(kit: Kit) -> None:
    """More than the greatest size is 413, whether the length is announced or not."""
    scene = Scene(kit, 500, max_body=100)

    async def pieces() -> Any:
        for _ in range(11):
            yield b"x" * 10

    async def script() -> list[int]:
        async with httpx.AsyncClient(transport=httpx.ASGITransport(scene.receiver)) as sender:
            return [(await sender.post(scene.address, content=one)).status_code for one in (b"x" * 101, pieces())]

    assert run(script) == [413, 413]


def test_other_methods_are_refused(kit: Kit) -> None:
    """Only a POST is a callback."""
    response = run(lambda: Scene(kit, 500).post(b"", method="GET"))
    assert (response.status_code, response.headers["allow"]) == (405, "POST")


def exchange(scene: Scene, *messages: dict[str, Any], kind: str = "http") -> list[Any]:
    """Return what the receiver sends for these messages, the last of which never comes."""
    sent: list[Any] = []
    left = list(messages)

    async def receive() -> dict[str, Any]:
        return left.pop(0) if left else await asyncio.Event().wait()  # type: ignore[return-value]

    async def send(message: Any) -> None:
        sent.append(message)

    path = "/" + scene.address.partition("//")[2].partition("/")[2]
    run(lambda: scene.receiver({"type": kind, "method": "POST", "path": path, "headers": []}, receive, send))
    return sent


def test_slow_and_broken_bodies_are_given_up(kit: Kit) -> None:
    """A body that does not arrive in time is 408; one whose sender has left gets no response."""
    scene = Scene(kit, 500, body_timeout=0.01)
    started = {"type": "http.request", "body": b"{", "more_body": True}
    assert exchange(scene, started)[0]["status"] == 408
    assert exchange(scene, started, {"type": "http.disconnect"}) == []


def test_receiver_alone_takes_part_in_the_lifespan(kit: Kit) -> None:
    """A server may run the receiver as its only application; a WebSocket is closed."""
    scene = Scene(kit, 500)
    sent = exchange(scene, {"type": "lifespan.startup"}, {"type": "lifespan.shutdown"}, kind="lifespan")
    assert [one["type"] for one in sent] == ["lifespan.startup.complete", "lifespan.shutdown.complete"]
    assert exchange(scene, kind="websocket") == [{"type": "websocket.close"}]


@pytest.mark.parametrize("change", ["", "x", "/", "/x/y", "?x=1"])
def test_only_signed_addresses_are_served(kit: Kit, change: str) -> None:
    """An address of another reference, another vendor or another secret is 404 and costs no poll."""
    scene = Scene(kit, 500)
    address = scene.address
    wrong = [
        address.replace("order-7", "order-8"),
        CallbackAddresses("cloudsway", SECRET).url(MOUNTED, "order-7"),
        CallbackAddresses("tomoviee", SECRET + "x").url(MOUNTED, "order-7"),
        MOUNTED + change,
        address.rpartition("/")[0] + "/" + change,
    ]
    for one in wrong:
        assert run(lambda one=one: scene.post(body(), one)).status_code == 404  # type: ignore[misc]
    assert scene.polled == []
    assert SECRET not in f"{address} {scene.receiver!r} {scene.receiver.addresses!r}"


@given(
    reference=st.from_regex(r"[A-Za-z0-9._~-]{1,128}", fullmatch=True), base=st.sampled_from(["", "/", "/a", "/a/b/"])
)
def test_reference_comes_back(reference: str, base: str) -> None:
    """Every reference is read from its own address, wherever the receiver is mounted."""
    addresses = CallbackAddresses("tomoviee", SECRET)
    if reference in {".", ".."}:
        with pytest.raises(InvalidArgument, match="reference"):
            addresses.url("https://app.example" + base, reference)
        return
    url = addresses.url("https://app.example" + base, reference)
    assert addresses.reference(httpx.URL(url).path) == reference
    assert addresses.reference(httpx.URL(url).path[:-1]) is None


@pytest.mark.parametrize("reference", ["", "a/b", "ä", "a b", "x" * 129, None, "a\n"])
def test_other_references_are_refused(reference: Any) -> None:
    """A reference that an address cannot contain is an invalid argument."""
    with pytest.raises(InvalidArgument, match="reference"):
        CallbackAddresses("tomoviee", SECRET).url(MOUNTED, reference)


def test_invalid_arguments_are_refused(kit: Kit) -> None:
    """A short secret is not shown, and a client without callbacks, or a sync one, is refused."""
    with pytest.raises(InvalidArgument, match="secret") as caught:
        CallbackAddresses("tomoviee", "short-secret")
    assert "short-secret" not in f"{caught.value} {caught.value.value}"
    with pytest.raises(UnsupportedError, match="documents no callback"):
        CallbackReceiver(AsyncVeo("key-0123456789"), Scene(kit, 500).on_end, secret=SECRET)
    with pytest.raises(InvalidArgument, match="client"):
        CallbackReceiver(Tomoviee(kit.key, kit.secret), Scene(kit, 500).on_end, secret=SECRET)  # type: ignore[arg-type]
    with pytest.raises(InvalidArgument, match="on_end"):
        CallbackReceiver(kit.async_client(lambda _: httpx.Response(500)), None, secret=SECRET)  # type: ignore[arg-type]


def test_memory_of_reported_jobs_is_limited(kit: Kit) -> None:
    """The oldest job is forgotten first, and would be reported again."""
    scene = Scene(kit, kit.finished(URL), remembered=2)
    for job_id in ("t-1", "t-2", "t-3", "t-3", "t-2", "t-1"):
        scene.send(body(job_id))
    assert [one.job.id for one in scene.reported] == ["t-1", "t-2", "t-3", "t-1"]


@pytest.mark.parametrize("order", ["callback first", "wait first"])
def test_wait_ends_with_the_callback(kit: Kit, order: str) -> None:
    """A wait polls once, when the callback has come, also if it came before the wait."""
    scene = Scene(kit, kit.finished(URL))

    async def script() -> None:
        if order == "callback first":
            await scene.post(body())
            await scene.receiver.wait(scene.job, every=3600)
        else:
            waits = [asyncio.create_task(scene.receiver.wait(scene.job, every=3600)) for _ in range(2)]
            await asyncio.sleep(0)
            await scene.post(body())
            await asyncio.gather(*waits)

    asyncio.run(script())
    assert scene.job.state is JobState.SUCCEEDED
    assert not scene.receiver._waiting


def test_wait_survives_a_lost_callback(kit: Kit) -> None:
    """Without a callback the wait polls now and then, and its timeout names the job."""
    scene = Scene(kit, kit.task(2), kit.task(2), kit.finished(URL))
    run(lambda: scene.receiver.wait(scene.job, every=0.001))
    assert (scene.job.state, len(scene.polled)) == (JobState.SUCCEEDED, 3)
    scene = Scene(kit, kit.task(2))
    with pytest.raises(WaitTimeout, match="t-1") as caught:
        run(lambda: scene.receiver.wait(scene.job, every=3600, timeout=0.01))
    assert caught.value.token == scene.job.to_token()


def test_every_vendor_with_callbacks_is_served(kit: Kit) -> None:
    """Cloudsway's callback does not name the kind of its job: the poll finds it."""
    reported: list[Callback] = []

    async def on_end(callback: Callback) -> None:
        reported.append(callback)

    task = {"task_id": "c-1", "task_status": "succeed", "task_result": {"videos": [{"id": "v", "url": URL}]}}

    def handler(request: httpx.Request) -> httpx.Response:
        if "image2video" not in request.url.path:
            return httpx.Response(404, json={"code": 1203, "message": "no", "request_id": "r"})
        return httpx.Response(200, json={"code": 0, "message": "", "request_id": "r", "data": task})

    http = httpx.AsyncClient(transport=httpx.MockTransport(handler))
    client = AsyncCloudsway("key-0123456789", "endpoint", base_url=kit.base, http=http)
    receiver = CallbackReceiver(client, on_end, secret=SECRET)

    async def script() -> int:
        async with httpx.AsyncClient(transport=httpx.ASGITransport(receiver)) as sender:
            address = receiver.addresses.url("https://app.example", "o")
            return (await sender.post(address, json=task)).status_code

    assert run(script) == 204
    assert [output.url for output in reported[0].job.outputs] == [URL]
