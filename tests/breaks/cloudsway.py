"""Mutations of Cloudsway: mistakes in the simulator or the client, each of which a contract must catch."""

from __future__ import annotations

from dataclasses import replace
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import orjson

from soundstage import JobState, PollPolicy, errors
from soundstage._protocol import responses
from soundstage._protocol.inputs import base64_text
from soundstage._protocol.service import Service as ClientService
from soundstage._values.messages import Request
from soundstage._values.state import JobRef, StartedJob
from soundstage.vendors.cloudsway import bodies, profile
from soundstage.vendors.cloudsway import service as conversation
from soundstage.vendors.cloudsway.client import _Operations
from soundstage_contracts.mutation.mutations import Mutations
from soundstage_server.model.account import EXTRA
from soundstage_server.model.fields import Text
from soundstage_server.model.lifecycle import Fate, Lifecycle, Stage
from soundstage_server.model.messages import RefusedError
from soundstage_server.vendors.cloudsway import CloudswayService as Simulator
from soundstage_server.vendors.cloudsway import capabilities, outputs, refusals, service
from soundstage_server.world.callbacks import sending as callbacks

if TYPE_CHECKING:
    import pytest

    from soundstage._values.messages import Flow
    from soundstage_server.vendors.cloudsway.capabilities import Kind

MUTATIONS = Mutations("cloudsway")
Client = conversation.CloudswayService


def show_otherwise(patch: pytest.MonkeyPatch, edit: Any) -> None:
    """Let *edit* change the simulator's task data."""
    right = Simulator._task_data

    def shown(self: Simulator, task: Any, now: float) -> dict[str, Any]:
        data = right(self, task, now)
        edit(data)
        return data

    patch.setattr(Simulator, "_task_data", shown)


def drop_limits(patch: pytest.MonkeyPatch, of: str) -> None:
    """Remove the limits of *of* from the simulator's models."""
    patch.setattr(capabilities, "LIMITS", tuple(limit for limit in capabilities.LIMITS if limit.of != of))


def rule(patch: pytest.MonkeyPatch, kind: Kind, name: str, **changes: Any) -> None:
    """Let a parameter of the simulator have another rule, default or necessity."""
    fields = (replace(one, **changes) if one.name == name else one for one in capabilities.FIELDS[kind])
    patch.setattr(service, "FIELDS", {**capabilities.FIELDS, kind: tuple(fields)})


def able_otherwise(patch: pytest.MonkeyPatch, model: str, **changes: Any) -> None:
    """Let the client think that *model* can do other things."""
    table = {**profile.ABILITIES, model: replace(profile.ABILITIES[model], **changes)}
    patch.setattr(bodies, "ABILITIES", MappingProxyType(table))


def call_otherwise(patch: pytest.MonkeyPatch, code: int, kind: type[errors.ApiError] | None) -> None:
    """Let the client call *code* something else, or not know it."""
    table = {known: name for known, name in profile.REFUSALS.items() if known != code}
    patch.setattr(conversation, "REFUSALS", MappingProxyType({**table, **({code: kind} if kind else {})}))


def read_otherwise(patch: pytest.MonkeyPatch, edit: Any) -> None:
    """Let *edit* change what the client makes of a task that it read."""
    right = Client._read_job
    patch.setattr(Client, "_read_job", lambda self, task, raw: edit(right(self, task, raw)))


@MUTATIONS.in_simulator("status.values")
def wrong_word(patch: pytest.MonkeyPatch) -> None:
    """A task that is done is 'succeeded'."""
    patch.setattr(service, "TIMES", replace(capabilities.TIMES, ends={Fate.SUCCEED: "succeeded", Fate.FAIL: "failed"}))


@MUTATIONS.in_simulator("status.values")
def skipped_state(patch: pytest.MonkeyPatch) -> None:
    """A task is processed at once and never submitted."""
    patch.setattr(service, "TIMES", Lifecycle((Stage("processing", 60.0, 300.0),), capabilities.TIMES.ends))


@MUTATIONS.in_simulator("get.answer")
def early_result(patch: pytest.MonkeyPatch) -> None:
    """An unfinished task has an empty result."""
    show_otherwise(patch, lambda data: data.setdefault("task_result", {"videos": []}))


@MUTATIONS.in_simulator("get.answer")
def seconds_as_a_number(patch: pytest.MonkeyPatch) -> None:
    """A video's duration is a number."""
    right = Simulator._video
    patch.setattr(Simulator, "_video", lambda self, task, url: {**right(self, task, url), "duration": 5})


