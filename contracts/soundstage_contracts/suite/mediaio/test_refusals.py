"""Contracts about Media.io's refusals of keys and credits, beyond the shared laws."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from soundstage import JobState, errors
from soundstage_contracts import proves
from soundstage_contracts.simulators.control import account_name
from soundstage_contracts.vendors.mediaio import CONTRACT, headers
from soundstage_contracts.vendors.mediaio.arguments import ENDPOINTS, plain
from soundstage_contracts.vendors.mediaio.raw_client import ANY_ENDPOINT, CREDITS, RESULT, RawClient, assert_refused

if TYPE_CHECKING:
    from soundstage_contracts.simulators.target import Target

QUERIES = (CREDITS, f"{RESULT}nothing")
GENERATIONS = tuple(endpoint.path for endpoint in ENDPOINTS)


@proves("mediaio:auth.header", "mediaio:errors.unauthenticated", "mediaio:envelope", side="server")
@pytest.mark.parametrize("path", [*GENERATIONS, *QUERIES])
@pytest.mark.parametrize("header", [{}, {"Authorization": "Bearer key"}, {"X-API-KEY": ""}])
def test_missing_key_is_refused_on_every_route(target: Target, path: str, header: dict[str, str]) -> None:
    """A missing key is 374004 on every route, with HTTP 200."""
    response = target.http().post(target.base_url("mediaio") + path, json={}, headers=header)
    assert "X-API-KEY" in assert_refused(response, 374004, fact="errors.unauthenticated")


@proves("mediaio:errors.unauthenticated", side="server")
@pytest.mark.parametrize(
    ("word", "path", "code"),
    [
        *(("invalid-", path, 374004) for path in GENERATIONS),
        *(("invalid-", path, 40001) for path in QUERIES),
        *(("expired-", path, 40002) for path in (*GENERATIONS, *QUERIES)),
    ],
)
def test_wrong_and_expired_keys_have_their_codes(target: Target, word: str, path: str, code: int) -> None:
    """A wrong key is 374004 on generation and 40001 on queries; an expired key is 40002 everywhere."""
    account = dict(headers(target.new_account(word)))
    response = target.http().post(target.base_url("mediaio") + path, json={"data": {}}, headers=account)
    assert_refused(response, code, fact="errors.unauthenticated")


@proves("mediaio:errors.unauthenticated", "mediaio:auth.header", side="client")
@pytest.mark.parametrize(("word", "codes"), [("invalid-", (374004, 40001)), ("expired-", (40002, 40002))])
def test_refused_key_is_an_authentication_error(target: Target, word: str, codes: tuple[int, int]) -> None:
    """Each code of a refused key is an AuthenticationError, for generation and queries."""
    client = target.client(CONTRACT, target.new_account(word))
    calls = (lambda: client.imagen_4("A fox"), client.credits, lambda: client.job("nothing").refresh())
    for call, code in zip(calls, (codes[0], codes[1], codes[1]), strict=True):
        with pytest.raises(errors.AuthenticationError) as refused:
            call()
        assert (refused.value.vendor, refused.value.code, refused.value.status) == ("mediaio", code, 200)


@proves("mediaio:errors.credits", side="server")
def test_credits_can_be_spent_to_the_last(target: Target) -> None:
    """Tasks are accepted as long as the credits suffice; then 490505."""
    raw = RawClient(target)
    raw.start()
    price = 1000 - raw.credits()
    target.control.set_balance("mediaio", raw.name, 2 * price + 1)
    raw.start()
    raw.start()
    assert_refused(raw.generate(ANY_ENDPOINT, plain(ANY_ENDPOINT)), 490505)
    assert raw.credits() == 1


@proves("mediaio:block", side="client")
@pytest.mark.parametrize("reading", ["prose", "pages"])
def test_blocked_content_is_content_filtered_in_both_dialects(target: Target, reading: str) -> None:
    """Blocked content is ContentFiltered and any other failure JobFailed, in both vocabularies."""
    account = target.new_account()
    client = target.client(CONTRACT, account, clock=target.advancing_clock())
    client.credits()
    target.control.dialects(account_name("mediaio", account), mediaio__status=reading)
    with pytest.raises(errors.ContentFiltered):
        client.imagen_4("A fox soundstage:block").result()
    with pytest.raises(errors.JobFailed):
        client.imagen_4("A fox soundstage:fail").result()


def test_cancel_is_unsupported(target: Target) -> None:
    """`cancel()` is an UnsupportedError, as no cancel call is documented, and the job continues."""
    job = target.client(CONTRACT, target.new_account()).imagen_4("A fox")
    with pytest.raises(errors.UnsupportedError):
        job.cancel()
    assert job.refresh().state is JobState.QUEUED
