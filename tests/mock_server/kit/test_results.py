"""Result URLs are signed: they work after success, without a credential, for the whole file or a range."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

if TYPE_CHECKING:
    from collections.abc import Iterator

    from soundstage_server.model.account import Task
    from tests.mock_server.conftest import Caller, Kit


@pytest.fixture(scope="module")
def caller(kit: Kit) -> Iterator[Caller]:
    """A caller of a world with small media."""
    with kit.world() as world:
        world.account("tomoviee", "key-1").ledger.set_available(10**9, 0.0)
        yield kit.caller(world)


def made(caller: Caller, prompt: str = "A fox", **params: object) -> tuple[Task, str]:
    """Create a task; return it and its result URL."""
    world = caller.app.world
    caller.create(prompt, **params)
    task = list(world.tasks())[-1]
    (url,) = world.services["tomoviee"].result_urls(task)
    return task, url


@pytest.fixture(scope="module")
def url(caller: Caller) -> str:
    """The URL of a finished video."""
    task, address = made(caller, "A finished video")
    caller.app.world.advance(task.ends - task.account.now())
    return address


def test_result_needs_no_credential(caller: Caller, url: str) -> None:
    """A video is sent with its type, length and ETag."""
    reply = caller.fetch(url)
    assert reply.status == 200
    assert reply.headers["content-type"] == "video/mp4"
    assert reply.headers["content-length"] == str(len(reply.content))
    assert reply.headers["etag"]
    assert reply.content[4:8] == b"ftyp"


@pytest.mark.parametrize(
    "prompt", ["A fox", "soundstage:fail", "soundstage:block", "soundstage:cancel", "soundstage:timeout"]
)
def test_result_exists_after_success_only(caller: Caller, prompt: str) -> None:
    """A correctly signed URL returns 404 until the task has succeeded, and always if it fails."""
    task, url = made(caller, prompt)
    assert caller.fetch(url).status == 404
    task.account.advance(task.ends - task.account.now() - 1)
    assert caller.fetch(url).status == 404
    task.account.advance(1.5)
    assert caller.fetch(url).status == (200 if prompt == "A fox" else 404)


@settings(deadline=None)
@given(data=st.data())
def test_altered_result_url_is_refused(caller: Caller, url: str, data: st.DataObject) -> None:
    """Another id, name, time or signature is refused as JSON."""
    begin = url.index("_files/") + len("_files/")
    place = data.draw(st.integers(begin, len(url) - 1))
    letter = data.draw(st.sampled_from("0123456789abcdefxyz_-./%&=").filter(lambda letter: letter != url[place]))
    reply = caller.fetch(url[:place] + letter + url[place + 1 :])
    assert reply.status in (403, 404)
    assert reply.json()["error"]


@pytest.mark.parametrize("query", ["", "?", "?Expires=1", "?Signature=", "?Signature=%FF%00", "?Signature=\ud800"])
def test_unsigned_result_url_is_refused(caller: Caller, url: str, query: str) -> None:
    """Guessing an id is not enough."""
    address = url.partition("?")[0] + query.encode("utf-8", "replace").decode()
    assert (caller.fetch(address).status, caller.fetch(address).json()) == (
        403,
        {"error": "the signature does not match"},
    )


def test_signature_is_valid_for_one_file(caller: Caller, url: str) -> None:
    """It opens neither another file of the task nor another task's file."""
    task, other = made(caller, "Another video")
    caller.app.world.advance(task.ends - task.account.now())
    query = url.partition("?")[2]
    assert caller.fetch(f"{other.partition('?')[0]}?{query}").status == 403
    assert caller.fetch(re.sub(r"/0\.mp4", "/1.mp4", url)).status == 403
    assert caller.fetch(other).status == 200


def test_unknown_file_returns_404(caller: Caller, url: str) -> None:
    """With a correct signature, too; an unknown task likewise."""
    from soundstage_server.kit import results

    world = caller.app.world
    task = next(task for task in world.tasks() if task.id in url)
    signature = results._sign(task, "9.mp4", results._expires(task, world), world.seed)
    address = re.sub(r"/0\.mp4", "/9.mp4", re.sub(r"Signature=\w+", f"Signature={signature}", url))
    assert (caller.fetch(address).status, caller.fetch(address).json()) == (404, {"error": "no such file"})
    assert caller.fetch(url.replace(task.id, "nothing")).status == 404


def test_head_has_the_headers_of_get(caller: Caller, url: str) -> None:
    """The same headers, and no body."""
    head, get = caller.fetch(url, "HEAD"), caller.fetch(url)
    assert (head.status, head.content) == (200, b"")
    assert head.headers == get.headers


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH", "OPTIONS"])
def test_result_allows_get_and_head_only(caller: Caller, url: str, method: str) -> None:
    """Any other method is refused, with the allowed ones."""
    reply = caller.fetch(url, method)
    assert (reply.status, reply.headers["allow"]) == (405, "GET, HEAD")
    assert reply.json() == {"error": f"a file takes GET and HEAD, not {method}"}


