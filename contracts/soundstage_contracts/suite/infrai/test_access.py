"""The contracts of who may call Infrai: keys, anonymous trials, the credentials file, and how callers are refused."""

from __future__ import annotations

import json
import stat
from pathlib import Path
from typing import TYPE_CHECKING, Any

import anyio
import httpx
import pytest

from soundstage import AsyncInfrai, Infrai, InvalidArgument, JobState, MissingCredential, SkippingClock, errors
from soundstage_contracts import proves
from soundstage_contracts.simulators.control import account_name
from soundstage_contracts.vendors.infrai import CONTRACT, credentials, headers
from soundstage_contracts.vendors.infrai.raw_client import (
    ACTIVATE,
    GENERATE,
    STATUS,
    RawClient,
    assert_refused,
    data_of,
)

if TYPE_CHECKING:
    from soundstage_contracts.simulators.target import Target

MEMBERS = {"account_id", "project_id", "primary_api_key", "trial_credit_usd", "checkout_url"}
TRIAL = 5


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Keep keys in a folder of the test's own, with no key in the environment."""
    monkeypatch.delenv("INFRAI_API_KEY", raising=False)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    return tmp_path / "keys" / "credentials"


def activate(target: Target, file: Path, **options: Any) -> Any:
    """Open an account with *target*."""
    return Infrai.activate(credentials_file=file, base_url=target.client_url("infrai"), http=target.http(), **options)


@proves("infrai:auth.any_key", side="server")
@pytest.mark.parametrize("key", ["ifr_pk_proj_0123456789", "soundstage", "sk-anything"])
def test_any_key_will_do(target: Target, key: str) -> None:
    """A key is an account, whatever it looks like; the scheme's name is in any case."""
    name = f"{key}-{target.new_account()}"
    answer = target.http().post(
        target.base_url("infrai") + GENERATE, json={"prompt": "A fox"}, headers={"Authorization": f"bearer {name}"}
    )
    assert data_of(answer)


@proves("infrai:errors.envelope", "infrai:errors.retry_after", side="server")
def test_one_job_too_many_is_asked_to_wait_for_the_first(target: Target) -> None:
    """An account limited to one job at a time gets 429 and Retry-After, after which it may go on."""
    raw = RawClient(target, target.new_account("limited-"))
    raw.create()
    refused = raw.generate(prompt="A hare")
    assert_refused(refused, 429, "RATE_LIMITED", fact="errors.retry_after")
    wait = int(refused.headers["retry-after"])
    raw.advance(wait - 1.5)
    assert_refused(raw.generate(prompt="A hare"), 429, "RATE_LIMITED")
    raw.advance(2.5)
    raw.create(prompt="A hare")


@proves("infrai:errors.envelope", "infrai:errors.other_codes")
def test_too_many_requests_are_asked_to_wait(target: Target) -> None:
    """Beyond its requests a minute an account gets 429 and Retry-After, which the client keeps and then succeeds."""
    raw = RawClient(target)
    raw.create()
    limits = target.url + f"/_soundstage/limits/{raw.name}"
    assert target.http().put(limits, json={"per_minute": 1}).is_success
    raw.ask("GET", "/v1/video/capabilities")
    refused = raw.generate()
    assert_refused(refused, 429, "RATE_LIMITED", fact="errors.envelope")
    assert 0 < int(refused.headers["retry-after"]) <= 60
    clock = target.advancing_clock()
    assert target.client(CONTRACT, raw.account, clock=clock).generate("A hare").state is JobState.QUEUED


@proves("infrai:errors.other_codes")
def test_an_internal_error_is_outlived(target: Target) -> None:
    """500 INTERNAL is sent again with the same key, until there is one job."""
    raw = RawClient(target)
    target.control.order("refuse", code="INTERNAL", vendor="infrai", account=raw.name, times=2)
    assert_refused(raw.generate(), 500, "INTERNAL")
    job = target.client(CONTRACT, raw.account).generate("A fox")
    assert raw.jobs() == [job.id]


@proves("infrai:errors.other_codes", "infrai:cancel.final")
def test_a_job_of_nobody_or_of_somebody_else_is_unknown(target: Target) -> None:
    """An id that does not exist, or is another account's, is 404 on every route; the client says NotFoundError."""
    mine, yours = RawClient(target), RawClient(target)
    yours.create()
    for job in ("vid_nothing", mine.create()):
        for generation in STATUS:
            assert_refused(yours.ask("GET", STATUS[generation].format(job)), 404, "NOT_FOUND")
            assert_refused(yours.cancel(job, generation), 404, "NOT_FOUND")
        with pytest.raises(errors.NotFoundError):
            target.client(CONTRACT, yours.account).job(job).refresh()
        with pytest.raises(errors.NotFoundError):
            target.client(CONTRACT, yours.account).job(job).cancel()
    assert [mine.read(job)["state"] for job in mine.jobs()] == ["queued"]


