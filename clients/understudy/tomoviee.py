"""Tomoviee: Wondershare's open gateway for generated video.

Documents: the vendor's skills and their runnable clients, and the pages at tomoviee.ai/doc and tomoviee.cn/doc, read in
November 2025. Facts are cited by id, as in `tomoviee:create.route`.
"""

from __future__ import annotations

import base64
import json
import math
import re
from enum import IntEnum
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Literal, cast, get_args

from understudy import _answers, _checks, errors
from understudy._client import AsyncClient, Client, SyncClient
from understudy._credentials import Secret, find_credential
from understudy._descriptors import submission
from understudy._http import AsyncHttp, HttpT, SyncHttp
from understudy._policies import PollPolicy, RetryPolicy
from understudy._service import Service, Settings
from understudy._state import JobRef, JobState, Media, Snapshot, Started
from understudy._submission import Submission
from understudy._vendor import VendorProfile
from understudy._wire import Flow, Request, Response

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from understudy._clock import Clock
    from understudy._events import Hook

PROFILE = VendorProfile(
    slug="tomoviee",
    name="Tomoviee",
    base_url="https://openapi.wondershare.cc",  # gateway.hosts
    base_url_variable="TOMOVIEE_BASE_URL",
    credentials=MappingProxyType({"app_key": "TOMOVIEE_APP_KEY", "app_secret": "TOMOVIEE_APP_SECRET"}),
    poll=PollPolicy(first=10.0, timeout=1800.0, outage=600.0),  # polling.interval, generation.times
    has_cancel=False,  # status.cancel
    has_credits=False,
    has_callback=True,  # callback.request
)
BASE_URL_ALIAS = "https://open-api.wondershare.cc"  # gateway.hosts

Resolution = Literal["720p", "1080p"]
AspectRatio = Literal["16:9", "9:16", "4:3", "3:4", "1:1"]
Duration = Literal[5]

_CREATE = "/v1/open/capacity/application/"  # create.route
_RESULT = "/v1/open/pub/task"  # poll.route

# status.codes
_STATES: Mapping[int, JobState] = MappingProxyType(
    {
        1: JobState.QUEUED,
        2: JobState.RUNNING,
        3: JobState.SUCCEEDED,
        4: JobState.FAILED,
        5: JobState.CANCELED,
        6: JobState.EXPIRED,
    }
)
# errors.codes
_REFUSALS: Mapping[int, type[errors.ApiError]] = MappingProxyType(
    {
        680400: errors.BadRequestError,
        680401: errors.AuthenticationError,
        680402: errors.InsufficientCreditsError,
        680404: errors.NotFoundError,
        680413: errors.BadRequestError,
        680422: errors.BadRequestError,
        680429: errors.ConcurrencyLimitError,
        680500: errors.ServerError,
    }
)
# poll.result_is_string, image.result_key
_KINDS: Mapping[str, str] = MappingProxyType(
    {"video_path": "video", "images_path": "image", "image_path": "image", "audio_path": "audio", "mask_path": "mask"}
)
_SHORT_NUMBER = re.compile(r"[0-9]{1,9}\Z")
_CONTENT_POLICY = re.compile(r"content[ _-]?policy", re.IGNORECASE)  # block


class CameraMove(IntEnum):
    """How the camera moves, is set or frames: the vendor's camera_move_index (`tomoviee:camera.index`)."""

    ORBIT = 1
    SPIN = 2
    PAN_LEFT = 3
    PAN_RIGHT = 4
    TILT_UP = 5
    TILT_DOWN = 6
    PUSH_IN = 7
    PULL_OUT = 8
    STATIC = 9
    TRACKING = 10
    OTHERS = 11
    OBJECT_POV = 12
    SUPER_DOLLY_IN = 13
    SUPER_DOLLY_OUT = 14
    SNORRICAM = 15
    HEAD_TRACKING = 16
    CAR_GRIP = 17
    SCREEN_TRANSITION = 18
    CAR_CHASING = 19
    FISHEYE = 20
    FPV_DRONE = 21
    CRANE_OVER_THE_HEAD = 22
    TIMELAPSE_LANDSCAPE = 23
    DOLLY_IN = 24
    DOLLY_OUT = 25
    ZOOM_IN = 26
    ZOOM_OUT = 27
    FULL_SHOT = 28
    CLOSE_UP_SHOT = 29
    EXTREME_CLOSE_UP = 30
    MACRO_SHOT = 31
    BIRDS_EYE_VIEW = 32
    RULE_OF_THIRDS = 33
    SYMMETRICAL_COMPOSITION = 34
    HANDHELD = 35
    FPV_SHOT = 36
    JIB_UP = 37
    JIB_DOWN = 38
    FULL_SHOT_AGAIN = 39
    TIME_LAPSE_SHOT = 40
    AERIAL_SHOT = 41
    LOW_ANGLE_SHOT = 42
    EYE_LEVEL_SHOT = 43
    DIAGONAL_COMPOSITION = 44
    OVER_SHOULDER_SHOT = 45
    CRANE_DOWN = 46


