"""Mutations of Infrai: mistakes in the simulator or the client, each of which a contract must catch."""

from __future__ import annotations

import json
import re
from contextlib import suppress
from dataclasses import replace
from types import MappingProxyType
from typing import TYPE_CHECKING, Any
from uuid import UUID

from soundstage import JobState, PollPolicy, errors
from soundstage._protocol.service import Service as ClientService
from soundstage._protocol.submission import Submission
from soundstage._values.spending import MemoryLedger
from soundstage._values.state import History, Snapshot
from soundstage.vendors.infrai import bodies, profile
from soundstage.vendors.infrai import client as methods
from soundstage.vendors.infrai import credentials as keys
from soundstage.vendors.infrai import service as conversation
from soundstage_contracts.mutation.mutations import Mutations
from soundstage_server.media import frame_size
from soundstage_server.model import account as server_accounts
from soundstage_server.model import journal
from soundstage_server.model.account import EXTRA
from soundstage_server.model.ledger import Ledger
from soundstage_server.model.lifecycle import Fate, Lifecycle, Stage
from soundstage_server.vendors.infrai import InfraiService as Vendor
from soundstage_server.vendors.infrai import capabilities, outputs, service

if TYPE_CHECKING:
    from collections.abc import Callable

    import pytest

MUTATIONS = Mutations("infrai")
Client = conversation.InfraiService


def answer_otherwise(patch: pytest.MonkeyPatch, edit: Callable[[dict[str, Any]], None]) -> None:
    """Let *edit* change the body of every answer that is no refusal."""
    right = Vendor._envelope

    def answer(self: Vendor, *given: Any, **more: Any) -> Any:
        made = right(self, *given, **more)
        body = json.loads(made.body)
        edit(body)
        return made._replace(body=json.dumps(body).encode())

    patch.setattr(Vendor, "_envelope", answer)


def read_otherwise(patch: pytest.MonkeyPatch, edit: Callable[[Snapshot], Snapshot]) -> None:
    """Let *edit* change what the client makes of a job that it read."""
    right = Client._read_job
    patch.setattr(Client, "_read_job", lambda *given: edit(right(*given)))


def send_otherwise(patch: pytest.MonkeyPatch, edit: Callable[[Any], Any]) -> None:
    """Let *edit* change the request of every submission."""
    right = Submission.flow
    patch.setattr(Submission, "flow", lambda self: right(replace(self, request=edit(self.request))))


# The simulator.


@MUTATIONS.in_simulator("idempotency.same")
def key_is_ignored(patch: pytest.MonkeyPatch) -> None:
    """A key begins a new job each time."""
    patch.setattr(Vendor, "index_task", lambda self, task: self.tasks.__setitem__(task.id, task))


@MUTATIONS.in_simulator("idempotency.same")
def header_is_ignored(patch: pytest.MonkeyPatch) -> None:
    """Only the field carries the key."""
    patch.setattr(service, "_idempotency_key", lambda _call, field: field)


@MUTATIONS.in_simulator("idempotency.same")
def field_is_ignored(patch: pytest.MonkeyPatch) -> None:
    """Only the header carries the key."""
    right = service._idempotency_key
    patch.setattr(service, "_idempotency_key", lambda call, _field: right(call, None))


@MUTATIONS.in_simulator
def two_keys_are_taken(patch: pytest.MonkeyPatch) -> None:
    """Where field and header differ, the header wins."""
    right = service._idempotency_key
    patch.setattr(service, "_idempotency_key", lambda call, field: right(call, None) or field)


@MUTATIONS.in_simulator
def any_body_will_do(patch: pytest.MonkeyPatch) -> None:
    """A key that began another job is answered by it."""
    right = Vendor._parameters

    def parameters(self: Vendor, call: Any) -> Any:
        params = right(self, call)
        key = service._idempotency_key(call, params.get("idempotency_key"))
        started = self._by_key.get((call.account.name, key)) if key else None
        if started is None or call.now >= started.created + service.KEY_SECONDS:
            return params
        own = {name: value for name, value in started.params.items() if name != EXTRA}
        return {**own, **{name: value for name, value in params.items() if name == "idempotency_key"}}

    patch.setattr(Vendor, "_parameters", parameters)


