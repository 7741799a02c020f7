"""A disk that is full at any moment: a request is written and answered, or refused and without any trace."""

from __future__ import annotations

from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, Final

from soundstage_server import InProcess, World
from soundstage_server.world.snapshot import StateError
from tests.siege.outcome import Outcome

if TYPE_CHECKING:
    import httpx

_HEADERS: Final = {"Authorization": "Bearer siege"}
_ROOM: Final = 1 << 30


def disk(seed: int, count: int) -> Outcome:
    """Send *count* requests while the room for the state file comes and goes; then load the file again."""
    outcome = Outcome("a disk that fills up and is freed at any moment: memory and file agree, nothing is half done")
    random = Random(seed)
    with TemporaryDirectory() as folder:
        path = Path(folder) / "state"
        with World(clock="manual", media="small", state=path, vendors=["infrai"]) as world:
            pages: Any = world.persistence.file
            with InProcess(world) as inside, inside.client(headers=_HEADERS) as client:
                for _ in range(count):
                    if random.random() < 0.2:
                        used = pages._db.execute("PRAGMA page_count").fetchone()[0]
                        limit = used if random.random() < 0.6 else _ROOM
                        pages._db.execute(f"PRAGMA max_page_count = {limit}")
                    outcome.note(*_step(world, client, inside.base_url("infrai"), random))
            pages._db.execute(f"PRAGMA max_page_count = {_ROOM}")
            world.save()
            before = world.snapshot()["accounts"]
        with World(clock="manual", state=path, vendors=["infrai"]) as again:
            outcome.note(again.snapshot()["accounts"] == before, "the file differs from memory after a restart")
    return outcome


def _step(world: World, client: httpx.Client, base: str, random: Random) -> tuple[bool, str]:
    before = world.snapshot()["accounts"]
    if random.random() < 0.2:
        try:
            world.advance(random.uniform(1, 300))
        except StateError as error:
            return world.snapshot()["accounts"] == before, f"a refused advance changed something: {error}"
        return True, ""
    created = client.post(f"{base}/v1/video/generate", json={"prompt": "A fox " + "x" * random.randrange(4000)})
    after = world.snapshot()["accounts"]
    if created.status_code >= 500:
        return after == before, f"a refused create changed something: {created.text[:80]}"
    balanced = all(account.ledger.is_balanced() for account in world.accounts())
    return balanced and created.status_code < 500, f"HTTP {created.status_code}, balanced: {balanced}"
