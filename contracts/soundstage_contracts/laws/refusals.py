"""Laws about refusals: what the service refuses, in which form, and which error the client raises for it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from soundstage import RetryPolicy, errors
from soundstage_contracts.laws.binding import law

if TYPE_CHECKING:
    from soundstage_contracts.laws.declarations import BadCredential, Operation, Refusal
    from soundstage_contracts.laws.raw_client import RawClient
    from soundstage_contracts.laws.terms import Terms
    from soundstage_contracts.simulators.target import Target

ATTEMPTS = 3


def call(vendor: Terms, raw: RawClient, attempts: int = 1) -> Any:
    """Start a job of the leading operation with a client of the same account as *raw*."""
    client = vendor.new_client(raw.target, raw.account, retry=RetryPolicy(attempts=attempts))
    return getattr(client, vendor.first.method)(**vendor.first.arguments(vendor.first.required))


def refusing(vendor: Terms, target: Target, refusal: Refusal, reading: str) -> RawClient:
    """Return the raw client of a new account whose submissions are refused with *refusal* in *reading*."""
    raw = vendor.new_raw_client(target)
    raw.introduce(vendor.first)
    if vendor.error_dialect is not None:
        target.control.dialects(raw.name, **{vendor.error_dialect.replace(".", "__"): reading})
    target.control.order("refuse", code=repr(refusal), vendor=vendor.slug, account=raw.name)
    return raw


def posted(raw: RawClient, operation: Operation) -> int:
    """Return how many submissions the simulator has received from the account."""
    method, path, _ = raw.creation_request(operation, operation.required)
    journal = raw.target.control.requests(raw.name)
    return sum(entry["method"] == method and entry["path"].endswith(path) for entry in journal)


@law("server", refusal="refusals", reading="error_readings")
def test_every_refusal_has_the_documented_form(vendor: Terms, target: Target, refusal: Refusal, reading: str) -> None:
    """Each refusal has its documented status, code and form in each reading; no job is started or charged."""
    raw = refusing(vendor, target, refusal, reading)
    assert raw.check_refused(raw.submit_job(vendor.first, vendor.first.required), refusal, reading)
    assert raw.untouched()


@law("client", refusal="refusals", reading="error_readings")
def test_every_refusal_has_its_client_error(vendor: Terms, target: Target, refusal: Refusal, reading: str) -> None:
    """Each refusal of a submission is its typed error, with the service's code, status, message and whole response."""
    raw = refusing(vendor, target, refusal, reading)
    response = raw.submit_job(vendor.first, vendor.first.required)
    message = raw.check_refused(response, refusal, reading)
    with pytest.raises(errors.SoundstageError) as refused:
        call(vendor, raw, ATTEMPTS)
    error: Any = refused.value
    assert type(error) is refusal.error
    assert (error.vendor, error.code, error.status) == (vendor.slug, refusal.error_code, refusal.status_in(reading))
    assert message in error.message
    assert error.body is None or message in error.body
    assert posted(raw, vendor.first) == refusal.attempts + 1  # the raw client's is one of them
    assert raw.untouched()


@law("server", credential="bad_credentials")
def test_caller_without_valid_credentials_is_refused(vendor: Terms, target: Target, credential: BadCredential) -> None:
    """Missing, malformed or wrong credentials are refused on creation and poll alike."""
    account = target.new_account()
    raw = vendor.raw_client(target, account, headers=credential.headers(account))
    for response in (raw.submit_job(vendor.first, vendor.first.required), raw.poll_job("nothing", vendor.first)):
        assert credential.message in raw.check_refused(response, credential.refusal)
    assert raw.untouched()


@law("both", word="rejected")
def test_rejected_credential_is_an_authentication_error(vendor: Terms, target: Target, word: str) -> None:
    """A credential that the service rejects is refused, and is an AuthenticationError of the client."""
    refusal = vendor.rejected[word]
    raw = vendor.new_raw_client(target, target.new_account(word))
    raw.check_refused(raw.submit_job(vendor.first, vendor.first.required), refusal)
    with pytest.raises(errors.AuthenticationError) as refused:
        call(vendor, raw)
    assert (refused.value.vendor, refused.value.code) == (vendor.slug, refusal.error_code)
    assert refused.value.status == refusal.status


@law("both", refusal="no_credit")
def test_account_without_credit_is_refused(vendor: Terms, target: Target, refusal: Refusal) -> None:
    """An account that cannot pay is refused, which is an InsufficientCreditsError; no job is started."""
    raw = vendor.new_raw_client(target, target.new_account("broke-"))
    raw.check_refused(raw.submit_job(vendor.first, vendor.first.required), refusal)
    with pytest.raises(errors.InsufficientCreditsError):
        call(vendor, raw, ATTEMPTS)
    assert posted(raw, vendor.first) == 2
    assert raw.untouched()


@law("both", refusal="too_many")
def test_one_job_too_many_is_refused_until_the_first_ends(vendor: Terms, target: Target, refusal: Refusal) -> None:
    """One job more than an account may have at once is refused; when a job has ended, the next is accepted."""
    raw = vendor.new_raw_client(target, target.new_account("limited-"))
    first = raw.start_job(vendor.first)
    raw.check_refused(raw.submit_job(vendor.first, vendor.first.required), refusal)
    with pytest.raises(refusal.error):
        call(vendor, raw)
    assert raw.jobs() == [first]
    raw.finish_job(first, vendor.first)
    assert call(vendor, raw).id in raw.jobs()


@law("both", refusal="not_found", operation="operations")
def test_unknown_job_is_not_found(vendor: Terms, target: Target, refusal: Refusal, operation: Operation) -> None:
    """An id that does not exist is refused, which is a NotFoundError of the client."""
    raw = vendor.new_raw_client(target)
    raw.check_refused(raw.poll_job("nothing", operation), refusal)
    with pytest.raises(errors.NotFoundError):
        vendor.new_client(target, raw.account).job("nothing", operation.method).refresh()


@law("both", refusal="not_found")
def test_job_of_another_account_is_not_found(vendor: Terms, target: Target, refusal: Refusal) -> None:
    """Another account's job is refused as if it did not exist, and is not changed."""
    mine, theirs = vendor.new_raw_client(target), vendor.new_raw_client(target)
    job = mine.start_job(vendor.first)
    theirs.check_refused(theirs.poll_job(job, vendor.first), refusal)
    with pytest.raises(errors.NotFoundError):
        vendor.new_client(target, theirs.account).job(job, vendor.first.method).refresh()
    assert mine.read_job(job, vendor.first).word in vendor.formats[0].states
