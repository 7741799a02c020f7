"""Tomoviee's eleven capabilities: what each sends, accepts and refuses before anything is sent."""

from __future__ import annotations

import asyncio
import inspect
import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from soundstage import AsyncTomoviee, CameraMove, ControlType, InvalidArgument, JobState, Tomoviee, Voice
from soundstage._client.client import AsyncClient, SyncClient

if TYPE_CHECKING:
    from tests.clients.conftest import Kit

IMAGE = "https://files.example/cat.png?Signature=planted"
OTHER = "https://files.example/dog.png"
VIDEO = "http://files.example/video.mp4"
TEXTS = st.text(st.characters(exclude_categories=["Cs"]), min_size=1).filter(str.strip)
ADDRESSES = st.sampled_from([IMAGE, OTHER, VIDEO, "https://files.example:8443/a/b.webp"])
VIDEO_DEFAULTS = {"resolution": "720p", "aspect_ratio": "16:9", "duration": 5}
VIDEO_OPTIONS = {
    "resolution": st.sampled_from(["720p", "1080p"]),
    "aspect_ratio": st.sampled_from(["16:9", "9:16", "4:3", "3:4", "1:1"]),
    "camera_move": st.sampled_from(CameraMove) | st.integers(1, 46),
}
FRAME_OPTIONS = {**VIDEO_OPTIONS, "aspect_ratio": st.sampled_from(["16:9", "9:16", "4:3", "3:4", "1:1", "original"])}
CONTROLS = st.sampled_from(ControlType) | st.sampled_from(["0", "1", "2", "3"]) | st.integers(0, 3)
SIDES = st.integers(512, 2048)
FOUR = st.integers(1, 4)


@dataclass(frozen=True)
class Case:
    """One capability: required arguments, what is sent for them, allowed values and refused values."""

    method: str
    capability: str
    needs: dict[str, Any]
    fills: dict[str, Any]
    takes: dict[str, st.SearchStrategy[Any]]
    refuses: list[tuple[str, Any]] = field(default_factory=list)


NO_TEXTS = ["", " \n", None, 5, "\ud800"]
NO_ADDRESSES = ["", None, 5, "cat.png", "ftp://files.example/cat.png", "file:///cat.png", "https://", "https://a b/"]
NO_CONTROLS = [-1, 4, "4", "", "subject", True, 2.0, None, " 2"]
INVALID_VIDEOS: list[tuple[str, Any]] = [
    *(("prompt", value) for value in NO_TEXTS),
    *(("resolution", value) for value in ("480p", "4k", 720, None)),
    *(("duration", value) for value in (4, 10, 5.0, "5", None)),
    *(("camera_move", value) for value in (0, 47, True, "orbit", 1.0)),
    *(("aspect_ratio", value) for value in ("21:9", "auto", None, 1)),
]

