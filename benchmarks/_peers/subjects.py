"""The clients of the comparison: for each, how it is created and how it runs one job: one submission and one poll.

Each runs in an environment of its own, so that every import is inside of a function.
"""

from __future__ import annotations

import os
from typing import Any, Final

PROMPT: Final = "a red kite over the sea"
KEY: Final = "key-of-the-benchmark"


class Subject:
    """One client; `base` is its address at the server."""

    requirement = ""
    module = ""
    downloads = False

    def __init__(self, base: str) -> None:
        self.base = base

    def make(self, *, awaiting: bool) -> Any:
        """Return a client."""
        raise NotImplementedError

    def run(self, client: Any) -> Any:
        """Run one job, blocking."""
        raise NotImplementedError

    async def arun(self, client: Any) -> Any:
        """Run one job, awaiting."""
        raise NotImplementedError

    def save(self, client: Any, path: str) -> None:
        """Save the output of a job."""
        raise NotImplementedError


class Soundstage(Subject):
    """This project."""

    module, downloads = "soundstage", True

    def make(self, *, awaiting: bool) -> Any:
        """Return a client."""
        from soundstage import AsyncTomoviee, Tomoviee

        return (AsyncTomoviee if awaiting else Tomoviee)(KEY, "secret-of-the-benchmark", base_url=self.base)

    def run(self, client: Any) -> Any:
        """Run one job, blocking."""
        return client.text_to_video(PROMPT).wait()

    async def arun(self, client: Any) -> Any:
        """Run one job, awaiting."""
        return await (await client.text_to_video(PROMPT)).wait()

    def save(self, client: Any, path: str) -> None:
        """Save the output of a job."""
        self.run(client).outputs[0].save(path)


class OpenAI(Subject):
    """The videos of OpenAI."""

    requirement, module, downloads = "openai", "openai", True

    def make(self, *, awaiting: bool) -> Any:
        """Return a client."""
        from openai import AsyncOpenAI
        from openai import OpenAI as Blocking

        return (AsyncOpenAI if awaiting else Blocking)(api_key=KEY, base_url=self.base)

    def run(self, client: Any) -> Any:
        """Run one job, blocking."""
        return client.videos.retrieve(client.videos.create(model="sora-2", prompt=PROMPT).id)

    async def arun(self, client: Any) -> Any:
        """Run one job, awaiting."""
        return await client.videos.retrieve((await client.videos.create(model="sora-2", prompt=PROMPT)).id)

    def save(self, client: Any, path: str) -> None:
        """Save the output of a job."""
        client.videos.download_content("v-1").write_to_file(path)


class Replicate(Subject):
    """Predictions of Replicate; one client for both."""

    requirement, module, downloads = "replicate", "replicate", True

    def make(self, *, awaiting: bool) -> Any:
        """Return a client."""
        del awaiting
        from replicate import Client

        return Client(api_token=KEY, base_url=self.base)

    def run(self, client: Any) -> Any:
        """Run one job, blocking."""
        return client.predictions.get(client.predictions.create(version="v", input={"prompt": PROMPT}).id)

    async def arun(self, client: Any) -> Any:
        """Run one job, awaiting."""
        made = await client.predictions.async_create(version="v", input={"prompt": PROMPT})
        return await client.predictions.async_get(made.id)

    def save(self, client: Any, path: str) -> None:
        """Save the output of a job."""
        from pathlib import Path

        from replicate.helpers import FileOutput

        Path(path).write_bytes(FileOutput(self.base.rpartition("/")[0] + "/file", client).read())


class RunwayML(Subject):
    """Tasks of Runway."""

    requirement, module = "runwayml", "runwayml"

    def make(self, *, awaiting: bool) -> Any:
        """Return a client."""
        from runwayml import AsyncRunwayML
        from runwayml import RunwayML as Blocking

        return (AsyncRunwayML if awaiting else Blocking)(api_key=KEY, base_url=self.base)

    def run(self, client: Any) -> Any:
        """Run one job, blocking."""
        made = client.text_to_video.create(model="veo3.1", prompt_text=PROMPT, ratio="1280:720", duration=4)
        return client.tasks.retrieve(made.id)

    async def arun(self, client: Any) -> Any:
        """Run one job, awaiting."""
        made = await client.text_to_video.create(model="veo3.1", prompt_text=PROMPT, ratio="1280:720", duration=4)
        return await client.tasks.retrieve(made.id)


