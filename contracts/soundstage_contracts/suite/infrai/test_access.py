"""Contracts about access to Infrai: API keys, anonymous trials, the credentials file, refused callers."""

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
def credentials_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a path for the credentials file in the test's own folder, with no key in the environment."""
    monkeypatch.delenv("INFRAI_API_KEY", raising=False)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    return tmp_path / "keys" / "credentials"


def activate(target: Target, credentials_file: Path, **options: Any) -> Any:
    """Activate an anonymous account at *target*."""
    return Infrai.activate(
        credentials_file=credentials_file, base_url=target.client_url("infrai"), http=target.http(), **options
    )


@proves("infrai:auth.any_key", side="server")
@pytest.mark.parametrize("key", ["ifr_pk_proj_0123456789", "soundstage", "sk-anything"])
def test_any_key_is_accepted(target: Target, key: str) -> None:
    """Any key is an account, and the scheme's name may be written in upper or lower case."""
    name = f"{key}-{target.new_account()}"
    response = target.http().post(
        target.base_url("infrai") + GENERATE, json={"prompt": "A fox"}, headers={"Authorization": f"bearer {name}"}
    )
    assert data_of(response)


@proves("infrai:errors.envelope", "infrai:errors.retry_after", side="server")
def test_too_many_jobs_are_refused_with_retry_after(target: Target) -> None:
    """An account at its job limit gets 429, and can start the next job when Retry-After has passed."""
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
def test_rate_limit_is_waited_out(target: Target) -> None:
    """Above its requests per minute an account gets 429 with Retry-After, for which the client waits."""
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
def test_internal_error_is_retried_with_the_same_key(target: Target) -> None:
    """After 500 INTERNAL the client sends the same key again until one job exists."""
    raw = RawClient(target)
    target.control.order("refuse", code="INTERNAL", vendor="infrai", account=raw.name, times=2)
    assert_refused(raw.generate(), 500, "INTERNAL")
    job = target.client(CONTRACT, raw.account).generate("A fox")
    assert raw.jobs() == [job.id]


@proves("infrai:errors.other_codes", "infrai:cancel.final")
def test_unknown_job_is_not_found_on_every_route(target: Target) -> None:
    """An unknown id, or another account's, is 404 on both generations' poll and cancel routes."""
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
def test_unknown_route_is_refused(target: Target) -> None:
    """An unknown path is 404; a wrong method is 405 with the allowed methods."""
    raw = RawClient(target)
    assert_refused(raw.ask("GET", "/v1/video/nowhere"), 404, "NOT_FOUND", fact="route.unknown")
    for method, path, allowed in (("GET", GENERATE, "POST"), ("DELETE", STATUS["status"].format("vid_1"), "GET")):
        response = raw.ask(method, path)
        assert (response.status_code, response.headers["allow"]) == (405, allowed)
        assert response.json()["ok"] is False


@proves("infrai:status.route", "infrai:cancel.route", "infrai:job.shape", "infrai:envelope", side="server")
def test_dialect_limits_the_service_to_one_generation(target: Target) -> None:
    """In the older dialect only the older routes, names and bare bodies exist; in the newer one only the newer."""
    raw = RawClient(target)
    raw.speak("jobs")
    payload = raw.generate().json()
    job = payload["job_id"]
    assert {name for name in payload if name != "_metadata"} == {"job_id", "state"}
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
def test_activation_creates_an_account_with_trial_credit(target: Target) -> None:
    """POST /v1/activate without key or body returns a new account, whose key can spend the trial credit."""
    responses = [data_of(target.http().post(target.base_url("infrai") + ACTIVATE)) for _ in range(3)]
    for data in responses:
        assert set(data) == MEMBERS
        assert data["primary_api_key"].startswith("ifr_pk_proj_")
        assert data["trial_credit_usd"] == TRIAL
        raw = RawClient(target, data["primary_api_key"])
        assert raw.money().available == raw.money().granted == TRIAL
        raw.finish(raw.create(vendor="veo", duration_seconds=60))
        assert raw.money().spent == pytest.approx(3)
        assert_refused(raw.generate(vendor="veo", duration_seconds=60), 402, "INSUFFICIENT_CREDIT")
    assert len({data["primary_api_key"] for data in responses}) == 3
    assert len({data["account_id"] for data in responses}) == 3