CASES = [
    Case("text_to_video", "tm_text2video_b", {"prompt": "a cat"}, VIDEO_DEFAULTS, VIDEO_OPTIONS, INVALID_VIDEOS),
    Case(
        "image_to_video",
        "tm_img2video_b",
        {"prompt": "a cat", "image": IMAGE},
        VIDEO_DEFAULTS,
        FRAME_OPTIONS,
        [*INVALID_VIDEOS, *(("image", value) for value in NO_ADDRESSES)],
    ),
    Case(
        "first_last_frame",
        "tm_tail2video_b",
        {"prompt": "a cat", "image": IMAGE, "image_tail": OTHER},
        VIDEO_DEFAULTS,
        FRAME_OPTIONS,
        [*INVALID_VIDEOS, *((name, value) for name in ("image", "image_tail") for value in NO_ADDRESSES)],
    ),
    Case(
        "video_continuation",
        "tm_video_continuation_b",
        {"prompt": "a cat", "video": VIDEO},
        VIDEO_DEFAULTS,
        VIDEO_OPTIONS,
        [*INVALID_VIDEOS, ("aspect_ratio", "original"), *(("video", value) for value in NO_ADDRESSES)],
    ),
    Case(
        "image_to_image",
        "tm_reference_img2img",
        {"prompt": "a cat", "reference_image": IMAGE},
        {
            "control_type": "2",
            "width": 1024,
            "height": 1024,
            "batch_size": 1,
            "control_intensity": 0.5,
            "init_image": IMAGE,
        },
        {
            "control_type": CONTROLS,
            "width": SIDES,
            "height": SIDES,
            "batch_size": FOUR,
            "control_intensity": st.floats(0, 1) | st.sampled_from([0, 1]),
            "init_image": ADDRESSES,
        },
        [
            *(("prompt", value) for value in NO_TEXTS),
            *(("reference_image", value) for value in NO_ADDRESSES),
            *(("init_image", value) for value in NO_ADDRESSES if value is not None),
            *(("image", value) for value in NO_ADDRESSES if value is not None),
            *(("control_type", value) for value in NO_CONTROLS),
            *((name, value) for name in ("width", "height") for value in (511, 2049, 512.0, "1024", None)),
            *((name, value) for name in ("batch_size", "image_num") for value in (0, 5, 1.0, True, "1")),
            *(("control_intensity", value) for value in (-0.1, 1.1, float("nan"), float("inf"), "1", None, True)),
        ],
    ),
    Case(
        "redrawing",
        "tm_redrawing",
        {"prompt": "a cat", "init_image": IMAGE},
        {},
        {"mask_url": ADDRESSES},
        [
            *(("prompt", value) for value in NO_TEXTS),
            *(("init_image", value) for value in NO_ADDRESSES),
            *((name, value) for name in ("mask_url", "image", "mask") for value in NO_ADDRESSES if value is not None),
        ],
    ),
    Case(
        "recognition",
        "tm_reference_img2mask",
        {"image": IMAGE},
        {"control_type": "2"},
        {"control_type": CONTROLS, "prompt": TEXTS},
        [
            *(("image", value) for value in NO_ADDRESSES),
            *(("control_type", value) for value in NO_CONTROLS),
            *(("prompt", value) for value in NO_TEXTS if value is not None),
        ],
    ),
    Case(
        "text_to_music",
        "tm_text2music",
        {"prompt": "a waltz", "duration": 0},
        {"qty": 1},
        {"duration": st.integers(0, 95), "qty": FOUR, "disable_translate": st.booleans()},
        [
            *(("prompt", value) for value in NO_TEXTS),
            *(("duration", value) for value in (-1, 96, 900, 20.0, "20", None, True)),
            *(("qty", value) for value in (0, 5, None, True)),
            *(("disable_translate", value) for value in (0, 1, "yes")),
        ],
    ),
    Case(
        "text_to_sound_effect",
        "tm_text2sfx",
        {"prompt": "rain", "duration": 5},
        {"qty": 1},
        {"duration": st.integers(5, 180), "qty": FOUR},
        [
            *(("prompt", value) for value in NO_TEXTS),
            *(("duration", value) for value in (1, 2, 4, 181, None)),
            *(("qty", value) for value in (0, 5, None)),
        ],
    ),
    Case(
        "text_to_speech",
        "tm_text2speech",
        {"text": "Good evening."},
        {"voice_id": "zh-CN-YunxiNeural"},
        {"voice_id": st.sampled_from(Voice) | TEXTS},
        [
            *(("text", value) for value in (*NO_TEXTS, "x" * 5001)),
            *(("voice_id", value) for value in NO_TEXTS),
        ],
    ),
    Case(
        "video_soundtrack",
        "tm_video_scoring",
        {"video": VIDEO},
        {"duration": 20},
        {"prompt": TEXTS, "duration": st.integers(5, 900)},
        [
            *(("video", value) for value in NO_ADDRESSES),
            *(("prompt", value) for value in NO_TEXTS if value is not None),
            *(("duration", value) for value in (4, 901, 20.0, None)),
        ],
    ),
]
BY_METHOD = {case.method: case for case in CASES}
NAMES = {"camera_move": "camera_move_index"}
INVALID_CALLBACKS: list[tuple[str, Any]] = [
    ("callback", "ftp://me.example"),
    ("callback", 5),
    ("params", {"a": 1}),
    ("params", "\udfff"),
]
cases = pytest.mark.parametrize("case", CASES, ids=lambda case: case.method)


