"""Makes a moving postcard of a place: the program that this project is about."""

from __future__ import annotations

from pathlib import Path

from soundstage import Tomoviee


def make(place: str, folder: Path, gateway: Tomoviee) -> Path:
    """Save a film of *place* in *folder*, and return its path."""
    job = gateway.text_to_video(f"A postcard from {place}, gently moving", aspect_ratio="4:3")
    (film,) = job.save(folder)
    return film


if __name__ == "__main__":
    with Tomoviee() as client:
        print(make("Lisbon", Path(), client))
