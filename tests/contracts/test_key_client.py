"""What the contracts of vendors with one API key have in common."""

from __future__ import annotations

import pytest

from soundstage import errors
from soundstage_contracts.key_client import refusal_terms
from soundstage_contracts.laws.declarations import Refusal

NO_KEY = ("no_key", 401)


def test_status_decides_the_error_of_a_refusal() -> None:
    """Codes and statuses are enough where the status has an error; credit has one of its own."""
    terms = refusal_terms(unauthenticated=NO_KEY, no_credit=("poor", 403), other=("busy", 409))
    assert terms["no_credit"].error is errors.InsufficientCreditsError
    assert [one.error for one in terms["refusals"]][::2] == [errors.AuthenticationError, errors.ConflictError]


def test_refusal_with_http_200_is_declared_whole() -> None:
    """A `Refusal` is taken as it is."""
    invalid = Refusal(code="2013", status=200, error=errors.BadRequestError)
    terms = refusal_terms(unauthenticated=NO_KEY, invalid=invalid)
    assert terms["invalid"] is terms["malformed"] is invalid


def test_status_without_an_error_is_refused_by_name() -> None:
    """The message has the refusal, its status, the statuses that are allowed, and the other way."""
    with pytest.raises(ValueError, match=r"invalid has HTTP 200; allowed: one of 400, .*, or Refusal\(code="):
        refusal_terms(unauthenticated=NO_KEY, invalid=("2013", 200))
