"""Generates a moving postcard of a place: the program of this project."""

from __future__ import annotations

from pathlib import Path

from soundstage import Tomoviee


def make(place: str, folder: Path, client: Tomoviee) -> Path:
    """Save a video of *place* in *folder*, and return its path."""
    job = client.text_to_video(f"A postcard from {place}, gently moving", aspect_ratio="4:3")
    (video,) = job.save(folder)
    return video


if __name__ == "__main__":
    with Tomoviee() as tomoviee:
        print(make("Lisbon", Path(), tomoviee))
