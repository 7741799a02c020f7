"""Mutations of Tomoviee: mistakes in the simulator or the client, each of which a contract must catch."""

from __future__ import annotations

from dataclasses import replace
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import orjson

from soundstage import JobState, PollPolicy, errors
from soundstage._client.jobs import _Handle
from soundstage._io.http import AsyncTransport
from soundstage._protocol import responses as answers
from soundstage._protocol.downloads import Download
from soundstage._protocol.polling import Poller
from soundstage._protocol.service import Service as ClientService
from soundstage._protocol.submission import Submission
from soundstage._values import validation as checks
from soundstage._values.messages import Interrupted
from soundstage._values.redaction import Redactor
from soundstage._values.state import History, Snapshot
from soundstage.vendors.tomoviee import bodies, profile
from soundstage.vendors.tomoviee import client as methods
from soundstage.vendors.tomoviee import service as conversation
from soundstage_contracts.mutation.mutations import Mutations
from soundstage_server.media import Image, frame_size
from soundstage_server.model import journal
from soundstage_server.model.account import Account
from soundstage_server.model.fields import Integer, Text
from soundstage_server.model.ledger import InsufficientError, Ledger
from soundstage_server.model.lifecycle import Fate, Lifecycle, Stage, TaskState
from soundstage_server.model.messages import Identity, RefusedError
from soundstage_server.vendors.tomoviee import TomovieeService as Gateway
from soundstage_server.vendors.tomoviee import outputs, refusals, service
from soundstage_server.vendors.tomoviee.capabilities import CAPABILITIES, ENDS, fields_of
from soundstage_server.world.callbacks import sending as callbacks

if TYPE_CHECKING:
    import pytest

MUTATIONS = Mutations("tomoviee")
VIDEO = "tm_text2video_b"
Client = conversation.TomovieeService


def change_videos(patch: pytest.MonkeyPatch, **changes: Any) -> None:
    """Change the data of text-to-video in the simulator's table."""
    patch.setitem(CAPABILITIES, VIDEO, replace(CAPABILITIES[VIDEO], **changes))


def replace_rule(patch: pytest.MonkeyPatch, name: str, rule: Any) -> None:
    """Change the rule of the text-to-video parameter *name*, or remove the parameter."""
    fields = [field for field in CAPABILITIES[VIDEO].skill if field.name != name]
    found = [replace(field, rule=rule) for field in CAPABILITIES[VIDEO].skill if field.name == name and rule]
    change_videos(patch, skill=(*fields, *found))


def change_default(patch: pytest.MonkeyPatch, capability: str, reading: str, name: str, value: Any) -> None:
    """Let the parameter *name* of a capability have another default in one reading."""
    known = CAPABILITIES[capability]
    fields = [replace(field, default=value) if field.name == name else field for field in fields_of(known, reading)]
    assert fields != [*fields_of(known, reading)]
    changes: dict[str, Any] = {reading: tuple(fields)}
    patch.setitem(CAPABILITIES, capability, replace(known, **changes))


def change_argument(patch: pytest.MonkeyPatch, method: str, name: str, value: Any) -> None:
    """Let the argument *name* of a client's method have another default."""
    flow = vars(methods._Operations)[method].__wrapped__
    assert flow.__kwdefaults__[name] != value
    patch.setitem(flow.__kwdefaults__, name, value)


def read_otherwise(patch: pytest.MonkeyPatch, edit: Any) -> None:
    """Let *edit* change what the client makes of a task that it read."""
    right = Client._read_job
    patch.setattr(Client, "_read_job", lambda self, task, raw: edit(right(self, task, raw)))


@MUTATIONS.in_simulator
def wrong_code(patch: pytest.MonkeyPatch) -> None:
    """An unknown task is refused with the code of bad parameters."""
    patch.setattr(service, "NOT_FOUND", replace(refusals.NOT_FOUND, code=680400))


