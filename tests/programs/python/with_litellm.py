"""litellm as an SDK: make, wait for and save a video; the argument is the file."""

from __future__ import annotations

import sys
import time
from pathlib import Path

import litellm  # type: ignore[import-not-found,import-untyped,unused-ignore]

video = litellm.video_generation(model="gemini/veo-3.0-generate-001", prompt="A fox")
while video.status not in {"completed", "failed"}:
    time.sleep(0.1)
    video = litellm.video_status(video_id=video.id)
Path(sys.argv[1]).write_bytes(litellm.video_content(video_id=video.id))
