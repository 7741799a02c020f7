"""What the contracts know of fal's queue: credentials, inputs, plain HTTP calls, terms of the shared laws.

Documents: as the fact file names them; the facts are cited by id. It is written from them, and imports neither the
client's nor the simulator's tables.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

from hypothesis import strategies as st

from soundstage import JobState, errors
from soundstage_contracts.vendor_kit import (
    DemoCall,
    JobView,
    KeyRawClient,
    LiveCall,
    LivePlan,
    Operation,
    RawRequest,
    Refusal,
    ResponseFormat,
    Terms,
    VendorContract,
    bad_keys,
    check_cites,
    data_of,
    job_machine,
    key_argument,
    key_headers,
    require,
    strategies,
)
from soundstage_fal.client import AsyncFal, Fal

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import httpx

IMAGE_MODEL: Final = "fal-ai/flux/dev"
VIDEO_MODEL: Final = "fal-ai/minimax-video/image-to-video"
MONTH: Final = 30 * 24 * 3600.0
UUID: Final = r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"
STATE_WORDS: Final = {
    "IN_QUEUE": JobState.QUEUED,
    "IN_PROGRESS": JobState.RUNNING,
    "COMPLETED": JobState.SUCCEEDED,
    "runner_disconnected": JobState.FAILED,
    "runner_scheduling_failure": JobState.FAILED,
    "runner_connection_timeout": JobState.FAILED,
    "content_policy_violation": JobState.FAILED,
    "request_timeout": JobState.EXPIRED,
    "startup_timeout": JobState.EXPIRED,
    "client_cancelled": JobState.CANCELED,
}
"""The words of a status, and the types of errors, which are the words of the ends without success."""


def images() -> st.SearchStrategy[dict[str, Any]]:
    """Return inputs of a model that makes images."""
    return st.fixed_dictionaries(
        {"prompt": strategies.prompts(most=80)},
        optional={"num_images": st.integers(1, 4), "seed": st.integers(0, 2**31), "image_size": st.just("square_hd")},
    )


def videos() -> st.SearchStrategy[dict[str, Any]]:
    """Return inputs of a model that makes videos."""
    return st.fixed_dictionaries(
        {"prompt": strategies.prompts(most=80)},
        optional={"duration": st.sampled_from([4, "6", "8s"]), "image_url": st.just("https://example.test/a.png")},
    )


def app_of(model: str) -> str:
    """Return the app of a model without a namespace (requests.app)."""
    return "/".join(model.split("/")[:2])


class FalRaw(KeyRawClient):
    """Sends plain HTTP requests to fal's queue."""

    slug = "fal"
    scheme = "Key"  # auth.key

    @classmethod
    def creation_request(cls, operation: Operation, body: Mapping[str, Any]) -> RawRequest:
        """Return the request that submits to the operation's model."""
        return RawRequest("POST", f"/{operation.route}", dict(body))

    @classmethod
    def status_request(cls, job: str, operation: Operation) -> RawRequest:
        """Return the request for a status; a job's id is the path of its request."""
        path = job if "/requests/" in job else f"{app_of(operation.route)}/requests/{job}"
        return RawRequest("GET", f"/{path}/status")

    @classmethod
    def quoted(cls, job: str) -> str:
        """Return a job's id as it is written in a path: the path itself."""
        return job

    def created_id(self, response: httpx.Response, operation: Operation) -> str:
        """Check the response to a submission, and return the path of its request (submit.answer, requests.id)."""
        body = data_of(response)
        require(re.fullmatch(UUID, body["request_id"]) is not None, f"not a UUID: {body}")
        path = f"{app_of(operation.route)}/requests/{body['request_id']}"
        ends = {"response_url": path, "status_url": f"{path}/status", "cancel_url": f"{path}/cancel"}
        require(all(body[name].endswith(f"/{end}") for name, end in ends.items()), f"addresses: {body}")
        require(body["status"] == "IN_QUEUE" and isinstance(body["queue_position"], int), f"not queued: {body}")
        return path

    def job_view(self, response: httpx.Response) -> JobView:
        """Check a status, and return what it shows (status.states, status.error)."""
        body = data_of(response)
        word = body["status"]
        require(("queue_position" in body) == (word == "IN_QUEUE"), f"position: {body}")
        require(("logs" in body) == (word != "IN_QUEUE"), f"logs: {body}")
        require(("metrics" in body) == (word == "COMPLETED"), f"metrics: {body}")
        require(("error" in body) == ("error_type" in body), f"error: {body}")
        return JobView(body.get("error_type", word), body.get("error", ""), ())

    def read_job(self, job: str, operation: Operation) -> JobView:
        """Read a status, and the result of a request that has completed without an error (result.route)."""
        view = super().read_job(job, operation)
        if view.word != "COMPLETED":
            return view
        return view._replace(urls=[file["url"] for file in files_in(data_of(self.result(job)))])

    def check_refused(self, response: httpx.Response, refusal: Refusal, reading: str = "") -> str:
        """Check that *response* is *refusal*, and return its message (errors.detail)."""
        del reading
        body = response.json()
        require(response.status_code == refusal.status, f"not {refusal.status}: {response.text}")
        require(set(body) == {"detail"} and isinstance(body["detail"], str), f"members: {body}")
        check_cites("fal", response, refusal.fact)
        return str(body["detail"])

    def submit(self, model: str, body: Any, query: str = "", **options: Any) -> httpx.Response:
        """Submit to any model."""
        return self.send_request(RawRequest("POST", f"/{model}{query}", body), **options)

    def result(self, job: str) -> httpx.Response:
        """Ask for the result of a request."""
        return self.send_request(RawRequest("GET", f"/{job}"))

    def cancel(self, job: str) -> httpx.Response:
        """Cancel a request."""
        return self.send_request(RawRequest("PUT", f"/{job}/cancel"))


