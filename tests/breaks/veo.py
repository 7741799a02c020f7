"""Mutations of Veo: mistakes in the simulator or the client, each of which a contract must catch."""

from __future__ import annotations

from dataclasses import replace
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from soundstage import JobState, PollPolicy, errors
from soundstage._protocol.service import Service as ClientService
from soundstage._protocol.submission import Submission
from soundstage._values.state import Snapshot
from soundstage.vendors.veo import bodies, profile
from soundstage.vendors.veo import service as conversation
from soundstage_contracts.mutation.mutations import Mutations
from soundstage_server.model.account import Account
from soundstage_server.model.lifecycle import Fate, Lifecycle, Stage
from soundstage_server.model.messages import RefusedError, Response, json_response
from soundstage_server.vendors.veo import VeoService as Host
from soundstage_server.vendors.veo import capabilities, outputs, refusals, service

if TYPE_CHECKING:
    import pytest

MUTATIONS = Mutations("veo")
Client = conversation.VeoService


def polled_otherwise(patch: pytest.MonkeyPatch, edit: Any) -> None:
    """Let *edit* change the simulator's operation data."""
    right = Host.poll

    def poll(self: Host, call: Any) -> Response:
        import orjson

        answer = right(self, call)
        return json_response(edit(orjson.loads(answer.body)))

    patch.setattr(Host, "poll", poll)


def ended_otherwise(patch: pytest.MonkeyPatch, edit: Any) -> None:
    """Let *edit* change what the client makes of an operation that is done."""
    right = Client._read_ended
    patch.setattr(Client, "_read_ended", lambda self, answer: edit(right(self, answer)))


@MUTATIONS.in_simulator("create.route")
def chatty_creation(patch: pytest.MonkeyPatch) -> None:
    """A creation returns more than the operation's name."""
    right = Host.create

    def create(self: Host, call: Any) -> Response:
        answer = right(self, call)
        return answer._replace(body=answer.body.replace(b"{", b'{"done":false,', 1))

    patch.setattr(Host, "create", create)


@MUTATIONS.in_simulator("poll.route")
def done_from_the_start(patch: pytest.MonkeyPatch) -> None:
    """A running operation has done: false."""
    polled_otherwise(patch, lambda body: {"done": False, **body})


@MUTATIONS.in_simulator("poll.done")
def no_type(patch: pytest.MonkeyPatch) -> None:
    """A response does not name its type."""
    polled_otherwise(
        patch,
        lambda body: {**body, "response": {**body["response"], "@type": ""}} if "response" in body else body,
    )


@MUTATIONS.in_simulator("auth.header")
def key_in_the_header_only(patch: pytest.MonkeyPatch) -> None:
    """The query parameter key is not read."""
    patch.setattr(Host, "credentials", lambda _self, headers, _query: (headers.get(b"x-goog-api-key"),))


@MUTATIONS.in_simulator("errors.proxy")
def one_envelope(patch: pytest.MonkeyPatch) -> None:
    """Google's envelope is used for what the proxy refuses."""
    patch.setattr(service, "PROXY_REFUSALS", {})


@MUTATIONS.in_simulator("errors.proxy")
def code_of_the_proxy_is_a_number(patch: pytest.MonkeyPatch) -> None:
    """The proxy's code is a number, as Google's is."""
    right = Host.refuse

    def refuse(self: Host, refused: RefusedError, call: Any) -> Response:
        answer = right(self, refused, call)
        return answer._replace(body=answer.body.replace(b'"code":"401"', b'"code":401'))

    patch.setattr(Host, "refuse", refuse)


@MUTATIONS.in_simulator("errors.google")
def wrong_key_status(patch: pytest.MonkeyPatch) -> None:
    """Google refuses a wrong key with 401."""
    patch.setattr(
        Host, "refusals", Host.refusals._replace(unauthenticated=replace(refusals.UNAUTHENTICATED, status=401))
    )


@MUTATIONS.in_simulator("errors.google")
def no_retry_info(patch: pytest.MonkeyPatch) -> None:
    """A quota that is used up does not say when to come again."""
    patch.setattr(service, "DETAILS", {refusals.UNAUTHENTICATED: refusals.DETAILS[refusals.UNAUTHENTICATED]})


