"""The contracts of how Media.io refuses, and what the client calls that."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from soundstage import JobState, errors
from soundstage_contracts import proves
from soundstage_contracts.simulators.control import account_name
from soundstage_contracts.vendors.mediaio import CONTRACT, headers
from soundstage_contracts.vendors.mediaio.arguments import ENDPOINTS, method_of, plain
from soundstage_contracts.vendors.mediaio.raw_client import CREDITS, FILM, RESULT, RawClient, assert_refused

if TYPE_CHECKING:
    from soundstage_contracts.facts.tables import Endpoint
    from soundstage_contracts.simulators.target import Target

QUERIES = (CREDITS, f"{RESULT}nothing")
GENERATIONS = tuple(endpoint.path for endpoint in ENDPOINTS)


@proves("mediaio:auth.header", "mediaio:errors.unauthenticated", "mediaio:envelope", side="server")
@pytest.mark.parametrize("path", [*GENERATIONS, *QUERIES])
@pytest.mark.parametrize("header", [{}, {"Authorization": "Bearer key"}, {"X-API-KEY": ""}])
def test_a_call_without_a_key_is_refused(target: Target, path: str, header: dict[str, str]) -> None:
    """No key is 374004 everywhere, in the envelope, with HTTP 200."""
    answer = target.http().post(target.base_url("mediaio") + path, json={}, headers=header)
    assert "X-API-KEY" in assert_refused(answer, 374004, fact="errors.unauthenticated")


@proves("mediaio:errors.unauthenticated", side="server")
@pytest.mark.parametrize(
    ("word", "path", "code"),
    [
        *(("invalid-", path, 374004) for path in GENERATIONS),
        *(("invalid-", path, 40001) for path in QUERIES),
        *(("expired-", path, 40002) for path in (*GENERATIONS, *QUERIES)),
    ],
)
def test_a_key_is_refused_by_what_is_wrong_with_it(target: Target, word: str, path: str, code: int) -> None:
    """A wrong key is 374004 on generation and 40001 on the queries; an expired one is 40002 everywhere."""
    account = dict(headers(target.new_account(word)))
    answer = target.http().post(target.base_url("mediaio") + path, json={"data": {}}, headers=account)
    assert_refused(answer, code, fact="errors.unauthenticated")


@proves("mediaio:errors.unauthenticated", "mediaio:auth.header", side="client")
@pytest.mark.parametrize(("word", "codes"), [("invalid-", (374004, 40001)), ("expired-", (40002, 40002))])
def test_the_client_calls_a_refused_key_by_its_name(target: Target, word: str, codes: tuple[int, int]) -> None:
    """Each of the codes is an AuthenticationError, for a generation and for both queries."""
    client = target.client(CONTRACT, target.new_account(word))
    calls = (lambda: client.imagen_4("A fox"), client.credits, lambda: client.job("nothing").refresh())
    for call, code in zip(calls, (codes[0], codes[1], codes[1]), strict=True):
        with pytest.raises(errors.AuthenticationError) as refused:
            call()
        assert (refused.value.vendor, refused.value.code, refused.value.status) == ("mediaio", code, 200)


@proves("mediaio:errors.credits")
@pytest.mark.parametrize("endpoint", ENDPOINTS, ids=method_of)
def test_who_cannot_pay_is_refused(target: Target, endpoint: Endpoint) -> None:
    """An account without credits is refused with 490505; no task is made, and the client calls it by its name."""
    raw = RawClient(target, target.new_account("broke-"))
    assert_refused(raw.generate(endpoint, plain(endpoint)), 490505, fact="errors.credits")
    with pytest.raises(errors.InsufficientCreditsError):
        target.client(CONTRACT, raw.account).imagen_4("A fox")
    assert target.control.tasks(raw.name) == []
    assert raw.credits() == 0


@proves("mediaio:errors.credits", side="server")
def test_credits_are_spent_to_the_last(target: Target) -> None:
    """As long as there is enough, tasks are made; then 490505, and what is left is less than a price."""
    raw = RawClient(target)
    raw.start()
    price = 1000 - raw.credits()
    target.control.set_balance("mediaio", raw.name, 2 * price + 1)
    raw.start()
    raw.start()
    assert_refused(raw.generate(FILM, plain(FILM)), 490505)
    assert raw.credits() == 1


@proves("mediaio:block", side="client")
@pytest.mark.parametrize("reading", ["prose", "pages"])
def test_blocked_content_is_a_content_failure_to_the_client(target: Target, reading: str) -> None:
    """What fails by the content policy is ContentFiltered, not just any failure, in both vocabularies."""
    account = target.new_account()
    client = target.client(CONTRACT, account, clock=target.advancing_clock())
    client.credits()
    target.control.dialects(account_name("mediaio", account), mediaio__status=reading)
    with pytest.raises(errors.ContentFiltered):
        client.imagen_4("A fox soundstage:block").result()
    with pytest.raises(errors.JobFailed):
        client.imagen_4("A fox soundstage:fail").result()


def test_the_client_says_that_there_is_no_cancel(target: Target) -> None:
    """Cancelling is refused by the client, since no document has such a call; the job goes on."""
    job = target.client(CONTRACT, target.new_account()).imagen_4("A fox")
    with pytest.raises(errors.UnsupportedError):
        job.cancel()
    assert job.refresh().state is JobState.QUEUED