@proves("infrai:route.unknown", side="server")
def test_what_is_no_route_is_refused(target: Target) -> None:
    """An unknown path is 404; another method than a route's is 405, with those that it takes."""
    raw = RawClient(target)
    assert_refused(raw.ask("GET", "/v1/video/nowhere"), 404, "NOT_FOUND", fact="route.unknown")
    for method, path, allowed in (("GET", GENERATE, "POST"), ("DELETE", STATUS["status"].format("vid_1"), "GET")):
        answer = raw.ask(method, path)
        assert (answer.status_code, answer.headers["allow"]) == (405, allowed)
        assert answer.json()["ok"] is False


@proves("infrai:status.route", "infrai:cancel.route", "infrai:job.shape", "infrai:envelope", side="server")
def test_either_generation_can_be_spoken_alone(target: Target) -> None:
    """The older generation has its routes, job_id and state, and no envelope; the newer one its own, and id, status."""
    raw = RawClient(target)
    raw.speak("jobs")
    told = raw.generate().json()
    job = told["job_id"]
    assert {name for name in told if name != "_metadata"} == {"job_id", "state"}
    assert raw.ask("GET", STATUS["jobs"].format(job)).json()["state"] == "queued"
    assert_refused(raw.ask("GET", STATUS["status"].format(job)), 404, "NOT_FOUND", fact="route.unknown")
    assert_refused(raw.cancel(job, "status"), 404, "NOT_FOUND", fact="route.unknown")
    assert raw.cancel(job, "jobs").json()["ok"] is True
    raw.speak("status")
    assert data_of(raw.ask("GET", STATUS["status"].format(job))) == {
        "id": job, "status": "cancelled", "error": "the job was cancelled",
    }  # fmt: skip
    assert_refused(raw.ask("GET", STATUS["jobs"].format(job)), 404, "NOT_FOUND", fact="route.unknown")
    assert_refused(raw.cancel(job, "jobs"), 404, "NOT_FOUND", fact="route.unknown")


@proves("infrai:auth.activate", "infrai:activate.trial", side="server")
def test_an_activation_opens_an_account_with_a_trial_credit(target: Target) -> None:
    """POST /v1/activate, without key or body, answers an account of its own, whose key can spend the trial credit."""
    answers = [data_of(target.http().post(target.base_url("infrai") + ACTIVATE)) for _ in range(3)]
    for data in answers:
        assert set(data) == MEMBERS
        assert data["primary_api_key"].startswith("ifr_pk_proj_")
        assert data["trial_credit_usd"] == TRIAL
        raw = RawClient(target, data["primary_api_key"])
        assert raw.money().available == raw.money().granted == TRIAL
        raw.finish(raw.create(vendor="veo", duration_seconds=60))
        assert raw.money().spent == pytest.approx(3)
        assert_refused(raw.generate(vendor="veo", duration_seconds=60), 402, "INSUFFICIENT_CREDIT")
    assert len({data["primary_api_key"] for data in answers}) == 3
    assert len({data["account_id"] for data in answers}) == 3


@proves("infrai:auth.activate", "infrai:credentials.file", "infrai:activate.trial", side="client")
def test_the_client_activates_and_keeps_the_key(target: Target, file: Path) -> None:
    """An activation is a typed account; its key is kept for its owner alone, and a client finds it."""
    account = activate(target, file)
    assert (account.trial_credit_usd, account.credentials_file) == (TRIAL, file)
    assert account.primary_api_key not in repr(account)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(file.parent.stat().st_mode) == 0o700
    assert [path.name for path in file.parent.iterdir()] == [file.name]
    kept = json.loads(file.read_text(encoding="utf-8"))
    assert set(kept) == MEMBERS | {"base_url"}
    client = Infrai(credentials_file=file, base_url=target.client_url("infrai"), http=target.http())
    job = client.generate("A fox")
    assert RawClient(target, account.primary_api_key).jobs() == [job.id]


@proves("infrai:auth.activate", "infrai:auth.bearer", side="client")
def test_the_awaiting_client_activates_where_the_documents_say(target: Target, file: Path) -> None:
    """By default a key is kept in ~/.infrai/credentials, and the awaiting client finds it there."""

    async def run() -> tuple[Any, Any]:
        async with target.async_http() as http:
            url = target.client_url("infrai")
            account = await AsyncInfrai.activate(base_url=url, http=http)
            return account, await AsyncInfrai(base_url=url, http=http).generate("A fox")

    account, job = anyio.run(run)
    assert account.credentials_file == Path.home() / ".infrai" / "credentials" != file
    assert RawClient(target, account.primary_api_key).jobs() == [job.id]


