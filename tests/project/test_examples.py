"""The larger examples: a story-board that becomes an edited video, and a web service with callbacks."""

from __future__ import annotations

import runpy
import sys
from array import array
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

import av
import pytest
from PIL import Image

from soundstage import Cloudsway, MediaIO, SkippingClock, Tomoviee, Veo
from soundstage_server import InProcess, Scenario, World

if TYPE_CHECKING:
    from collections.abc import Iterator

EXAMPLES = Path(__file__).parents[2] / "examples"
SIZE = (256, 144)


def example(monkeypatch: pytest.MonkeyPatch, folder: str, program: str) -> dict[str, Any]:
    """Return the names of a program in a folder whose other modules it imports."""
    monkeypatch.syspath_prepend(EXAMPLES / folder)
    names = runpy.run_path(str(EXAMPLES / folder / program))
    for name, module in list(sys.modules.items()):
        if (getattr(module, "__file__", None) or "").startswith(str(EXAMPLES / folder)):
            del sys.modules[name]
    return names


@pytest.fixture
def storyboard(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """Return the story-board program; its pictures are enlarged, as Kling takes none of less than 300 pixels."""
    names = example(monkeypatch, "storyboard", "storyboard.py")
    draw = names["draw"]

    def enlarged(*args: Any) -> list[Path]:
        paths: list[Path] = draw(*args)
        for path in paths:
            with Image.open(path) as picture:
                picture.resize((576, 324)).save(path)
        return paths

    monkeypatch.setitem(names["produce"].__globals__, "draw", enlarged)
    return names


@pytest.fixture
def world() -> Iterator[World]:
    """Yield a world with small media."""
    with World(clock="auto", media="small") as world:
        yield world


def produce(names: dict[str, Any], world: World, folder: Path) -> Path:
    """Make a video of two shots in *folder* and return it."""
    clock = SkippingClock()
    with InProcess(world) as server, server.client() as http:
        bases = {slug: server.base_url(slug) for slug in world.services}
        studio = names["Studio"](
            MediaIO("key", base_url=bases["mediaio"], clock=clock, http=http),
            Cloudsway("key", "endpoint", base_url=bases["cloudsway"], clock=clock, http=http),
            Veo("key", base_url=f"{bases['veo']}/gemini", clock=clock, http=http),
            Tomoviee("key", "secret", base_url=bases["tomoviee"], clock=clock, http=http),
        )
        made: Path = names["produce"](studio, names["STORY"][:2], folder, SIZE)
    return made


def test_storyboard_becomes_a_video_with_sound(storyboard: dict[str, Any], world: World, tmp_path: Path) -> None:
    """Both shots are in the video, one after the other; it sounds until its end and has one length."""
    with av.open(str(produce(storyboard, world, tmp_path))) as made:
        frames = [frame.to_image() for frame in made.decode(video=0)]  # type: ignore[no-untyped-call]  # PyAV
    with av.open(str(tmp_path / "story.mp4")) as made:
        # A plane may be longer than its samples.
        samples = [array("f", bytes(frame.planes[0]))[: frame.samples] for frame in made.decode(audio=0)]
        (sound,) = made.streams.audio
        rate = sound.rate
    assert {frame.size for frame in frames} == {SIZE}
    assert len(frames) == (5 + 4) * 24
    first, second = frames[4 * 24], frames[8 * 24]
    assert sum(abs(one - other) for one, other in zip(first.getpixel((8, 8)), second.getpixel((8, 8)), strict=True)) > 9
    assert abs(sum(map(len, samples)) / rate - 9) < 0.1
    loudest = [max(map(abs, part)) for part in samples]
    assert max(loudest[: len(loudest) // 2]) > 0.01
    assert max(loudest[len(loudest) // 2 : -len(loudest) // 4]) > 0.01


def test_shot_that_fails_goes_to_the_other_service(
    storyboard: dict[str, Any],
    world: World,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Kling's failure is reported, and Veo makes the shot; nothing that succeeded is paid again."""
    monkeypatch.setitem(storyboard["produce"].__globals__, "edit", lambda *arguments: arguments[3])
    world.scenario(Scenario("fail", vendor="cloudsway", times=1))
    produce(storyboard, world, tmp_path)
    assert "trying veo" in capsys.readouterr().out
    made = Counter(task.account.vendor for task in world.tasks())
    assert made == {"mediaio": 2, "tomoviee": 2, "cloudsway": 1, "veo": 2}


@pytest.mark.parametrize("name", ["test_forged_callback_is_refused", "test_callback_ends_the_order"])
def test_web_service(name: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The tests of the web service pass."""
    run = example(monkeypatch, "web_service", "test_service.py")[name]
    arguments = {"prompt": "a red kite", "state": "succeeded", "reason": ""} if name.endswith("order") else {}
    run(tmp_path=tmp_path, **arguments)
