"""Cloudsway's part of the contracts: its strategies are valid on both sides, and its matrix reads as the fact does."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from soundstage import JobState
from soundstage_contracts import load_facts
from soundstage_contracts.laws.machine import JobMachine
from soundstage_contracts.simulators.target import Target
from soundstage_contracts.vendors.cloudsway import CONTRACT, DEMO, CloudswayMachine
from soundstage_contracts.vendors.cloudsway.matrix import GATEWAY_NAMES, MODELS, Combination, combinations, members_for
from soundstage_contracts.vendors.cloudsway.pictures import png
from soundstage_contracts.vendors.cloudsway.raw_client import TABLE
from soundstage_server.world.uploads import inspect_image

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="module")
def target() -> Iterator[Target]:
    """One simulator for this file."""
    with Target() as target:
        yield target


def statement(fact: str) -> str:
    """Return the statement of a fact."""
    return load_facts()[f"cloudsway:{fact}"].statement


@settings(max_examples=40)
@given(data=st.data())
def test_valid_arguments_are_accepted_on_both_sides(target: Target, data: st.DataObject) -> None:
    """Arguments of a method's strategy pass the client's and the simulator's validation."""
    method = data.draw(st.sampled_from(sorted(CONTRACT.operations)))
    arguments = data.draw(CONTRACT.operations[method])
    job = getattr(target.client(CONTRACT, target.new_account()), method)(**arguments)
    assert job.state is JobState.QUEUED


@pytest.mark.parametrize("call", DEMO, ids=lambda call: call.method)
def test_demonstration_is_valid(target: Target, call: object) -> None:
    """Every call of the demonstration is accepted."""
    client = target.client(CONTRACT, target.new_account())
    assert getattr(client, call.method)(**call.arguments).id  # type: ignore[attr-defined]


def test_error_table_agrees_with_the_facts() -> None:
    """The contracts' codes and HTTP statuses are those of the fact, no more and no fewer."""
    parts = statement("errors.table").partition(": ")[2].rstrip(".").split(", ")
    stated = {int(part.split(" ")[0]): int(part.rpartition("(")[2].rstrip(")")) for part in parts}
    assert stated == TABLE


def test_models_agree_with_the_facts() -> None:
    """Every model of the matrix, by both names, is in the fact, and so is nothing else."""
    stated = {
        word.strip(",.") for word in statement("text2video.models").split() if word.startswith(("kling-", "MaaS_"))
    }
    assert stated == {*MODELS, *GATEWAY_NAMES}


@pytest.mark.parametrize(
    ("asked", "allowed"),
    [
        (Combination("image2video", "kling-v1", "std", "5", "image_tail"), True),
        (Combination("image2video", "kling-v1", "std", "10", "image_tail"), False),
        (Combination("image2video", "kling-v1", "pro", "10", "static_mask"), False),
        (Combination("text2video", "kling-v1", "pro", "5", "camera_control:simple"), False),
        (Combination("image2video", "kling-v1", "pro", "5", "camera_control:simple"), True),
        (Combination("image2video", "kling-v1-5", "pro", "5", "camera_control:down_back"), False),
        (Combination("image2video", "kling-v1-5", "pro", "5", "dynamic_masks"), True),
        (Combination("image2video", "kling-v2-1", "std", "5", "image_tail"), False),
        (Combination("text2video", "kling-v2-master", "pro", "5", ""), False),
        (Combination("text2video", "kling-v2-6", "pro", "10", "sound"), True),
        (Combination("text2video", "kling-v2-6", "std", "10", "cfg_scale"), False),
        (Combination("text2video", "kling-v1-6", "pro", "10", "camera_control:down_back"), True),
    ],
)
def test_matrix_agrees_with_the_fact(asked: Combination, allowed: bool) -> None:  # noqa: FBT001 - a row of the table
    """Single clauses of the fact allow or refuse the documented combinations."""
    assert asked.allowed() is allowed
    assert asked in combinations(asked.kind)


def test_feature_is_requested_by_its_parameter_alone() -> None:
    """A feature is requested by the parameter of its name; no feature, by none."""
    for asked in combinations("image2video"):
        assert list(members_for(asked.feature, "x")) == ([asked.parameter] if asked.feature else [])


def test_a_grey_picture_is_one() -> None:
    """What stands in for an image can be opened, and has the sides that were asked for."""
    assert inspect_image(png(300, 750))[1:4] == ("PNG", 300, 750)


def test_the_machine_plays_this_vendor() -> None:
    """The state machine is the shared one, with this vendor's contract."""
    assert issubclass(CloudswayMachine, JobMachine)
    assert CloudswayMachine.contract is CONTRACT