@MUTATIONS.in_simulator("create.answer")
def times_in_seconds(patch: pytest.MonkeyPatch) -> None:
    """Times are in seconds."""
    patch.setattr(service, "_milliseconds", int)


@MUTATIONS.in_simulator
def time_stands(patch: pytest.MonkeyPatch) -> None:
    """updated_at is always the time of creation."""
    show_otherwise(patch, lambda data: data.update(updated_at=data["created_at"]))


@MUTATIONS.in_simulator("envelope")
def nameless_refusal(patch: pytest.MonkeyPatch) -> None:
    """A refusal has no request_id."""
    right = Simulator.refuse

    def refuse(self: Simulator, refused: RefusedError, call: Any) -> Any:
        answer = right(self, refused, call)
        body = orjson.loads(answer.body)
        del body["request_id"]
        return answer._replace(body=orjson.dumps(body))

    patch.setattr(Simulator, "refuse", refuse)


@MUTATIONS.in_simulator("routes.kind")
def kinds_mixed(patch: pytest.MonkeyPatch) -> None:
    """A task is found under either kind."""
    right = Simulator._requested_task

    def asked_for(self: Simulator, kind: Any, call: Any) -> Any:
        try:
            return right(self, kind, call)
        except RefusedError:
            return right(self, "image2video" if kind == "text2video" else "text2video", call)

    patch.setattr(Simulator, "_requested_task", asked_for)


@MUTATIONS.in_simulator("routes.kind")
def forgotten_name(patch: pytest.MonkeyPatch) -> None:
    """A task is not found by the caller's own name."""
    patch.setattr(Simulator, "index_task", lambda self, task: self.tasks.update({task.id: task}))


@MUTATIONS.in_simulator("text2video.params")
def name_used_twice(patch: pytest.MonkeyPatch) -> None:
    """The same name may be given to two tasks."""

    def set_aside(_self: Simulator, _account: Any, params: dict[str, Any]) -> None:
        external = params.pop("external_task_id", None)
        if external is not None:
            params[EXTRA] = {"external_task_id": external}

    patch.setattr(Simulator, "_take_external_id", set_aside)


@MUTATIONS.in_simulator
def oldest_first(patch: pytest.MonkeyPatch) -> None:
    """A list begins with the oldest."""
    right = Simulator.list_tasks

    def listed(self: Simulator, kind: Any, call: Any) -> Any:
        answer = right(self, kind, call)
        body = orjson.loads(answer.body)
        return answer._replace(body=orjson.dumps({**body, "data": body["data"][::-1]}))

    patch.setattr(Simulator, "list_tasks", listed)


@MUTATIONS.in_simulator("routes.list")
def list_with_a_total(patch: pytest.MonkeyPatch) -> None:
    """A list is an object with a total."""
    right = Simulator._envelope

    def answer(self: Simulator, data: Any) -> Any:
        return right(self, {"task_list": data, "total": len(data)} if isinstance(data, list) else data)

    patch.setattr(Simulator, "_envelope", answer)


@MUTATIONS.in_simulator("errors.table")
def wrong_status(patch: pytest.MonkeyPatch) -> None:
    """An unknown task is HTTP 400."""
    patch.setattr(service, "NOT_FOUND", replace(refusals.NOT_FOUND, status=400))


@MUTATIONS.in_simulator("errors.table")
def method_not_allowed(patch: pytest.MonkeyPatch) -> None:
    """A wrong method is HTTP 405."""
    patch.setattr(service, "WRONG_METHOD", replace(refusals.WRONG_METHOD, status=405))


@MUTATIONS.in_simulator
def one_reading(patch: pytest.MonkeyPatch) -> None:
    """Refusals have their HTTP status in both readings."""
    right = Simulator.refuse

    def refuse(self: Simulator, refused: RefusedError, call: Any) -> Any:
        return right(self, refused, call)._replace(status=refused.refusal.status)

    patch.setattr(Simulator, "refuse", refuse)


@MUTATIONS.in_simulator("concurrency")
def open_slots(patch: pytest.MonkeyPatch) -> None:
    """An account may have as many tasks at once as it likes."""
    patch.setattr(Simulator, "at_once", None)


@MUTATIONS.in_simulator("capability.matrix")
def tail_anywhere(patch: pytest.MonkeyPatch) -> None:
    """Every model takes a tail."""
    drop_limits(patch, "image_tail")


