"""litellm 1.110.2 as an SDK against the simulator: `nox -s litellm_sdk`.

Only the variables that `soundstage env veo` prints are set. The SDK makes a video, polls its status and downloads the
same bytes as this project's client; a refused request has the form that Google documents.
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

MODEL = "gemini/veo-3.0-generate-preview"


def only_here(event: str, arguments: tuple[Any, ...]) -> None:
    """Refuse connections that leave this machine."""
    if event == "socket.connect" and isinstance(arguments[1], tuple):
        assert is_local_host(str(arguments[1][0])), f"a connection to {arguments[1]}"


def ended(litellm: Any, video: Any) -> Any:
    """Poll a video until it has ended."""
    for _ in range(100):
        if video.status in {"completed", "failed"}:
            return video
        video = litellm.video_status(video_id=video.id)
    raise AssertionError(video)


def check_videos(litellm: Any, world: World, base_url: str) -> None:
    """Make videos and download each: the bytes equal those that this project's client downloads."""
    for options in ({}, {"seconds": "4", "size": "720x1280"}):
        video = litellm.video_generation(model=MODEL, prompt="A fox", **options)
        assert video.status == "processing"
        assert ended(litellm, video).status == "completed"
        content = litellm.video_content(video_id=video.id)
        task = list(world.tasks())[-1]
        assert task.params["aspectRatio"] == ("9:16" if options else "16:9")
        with TemporaryDirectory() as folder, Veo("soundstage", base_url=base_url) as mine:
            (output,) = mine.job(task.id).result()
            assert content[4:8] == b"ftyp"
            assert Path(output.save(Path(folder) / "video.mp4")).read_bytes() == content


def check_refusals(litellm: Any) -> None:
    """Check that an invalid request is refused before it costs anything."""
    with pytest.raises(litellm.BadRequestError, match="durationSeconds"):
        litellm.video_generation(model=MODEL, prompt="A fox", seconds="7")


def main() -> None:
    """Run all checks, configured by the environment alone."""
    with World(clock="auto", media="small") as world, Server(world) as server:
        for name, value in variables(load_facts("veo").vendors.values(), server_address(server.url), os.environ):
            os.environ[name] = value
        os.environ["LITELLM_LOCAL_MODEL_COST_MAP"] = (
            "True"  # otherwise importing it downloads prices from a remote host
        )
        sys.addaudithook(only_here)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # the package's own
            import litellm  # type: ignore[import-not-found,import-untyped,unused-ignore]
        check_videos(litellm, world, f"{server.url}/veo")
        check_refusals(litellm)
        print(f"litellm: {world.requests} requests passed")


if __name__ == "__main__":
    main()
