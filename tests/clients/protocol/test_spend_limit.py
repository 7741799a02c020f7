"""Spend limits: exact amounts, and never exceeded by any callers in any order."""

from __future__ import annotations

import pickle
from decimal import Decimal
from typing import Any

import anyio
import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from soundstage import (
    AsyncVeo,
    GMICloud,
    InvalidArgument,
    SkippingClock,
    SpendLimit,
    SpendLimitExceeded,
    Tomoviee,
    UnsupportedError,
    Veo,
)
from soundstage._values.spending import Ceiling, CeilingReached, MemoryLedger

GOOGLE = "https://generativelanguage.googleapis.com"
AMOUNTS = st.decimals(0, 5, places=2)
DAY = 24 * 3600


def veo(limit: SpendLimit, sent: list[httpx.Request] | None = None, base_url: str = GOOGLE, status: int = 200) -> Veo:
    """Return a client whose submissions all succeed, or all are refused with *status*."""

    def respond(request: httpx.Request) -> httpx.Response:
        if sent is not None:
            sent.append(request)
        return httpx.Response(status, json={"name": "models/m/operations/1"} if status == 200 else {"error": {}})

    http = httpx.Client(transport=httpx.MockTransport(respond))
    return Veo("key", base_url=base_url, http=http, clock=SkippingClock(), spend_limit=limit)


@given(limit=AMOUNTS, amounts=st.lists(st.tuples(AMOUNTS, st.none() | AMOUNTS), max_size=20))
def test_ledger_never_exceeds_a_ceiling(limit: Decimal, amounts: list[tuple[Decimal, Decimal | None]]) -> None:
    """An amount that fits is reserved, another is refused and changes nothing; what is settled counts in its place."""
    ledger, taken = MemoryLedger(), Decimal(0)
    for amount, settled in amounts:
        try:
            reservation = ledger.reserve("a", amount, 0.0, [Ceiling("total", limit)])
        except CeilingReached as reached:
            assert taken + amount > limit
            assert reached.spent == taken  # noqa: PT017
            continue
        charged = amount if settled is None else min(amount, settled)
        ledger.settle(reservation, charged)
        taken += charged
        assert ledger.spent("a") == taken <= limit
    assert ledger.spent("b") == 0


@given(times=st.lists(st.integers(0, 3 * DAY), max_size=20), since=st.integers(0, 3 * DAY))
def test_ledger_sums_since_a_time(times: list[int], since: int) -> None:
    """A sum counts what was reserved at a time or later, whether it is requested before or after."""
    ledger = MemoryLedger()
    ledger.spent("a", since)
    for at in times:
        ledger.reserve("a", Decimal("0.1"), at)
    assert ledger.spent("a", since) == Decimal("0.1") * sum(at >= since for at in times)
    assert ledger.spent("a", since + 1) == Decimal("0.1") * sum(at > since for at in times)


def test_total_counts_every_client_that_has_the_limit() -> None:
    """Two clients with one limit spend one total, to the last cent."""
    limit = SpendLimit(total="2.40")
    first, second = veo(limit), veo(limit)
    first.generate_videos("A fox", model="veo-3.0-fast-generate-001")
    second.generate_videos("A fox", model="veo-3.0-fast-generate-001")
    with pytest.raises(SpendLimitExceeded, match=r"cost 0\.60 USD, and the limit total is 2\.40, of which 2\.40"):
        first.generate_videos("A fox", model="veo-3.0-fast-generate-001", duration_seconds=4)
    assert second.spent().total == Decimal("2.40")


def test_limit_of_a_day_begins_anew() -> None:
    """What was spent on the day before in UTC does not count, and the total goes on."""
    now = 5.0 * DAY
    limit = SpendLimit(per_day="3.20", total=10, now=lambda: now)
    client = veo(limit)
    client.generate_videos("A fox")
    now += DAY - 1
    with pytest.raises(SpendLimitExceeded) as refused:
        client.generate_videos("A fox")
    assert (refused.value.period, refused.value.spent) == ("per_day", Decimal("3.20"))
    now += 1
    client.generate_videos("A fox")
    spent = client.spent()
    assert (spent.total, spent.today) == (Decimal("6.40"), Decimal("3.20"))
    now += DAY
    client.generate_videos("A fox")
    now += DAY
    with pytest.raises(SpendLimitExceeded) as refused:
        client.generate_videos("A fox")
    assert refused.value.period == "total"


def test_job_above_its_limit_is_not_sent() -> None:
    """A job that costs more than per_job is refused before it is sent."""
    sent: list[httpx.Request] = []
    client = veo(SpendLimit(per_job=3), sent)
    with pytest.raises(SpendLimitExceeded) as refused:
        client.generate_videos("A fox")
    assert (refused.value.period, refused.value.limit, refused.value.asked) == ("per_job", Decimal(3), Decimal("3.20"))
    client.generate_videos("A fox", duration_seconds=4)
    assert len(sent) == 1


def test_unknown_price_is_refused_unless_it_is_assumed() -> None:
    """Without a documented price nothing is sent, and the message names how to allow it; an assumed one is counted."""
    sent: list[httpx.Request] = []
    proxy = "https://proxy.test/gemini"
    with pytest.raises(UnsupportedError, match=r"SpendLimit\(assume=\{'generate_videos': \.\.\.\}\)"):
        veo(SpendLimit(total=100), sent, proxy).generate_videos("A fox")
    assert sent == []
    client = veo(SpendLimit(total=100, assume={"generate_videos": "4.5"}), sent, proxy)
    client.generate_videos("A fox")
    assert client.spent().total == Decimal("4.5")