@MUTATIONS.in_simulator("capability.matrix")
def camera_anywhere(patch: pytest.MonkeyPatch) -> None:
    """Every model moves its camera in every mode."""
    drop_limits(patch, "camera_control")


@MUTATIONS.in_simulator("capability.matrix")
def scale_anywhere(patch: pytest.MonkeyPatch) -> None:
    """Models of version 2 take cfg_scale."""
    drop_limits(patch, "cfg_scale")


@MUTATIONS.in_simulator("image2video.exclusive")
def no_exclusion(patch: pytest.MonkeyPatch) -> None:
    """A tail, masks and the camera may go together."""
    patch.setattr(service, "GROUPS", ())


@MUTATIONS.in_simulator("image2video.params")
def blind(patch: pytest.MonkeyPatch) -> None:
    """Images are not looked at."""
    patch.setattr(Simulator, "_validate_images", lambda _self, _params: None)


@MUTATIONS.in_simulator("camera.control")
def two_axes(patch: pytest.MonkeyPatch) -> None:
    """A simple movement may go along two axes."""
    patch.setattr(service, "_check_camera", lambda _params: None)


@MUTATIONS.in_simulator("text2video.params")
def long_prompt(patch: pytest.MonkeyPatch) -> None:
    """A prompt may be as long as one likes."""
    rule(patch, "text2video", "prompt", rule=Text())


@MUTATIONS.in_simulator
def one_callback(patch: pytest.MonkeyPatch) -> None:
    """Only the end sends a callback."""
    patch.setattr(Simulator, "callback_plan", replace(Simulator.callback_plan, on="end"))


@MUTATIONS.in_simulator
def impatient_callback(patch: pytest.MonkeyPatch) -> None:
    """A callback is tried once."""
    patch.setattr(Simulator, "callback_plan", replace(Simulator.callback_plan, delays=()))


@MUTATIONS.in_simulator
def wrapped_callback(patch: pytest.MonkeyPatch) -> None:
    """A callback is never flat."""

    def callback_body(self: Simulator, task: Any, moment: Any) -> Any:
        return {"code": 0, "message": "SUCCEED", "request_id": "r", "data": self._task_data(task, moment.next_change)}

    patch.setattr(Simulator, "callback_body", callback_body)


@MUTATIONS.in_simulator("result.retention")
def long_life(patch: pytest.MonkeyPatch) -> None:
    """A result lives for a year."""
    patch.setattr(Simulator, "result_seconds", 365 * 24 * 3600)


@MUTATIONS.in_simulator
def small_videos(patch: pytest.MonkeyPatch) -> None:
    """A video in pro is no larger than one in std."""
    patch.setitem(outputs.LINES, "pro", "720p")


@MUTATIONS.in_simulator("auth.bearer")
def keyless(patch: pytest.MonkeyPatch) -> None:
    """Any header will do for a key."""
    right = Simulator.identify
    patch.setattr(Simulator, "identify", lambda self, found: right(self, (found[0] or b"Bearer x",)))


@MUTATIONS.in_simulator
def blocked_later(patch: pytest.MonkeyPatch) -> None:
    """Blocked content is taken in, and fails."""
    patch.setattr(Simulator, "refusals", Simulator.refusals._replace(blocked=None))


@MUTATIONS.in_simulator("block.later")
def never_blocked_later(patch: pytest.MonkeyPatch) -> None:
    """Content that is to be blocked later is refused at creation."""
    patch.setattr(Simulator, "is_synchronous", True)


@MUTATIONS.in_simulator("block.later")
def silent_risk_control(patch: pytest.MonkeyPatch) -> None:
    """A task that the risk control stops has the reason of any failure."""
    patch.setattr(Simulator, "reasons", {**Simulator.reasons, Fate.BLOCK: Simulator.reasons[Fate.FAIL]})


@MUTATIONS.in_simulator
def bare_task_info(patch: pytest.MonkeyPatch) -> None:
    """task_info has no member where the caller gave no external_task_id."""
    show_otherwise(patch, lambda data: data.update(task_info={k: v for k, v in data["task_info"].items() if v}))


@MUTATIONS.in_simulator("video.id")
def same_video_id(patch: pytest.MonkeyPatch) -> None:
    """Every video has the same id."""
    right = Simulator._video
    patch.setattr(Simulator, "_video", lambda self, task, url: {**right(self, task, url), "id": "1"})


