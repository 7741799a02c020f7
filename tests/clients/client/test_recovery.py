"""What recovers a paid job is in the log and on every error, whatever a framework drops."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from soundstage import (
    AsyncTomoviee,
    Cloudsway,
    GMICloud,
    InvalidArgument,
    JobState,
    NotFoundError,
    SkippingClock,
    SoundstageError,
    Tomoviee,
    gather,
)
from soundstage.errors import DownloadUnsafe, JobFailed, SubmitOutcomeUnknown

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.clients.conftest import Kit

pytestmark = pytest.mark.usefixtures("_each_http_library")

PROMPT: Any = {"resolution": "720p", "aspect_ratio": "16:9"}


def tomoviee(kit: Kit, handler: Callable[[httpx.Request], httpx.Response]) -> Tomoviee:
    """Return a client whose requests *handler* answers."""
    http = httpx.Client(transport=httpx.MockTransport(handler))
    return Tomoviee(kit.key, kit.secret, base_url=kit.base, http=http, clock=SkippingClock())


def test_task_group_does_not_lose_paid_jobs(kit: Kit, caplog: pytest.LogCaptureFixture) -> None:
    """When one refused prompt cancels the other waits, the log names their jobs."""

    def handler(request: httpx.Request) -> httpx.Response:
        if request.url.path.endswith("/task"):
            return httpx.Response(200, content=kit.task(2))
        prompt = json.loads(request.content)["prompt"]
        if prompt == "refused":
            return httpx.Response(422, json={"code": 680422, "msg": "no"})
        return httpx.Response(200, content=kit.created(f"PAID-{prompt}"))

    async def main() -> None:
        http = httpx.AsyncClient(transport=httpx.MockTransport(handler))
        client = AsyncTomoviee(kit.key, kit.secret, base_url=kit.base, http=http)
        jobs = [await client.text_to_video(prompt, **PROMPT) for prompt in ("one", "two")]
        waits = [asyncio.create_task(job.wait()) for job in jobs]
        await asyncio.sleep(0.05)  # the waits have polled once and pause
        with pytest.raises(SoundstageError):
            await client.text_to_video("refused", **PROMPT)
        for wait in waits:
            wait.cancel()
        await asyncio.gather(*waits, return_exceptions=True)

    asyncio.run(main())
    warnings = [record.getMessage() for record in caplog.records if record.levelname == "WARNING"]
    assert [name for name in ("PAID-one", "PAID-two") if any(name in text for text in warnings)] == [
        "PAID-one",
        "PAID-two",
    ]
    assert kit.secret not in caplog.text


def test_error_of_a_wait_has_the_token_as_a_note(kit: Kit, caplog: pytest.LogCaptureFixture) -> None:
    """An error that ends a wait shows the token in its traceback, and in the log."""
    job = tomoviee(kit, lambda _: httpx.Response(404, json={"code": 680404, "msg": "none"})).job("t-lost")
    with pytest.raises(NotFoundError) as caught:
        job.wait()
    assert job.to_token() in "".join(caught.value.__notes__)
    assert job.to_token() in caplog.text
    with pytest.raises(SoundstageError) as failed:
        gather([job])
    assert "t-lost" in "".join(failed.value.__notes__)


def test_output_that_appears_replaces_no_output(kit: Kit) -> None:
    """`refresh()` after a success without output accepts the output that has appeared."""
    answers = [kit.task(3, result=""), kit.finished("https://files.example/f.mp4")]
    job = tomoviee(kit, lambda _: httpx.Response(200, content=answers.pop(0))).job("t-1")
    assert job.refresh().error is not None
    assert job.refresh().state is JobState.SUCCEEDED
    assert [output.url for output in job.outputs] == ["https://files.example/f.mp4"]


def test_snapshot_shows_no_secret(kit: Kit) -> None:
    """The service's own words are masked wherever a handle shows them."""
    content = kit.task(4, reason=f"bad key {kit.secret}")
    job = tomoviee(kit, lambda _: httpx.Response(200, content=content)).job("t-1").refresh()
    assert isinstance(job.error, JobFailed)
    assert kit.secret not in f"{job.snapshot!r} {job.error!r} {job!r}"