class LumaAI(Subject):
    """Generations of Luma."""

    requirement, module = "lumaai", "lumaai"

    def make(self, *, awaiting: bool) -> Any:
        """Return a client."""
        from lumaai import AsyncLumaAI
        from lumaai import LumaAI as Blocking

        return (AsyncLumaAI if awaiting else Blocking)(auth_token=KEY, base_url=self.base)

    def run(self, client: Any) -> Any:
        """Run one job, blocking."""
        return client.generations.get(client.generations.create(model="ray-2", prompt=PROMPT).id)

    async def arun(self, client: Any) -> Any:
        """Run one job, awaiting."""
        return await client.generations.get((await client.generations.create(model="ray-2", prompt=PROMPT)).id)


class GoogleGenAI(Subject):
    """Veo through Google's client; one client for both."""

    requirement, module = "google-genai", "google.genai"

    def make(self, *, awaiting: bool) -> Any:
        """Return a client."""
        del awaiting
        from google import genai

        return genai.Client(vertexai=True, api_key=KEY, http_options={"base_url": self.base})

    def run(self, client: Any) -> Any:
        """Run one job, blocking."""
        made = client.models.generate_videos(model="veo-3.0-generate-001", prompt=PROMPT)
        return client.operations.get(made)

    async def arun(self, client: Any) -> Any:
        """Run one job, awaiting."""
        made = await client.aio.models.generate_videos(model="veo-3.0-generate-001", prompt=PROMPT)
        return await client.aio.operations.get(made)


class Fal(Subject):
    """The queue of fal."""

    requirement, module = "fal-client", "fal_client"

    def make(self, *, awaiting: bool) -> Any:
        """Return a client."""
        import fal_client

        # Its addresses are constants with https.
        fal_client.client.QUEUE_URL_FORMAT = self.base + "/"
        return (fal_client.AsyncClient if awaiting else fal_client.SyncClient)(key=KEY)

    def run(self, client: Any) -> Any:
        """Run one job, blocking."""
        return client.submit("x/y", arguments={"prompt": PROMPT}).status()

    async def arun(self, client: Any) -> Any:
        """Run one job, awaiting."""
        return await (await client.submit("x/y", arguments={"prompt": PROMPT})).status()


class LiteLLM(Subject):
    """Videos through LiteLLM, which has functions in place of a client."""

    requirement, module = "litellm", "litellm"

    def make(self, *, awaiting: bool) -> Any:
        """Return the module."""
        del awaiting
        os.environ["LITELLM_LOCAL_MODEL_COST_MAP"] = "True"  # no request of its own
        import litellm

        return litellm

    def run(self, client: Any) -> Any:
        """Run one job, blocking."""
        to = {"api_base": self.base, "api_key": KEY}
        client.video_generation(model="openai/sora-2", prompt=PROMPT, **to)
        return client.video_status(video_id="v-1", custom_llm_provider="openai", **to)

    async def arun(self, client: Any) -> Any:
        """Run one job, awaiting."""
        to = {"api_base": self.base, "api_key": KEY}
        await client.avideo_generation(model="openai/sora-2", prompt=PROMPT, **to)
        return await client.avideo_status(video_id="v-1", custom_llm_provider="openai", **to)


SUBJECTS: Final[dict[str, type[Subject]]] = {
    "soundstage": Soundstage,
    "fal-client": Fal,
    "openai": OpenAI,
    "replicate": Replicate,
    "runwayml": RunwayML,
    "lumaai": LumaAI,
    "google-genai": GoogleGenAI,
    "litellm": LiteLLM,
}
"""Every client by the first segment of its paths."""