def sent_by(kit: Kit, method: str, **arguments: Any) -> tuple[str, dict[str, Any]]:
    """Return the capability that a call requests, and the body that it sends."""
    seen: list[httpx.Request] = []

    def handler(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        return httpx.Response(200, content=kit.created())

    job = getattr(kit.client(handler), method)(**arguments)
    assert (job.operation, job.state) == (method, JobState.QUEUED)
    (request,) = seen
    route, capability = request.url.path.rsplit("/", 1)
    assert (request.method, route) == ("POST", "/v1/open/capacity/application")
    return capability, json.loads(request.content)


def refusal_of(kit: Kit, method: str, **arguments: Any) -> InvalidArgument:
    """Return the error of a call that must send nothing."""

    def handler(request: httpx.Request) -> httpx.Response:
        raise AssertionError(request)

    with pytest.raises(InvalidArgument) as caught:
        getattr(kit.client(handler), method)(**arguments)
    return caught.value


def test_every_capability_has_a_case() -> None:
    """Both kinds of client add exactly the eleven capabilities."""
    for client, shared in ((Tomoviee, SyncClient), (AsyncTomoviee, AsyncClient)):
        methods = {name for name in dir(client) if not name.startswith("_")}
        assert methods - set(dir(shared)) == set(BY_METHOD)
    assert len(CASES) == 11


@cases
def test_required_arguments_send_documented_defaults(kit: Kit, case: Case) -> None:
    """Required arguments and the defaults of the vendor's own client are sent, and nothing else."""
    assert sent_by(kit, case.method, **case.needs) == (case.capability, {**case.needs, **case.fills})


@cases
@given(data=st.data())
def test_allowed_arguments_are_sent_under_vendor_names(kit: Kit, case: Case, data: st.DataObject) -> None:
    """Every allowed value is sent unchanged, controls as strings; None is omitted."""
    options = data.draw(st.fixed_dictionaries({}, optional={**case.takes, "params": TEXTS}))
    _, body = sent_by(kit, case.method, **{**case.needs, **options, "callback": "https://me.example/callback"})
    expected = {NAMES.get(name, name): value for name, value in options.items()}
    if "control_type" in options:
        expected["control_type"] = str(options["control_type"])
    if case.method == "image_to_image" and expected.get("control_type", "2") != "2":
        expected.setdefault("init_image", None)
    filled = {**case.needs, **case.fills, **expected, "callback": "https://me.example/callback"}
    assert body == {name: value for name, value in filled.items() if value is not None}


@pytest.mark.parametrize(
    ("method", "name", "value"),
    [(case.method, name, value) for case in CASES for name, value in [*case.refuses, *INVALID_CALLBACKS]],
)
def test_invalid_argument_sends_nothing(kit: Kit, method: str, name: str, value: Any) -> None:
    """The error names the field, the value and what is allowed, and no request is sent."""
    needs = BY_METHOD[method].needs
    if name in {"image", "mask"} and name not in needs:
        needs = {"prompt": "a cat"} if name == "image" else needs
    error = refusal_of(kit, method, **{**needs, name: value})
    assert error.field == name
    assert error.allowed
    assert str(error).startswith(f"{name}=")


@cases
def test_missing_argument_sends_nothing(kit: Kit, case: Case) -> None:
    """A missing argument is refused by Python, or by name where an older name exists."""
    for name in case.needs:
        rest = {other: value for other, value in case.needs.items() if other != name}
        with pytest.raises((TypeError, InvalidArgument), match=name):
            getattr(kit.client(lambda _: httpx.Response(500)), case.method)(**rest)


@pytest.mark.parametrize(
    ("method", "name", "old_name", "value", "other"),
    [
        ("image_to_image", "reference_image", "image", IMAGE, OTHER),
        ("image_to_image", "batch_size", "image_num", 3, 1),
        ("redrawing", "init_image", "image", IMAGE, OTHER),
        ("redrawing", "mask_url", "mask", IMAGE, OTHER),
    ],
)
def test_older_names_are_accepted(kit: Kit, *, method: str, name: str, old_name: str, value: Any, other: Any) -> None:
    """The older name alone, or both with one value, send the newer; two values are refused, without queries."""
    needs = {key: given for key, given in BY_METHOD[method].needs.items() if key != name}
    _, plain = sent_by(kit, method, **needs, **{name: value})
    assert plain[name] == value
    assert old_name not in plain
    assert sent_by(kit, method, **needs, **{old_name: value})[1] == plain
    assert sent_by(kit, method, **needs, **{name: value, old_name: value})[1] == plain
    error = refusal_of(kit, method, **needs, **{name: other, old_name: value})
    assert error.field == old_name
    assert name in error.allowed
    assert "planted" not in str(error)


def test_subject_starts_with_reference(kit: Kit) -> None:
    """init_image defaults to the reference only for a subject."""
    needs = BY_METHOD["image_to_image"].needs
    assert sent_by(kit, "image_to_image", **needs, init_image=OTHER)[1]["init_image"] == OTHER
    assert "init_image" not in sent_by(kit, "image_to_image", **needs, control_type=ControlType.EDGE)[1]
    assert sent_by(kit, "image_to_image", **needs, control_type=1, init_image=OTHER)[1]["init_image"] == OTHER


@pytest.mark.parametrize(
    ("method", "arguments", "allowed"),
    [
        ("text_to_music", {"prompt": "a waltz", "duration": 900}, "an integer from 0 to 95"),
        ("text_to_sound_effect", {"prompt": "rain", "duration": 1}, "an integer from 5 to 180"),
        ("image_to_image", {"prompt": "a cat", "image": IMAGE, "width": 256}, "an integer from 512 to 2048"),
        ("video_soundtrack", {"video": VIDEO, "duration": 901}, "an integer from 5 to 900"),
    ],
)
def test_ranges_are_those_of_newer_documents(kit: Kit, method: str, arguments: dict[str, Any], allowed: str) -> None:
    """A value that only the older pages allow is refused with the newer range."""
    assert refusal_of(kit, method, **arguments).allowed == allowed


def test_longest_speech_is_sent(kit: Kit) -> None:
    """5000 characters are sent."""
    assert sent_by(kit, "text_to_speech", text="x" * 5000)[1]["text"] == "x" * 5000


def test_controls_and_voices_match_documents() -> None:
    """There are four controls from 0, and the eight documented voices."""
    assert [(kind.name, str(kind)) for kind in ControlType] == [
        ("EDGE", "0"),
        ("POSE", "1"),
        ("SUBJECT", "2"),
        ("DEPTH", "3"),
    ]
    assert [str(voice) for voice in Voice] == [
        "zh-CN-YunxiNeural",
        "zh-CN-XiaoxiaoNeural",
        "zh-CN-YunjianNeural",
        "en-US-JennyNeural",
        "en-US-GuyNeural",
        "en-US-AriaNeural",
        "en-GB-SoniaNeural",
        "en-GB-RyanNeural",
    ]


@cases
def test_both_clients_send_the_same(kit: Kit, case: Case) -> None:
    """Each method sends the same bytes for the same arguments from both clients."""
    seen: list[bytes] = []

    def handler(request: httpx.Request) -> httpx.Response:
        seen.append(request.content)
        return httpx.Response(200, content=kit.created())

    async def awaiting() -> None:
        await getattr(kit.async_client(handler), case.method)(**case.needs)

    getattr(kit.client(handler), case.method)(**case.needs)
    asyncio.run(awaiting())
    assert seen[0] == seen[1]
    one, other = (inspect.signature(getattr(kind, case.method)) for kind in (Tomoviee, AsyncTomoviee))
    assert one.parameters == other.parameters


@cases
def test_every_method_cites_its_facts(case: Case) -> None:
    """The help of a method names its capability and its facts."""
    text = inspect.getdoc(getattr(Tomoviee, case.method)) or ""
    assert case.capability in text
    assert "Facts: tomoviee:" in text
