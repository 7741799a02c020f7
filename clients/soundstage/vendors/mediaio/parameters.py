"""The parameters of each of Media.io's endpoints, as types for editors and type checkers.

Source: the pages of the API's endpoints, read in November 2026. `tools/mediaio_methods.py` generates this module;
do not edit it.
"""

from typing import Literal, Required, TypedDict


class Imagen4Parameters(TypedDict, total=False):
    """The parameters of `generate("Imagen 4", ...)`."""

    prompt: Required[str]
    ratio: Literal["9:16", "16:9", "1:1", "4:3", "3:4"]
    counts: Literal["1", "2", "3", "4", 1, 2, 3, 4]


class SoulCharacterParameters(TypedDict, total=False):
    """The parameters of `generate("soul_character", ...)`."""

    prompt: Required[str]
    ratio: Literal["2:3", "1:1", "3:2", "9:16", "16:9"]


class NanoBananaParameters(TypedDict, total=False):
    """The parameters of `generate("Nano Banana", ...)`."""

    prompt: Required[str]
    images: Required[list[str] | tuple[str, ...]]
    ratio: Literal["9:16", "16:9", "1:1", "4:3", "3:4", "3:2", "2:3", "21:9"]


class Seedream40Parameters(TypedDict, total=False):
    """The parameters of `generate("Seedream 4.0", ...)`."""

    prompt: Required[str]
    images: Required[list[str] | tuple[str, ...]]
    ratio: Literal["9:16", "16:9", "1:1", "4:3", "3:4", "3:2", "2:3"]


class NanoBananaProParameters(TypedDict, total=False):
    """The parameters of `generate("Nano Banana Pro", ...)`."""

    prompt: Required[str]
    images: Required[list[str] | tuple[str, ...]]
    ratio: Literal["9:16", "16:9", "1:1", "4:3", "3:4", "3:2", "2:3", "21:9"]
    resolution: Literal["1K", "2K", "4K"]


class Wan26Parameters(TypedDict, total=False):
    """The parameters of `generate("Wan 2.6", ...)`."""

    prompt: Required[str]
    image: Required[str]
    resolution: Literal["720P", "1080P"]
    duration: Literal["5s", "10s", "15s", 5, 10, 15]
    shot_type: Literal["Multi", "Single"]
    generate_audio: bool | Literal["True", "False"]


class Wan22Parameters(TypedDict, total=False):
    """The parameters of `generate("Wan 2.2", ...)`."""

    prompt: Required[str]
    image: Required[str]
    resolution: Literal["1080P"]
    duration: Literal["5s", 5]


class Hailuo02Parameters(TypedDict, total=False):
    """The parameters of `generate("Hailuo 02", ...)`."""

    prompt: Required[str]
    image: Required[str]
    duration: Literal["6s", 6]
    resolution: Literal["768P", "1080P"]


class Kling21Parameters(TypedDict, total=False):
    """The parameters of `generate("Kling 2.1", ...)`."""

    prompt: Required[str]
    image: Required[str]
    duration: Literal["5s", "10s", 5, 10]
    resolution: Literal["720P", "1080P"]


class ViduQ3Parameters(TypedDict, total=False):
    """The parameters of `generate("Vidu Q3", ...)`."""

    prompt: Required[str]
    image: Required[str]
    resolution: Literal["540P", "720P", "1080P"]
    duration: Literal["4s", "8s", "12s", "16s", 4, 8, 12, 16]
    generate_audio: bool | Literal["True", "False"]


class Kling25TurboParameters(TypedDict, total=False):
    """The parameters of `generate("Kling 2.5 Turbo", ...)`."""

    prompt: Required[str]
    image: Required[str]
    duration: Literal["5s", "10s", 5, 10]
    resolution: Literal["720P", "1080P"]


class GoogleVeo31Parameters(TypedDict, total=False):
    """The parameters of `generate("Google Veo 3.1", ...)`."""

    prompt: Required[str]
    image: Required[str]
    aspect_ratio: Literal["9:16", "16:9"]
    resolution: Literal["720P", "1080P"]
    duration: Literal["4s", "6s", "8s", 4, 6, 8]
    generate_audio: bool | Literal["True", "False"]


class Kling30Parameters(TypedDict, total=False):
    """The parameters of `generate("Kling 3.0", ...)`."""

    prompt: Required[str]
    image: Required[str]
    resolution: Literal["720P", "1080P"]
    duration: Literal["5s", "8s", "10s", "15s", 5, 8, 10, 15]
    multi_shots: bool | Literal["True", "False"]
    generate_audio: bool | Literal["True", "False"]


class Hailuo23Parameters(TypedDict, total=False):
    """The parameters of `generate("Hailuo 2.3", ...)`."""

    prompt: Required[str]
    image: Required[str]
    resolution: Literal["768P", "1080P"]
    duration: Literal["6s", "10s", 6, 10]


class ViduQ2Parameters(TypedDict, total=False):
    """The parameters of `generate("Vidu Q2", ...)`."""

    prompt: Required[str]
    image: Required[str]
    duration: Literal["4s", "6s", "8s", 4, 6, 8]
    resolution: Literal["720P", "1080P"]


class Wan25Parameters(TypedDict, total=False):
    """The parameters of `generate("Wan 2.5", ...)`."""

    prompt: Required[str]
    image: Required[str]
    resolution: Literal["480P", "720P", "1080P"]
    duration: Literal["5s", "10s", 5, 10]


class Kling26Parameters(TypedDict, total=False):
    """The parameters of `generate("Kling 2.6", ...)`."""

    prompt: Required[str]
    image: Required[str]
    duration: Literal["5s", "10s", 5, 10]
    generate_audio: bool | Literal["True", "False"]


class MotionControlKling26Parameters(TypedDict, total=False):
    """The parameters of `generate("Motion Control Kling 2.6", ...)`."""

    video: Required[str]
    image: Required[str]
    prompt: str | None


class GoogleVeo31FastParameters(TypedDict, total=False):
    """The parameters of `generate("Google Veo 3.1 Fast", ...)`."""

    prompt: Required[str]
    image: Required[str]
    aspect_ratio: Literal["9:16", "16:9"]
    resolution: Literal["720P", "1080P"]
    duration: Literal["4s", "6s", "8s", 4, 6, 8]
    generate_audio: bool | Literal["True", "False"]


class Wan26TextToVideoParameters(TypedDict, total=False):
    """The parameters of `generate("Wan 2.6 (Text To Video)", ...)`."""

    prompt: Required[str]
    size: Literal["9:16", "16:9", "1:1", "4:3", "3:4"]
    duration: Literal["5s", "10s", "15s", 5, 10, 15]
    shot_type: Literal["Multi", "Single"]
    generate_audio: bool | Literal["True", "False"]


class ViduQ3TextToVideoParameters(TypedDict, total=False):
    """The parameters of `generate("Vidu Q3 (Text To Video)", ...)`."""

    prompt: Required[str]
    ratio: Literal["9:16", "16:9", "1:1", "4:3", "3:4"]
    resolution: Literal["540P", "720P", "1080P"]
    duration: Literal["4s", "8s", "12s", "16s", 4, 8, 12, 16]
    generate_audio: bool | Literal["True", "False"]


class Wan25TextToVideoParameters(TypedDict, total=False):
    """The parameters of `generate("Wan 2.5 (Text To Video)", ...)`."""

    prompt: Required[str]
    ratio: Literal["16:9", "9:16", "1:1", "4:3", "3:4"]
    duration: Literal["5s", "10s", 5, 10]