def test_documented_price_is_not_replaced_by_an_assumed_one() -> None:
    """Where the price is known, the assumed one is not used."""
    client = veo(SpendLimit(total=100, assume={"generate_videos": 0}))
    client.generate_videos("A fox")
    assert client.spent().total == Decimal("3.20")


def test_refused_submission_gives_its_price_back() -> None:
    """A refusal that proves that nothing was started leaves nothing counted."""
    client = veo(SpendLimit(total=4), status=400)
    for _ in range(3):
        with pytest.raises(Exception, match="HTTP 400"):
            client.generate_videos("A fox")
    assert client.spent().total == 0


def test_ledger_that_fails_does_not_lose_the_refusal(monkeypatch: pytest.MonkeyPatch) -> None:
    """If the amount cannot be given back, it stays counted, and the service's own refusal is raised."""
    limit = SpendLimit(total=4)

    def fail(*_: object) -> None:
        raise OSError("disk full")

    monkeypatch.setattr(limit.ledger, "settle", fail)
    client = veo(limit, status=400)
    with pytest.raises(Exception, match="HTTP 400"):
        client.generate_videos("A fox")
    assert client.spent().total == Decimal("3.20")


@pytest.mark.parametrize("name", ["total", "per_job", "per_day"])
@pytest.mark.parametrize("amount", [0.5, -1, "NaN", "Infinity", "a lot", True, b"1"])
def test_amount_that_is_not_exact_is_refused(name: str, amount: object) -> None:
    """A float, a negative amount and what is no number are invalid arguments."""
    options: Any = {name: amount}
    with pytest.raises(InvalidArgument, match=name):
        SpendLimit(**options)


@pytest.mark.parametrize(
    ("options", "field"),
    [({}, "total"), ({"total": 1, "assume": {"x": 0.5}}, "assume"), ({"total": 1, "assume": 5}, "assume")],
)
def test_limit_without_a_meaning_is_refused(options: dict[str, Any], field: str) -> None:
    """A limit without an amount, and prices that are not exact, are invalid arguments."""
    with pytest.raises(InvalidArgument, match=field):
        SpendLimit(**options)


def test_limit_of_another_vendor_is_refused() -> None:
    """A limit counts in one vendor's unit: a client of another vendor, and an unknown capability, are refused."""
    limit = SpendLimit(total=100)
    veo(limit)
    with pytest.raises(InvalidArgument, match="counts what veo charges"):
        Tomoviee("key", "secret", spend_limit=limit)
    with pytest.raises(InvalidArgument, match="generate_videos"):
        veo(SpendLimit(total=1, assume={"generate_video": 1}))
    with pytest.raises(InvalidArgument, match="spend_limit"):
        Tomoviee("key", "secret", spend_limit=5)  # type: ignore[arg-type] # what a caller may get wrong


def test_estimate_names_the_methods_that_have_a_price() -> None:
    """Only a method that starts work has an estimate, and its arguments are checked as by the call."""
    client = GMICloud(api_key="key")
    for name in ("models", "job", "nothing", "__init__"):
        with pytest.raises(InvalidArgument, match="'create_request', 'image_to_video', 'text_to_video'"):
            client.estimate(name)
    with pytest.raises(InvalidArgument, match="model"):
        client.estimate("create_request", "", {"prompt": "x"})


def test_async_client_estimates_and_counts_alike() -> None:
    """The async client has the same estimate, counter and refusal."""
    respond = httpx.MockTransport(lambda _: httpx.Response(200, json={"name": "models/m/operations/1"}))

    async def story() -> None:
        async with httpx.AsyncClient(transport=respond) as http:
            client = AsyncVeo("key", base_url=GOOGLE, http=http, spend_limit=SpendLimit(total="3.20"))
            assert await client.estimate("generate_videos", "A fox") == Decimal("3.20")
            await client.generate_videos("A fox")
            with pytest.raises(SpendLimitExceeded):
                await client.generate_videos("A fox")
            assert (await client.spent()).total == Decimal("3.20")

    anyio.run(story)


def test_client_without_a_limit_counts_nothing() -> None:
    """Without a limit there is nothing to report, and the error states it."""
    with pytest.raises(UnsupportedError, match="spend_limit"):
        Veo("key").spent()


def test_error_keeps_its_amounts_when_pickled() -> None:
    """Limit, spent, asked and unit survive pickling."""
    with pytest.raises(SpendLimitExceeded) as refused:
        veo(SpendLimit(total="0.25")).generate_videos("A fox")
    again = pickle.loads(pickle.dumps(refused.value))  # noqa: S301 - our own
    amounts = (again.limit, again.spent, again.asked, again.unit, again.vendor, again.period)
    assert amounts == (Decimal("0.25"), 0, Decimal("3.20"), "USD", "veo", "total")


def test_limit_is_shown_and_not_pickled() -> None:
    """The repr has the amounts; a copy would count on its own, so that there is none."""
    limit = SpendLimit(total=5, per_job="0.5")
    assert repr(limit) == "SpendLimit(per_job=0.5, total=5)"
    with pytest.raises(TypeError, match="store"):
        pickle.dumps(limit)
