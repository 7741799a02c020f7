"""Contracts about Infrai's parameters and prices beyond the shared laws."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given

from soundstage import SpendLimit
from soundstage_contracts import proves
from soundstage_contracts.vendors import infrai as vendor
from soundstage_contracts.vendors.infrai.arguments import (
    ABILITIES,
    ASPECTS,
    MODELS,
    PREFERENCES,
    RESOLUTIONS,
    made_by,
    price_of,
)
from soundstage_contracts.vendors.infrai.raw_client import GENERATE, RawClient, assert_refused, data_of

if TYPE_CHECKING:
    from soundstage_contracts.simulators.target import Target


@pytest.fixture
def raw(target: Target) -> RawClient:
    """Return the raw client of a new account."""
    return RawClient(target)


@proves("infrai:request.body", side="server")
def test_null_counts_as_absent(raw: RawClient) -> None:
    """A null is an absent parameter, and undocumented members are ignored."""
    assert raw.create(aspect=None, vendor=None, source_id="source-8f31", width=1280)


@proves("infrai:generate.aspect_name", side="server")
@pytest.mark.parametrize("aspect", ASPECTS)
def test_aspect_ratio_has_two_names(raw: RawClient, aspect: str) -> None:
    """The names aspect and aspect_ratio are one parameter; different values for the two are refused."""
    key = f"ratio-{aspect}"
    jobs = [data_of(raw.generate(key=key, **{name: aspect}))["job_id"] for name in ("aspect", "aspect_ratio")]
    assert jobs[0] == jobs[1]
    other = next(one for one in ASPECTS if one != aspect)
    both = raw.generate(aspect=aspect, aspect_ratio=other)
    assert "aspect_ratio" in assert_refused(both, 400, "INVALID_REQUEST", fact="generate.aspect_name")
    assert_refused(raw.generate(aspect_ratio="4:3"), 400, "INVALID_REQUEST", fact="generate.aspect_name")


@proves("infrai:generate.params", "infrai:generate.vendors", side="server")
@pytest.mark.parametrize("resolution", RESOLUTIONS)
def test_resolution_is_limited_by_the_vendor(raw: RawClient, resolution: str) -> None:
    """A vendor, or its model, is refused a resolution that it cannot make; without a vendor each is accepted."""
    raw.create(resolution=resolution)
    for name, able in ABILITIES.items():
        model = next(model for model, owner in MODELS.items() if owner == name)
        for who in ({"vendor": name}, {"model": model}, {"vendor": name, "model": model}):
            response = raw.generate(resolution=resolution, **who)
            if resolution in able:
                assert response.json()["metadata"]["vendor"] == name
            else:
                message = assert_refused(response, 400, "INVALID_REQUEST", fact="generate.params")
                assert "resolution" in message


@proves("infrai:generate.params", "infrai:generate.vendors", side="server")
@pytest.mark.parametrize("prefer", [None, *PREFERENCES])
@pytest.mark.parametrize("resolution", RESOLUTIONS)
def test_preference_chooses_the_vendor(raw: RawClient, resolution: str, prefer: str | None) -> None:
    """Without a vendor the preference chooses it; the default is balanced."""
    metadata = raw.generate(resolution=resolution, prefer=prefer).json()["metadata"]
    assert metadata["vendor"] == made_by({"resolution": resolution, "prefer": prefer or "balanced"})


@proves("infrai:generate.vendors", side="server")
def test_model_must_match_the_vendor(raw: RawClient) -> None:
    """A model with another vendor's name is refused; undocumented names are accepted with every resolution."""
    message = assert_refused(raw.generate(model="veo-3.1", vendor="kling"), 400, "INVALID_REQUEST")
    assert "veo-3.1" in message
    assert raw.generate(vendor="minimax", resolution="4k").json()["metadata"]["vendor"] == "minimax"
    assert raw.create(model="hailuo-02", resolution="4k")


@proves("infrai:generate.vendors", "infrai:charge", "infrai:metadata.values", side="server")
@given(body=vendor.bodies())
def test_metadata_names_vendor_and_price(target: Target, body: dict[str, Any]) -> None:
    """The metadata has the vendor and the documented price, which is reserved, and charged on success."""
    raw = RawClient(target)
    response = raw.ask("POST", GENERATE, body)
    metadata = response.json()["metadata"]
    assert (metadata["vendor"], metadata["cache_hit"]) == (made_by(body), False)
    assert metadata["cost_usd"] == pytest.approx(price_of(body), abs=1e-6)
    assert raw.money().reserved == pytest.approx(metadata["cost_usd"])
    assert raw.finish(data_of(response)["job_id"])["state"] == "succeeded"
    assert raw.money().reserved == 0
    assert raw.money().spent == pytest.approx(metadata["cost_usd"])


@proves("infrai:metadata.values", side="client")
@given(body=vendor.bodies())
def test_reported_cost_replaces_the_assumed_price(target: Target, body: dict[str, Any]) -> None:
    """A spend limit counts the cost that the response reports, in place of the price that it assumed."""
    raw = RawClient(target)
    limit = SpendLimit(total=1000, assume={"generate": 1000})
    client = target.client(vendor.CONTRACT, raw.account, spend_limit=limit)
    client.generate(**body)
    assert float(client.spent().total) == pytest.approx(raw.money().reserved, abs=1e-6)