@MUTATIONS.in_simulator("idempotency.same")
def keys_are_everybodys(patch: pytest.MonkeyPatch) -> None:
    """A key names the same job for every account."""

    class Shared(dict[tuple[str, str], Any]):
        def __setitem__(self, name: tuple[str, str], task: Any) -> None:
            super().__setitem__(("", name[1]), task)

        def get(self, name: tuple[str, str], default: Any = None) -> Any:
            return super().get(("", name[1]), default)

    right = Vendor.__init__

    def init(self: Vendor, world: Any) -> None:
        right(self, world)
        self._by_key = Shared()

    patch.setattr(Vendor, "__init__", init)


@MUTATIONS.in_simulator("idempotency.same")
def keys_are_for_ever(patch: pytest.MonkeyPatch) -> None:
    """A key is remembered for a year."""
    patch.setattr(service, "KEY_SECONDS", 365 * 24 * 3600.0)


@MUTATIONS.in_simulator("idempotency.same")
def keys_are_soon_forgotten(patch: pytest.MonkeyPatch) -> None:
    """A key is remembered for an hour."""
    patch.setattr(service, "KEY_SECONDS", 3600.0)


@MUTATIONS.in_simulator("idempotency.same")
def replay_shows_the_beginning(patch: pytest.MonkeyPatch) -> None:
    """A replayed answer is that of the beginning, and not the job as it is now."""
    right = Vendor._task_response

    def shown(self: Vendor, call: Any, task: Any, **more: Any) -> Any:
        if more.get("cache_hit"):
            call.now = task.created
        return right(self, call, task, **more)

    patch.setattr(Vendor, "_task_response", shown)


@MUTATIONS.in_simulator("idempotency.same")
def replay_is_charged(patch: pytest.MonkeyPatch) -> None:
    """A replayed answer is paid for again."""
    right = Vendor._task_response

    def shown(self: Vendor, call: Any, task: Any, **more: Any) -> Any:
        if more.get("cache_hit"):
            call.account.ledger.reserve(task.price, f"{task.id}-again", call.now)
        return right(self, call, task, **more)

    patch.setattr(Vendor, "_task_response", shown)


@MUTATIONS.in_simulator
def keys_hide_doubles(patch: pytest.MonkeyPatch) -> None:
    """The same video under two keys is not reported as a double submission."""
    patch.setattr("soundstage_server.kit.service.fingerprint", lambda operation, params: hash((operation, str(params))))
    patch.setattr(server_accounts, "fingerprint", lambda operation, params: hash((operation, str(params))))


@MUTATIONS.in_simulator
def cancel_is_free_of_consequence(patch: pytest.MonkeyPatch) -> None:
    """A cancel answers ok and stops nothing."""
    patch.setattr(Vendor, "end_early", lambda _self, task, now: task.ends > now)


@MUTATIONS.in_simulator
def cancel_of_the_finished_is_ok(patch: pytest.MonkeyPatch) -> None:
    """Canceling a finished job reports success."""
    right = Vendor.end_early
    patch.setattr(Vendor, "end_early", lambda self, task, now: right(self, task, now) or True)


@MUTATIONS.in_simulator
def cancelled_is_paid_for(patch: pytest.MonkeyPatch) -> None:
    """What did not succeed is captured instead of given back."""
    patch.setattr(Ledger, "release", Ledger.capture)


@MUTATIONS.in_simulator
def one_generation_of_names(patch: pytest.MonkeyPatch) -> None:
    """The default dialect sends only id and status."""
    right = Vendor.dialect
    patch.setattr(Vendor, "dialect", lambda *given: {"both": "status"}.get(right(*given), right(*given)))


