"""Make a short edited video with sound from a story-board, by four vendors.

1. Media.io draws a picture of every shot.
2. Kling (through Cloudsway) and Veo animate the pictures, while Tomoviee composes the music and speaks the narration.
3. `edit` cuts the shots together and mixes the sound; this needs no service.

Every job is polled while the others run. A shot that the service does not finish is animated by the other service.
Everything runs against a simulator in this process, where waiting takes no time and costs nothing. To call the vendors,
leave out `base_url` and `clock`, and the keys: the clients then read them from the environment.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from edit import SIZE, edit

from soundstage import Cloudsway, MediaIO, SkippingClock, Tomoviee, Veo, gather
from soundstage_server import Server, World

if TYPE_CHECKING:
    from collections.abc import Sequence

    from soundstage import Job

FOLDER = Path("soundstage-demo")


@dataclass(frozen=True)
class Shot:
    """One shot of the story-board: what is seen, how it moves, and which service animates it."""

    picture: str
    motion: str
    by: Literal["kling", "veo"]


STORY = (
    Shot("A paper boat on a stream at dawn, low sun, mist", "The boat drifts closer", "kling"),
    Shot("The same paper boat between tall reeds, dragonflies", "The camera follows the boat", "veo"),
    Shot("The paper boat on the open sea, a lighthouse far away", "The lighthouse starts to blink", "kling"),
)
NARRATION = "Every journey begins with a sheet of paper."
MUSIC = "Quiet piano with strings, hopeful, no drums"


@dataclass(frozen=True)
class Studio:
    """The clients of the four vendors."""

    images: MediaIO
    kling: Cloudsway
    veo: Veo
    sound: Tomoviee

    def animate(self, shot: Shot, picture: Path, by: str) -> Job:
        """Start the video of *shot* from its picture."""
        if by == "kling":
            return self.kling.image_to_video(picture, shot.motion)
        return self.veo.generate_videos(shot.motion, image=picture, duration_seconds=4, aspect_ratio="16:9")


def draw(studio: Studio, story: Sequence[Shot], folder: Path) -> list[Path]:
    """Return a picture of every shot."""
    jobs = gather(studio.images.imagen_4(shot.picture, ratio="16:9") for shot in story)
    return [job.result()[0].save(folder / f"shot-{number}.png") for number, job in enumerate(jobs, 1)]


def produce(studio: Studio, story: Sequence[Shot] = STORY, folder: Path = FOLDER, size: tuple[int, int] = SIZE) -> Path:
    """Make the whole video in a *size* of width and height, and return its file."""
    folder.mkdir(parents=True, exist_ok=True)
    pictures = draw(studio, story, folder)
    sounds = [studio.sound.text_to_music(MUSIC, 20), studio.sound.text_to_speech(NARRATION)]
    jobs = [studio.animate(shot, picture, shot.by) for shot, picture in zip(story, pictures, strict=True)]
    gather([*jobs, *sounds])
    for number, (shot, picture) in enumerate(zip(story, pictures, strict=True)):
        if jobs[number].error is not None:
            other = "veo" if shot.by == "kling" else "kling"
            print(f"shot {number + 1}: {jobs[number].error}; trying {other}")
            jobs[number] = studio.animate(shot, picture, other)
    videos = [job.result()[0].save(folder / f"shot-{number}.mp4") for number, job in enumerate(jobs, 1)]
    music, speech = (job.result()[0].save(folder / f"{job.operation}.mp3") for job in sounds)
    return edit(videos, music, speech, folder / "story.mp4", size)


def main() -> None:
    """Produce the story with a simulator in this process."""
    clock = SkippingClock()
    with (
        World(clock="auto") as world,
        Server(world) as server,
        MediaIO("key", base_url=server.base_url("mediaio"), clock=clock) as images,
        Cloudsway("key", "my-endpoint", base_url=server.base_url("cloudsway"), clock=clock) as kling,
        Veo("key", base_url=f"{server.base_url('veo')}/gemini", clock=clock) as veo,
        Tomoviee("key", "secret", base_url=server.base_url("tomoviee"), clock=clock) as sound,
    ):
        print(produce(Studio(images, kling, veo, sound)))


if __name__ == "__main__":
    main()