@MUTATIONS.in_simulator("auth.rejected", "errors.http")
def wrong_status(patch: pytest.MonkeyPatch) -> None:
    """A wrong credential is refused with HTTP 200."""
    patch.setattr(service, "UNAUTHENTICATED", replace(refusals.UNAUTHENTICATED, status=200))


@MUTATIONS.in_simulator
def no_fact(patch: pytest.MonkeyPatch) -> None:
    """A refusal names no fact."""
    patch.setattr(Gateway, "_cite_fact", lambda _self, answer, _refused: answer)


@MUTATIONS.in_simulator("auth.rejected")
def any_secret(patch: pytest.MonkeyPatch) -> None:
    """Any secret is accepted with a known key."""
    right = Gateway.identify
    patch.setattr(Gateway, "identify", lambda self, found: Identity(right(self, found).credential))


@MUTATIONS.in_simulator
def open_tasks(patch: pytest.MonkeyPatch) -> None:
    """Everybody can read everybody's tasks."""
    right = Gateway._requested_task

    def asked_for(self: Gateway, call: Any) -> Any:
        try:
            return right(self, call)
        except RefusedError as refused:
            if refused.refusal is not refusals.NOT_FOUND:
                raise
            return self.tasks.get(call.json()["task_id"]) or right(self, call)

    patch.setattr(Gateway, "_requested_task", asked_for)


@MUTATIONS.in_simulator("status.codes")
def skipped_state(patch: pytest.MonkeyPatch) -> None:
    """A task is processed at once and never queued."""
    change_videos(patch, times=Lifecycle((Stage(2, 60.0, 300.0),), ENDS))


@MUTATIONS.in_simulator
def state_goes_back(patch: pytest.MonkeyPatch) -> None:
    """A task that is long over is processed again."""
    right = Lifecycle.state_at

    def at(self: Lifecycle, now: float, created: float, changes: tuple[float, ...], *fate: Any) -> TaskState:
        risen = now > changes[-1] + 1000
        return TaskState(2, False, 99, now + 1) if risen else right(self, now, created, changes, *fate)

    patch.setattr(Lifecycle, "state_at", at)


@MUTATIONS.in_simulator("poll.answer")
def falling_progress(patch: pytest.MonkeyPatch) -> None:
    """Progress counts down."""
    right = Lifecycle.state_at

    def at(self: Lifecycle, *record: Any) -> TaskState:
        moment = right(self, *record)
        return moment._replace(progress=100 - moment.progress)

    patch.setattr(Lifecycle, "state_at", at)


@MUTATIONS.in_simulator("generation.times")
def too_fast(patch: pytest.MonkeyPatch) -> None:
    """A video is done in half a minute."""
    change_videos(patch, times=Lifecycle((Stage(1, 2.0, 5.0), Stage(2, 10.0, 25.0)), ENDS))


@MUTATIONS.in_simulator("status.codes")
def cancelled_is_failed(patch: pytest.MonkeyPatch) -> None:
    """What is cancelled ends as failed."""
    patch.setitem(ENDS, Fate.CANCEL, 4)


@MUTATIONS.in_simulator("poll.answer")
def no_reason(patch: pytest.MonkeyPatch) -> None:
    """A task that failed does not say why."""
    patch.setattr(Gateway, "reason", lambda _self, _task: "")


@MUTATIONS.in_simulator
def lost_refund(patch: pytest.MonkeyPatch) -> None:
    """What failed is paid for all the same."""
    patch.setattr(Ledger, "release", Ledger.capture)


@MUTATIONS.in_simulator
def double_charge(patch: pytest.MonkeyPatch) -> None:
    """A task's price is reserved twice."""
    right = Ledger.reserve

    def reserve(self: Ledger, amount: int, task: str, at: float) -> None:
        right(self, amount, task, at)
        right(self, amount, task, at)

    patch.setattr(Ledger, "reserve", reserve)


