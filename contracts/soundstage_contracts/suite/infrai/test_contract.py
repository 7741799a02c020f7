"""Infrai's contracts: what may be asked for, what it costs, and that both sides speak as documented."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given

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
    """Speak as a new account."""
    return RawClient(target)


@proves("infrai:request.body", side="server")
def test_null_and_unknown_members_are_nothing(raw: RawClient) -> None:
    """A null is an absent parameter, and what no document names is ignored."""
    assert raw.create(aspect=None, vendor=None, source_id="source-8f31", width=1280)


@proves("infrai:generate.aspect_name", side="server")
@pytest.mark.parametrize("aspect", ASPECTS)
def test_the_ratio_goes_by_either_name(raw: RawClient, aspect: str) -> None:
    """The ratio is one field under two names; another value under each is refused."""
    key = f"ratio-{aspect}"
    jobs = [data_of(raw.generate(key=key, **{name: aspect}))["job_id"] for name in ("aspect", "aspect_ratio")]
    assert jobs[0] == jobs[1]
    other = next(one for one in ASPECTS if one != aspect)
    both = raw.generate(aspect=aspect, aspect_ratio=other)
    assert "aspect_ratio" in assert_refused(both, 400, "INVALID_REQUEST", fact="generate.aspect_name")
    assert_refused(raw.generate(aspect_ratio="4:3"), 400, "INVALID_REQUEST", fact="generate.aspect_name")


@proves("infrai:generate.params", "infrai:generate.vendors", side="server")
@pytest.mark.parametrize("resolution", RESOLUTIONS)
def test_a_resolution_is_gated_by_its_vendor(raw: RawClient, resolution: str) -> None:
    """Without a vendor every resolution is made; a vendor, or its model, that cannot make it is refused."""
    raw.create(resolution=resolution)
    for name, able in ABILITIES.items():
        model = next(model for model, owner in MODELS.items() if owner == name)
        for who in ({"vendor": name}, {"model": model}, {"vendor": name, "model": model}):
            answer = raw.generate(resolution=resolution, **who)
            if resolution in able:
                assert answer.json()["metadata"]["vendor"] == name
            else:
                said = assert_refused(answer, 400, "INVALID_REQUEST", fact="generate.params")
                assert "resolution" in said


@proves("infrai:generate.params", "infrai:generate.vendors", side="server")
@pytest.mark.parametrize("prefer", [None, *PREFERENCES])
@pytest.mark.parametrize("resolution", RESOLUTIONS)
def test_a_preference_chooses_the_vendor(raw: RawClient, resolution: str, prefer: str | None) -> None:
    """Where no vendor is named, the preference chooses who makes the film; balanced is the default."""
    metadata = raw.generate(resolution=resolution, prefer=prefer).json()["metadata"]
    assert metadata["vendor"] == made_by({"resolution": resolution, "prefer": prefer or "balanced"})


@proves("infrai:generate.vendors", side="server")
def test_a_model_is_one_vendors_and_unknown_names_are_taken_on_trust(raw: RawClient) -> None:
    """A model with another vendor's name beside it is refused; names that nobody documents can do everything."""
    said = assert_refused(raw.generate(model="veo-3.1", vendor="kling"), 400, "INVALID_REQUEST")
    assert "veo-3.1" in said
    assert raw.generate(vendor="minimax", resolution="4k").json()["metadata"]["vendor"] == "minimax"
    assert raw.create(model="hailuo-02", resolution="4k")


@proves("infrai:generate.vendors", "infrai:charge", "infrai:metadata.values", side="server")
@given(body=vendor.bodies())
def test_a_film_costs_what_its_maker_takes(target: Target, body: dict[str, Any]) -> None:
    """The metadata names who makes a film and what it costs; so much is reserved, and spent when it succeeds."""
    raw = RawClient(target)
    answer = raw.ask("POST", GENERATE, body)
    metadata = answer.json()["metadata"]
    assert (metadata["vendor"], metadata["cache_hit"]) == (made_by(body), False)
    assert metadata["cost_usd"] == pytest.approx(price_of(body), abs=1e-6)
    assert raw.money().reserved == pytest.approx(metadata["cost_usd"])
    assert raw.finish(data_of(answer)["job_id"])["state"] == "succeeded"
    assert raw.money().reserved == 0
    assert raw.money().spent == pytest.approx(metadata["cost_usd"])
