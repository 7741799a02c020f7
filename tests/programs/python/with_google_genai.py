"""google-genai as Google's page shows it: make, wait for and save a video; the argument is the file."""

from __future__ import annotations

import sys
import time

from google import genai  # type: ignore[import-not-found,import-untyped,unused-ignore]

client = genai.Client()
operation = client.models.generate_videos(model="veo-3.0-generate-001", prompt="A fox")
while not operation.done:
    time.sleep(0.1)
    operation = client.operations.get(operation)
video = operation.response.generated_videos[0]
client.files.download(file=video.video)
video.video.save(sys.argv[1])