@proves("infrai:auth.activate", "infrai:credentials.file", "infrai:activate.trial", side="client")
def test_client_activates_and_stores_the_key(target: Target, credentials_file: Path) -> None:
    """Activation returns a typed account and stores its key readable by the owner alone, where a client finds it."""
    account = activate(target, credentials_file)
    assert (account.trial_credit_usd, account.credentials_file) == (TRIAL, credentials_file)
    assert account.primary_api_key not in repr(account)
    assert all((account.account_id, account.project_id, account.checkout_url))
    assert len({account.account_id, account.project_id, account.checkout_url}) == 3
    assert stat.S_IMODE(credentials_file.stat().st_mode) == 0o600
    assert stat.S_IMODE(credentials_file.parent.stat().st_mode) == 0o700
    assert [path.name for path in credentials_file.parent.iterdir()] == [credentials_file.name]
    kept = json.loads(credentials_file.read_text(encoding="utf-8"))
    assert set(kept) == MEMBERS | {"base_url"}
    client = Infrai(credentials_file=credentials_file, base_url=target.client_url("infrai"), http=target.http())
    job = client.generate("A fox")
    assert RawClient(target, account.primary_api_key).jobs() == [job.id]


@proves("infrai:auth.activate", "infrai:auth.bearer", side="client")
def test_async_client_stores_the_key_at_the_documented_path(target: Target, credentials_file: Path) -> None:
    """By default the key is stored in ~/.infrai/credentials, where the async client finds it."""

    async def run() -> tuple[Any, Any]:
        async with target.async_http() as http:
            url = target.client_url("infrai")
            account = await AsyncInfrai.activate(base_url=url, http=http)
            with pytest.raises(InvalidArgument, match="replace=True"):
                await AsyncInfrai.activate(base_url=url, http=http)
            account = await AsyncInfrai.activate(base_url=url, http=http, replace=True)
            return account, await AsyncInfrai(base_url=url, http=http).generate("A fox")

    account, job = anyio.run(run)
    assert account.credentials_file == Path.home() / ".infrai" / "credentials" != credentials_file
    assert RawClient(target, account.primary_api_key).jobs() == [job.id]


