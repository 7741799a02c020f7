"""fal's own package: put a request into the queue, wait for it and save a video; the argument is the file."""

from __future__ import annotations

import sys
from urllib.request import urlretrieve

import fal_client  # type: ignore[import-not-found,import-untyped,unused-ignore]

model = "fal-ai/kling-video/v2/master/text-to-video"
made = fal_client.subscribe(model, {"prompt": "A fox", "duration": "5"}, with_logs=True)
urlretrieve(made["video"]["url"], sys.argv[1])