@MUTATIONS.in_simulator
def callback_without_a_type(patch: pytest.MonkeyPatch) -> None:
    """A callback has no Content-Type."""
    patch.setattr(callbacks, "HEADERS", {})


@MUTATIONS.in_client
def no_name(patch: pytest.MonkeyPatch) -> None:
    """Every submission has the same name."""
    patch.setattr(bodies, "external_id", lambda given: given or "name")


@MUTATIONS.in_client("text2video.params")
def another_name(patch: pytest.MonkeyPatch) -> None:
    """The caller's own name is not sent."""
    right = bodies.external_id
    patch.setattr(bodies, "external_id", lambda _given: right(None))


@MUTATIONS.in_client
def proof_of_nothing(patch: pytest.MonkeyPatch) -> None:
    """Any 404 proves that there is no job."""

    def find(self: Any, unknown: errors.SubmitOutcomeUnknown) -> Flow[StartedJob | None]:
        address = self._address(profile.OPERATION_ROUTES[str(unknown.operation)], unknown.external_id)
        request = Request("GET", address, self.authorization())
        try:
            job_id, snapshot = yield from self.read(request, self._read_task)
        except errors.NotFoundError:
            return None
        return StartedJob(JobRef(job_id, unknown.operation), snapshot)

    patch.setattr(Client, "find", find)


@MUTATIONS.in_client
def trusting_5000(patch: pytest.MonkeyPatch) -> None:
    """5000 is taken for a refusal that began nothing."""
    patch.setattr(conversation, "UNCERTAIN_CODES", frozenset({5002}))


@MUTATIONS.in_client
def trusting_unknown(patch: pytest.MonkeyPatch) -> None:
    """An undocumented code counts as a refusal."""
    patch.setattr(Client, "is_refusal", lambda _self, answer: answer.code not in profile.UNCERTAIN_CODES)


@MUTATIONS.in_client
def doubtful_5001(patch: pytest.MonkeyPatch) -> None:
    """5001 is taken for an unknown outcome."""
    patch.setattr(conversation, "UNCERTAIN_CODES", frozenset({5000, 5001, 5002}))


@MUTATIONS.in_client("errors.retryable")
def every_429(patch: pytest.MonkeyPatch) -> None:
    """Every 429 is sent again."""
    wide = frozenset({1100, 1101, 1102, 1302, 1303, 1304})
    patch.setattr(ClientService, "__init__", _with_codes(ClientService.__init__, wide))


@MUTATIONS.in_client("errors.retryable", "concurrency")
def no_429(patch: pytest.MonkeyPatch) -> None:
    """No 429 is sent again."""
    patch.setattr(ClientService, "__init__", _with_codes(ClientService.__init__, frozenset()))


def _with_codes(right: Any, codes: frozenset[int]) -> Any:
    def init(self: Any, settings: Any, secrets: Any) -> None:
        right(self, settings, secrets)
        self.profile = replace(self.profile, resend_codes=codes)

    return init


@MUTATIONS.in_client("errors.table")
def arrears_misnamed(patch: pytest.MonkeyPatch) -> None:
    """1102 is called a rate limit."""
    call_otherwise(patch, 1102, errors.RateLimitError)


@MUTATIONS.in_client("errors.table")
def policy_unknown(patch: pytest.MonkeyPatch) -> None:
    """1301 is not known."""
    call_otherwise(patch, 1301, None)


@MUTATIONS.in_client("envelope")
def status_first(patch: pytest.MonkeyPatch) -> None:
    """The HTTP status decides before the code does."""
    right = Client._open

    def accepted(self: Any, response: Any) -> Any:
        if response.status >= 400:
            raise self.refusal(errors.ServerError, "no", response)
        return right(self, response)

    patch.setattr(Client, "_open", accepted)


@MUTATIONS.in_client("status.values")
def succeeded(patch: pytest.MonkeyPatch) -> None:
    """The client waits for 'succeeded'."""
    table = {**profile.STATES, "succeeded": JobState.SUCCEEDED}
    del table["succeed"]
    patch.setattr(conversation, "STATES", MappingProxyType(table))


@MUTATIONS.in_client("get.answer")
def first_video(patch: pytest.MonkeyPatch) -> None:
    """Only the first video is an output."""
    read_otherwise(patch, lambda snapshot: replace(snapshot, media=snapshot.media[:1]))


