"""Contracts about how the client reads the responses of Tomoviee's gateway, beyond the shared laws."""

from __future__ import annotations

import json
from typing import Any

import pytest

from soundstage import JobState, errors
from soundstage_contracts import proves
from soundstage_contracts.laws.scripted_client import ScriptedClient
from soundstage_contracts.vendors.tomoviee import CONTRACT


def created(task: str = "tm_text2video_b-0-1") -> dict[str, Any]:
    """Return the response to a creation of *task*."""
    return {"code": 0, "msg": "", "data": {"task_id": task}}


def polled(status: Any, code: int = 0, **fields: Any) -> dict[str, Any]:
    """Return the response to a poll of a task with *status*."""
    return {"code": code, "msg": "success", "data": {"status": status, "progress": 50, "reason": "", **fields}}


@proves("tomoviee:poll.answer", side="client")
def test_data_is_read_despite_a_non_zero_code() -> None:
    """A non-zero code together with data is no refusal: the data has the task's state."""
    job = ScriptedClient(CONTRACT, polled(5, code=680500, reason="stopped")).client.job("a").refresh()
    assert job.state is JobState.CANCELED


@proves("tomoviee:create.answer", side="client")
def test_creation_with_a_non_zero_code_is_refused_despite_its_data() -> None:
    """A creation with a non-zero code is refused, also where its data names a task."""
    scripted = ScriptedClient(CONTRACT, {**created(), "code": 680400, "msg": "no"})
    with pytest.raises(errors.BadRequestError):
        scripted.client.text_to_video("A fox")


@proves("tomoviee:task.extra_fields", side="client")
@pytest.mark.parametrize("name", ["progress", "process"])
def test_progress_is_read_under_both_names(name: str) -> None:
    """The client reads progress from progress or process."""
    response = {"code": 0, "msg": "success", "data": {"status": 2, name: 37}}
    assert ScriptedClient(CONTRACT, response).client.job("a").refresh().progress == 37


@proves("tomoviee:poll.result_is_string", "tomoviee:image.result_key", side="client")
@pytest.mark.parametrize("key", ["video_path", "images_path", "image_path", "audio_path", "mask_path"])
def test_every_result_key_is_read(key: str) -> None:
    """Each URL in the result's JSON is an output, in order, under every documented key."""
    addresses = ["https://results.test/0", "https://results.test/1"]
    result = json.dumps({key: addresses, "model_version": "5", "translate_prompt": "A fox"})
    assert [
        output.url for output in ScriptedClient(CONTRACT, polled(3, result=result)).client.job("a").result()
    ] == addresses


FIRST, SECOND = "https://inputs.test/first.png", "https://inputs.test/second.png?signature=secret"


@proves("tomoviee:img2img.params", "tomoviee:redrawing.params", side="client")
@pytest.mark.parametrize(
    ("method", "needed", "name", "older", "values"),
    [
        ("image_to_image", {}, "reference_image", "image", (FIRST, SECOND)),
        ("image_to_image", {"reference_image": FIRST}, "batch_size", "image_num", (2, 3)),
        ("redrawing", {}, "init_image", "image", (FIRST, SECOND)),
        ("redrawing", {"init_image": FIRST}, "mask_url", "mask", (FIRST, SECOND)),
    ],
)
def test_older_name_of_an_argument_is_the_newer_one(
    method: str, needed: dict[str, Any], name: str, older: str, values: tuple[Any, Any]
) -> None:
    """An argument may have its older name, or both with one value; two values are refused without being shown whole."""
    value, other = values
    client = ScriptedClient(CONTRACT, created())
    call = getattr(client.client, method)
    for given in ({name: value}, {older: value}, {name: value, older: value}):
        call("A fox", **needed, **given)
    assert [body[name] for body in client.bodies()] == [value] * 3
    with pytest.raises(errors.InvalidArgument, match=name) as refused:
        call("A fox", **needed, **{name: value, older: other})
    assert (refused.value.field, len(client.sent)) == (older, 3)
    assert "secret" not in str(refused.value)
    with pytest.raises(errors.InvalidArgument) as refused:
        call("A fox", **needed, **{older: 5.5})
    assert refused.value.field == older


@proves("tomoviee:errors.unknown_outcome", side="client")
@pytest.mark.parametrize(
    ("status", "code"), [(500, 680500), (200, 680500), (503, 680500), (500, 1), (502, 680001), (200, 680001), (500, 0)]
)
def test_uncertain_refusal_leaves_the_outcome_unknown(status: int, code: int) -> None:
    """A server error with any code, and an undocumented code with HTTP 200, prove nothing: nothing is sent again."""
    scripted = ScriptedClient(CONTRACT, {"code": code, "msg": "no"}, status=status)
    with pytest.raises(errors.SubmitOutcomeUnknown) as unknown:
        scripted.client.text_to_video("A fox", resolution="720p", aspect_ratio="16:9")
    assert unknown.value.status == status
    assert len(scripted.sent) == 1
