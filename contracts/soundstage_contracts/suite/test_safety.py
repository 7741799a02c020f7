"""What every client promises about money, jobs, files and secrets, tested with scripted transcripts."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any, Final

import anyio
import httpx
import pytest

from soundstage import JobState, errors
from soundstage_contracts.declarations.vendor import contract_of
from soundstage_contracts.facts.loader import load_facts
from soundstage_contracts.registry import complete_vendors
from soundstage_contracts.simulators.control import account_name
from soundstage_contracts.transcripts.scripted_service import ACCOUNT, ScriptedResponse, ScriptedService

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from soundstage_contracts.declarations.vendor import VendorContract
    from soundstage_contracts.simulators.target import Target

JOBS: Final = tuple(vendor for vendor in complete_vendors() if contract_of(vendor).ends)
"""The vendors whose calls start jobs."""

REPLAYING: Final = tuple(vendor for vendor in JOBS if contract_of(vendor).replays)
"""Those of them that answer a repeated submission with the same job, so that no outcome stays unknown."""

FILES: Final = {
    "video": b"\0\0\0\x18ftypmp42" + bytes(1024),
    "image": b"\x89PNG\r\n\x1a\n" + bytes(1024),
    "mask": b"\x89PNG\r\n\x1a\n" + bytes(1024),
    "audio": b"ID3" + bytes(1024),
}
PAGE: Final = b"<!doctype html><html><body>Please log in</body></html>"
LOST: Final[dict[str, Callable[[], ScriptedResponse]]] = {
    "read error": lambda: httpx.ReadError("connection reset"),
    "closed": lambda: httpx.RemoteProtocolError("server disconnected without sending a response"),
    "too slow": lambda: httpx.ReadTimeout("timed out"),
    "write error": lambda: httpx.WriteError("broken pipe"),
    "bad gateway": lambda: httpx.Response(502, text="<html>Bad Gateway</html>"),
    "no JSON": lambda: httpx.Response(200, text="OK"),
    "empty JSON": lambda: httpx.Response(200, json={}),
}
"""What may happen to a request that was sent, after which it is unknown whether a job was started."""

ELSEWHERE: Final = "https://files.elsewhere.test/result"


@pytest.fixture(params=JOBS)
def script(request: pytest.FixtureRequest) -> ScriptedService:
    """Return each job vendor's documented exchanges as a scripted service."""
    return ScriptedService(contract_of(request.param))


@pytest.fixture(params=[vendor for vendor in JOBS if vendor not in REPLAYING])
def careful(request: pytest.FixtureRequest) -> ScriptedService:
    """Return each vendor whose client never repeats a submission that may have arrived."""
    return ScriptedService(contract_of(request.param))


@pytest.fixture(params=REPLAYING)
def replayed(request: pytest.FixtureRequest) -> ScriptedService:
    """Return each vendor that answers a known key with the job that it started."""
    return ScriptedService(contract_of(request.param))


def secrets_of(contract: VendorContract, account: str = ACCOUNT) -> list[str]:
    """Return the header values that only the service may receive."""
    headers = contract.headers(account)
    return [value.rpartition(" ")[2] for name, value in headers.items() if name.lower() != "content-type"]


def hosted_at_the_service(script: ScriptedService) -> tuple[ScriptedService, str]:
    """Return the same exchanges with the result at the service's own address, where credentials might be sent."""
    (first, *_) = script.start(script.client()).result()
    if first.url.startswith(script.base_url):
        return ScriptedService(script.contract, script.transcript), first.url
    home = f"{script.base_url}/result"
    return ScriptedService(script.contract, script.transcript, lambda text: text.replace(first.url, home)), home


