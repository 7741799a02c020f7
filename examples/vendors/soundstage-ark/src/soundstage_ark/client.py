"""Ark's clients: start, poll, list, cancel and delete content generation tasks.

Source: volcengine.com/docs/82379, docs.byteplus.com/en/docs/ModelArk, and the sources of the official SDKs, read in
November 2026; facts are cited by id.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Literal, get_args
from urllib.parse import quote, urlencode

from soundstage import errors
from soundstage.vendor_kit import (
    AsyncClient,
    AsyncHttp,
    HttpT,
    JobRef,
    JobState,
    JsonService,
    KeyClient,
    Media,
    PollPolicy,
    Request,
    Snapshot,
    StartedJob,
    Submission,
    SyncClient,
    SyncHttp,
    VendorProfile,
    inputs,
    omit_none,
    operation,
    responses,
    submission,
    validation,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from soundstage.vendor_kit import Flow, Response

PROFILE = VendorProfile(
    slug="ark",
    name="Ark",
    base_url="https://ark.cn-beijing.volces.com",  # hosts
    base_url_variable="ARK_BASE_URL",
    credentials=MappingProxyType({"api_key": "ARK_API_KEY"}),  # auth.bearer
    poll=PollPolicy(first=3.0, factor=1.5, ceiling=15.0, timeout=3600.0, outage=600.0),  # polling.interval
    has_callback=True,  # callback
    unit="tokens",
    lookup="list_jobs('generate') lists the account's tasks, the newest first",  # create.once, list.order
)
BYTEPLUS = "https://ark.ap-southeast.bytepluses.com"
"""The address for keys of BytePlus: `Ark(base_url=BYTEPLUS)`."""

TASKS_ROUTE = "/api/v3/contents/generations/tasks"  # create.route, get.route, list.route, delete.route
IMAGE_BYTES = 10_000_000  # inferred; no document that could be opened states the limit of an image
MAX_PAGE = 500  # list.order

# task.states, task.expired
STATES: Mapping[str, JobState] = MappingProxyType(
    {
        "queued": JobState.QUEUED,
        "running": JobState.RUNNING,
        "succeeded": JobState.SUCCEEDED,
        "failed": JobState.FAILED,
        "cancelled": JobState.CANCELED,
        "expired": JobState.EXPIRED,
    }
)
# errors.codes, queue.refusal, errors.other; every other code by its HTTP status
REFUSALS: Mapping[str, type[errors.ApiError]] = MappingProxyType(
    {
        "AccountOverdueError": errors.InsufficientCreditsError,
        "ModelNotOpen": errors.PermissionDeniedError,
        "QuotaExceeded": errors.ConcurrencyLimitError,
    }
)
SENSITIVE = "SensitiveContentDetected"  # block: a part of each code of refused content

# create.values
Resolution = Literal["480p", "720p", "1080p"]
Ratio = Literal["16:9", "4:3", "1:1", "3:4", "9:16", "21:9", "adaptive"]
Tier = Literal["default", "flex"]
SECONDS = (2, 15)
SEEDS = (-1, 4294967295)
EXPIRY = (3600, 259200)


class ArkService(JsonService):
    """Ark's content generation tasks, as one client uses them."""

    scheme = "Bearer"  # auth.bearer

    def submit(
        self, prompt: str | None, frames: Mapping[str, inputs.ImageInput | None], body: Mapping[str, Any]
    ) -> Flow[StartedJob]:
        """Start a task (create.route); members that are None are omitted."""
        content: list[dict[str, Any]] = [] if prompt is None else [{"type": "text", "text": prompt}]
        for role, image in frames.items():
            if image is not None:
                url = yield from _image_url(role, image)
                content.append({"type": "image_url", "image_url": {"url": url}, "role": role})
        filled = omit_none({**body, "content": content})
        request = Request("POST", self.url(TASKS_ROUTE), self.authorization(), filled, paid=True)
        # Ark knows no idempotency key: a lost response leaves the outcome unknown, and nothing is resent (create.once).
        start = Submission(service=self, operation="generate", request=request, parse=self._read_submission)
        return (yield from start.flow())

    def poll(self, ref: JobRef, timeout: float | None) -> Flow[Snapshot]:
        """Poll a task once (get.route)."""
        return self.read_once(self._request("GET", ref.id, timeout), self._read_poll)

    def cancel(self, ref: JobRef) -> Flow[Snapshot]:
        """Cancel a task that is still queued (cancel.safe).

        Raises:
            UnsupportedError: It is running: Ark finishes it, and charges it.
        """
        snapshot = yield from self.retried(lambda: self.poll_once(ref), responses.is_transient)
        if snapshot.state.final:  # the same call would delete it, and with it the address of a paid video
            return snapshot
        if snapshot.state is not JobState.QUEUED:
            message = f"task {ref.id} is {snapshot.state_raw}; Ark cancels queued tasks only, so it continues"
            raise errors.UnsupportedError(message, vendor=PROFILE.slug, token=self.token(ref))
        try:
            # Once and no more: a repeated request could meet a task that has ended, and delete it.
            yield from self.read_once(self._request("DELETE", ref.id), self._open)
        except errors.SoundstageError as error:
            error.token = self.token(ref)
            raise
        return (yield from self.retried(lambda: self.poll_once(ref), responses.is_transient))

    def delete(self, task_id: str) -> Flow[None]:
        """Delete a finished task, or cancel a queued one (delete.route, delete.states)."""
        yield from self.read_once(self._request("DELETE", task_id), self._open)

    def list_jobs(self, operation: str, page: int, page_size: int) -> Flow[list[StartedJob]]:
        """Return a page of the account's tasks, the newest first (list.route, list.order)."""
        validation.choice("operation", operation, ("generate",))
        query = {
            "page_num": validation.whole_number("page", page, least=1, most=MAX_PAGE),
            "page_size": validation.whole_number("page_size", page_size, least=1, most=MAX_PAGE),
        }
        request = Request("GET", f"{self.url(TASKS_ROUTE)}?{urlencode(query)}", self.authorization())
        return self.read(request, self._read_list)

    def parse_callback(self, body: object) -> StartedJob:
        """Return the task in the body of a callback (callback)."""
        task = responses.callback_object(body)
        task_id = responses.as_text(task.get("id"))
        if task_id is None or not isinstance(task.get("status"), str):
            allowed = "the JSON of a callback: a task with id and status"
            raise errors.InvalidArgument(f"body must be {allowed}", field="body", value=body, allowed=allowed)
        return StartedJob(JobRef(task_id, "generate"), self._read_job(task))

    def _request(self, method: str, task_id: str, timeout: float | None = None) -> Request:
        url = f"{self.url(TASKS_ROUTE)}/{quote(task_id, safe='', errors='surrogatepass')}"
        return Request(method, url, self.authorization(), timeout=timeout)

    def _read_submission(self, response: Response) -> tuple[str, Snapshot]:
        """Return the new task's id; the response has nothing else, and a new task is queued (create.route)."""
        body = self._open(response)
        return self.required_id(body, "id", response), Snapshot(JobState.QUEUED, raw=body)

    def _read_poll(self, response: Response) -> Snapshot:
        task = self._open(response)
        if not isinstance(task.get("status"), str):
            raise self.refusal(errors.UnreadableAnswerError, "the response has no status", response)
        return self._read_job(task)

    def _read_list(self, response: Response) -> list[StartedJob]:
        items = self._open(response).get("items")
        if not isinstance(items, list):
            raise self.refusal(errors.UnreadableAnswerError, "the response has no list items", response)
        tasks = [responses.as_object(item) for item in items]
        return [
            StartedJob(JobRef(self.required_id(task, "items.id", response), "generate"), self._read_job(task))
            for task in tasks
        ]

    def _read_job(self, task: Mapping[str, Any]) -> Snapshot:
        """Return the state of one task (task.shape, task.states)."""
        status = task.get("status")
        word = status if isinstance(status, str) else None
        content, error = responses.as_object(task.get("content")), responses.as_object(task.get("error"))
        code = responses.as_text(error.get("code"))
        state = STATES.get(word or "", JobState.UNKNOWN)
        sensitive = state is JobState.FAILED and SENSITIVE in (code or "")
        return Snapshot(
            state,
            state_raw=word,
            media=_read_media(content),
            reason=responses.first_text(error, "message", "code"),
            failure=errors.ContentFiltered if sensitive else None,
            code=code,
            cost=responses.as_number(responses.as_object(task.get("usage")).get("completion_tokens")),
            raw=task,
            named=responses.identifiers(task.get("id")),
        )

    def _open(self, response: Response) -> dict[str, Any]:
        """Return the object in a response.

        Raises:
            ApiError: The service refused, or the response is not a JSON object.
        """
        if response.status >= responses.REFUSALS:
            raise self._refused(response)
        body = response.json() if response.content.strip() else {}
        if response.status not in responses.SUCCESSES or not isinstance(body, dict):
            raise self.refusal(errors.UnreadableAnswerError, "the response is not a JSON object", response)
        return body

    def _refused(self, response: Response) -> errors.ApiError:
        """Return the error for a code, or else for the HTTP status (errors.body, errors.codes)."""
        error = responses.as_object(responses.json_object(response).get("error"))
        code = responses.as_text(error.get("code"))
        known = errors.ContentPolicyError if SENSITIVE in (code or "") else REFUSALS.get(code or "")
        message = responses.as_text(error.get("message")) or f"refused with HTTP {response.status}"
        return self.refusal(known or responses.kind_by_status(response.status), message, response, code=code)


