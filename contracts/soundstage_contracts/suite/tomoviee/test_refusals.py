"""The contracts of how Tomoviee's gateway refuses, how its tasks fail, and what the client calls that."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from soundstage import JobState, errors
from soundstage_contracts import proves
from soundstage_contracts.simulators.control import account_name
from soundstage_contracts.vendors.tomoviee import CONTRACT, CREATE, RESULT
from soundstage_contracts.vendors.tomoviee.raw_client import RawClient, assert_refused

if TYPE_CHECKING:
    from soundstage_contracts.simulators.target import Target

FILM = CREATE + "tm_text2video_b"


@pytest.fixture
def raw(target: Target) -> RawClient:
    """Speak as a new account."""
    return RawClient(target)


@proves("tomoviee:create.answer", "tomoviee:errors.envelope", side="client")
@pytest.mark.parametrize(
    ("code", "kind"),
    [
        ("680400", errors.BadRequestError),
        ("680401", errors.AuthenticationError),
        ("680402", errors.InsufficientCreditsError),
        ("680404", errors.NotFoundError),
        ("680413", errors.BadRequestError),
        ("680422", errors.BadRequestError),
        ("680429", errors.ConcurrencyLimitError),
        ("680500", errors.ServerError),
    ],
)
@pytest.mark.parametrize("reading", ["envelope", "http"])
def test_the_client_calls_every_refusal_by_its_name(
    target: Target, code: str, kind: type[errors.ApiError], reading: str
) -> None:
    """A refused create is an answer in both documented readings: a typed error, one POST, nothing charged."""
    account = target.new_account()
    name = account_name("tomoviee", account)
    client = target.client(CONTRACT, account)
    with pytest.raises(errors.NotFoundError):
        client.job("nothing").refresh()
    target.control.dialects(name, tomoviee__errors=reading)
    target.control.order("refuse", code=code, vendor="tomoviee", account=name, times=1)
    with pytest.raises(errors.ApiError) as refused:
        client.text_to_video("A fox")
    assert type(refused.value) is kind
    assert refused.value.code == int(code)
    creates = [entry for entry in target.control.requests(name) if entry["path"].endswith(FILM)]
    assert len(creates) == 1
    assert target.control.tasks(name) == []
    assert target.control.money("tomoviee", name).entries == ()


@proves("tomoviee:errors.envelope", "tomoviee:errors.http", "tomoviee:errors.codes", side="server")
@pytest.mark.parametrize(
    ("code", "status"),
    [(680400, 400), (680413, 413), (680422, 422), (680402, 402), (680404, 404), (680429, 429), (680500, 500)],
)
def test_a_refusal_has_the_http_status_of_the_reading(raw: RawClient, code: int, status: int) -> None:
    """Refusals come with HTTP 200 by default, and with the documented HTTP status in the other reading."""
    raw.create()
    control = raw.target.control
    for reading, expected in (("envelope", 200), ("http", status)):
        control.dialects(raw.name, tomoviee__errors=reading)
        control.order("refuse", code=str(code), vendor="tomoviee", account=raw.name, times=1)
        assert_refused(raw.post(FILM, {"prompt": "A fox"}), code, status=expected)


@proves("tomoviee:credits")
def test_who_cannot_pay_is_refused(target: Target) -> None:
    """An account without credits is refused with 680402, which the client calls by its name; nothing is made."""
    raw = RawClient(target, target.new_account("broke-"))
    assert_refused(raw.post(FILM, {"prompt": "A fox"}), 680402, fact="credits")
    with pytest.raises(errors.InsufficientCreditsError):
        target.client(CONTRACT, raw.account).text_to_video("A fox")
    assert target.control.tasks(raw.name) == []


@proves("tomoviee:errors.codes")
def test_one_too_many_at_once_is_refused_until_the_first_is_over(target: Target) -> None:
    """An account limited to one task at a time gets 680429, and may go on once the first is over."""
    raw = RawClient(target, target.new_account("limited-"))
    task = raw.create()
    assert_refused(raw.post(FILM, {"prompt": "A fox"}), 680429)
    with pytest.raises(errors.ConcurrencyLimitError):
        target.client(CONTRACT, raw.account).text_to_video("A fox")
    raw.finish(task)
    raw.create()


@proves("tomoviee:poll.unknown_task")
def test_a_task_of_nobody_or_of_somebody_else_is_unknown(target: Target) -> None:
    """An id that does not exist, or is another account's, is refused without data; the client says NotFoundError."""
    mine, yours = RawClient(target), RawClient(target)
    yours.create()
    for task in ("nothing", mine.create()):
        assert_refused(yours.post(RESULT, {"task_id": task}), 680404, fact="poll.unknown_task")
        with pytest.raises(errors.NotFoundError):
            target.client(CONTRACT, yours.account).job(task).refresh()


@proves("tomoviee:errors.codes", side="server")
def test_a_capability_that_does_not_exist_is_refused(raw: RawClient) -> None:
    """An unknown capability is refused with 680404."""
    assert_refused(raw.post(CREATE + "tm_text2hologram", {"prompt": "A fox"}), 680404)


@proves("tomoviee:status.cancel", side="client")
def test_the_client_says_that_there_is_no_cancel(target: Target) -> None:
    """Cancelling is refused by the client, since the gateway documents no such call; the job goes on."""
    job = target.client(CONTRACT, target.new_account()).text_to_video("A fox")
    with pytest.raises(errors.UnsupportedError):
        job.cancel()
    assert job.refresh().state is JobState.QUEUED


@proves("tomoviee:status.cancel", "tomoviee:status.codes")
def test_a_job_cancelled_at_the_vendor_is_canceled(target: Target) -> None:
    """Status 5 is reached from the vendor's side, and the client's job is then canceled, with the reason."""
    job = target.client(CONTRACT, target.new_account(), clock=target.advancing_clock()).text_to_video(
        "A fox soundstage:cancel"
    )
    assert job.wait().state is JobState.CANCELED
    with pytest.raises(errors.JobCanceled, match="cancelled"):
        job.result()


@proves("tomoviee:block")
def test_blocked_content_fails_and_names_the_policy(target: Target) -> None:
    """Blocked content fails with a reason that names the content policy."""
    raw = RawClient(target)
    task = raw.create(prompt="A fox soundstage:block")
    assert "content policy" in raw.finish(task)["reason"]


def test_blocked_content_is_a_content_failure_to_the_client(target: Target) -> None:
    """What fails by the content policy is ContentFiltered, not just any failure."""
    client = target.client(CONTRACT, target.new_account(), clock=target.advancing_clock())
    with pytest.raises(errors.ContentFiltered):
        client.text_to_video("A fox soundstage:block").result()