class TomovieeService(Service):
    """How the gateway authorizes, answers and refuses: the same for every capability."""

    def __init__(self, key: Secret, secret: Secret, settings: Settings) -> None:
        pair = base64.b64encode(f"{key.reveal()}:{secret.reveal()}".encode()).decode()
        self._key = key
        self._basic = Secret(pair)
        super().__init__(settings, {"key": key.reveal(), "secret": secret.reveal(), "basic": pair})

    def authorization(self) -> Mapping[str, str]:
        """Both headers of every call (auth.headers)."""
        return {"X-App-Key": self._key.reveal(), "Authorization": f"Basic {self._basic.reveal()}"}

    def create(self, operation: str, capability: str, body: Mapping[str, object]) -> Flow[Started]:
        """Start a job of *capability* (create.route); parameters that are None are left out."""
        filled = {name: value for name, value in body.items() if value is not None}
        request = Request("POST", self.url(_CREATE + capability), self.authorization(), filled, paid=True)
        return Submission(service=self, operation=operation, request=request, understand=self._created).flow()

    def poll(self, ref: JobRef, timeout: float | None) -> Flow[Snapshot]:
        """Look at a job (poll.route): one route for all capabilities."""
        request = Request("POST", self.url(_RESULT), self.authorization(), {"task_id": ref.id}, timeout=timeout)
        return self.read_once(request, self._polled)

    def _created(self, response: Response) -> tuple[str, Snapshot]:
        """The task's id (create.answer)."""
        answer, code = self._envelope(response)
        if code != 0:
            raise self._refused(response, answer, code)
        task_id = _answers.as_object(answer.get("data")).get("task_id")
        if not isinstance(task_id, str) or not task_id:
            raise self.refusal(errors.UnreadableAnswerError, "the answer names no data.task_id", response)
        return task_id, Snapshot(JobState.QUEUED, raw=answer)

    def _polled(self, response: Response) -> Snapshot:
        """What the task says, which is read whatever the envelope's code is (poll.answer)."""
        answer, code = self._envelope(response)
        data = _answers.as_object(answer.get("data"))
        if data:
            return _read_task(data, answer)
        if code != 0:
            raise self._refused(response, answer, code)
        raise self.refusal(errors.UnreadableAnswerError, "the answer has no data", response)

    def _envelope(self, response: Response) -> tuple[dict[str, Any], int]:
        """The answer and its code.

        Raises:
            ApiError: It is no envelope; the HTTP status then says what it is.
        """
        try:
            answer = _answers.as_object(response.json())
        except ValueError:
            answer = {}
        code = answer.get("code")
        if isinstance(code, int) and not isinstance(code, bool):
            return answer, code
        kind = _answers.kind_by_status(response.status)
        raise self.refusal(
            kind, f"an answer that is no {{code, msg, data}} envelope (HTTP {response.status})", response
        )

    def _refused(self, response: Response, answer: Mapping[str, Any], code: int) -> errors.ApiError:
        """The refusal a code stands for, or else its HTTP status (errors.envelope, errors.http)."""
        kind = _REFUSALS.get(code)
        if kind is None:
            kind = errors.ApiError if response.status < _answers.REFUSALS else _answers.kind_by_status(response.status)
        message = answer.get("msg")
        return self.refusal(kind, str(message or f"refused with code {code}"), response, code=code)


def _read_task(data: Mapping[str, Any], answer: object) -> Snapshot:
    """One task of the result route (status.codes, task.extra_fields)."""
    raw = data.get("status")
    state = _STATES.get(_number(raw), JobState.UNKNOWN)
    progress = data.get("progress", data.get("process"))
    reason = str(data.get("reason") or "") or None
    blocked = state is JobState.FAILED and reason is not None and _CONTENT_POLICY.search(reason)
    return Snapshot(
        state,
        state_raw=raw if isinstance(raw, (int, str)) else None,
        progress=_percent(progress),
        media=tuple(_read_result(data.get("result"))) if state is JobState.SUCCEEDED else (),
        reason=reason,
        failure=errors.ContentFiltered if blocked else None,
        raw=answer,
    )


def _number(value: object) -> int:
    """A status as a number, also when it comes as a string; 0 for anything else."""
    if isinstance(value, str) and _SHORT_NUMBER.match(value):
        return int(value)
    return value if isinstance(value, int) and not isinstance(value, bool) else 0


def _percent(value: Any) -> float | None:
    """Progress in percent, whatever type it comes in."""
    try:
        percent = float(value)
    except (TypeError, ValueError, OverflowError):
        return None
    return min(100.0, max(0.0, percent)) if math.isfinite(percent) else None


