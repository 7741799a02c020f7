"""Laws about money: what is reserved, what is charged, and what is given back."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

from soundstage import SpendLimit, errors
from soundstage_contracts.laws.binding import law
from soundstage_contracts.laws.refusals import posted

if TYPE_CHECKING:
    from hypothesis import strategies as st

    from soundstage_contracts.laws.declarations import Operation
    from soundstage_contracts.laws.terms import Terms
    from soundstage_contracts.simulators.target import Target


@law("server", operation="operations")
def test_price_is_reserved_and_charged_on_success(
    vendor: Terms, target: Target, operation: Operation, data: st.DataObject
) -> None:
    """A creation reserves the documented price, which is charged when the job succeeds, and not before."""
    body = data.draw(operation.bodies, label="body")
    raw = vendor.new_raw_client(target)
    job = raw.start_job(operation, body)
    reserved = raw.money()
    assert reserved.reserved > 0
    assert reserved.spent == 0
    if operation.price is not None:
        assert reserved.reserved == pytest.approx(operation.price(body), abs=1e-6)
    raw.finish_job(job, operation)
    charged = raw.money()
    assert charged.reserved == 0
    assert charged.spent == pytest.approx(reserved.reserved)


@law("server", word="failures", operation="started")
def test_failed_job_costs_nothing(vendor: Terms, target: Target, word: str, operation: Operation) -> None:
    """What a job that does not succeed had reserved is given back."""
    raw = vendor.new_raw_client(target)
    job = raw.start_job(operation, operation.with_outcome(word))
    assert raw.money().reserved > 0
    raw.advance(2 * raw.longest)
    raw.finish_job(job, operation)
    money = raw.money()
    assert (money.spent, money.reserved, money.available) == (0, 0, money.granted)


@law("both", operation="started")
def test_blocked_content_is_a_content_error(vendor: Terms, target: Target, operation: Operation) -> None:
    """Blocked content is refused or fails with a reason that names it, is a content error, and costs nothing."""
    raw = vendor.new_raw_client(target)
    body = operation.with_outcome("block")
    client = vendor.new_client(target, clock=target.advancing_clock())
    if vendor.blocked is not None:
        raw.check_refused(raw.submit_job(operation, body), vendor.blocked)
        assert raw.untouched()
        client = vendor.new_client(target, raw.account)
        with pytest.raises(errors.ContentPolicyError):
            getattr(client, operation.method)(**operation.arguments(body))
        assert posted(raw, operation) == 2
    else:
        assert raw.finish_job(raw.start_job(operation, body), operation).reason
        with pytest.raises(errors.ContentFiltered):
            getattr(client, operation.method)(**operation.arguments(body)).result()
        assert raw.money().spent == 0


@law("client", operation="started")
def test_spend_limit_is_kept(vendor: Terms, target: Target, operation: Operation) -> None:
    """A job that would exceed the limit, or whose price is unknown and not assumed, is refused before it is sent."""
    raw = vendor.new_raw_client(target)
    arguments = operation.arguments(operation.required_by_client())
    price, assume = Decimal("2.5"), {operation.method: "2.5"}
    try:
        price = vendor.new_client(target, raw.account).estimate(operation.method, **arguments)
    except errors.UnsupportedError:
        client = vendor.new_client(target, raw.account, spend_limit=SpendLimit(total=100))
        with pytest.raises(errors.UnsupportedError, match="assume"):
            getattr(client, operation.method)(**arguments)
    client = vendor.new_client(target, raw.account, spend_limit=SpendLimit(total=price, assume=assume))
    getattr(client, operation.method)(**arguments)
    with pytest.raises(errors.SpendLimitExceeded) as refused:
        getattr(client, operation.method)(**arguments)
    assert refused.value.limit == refused.value.asked == price
    assert posted(raw, operation) == 1