@settings(deadline=None)
@given(first=st.integers(0, 30_000), length=st.integers(1, 30_000))
def test_range_returns_part_of_the_file(caller: Caller, url: str, first: int, length: int) -> None:
    """A download can be resumed; past the end there is nothing."""
    whole = caller.fetch(url).content
    reply = caller.fetch(url, Range=f"bytes={first}-{first + length - 1}")
    if first >= len(whole):
        assert (reply.status, reply.headers["content-range"]) == (416, f"bytes */{len(whole)}")
        return
    last = min(first + length, len(whole)) - 1
    assert (reply.status, reply.headers["content-range"]) == (206, f"bytes {first}-{last}/{len(whole)}")
    assert reply.content == whole[first : last + 1]


def test_if_range_with_another_etag_returns_the_whole_file(caller: Caller, url: str) -> None:
    """With the file's own ETag it returns the range."""
    whole = caller.fetch(url)
    same = caller.fetch(url, **{"Range": "bytes=10-", "If-Range": whole.headers["etag"]})
    other = caller.fetch(url, **{"Range": "bytes=10-", "If-Range": '"another"'})
    assert (same.status, same.content) == (206, whole.content[10:])
    assert (other.status, other.content) == (200, whole.content)


def test_etag_survives_a_new_rendering(kit: Kit) -> None:
    """A video that is rendered again has the same bytes and ETag, so a download can be resumed."""
    with kit.world() as world:
        caller = kit.caller(world)
        _, url = made(caller)
        _, other = made(caller)
        world.advance(600)
        first = caller.fetch(url)
        world.media_cache.file_blocking(world.services["tomoviee"].outputs(next(world.tasks()))[0]).unlink()
        again = caller.fetch(url)
        assert (again.content, again.headers["etag"]) == (first.content, first.headers["etag"])
        assert caller.fetch(other).headers["etag"] != first.headers["etag"]


def test_result_url_uses_the_address_of_the_request(kit: Kit) -> None:
    """Under the slug, the vendor's host or the public URL; each of them works."""
    with kit.world() as world:
        caller = kit.caller(world)
        _, by_slug = made(caller)
        _, by_host = made(replace(caller, mount="", headers={**caller.headers, "Host": "openapi.wondershare.cc"}))
        world.public_url = "https://soundstage.example/behind"
        task, public = made(caller)
        world.advance(600)
        assert by_slug.startswith("http://127.0.0.1:8080/tomoviee/_files/tm_text2video_b-0-")
        assert by_host.startswith("http://openapi.wondershare.cc/_files/tm_text2video_b-0-")
        assert public.startswith(f"https://soundstage.example/behind/tomoviee/_files/{task.id}/0.mp4?")
        assert caller.fetch(by_slug).status == 200
        assert caller.fetch(by_host, Host="openapi.wondershare.cc").status == 200
        assert caller.fetch(public.replace("/behind", "")).status == 200


def test_address_cannot_be_signed_from_seed_and_task_alone(kit: Kit) -> None:
    """Two accounts with equal seed, task and time have different signatures: each needs its credential."""
    signatures = set()
    for credential in ("key-1", "key-2"):
        with kit.world() as world:
            kit.caller(world, credential=credential).create()
            (task,) = world.tasks()
            task.id, task.seed, task.changes = "task", 1, (5.0, 6.0)
            (url,) = world.services["tomoviee"].result_urls(task)
            signatures.add(url.partition("Signature=")[2])
    assert len(signatures) == 2


def test_public_url_may_end_in_a_slash(kit: Kit) -> None:
    """No result URL has two slashes."""
    with kit.world(public_url="https://soundstage.example/") as world:
        assert made(kit.caller(world))[1].startswith("https://soundstage.example/tomoviee/_files/")


def test_reset_removes_results(kit: Kit) -> None:
    """A reset invalidates the URLs."""
    with kit.world() as world:
        caller = kit.caller(world)
        _, url = made(caller)
        world.advance(600)
        assert caller.fetch(url).status == 200
        world.reset()
        assert caller.fetch(url).status == 404


@pytest.mark.parametrize("seed", [0, -1, 2**300])
def test_any_seed_can_sign(kit: Kit, seed: int) -> None:
    """No seed is too long for a signature."""
    with kit.world(seed=seed) as world:
        caller = kit.caller(world)
        _, url = made(caller)
        world.advance(600)
        assert caller.fetch(url).status == 200


def test_small_and_large_files_are_sent_alike(kit: Kit, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file that is read at once and one that Starlette sends have the same headers and bytes."""
    with kit.world() as world:
        caller = kit.caller(world)
        _, url = made(caller)
        world.advance(600)
        small = caller.fetch(url)
        monkeypatch.setattr("soundstage_server.kit.results._SMALL", 0)
        large = caller.fetch(url)
        assert (small.status, small.headers, small.content) == (large.status, large.headers, large.content)
        assert len(small.content) == int(small.headers["content-length"]) > 1000
