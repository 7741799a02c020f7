"""Chain Tomoviee jobs: continue a video, and redraw one object of an image.

The URL of a finished video is the input of a continuation; the mask that `recognition` returns is the mask for
`redrawing`. Everything runs against a simulator in this process, where waiting takes no time. To call the vendor, omit
`base_url` and `clock`, and use a photograph of your own.
"""

from __future__ import annotations

from soundstage import SkippingClock, Tomoviee, gather
from soundstage_server import Server, World

PHOTOGRAPH = "https://example.com/harbour.png"


def main() -> None:
    """Generate ten seconds of video with two jobs, and change the boat in an image."""
    with (
        World(clock="auto", media="small") as world,
        Server(world) as server,
        Tomoviee("key", "secret", base_url=server.base_url("tomoviee"), clock=SkippingClock()) as client,
    ):
        video = client.text_to_video("A boat leaves the harbour")
        image = client.image_to_image("The harbour in the morning", PHOTOGRAPH)
        gather([video, image])

        more = client.video_continuation("The boat is out at sea", video.result()[0].url)

        image_url = image.result()[0].url
        mask = client.recognition(image_url, prompt="the boat").result()[0].url
        changed = client.redrawing("A red boat", image_url, mask)

        for job in gather([video, more, changed]):
            print(job.operation, *job.save("soundstage-demo"))


if __name__ == "__main__":
    main()
