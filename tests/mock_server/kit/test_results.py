"""Results are handed out under signed addresses: after success, to whoever has the address, whole or in part."""

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
    """Somebody before a world of small media."""
    with kit.world() as world:
        world.account("tomoviee", "key-1").ledger.set_available(10**9, 0.0)
        yield kit.caller(world)


def made(caller: Caller, prompt: str = "A fox", **params: object) -> tuple[Task, str]:
    """Create a task; return it and the address of what it makes."""
    world = caller.app.world
    caller.create(prompt, **params)
    task = list(world.tasks())[-1]
    (url,) = world.services["tomoviee"].result_urls(task)
    return task, url


@pytest.fixture(scope="module")
def url(caller: Caller) -> str:
    """The address of a film that is ready."""
    task, address = made(caller, "A film that is ready")
    caller.app.world.advance(task.ends - task.account.now())
    return address


def test_a_result_needs_its_address_and_nothing_else(caller: Caller, url: str) -> None:
    """No credential is asked for, and a film comes with its type, its length and a tag."""
    reply = caller.fetch(url)
    assert reply.status == 200
    assert reply.headers["content-type"] == "video/mp4"
    assert reply.headers["content-length"] == str(len(reply.content))
    assert reply.headers["etag"]
    assert reply.content[4:8] == b"ftyp"


@pytest.mark.parametrize(
    "prompt", ["A fox", "soundstage:fail", "soundstage:block", "soundstage:cancel", "soundstage:timeout"]
)
def test_there_is_no_result_before_success_nor_after_failure(caller: Caller, prompt: str) -> None:
    """An address that is right to the letter answers 404 until the task has succeeded, and for ever if it does not."""
    task, url = made(caller, prompt)
    assert caller.fetch(url).status == 404
    task.account.advance(task.ends - task.account.now() - 1)
    assert caller.fetch(url).status == 404
    task.account.advance(1.5)
    assert caller.fetch(url).status == (200 if prompt == "A fox" else 404)


@settings(deadline=None)
@given(data=st.data())
def test_no_letter_of_an_address_can_be_changed(caller: Caller, url: str, data: st.DataObject) -> None:
    """Another id, name, time or signature is refused as JSON, and nothing comes of it."""
    begin = url.index("_files/") + len("_files/")
    place = data.draw(st.integers(begin, len(url) - 1))
    letter = data.draw(st.sampled_from("0123456789abcdefxyz_-./%&=").filter(lambda letter: letter != url[place]))
    reply = caller.fetch(url[:place] + letter + url[place + 1 :])
    assert reply.status in (403, 404)
    assert reply.json()["error"]


@pytest.mark.parametrize("query", ["", "?", "?Expires=1", "?Signature=", "?Signature=%FF%00", "?Signature=\ud800"])
def test_a_missing_signature_is_refused(caller: Caller, url: str, query: str) -> None:
    """An id that was guessed hands out nothing."""
    address = url.partition("?")[0] + query.encode("utf-8", "replace").decode()
    assert (caller.fetch(address).status, caller.fetch(address).json()) == (
        403,
        {"error": "the signature does not match"},
    )


def test_one_signature_opens_one_file(caller: Caller, url: str) -> None:
    """The signature of one task's file opens neither another file of the task nor another task's file."""
    task, other = made(caller, "Another film")
    caller.app.world.advance(task.ends - task.account.now())
    query = url.partition("?")[2]
    assert caller.fetch(f"{other.partition('?')[0]}?{query}").status == 403
    assert caller.fetch(re.sub(r"/0\.mp4", "/1.mp4", url)).status == 403
    assert caller.fetch(other).status == 200


def test_a_file_that_a_task_did_not_make_is_not_there(caller: Caller, url: str) -> None:
    """Even signed by ourselves, a name beyond what the task made is 404, and so is a task that does not exist."""
    from soundstage_server.kit import results

    task = next(task for task in caller.app.world.tasks() if task.id in url)
    signature = results._sign(task, "9.mp4", caller.app.world)
    address = re.sub(r"/0\.mp4", "/9.mp4", re.sub(r"Signature=\w+", f"Signature={signature}", url))
    assert (caller.fetch(address).status, caller.fetch(address).json()) == (404, {"error": "no such file"})
    assert caller.fetch(url.replace(task.id, "nobody")).status == 404


def test_a_head_tells_what_a_get_would_bring(caller: Caller, url: str) -> None:
    """The same headers, and no body."""
    head, get = caller.fetch(url, "HEAD"), caller.fetch(url)
    assert (head.status, head.content) == (200, b"")
    assert head.headers == get.headers


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH", "OPTIONS"])
def test_a_file_is_only_read(caller: Caller, url: str, method: str) -> None:
    """Any other method is refused, and the answer says which are taken."""
    reply = caller.fetch(url, method)
    assert (reply.status, reply.headers["allow"]) == (405, "GET, HEAD")
    assert reply.json() == {"error": f"a file takes GET and HEAD, not {method}"}


@settings(deadline=None)
@given(first=st.integers(0, 30_000), length=st.integers(1, 30_000))
def test_a_range_is_that_part_of_the_file(caller: Caller, url: str, first: int, length: int) -> None:
    """A download that broke off can be taken up where it stopped; past the end there is nothing to take up."""
    whole = caller.fetch(url).content
    reply = caller.fetch(url, Range=f"bytes={first}-{first + length - 1}")
    if first >= len(whole):
        assert (reply.status, reply.headers["content-range"]) == (416, f"bytes */{len(whole)}")
        return
    last = min(first + length, len(whole)) - 1
    assert (reply.status, reply.headers["content-range"]) == (206, f"bytes {first}-{last}/{len(whole)}")
    assert reply.content == whole[first : last + 1]


def test_a_range_of_another_file_is_the_whole_file(caller: Caller, url: str) -> None:
    """If-Range with the file's own tag gives the range, with any other the whole."""
    whole = caller.fetch(url)
    same = caller.fetch(url, **{"Range": "bytes=10-", "If-Range": whole.headers["etag"]})
    other = caller.fetch(url, **{"Range": "bytes=10-", "If-Range": '"another"'})
    assert (same.status, same.content) == (206, whole.content[10:])
    assert (other.status, other.content) == (200, whole.content)


def test_a_tag_is_of_the_film_and_not_of_its_file(kit: Kit) -> None:
    """A film that has to be rendered again keeps its bytes and its tag, so that a broken download can go on."""
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


def test_an_address_is_minted_from_where_the_request_came_to(kit: Kit) -> None:
    """Under the slug, under the vendor's own host, or from the public address; and each of them opens."""
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


def test_a_public_address_may_end_in_a_slash(kit: Kit) -> None:
    """No address is minted with two."""
    with kit.world(public_url="https://soundstage.example/") as world:
        assert made(kit.caller(world))[1].startswith("https://soundstage.example/tomoviee/_files/")


def test_forgotten_tasks_have_no_results(kit: Kit) -> None:
    """A reset takes the addresses with it."""
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
