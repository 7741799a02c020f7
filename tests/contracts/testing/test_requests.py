"""What a test sees of requests and jobs: assertions that read as sentences, and messages that name the nearest."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from soundstage_contracts import simulate
from soundstage_contracts.declarations.operations import method_of, one_wire_name, wire_names
from soundstage_contracts.simulators.routes import nearest_routes, routes_of
from soundstage_contracts.testing.failures import describe_failure
from soundstage_server import Server, World

if TYPE_CHECKING:
    from soundstage_contracts import Simulator
    from soundstage_contracts.testing.session import SimulatorSession

GENERATE = "/v1/video/generate"


def post(theirs: Simulator, path: str = GENERATE, **body: object) -> httpx.Response:
    """Send a request to Infrai as a program with a client of its own does."""
    headers = {"Authorization": f"Bearer {theirs.credential}", "Content-Type": "application/json"}
    # Written here, as httpx puts blanks between the members of `json=` in some versions and in others none.
    content = json.dumps(body, separators=(",", ":"))
    return httpx.post(theirs.infrai.base_url + path, content=content, headers=headers, timeout=30)


def test_requests_are_found(theirs: Simulator) -> None:
    """By operation, method, path, JSON, text and status, at one vendor and at all."""
    post(theirs, prompt="A fox", duration_seconds=4, resolution="720p")
    post(theirs, prompt="A hare")
    post(theirs, "/v1/video/make", prompt="A fox")
    (fox, hare, lost) = requests = theirs.infrai.requests
    assert theirs.requests == requests
    assert requests.assert_count(2, "generate") == [fox, hare]
    assert requests.assert_one(json={"prompt": "A fox", "duration_seconds": 4}) == fox
    assert requests.assert_one(contains="hare", method="post", path="/v1/*", status=200) == hare
    assert requests.assert_one(status=404) == lost
    requests.assert_none(json={"prompt": "A bear"})
    assert (fox.json["prompt"], fox.response_json["ok"], fox.headers["authorization"]) == ("A fox", True, "[redacted]")
    assert repr(fox) == f"<POST {GENERATE} -> 200>"
    assert all(theirs.credential not in repr(one.headers) for one in requests)


def test_true_is_not_one_and_long_strings_are_compared(theirs: Simulator) -> None:
    """JSON's true is no number; a string that the journal has cut equals the one that was sent, and no other."""
    image = "data:image/png;base64," + "A" * 200_000
    post(theirs, prompt=True, image=image)
    theirs.infrai.requests.assert_one(json={"prompt": True, "image": image})
    theirs.infrai.requests.assert_none(json={"prompt": 1})
    theirs.infrai.requests.assert_none(json={"image": image + "B"})


def failure(theirs: Simulator, *args: Any, **which: Any) -> str:
    """Return the message of an assertion that fails."""
    with pytest.raises(AssertionError) as caught:
        theirs.infrai.requests.assert_one(*args, **which)
    return str(caught.value)


def test_failure_names_the_nearest(theirs: Simulator) -> None:
    """The message has what was expected, the nearest requests with their differences, and the nearest routes."""
    assert failure(theirs) == "expected 1 request of any kind, at infrai; found 0\n  no request was received at all"
    post(theirs, prompt="A fox")
    assert failure(theirs, "generate", json={"prompt": "A hare", "aspect": "9:16"}).splitlines()[1:] == [
        f"  nearest: POST {GENERATE} -> 200 (json.prompt is A fox; json.aspect is absent)"
    ]
    text = failure(theirs, method="GET", path="/v1/video/make", contains="hare", status=404)
    assert "with method GET with path /v1/video/make with contains hare with status 404" in text
    assert "(method is POST; another path; status is 200; 'hare' is neither in the body nor in the query)" in text
    assert "/v1/video/make: no such route; nearest: " in text
    post(theirs, prompt="A fox")
    assert failure(theirs).count(f'POST {GENERATE} -> 200 {{"prompt":"A fox"}}') == 2


def test_argument_or_operation_that_does_not_exist_is_refused(theirs: Simulator) -> None:
    """The errors name what is allowed, and the most similar name."""
    with pytest.raises(TypeError, match="unknown: verb; allowed: method, path, json, contains, status"):
        theirs.infrai.requests.assert_one(verb="POST")  # type: ignore[call-arg]  # the mistake
    with pytest.raises(
        ValueError, match=r"operation of infrai must be one of generate; got 'generation'; did you mean"
    ):
        theirs.infrai.requests.assert_none("generation")
    with pytest.raises(ValueError, match="operation must be a method of a client, or a vendor's own name; got 'none'"):
        theirs.requests.assert_none("none")
    with pytest.raises(ValueError, match="operation of tomoviee must be one of"):
        theirs.tomoviee.next_job("text_to_vido", fails=True)


