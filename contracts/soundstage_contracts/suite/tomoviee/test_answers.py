"""The contracts of how the client reads what Tomoviee's gateway answers, whoever answers in its place."""

from __future__ import annotations

import json
from typing import Any

import pytest

from soundstage import JobState
from soundstage_contracts import proves
from soundstage_contracts.laws.scripted_client import ScriptedClient
from soundstage_contracts.vendors.tomoviee import CONTRACT


def created(task: str = "tm_text2video_b-0-1") -> dict[str, Any]:
    """Return what the gateway says of a task that it made."""
    return {"code": 0, "msg": "", "data": {"task_id": task}}


def polled(status: Any, code: int = 0, **fields: Any) -> dict[str, Any]:
    """Return what the gateway says of a task that is at *status*."""
    return {"code": code, "msg": "success", "data": {"status": status, "progress": 50, "reason": "", **fields}}


@proves("tomoviee:poll.answer", side="client")
def test_data_is_read_whatever_the_code_is() -> None:
    """A non-zero code beside data is no refusal: the data says what the task is."""
    job = ScriptedClient(CONTRACT, polled(5, code=680500, reason="stopped")).client.job("a").refresh()
    assert job.state is JobState.CANCELED


@proves("tomoviee:task.extra_fields", side="client")
@pytest.mark.parametrize("name", ["progress", "process"])
def test_progress_is_read_under_both_names(name: str) -> None:
    """The gateway may call it progress or process: the client reads either."""
    answer = {"code": 0, "msg": "success", "data": {"status": 2, name: 37}}
    assert ScriptedClient(CONTRACT, answer).client.job("a").refresh().progress == 37


@proves("tomoviee:poll.result_is_string", "tomoviee:image.result_key", side="client")
@pytest.mark.parametrize("key", ["video_path", "images_path", "image_path", "audio_path", "mask_path"])
def test_the_client_reads_every_result_key(key: str) -> None:
    """Every address in the string's JSON is an output, in order, whichever documented key it stands under."""
    addresses = ["https://results.test/0", "https://results.test/1"]
    result = json.dumps({key: addresses, "model_version": "5", "translate_prompt": "A fox"})
    assert [
        output.url for output in ScriptedClient(CONTRACT, polled(3, result=result)).client.job("a").result()
    ] == addresses
