"""Tomoviee's part of the contracts: what its strategies make is valid on both sides, or broken in the one named way."""

from __future__ import annotations

import base64
import re
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from soundstage import InvalidArgument, JobState
from soundstage_contracts import load_facts
from soundstage_contracts.declarations.vendor import WORDS
from soundstage_contracts.laws.machine import JobMachine
from soundstage_contracts.simulators.target import Target
from soundstage_contracts.vendors import tomoviee as vendor
from soundstage_contracts.vendors.tomoviee import CONTRACT, CREATE, DEMO, RATIOS, RESOLUTIONS, SIZES, TomovieeMachine

if TYPE_CHECKING:
    from collections.abc import Iterator

FEW = settings(max_examples=40)


@pytest.fixture(scope="module")
def target() -> Iterator[Target]:
    """Return one simulator for this file."""
    with Target() as target:
        yield target


def statement(fact: str) -> str:
    """Return the statement of a fact."""
    return load_facts()[f"tomoviee:{fact}"].statement


@FEW
@given(data=st.data())
def test_valid_arguments_are_accepted_on_both_sides(target: Target, data: st.DataObject) -> None:
    """Arguments of a method's strategy pass the client's and the simulator's validation."""
    method = data.draw(st.sampled_from(sorted(CONTRACT.operations)))
    arguments = data.draw(CONTRACT.operations[method])
    job = getattr(target.client(CONTRACT, target.new_account()), method)(**arguments)
    assert job.state is JobState.QUEUED


@FEW
@given(body=vendor.text_to_video_body())
def test_valid_body_is_valid_for_the_client(target: Target, body: dict[str, Any]) -> None:
    """A body generated for a raw client passes the client's validation, too."""
    arguments = {"camera_move" if name == "camera_move_index" else name: value for name, value in body.items()}
    assert target.client(CONTRACT, target.new_account()).text_to_video(**arguments).id


@FEW
@given(case=vendor.broken_text_to_video())
def test_broken_body_has_one_invalid_parameter(target: Target, case: tuple[str, dict[str, Any]]) -> None:
    """Without the parameter that is named invalid, the body is accepted; only a prompt needs a replacement."""
    field, body = case
    repaired_body = {name: value for name, value in body.items() if name != field} | (
        {"prompt": "x"} if field == "prompt" else {}
    )
    headers = dict(vendor.headers(target.new_account()))
    url = target.base_url("tomoviee") + CREATE + "tm_text2video_b"
    assert target.http().post(url, json=repaired_body, headers=headers).json()["code"] == 0
    assert target.http().post(url, json=body, headers=headers).json()["code"] == 680400


def test_tables_agree_with_the_facts() -> None:
    """Resolutions, ratios, sizes and statuses agree with the statements of the fact file, word by word."""
    documented = dict(re.findall(r"(\d+p) is (\d+x\d+)", statement("output.video")))
    assert documented == {name: "{}x{}".format(*SIZES[name, "16:9"]) for name in RESOLUTIONS}
    assert set(RATIOS) == set(re.findall(r"\d+:\d+", statement("text2video.params")))
    assert "|".join(RESOLUTIONS) in statement("video.common")
    words = re.findall(r"(\d) (\w+)", statement("status.codes").partition(".")[0])
    assert {int(number): word for number, word in words} == {
        1: "queued", 2: "processing", 3: "success", 4: "failed", 5: "cancelled", 6: "timeout",
    }  # fmt: skip
    assert list(vendor.STATUS_WORDS) == [1, 2, 3, 4, 5, 6]


def test_size_has_its_ratio_and_the_resolution_as_short_side() -> None:
    """The sizes cover every resolution and ratio, each exact."""
    assert set(SIZES) == {(resolution, ratio) for resolution in RESOLUTIONS for ratio in RATIOS}
    for (resolution, ratio), (width, height) in SIZES.items():
        assert f"{min(width, height)}p" == resolution
        assert Fraction(width, height) == Fraction(*map(int, ratio.split(":")))


def test_contract_is_complete() -> None:
    """Every method that it names exists on both clients, its words are in-band, and the state machine tests it."""
    assert CONTRACT.slug == "tomoviee"
    for method in CONTRACT.operations:
        assert callable(getattr(CONTRACT.client, method))
        assert callable(getattr(CONTRACT.async_client, method))
    assert set(CONTRACT.ends) <= set(WORDS)
    assert all(state.final for state in CONTRACT.ends.values())
    assert issubclass(TomovieeMachine, JobMachine)
    assert TomovieeMachine.contract is CONTRACT


@given(account=st.text("abc-0123456789", min_size=1), secret=st.text("abc", min_size=1))
def test_headers_are_the_documented_ones(account: str, secret: str) -> None:
    """The headers are the key, and Basic with the base64 of key and secret."""
    headers = vendor.headers(account, secret)
    assert headers["X-App-Key"] == account
    scheme, _, token = headers["Authorization"].partition(" ")
    assert (scheme, base64.b64decode(token).decode()) == ("Basic", f"{account}:{secret}")
    assert vendor.credentials(account) == {"app_key": account, "app_secret": vendor.SECRET}


@pytest.mark.parametrize("call", DEMO, ids=lambda call: f"{call.method} {call.arguments.get('aspect_ratio', '')}")
def test_demonstration_is_valid_and_succeeds(target: Target, call: Any) -> None:
    """Every call of the demonstration is accepted and has a result."""
    client = target.client(CONTRACT, target.new_account(), clock=target.advancing_clock())
    assert getattr(client, call.method)(**call.arguments).result()


def test_client_refuses_an_invalid_aspect_ratio(target: Target) -> None:
    """The client refuses a ratio that no video has, before it sends anything."""
    with pytest.raises(InvalidArgument, match="aspect_ratio"):
        target.client(CONTRACT, target.new_account()).text_to_video("A fox", aspect_ratio="original")