def test_methods_and_wire_names() -> None:
    """Both name an operation; a method with several wire names is refused where one is needed."""
    assert wire_names("tomoviee", "text_to_video") == wire_names("tomoviee", "tm_text2video_b") == ("tm_text2video_b",)
    assert method_of("tomoviee", "tm_text2video_b") == "text_to_video"
    assert method_of("tomoviee", "tm_unknown") == "tm_unknown"
    assert one_wire_name("veo", "generate_videos") is None
    assert one_wire_name("veo", None) is None
    with pytest.raises(ValueError, match=r"'text_to_video' of gmicloud is one of Wan-AI.*; give one of these names"):
        one_wire_name("gmicloud", "text_to_video")


def test_jobs_are_found(theirs: Simulator) -> None:
    """By operation, fate and end; a failure lists every job."""
    theirs.jobs.assert_none()
    with theirs.client("infrai") as infrai:
        theirs.infrai.next_job(fails=True)
        infrai.generate(prompt="A fox").wait()
        infrai.generate(prompt="A hare")
    failed = theirs.jobs.assert_one("generate", fate="fail", final=True)
    assert theirs.infrai.jobs.assert_count(2) == [failed, theirs.infrai.jobs.assert_one(final=False)]
    with pytest.raises(AssertionError) as caught:
        theirs.jobs.assert_one(final=None, fate="block")
    assert str(caught.value).splitlines() == [
        "expected 1 job (fate 'block'), at every vendor; found 0 of 2",
        *(f"  {job}" for job in theirs.jobs),
    ]


def test_nearest_routes(session: SimulatorSession) -> None:
    """A right path with a wrong method is nearest; a route with parameters is met."""
    routes = routes_of(session.http, session.url, "infrai")
    assert nearest_routes(routes, "GET", "/v1/video/status/vid_1") == []
    assert str(nearest_routes(routes, "GET", GENERATE)[0]) == f"POST {GENERATE}"
    assert str(nearest_routes(routes, "POST", "/v1/video/create")[0]) == f"POST {GENERATE}"


def test_failed_test_shows_its_last_requests(theirs: Simulator) -> None:
    """Ten requests with their responses, long bodies cut; a refusal with its fact, a wrong route with the nearest."""
    assert describe_failure(theirs) == ""
    for number in range(10):
        post(theirs, prompt=f"Fox {number}", image="x" * 500)
    post(theirs, "/v1/video/create", prompt="A fox")
    lines = describe_failure(theirs).splitlines()
    assert lines[0] == "(1 earlier requests)"
    assert "Fox 0" not in "".join(lines)
    assert lines[2].endswith(" characters)")
    assert lines[-4:-2] == ["infrai: POST /v1/video/create -> 404", '    sent: {"prompt":"A fox"}']
    assert f"did you mean {GENERATE}?" in lines[-2]
    assert lines[-1] == "    why: infrai:route.unknown (soundstage facts infrai:route.unknown explains it)"


def test_failure_names_requests_with_another_credential(theirs: Simulator) -> None:
    """A program that has read its credential before the test sends requests that its accounts do not have."""
    with httpx.Client(base_url=f"{theirs.url}/infrai", headers={"Authorization": "Bearer read-at-import"}) as own:
        for _ in range(2):
            own.post(GENERATE, json={"prompt": "A fox"}).raise_for_status()
    theirs.infrai.jobs.assert_none()
    text = describe_failure(theirs)
    assert text.startswith("2 requests with another credential than the test's")
    assert f"first: infrai: POST {GENERATE} -> 200" in text
    assert 'simulator.account("infrai", CREDENTIAL)' in text
    theirs.account("infrai", "read-at-import").jobs.assert_count(2, "generate")
    assert "another credential" not in describe_failure(theirs)


def test_nearest_request_has_a_body_where_one_is_wanted(theirs: Simulator) -> None:
    """Polls without a body are less similar to a wanted body than the request that has another one."""
    post(theirs, prompt="A fox", duration_seconds=4)
    for _ in range(3):
        theirs.control._http.get(f"{theirs.url}/infrai/v1/video/status/vid_1")
    lines = failure(theirs, json={"prompt": "A hare", "duration_seconds": 5}).splitlines()
    assert lines[1].startswith(f"  nearest: POST {GENERATE} -> 200 (json.prompt is A fox")


def test_failure_without_a_simulator_is_reported(theirs: Simulator, monkeypatch: pytest.MonkeyPatch) -> None:
    """A test that has stopped its simulator, or replaced its transport, fails for its own reason."""
    with httpx.Client(transport=httpx.MockTransport(_refuse)) as refusing:
        monkeypatch.setattr(theirs.control, "_http", refusing)
        assert describe_failure(theirs) == "the simulator does not answer: ConnectError('no server')"
        monkeypatch.undo()


def _refuse(request: httpx.Request) -> httpx.Response:
    raise httpx.ConnectError("no server", request=request)


def test_requests_of_others_are_left_out_of_a_shared_simulator() -> None:
    """Where other processes may use the simulator, a request without an account may be anybody's."""
    with World(clock="auto", media="small") as world, Server(world) as server, simulate(server.url) as simulator:
        post(simulator, prompt="A fox")
        post(simulator, "/v1/video/make", prompt="A fox")
        assert [each.path for each in simulator.requests] == [GENERATE]