def files_in(output: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Check the files in an output, and return them (result.files, result.video)."""
    found = [*output.get("images", ()), *([output["video"]] if "video" in output else ())]
    for file in found:
        require({"url", "content_type", "file_name", "file_size"} <= set(file), f"a file: {file}")
    return found


def _start(client: Any, inputs: Mapping[str, str]) -> Any:
    return client.submit("A candle", model=inputs.get("model", "fal-ai/flux/schnell"))


LIVE: Final = LivePlan(
    unit="USD",
    calls=(
        LiveCall(
            name="cancel",
            about="put an image into the queue and cancel it at once",
            tier="cancel",
            call=_start,
            facts=("host", "auth.key", "submit.route", "submit.answer"),
            price=None,
        ),
        LiveCall(
            name="image",
            about="make an image and download it",
            tier="generation",
            call=_start,
            facts=("submit.route", "status.route", "status.states", "result.route", "result.files"),
            price=None,
        ),
    ),
)

CONTRACT: Final = VendorContract(
    slug="fal",
    client=Fal,
    async_client=AsyncFal,
    credentials=key_argument,
    headers=lambda account: key_headers(account, "Key"),
    operations={
        "submit": images().map(lambda body: {"model": IMAGE_MODEL, "prompt": body.pop("prompt"), "input": body})
    },
    ends={
        "fail": JobState.FAILED,
        "block": JobState.FAILED,
        "timeout": JobState.EXPIRED,
        "cancel": JobState.CANCELED,
    },
    cancels=True,
    live=LIVE,
)

DEMO: Final = (
    DemoCall(
        "submit", {"prompt": "A lighthouse in fog", "model": IMAGE_MODEL, "input": {"num_images": 2}}, "two images"
    ),
    DemoCall("submit", {"prompt": "A kite over a beach", "model": VIDEO_MODEL, "input": {"duration": 4}}, "a video"),
)


UNAUTHENTICATED: Final = Refusal(
    code=401, status=401, error=errors.AuthenticationError, order="unauthorized", has_code=False
)
NO_CREDIT: Final = Refusal(code=403, status=403, error=errors.InsufficientCreditsError, order="locked", has_code=False)
NOT_FOUND: Final = Refusal(code=404, status=404, error=errors.NotFoundError, order="not_found", has_code=False)
UNREADABLE: Final = Refusal(code=422, status=422, error=errors.BadRequestError, order="unprocessable", has_code=False)
TOO_MANY: Final = Refusal(code=429, status=429, error=errors.RateLimitError, order="too_many", has_code=False)
INTERNAL: Final = Refusal(code=500, status=500, error=errors.SubmitOutcomeUnknown, order="internal", has_code=False)


def _operation(label: str, model: str, bodies: Any, kind: str, price: Any) -> Operation:
    return Operation(
        method="submit",
        label=label,
        route=model,
        required={"prompt": "A fox"},
        bodies=bodies,
        convert=lambda body: {"model": model, "input": body},
        outputs=(kind,),
        outputs_vary=kind == "image",
        seconds=(5, 46),
        price=price,
    )


IMAGES: Final = _operation("images", IMAGE_MODEL, images(), "image", lambda body: 0.025 * body.get("num_images", 1))
VIDEOS: Final = _operation(
    "videos", VIDEO_MODEL, videos(), "video", lambda body: 0.1 * float(str(body.get("duration", 5)).removesuffix("s"))
)


def polled(name: str, word: Any, urls: tuple[str, ...] = (), reason: str = "") -> dict[str, Any]:
    """Return a status that is its request's output, too: a scripted client is given both in one."""
    body: dict[str, Any] = {"request_id": name.rpartition("/")[2], "status": word}
    if word in STATE_WORDS and word not in ("IN_QUEUE", "IN_PROGRESS", "COMPLETED"):
        return {**body, "status": "COMPLETED", "error": reason, "error_type": word}
    if urls:
        body["video"] = {"url": urls[0], "content_type": "video/mp4"}
    return body


EMPTY_OUTPUTS: Final[Sequence[tuple[str, Any]]] = (("images", []), ("video", {"url": ""}), ("url", 5))

TERMS: Final = Terms(
    contract=CONTRACT,
    raw_client=FalRaw,
    hosts=("queue.fal.run",),
    operations=(IMAGES, VIDEOS),
    formats=[
        ResponseFormat(
            name="queue",
            created=lambda name: {"request_id": name.rpartition("/")[2], "status": "IN_QUEUE", "queue_position": 0},
            polled=polled,
            states=STATE_WORDS,
            unknown=("ARCHIVED", "PAUSED"),
            without_id=[{}, [], None, {"status": "IN_QUEUE"}, {"request_id": ""}, {"request_id": True}],
            without_output=[
                polled("a", "COMPLETED"),
                *({**polled("a", "COMPLETED"), name: value} for name, value in EMPTY_OUTPUTS),
            ],
            ids=st.uuids().map(lambda name: f"{app_of(IMAGE_MODEL)}/requests/{name}"),
        )
    ],
    refusals=(UNAUTHENTICATED, NO_CREDIT, NOT_FOUND, UNREADABLE, TOO_MANY, INTERNAL),
    malformed=UNREADABLE,
    not_found=NOT_FOUND,
    no_credit=NO_CREDIT,
    too_many=TOO_MANY,
    bad_credentials=bad_keys(UNAUTHENTICATED, "Key"),
    rejected={"invalid-": UNAUTHENTICATED, "expired-": UNAUTHENTICATED},
    retention=MONTH,
    pace=(1.0, 10.0),
    machine=job_machine(CONTRACT),
    effort=0.5,
    facts={
        "test_documented_host_reaches_the_service": ["host"],
        "test_client_uses_the_documented_address": ["host"],
        "test_requests_go_to_documented_routes_with_credentials": [
            "host", "auth.key", "submit.route", "requests.app", "status.route",
        ],
        "test_valid_body_is_accepted": ["submit.route", "submit.answer", "requests.app", "requests.id"],
        "test_body_that_is_no_object_is_refused": ["submit.body"],
        "test_unknown_member_is_ignored": ["submit.any_model"],
        "test_arguments_arrive_as_documented": ["submit.route"],
        "test_required_arguments_alone_send_the_documented_defaults": ["submit.route"],
        "test_caller_without_valid_credentials_is_refused": ["auth.key", "errors.detail"],
        "test_rejected_credential_is_an_authentication_error": ["auth.key", "auth.any_key", "errors.detail"],
        "test_account_without_credit_is_refused": ["errors.detail"],
        "test_one_job_too_many_is_refused_until_the_first_ends": ["errors.detail"],
        "test_unknown_job_is_not_found": ["errors.detail"],
        "test_job_of_another_account_is_not_found": ["errors.detail"],
        "test_every_refusal_has_the_documented_form": ["errors.detail"],
        "test_every_refusal_has_its_client_error": ["errors.detail", "errors.server"],
        "test_every_state_word_is_read": ["status.states", "status.error", "errors.request", "cancel.end"],
        "test_unknown_state_keeps_polling": ["status.states"],
        "test_default_pace_is_the_documented_one": ["polling.interval"],
        "test_success_without_output_is_a_failure": ["result.files"],
        "test_job_id_is_passed_through_unchanged": ["submit.answer", "requests.app", "requests.id"],
        "test_creation_without_an_id_is_no_job": ["submit.answer", "submit.once"],
        "test_job_is_queued_then_running_then_succeeded": ["status.route", "status.states", "result.route"],
        "test_job_takes_the_documented_time": ["request.times"],
        "test_failed_job_has_a_reason_and_no_output": ["status.error", "errors.model_status"],
        "test_failed_job_costs_nothing": ["charge"],
        "test_client_saves_every_output": ["status.route", "result.route", "result.files", "result.video"],
        "test_result_needs_no_credential_and_expires": ["result.kept"],
        "test_price_is_reserved_and_charged_on_success": ["charge", "submit.any_model"],
        "test_any_order_of_events_keeps_the_laws": ["submit.once", "cancel.route", "cancel.end"],
    },
    left_out={
        "test_broken_body_is_refused_by_name_and_costs_nothing": "the queue accepts any input: the model checks it",
        "test_client_refuses_broken_arguments_before_sending": "inputs are each model's; see test_queue",
        "test_stale_response_changes_nothing_back": "a success is read with two calls; see test_queue",
        "test_required_members_alone_make_what_the_defaults_make": "defaults are those of each model",
        "test_receiver_acts_once_on_the_right_end_under_every_fault": "the query has the address; see test_webhooks",
    },
)  # fmt: skip
