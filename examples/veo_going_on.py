"""A film of Veo's that begins with a picture, and the film that goes on with it.

What is withheld for its content is told apart from what failed: it costs nothing, and says what to change. It all runs
against a simulator in this process, where waiting takes no time. Against the proxy, leave out `base_url` and `clock`.
"""

from __future__ import annotations

from io import BytesIO

from PIL import Image

from soundstage import ContentFiltered, JobFailed, SkippingClock, Veo
from soundstage_server import Server, World

MODEL = "veo-3.1-generate-preview"


def sunrise() -> bytes:
    """Return a picture to begin with; a path to one would do as well."""
    file = BytesIO()
    Image.new("RGB", (1280, 720), "darkorange").save(file, "PNG")
    return file.getvalue()


def main() -> None:
    """Make two films, the second out of the first, and meet a refusal on the way."""
    with (
        World(clock="auto", media="small") as world,
        Server(world) as server,
        Veo("key", base_url=f"{server.base_url('veo')}/gemini", clock=SkippingClock()) as client,
    ):
        try:
            client.generate_videos("A duel at dawn soundstage:block").result()
        except ContentFiltered as withheld:
            print("withheld:", withheld.message)
        except JobFailed as failed:
            print("failed with code", failed.code)

        film = client.generate_videos("The sun rises over the sea", model=MODEL, image=sunrise(), aspect_ratio="16:9")
        more = client.generate_videos("A boat sails into the light", model=MODEL, video=film.result()[0].url)
        for job in (film, more):
            print(job.operation, *job.save("soundstage-demo"))


if __name__ == "__main__":
    main()
