"""The types of the clients: checked by mypy and pyright, never run.

An unneeded `type: ignore` is an error, so that each one below proves that the mistake on its line is detected.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Coroutine, Generator
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any, assert_type

from soundstage import (
    AsyncCloudsway,
    AsyncDiagram,
    AsyncEdrawMax,
    AsyncGMICloud,
    AsyncInfrai,
    AsyncJob,
    AsyncMediaIO,
    AsyncOutput,
    AsyncTomoviee,
    AsyncVeo,
    CameraControl,
    CameraMove,
    Cloudsway,
    ControlType,
    Diagram,
    DynamicMask,
    EdrawMax,
    GMICloud,
    Infrai,
    InfraiAccount,
    Job,
    MediaIO,
    Output,
    SavedDiagram,
    Snapshot,
    SpendLimit,
    Spent,
    Tomoviee,
    Veo,
    Voice,
    as_completed,
    as_completed_async,
    gather,
    gather_async,
)
from soundstage.vendors.gmicloud import Model, Profile, RequestRecord

if TYPE_CHECKING:
    import httpx
    import httpx2


def blocking(client: Tomoviee) -> None:
    """A call of the sync client returns the value."""
    job = client.text_to_video("a kite", aspect_ratio="9:16", camera_move=CameraMove.ORBIT)
    assert_type(job, Job)
    assert_type(job.wait(timeout=5), Job)
    assert_type(job.refresh(), Job)
    assert_type(job.cancel(), Job)
    assert_type(job.result(), list[Output])
    assert_type(job.outputs, list[Output])
    assert_type(job.updates(), Generator[Snapshot, None, None])
    assert_type(job.save("videos"), list[Path])
    assert_type(job.outputs[0].save("video.mp4"), Path)
    assert_type(client.job("t-1"), Job)
    assert_type(client.job_from_token("{}"), Job)
    with client as same:
        assert_type(same, Tomoviee)


async def awaiting(client: AsyncTomoviee) -> None:
    """A call of the async client returns a coroutine of the same value."""
    waiting = assert_type(client.text_to_video("a kite"), Coroutine[Any, Any, AsyncJob])
    job = await waiting
    assert_type(job, AsyncJob)
    assert_type(await job, AsyncJob)
    assert_type(await job.wait(timeout=5), AsyncJob)
    assert_type(await job.refresh(), AsyncJob)
    assert_type(await job.result(), list[AsyncOutput])
    assert_type(job.updates(), AsyncGenerator[Snapshot, None])
    assert_type(await job.save("videos"), list[Path])
    assert_type(await job.outputs[0].save("video.mp4"), Path)
    assert_type(client.job("t-1"), AsyncJob)
    async with client as same:
        assert_type(same, AsyncTomoviee)


def capabilities(client: Tomoviee) -> None:
    """Every capability starts a job, and accepts the names and the numbers of its values."""
    image = "https://files.example/cat.png"
    assert_type(client.image_to_video("a cat", image, aspect_ratio="original"), Job)
    assert_type(client.first_last_frame("a cat", image, image, resolution="1080p"), Job)
    assert_type(client.video_continuation("a cat", image, camera_move=7), Job)
    assert_type(client.image_to_image("a cat", image, control_type=ControlType.EDGE, batch_size=4), Job)
    assert_type(client.image_to_image("a cat", image=image, image_num=2, control_type="3"), Job)
    assert_type(client.redrawing("a cat", image, image), Job)
    assert_type(client.redrawing("a cat", image=image, mask=image), Job)
    assert_type(client.recognition(image, control_type=1, prompt="the cat"), Job)
    assert_type(client.text_to_music("a waltz", 30, 2, disable_translate=True), Job)
    assert_type(client.text_to_sound_effect("rain", 5), Job)
    assert_type(client.text_to_speech("Good evening.", Voice.EN_GB_RYAN), Job)
    assert_type(client.text_to_speech("Good evening.", "fr-FR-DeniseNeural"), Job)
    assert_type(client.video_soundtrack(image, prompt="a waltz", duration=30), Job)


async def infrai(client: Infrai, other: AsyncInfrai) -> None:
    """Infrai's one capability starts a job; an activation returns an account, without a client."""
    assert_type(client.generate("a kite", aspect="1:1", resolution="4k", prefer="smartest", vendor="veo"), Job)
    assert_type(client.generate("a kite", duration_seconds=7.5, idempotency_key="order-7").cost, float | None)
    assert_type(await other.generate("a kite"), AsyncJob)
    assert_type(Infrai.activate(credentials_file="keys", replace=True), InfraiAccount)
    assert_type(await AsyncInfrai.activate(), InfraiAccount)
    client.generate("a kite", aspect="4:3")  # type: ignore[arg-type]
    client.generate("a kite", "16:9")  # type: ignore[call-arg]
    AsyncInfrai.activate()  # type: ignore[unused-coroutine]


