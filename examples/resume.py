"""A job that was paid for survives the program that ordered it.

The first client orders a film and goes away; the second picks the job up by its token, as another process would. Both
speak to a simulator in this process, where waiting takes no time. Against the vendor, leave out `base_url` and `clock`.
"""

from __future__ import annotations

from soundstage import SkippingClock, Tomoviee
from soundstage_server import Server, World


def main() -> None:
    """Order a film, lose the client, and save the film with another."""
    with World(clock="auto", media="small") as world, Server(world) as server:
        address = server.base_url("tomoviee")
        with Tomoviee("key", "secret", base_url=address) as client:
            token = client.text_to_video("A lighthouse at dusk").to_token()
        print("the token holds no secret:", token)

        with Tomoviee("key", "secret", base_url=address, clock=SkippingClock()) as client:
            job = client.job_from_token(token)
            job.wait(on_update=lambda seen: print(seen.state, seen.progress))
            print("saved", *job.save("soundstage-demo"))


if __name__ == "__main__":
    main()
