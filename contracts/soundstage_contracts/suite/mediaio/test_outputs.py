"""The contracts of what Media.io's tasks make: as many pictures, and films of the length, shape and sound asked for."""

from __future__ import annotations

from functools import partial
from io import BytesIO
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import av
import pytest
from PIL import Image

from soundstage_contracts import proves
from soundstage_contracts.vendors.mediaio.arguments import BY_NAME, ENDPOINTS, method_of
from soundstage_contracts.vendors.mediaio.raw_client import RawClient
from soundstage_server.media import Video, render

if TYPE_CHECKING:
    from soundstage_contracts.facts.tables import Endpoint
    from soundstage_contracts.simulators.target import Target

RATIOS: Final = ("ratio", "aspect_ratio", "size")
PICTURES: Final = [endpoint for endpoint in ENDPOINTS if endpoint.capability.endswith("image")]
FILMS: Final = [endpoint for endpoint in ENDPOINTS if endpoint not in PICTURES]
PRO: Final = BY_NAME["Nano Banana Pro"]


def of(name: str, endpoints: list[Endpoint]) -> list[tuple[Endpoint, str]]:
    """Return each of *endpoints* that takes the parameter *name*, with each of its values."""
    found = [(endpoint, one) for endpoint in endpoints for one in endpoint.parameters if one.name == name]
    return [(endpoint, value) for endpoint, one in found for value in one.limits["enum"]]


def facts(name: str, endpoints: list[Endpoint]) -> list[str]:
    """Return the facts of the parameter *name*."""
    return sorted({f"mediaio:{endpoint.fact(name)}" for endpoint, _ in of(name, endpoints)})


def ids(cases: list[tuple[Endpoint, str]]) -> list[str]:
    """Name the cases."""
    return [f"{method_of(endpoint)}-{value}" for endpoint, value in cases]


def default(endpoint: Endpoint, name: str) -> Any:
    """Return the documented default of a parameter, None where it has none or is not there."""
    return next((one.limits.get("default") for one in endpoint.parameters if one.name == name), None)


def shape(ratio: str) -> float:
    """Return how many times as wide as high a ratio is."""
    across, down = map(float, ratio.split(":"))
    return across / down


class Looks(NamedTuple):
    """What a film is."""

    width: int
    height: int
    seconds: float
    sounds: bool


def look(content: bytes) -> Looks:
    """Return what a film is, by a decoder."""
    with av.open(BytesIO(content), "r") as film:
        (picture,) = film.streams.video
        assert film.duration is not None
        return Looks(picture.width, picture.height, film.duration / 1_000_000, bool(film.streams.audio))


def made(target: Target, endpoint: Endpoint, **choices: Any) -> list[bytes]:
    """Let a task of a new account end, and return the files that it made."""
    raw = RawClient(target)
    return [raw.get(address) for address in raw.made(raw.start(endpoint, **choices))]


def pictured(target: Target, endpoint: Endpoint, **choices: Any) -> list[tuple[int, int]]:
    """Return the sides of the pictures that a task made."""
    sides = []
    for content in made(target, endpoint, **choices):
        with Image.open(BytesIO(content)) as picture:
            picture.load()
            sides.append(picture.size)
    return sides


@proves("mediaio:endpoint.t2i-imagen-4.counts", side="server")
@pytest.mark.parametrize("counts", [None, "1", "2", "3", "4"])
def test_there_are_as_many_pictures_as_counts(target: Target, counts: str | None) -> None:
    """One to four, one by default, and no two are the same."""
    files = made(target, BY_NAME["Imagen 4"], counts=counts)
    assert len(set(files)) == len(files) == int(counts or "1")


@proves(*facts("ratio", PICTURES), "mediaio:output.sizes", side="server")
@pytest.mark.parametrize(("endpoint", "ratio"), of("ratio", PICTURES), ids=ids(of("ratio", PICTURES)))
def test_a_picture_has_the_ratio_asked_for(target: Target, endpoint: Endpoint, ratio: str) -> None:
    """Every ratio of every endpoint; the default where none is given."""
    choices = {} if ratio == default(endpoint, "ratio") else {"ratio": ratio}
    ((width, height),) = pictured(target, endpoint, **choices)
    assert width / height == pytest.approx(shape(ratio), rel=0.05)