@MUTATIONS.in_simulator
def free_of_charge(patch: pytest.MonkeyPatch) -> None:
    """Who cannot pay is served for what there is."""
    right = Ledger.reserve
    patch.setattr(Ledger, "reserve", lambda self, amount, *rest: right(self, min(amount, self.available), *rest))


@MUTATIONS.in_simulator
def refused_and_kept(patch: pytest.MonkeyPatch) -> None:
    """A task that was refused for want of credits is kept."""
    right = Account.admit

    def admit(self: Account, task: Any, fingerprint: int) -> None:
        try:
            right(self, task, fingerprint)
        except InsufficientError:
            self.tasks.append(task)
            raise

    patch.setattr(Account, "admit", admit)


@MUTATIONS.in_simulator
def no_limit(patch: pytest.MonkeyPatch) -> None:
    """An account that is limited may have as many tasks as it likes."""
    patch.setattr(Account, "check_concurrency", lambda _self: None)


@MUTATIONS.in_simulator
def shared_time(patch: pytest.MonkeyPatch) -> None:
    """To move one account's time moves everybody's."""
    patch.setattr(Account, "advance", lambda self, seconds: self._clock.advance(seconds))


@MUTATIONS.in_simulator("text2video.params")
def any_ratio(patch: pytest.MonkeyPatch) -> None:
    """Any text is an aspect ratio."""
    replace_rule(patch, "aspect_ratio", Text())


@MUTATIONS.in_simulator("camera.index")
def no_crane_down(patch: pytest.MonkeyPatch) -> None:
    """The last camera move is refused."""
    replace_rule(patch, "camera_move_index", Integer(1, 45))


@MUTATIONS.in_simulator("callback.request")
def params_are_lost(patch: pytest.MonkeyPatch) -> None:
    """The caller's own text is not given back."""
    replace_rule(patch, "params", None)


@MUTATIONS.in_simulator("output.video")
def wrong_size(patch: pytest.MonkeyPatch) -> None:
    """A video in 1080p is 720 lines high."""
    patch.setattr(outputs, "frame_size", lambda _resolution, ratio: frame_size("720p", ratio))


@MUTATIONS.in_simulator("video.common")
def larger_by_default(patch: pytest.MonkeyPatch) -> None:
    """The simulator's default resolution is 1080p."""
    larger = [
        replace(field, default="1080p") if field.name == "resolution" else field for field in CAPABILITIES[VIDEO].skill
    ]
    change_videos(patch, skill=tuple(larger))


@MUTATIONS.in_simulator("text2video.params")
def wrong_shape(patch: pytest.MonkeyPatch) -> None:
    """Every video is wide."""
    patch.setattr(outputs, "frame_size", lambda resolution, _ratio: frame_size(resolution, "16:9"))


@MUTATIONS.in_simulator("output.video")
def short_video(patch: pytest.MonkeyPatch) -> None:
    """A video lasts four seconds."""
    patch.setattr(outputs, "VIDEO_SECONDS", 4.0)


@MUTATIONS.in_simulator("poll.result_is_string")
def result_is_an_object(patch: pytest.MonkeyPatch) -> None:
    """The result is JSON as such, and not in a string."""
    right = Gateway._result
    patch.setattr(Gateway, "_result", lambda self, *arguments: orjson.loads(right(self, *arguments)))


@MUTATIONS.in_simulator("gateway.hosts")
def one_host(patch: pytest.MonkeyPatch) -> None:
    """The alias of the gateway's host is unknown."""
    patch.setattr(Gateway, "hosts", Gateway.hosts[:1])


@MUTATIONS.in_simulator
def open_journal(patch: pytest.MonkeyPatch) -> None:
    """The journal shows the headers as they were."""
    patch.setattr(journal, "_SECRET_HEADERS", frozenset())


@MUTATIONS.in_client
def second_post(patch: pytest.MonkeyPatch) -> None:
    """A paid POST whose answer was lost is sent again."""
    patch.setattr(Submission, "_may_resend", lambda _self, _error: True)