def test_job_of_another_id_gives_no_output() -> None:
    """A response about another job does not end a wait, and its output is not taken."""
    data = {"task_id": "OTHER", "task_status": "succeed", "task_result": {"videos": [{"url": "https://a.example/o"}]}}
    body = {"code": 0, "message": "", "request_id": "r", "data": data}
    http = httpx.Client(transport=httpx.MockTransport(lambda _: httpx.Response(200, json=body)))
    job = Cloudsway("key-0123456789", "ep", http=http, clock=SkippingClock()).job("MINE", "text_to_video")
    with pytest.raises(SoundstageError, match="another job: OTHER"):
        job.wait(60)
    assert not job.outputs


@pytest.mark.parametrize("text", ["iVBORw0KGgo" + "A" * 1_000_000, "data:image/png;base64,AAAA" * 50_000, "A" * 9_999])
def test_base64_as_an_image_is_a_short_error(text: str) -> None:
    """Base64 text in place of an image is recognized, and the message stays short."""
    http = httpx.Client(transport=httpx.MockTransport(lambda _: httpx.Response(500)))
    with pytest.raises(InvalidArgument, match="this is base64") as caught:
        Cloudsway("key-0123456789", "ep", http=http).image_to_video(text)
    assert len(f"{caught.value} {caught.value!r}") < 2000


def test_long_message_is_cut() -> None:
    """A message that contains megabytes is cut, and states its length."""
    error = SoundstageError("x" * 5_000_000)
    assert len(str(error)) < 3000
    assert "5000000 characters" in str(error)


def test_tokens_of_a_refused_login_are_masked() -> None:
    """A login whose response has one token and lacks the other quotes neither."""
    answers = [{"authToken": "planted-token-1", "is2FARequired": False}, {"accessToken": "planted-token-2"}]
    headers = {"Content-Type": "application/json"}
    http = httpx.Client(
        transport=httpx.MockTransport(
            lambda _: httpx.Response(200, headers=headers, content=json.dumps(answers.pop(0)).encode())
        )
    )
    client = GMICloud("a@b.example", "password-0123", http=http, clock=SkippingClock())
    with pytest.raises(SoundstageError) as caught:
        client.job("r-1").refresh()
    assert "planted-token" not in f"{caught.value} {caught.value.body} {caught.value!r}"


def test_malformed_address_does_not_hide_the_end_of_a_job() -> None:
    """A job whose output has a malformed address has succeeded; only its download is refused."""
    outcome = {"media_urls": [{"id": "0", "url": "https://[object Object]/x.mp4"}]}
    body = {"request_id": "R1", "status": "success", "outcome": outcome}
    http = httpx.Client(transport=httpx.MockTransport(lambda _: httpx.Response(200, json=body)))
    job = GMICloud(api_key="key-0123456789", http=http, clock=SkippingClock()).job("R1").wait()
    assert job.state is JobState.SUCCEEDED
    with pytest.raises(DownloadUnsafe):
        job.outputs[0].save("never.mp4")
    with pytest.raises(DownloadUnsafe):
        job.save("never")
    assert repr(job.outputs)


def test_submission_and_lookup_check_the_name_of_the_job() -> None:
    """A response that names another external id is neither the started job nor the one that is looked up."""
    data = {"task_id": "OTHER", "task_status": "submitted", "task_info": {"external_task_id": "another"}}
    body = {"code": 0, "message": "", "request_id": "r", "data": data}
    http = httpx.Client(transport=httpx.MockTransport(lambda _: httpx.Response(200, json=body)))
    client = Cloudsway("key-0123456789", "ep", http=http, clock=SkippingClock())
    with pytest.raises(SubmitOutcomeUnknown, match="another job") as unknown:
        client.text_to_video("a kite", external_task_id="mine")
    with pytest.raises(SoundstageError, match="another job"):
        client.resolve(unknown.value)