@proves("mediaio:endpoint.i2i-banana-2.resolution", "mediaio:output.sizes", side="server")
@pytest.mark.parametrize(("resolution", "side"), [(None, 1024), ("1K", 1024), ("2K", 2048), ("4K", 4096)])
@pytest.mark.parametrize("ratio", ["1:1", "21:9"])
def test_a_picture_has_the_pixels_of_its_resolution(
    full_target: Target, resolution: str | None, side: int, ratio: str
) -> None:
    """1K, which is the default, 2K and 4K are so many pixels, whatever the ratio."""
    ((width, height),) = pictured(full_target, PRO, resolution=resolution, ratio=ratio)
    assert width * height == pytest.approx(side * side, rel=0.01)
    assert width / height == pytest.approx(shape(ratio), rel=0.01)


@proves(*(fact for name in RATIOS for fact in facts(name, FILMS)), "mediaio:output.sizes", side="server")
@pytest.mark.parametrize(("name", "endpoint", "ratio"), [(name, *case) for name in RATIOS for case in of(name, FILMS)])
def test_a_film_has_the_ratio_asked_for(target: Target, name: str, endpoint: Endpoint, ratio: str) -> None:
    """Whatever an endpoint calls its ratio; the default where none is given."""
    choices = {} if ratio == default(endpoint, name) else {name: ratio}
    film = look(made(target, endpoint, **choices)[0])
    assert film.width / film.height == pytest.approx(shape(ratio), rel=0.05)


@proves(*facts("duration", FILMS), side="server")
@pytest.mark.parametrize(("endpoint", "duration"), of("duration", FILMS), ids=ids(of("duration", FILMS)))
def test_a_film_lasts_as_long_as_asked_for(target: Target, endpoint: Endpoint, duration: str) -> None:
    """Every duration of every endpoint, in seconds; the default where none is given."""
    choices = {} if duration == default(endpoint, "duration") else {"duration": duration}
    film = look(made(target, endpoint, **choices)[0])
    assert film.seconds == pytest.approx(float(duration.removesuffix("s")), abs=0.1)


@proves(*facts("resolution", FILMS), "mediaio:output.sizes", side="server")
@pytest.mark.parametrize("resolution", ["480P", "540P", "720P", "768P", "1080P"])
def test_a_films_short_side_is_its_resolution(full_target: Target, resolution: str) -> None:
    """Every resolution that there is, to the pixel."""
    endpoint = next(endpoint for endpoint, value in of("resolution", FILMS) if value == resolution)
    film = look(made(full_target, endpoint, resolution=resolution)[0])
    assert min(film.width, film.height) == int(resolution.removesuffix("P"))


@proves(*facts("generate_audio", FILMS), "mediaio:output.sound", side="server")
@pytest.mark.parametrize("endpoint", FILMS, ids=method_of)
def test_a_film_has_sound_only_if_it_was_asked_for(target: Target, endpoint: Endpoint) -> None:
    """Audio comes with generate_audio True, which is the default; other endpoints make silent films."""
    can = default(endpoint, "generate_audio") == "True"
    assert look(made(target, endpoint)[0]).sounds is can
    if can:
        assert look(made(target, endpoint, generate_audio="True")[0]).sounds
        assert not look(made(target, endpoint, generate_audio="False")[0]).sounds


@proves("mediaio:output.sizes", side="server")
def test_a_film_has_the_ratio_of_its_image(target: Target) -> None:
    """A film from a held image has that image's shape; from any other image it is 16:9."""
    file = BytesIO()
    Image.new("L", (600, 800)).save(file, "PNG")
    held = target.control.upload("fox.png", file.getvalue())["url"]
    make = partial(made, target, BY_NAME["Kling 2.1"])
    tall, plain = look(make(image=held)[0]), look(make()[0])
    assert tall.width / tall.height == pytest.approx(0.75, rel=0.05)
    assert plain.width / plain.height == pytest.approx(16 / 9, rel=0.05)


@proves("mediaio:output.sizes", side="server")
def test_motion_control_lasts_as_long_as_its_film(target: Target) -> None:
    """The motion of a held film of seven seconds takes seven seconds; of an unknown one, five."""
    held = target.control.upload("dance.mp4", render(Video(720, 720, 7, "A fox", "held", 1)))["url"]
    make = partial(made, target, BY_NAME["Motion Control Kling 2.6"])
    assert look(make(video=held)[0]).seconds == pytest.approx(7, abs=0.1)
    assert look(make()[0]).seconds == pytest.approx(5, abs=0.1)
