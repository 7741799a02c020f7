"""What one Tomoviee job makes, the next one takes: a film that goes on, and a picture with one thing drawn anew.

A finished film's address is the video of a continuation; the mask that a recognition makes is the mask of a redrawing.
It all runs against a simulator in this process, where waiting takes no time. Against the vendor, leave out `base_url`
and `clock`, and name a photograph of your own.
"""

from __future__ import annotations

from soundstage import SkippingClock, Tomoviee, gather
from soundstage_server import Server, World

PHOTOGRAPH = "https://example.com/harbour.png"


def main() -> None:
    """Make ten seconds of film out of two jobs, and change the boat in a picture."""
    with (
        World(clock="auto", media="small") as world,
        Server(world) as server,
        Tomoviee("key", "secret", base_url=server.base_url("tomoviee"), clock=SkippingClock()) as client,
    ):
        film = client.text_to_video("A boat leaves the harbour")
        picture = client.image_to_image("The harbour in the morning", PHOTOGRAPH)
        gather([film, picture])

        more = client.video_continuation("The boat is out at sea", film.result()[0].url)

        drawn = picture.result()[0].url
        mask = client.recognition(drawn, prompt="the boat").result()[0].url
        changed = client.redrawing("A red boat", drawn, mask)

        for job in gather([film, more, changed]):
            print(job.operation, *job.save("soundstage-demo"))


if __name__ == "__main__":
    main()
