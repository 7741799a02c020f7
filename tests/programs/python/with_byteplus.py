"""BytePlus's own package for Ark: make, wait for and save a video; the argument is the file."""

from __future__ import annotations

import sys
import time
from urllib.request import urlretrieve

from byteplussdkarkruntime import Ark  # type: ignore[import-not-found,import-untyped,unused-ignore]

tasks = Ark().content_generation.tasks
task = tasks.get(
    task_id=tasks.create(
        model="seedance-1-0-pro-250528",
        content=[{"type": "text", "text": "A fox --ratio 16:9"}],
        resolution="480p",
        duration=5,
    ).id
)
while task.status in {"queued", "running"}:
    time.sleep(0.1)
    task = tasks.get(task_id=task.id)
urlretrieve(task.content.video_url, sys.argv[1])