@MUTATIONS.in_client
def second_post_when_awaiting(patch: pytest.MonkeyPatch) -> None:
    """The awaiting client sends again when the connection drops."""
    right = AsyncTransport.send

    async def send(self: AsyncTransport, request: Any) -> Any:
        try:
            return await right(self, request)
        except Interrupted:
            return await right(self, request)

    patch.setattr(AsyncTransport, "send", send)


@MUTATIONS.in_client
def server_error_is_paid_again(patch: pytest.MonkeyPatch) -> None:
    """A paid POST is sent again after a server error, and after any other response that proves nothing."""
    right = Submission._may_resend
    patch.setattr(
        Submission,
        "_may_resend",
        lambda self, error: isinstance(error, errors.SubmitOutcomeUnknown) or right(self, error),
    )


@MUTATIONS.in_client
def gives_up_at_once(patch: pytest.MonkeyPatch) -> None:
    """A paid POST that never left is not tried again."""
    patch.setattr(Submission, "_may_resend", lambda _self, _error: False)


@MUTATIONS.in_client
def leaked_header(patch: pytest.MonkeyPatch) -> None:
    """The credentials go wherever a download is redirected to."""
    patch.setattr(ClientService, "download_headers", lambda self, _url: self.authorization())


@MUTATIONS.in_client
def unencrypted_redirect(patch: pytest.MonkeyPatch) -> None:
    """A download follows a redirect from https to http."""
    patch.setattr(Download, "_check_address", lambda _self, _url, _previous: None)


@MUTATIONS.in_client
def page_for_a_video(patch: pytest.MonkeyPatch) -> None:
    """An HTML page is saved as a video."""
    patch.setattr(Download, "_check_kind", lambda _self, _part: None)


@MUTATIONS.in_client
def shown_secret(patch: pytest.MonkeyPatch) -> None:
    """An error repeats the credentials that an answer echoes."""
    patch.setattr(Redactor, "__call__", lambda _self, text: text)


@MUTATIONS.in_client("auth.headers")
def dropped_header(patch: pytest.MonkeyPatch) -> None:
    """The key is in the token alone, and not in X-App-Key."""
    right = Client.authorization
    patch.setattr(Client, "authorization", lambda self: {"Authorization": right(self)["Authorization"]})


@MUTATIONS.in_client("poll.route")
def wrong_route(patch: pytest.MonkeyPatch) -> None:
    """Tasks are read where they are created."""
    patch.setattr(conversation, "RESULT_ROUTE", "/v1/open/capacity/application/task")


@MUTATIONS.in_client("create.answer")
def code_is_ignored(patch: pytest.MonkeyPatch) -> None:
    """HTTP 200 is a success, whatever the code is."""
    patch.setattr(Client, "_open", lambda _self, response, **_: answers.json_object(response))


@MUTATIONS.in_client
def any_code_is_a_refusal(patch: pytest.MonkeyPatch) -> None:
    """A server error on a submission is reported as a refusal."""
    patch.setattr(Client, "is_refusal", lambda _self, _error: True)


@MUTATIONS.in_client
def wrong_refusal(patch: pytest.MonkeyPatch) -> None:
    """Credits that run out are a bad request."""
    patch.setattr(conversation, "REFUSALS", MappingProxyType({**profile.REFUSALS, 680402: errors.BadRequestError}))


@MUTATIONS.in_client("task.id")
def tidied_id(patch: pytest.MonkeyPatch) -> None:
    """A task's id is converted to lower case."""
    right = Client._read_submission

    def created(self: Client, response: Any) -> Any:
        task, snapshot = right(self, response)
        return task.lower(), snapshot

    patch.setattr(Client, "_read_submission", created)


@MUTATIONS.in_client("poll.answer")
def data_beside_a_code_is_lost(patch: pytest.MonkeyPatch) -> None:
    """A poll with a non-zero code is a refusal, though there is data."""
    right = Client._read_poll

    def polled(self: Client, response: Any) -> Any:
        envelope = self._open(response, data_decides=True)
        bare = replace(response, content=orjson.dumps({**envelope, "data": None}))
        return right(self, bare if envelope["code"] else response)

    patch.setattr(Client, "_read_poll", polled)