def _image_url(role: str, image: inputs.ImageInput) -> Flow[str]:
    """Return the address of an image, or its bytes as a data URL (create.image)."""
    loaded = yield from inputs.load_image(role, image, most=IMAGE_BYTES)
    if isinstance(loaded, str):
        return loaded
    return f"data:{inputs.image_media_type(loaded)};base64,{inputs.base64_text(loaded)}"


def _read_media(content: Mapping[str, Any]) -> tuple[Media, ...]:
    """Return the video, and its last frame if there is one; a frame alone is not a result (task.outputs)."""
    video, frame = (responses.as_text(content.get(name)) for name in ("video_url", "last_frame_url"))
    if video is None:
        return ()
    return (Media(video, "video"),) if frame is None else (Media(video, "video"), Media(frame, "image"))


class _Operations(KeyClient[HttpT, ArkService], profile=PROFILE, service=ArkService):
    """The operations, written once for both kinds of client. A key of BytePlus needs `base_url=BYTEPLUS`."""

    @submission
    def generate(
        self,
        prompt: str | None = None,
        *,
        model: str,
        first_frame: inputs.ImageInput | None = None,
        last_frame: inputs.ImageInput | None = None,
        resolution: Resolution | None = None,
        ratio: Ratio | None = None,
        duration: int | None = None,
        seed: int | None = None,
        camera_fixed: bool | None = None,
        watermark: bool | None = None,
        generate_audio: bool | None = None,
        return_last_frame: bool | None = None,
        service_tier: Tier | None = None,
        execution_expires_after: int | None = None,
        callback_url: str | None = None,
    ) -> Flow[StartedJob]:
        """Start a video from a text, from frames, or from both (POST /api/v3/contents/generations/tasks).

        It costs tokens; `job.cost` has them when it has succeeded. Ark cannot recognize a repeated submission: after a
        lost response, look at `list_jobs("generate")` before submitting again.

        Args:
            prompt: Description of the video; needed where no frame is given.
            model: The model's id, or that of an inference endpoint (ep-...). Ids differ between the two hosts.
            first_frame: The first frame, by address, path or bytes: a PNG or JPEG of at most 10 MB.
            last_frame: The last frame; needs a first one.
            resolution: 480p, 720p or 1080p, the short side; this and all that follow: None is the model's default.
            ratio: Shape of the video; adaptive is that of the first frame.
            duration: Seconds, 2 to 15; models differ in what they take.
            seed: -1 (random) to 4294967295.
            camera_fixed: Whether the camera does not move.
            watermark: Whether the video has a watermark.
            generate_audio: Whether the video has sound; few models make it.
            return_last_frame: Whether the last frame is saved as an image beside the video.
            service_tier: default, or flex: cheaper and slower.
            execution_expires_after: Seconds after which an unfinished task expires, 3600 to 259200.
            callback_url: Address of a callback at every change of status.

        Returns:
            A queued job; its `outputs` will be the video, and its last frame if requested.

        Raises:
            InvalidArgument: An argument is out of range; nothing was sent.
            SubmitOutcomeUnknown: The response was lost, or the service failed; the task may exist.
            ContentPolicyError: The prompt was refused for its content.
            InsufficientCreditsError: The account is overdue; nothing was started.
            ApiError: The service refused.
            ConnectionFailed: The service could not be reached; nothing was sent.

        Facts: ark:create.route, create.content, create.image, create.roles, create.params, create.values, create.once.
        """
        if prompt is None and first_frame is None:
            validation.invalid("prompt", prompt, "a description, or else a first_frame")
        if last_frame is not None and first_frame is None:
            validation.invalid("last_frame", last_frame, "given with a first_frame")
        body = {
            "model": validation.text("model", model),
            "resolution": _optional(validation.choice, "resolution", resolution, get_args(Resolution)),
            "ratio": _optional(validation.choice, "ratio", ratio, get_args(Ratio)),
            "duration": _optional(_whole, "duration", duration, SECONDS),
            "seed": _optional(_whole, "seed", seed, SEEDS),
            "camera_fixed": _optional(validation.choice, "camera_fixed", camera_fixed, (True, False)),
            "watermark": _optional(validation.choice, "watermark", watermark, (True, False)),
            "generate_audio": _optional(validation.choice, "generate_audio", generate_audio, (True, False)),
            "return_last_frame": _optional(validation.choice, "return_last_frame", return_last_frame, (True, False)),
            "service_tier": _optional(validation.choice, "service_tier", service_tier, get_args(Tier)),
            "execution_expires_after": _optional(_whole, "execution_expires_after", execution_expires_after, EXPIRY),
            "callback_url": _optional(validation.web_address, "callback_url", callback_url),
        }
        text = _optional(validation.text, "prompt", prompt)
        return self._service.submit(text, {"first_frame": first_frame, "last_frame": last_frame}, body)

    @operation
    def delete_task(self, task_id: str) -> Flow[None]:
        """Delete a finished task, or cancel a queued one (DELETE /api/v3/contents/generations/tasks/{id}).

        The task and the address of its video are gone afterwards; `job.cancel()` never does that.

        Args:
            task_id: The task's id.

        Raises:
            InvalidArgument: It is blank; nothing was sent.
            BadRequestError: The task is running, or was canceled before.
            NotFoundError: There is no such task.
            ApiError: The service refused.
            ConnectionFailed: There was no response; the task may be deleted.

        Facts: ark:delete.route, delete.states.
        """
        return self._service.delete(validation.text("task_id", task_id))


class Ark(_Operations[SyncHttp], SyncClient[ArkService]):
    """Seedance on Volcengine or BytePlus, with blocking calls; see `AsyncArk` for coroutines.

    A submission is never sent twice unless the service provably did not receive it.
    """


class AsyncArk(_Operations[AsyncHttp], AsyncClient[ArkService]):
    """Seedance on Volcengine or BytePlus, with coroutines; see `Ark` for calls that block.

    A submission is never sent twice unless the service provably did not receive it.
    """


def _optional(check: Callable[..., Any], name: str, value: Any, *allowed: Any) -> Any:
    """Return *value* after *check* has accepted it; None stays None."""
    return None if value is None else check(name, value, *allowed)


def _whole(name: str, value: Any, span: tuple[int, int]) -> int:
    return validation.whole_number(name, value, least=span[0], most=span[1])
