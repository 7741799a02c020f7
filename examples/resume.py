"""Resume a paid job from its token after the program that submitted it has ended.

The first client submits a job and closes; the second resumes it from its token, as another process would. Both use a
simulator in this process, where waiting takes no time. To call the vendor, omit `base_url` and `clock`.
"""

from __future__ import annotations

from soundstage import SkippingClock, Tomoviee
from soundstage_server import Server, World


def main() -> None:
    """Submit a job, close the client, and save the video with another client."""
    with World(clock="auto", media="small") as world, Server(world) as server:
        address = server.base_url("tomoviee")
        with Tomoviee("key", "secret", base_url=address) as client:
            token = client.text_to_video("A lighthouse at dusk").to_token()
        print("the token contains no secret:", token)

        with Tomoviee("key", "secret", base_url=address, clock=SkippingClock()) as client:
            job = client.job_from_token(token)
            job.wait(on_update=lambda snapshot: print(snapshot.state, snapshot.progress))
            print("saved", *job.save("soundstage-demo"))


if __name__ == "__main__":
    main()