async def kling(client: Cloudsway, other: AsyncCloudsway, path: Path) -> None:
    """Videos from text and images start jobs, images have four forms, and lists contain jobs of the client's kind."""
    assert_type(client.text_to_video("a cat", model_name="kling-v2-6", mode="pro", sound="on", duration=10), Job)
    assert_type(client.image_to_video(path, camera_control=CameraControl(pan=3)), Job)
    assert_type(client.image_to_video(b"", "a cat", dynamic_masks=[DynamicMask("mask.png", [(1, 1), (9, 9)])]), Job)
    assert_type(client.list_jobs("text_to_video", page=2), list[Job])
    assert_type(await other.list_jobs("image_to_video"), list[AsyncJob])
    assert_type(await other.image_to_video("https://files.example/cat.png"), AsyncJob)
    client.text_to_video("a cat", model_name="kling-v1-5")  # type: ignore[arg-type]
    client.text_to_video("a cat", duration=7)  # type: ignore[arg-type]
    client.text_to_video("a cat", camera_control="simple")  # type: ignore[arg-type]
    client.image_to_video("cat.png", image_num=2)  # type: ignore[call-arg]


async def together(client: Tomoviee, other: AsyncTomoviee, jobs: list[Job], more: list[AsyncJob]) -> None:
    """Gather returns jobs of the given class."""
    assert_type(gather(jobs, limit=4, timeout=60), list[Job])
    assert_type(gather(client.text_to_video(prompt) for prompt in ("a cat", "a dog")), list[Job])
    assert_type(as_completed(jobs), Generator[Job, None, None])
    assert_type(await gather_async(more), list[AsyncJob])
    assert_type(await gather_async([await other.text_to_video("a cat")]), list[AsyncJob])
    assert_type(as_completed_async(more), AsyncGenerator[AsyncJob, None])
    gather(more)  # type: ignore[arg-type]
    as_completed([other.text_to_video("a cat")])  # type: ignore[list-item]
    await gather_async(jobs)  # type: ignore[arg-type]
    gather_async(more)  # type: ignore[unused-coroutine]


def http_clients(one: httpx.Client, other: httpx2.Client, same: httpx.AsyncClient, more: httpx2.AsyncClient) -> None:
    """A client takes an HTTP client of both libraries."""
    Tomoviee(http=one)
    Tomoviee(http=other)
    AsyncVeo(http=same)
    AsyncVeo(http=more)


async def mistakes(client: Tomoviee, other: AsyncTomoviee, http: httpx.Client) -> None:
    """Each of these is detected before it runs."""
    client.text_to_video()  # type: ignore[call-arg]
    client.text_to_video("a kite", resolution="4k")  # type: ignore[arg-type]
    client.text_to_video("a kite", duration=10)  # type: ignore[arg-type]
    client.text_to_video("a kite", "720p")  # type: ignore[call-arg]
    client.text_to_video("a kite", lens="wide")  # type: ignore[call-arg]
    client.text_to_video("a kite", aspect_ratio="original")  # type: ignore[arg-type]
    client.image_to_image("a kite", control_type=4)  # type: ignore[arg-type]
    client.text_to_music("a waltz")  # type: ignore[call-arg]
    _ = other.text_to_video("a kite").id  # type: ignore[attr-defined]
    other.text_to_video("a kite").wait()  # type: ignore[attr-defined]
    other.text_to_video("a kite")  # type: ignore[unused-coroutine]
    (await other.text_to_video("a kite")).wait()  # type: ignore[unused-coroutine]
    AsyncTomoviee(http=http)  # type: ignore[arg-type]
    Tomoviee("key", "secret", timeout="5")  # type: ignore[arg-type]
    Tomoviee(tiemout=5)  # type: ignore[call-arg]
    client.job("t-1").state = "done"  # type: ignore[assignment,misc]


def diagrams(client: EdrawMax) -> None:
    """The sync client returns a diagram."""
    drawn = client.flowchart("tea", lang="en", platform="web")
    assert_type(drawn, Diagram)
    assert_type(client.mindmap("tea", lang="pt_BR.UTF-8").source_code, str | None)
    assert_type(drawn.png, Output)
    assert_type(drawn.save(), SavedDiagram)
    assert_type(drawn.save("here")[0], Path)
    assert_type(drawn.save().problems, tuple[Exception, ...])
    client.gantt("tea", platform="amiga")  # type: ignore[arg-type] # no such platform
    client.infographic()  # type: ignore[call-arg] # a prompt is needed
    EdrawMax(trusted_hosts=5)  # type: ignore[arg-type] # not several hosts
    EdrawMax(poll=None)  # type: ignore[call-arg] # there are no jobs to poll


async def diagrams_awaited(client: AsyncEdrawMax) -> None:
    """A diagram of the async client is awaited, and so are its files."""
    waiting = assert_type(client.gantt("tea"), Coroutine[Any, Any, AsyncDiagram])
    drawn = await waiting
    assert_type(drawn.svg, AsyncOutput)
    assert_type(await drawn.save(), SavedDiagram)
    assert_type(await client.flowchart("tea"), AsyncDiagram)


