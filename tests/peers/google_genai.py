"""Google's own SDK, google-genai 2.34.0, against the simulator: `nox -s google_genai`.

Only the variables that `soundstage env veo` prints are set. The SDK makes videos, polls, and downloads the same bytes
as this project's client; filtered, failed and refused requests have the form that Google documents.
"""

from __future__ import annotations

import os
import sys
import warnings
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest

from soundstage import Veo
from soundstage_cli.env import server_address, variables
from soundstage_contracts import load_facts
from soundstage_contracts.testing.outside import is_local_host
from soundstage_server import Server, World

PNG = b"\x89PNG\r\n\x1a\n" + bytes(64)
MODEL, NEWEST, OLDEST = "veo-3.0-generate-preview", "veo-3.1-generate-preview", "veo-2.0-generate-001"


def only_here(event: str, arguments: tuple[Any, ...]) -> None:
    """Refuse connections that leave this machine."""
    if event == "socket.connect" and isinstance(arguments[1], tuple):
        assert is_local_host(str(arguments[1][0])), f"a connection to {arguments[1]}"


def ended(client: Any, operation: Any) -> Any:
    """Poll an operation until it is done."""
    for _ in range(100):
        if operation.done:
            return operation
        operation = client.operations.get(operation)
    raise AssertionError(operation)


def check_content(content: bytes, name: str, base_url: str) -> None:
    """Check that *content* equals what this project's client downloads for the operation *name*."""
    with TemporaryDirectory() as folder, Veo("soundstage", base_url=base_url) as mine:
        (output,) = mine.job(name).result()
        assert content[4:8] == b"ftyp"
        assert Path(output.save(Path(folder) / "video.mp4")).read_bytes() == content


def check_videos(client: Any, types: Any, base_url: str) -> None:
    """Make videos of every kind and download each."""
    reference = types.VideoGenerationReferenceImage(
        image=types.Image(image_bytes=PNG, mime_type="image/png"), reference_type="ASSET"
    )
    first = types.Image(image_bytes=PNG, mime_type="image/png")
    calls = (
        {"model": MODEL, "prompt": "A fox"},
        {"model": MODEL, "prompt": "A fox", "config": types.GenerateVideosConfig(
            aspect_ratio="9:16", duration_seconds=6, negative_prompt="snow", person_generation="allow_all")},
        {"model": MODEL, "prompt": "A fox", "image": first},
        {"model": NEWEST, "prompt": "A fox", "image": first, "config": types.GenerateVideosConfig(last_frame=first)},
        {"model": NEWEST, "prompt": "A fox", "config": types.GenerateVideosConfig(reference_images=[reference])},
        {"model": OLDEST, "prompt": "A fox", "config": types.GenerateVideosConfig(enhance_prompt=True)},
    )  # fmt: skip
    for call in calls:
        operation = client.models.generate_videos(**call)
        assert operation.done is None
        done = ended(client, operation)
        (made,) = done.response.generated_videos
        check_content(client.files.download(file=made.video), operation.name, base_url)
    more = client.models.generate_videos(model=NEWEST, prompt="It continues", video=made.video)
    assert ended(client, more).response.generated_videos


def check_failures(client: Any, errors: Any) -> None:
    """Check a filtered, a failed and a refused request."""
    filtered = ended(client, client.models.generate_videos(model=MODEL, prompt="A fox soundstage:block"))
    assert filtered.error is None
    assert not filtered.response.generated_videos
    assert (filtered.response.rai_media_filtered_count, len(filtered.response.rai_media_filtered_reasons)) == (1, 1)
    failed = ended(client, client.models.generate_videos(model=MODEL, prompt="A fox soundstage:fail"))
    assert (failed.response, failed.error["code"]) == (None, 13)
    with pytest.raises(errors.ClientError) as refused:
        client.models.generate_videos(model="veo-4", prompt="A fox")
    assert (refused.value.code, refused.value.status) == (404, "NOT_FOUND")


def main() -> None:
    """Run all checks through the proxy, set by the environment, and without it, by an explicit address."""
    with World(clock="auto", media="small") as world, Server(world) as server:
        for name, value in variables(load_facts("veo").vendors.values(), server_address(server.url), os.environ):
            os.environ[name] = value
        sys.addaudithook(only_here)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # the SDK's own
            from google import genai  # type: ignore[import-not-found,import-untyped,unused-ignore]
            from google.genai import errors, types  # type: ignore[import-not-found,import-untyped,unused-ignore]
        client = genai.Client()
        check_videos(client, types, f"{server.url}/veo/gemini")
        check_failures(client, errors)
        direct = genai.Client(api_key="soundstage", http_options=types.HttpOptions(base_url=f"{server.url}/veo"))
        check_videos(direct, types, f"{server.url}/veo")  # here the SDK turns a whole http address into a path
        check_failures(direct, errors)
        wrong = genai.Client(api_key="invalid-key", http_options=types.HttpOptions(base_url=f"{server.url}/veo"))
        with pytest.raises(errors.ClientError) as refused:
            wrong.models.generate_videos(model=MODEL, prompt="A fox")
        assert (refused.value.code, refused.value.status) == (400, "INVALID_ARGUMENT")
        print(f"google-genai {genai.__version__}: {world.requests} requests passed")


if __name__ == "__main__":
    main()