@proves("infrai:credentials.order", "infrai:auth.bearer", side="client")
def test_a_key_is_the_argument_then_the_environment_then_the_file(
    target: Target, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The argument comes before INFRAI_API_KEY, which comes before the file; without any, the message names all."""
    sent: list[httpx.Request] = []
    http = target.http(event_hooks={"request": [sent.append]})

    def key_of(**options: Any) -> str:
        Infrai(credentials_file=file, base_url=target.client_url("infrai"), http=http, **options).generate("A fox")
        return sent[-1].headers["Authorization"].removeprefix("Bearer ")

    with pytest.raises(MissingCredential, match=r"api_key=.*INFRAI_API_KEY.*credentials"):
        key_of()
    stored = activate(target, file).primary_api_key
    assert key_of() == stored
    inherited, given = target.new_account(), target.new_account()
    monkeypatch.setenv("INFRAI_API_KEY", inherited)
    assert key_of() == inherited
    assert key_of(**credentials(given)) == given


@proves("infrai:credentials.file", side="client")
def test_a_key_goes_to_the_service_that_it_is_for(target: Target, file: Path) -> None:
    """A key that was kept for one address is not found by a client of another."""
    activate(target, file)
    with pytest.raises(MissingCredential):
        Infrai(credentials_file=file, base_url="https://api.elsewhere.test")


@proves("infrai:credentials.file", side="client")
@pytest.mark.parametrize(
    "content",
    [
        "key-0123",
        "key-0123\n",
        "# the trial's\nINFRAI_API_KEY=key-0123\n",
        "[default]\nprimary_api_key = 'key-0123'",
        'export INFRAI_API_KEY="key-0123"',
        '{"primary_api_key": "key-0123"}',
        '{"api_key": "key-0123", "more": 1}',
    ],
)
def test_a_file_of_another_form_is_read_too(file: Path, content: str) -> None:
    """One bare key, a line that names it, or any JSON object with it will do."""
    sent: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        sent.append(request)
        return httpx.Response(200, json={"job_id": "vid_1"})

    file.parent.mkdir()
    file.write_text(content, encoding="utf-8")
    http = httpx.Client(transport=httpx.MockTransport(answer))
    Infrai(credentials_file=file, base_url="https://api.test", http=http).generate("A fox")
    assert sent[0].headers["Authorization"] == "Bearer key-0123"


@proves("infrai:credentials.file", side="client")
def test_a_key_that_is_there_is_not_lost_unasked(target: Target, file: Path) -> None:
    """A file that is there is left as it is, and nothing is sent; replace=True replaces it whole."""
    first = activate(target, file).primary_api_key
    before = file.read_bytes()
    accounts = len(target.control.accounts())
    with pytest.raises(InvalidArgument, match="replace=True"):
        activate(target, file)
    assert file.read_bytes() == before
    assert len(target.control.accounts()) == accounts
    second = activate(target, file, replace=True).primary_api_key
    assert second != first
    assert json.loads(file.read_text(encoding="utf-8"))["primary_api_key"] == second
    assert [path.name for path in file.parent.iterdir()] == [file.name]


@proves("infrai:activate.trial", "infrai:credentials.file", side="client")
@pytest.mark.parametrize(
    ("kind", "error"),
    [
        ("reset_after", errors.SubmitOutcomeUnknown),
        ("truncate", errors.SubmitOutcomeUnknown),
        ("malformed", errors.ApiError),
        ("status", errors.ServerError),
    ],
)
def test_an_activation_that_may_have_arrived_is_not_sent_again(
    file: Path, target: Target, kind: str, error: type[Exception]
) -> None:
    """One request, no file left behind, and no error that shows a key."""
    sent: list[httpx.Request] = []
    http = target.http(event_hooks={"request": [sent.append]})
    more = {"status": 503} if kind == "status" else {}
    target.control.fault(kind, vendor="infrai", path=ACTIVATE, times=1, **more)
    with pytest.raises(error) as told:
        Infrai.activate(credentials_file=file, base_url=target.client_url("infrai"), http=http, clock=SkippingClock())
    assert len(sent) == 1
    assert "ifr_" not in f"{told.value} {getattr(told.value, 'body', '')}"
    assert list(file.parent.iterdir()) == []


@proves("infrai:auth.activate", side="server")
def test_the_journal_shows_no_key_of_an_activation(target: Target) -> None:
    """The answer of an activation is in the new account's journal, without its key."""
    key = data_of(target.http().post(target.base_url("infrai") + ACTIVATE))["primary_api_key"]
    (entry,) = target.control.requests(account_name("infrai", key))
    assert entry["path"] == ACTIVATE
    assert key not in str(entry)
    assert headers(key)["Authorization"] == f"Bearer {key}"
