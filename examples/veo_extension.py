"""Generate a video with Veo from an image, and a second video that continues the first.

A prompt that the content policy blocks raises `ContentFiltered`; it costs nothing, and its message explains what to
change. Everything runs against a simulator in this process, where waiting takes no time. To call the proxy, omit
`base_url` and `clock`.
"""

from __future__ import annotations

from io import BytesIO

from PIL import Image

from soundstage import ContentFiltered, JobFailed, SkippingClock, Veo
from soundstage_server import Server, World

MODEL = "veo-3.1-generate-preview"


def sunrise() -> bytes:
    """Return the first image of the video; a path to a file works as well."""
    file = BytesIO()
    Image.new("RGB", (1280, 720), "darkorange").save(file, "PNG")
    return file.getvalue()


def main() -> None:
    """Handle a blocked prompt, then generate two videos, the second from the first."""
    with (
        World(clock="auto", media="small") as world,
        Server(world) as server,
        Veo("key", base_url=f"{server.base_url('veo')}/gemini", clock=SkippingClock()) as client,
    ):
        try:
            client.generate_videos("A duel at dawn soundstage:block").result()
        except ContentFiltered as error:  # a subclass of JobFailed, so it comes first
            print("blocked:", error.message)
        except JobFailed as error:
            print("failed with code", error.code)

        video = client.generate_videos("The sun rises over the sea", model=MODEL, image=sunrise(), aspect_ratio="16:9")
        more = client.generate_videos("A boat sails into the light", model=MODEL, video=video.result()[0].url)
        for job in (video, more):
            print(job.operation, *job.save("soundstage-demo"))


if __name__ == "__main__":
    main()