@MUTATIONS.in_client("status.codes")
def cancelled_is_running(patch: pytest.MonkeyPatch) -> None:
    """Status 5 counts as running."""
    patch.setattr(conversation, "STATES", MappingProxyType({**profile.STATES, 5: JobState.RUNNING}))


@MUTATIONS.in_client("status.codes")
def unknown_is_failed(patch: pytest.MonkeyPatch) -> None:
    """An undocumented status ends the job."""

    def edit(seen: Snapshot) -> Snapshot:
        return replace(seen, state=JobState.FAILED) if seen.state is JobState.UNKNOWN else seen

    read_otherwise(patch, edit)


@MUTATIONS.in_client
def stale_answer_counts(patch: pytest.MonkeyPatch) -> None:
    """A job goes back when an older answer comes late."""
    patch.setattr(History, "after", lambda _self, snapshot: History(snapshot))


@MUTATIONS.in_client("poll.answer")
def ignored_reason(patch: pytest.MonkeyPatch) -> None:
    """The gateway's reason for a failure is missing."""
    read_otherwise(patch, lambda seen: replace(seen, reason=None))


@MUTATIONS.in_client
def blocked_is_failed(patch: pytest.MonkeyPatch) -> None:
    """Blocked content is any failure."""
    read_otherwise(patch, lambda seen: replace(seen, failure=None))


@MUTATIONS.in_client
def one_name_for_progress(patch: pytest.MonkeyPatch) -> None:
    """Progress is read under one of its two names."""
    right = Client._read_job
    patch.setattr(Client, "_read_job", lambda self, task, raw: right(self, {**task, "process": None}, raw))


@MUTATIONS.in_client
def empty_success(patch: pytest.MonkeyPatch) -> None:
    """A job without any output has succeeded."""
    patch.setattr(Snapshot, "__post_init__", lambda _self: None)


@MUTATIONS.in_client
def lost_job(patch: pytest.MonkeyPatch) -> None:
    """A wait that ends early forgets the job."""

    def next_snapshot(self: Any, poller: Poller) -> Any:
        return self._update((yield from poller.next()))

    patch.setattr(_Handle, "_next", next_snapshot)


@MUTATIONS.in_client
def lost_token(patch: pytest.MonkeyPatch) -> None:
    """A wait that ends early has no token."""
    patch.setattr(Poller, "_timed_out", lambda _self: errors.WaitTimeout("over", vendor="tomoviee"))


@MUTATIONS.in_client
def impatient_wait(patch: pytest.MonkeyPatch) -> None:
    """The first failed poll ends a wait."""
    patch.setattr(Poller, "_is_tolerable", lambda _self, _error, _started: False)


@MUTATIONS.in_client("camera.index")
def wrong_camera(patch: pytest.MonkeyPatch) -> None:
    """Camera moves are counted from 0."""
    right = bodies._common

    def moving(*given: Any) -> Any:
        body: dict[str, Any] = right(*given)
        move = body["camera_move_index"]
        return {**body, "camera_move_index": move and move - 1}

    patch.setattr(bodies, "_common", moving)


@MUTATIONS.in_client("video.common")
def wrong_default(patch: pytest.MonkeyPatch) -> None:
    """The client's default resolution is 1080p."""
    flow = vars(methods._Operations)["text_to_video"].__wrapped__
    patch.setitem(flow.__kwdefaults__, "resolution", "1080p")


@MUTATIONS.in_client("text2video.params")
def unchecked_choice(patch: pytest.MonkeyPatch) -> None:
    """A value outside its table is sent and paid for."""
    patch.setattr(checks, "choice", lambda _field, value, _allowed: value)