@MUTATIONS.in_simulator
def older_in_an_envelope(patch: pytest.MonkeyPatch) -> None:
    """The newer routes answer although the older generation alone is spoken."""
    patch.setattr(Vendor, "_check_generation", lambda _self, _generation, _call: None)


@MUTATIONS.in_simulator("metadata")
def no_envelope(patch: pytest.MonkeyPatch) -> None:
    """Answers come without their metadata."""
    answer_otherwise(patch, lambda body: body.pop("metadata", None))


@MUTATIONS.in_simulator("metadata")
def random_uuid(patch: pytest.MonkeyPatch) -> None:
    """Request ids are UUIDs of another version."""
    patch.setattr(service, "_uuid7", lambda _now, bits: str(UUID(int=bits, version=4)))


@MUTATIONS.in_simulator
def one_request_id(patch: pytest.MonkeyPatch) -> None:
    """Two calls have the same request id."""
    right = service._uuid7
    patch.setattr(service, "_uuid7", lambda now, _bits: right(now, 5))


@MUTATIONS.in_simulator("generate.params")
def every_resolution(patch: pytest.MonkeyPatch) -> None:
    """Every vendor can make every resolution."""
    patch.setattr(service, "incompatibility", lambda _params: None)


@MUTATIONS.in_simulator("generate.params")
def gated_without_a_vendor(patch: pytest.MonkeyPatch) -> None:
    """4k is refused where no vendor is named."""
    right = capabilities.incompatibility
    free = "resolution must be below 4k"
    patch.setattr(
        service,
        "incompatibility",
        lambda params: free if params["resolution"] == "4k" and "vendor" not in params else right(params),
    )


@MUTATIONS.in_simulator("generate.params")
def preference_is_ignored(patch: pytest.MonkeyPatch) -> None:
    """The balanced vendor makes every video, whatever is preferred."""
    right = capabilities.serving_vendor
    for module in (service, outputs, capabilities):
        patch.setattr(module, "serving_vendor", lambda params: right({**params, "prefer": "balanced"}))


@MUTATIONS.in_simulator("job.id")
def wrong_ids(patch: pytest.MonkeyPatch) -> None:
    """Job ids do not start with vid_."""
    patch.setattr(Vendor, "make_task_id", lambda _self, _operation, _now, seed: f"job-{seed:x}")


@MUTATIONS.in_simulator("errors.envelope")
def no_wait(patch: pytest.MonkeyPatch) -> None:
    """A 429 does not say how long to wait."""
    patch.setattr(service, "_TOO_MANY_STATUS", 0)
    patch.setattr(Vendor, "sends_retry_after", False)


@MUTATIONS.in_simulator
def short_wait(patch: pytest.MonkeyPatch) -> None:
    """A 429 for too many jobs asks to wait a second."""
    patch.setattr(service, "_retry_after", lambda _call: 1)


@MUTATIONS.in_simulator("errors.envelope")
def refused_with_200(patch: pytest.MonkeyPatch) -> None:
    """Refusals come with HTTP 200."""
    right = Vendor.refuse
    patch.setattr(Vendor, "refuse", lambda self, refused, call: right(self, refused, call)._replace(status=200))


@MUTATIONS.in_simulator
def no_fact(patch: pytest.MonkeyPatch) -> None:
    """A refusal names no fact."""
    patch.setattr(Vendor, "_cite_fact", lambda _self, answer, _refused: answer)


@MUTATIONS.in_simulator
def open_jobs(patch: pytest.MonkeyPatch) -> None:
    """Everybody can read and cancel everybody's jobs."""
    patch.setattr(
        Vendor,
        "_requested_task",
        lambda self, call: self.tasks.get(call.path_values["id"]) or next(iter(self.tasks.values())),
    )


@MUTATIONS.in_simulator
def skipped_state(patch: pytest.MonkeyPatch) -> None:
    """A job runs at once and is never queued."""
    patch.setattr(service, "TIMES", Lifecycle((Stage("running", 31.0, 190.0),), capabilities.TIMES.ends))