@MUTATIONS.in_client("get.answer")
def silent_failure(patch: pytest.MonkeyPatch) -> None:
    """The reason of a failed task is missing."""
    read_otherwise(patch, lambda snapshot: replace(snapshot, reason=None))


@MUTATIONS.in_client("get.answer", "block.later")
def policy_overlooked(patch: pytest.MonkeyPatch) -> None:
    """What the policy stopped has simply failed."""
    read_otherwise(patch, lambda snapshot: replace(snapshot, failure=None))


@MUTATIONS.in_client("routes.kind")
def any_kind(patch: pytest.MonkeyPatch) -> None:
    """Every job is polled as a text-to-video task."""
    patch.setattr(conversation, "OPERATION_ROUTES", {"text_to_video": "text2video", "image_to_video": "text2video"})


@MUTATIONS.in_client
def kind_guessed(patch: pytest.MonkeyPatch) -> None:
    """A handle may be made without the kind of its job."""
    patch.delattr(_Operations, "_job_ref")


@MUTATIONS.in_client
def flat_only(patch: pytest.MonkeyPatch) -> None:
    """A callback in the envelope is not understood."""
    right = Client.parse_callback

    def parse_callback(self: Any, body: Any) -> StartedJob:
        return right(self, {} if "data" in responses.callback_object(body) else body)

    patch.setattr(Client, "parse_callback", parse_callback)


@MUTATIONS.in_client("image2video.params")
def data_prefix(patch: pytest.MonkeyPatch) -> None:
    """Images are sent with the prefix of a data address."""
    patch.setattr(bodies, "base64_text", lambda content: f"data:image/png;base64,{base64_text(content)}")


@MUTATIONS.in_client("image2video.params")
def unmeasured(patch: pytest.MonkeyPatch) -> None:
    """Images are sent whatever their sides are."""
    patch.setattr(bodies, "image_size", lambda _content: None)


@MUTATIONS.in_client("image2video.params")
def any_size(patch: pytest.MonkeyPatch) -> None:
    """Images are sent however large they are."""
    patch.setattr(bodies, "MAX_IMAGE_BYTES", 1 << 40)


@MUTATIONS.in_client("capability.matrix")
def free_tail(patch: pytest.MonkeyPatch) -> None:
    """A tail is sent to kling-v1-6 in std."""
    able_otherwise(patch, "kling-v1-6", tail=profile.ALWAYS)


@MUTATIONS.in_client("capability.matrix")
def free_scale(patch: pytest.MonkeyPatch) -> None:
    """cfg_scale is sent to a model of version 2."""
    able_otherwise(patch, "kling-v2-5-turbo", cfg_scale=True)


@MUTATIONS.in_client("capability.matrix")
def timid(patch: pytest.MonkeyPatch) -> None:
    """The client refuses masks for kling-v1."""
    able_otherwise(patch, "kling-v1", masks=None)


@MUTATIONS.in_client("image2video.exclusive")
def together(patch: pytest.MonkeyPatch) -> None:
    """What excludes one another is sent together."""
    patch.setattr(bodies, "_check_exclusive", lambda _body: None)


@MUTATIONS.in_client("text2video.params")
def seconds_as_sent(patch: pytest.MonkeyPatch) -> None:
    """The duration is sent as a number."""
    right = bodies._to_wire
    patch.setattr(bodies, "_to_wire", lambda body: {**right(body), "duration": int(body["duration"])})


@MUTATIONS.in_client("routes.list")
def one_page(patch: pytest.MonkeyPatch) -> None:
    """Every page of a list is the first."""
    right = Client.list_jobs
    patch.setattr(Client, "list_jobs", lambda self, operation, _page, size: right(self, operation, 1, size))


@MUTATIONS.in_client("auth.bearer")
def basic(patch: pytest.MonkeyPatch) -> None:
    """The key is sent under another scheme."""
    patch.setattr(Client, "authorization", lambda self: {"Authorization": f"Basic {self._key.reveal()}"})


@MUTATIONS.in_client
def poll_every_second(patch: pytest.MonkeyPatch) -> None:
    """A client polls every second by default."""
    patch.setattr(PollPolicy, "delay", lambda _self, _poll: 1.0)


@MUTATIONS.in_client
def poll_every_millisecond(patch: pytest.MonkeyPatch) -> None:
    """A client polls every millisecond by default."""
    patch.setattr(PollPolicy, "delay", lambda _self, _poll: 0.001)