async def gmicloud(client: GMICloud, other: AsyncGMICloud) -> None:
    """A request is a job, descriptions of models are values, and a one-time code may come from a callable."""
    assert_type(client.create_request("m", {"prompt": "a kite"}), Job)
    assert_type(client.text_to_video("a kite", video_length=5), Job)
    assert_type(client.image_to_video("a kite", Path("kite.png"), duration=5), Job)
    assert_type(client.models(), list[Model])
    assert_type(client.model("m"), Model)
    assert_type(client.requests("m"), list[RequestRecord])
    assert_type(client.profile(), Profile)
    assert_type(client.estimate("create_request", "m", {"prompt": "a kite"}), Decimal)
    assert_type(client.spent(), Spent)
    assert_type(await other.text_to_video("a kite"), AsyncJob)
    assert_type(await other.models(), list[Model])
    GMICloud("fox@example.test", "secret", otp=lambda: input("code: "), spend_limit=SpendLimit(total=5, per_job="0.5"))
    GMICloud(api_key=5)  # type: ignore[arg-type]
    client.text_to_video("a kite", duration=5)  # type: ignore[call-arg]
    client.create_request("m")  # type: ignore[call-arg]


async def videos(client: Veo, other: AsyncVeo) -> None:
    """Images are paths or bytes, an unknown model is accepted, and wrong values are detected before they run."""
    assert_type(client.generate_videos("a kite", model="veo-3.1-generate-preview", image=Path("kite.png")), Job)
    assert_type(client.generate_videos(None, image=b"", last_frame="end.png", reference_images=[b"", "kite.png"]), Job)
    assert_type(await other.generate_videos("a kite", model="veo-4", duration_seconds=6, seed=7), AsyncJob)
    client.generate_videos()  # type: ignore[call-arg] # a prompt is needed, or None with an image
    client.generate_videos("a kite", aspect_ratio="1:1")  # type: ignore[arg-type] # no such ratio
    client.generate_videos("a kite", duration_seconds=7)  # type: ignore[arg-type] # no video has this duration
    client.generate_videos("a kite", resolution="2k")  # type: ignore[arg-type] # no such size


async def endpoints(client: MediaIO, other: AsyncMediaIO) -> None:
    """Every endpoint of Media.io is typed, by method and by name, with strings and with Python values."""
    image = "https://files.example/cat.png"
    assert_type(client.kling_3_0("a cat", image, duration=5, generate_audio=True), Job)
    assert_type(client.kling_3_0("a cat", image, duration="15s", multi_shots="False", resolution="720P"), Job)
    assert_type(client.nano_banana_pro("a cat", [image], ratio="21:9", resolution="4K"), Job)
    assert_type(client.imagen_4("a cat", counts=4), Job)
    assert_type(client.motion_control_kling_2_6(image, image), Job)
    assert_type(client.generate("Kling 3.0", prompt="a cat", image=image, duration=15), Job)
    assert_type(client.generate("Wan 2.6 (Text To Video)", prompt="a cat", size="1:1"), Job)
    assert_type(client.generate("Nano Banana", prompt="a cat", images=(image, image)), Job)
    assert_type(client.credits(), int)
    assert_type(await other.wan_2_6_text_to_video("a cat", generate_audio=False), AsyncJob)
    assert_type(await other.generate("Imagen 4", prompt="a cat", counts="4"), AsyncJob)
    assert_type(await other.credits(), int)


async def endpoint_mistakes(client: MediaIO, other: AsyncMediaIO) -> None:
    """Each of these is detected before it runs: a wrong model, a wrong parameter, a wrong value."""
    image = "https://files.example/cat.png"
    client.kling_3_0("a cat", image, duration=7)  # type: ignore[arg-type]
    client.kling_3_0("a cat", image, resolution="1080p")  # type: ignore[arg-type]
    client.kling_3_0("a cat", image, size="1:1")  # type: ignore[call-arg]
    client.kling_3_0("a cat")  # type: ignore[call-arg]
    client.nano_banana("a cat", image)  # type: ignore[arg-type]
    client.kling_4_0("a cat", image)  # type: ignore[attr-defined]
    client.generate("Kling 4.0", prompt="a cat", image=image)  # type: ignore[call-overload]
    client.generate("Kling 3.0", prompt="a cat")  # type: ignore[call-overload]
    client.generate("Kling 3.0", prompt="a cat", image=image, duration=7)  # type: ignore[call-overload]
    client.generate("Wan 2.6", prompt="a cat", image=image, size="1:1")  # type: ignore[call-overload]
    await other.generate("Imagen 4", prompt="a cat", counts=5)  # type: ignore[call-overload]
    other.imagen_4("a cat")  # type: ignore[unused-coroutine]