@MUTATIONS.in_simulator
def completed(patch: pytest.MonkeyPatch) -> None:
    """What succeeded is called completed."""
    patch.setattr(
        service, "TIMES", replace(capabilities.TIMES, ends={**capabilities.TIMES.ends, Fate.SUCCEED: "completed"})
    )


@MUTATIONS.in_simulator
def video_too_soon(patch: pytest.MonkeyPatch) -> None:
    """An unfinished job has the addresses of its files."""

    def edit(body: dict[str, Any]) -> None:
        if "state" in body.get("data", {}):
            body["data"].setdefault("video_url", "https://results.test/none.mp4")

    answer_otherwise(patch, edit)


@MUTATIONS.in_simulator
def wrong_shape(patch: pytest.MonkeyPatch) -> None:
    """Every video is wide."""
    patch.setattr(outputs, "frame_size", lambda resolution, _ratio: frame_size(resolution, "16:9"))


@MUTATIONS.in_simulator("auth.activate")
def one_trial(patch: pytest.MonkeyPatch) -> None:
    """Every activation opens the same account."""
    right = Vendor._open_trial_account

    def opened(self: Vendor) -> Any:
        self._activations = 0
        patch.setattr(self.world, "is_account", lambda _name: False)
        return right(self)

    patch.setattr(Vendor, "_open_trial_account", opened)


@MUTATIONS.in_simulator
def endless_trial(patch: pytest.MonkeyPatch) -> None:
    """A trial has as much to spend as any account."""
    patch.setattr(service, "Ledger", lambda unit, _amount: Ledger(unit))


@MUTATIONS.in_simulator
def open_journal(patch: pytest.MonkeyPatch) -> None:
    """The journal shows headers as they were."""
    patch.setattr(journal, "_SECRET_HEADERS", frozenset())


@MUTATIONS.in_simulator
def key_in_the_journal(patch: pytest.MonkeyPatch) -> None:
    """The journal shows the key of an activation."""
    patch.setattr(journal, "_text", lambda body: body.decode("utf-8", "replace"))


# The client.


@MUTATIONS.in_client("idempotency.always")
def no_key(patch: pytest.MonkeyPatch) -> None:
    """A submission carries no key."""
    send_otherwise(
        patch,
        lambda request: replace(
            request,
            headers={name: value for name, value in request.headers.items() if name != "Idempotency-Key"},
            json={name: value for name, value in request.json.items() if name != "idempotency_key"},
        ),
    )


@MUTATIONS.in_client("idempotency.always")
def key_in_the_header_alone(patch: pytest.MonkeyPatch) -> None:
    """The body does not carry the key."""
    send_otherwise(
        patch,
        lambda request: replace(
            request, json={name: value for name, value in request.json.items() if name != "idempotency_key"}
        ),
    )


@MUTATIONS.in_client("idempotency.same")
def new_key_each_time(patch: pytest.MonkeyPatch) -> None:
    """What is sent again has another key."""
    right = Submission._once

    def once(self: Submission) -> Any:
        key = bodies.idempotency_key(None)
        body: Any = self.request.json
        request = replace(
            self.request,
            headers={**self.request.headers, "Idempotency-Key": key},
            json={**body, "idempotency_key": key},
        )
        return right(replace(self, request=request))

    patch.setattr(Submission, "_once", once)


@MUTATIONS.in_client("idempotency.always")
def one_key_for_all(patch: pytest.MonkeyPatch) -> None:
    """Every call has the same key."""
    right = bodies.idempotency_key
    patch.setattr(bodies, "idempotency_key", lambda given: right(given or "always"))


@MUTATIONS.in_client("idempotency.same", "idempotency.always")
def gives_up(patch: pytest.MonkeyPatch) -> None:
    """A lost response is not retried."""
    patch.setattr(Submission, "_may_resend", lambda _self, _error: False)