@MUTATIONS.in_simulator
def one_shape_of_images(patch: pytest.MonkeyPatch) -> None:
    """InlineData is not read."""
    right = capabilities._image

    def image(place: str, value: Any) -> str:
        known = {name: value[name] for name in value if name != "inlineData"} if isinstance(value, dict) else value
        return right(place, known)

    patch.setattr(capabilities, "_image", image)


@MUTATIONS.in_simulator
def one_place_for_last_frames(patch: pytest.MonkeyPatch) -> None:
    """The parameters are ignored."""
    right = capabilities._either_place
    patch.setattr(capabilities, "_either_place", lambda name, instance, _given: right(name, instance, {}))


@MUTATIONS.in_simulator("create.parameters")
def large_and_short(patch: pytest.MonkeyPatch) -> None:
    """1080p may last 4 seconds."""
    patch.setattr(capabilities, "LARGE", ("4k",))


@MUTATIONS.in_simulator("create.references")
def everything_for_everybody(patch: pytest.MonkeyPatch) -> None:
    """Reference images are taken by every model."""
    models = {name: replace(model, newest=True) for name, model in capabilities.MODELS.items()}
    patch.setattr(service, "MODELS", models)


@MUTATIONS.in_simulator("create.parameters")
def two_videos_for_all(patch: pytest.MonkeyPatch) -> None:
    """Veo 3 has the durations and the sample counts of Veo 2."""
    right = capabilities._parameters
    patch.setattr(capabilities, "_parameters", lambda _oldest, copies: right(True, copies))


@MUTATIONS.in_simulator("create.person_generation")
def any_person_is_allowed(patch: pytest.MonkeyPatch) -> None:
    """PersonGeneration does not depend on model and image."""
    patch.setattr(capabilities, "_check_people", lambda _model, _params: None)


@MUTATIONS.in_simulator("poll.filtered")
def blocked_is_an_error(patch: pytest.MonkeyPatch) -> None:
    """Blocked content is an error of the operation."""
    right = Host.poll

    def poll(self: Host, call: Any) -> Response:
        for task in self.tasks.values():
            task.fate = Fate.FAIL if task.fate is Fate.BLOCK else task.fate
        return right(self, call)

    patch.setattr(Host, "poll", poll)


@MUTATIONS.in_simulator("poll.filtered")
def partial_block_is_silent(patch: pytest.MonkeyPatch) -> None:
    """A withheld video is not counted."""
    patch.setattr(service, "filtered", lambda _count: {})


@MUTATIONS.in_simulator
def partial_block_is_paid_for(patch: pytest.MonkeyPatch) -> None:
    """A withheld video is charged."""
    right = Host.price
    patch.setattr(Host, "price", lambda self, model, params: right(self, model, {**params, "prompt": ""}))


@MUTATIONS.in_simulator
def wrong_length(patch: pytest.MonkeyPatch) -> None:
    """Every video lasts 8 seconds."""
    right = outputs.media_for
    patch.setattr(service, "media_for", lambda task: [replace(video, seconds=8.0) for video in right(task)])


@MUTATIONS.in_simulator("result.uri")
def one_address_for_all(patch: pytest.MonkeyPatch) -> None:
    """A video has Google's address on every host."""
    patch.setattr(
        service, "_through_proxy", lambda call: "/operations/" in call.path or call.path.startswith("/gemini/")
    )


@MUTATIONS.in_simulator("download.redirect")
def no_redirect(patch: pytest.MonkeyPatch) -> None:
    """The file's route sends the file at once."""
    patch.setattr(Host, "redirect", lambda self, _before, call: self.download(call))


@MUTATIONS.in_simulator("download.redirect")
def redirect_loses_the_prefix(patch: pytest.MonkeyPatch) -> None:
    """The redirect leads out of the proxy."""
    right = Host.redirect
    patch.setattr(Host, "redirect", lambda self, _before, call: right(self, "", call))


@MUTATIONS.in_simulator("download.retention")
def files_for_ever(patch: pytest.MonkeyPatch) -> None:
    """Files do not expire."""
    patch.setattr(service, "RETENTION", 1e12)