def _read_result(result: object) -> Iterator[Media]:
    """The addresses in the JSON text of a finished task (poll.result_is_string)."""
    try:
        found = _answers.as_object(json.loads(result) if isinstance(result, str) else result)
    except (ValueError, RecursionError):
        return
    for key, value in found.items():
        if not key.endswith("_path"):
            continue
        kind = _KINDS.get(key, key.removesuffix("_path"))
        addresses = cast("list[object]", value) if isinstance(value, list) else [value]
        yield from (Media(url, kind) for url in addresses if isinstance(url, str) and url)


class _Operations(Client[HttpT]):
    """The capabilities, written once for both kinds of client."""

    _gateway: TomovieeService

    def __init__(
        self,
        app_key: str | None = None,
        app_secret: str | None = None,
        *,
        base_url: str | None = None,
        http: HttpT | None = None,
        clock: Clock | None = None,
        poll: PollPolicy | None = None,
        retry: RetryPolicy | None = None,
        timeout: float | None = None,
        on_event: Hook | None = None,
    ) -> None:
        """Make a client; nothing is sent.

        Args:
            app_key: The gateway's key, or else TOMOVIEE_APP_KEY.
            app_secret: The gateway's secret, or else TOMOVIEE_APP_SECRET.
            base_url: Where the gateway is; or else where `http` points, or TOMOVIEE_BASE_URL, or the documented one.
            http: An httpx client to send with, of the same kind as this client; used as it is and never closed here.
            clock: What tells the time and sleeps.
            poll: How a wait looks at a job; by default every 10 s for 1800 s at most, as films take 1 to 5 minutes.
            retry: How often what may be sent again is sent again.
            timeout: Seconds that a request waits for the gateway; 60 by default, or as `http` has it.
            on_event: Called with every `Event`.

        Raises:
            MissingCredential: Key or secret is neither given nor in the environment.
            InvalidArgument: An argument is out of range.
        """
        names = PROFILE.credentials
        key = find_credential(PROFILE.slug, "app_key", app_key, names["app_key"])
        secret = find_credential(PROFILE.slug, "app_secret", app_secret, names["app_secret"])

        def make(settings: Settings) -> TomovieeService:
            self._gateway = TomovieeService(key, secret, settings)
            return self._gateway

        super().__init__(
            PROFILE,
            make,
            base_url=base_url,
            http=http,
            clock=clock,
            poll=poll,
            retry=retry,
            timeout=timeout,
            on_event=on_event,
        )

    @submission
    def text_to_video(
        self,
        prompt: str,
        *,
        resolution: Resolution = "720p",
        aspect_ratio: AspectRatio = "16:9",
        duration: Duration = 5,
        camera_move: CameraMove | int | None = None,
        callback: str | None = None,
        params: str | None = None,
    ) -> Flow[Started]:
        """Start a film of 5 seconds from a text (tm_text2video_b); it takes 1 to 5 minutes and costs credits.

        Args:
            prompt: What the film shows.
            resolution: 720p or 1080p, which is the short side in pixels.
            aspect_ratio: 16:9, 9:16, 4:3, 3:4 or 1:1.
            duration: Seconds; 5 is all there is.
            camera_move: A `CameraMove` or its number from 1 to 46; None leaves it to the service.
            callback: An address that is told of the end.
            params: Any text, given back in the result and to the callback.

        Returns:
            A job, still queued; `outputs` will hold one video.

        Raises:
            InvalidArgument: An argument is out of range; nothing was sent.
            SubmitOutcomeUnknown: It was sent, and no answer says what became of it.
            ApiError: The gateway refused.
            ConnectionFailed: The gateway could not be reached; nothing was sent.

        Facts: tomoviee:text2video.params, video.common, camera.index, callback.request.
        """
        body = {
            "prompt": _checks.text("prompt", prompt),
            "resolution": _checks.choice("resolution", resolution, get_args(Resolution)),
            "aspect_ratio": _checks.choice("aspect_ratio", aspect_ratio, get_args(AspectRatio)),
            "duration": _checks.choice("duration", duration, get_args(Duration)),
            **_common(camera_move, callback, params),
        }
        return self._gateway.create("text_to_video", "tm_text2video_b", body)


def _common(camera_move: int | None, callback: str | None, params: str | None) -> dict[str, object]:
    """What every video capability may carry (video.common, callback.request)."""
    if camera_move is not None:
        _checks.whole_number("camera_move", camera_move, least=min(CameraMove), most=max(CameraMove))
    if callback is not None:
        _checks.web_address("callback", callback)
    return {
        "camera_move_index": None if camera_move is None else int(camera_move),
        "callback": callback,
        "params": _checks.optional_text("params", params),
    }


class Tomoviee(_Operations[SyncHttp], SyncClient):
    """Tomoviee's gateway, by calls that block; see `AsyncTomoviee` for coroutines.

    A submission is never sent twice unless the gateway provably did not receive it, or refused it for the moment.
    """


class AsyncTomoviee(_Operations[AsyncHttp], AsyncClient):
    """Tomoviee's gateway, by coroutines; see `Tomoviee` for calls that block.

    A submission is never sent twice unless the gateway provably did not receive it, or refused it for the moment.
    """
