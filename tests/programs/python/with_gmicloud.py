"""GMI Cloud's own package: log in, make, wait for and save a video; the argument is the file."""

from __future__ import annotations

import os
import sys
import time
from urllib.request import urlretrieve

from gmicloud import Client  # type: ignore[import-not-found,import-untyped,unused-ignore]
from gmicloud._internal._models import (  # type: ignore[import-not-found,import-untyped,unused-ignore]
    SubmitRequestRequest,
)

client = Client(email=os.environ["GMI_CLOUD_EMAIL"], password=os.environ["GMI_CLOUD_PASSWORD"])
videos = client.video_manager
request = SubmitRequestRequest(model="Wan-AI_Wan2.1-T2V-14B", payload={"prompt": "A fox", "video_length": 2})
made = videos.create_request(request)
while made.status.value not in {"success", "failed", "cancelled"}:
    time.sleep(0.1)
    made = videos.get_request_detail(made.request_id)
urlretrieve(made.outcome["video_url"], sys.argv[1])