@proves("infrai:credentials.order", "infrai:auth.bearer", side="client")
def test_key_sources_are_tried_in_order(
    target: Target, credentials_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The argument comes before INFRAI_API_KEY, and that before the file; a missing key names all three."""
    sent: list[httpx.Request] = []
    http = target.http(event_hooks={"request": [sent.append]})

    def key_of(**options: Any) -> str:
        Infrai(credentials_file=credentials_file, base_url=target.client_url("infrai"), http=http, **options).generate(
            "A fox"
        )
        return sent[-1].headers["Authorization"].removeprefix("Bearer ")

    with pytest.raises(MissingCredential, match=r"api_key=.*INFRAI_API_KEY.*credentials"):
        key_of()
    stored = activate(target, credentials_file).primary_api_key
    assert key_of() == stored
    inherited, given = target.new_account(), target.new_account()
    monkeypatch.setenv("INFRAI_API_KEY", inherited)
    assert key_of() == inherited
    assert key_of(**credentials(given)) == given


@proves("infrai:credentials.file", side="client")
def test_stored_key_is_used_for_its_own_address_only(target: Target, credentials_file: Path) -> None:
    """A key that was stored for one base address is not used for another."""
    activate(target, credentials_file)
    with pytest.raises(MissingCredential):
        Infrai(credentials_file=credentials_file, base_url="https://api.elsewhere.test")


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
def test_credentials_file_is_read_in_other_formats(credentials_file: Path, content: str) -> None:
    """A bare key, a line that names it, and any JSON object with it are read."""
    sent: list[httpx.Request] = []

    def response(request: httpx.Request) -> httpx.Response:
        sent.append(request)
        return httpx.Response(200, json={"job_id": "vid_1"})

    credentials_file.parent.mkdir()
    credentials_file.write_text(content, encoding="utf-8")
    http = httpx.Client(transport=httpx.MockTransport(response))
    Infrai(credentials_file=credentials_file, base_url="https://api.test", http=http).generate("A fox")
    assert sent[0].headers["Authorization"] == "Bearer key-0123"


@proves("infrai:credentials.file", side="client")
@pytest.mark.parametrize(
    "content", ['{"primary_api_key": 5}', '{"primary_api_key": ""}', "{}", '{"primary_api_key": ["a"]}']
)
def test_credentials_file_without_a_key_is_none(credentials_file: Path, content: str) -> None:
    """A file in which no key is a text gives no key: it is a MissingCredential."""
    credentials_file.parent.mkdir()
    credentials_file.write_text(content, encoding="utf-8")
    with pytest.raises(MissingCredential) as raised:
        Infrai(credentials_file=credentials_file, base_url="https://api.test")
    assert (raised.value.argument, raised.value.variable) == ("api_key", "INFRAI_API_KEY")


@proves("infrai:credentials.file", side="client")
@pytest.mark.parametrize("content", ["two words", "<html>\n</html>", '{"primary_api_key": ', "\udcff"])
def test_other_file_is_refused_as_credentials_file(credentials_file: Path, content: str) -> None:
    """A file that is neither JSON nor a key is refused with its path."""
    credentials_file.parent.mkdir()
    credentials_file.write_text(content, encoding="utf-8", errors="surrogateescape")
    with pytest.raises(InvalidArgument) as refused:
        Infrai(credentials_file=credentials_file, base_url="https://api.test")
    assert refused.value.field == "credentials_file"
    assert str(credentials_file) in str(refused.value)
    assert content not in str(refused.value)


@proves("infrai:credentials.file", side="client")
def test_stored_key_is_replaced_only_on_request(target: Target, credentials_file: Path) -> None:
    """An existing file is kept and nothing is sent, unless replace=True replaces the whole file."""
    first = activate(target, credentials_file).primary_api_key
    before = credentials_file.read_bytes()
    accounts = len(target.control.accounts())
    with pytest.raises(InvalidArgument, match="replace=True") as refused:
        activate(target, credentials_file)
    assert str(credentials_file) in str(refused.value)
    assert credentials_file.read_bytes() == before
    assert len(target.control.accounts()) == accounts
    second = activate(target, credentials_file, replace=True).primary_api_key
    assert second != first
    assert json.loads(credentials_file.read_text(encoding="utf-8"))["primary_api_key"] == second
    assert [path.name for path in credentials_file.parent.iterdir()] == [credentials_file.name]


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
def test_activation_is_never_repeated(
    credentials_file: Path, target: Target, kind: str, error: type[Exception]
) -> None:
    """After a lost response nothing is sent again, no file is left behind, and no error shows a key."""
    sent: list[httpx.Request] = []
    http = target.http(event_hooks={"request": [sent.append]})
    more = {"status": 503} if kind == "status" else {}
    target.control.fault(kind, vendor="infrai", path=ACTIVATE, times=1, **more)
    with pytest.raises(error) as payload:
        Infrai.activate(
            credentials_file=credentials_file, base_url=target.client_url("infrai"), http=http, clock=SkippingClock()
        )
    assert len(sent) == 1
    assert "ifr_" not in f"{payload.value} {getattr(payload.value, 'body', '')}"
    assert list(credentials_file.parent.iterdir()) == []


@proves("infrai:auth.activate", "infrai:credentials.file", side="client")
def test_activation_without_a_connection_opens_no_account(credentials_file: Path) -> None:
    """A service that cannot be reached is an error of its own: no account was opened, and no file is left behind."""

    def refuse(request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("connection refused", request=request)

    with httpx.Client(transport=httpx.MockTransport(refuse)) as http, pytest.raises(errors.ConnectionFailed) as failed:
        Infrai.activate(
            credentials_file=credentials_file, base_url="http://127.0.0.1:9", http=http, clock=SkippingClock()
        )
    assert not isinstance(failed.value, errors.SubmitOutcomeUnknown)
    assert "http://127.0.0.1:9" in str(failed.value)
    assert list(credentials_file.parent.iterdir()) == []


@proves("infrai:auth.activate", side="server")
def test_journal_redacts_the_activated_key(target: Target) -> None:
    """The new account's journal contains the activation without its key."""
    key = data_of(target.http().post(target.base_url("infrai") + ACTIVATE))["primary_api_key"]
    (entry,) = target.control.requests(account_name("infrai", key))
    assert entry["path"] == ACTIVATE
    assert key not in str(entry)
    assert headers(key)["Authorization"] == f"Bearer {key}"