@MUTATIONS.in_simulator("download.owner")
def files_for_everybody(patch: pytest.MonkeyPatch) -> None:
    """A file can be downloaded with any key."""
    right = Host._file

    def file(self: Host, call: Any, name: str) -> Any:
        if (key := outputs.key_of(name)) in self._files:
            call.caller = self._files[key][0].account
        return right(self, call, name)

    patch.setattr(Host, "_file", file)


@MUTATIONS.in_simulator
def operations_for_everybody(patch: pytest.MonkeyPatch) -> None:
    """Everybody can read everybody's operations."""
    right = Host.poll

    def poll(self: Host, call: Any) -> Response:
        task = self.tasks.get("models/{model}/operations/{operation}".format_map(call.path_values))
        call.caller = task.account if task else call.caller
        return right(self, call)

    patch.setattr(Host, "poll", poll)


@MUTATIONS.in_simulator
def too_fast(patch: pytest.MonkeyPatch) -> None:
    """A video is done within ten seconds."""
    patch.setattr(service, "TIMES", Lifecycle((Stage("running", 1.0, 9.0),), capabilities.TIMES.ends))


@MUTATIONS.in_simulator
def failures_are_paid_for(patch: pytest.MonkeyPatch) -> None:
    """What fails is charged."""
    right = Account.settle

    def settle(self: Account, now: float) -> None:
        for _, _, task in self._unfinished:
            task.fate = Fate.SUCCEED if task.ends <= now else task.fate
        right(self, now)

    patch.setattr(Account, "settle", settle)


@MUTATIONS.in_client("auth.header")
def key_in_the_address(patch: pytest.MonkeyPatch) -> None:
    """The key is sent in the query."""
    patch.setattr(Client, "url", lambda self, path: f"{self.settings.base_url}{path}?key={self._key.reveal()}")


@MUTATIONS.in_client("env")
def version_twice(patch: pytest.MonkeyPatch) -> None:
    """A base address that ends with the version is not understood."""
    patch.setattr(conversation, "replace", lambda settings, **_: settings)


@MUTATIONS.in_client
def inline_data(patch: pytest.MonkeyPatch) -> None:
    """Images are sent under another name than the SDK's."""
    right = bodies._encoded

    def encoded(field: str, value: Any) -> Any:
        body = yield from right(field, value)
        return {"bytes": body["bytesBase64Encoded"], "mimeType": body["mimeType"]}

    patch.setattr(bodies, "_encoded", encoded)


@MUTATIONS.in_client("create.parameters")
def unchecked_length(patch: pytest.MonkeyPatch) -> None:
    """The client sends 1080p with 4 seconds, which is charged."""
    patch.setattr(bodies, "_if_large", lambda _resolution: None)


@MUTATIONS.in_client
def unchecked_model(patch: pytest.MonkeyPatch) -> None:
    """Nothing is known of any model."""
    patch.setattr(profile, "FAMILIES", MappingProxyType({}))


@MUTATIONS.in_client("create.person_generation")
def unchecked_people(patch: pytest.MonkeyPatch) -> None:
    """Who may be shown with an image is not checked."""
    right = bodies.parameters
    patch.setattr(bodies, "parameters", lambda family, **given: right(family, **{**given, "image": False}))


@MUTATIONS.in_client("poll.filtered")
def filtered_is_a_success(patch: pytest.MonkeyPatch) -> None:
    """A withheld video is reported as completed."""
    patch.setattr(Snapshot, "__post_init__", lambda _self: None)
    ended_otherwise(patch, lambda seen: replace(seen, state=JobState.SUCCEEDED))


@MUTATIONS.in_client("poll.filtered")
def filtered_is_any_failure(patch: pytest.MonkeyPatch) -> None:
    """A withheld video is an ordinary failure."""
    ended_otherwise(patch, lambda seen: replace(seen, failure=None))


@MUTATIONS.in_client("poll.filtered")
def reasons_are_dropped(patch: pytest.MonkeyPatch) -> None:
    """The reason for withholding a video is missing."""
    ended_otherwise(patch, lambda seen: replace(seen, reason=None))


