"""The pages about the client: every block of code runs."""

from __future__ import annotations

import builtins
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
import pytest

import soundstage
from soundstage._io import http

if TYPE_CHECKING:
    from tests.clients.conftest import Kit

PAGES = [Path(__file__).parents[2] / "docs" / name for name in ("client.md", "job_store.md", "callbacks.md")]
BLOCKS = [
    pytest.param(block, id=f"{page.stem}-{place}")
    for page in PAGES
    for place, block in enumerate(re.findall(r"```python\n(.*?)```", page.read_text(encoding="utf-8"), re.DOTALL))
]


@pytest.fixture
def _service(kit: Kit, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Replace the network by a service that is quick and behaves as documented."""

    def handler(request: httpx.Request) -> httpx.Response:
        if request.method == "GET":
            return httpx.Response(200, content=kit.video)
        created = "/application/" in request.url.path
        return httpx.Response(200, content=kit.created() if created else kit.finished("https://cdn.example/f.mp4"))

    def make(kind: type) -> Any:
        return lambda _, limits, **__: kind(transport=httpx.MockTransport(handler), limits=limits)

    monkeypatch.setattr(http.SyncTransport, "_make", make(httpx.Client))
    monkeypatch.setattr(http.AsyncTransport, "_make", make(httpx.AsyncClient))
    monkeypatch.setenv("TOMOVIEE_APP_KEY", kit.key)
    monkeypatch.setenv("TOMOVIEE_APP_SECRET", kit.secret)
    monkeypatch.setenv("CALLBACK_SECRET", kit.secret)
    monkeypatch.chdir(tmp_path)


@pytest.mark.usefixtures("_service")
@pytest.mark.parametrize("block", BLOCKS)
def test_guide_block_runs(block: str) -> None:
    """Every example of the guide can be copied and run."""
    exec(compile(block, "guide", "exec"), {"__name__": "guide"})  # noqa: S102 - the guide is ours


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_guide_names_public_classes(page: Path) -> None:
    """Every class that the guide names is public, or belongs to Python or httpx."""
    named = set(re.findall(r"`([A-Z][a-z]\w+)", page.read_text(encoding="utf-8")))
    assert named - {"Retry"} - set(dir(builtins)) - set(dir(httpx)) <= set(soundstage.__all__)
