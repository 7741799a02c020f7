"""The quality of a vendor: each criterion depends on what it is computed from, and a level on all below it."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

import soundstage_vendors
from soundstage_contracts import quality
from soundstage_contracts.declarations.vendor import DemoCall
from soundstage_contracts.facts.evidence import Observation
from soundstage_contracts.facts.record import MatrixRun, Record
from soundstage_contracts.matrix.cells import cells
from soundstage_contracts.quality import Criterion, Quality, assess
from soundstage_vendors import VendorError
from soundstage_vendors.own import VENDORS

if TYPE_CHECKING:
    from collections.abc import Callable

    from soundstage_contracts.facts.evidence import Evidence

VENDOR = "edrawmax"
TODAY = datetime.now(tz=UTC).date()
PLAYS = 2 * sum(1 for _ in cells(VENDOR))
ALL = Record({"a program 1.0": TODAY.isoformat()}, MatrixRun(PLAYS, PLAYS, TODAY.isoformat()))
LIVE: Evidence = {f"{VENDOR}:create.route": {"live": Observation("passed", TODAY)}}


def unmet(found: Quality) -> set[str]:
    """Return the names of the criteria that are not met."""
    return {one.name for one in found.criteria if not one.met}


@pytest.fixture(autouse=True)
def recorded(monkeypatch: pytest.MonkeyPatch) -> None:
    """Give every vendor the record of a program and of a whole matrix."""
    monkeypatch.setattr(quality, "load_record", lambda _vendor: ALL)


def test_a_vendor_that_meets_everything_is_platinum() -> None:
    """The criteria of all levels can be met together."""
    found = assess(VENDOR, LIVE, 90)
    assert (found.level, unmet(found), found.next_steps) == ("platinum", set(), ())


@pytest.mark.parametrize("vendor", VENDORS)
def test_each_vendor_of_this_project_is_silver_at_least(vendor: str) -> None:
    """Parts, transcripts, refusals, facts and planted mistakes of our own vendors are complete."""
    assert unmet(assess(vendor, {}, 90)) <= {"failure matrix", "live evidence"}


def missing(*_: object) -> Any:
    """Raise what a vendor without the part raises."""
    raise VendorError("there is no such part")


@pytest.mark.parametrize(
    ("name", "value", "criterion"),
    [
        ("missing_parts", lambda _: [quality_part()], "every part"),
        ("missing_sides", lambda fact, _: fact.sides, "facts proven"),
        ("load_shown", lambda _: (), "planted mistakes caught"),
        ("load_record", lambda _: Record({}, ALL.matrix), "third-party program unchanged"),
        ("load_record", lambda _: Record(ALL.programs), "failure matrix"),
        (
            "load_record",
            lambda _: Record(ALL.programs, MatrixRun(PLAYS, PLAYS - 1, TODAY.isoformat())),
            "failure matrix",
        ),
        (
            "load_record",
            lambda _: Record(ALL.programs, MatrixRun(PLAYS - 2, PLAYS - 2, TODAY.isoformat())),
            "failure matrix",
        ),
    ],
)
def test_a_criterion_fails_without_its_ground(
    monkeypatch: pytest.MonkeyPatch, name: str, value: Callable[..., Any], criterion: str
) -> None:
    """What is missing fails its own criterion and no other."""
    monkeypatch.setattr(quality, name, value)
    assert unmet(assess(VENDOR, LIVE, 90)) == {criterion}


@pytest.mark.parametrize(
    ("calls", "found"),
    [
        ([DemoCall("mindmap", {"prompt": "A plan", "paper": "A4"})], "mindmap: TypeError("),
        ([DemoCall("mindmap", {"prompt": ""})], "mindmap: InvalidArgument("),
        ([], "no call"),
    ],
)
def test_demo_whose_first_call_fails_is_not_met(
    monkeypatch: pytest.MonkeyPatch, calls: list[DemoCall], found: str
) -> None:
    """The first call of the demo is made: that a vendor lists calls is not enough."""
    load: Callable[..., Any] = soundstage_vendors.load
    monkeypatch.setattr(soundstage_vendors, "load", lambda slug, part: calls if part == "demo" else load(slug, part))
    result = assess(VENDOR, LIVE, 90)
    assert (result.level, unmet(result)) == (None, {"demo"})
    assert result.next_steps[0].found.startswith(found)


@pytest.mark.parametrize("part", ["client", "async_client", "service", "demo"])
def test_without_any_part_of_bronze_there_is_no_level(monkeypatch: pytest.MonkeyPatch, part: str) -> None:
    """A vendor that lacks client, simulator or demo is not bronze, whatever else it has."""
    load: Callable[..., Any] = soundstage_vendors.load
    monkeypatch.setattr(soundstage_vendors, "load", lambda slug, name: missing() if name == part else load(slug, name))
    result = assess(VENDOR, LIVE, 90)
    assert result.level is None
    expected = "demo" if part == "demo" else "client and simulator"
    assert ("bronze", expected, "there is no such part", False) in {
        (one.level, one.name, one.found, one.met) for one in result.criteria
    }


def test_refusals_with_http_200_count(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every refusal of Media.io comes with HTTP 200, and one that follows from no fact is found as any other."""
    service: Any = soundstage_vendors.load("mediaio", "service")

    def refusals() -> Criterion:
        return next(one for one in assess("mediaio", {}, 90).criteria if one.name == "refusals are facts")

    of_codes = {refusal.fact for refusal in service.codes.values()}
    assert {refusal.status for refusal in service.codes.values()} == {200}
    assert refusals().met
    assert int(refusals().found.split()[0]) >= len(of_codes)
    wrong = replace(next(iter(service.codes.values())), fact="errors.nowhere")
    monkeypatch.setattr(service, "codes", {**service.codes, "7": wrong})
    assert (refusals().found, refusals().met) == ("no fact for errors.nowhere", False)


def quality_part() -> Any:
    """Return a missing part."""
    from soundstage_contracts.registry import MissingPart

    return MissingPart("suite", "suite/test_it.py")


@pytest.mark.parametrize(
    ("observation", "found"),
    [
        (Observation("failed", TODAY), "1 of 1 facts failed"),
        (Observation("passed", TODAY - timedelta(days=91)), "1 of 1 facts are older than 90 days"),
    ],
)
def test_failed_or_stale_live_evidence_is_not_platinum(observation: Observation, found: str) -> None:
    """Live evidence counts for 90 days, and only if nothing failed."""
    result = assess(VENDOR, {f"{VENDOR}:create.route": {"live": observation}}, 90)
    assert result.level == "gold"
    assert [step.found for step in result.next_steps] == [found]


def test_evidence_of_another_vendor_does_not_count() -> None:
    """A vendor without live evidence of its own is not platinum."""
    assert assess(VENDOR, {"veo:create.route": {"live": Observation("passed", TODAY)}}, 90).level == "gold"


def test_a_level_includes_those_below_it() -> None:
    """Without bronze there is no silver, however much of it is met."""
    criteria = (
        Criterion("bronze", "a", "", met=False),
        Criterion("silver", "b", "", met=True),
        Criterion("gold", "c", "", met=False),
    )
    found = Quality("acme", criteria)
    assert found.level is None
    assert found.next_steps == criteria[:1]


def test_a_broken_vendor_has_no_level_and_its_error_as_reason() -> None:
    """A vendor that cannot be used is shown with the sentence that states why."""
    found = assess("vei", {}, 90)
    assert found.level is None
    assert all("no vendor is called 'vei'" in one.found for one in found.criteria if one.level != "gold")