@MUTATIONS.in_client
def doubt_is_forgotten(patch: pytest.MonkeyPatch) -> None:
    """A lost response followed by a failed connection is reported as if nothing had been sent."""
    right = Submission._attempt
    patch.setattr(Submission, "_attempt", lambda self, _doubts: right(self, []))


@MUTATIONS.in_client
def server_error_is_a_refusal(patch: pytest.MonkeyPatch) -> None:
    """A server error with a code counts as proof that no job was started."""
    patch.setattr(Client, "is_refusal", ClientService.is_refusal)


@MUTATIONS.in_client("errors.envelope")
def status_before_code(patch: pytest.MonkeyPatch) -> None:
    """The HTTP status decides, and not the code."""
    patch.setattr(conversation, "REFUSALS", MappingProxyType({}))


@MUTATIONS.in_client("errors.envelope")
def wait_is_ignored(patch: pytest.MonkeyPatch) -> None:
    """Retry-After is not read."""
    patch.setattr("soundstage._protocol.responses.retry_after", lambda _response: None)


@MUTATIONS.in_client
def newer_routes_only(patch: pytest.MonkeyPatch) -> None:
    """A job is polled on the newer routes alone."""
    patch.setattr(conversation, "OLDER", profile.NEWER)


@MUTATIONS.in_client
def envelope_is_needed(patch: pytest.MonkeyPatch) -> None:
    """An answer without an envelope is unreadable."""
    right = Client._open

    def opened(self: Client, response: Any) -> Any:
        answer = right(self, response)
        if "ok" not in response.json():
            raise self.refusal(errors.UnreadableAnswerError, "no envelope", response)
        return answer

    patch.setattr(Client, "_open", opened)


@MUTATIONS.in_client
def completed_is_unknown(patch: pytest.MonkeyPatch) -> None:
    """The word completed is not known."""
    known = {word: state for word, state in profile.STATES.items() if word != "completed"}
    patch.setattr(conversation, "STATES", MappingProxyType(known))


@MUTATIONS.in_client
def cancelled_is_running(patch: pytest.MonkeyPatch) -> None:
    """A cancelled job counts as running."""
    patch.setattr(conversation, "STATES", MappingProxyType({**profile.STATES, "cancelled": JobState.RUNNING}))


@MUTATIONS.in_client
def unknown_is_failed(patch: pytest.MonkeyPatch) -> None:
    """An undocumented state ends the job."""
    read_otherwise(patch, lambda seen: replace(seen, state=JobState.FAILED) if seen.state is JobState.UNKNOWN else seen)


@MUTATIONS.in_client
def cancel_is_believed(patch: pytest.MonkeyPatch) -> None:
    """A job is canceled because it was to be, whatever became of it."""
    right = Client.cancel

    def cancel(self: Client, ref: Any) -> Any:
        seen = yield from right(self, ref)
        return replace(seen, state=JobState.CANCELED)

    patch.setattr(Client, "cancel", cancel)


@MUTATIONS.in_client
def cost_is_lost(patch: pytest.MonkeyPatch) -> None:
    """A job's cost is lost at the first poll."""
    right = History.after

    def after(self: History, snapshot: Snapshot) -> History:
        history = right(self, snapshot)
        return history if history is self else replace(history, latest=replace(history.latest, cost=snapshot.cost))

    patch.setattr(History, "after", after)


@MUTATIONS.in_client
def thumbnail_is_a_video(patch: pytest.MonkeyPatch) -> None:
    """A thumbnail alone counts as a result."""
    right = conversation._read_media
    patch.setattr(
        conversation,
        "_read_media",
        lambda data: right({**data, "video_url": data.get("video_url") or data.get("thumbnail_url")}),
    )


@MUTATIONS.in_client
def ignored_reason(patch: pytest.MonkeyPatch) -> None:
    """The reason of a failure is missing."""
    read_otherwise(patch, lambda seen: replace(seen, reason=None))