@MUTATIONS.in_client("callback.request")
def callback_is_dropped(patch: pytest.MonkeyPatch) -> None:
    """The callback address is not sent."""
    right = bodies.callback_params
    patch.setattr(bodies, "callback_params", lambda callback, params: {**right(callback, params), "callback": None})


@MUTATIONS.in_client
def longer_music(patch: pytest.MonkeyPatch) -> None:
    """Music of 900 seconds, which only the general pages know, is sent."""
    patch.setattr(bodies, "MUSIC_SECONDS", (0, 900))


@MUTATIONS.in_client("control_type.meaning")
def swapped_controls(patch: pytest.MonkeyPatch) -> None:
    """Edges are sent as depth, and depth as edges."""
    right = bodies._control_type
    swapped = {"0": "3", "3": "0"}
    patch.setattr(bodies, "_control_type", lambda value: swapped.get(right(value), right(value)))


@MUTATIONS.in_client
def one_image_key(patch: pytest.MonkeyPatch) -> None:
    """Images under image_path are not seen."""
    right = conversation._read_media
    patch.setattr(conversation, "_read_media", lambda result: right(str(result).replace("image_path", "other")))


@MUTATIONS.in_simulator
def one_piece_only(patch: pytest.MonkeyPatch) -> None:
    """There is one result, whatever number is requested."""
    right = outputs.media_for
    patch.setattr(service, "media_for", lambda *given: right(*given)[:1])


@MUTATIONS.in_simulator
def grey_mask(patch: pytest.MonkeyPatch) -> None:
    """A mask is a color image."""
    patch.setattr(outputs, "Mask", lambda width, height, seed, title: Image(width, height, title or "a mask", "", seed))


@MUTATIONS.in_simulator("auth.token_route")
def any_token(patch: pytest.MonkeyPatch) -> None:
    """The token route takes any secret."""
    patch.setattr(Gateway, "authenticate", lambda self, identity: self.world.account(self.slug, identity.credential))


@MUTATIONS.in_simulator
def pages_by_default(patch: pytest.MonkeyPatch) -> None:
    """The dialect of the general pages is the default."""
    patch.setattr(Gateway, "dialects", {**Gateway.dialects, "parameters": ("pages", "skill")})


@MUTATIONS.in_simulator
def init_image_is_optional(patch: pytest.MonkeyPatch) -> None:
    """A subject needs no image to begin with."""
    patch.setitem(CAPABILITIES, "tm_reference_img2img", replace(CAPABILITIES["tm_reference_img2img"], needs=None))


@MUTATIONS.in_simulator("callback.request")
def no_callback(patch: pytest.MonkeyPatch) -> None:
    """A requested callback is never sent."""
    patch.setattr(Gateway, "callback_plan", None)


@MUTATIONS.in_simulator("callback.payload")
def callback_without_result(patch: pytest.MonkeyPatch) -> None:
    """A callback of a success has no result."""
    right = Gateway.callback_body
    patch.setattr(Gateway, "callback_body", lambda self, task, moment: {**right(self, task, moment), "result": ""})


@MUTATIONS.in_simulator("limits.input_size")
def any_file_will_do(patch: pytest.MonkeyPatch) -> None:
    """Uploaded files are not validated."""
    patch.setattr(Gateway, "validate_inputs", lambda *_given: None)


@MUTATIONS.in_client("callback.payload")
def deaf_to_callbacks(patch: pytest.MonkeyPatch) -> None:
    """A callback of a success is read as one that is still to come."""
    right = Client.parse_callback
    patch.setattr(
        Client, "parse_callback", lambda self, body: replace(right(self, body), snapshot=Snapshot(JobState.QUEUED))
    )


@MUTATIONS.in_simulator
def skill_default_of_soundtrack(patch: pytest.MonkeyPatch) -> None:
    """A soundtrack without a duration lasts 30 seconds."""
    change_default(patch, "tm_video_scoring", "skill", "duration", 30)