@pytest.mark.parametrize("vendor", JOBS)
def test_missing_credential_is_named(vendor: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A client without its credentials names the argument and the documented variable, before anything is sent."""
    environment = load_facts(vendor).vendors[vendor].environment
    for variable in environment:
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    contract = contract_of(vendor)
    credentials = contract.credentials(ACCOUNT)
    for missing in credentials:
        with pytest.raises(errors.MissingCredential) as raised:
            contract.client(**{name: value for name, value in credentials.items() if name != missing})
        error = raised.value
        # A vendor with two logins may name the other one's argument first; the text has both.
        assert error.vendor == vendor
        assert error.variable in environment
        for named in (missing, error.argument, error.variable):
            assert named in error.message


@pytest.mark.parametrize("vendor", JOBS)
def test_address_is_taken_from_the_documented_variable(vendor: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A client without base_url= sends its requests to the address in the environment."""
    environment = load_facts(vendor).vendors[vendor].environment
    variable = next(name for name, value in environment.items() if value.startswith("{base}"))
    monkeypatch.setenv(variable, "http://127.0.0.1:9/proxy")
    script = ScriptedService(contract_of(vendor))
    script.start(script.client(base_url=None))
    assert script.sent
    assert all(str(request.url).startswith("http://127.0.0.1:9/proxy/") for request in script.sent)


@pytest.mark.parametrize("vendor", [vendor for vendor in JOBS if contract_of(vendor).callback])
@pytest.mark.parametrize("body", [b"", b"\xff", "no JSON", "[]", {}, {"task_id": None}, 5])
def test_body_that_is_no_callback_is_refused(vendor: str, body: Any) -> None:
    """What is not a callback of the service is an InvalidArgument that names the body and what is allowed."""
    client = ScriptedService(contract_of(vendor)).client()
    with pytest.raises(errors.InvalidArgument) as refused:
        client.job_from_callback(body)
    assert refused.value.field == "body"
    assert refused.value.allowed
    assert refused.value.allowed in refused.value.message


@pytest.mark.parametrize("fault", LOST)
def test_unknown_outcome_is_not_submitted_again(careful: ScriptedService, fault: str) -> None:
    """A lost or empty response is SubmitOutcomeUnknown, with what is needed to look the job up, after one POST."""
    careful.before(careful.paid, LOST[fault]())
    with pytest.raises(errors.SubmitOutcomeUnknown) as unknown:
        careful.start(careful.client())
    assert len(careful.submissions()) == 1
    assert unknown.value.operation == careful.transcript.call["method"]
    assert unknown.value.request_hash


def test_interrupted_submission_names_what_may_be_charged(script: ScriptedService) -> None:
    """Ctrl-C during a submission keeps a note with the paid request; it is not caught, and nothing is sent again."""
    script.before(script.paid, KeyboardInterrupt())
    with pytest.raises(KeyboardInterrupt) as interrupted:
        script.start(script.client())
    assert "A paid request was interrupted: POST" in "".join(interrupted.value.__notes__)
    assert len(script.submissions()) == 1


def test_async_client_does_not_submit_again(careful: ScriptedService) -> None:
    """The async client sends one POST, too, and its outcome is unknown."""
    careful.before(careful.paid, LOST["closed"]())

    async def start() -> None:
        await careful.start(careful.async_client())

    with pytest.raises(errors.SubmitOutcomeUnknown):
        anyio.run(start)
    assert len(careful.submissions()) == 1


@pytest.mark.parametrize("fault", LOST)
def test_unknown_outcome_is_retried_with_the_same_key(replayed: ScriptedService, fault: str) -> None:
    """Where a key is replayed, the same request is sent again, byte for byte, and returns the job."""
    replayed.before(replayed.paid, LOST[fault]())
    job = replayed.start(replayed.client())
    first, second = replayed.submissions()
    assert first.content == second.content
    assert first.headers == second.headers
    assert job.wait().state is JobState.SUCCEEDED


def test_async_client_retries_with_the_same_key(replayed: ScriptedService) -> None:
    """The async client sends the same request again, too, and has the job."""
    replayed.before(replayed.paid, LOST["closed"]())

    async def start() -> Any:
        return await replayed.start(replayed.async_client())

    assert anyio.run(start).id
    first, second = replayed.submissions()
    assert (first.content, first.headers) == (second.content, second.headers)


@pytest.mark.parametrize("last", ["refused", "never left"])
def test_later_refusal_does_not_settle_an_unknown_outcome(replayed: ScriptedService, last: str) -> None:
    """After a lost response no later refusal proves that no job was started; the error has the key."""
    later: list[ScriptedResponse] = [httpx.Response(402)] if last == "refused" else [httpx.ConnectError("refused")] * 20
    replayed.before(replayed.paid, LOST["closed"](), *later)
    with pytest.raises(errors.SubmitOutcomeUnknown) as unknown:
        replayed.start(replayed.client())
    assert unknown.value.idempotency_key


def test_unsent_submission_is_retried(script: ScriptedService) -> None:
    """A connection that was never made charges nothing: the client tries again and one job is started."""
    script.before(script.paid, httpx.ConnectError("refused"), httpx.ConnectTimeout("timed out"))
    job = script.start(script.client())
    assert len(script.submissions()) == 3
    assert job.wait().state is JobState.SUCCEEDED


def test_wait_timeout_keeps_the_job(script: ScriptedService) -> None:
    """WaitTimeout has the job and its token, with which it is resumed; nothing is submitted again."""
    client = script.client()
    with pytest.raises(errors.WaitTimeout) as over:
        script.start(client).wait(timeout=0)
    assert over.value.token is not None
    assert over.value.job is not None
    again = client.job_from_token(over.value.token)
    assert again.id == over.value.job.id
    assert again.wait().state is JobState.SUCCEEDED
    assert len(script.submissions()) == 1


def test_wait_survives_a_short_outage(script: ScriptedService) -> None:
    """Polls that fail for a while, in the connection or the server, are repeated until the job ends."""
    faults: list[ScriptedResponse] = [
        httpx.ConnectError("refused"),
        httpx.ReadTimeout("timed out"),
        httpx.Response(503),
    ]
    script.before(script.paid + 1, *faults)
    job = script.start(script.client())
    assert job.wait().state is JobState.SUCCEEDED
    assert len(script.submissions()) == 1


def test_long_outage_keeps_the_job(script: ScriptedService) -> None:
    """An outage beyond the policy is an error that has the job's token."""
    script.before(script.paid + 1, *[httpx.ConnectError("refused")] * 1000)
    job = script.start(script.client())
    with pytest.raises(errors.ConnectionFailed) as lost:
        job.wait()
    assert lost.value.token == job.to_token()


def test_credentials_are_not_sent_to_another_host(script: ScriptedService, tmp_path: Path) -> None:
    """A result that redirects to another host is saved from there, without a credential."""
    script, home = hosted_at_the_service(script)
    job = script.start(script.client()).wait()
    script.files[home] = httpx.Response(302, headers={"Location": ELSEWHERE})
    script.files[ELSEWHERE] = httpx.Response(200, content=FILES[job.outputs[0].kind])
    (saved,) = job.save(tmp_path)
    assert saved.read_bytes() == FILES[job.outputs[0].kind]
    (abroad,) = [request for request in script.sent if str(request.url) == ELSEWHERE]
    sent = f"{abroad.url} {abroad.headers.raw}"
    assert not [secret for secret in secrets_of(script.contract) if secret in sent]


def test_redirect_to_plain_http_is_refused(script: ScriptedService, tmp_path: Path) -> None:
    """A redirect from https to http is refused, and that address receives no request."""
    job = script.start(script.client()).wait()
    script.files[job.outputs[0].url] = httpx.Response(302, headers={"Location": "http://plain.test/result"})
    with pytest.raises(errors.DownloadUnsafe):
        job.save(tmp_path)
    assert script.sent[-1].url.scheme == "https"


def test_html_page_is_no_result(script: ScriptedService, tmp_path: Path) -> None:
    """A page in place of the file is a ContentMismatch, leaves no file, and causes no second submission."""
    job = script.start(script.client()).wait()
    script.files[job.outputs[0].url] = httpx.Response(200, content=PAGE)
    with pytest.raises(errors.ContentMismatch) as refused:
        job.save(tmp_path)
    assert refused.value.token == job.to_token()
    assert list(tmp_path.iterdir()) == []
    assert len(script.submissions()) == 1


def test_secrets_are_not_shown(script: ScriptedService, caplog: pytest.LogCaptureFixture) -> None:
    """No credential is in a repr, a token, a log, an event, or an error about a response that echoes it."""
    caplog.set_level(logging.DEBUG)
    secrets = secrets_of(script.contract)
    events: list[Any] = []
    client = script.client(on_event=events.append)
    job = script.start(client).wait()
    shown = [repr(client), repr(job), job.to_token(), *map(repr, job.outputs)]
    script.before(len(script.transcript.steps) - 1, httpx.Response(418, text=" ".join(secrets)))
    with pytest.raises(errors.ApiError) as echoed:
        job.refresh()
    shown += [str(echoed.value), repr(echoed.value), str(echoed.value.body), *map(repr, events), caplog.text]
    assert not [secret for secret in secrets if any(secret in text for text in shown)]


@pytest.mark.parametrize("vendor", JOBS)
def test_journal_redacts_secrets(target: Target, vendor: str) -> None:
    """A simulator's journal has every exchange of an account, and no credential in any."""
    contract, account = contract_of(vendor), target.new_account()
    ScriptedService(contract).start(target.client(contract, account)).refresh()
    journal = target.control.requests(account_name(vendor, account))
    assert len(journal) >= 2
    assert not [secret for secret in secrets_of(contract, account) if secret in str(journal)]