@MUTATIONS.in_client("poll.error")
def error_is_overlooked(patch: pytest.MonkeyPatch) -> None:
    """An operation's error is looked for last."""
    right = Client._read_poll

    def polled(self: Client, response: Any) -> Snapshot:
        seen = right(self, response)
        return replace(seen, state=JobState.RUNNING) if "error" in seen.raw and seen.state_raw is None else seen

    patch.setattr(Client, "_read_poll", polled)


@MUTATIONS.in_client("poll.error")
def error_code_is_dropped(patch: pytest.MonkeyPatch) -> None:
    """A failure does not carry google.rpc's code."""
    right = Client._read_poll
    patch.setattr(Client, "_read_poll", lambda self, response: replace(right(self, response), code=None))


@MUTATIONS.in_client("download.through_proxy")
def key_for_google(patch: pytest.MonkeyPatch) -> None:
    """The proxy's key is sent to Google, whose address the video has."""
    patch.setattr(Client, "_fetchable", lambda _self, uri: uri)
    patch.setattr(ClientService, "download_headers", lambda self, _url: self.authorization())


@MUTATIONS.in_client
def key_for_everybody(patch: pytest.MonkeyPatch) -> None:
    """The key follows every redirect."""
    patch.setattr(ClientService, "download_headers", lambda self, _url: self.authorization())


@MUTATIONS.in_client("download.redirect", "auth.header")
def key_for_no_host(patch: pytest.MonkeyPatch) -> None:
    """Downloads carry no key."""
    patch.setattr(ClientService, "download_headers", lambda _self, _url: {})


@MUTATIONS.in_client("download.through_proxy")
def without_download(patch: pytest.MonkeyPatch) -> None:
    """The path is put behind the proxy's address without /download."""
    patch.setattr(conversation, "DOWNLOAD_ROUTE", "")


@MUTATIONS.in_client("errors.proxy")
def empty_purse_is_a_rate(patch: pytest.MonkeyPatch) -> None:
    """A budget that is used up is called a rate limit."""
    patch.setattr(conversation, "PROXY_REFUSALS", MappingProxyType({"auth_error": errors.AuthenticationError}))


@MUTATIONS.in_client("errors.google")
def wrong_key_is_a_bad_request(patch: pytest.MonkeyPatch) -> None:
    """The reason in the details is not read."""
    patch.setattr(conversation, "INVALID_KEY_REASON", "-")


@MUTATIONS.in_client("errors.google")
def impatient(patch: pytest.MonkeyPatch) -> None:
    """RetryInfo is not read."""
    patch.setattr(conversation, "_delay", lambda _details: None)


@MUTATIONS.in_client
def any_server_error_is_an_answer(patch: pytest.MonkeyPatch) -> None:
    """After HTTP 500 the client reports that no job was started."""
    patch.setattr(Client, "is_refusal", lambda _self, _error: True)


@MUTATIONS.in_client
def paid_twice(patch: pytest.MonkeyPatch) -> None:
    """A submission with an unknown outcome is repeated."""
    patch.setattr(Submission, "_may_resend", lambda _self, _error: True)


@MUTATIONS.in_client("polling.interval")
def poll_every_second(patch: pytest.MonkeyPatch) -> None:
    """A client polls every second by default."""
    patch.setattr(PollPolicy, "delay", lambda _self, _poll: 1.0)


@MUTATIONS.in_client("polling.interval")
def poll_every_millisecond(patch: pytest.MonkeyPatch) -> None:
    """A client polls every millisecond by default."""
    patch.setattr(PollPolicy, "delay", lambda _self, _poll: 0.001)


@MUTATIONS.in_client
def cheap_seconds(patch: pytest.MonkeyPatch) -> None:
    """Veo 3.1 in 4k is estimated at the price of 720p."""
    rates = {name: MappingProxyType({**rates, "4k": rates["720p"]}) for name, rates in profile.PRICES.items()}
    patch.setattr(conversation, "PRICES", MappingProxyType(rates))


@MUTATIONS.in_client
def google_prices_behind_a_proxy(patch: pytest.MonkeyPatch) -> None:
    """A proxy is taken to have Google's prices."""
    patch.setattr(conversation, "_is_google", lambda _base_url: True)