@MUTATIONS.in_simulator
def skill_default_of_quantity(patch: pytest.MonkeyPatch) -> None:
    """A request for a sound effect without a quantity makes two."""
    change_default(patch, "tm_text2sfx", "skill", "qty", 2)


@MUTATIONS.in_simulator
def page_default_of_image_ratio(patch: pytest.MonkeyPatch) -> None:
    """In the reading of the general pages an image without a ratio is wide."""
    change_default(patch, "tm_reference_img2img", "pages", "aspect_ratio", "16:9")


@MUTATIONS.in_simulator
def page_default_of_image_size(patch: pytest.MonkeyPatch) -> None:
    """In the reading of the general pages an image without a size is larger."""
    change_default(patch, "tm_reference_img2img", "pages", "resolution", "768*768")


@MUTATIONS.in_simulator
def page_default_of_redrawn_images(patch: pytest.MonkeyPatch) -> None:
    """In the reading of the general pages two images are redrawn unless the request has another number."""
    change_default(patch, "tm_redrawing", "pages", "image_num", 2)


@MUTATIONS.in_simulator
def page_default_of_effect(patch: pytest.MonkeyPatch) -> None:
    """In the reading of the general pages a sound effect without a duration lasts 15 seconds."""
    change_default(patch, "tm_text2sfx", "pages", "duration", 15)


@MUTATIONS.in_simulator
def page_default_of_music(patch: pytest.MonkeyPatch) -> None:
    """In the reading of the general pages music without a duration lasts 30 seconds."""
    change_default(patch, "tm_text2music", "pages", "duration", 30)


@MUTATIONS.in_simulator
def soundtrack_of_another_document(patch: pytest.MonkeyPatch) -> None:
    """In the reading of the general pages a soundtrack has the parameters of the site."""
    known = CAPABILITIES["tm_video_scoring"]
    patch.setitem(CAPABILITIES, "tm_video_scoring", replace(known, pages=known.site))


@MUTATIONS.in_simulator
def progress_of_another_document(patch: pytest.MonkeyPatch) -> None:
    """In the reading of the general pages progress is called process."""
    right = Gateway.dialect

    def dialect(self: Gateway, name: str, account: Account | None) -> str:
        reading = right(self, name, account)
        return "site" if (name, reading) == ("parameters", "pages") else reading

    patch.setattr(Gateway, "dialect", dialect)


@MUTATIONS.in_client
def client_default_of_soundtrack(patch: pytest.MonkeyPatch) -> None:
    """The client requests a soundtrack of 30 seconds by default."""
    change_argument(patch, "video_soundtrack", "duration", 30)


@MUTATIONS.in_client
def client_default_of_width(patch: pytest.MonkeyPatch) -> None:
    """The client requests images 512 pixels wide by default."""
    change_argument(patch, "image_to_image", "width", 512)


@MUTATIONS.in_client
def client_default_of_intensity(patch: pytest.MonkeyPatch) -> None:
    """The client requests images that follow their reference closely by default."""
    change_argument(patch, "image_to_image", "control_intensity", 0.9)


@MUTATIONS.in_client
def client_default_of_control(patch: pytest.MonkeyPatch) -> None:
    """The client requests the mask of a pose by default."""
    change_argument(patch, "recognition", "control_type", "1")


@MUTATIONS.in_simulator("callback.payload")
def callback_of_another_type(patch: pytest.MonkeyPatch) -> None:
    """A callback is plain text by its Content-Type."""
    patch.setattr(callbacks, "HEADERS", {"Content-Type": "text/plain"})


@MUTATIONS.in_client("polling.interval")
def poll_every_second(patch: pytest.MonkeyPatch) -> None:
    """A client polls every second by default."""
    patch.setattr(PollPolicy, "delay", lambda _self, _poll: 1.0)


@MUTATIONS.in_client("polling.interval")
def poll_every_millisecond(patch: pytest.MonkeyPatch) -> None:
    """A client polls every millisecond by default."""
    patch.setattr(PollPolicy, "delay", lambda _self, _poll: 0.001)