@MUTATIONS.in_client
def blocked_is_failed(patch: pytest.MonkeyPatch) -> None:
    """Blocked content is any failure."""
    read_otherwise(patch, lambda seen: replace(seen, failure=None))


@MUTATIONS.in_client("generate.params")
def wrong_default(patch: pytest.MonkeyPatch) -> None:
    """The default resolution is 1080p."""
    flow = vars(methods._Operations)["generate"].__wrapped__
    patch.setitem(flow.__kwdefaults__, "resolution", "1080p")


@MUTATIONS.in_client("generate.params")
def other_field(patch: pytest.MonkeyPatch) -> None:
    """The ratio is sent as aspect_ratio alone."""

    def renamed(request: Any) -> Any:
        body = {("aspect_ratio" if name == "aspect" else name): value for name, value in request.json.items()}
        return replace(request, json=body)

    send_otherwise(patch, renamed)


@MUTATIONS.in_client
def file_before_environment(patch: pytest.MonkeyPatch) -> None:
    """The key in the file wins over the one in the environment."""
    right = keys.find_key
    patch.setattr(methods, "find_key", lambda given, file, base: right(given or keys.read_key(file, base), file, base))


@MUTATIONS.in_client
def key_for_everybody(patch: pytest.MonkeyPatch) -> None:
    """The credentials file can be read by everybody."""
    right = keys.keep

    def keep(account: Any, file: Any, draft: Any, **more: Any) -> Any:
        draft.chmod(0o644)
        return right(account, file, draft, **more)

    patch.setattr(conversation, "keep", keep)


@MUTATIONS.in_client
def key_is_overwritten(patch: pytest.MonkeyPatch) -> None:
    """An activation replaces an existing key without a request to do so."""
    right_reserve, right_keep = keys.reserve, keys.keep
    patch.setattr(conversation, "reserve", lambda file, **_: right_reserve(file, replace=True))
    patch.setattr(conversation, "keep", lambda *given, **_: right_keep(*given, replace=True))


@MUTATIONS.in_client
def key_goes_anywhere(patch: pytest.MonkeyPatch) -> None:
    """A key that was kept for one service is sent to another."""
    right = keys.read_key

    def read_key(file: Any, base_url: str) -> Any:
        with suppress(OSError, ValueError, KeyError):
            base_url = json.loads(file.read_text())["base_url"]
        return right(file, base_url)

    patch.setattr(keys, "read_key", read_key)


@MUTATIONS.in_client
def draft_is_left(patch: pytest.MonkeyPatch) -> None:
    """An activation that fails leaves a file behind."""
    patch.setattr(conversation, "discard", lambda _draft: None)


@MUTATIONS.in_client
def activates_twice(patch: pytest.MonkeyPatch) -> None:
    """An activation that may have arrived is sent again."""
    patch.setattr("soundstage._protocol.responses.may_resend", lambda _error, _codes: True)


@MUTATIONS.in_client
def key_is_shown(patch: pytest.MonkeyPatch) -> None:
    """An error about an activation shows the key in the answer."""
    patch.setattr(conversation, "_KEY", re.compile(rb"nothing at all"))


@MUTATIONS.in_client
def poll_every_second(patch: pytest.MonkeyPatch) -> None:
    """A client polls every second by default."""
    patch.setattr(PollPolicy, "delay", lambda _self, _poll: 1.0)


@MUTATIONS.in_client
def poll_every_millisecond(patch: pytest.MonkeyPatch) -> None:
    """A client polls every millisecond by default."""
    patch.setattr(PollPolicy, "delay", lambda _self, _poll: 0.001)


@MUTATIONS.in_client
def reported_cost_is_ignored(patch: pytest.MonkeyPatch) -> None:
    """A spend limit keeps the price that it assumed, whatever the response reports."""
    patch.setattr(MemoryLedger, "settle", lambda *_arguments: None)
