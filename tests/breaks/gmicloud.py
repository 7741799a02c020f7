"""Mutations of GMI Cloud: mistakes in the simulator or the client, each of which a contract must catch."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from soundstage import JobState, PollPolicy, errors
from soundstage._io.drivers import AsyncDriver, SyncDriver
from soundstage._protocol import responses as answers
from soundstage._protocol.submission import Submission
from soundstage._values.spending import MemoryLedger
from soundstage.vendors.gmicloud import bodies, login, models, profile, service
from soundstage.vendors.gmicloud.access import KeyAccess
from soundstage_contracts.mutation.mutations import Mutations
from soundstage_server.model import journal
from soundstage_server.model.fields import Integer, Number
from soundstage_server.model.ledger import Ledger
from soundstage_server.model.lifecycle import Fate, Lifecycle, Stage
from soundstage_server.model.messages import Identity, json_response
from soundstage_server.vendors.gmicloud import GMICloudService as Queue
from soundstage_server.vendors.gmicloud import capabilities, keys, outputs, refusals, sessions
from soundstage_server.vendors.gmicloud import service as simulated

if TYPE_CHECKING:
    import pytest

    from soundstage._values.state import Snapshot

MUTATIONS = Mutations("gmicloud")
TEXT = "Wan-AI_Wan2.1-T2V-14B"
MOTION = "Image-to-Video-Model"
Client = service.GMICloudService


def change_model(patch: pytest.MonkeyPatch, name: str, **changes: Any) -> None:
    """Let a model have other data in the simulator's table."""
    patch.setitem(capabilities.MODELS, name, replace(capabilities.MODELS[name], **changes))


def rule_otherwise(patch: pytest.MonkeyPatch, model: str, name: str, **changes: Any) -> None:
    """Let one parameter of a model have another field."""
    found = capabilities.MODELS[model].parameters
    change_model(
        patch,
        model,
        parameters=tuple(
            replace(one, field=replace(one.field, **changes)) if one.field.name == name else one for one in found
        ),
    )


def show_otherwise(patch: pytest.MonkeyPatch, edit: Any) -> None:
    """Let *edit* change what the simulator shows of a request."""
    right = Queue._task_data
    patch.setattr(Queue, "_task_data", lambda self, call, task, moment: edit(right(self, call, task, moment)))


def read_otherwise(patch: pytest.MonkeyPatch, edit: Any) -> None:
    """Let *edit* change what the client makes of a request that it read."""
    right = Client._read_job
    patch.setattr(Client, "_read_job", lambda self, request: edit(right(self, request)))


# The simulator.


@MUTATIONS.in_simulator("keys.list")
def listed_key(patch: pytest.MonkeyPatch) -> None:
    """The list of keys shows the whole key."""
    patch.setattr(keys, "SHOWN", 10**6)


@MUTATIONS.in_simulator
def no_expiry_of_keys(patch: pytest.MonkeyPatch) -> None:
    """A key that was created never expires."""
    right = sessions.Sessions.token

    def token(self: sessions.Sessions, kind: sessions.Kind, email: str, now: float, expires: int | None = None) -> str:
        return right(self, kind, email, now, 0 if kind == "key" else expires)

    patch.setattr(sessions.Sessions, "token", token)


@MUTATIONS.in_simulator
def keys_of_everybody(patch: pytest.MonkeyPatch) -> None:
    """The keys of any organization can be listed."""
    patch.setattr(Queue, "_check_organization", lambda _self, _request: None)


@MUTATIONS.in_simulator("keys.list")
def unlisted_keys(patch: pytest.MonkeyPatch) -> None:
    """A key that was created is not listed."""
    patch.setattr(keys.ApiKeys, "of", lambda _self, _account: [])


@MUTATIONS.in_simulator("times.updated")
def never_updated(patch: pytest.MonkeyPatch) -> None:
    """updated_at is always the time of creation."""
    show_otherwise(patch, lambda data: {**data, "updated_at": data["created_at"]})


@MUTATIONS.in_simulator
def any_password(patch: pytest.MonkeyPatch) -> None:
    """An e-mail address alone is enough to log in."""
    right = Queue.authenticate
    patch.setattr(Queue, "authenticate", lambda self, identity: right(self, Identity(identity.credential)))


@MUTATIONS.in_simulator("login.two_factor")
def any_code(patch: pytest.MonkeyPatch) -> None:
    """Any one-time code will do."""
    patch.setattr(Queue, "_check_code", lambda _self, _auth, _code, _now: None)


@MUTATIONS.in_simulator("login.two_factor")
def endless_tries(patch: pytest.MonkeyPatch) -> None:
    """A one-time code may be guessed as often as one likes."""
    patch.setattr(simulated, "TRIES", 10**6)


@MUTATIONS.in_simulator("auth.expired")
def tokens_never_end(patch: pytest.MonkeyPatch) -> None:
    """An access token is taken for ever."""
    patch.setitem(sessions.LIVES, "access", 10**9)


@MUTATIONS.in_simulator("login.refresh")
def refresh_never_ends(patch: pytest.MonkeyPatch) -> None:
    """A refresh token is taken for ever."""
    patch.setitem(sessions.LIVES, "refresh", 10**9)


@MUTATIONS.in_simulator
def unsigned_tokens(patch: pytest.MonkeyPatch) -> None:
    """A token's signature is not looked at."""
    patch.setattr("hmac.compare_digest", lambda _one, _other: True)


@MUTATIONS.in_simulator
def refresh_token_opens(patch: pytest.MonkeyPatch) -> None:
    """A refresh token is taken in the place of an access token."""
    right = sessions.Sessions.read

    def read(self: sessions.Sessions, token: str) -> Any:
        claims = right(self, token)
        return claims and claims._replace(kind="access" if claims.kind == "refresh" else claims.kind)

    patch.setattr(sessions.Sessions, "read", read)


@MUTATIONS.in_simulator("login.refresh")
def stale_pair(patch: pytest.MonkeyPatch) -> None:
    """A refresh gives the tokens of the login again."""
    right, given = sessions.Sessions.pair, dict[str, Any]()
    patch.setattr(sessions.Sessions, "pair", lambda self, email, now: given.setdefault(email, right(self, email, now)))


@MUTATIONS.in_simulator
def one_face(patch: pytest.MonkeyPatch) -> None:
    """An access token is taken on the API-key face."""
    patch.setattr(Queue, "_match_face", lambda _self, _call: None)


@MUTATIONS.in_simulator("errors.body")
def one_field(patch: pytest.MonkeyPatch) -> None:
    """Every refusal uses the field error."""
    patch.setattr(simulated, "_ERROR_PATHS", ("/",))


@MUTATIONS.in_simulator
def no_fact(patch: pytest.MonkeyPatch) -> None:
    """A refusal names no fact."""
    patch.setattr(Queue, "_cite_fact", lambda _self, answer, _refused: answer)


@MUTATIONS.in_simulator
def wrong_status(patch: pytest.MonkeyPatch) -> None:
    """An unknown request is refused as a bad one."""
    patch.setattr(Queue, "refusals", Queue.refusals._replace(not_found=replace(refusals.NOT_FOUND, status=400)))


@MUTATIONS.in_simulator("accepted.status")
def accepted_by_202(patch: pytest.MonkeyPatch) -> None:
    """A creation is answered by HTTP 202."""
    right = Queue.create
    patch.setattr(Queue, "create", lambda self, call: right(self, call)._replace(status=202))


@MUTATIONS.in_simulator("price.integer")
def fractional_price(patch: pytest.MonkeyPatch) -> None:
    """A price is a fraction of a dollar."""
    right = capabilities.detail_of

    def detail_of(model: Any) -> dict[str, Any]:
        body = right(model)
        return {**body, "price_info": {**body["price_info"], "price": model.cents / 100, "unit": "USD"}}

    patch.setattr(simulated, "detail_of", detail_of)


@MUTATIONS.in_simulator
def other_price(patch: pytest.MonkeyPatch) -> None:
    """The charge differs from the price."""
    right = Queue.price
    patch.setattr(Queue, "price", lambda self, operation, params: 2 * right(self, operation, params))


@MUTATIONS.in_simulator
def lost_refund(patch: pytest.MonkeyPatch) -> None:
    """What failed is paid for all the same."""
    patch.setattr(Ledger, "release", Ledger.capture)


@MUTATIONS.in_simulator("requests.payload")
def wide_range(patch: pytest.MonkeyPatch) -> None:
    """A video may be longer than its model declares."""
    rule_otherwise(patch, TEXT, "video_length", rule=Integer(1, 3600))


@MUTATIONS.in_simulator
def strict_guidance(patch: pytest.MonkeyPatch) -> None:
    """Guidance of a text is bounded as that of an image."""
    rule_otherwise(patch, TEXT, "cfg_scale", rule=Number(0, 1))


@MUTATIONS.in_simulator("requests.payload")
def optional_image(patch: pytest.MonkeyPatch) -> None:
    """Image-to-video needs no image."""
    rule_otherwise(patch, MOTION, "image", required=False)


@MUTATIONS.in_simulator("status.values")
def skipped_state(patch: pytest.MonkeyPatch) -> None:
    """A request is never dispatched."""
    stages = (Stage("created", 0.5, 1.0), Stage("queued", 1.0, 9.0), Stage("processing", 38.0, 227.0))
    patch.setattr(simulated, "TIMES", Lifecycle(stages, capabilities.ENDS))


@MUTATIONS.in_simulator("status.values")
def cancelled_is_failed(patch: pytest.MonkeyPatch) -> None:
    """What is cancelled ends as failed."""
    patch.setitem(capabilities.ENDS, Fate.CANCEL, "failed")


@MUTATIONS.in_simulator("requests.detail")
def early_outcome(patch: pytest.MonkeyPatch) -> None:
    """An unfinished request has the address of its video."""
    right = Queue._outcome
    patch.setattr(Queue, "_outcome", lambda self, task, moment: right(self, task, moment._replace(final=True)))


@MUTATIONS.in_simulator
def one_shape(patch: pytest.MonkeyPatch) -> None:
    """An outcome has the older shape in every reading."""
    old = frozenset({"video_url", "thumbnail_image_url", "error"})

    def edit(body: dict[str, Any]) -> dict[str, Any]:
        outcome = body["outcome"]
        kept = {name: value for name, value in outcome.items() if name in old} if outcome else outcome
        return {**body, "outcome": kept}

    show_otherwise(patch, edit)


@MUTATIONS.in_simulator("times.seconds")
def other_times(patch: pytest.MonkeyPatch) -> None:
    """Times are in milliseconds."""
    show_otherwise(patch, lambda body: {**body, "created_at": 1000 * body["created_at"]})


@MUTATIONS.in_simulator("requests.list")
def open_requests(patch: pytest.MonkeyPatch) -> None:
    """A list has everybody's requests."""

    def requests(self: Queue, call: Any) -> Any:
        found = [task for task in self.tasks.values() if task.operation == call.query_values().get("model_id")]
        shown = [self._task_data(call, task, task.state_at(call.now, capabilities.TIMES)) for task in found]
        return json_response({"requests": shown, "total": len(shown)})

    patch.setattr(Queue, "list_tasks", requests)


@MUTATIONS.in_simulator
def blocked_is_made(patch: pytest.MonkeyPatch) -> None:
    """Blocked content is taken in, and fails later."""
    patch.setattr(Queue, "refusals", Queue.refusals._replace(blocked=None))


@MUTATIONS.in_simulator
def other_length(patch: pytest.MonkeyPatch) -> None:
    """A video is one second longer than requested."""
    right: Any = outputs.media_for

    def media_for(task: Any) -> Any:
        video, *rest = right(task)
        return [replace(video, seconds=video.seconds + 1), *rest]

    patch.setattr(simulated, "media_for", media_for)


@MUTATIONS.in_simulator
def tokens_in_the_journal(patch: pytest.MonkeyPatch) -> None:
    """The journal keeps tokens and passwords."""
    patch.setattr(journal, "redact_body", lambda text: text)


# The client.


@MUTATIONS.in_client
def refreshes_each(patch: pytest.MonkeyPatch) -> None:
    """Everybody who finds the token expired refreshes it."""
    patch.setattr(SyncDriver, "_exclusive", lambda self, effect: self.run(effect.make()))

    async def exclusive(self: AsyncDriver, effect: Any) -> object:
        return await self.run(effect.make())

    patch.setattr(AsyncDriver, "_exclusive", exclusive)


@MUTATIONS.in_client
def refreshes_what_is_fresh(patch: pytest.MonkeyPatch) -> None:
    """A caller that waited for a refresh makes another one."""
    right = login.Login._renew

    def renewed(self: login.Login, _refused: Any, failures: int) -> Any:
        return right(self, self.headers, failures)

    patch.setattr(login.Login, "_renew", renewed)


@MUTATIONS.in_client("auth.expired")
def never_refreshes(patch: pytest.MonkeyPatch) -> None:
    """An expired session ends the client."""
    right = Client._authorized

    def let_in(self: Client, make: Any) -> Any:
        headers = yield from self._headers()
        return (yield from make(headers)) if self._login else (yield from right(self, make))

    patch.setattr(Client, "_authorized", let_in)


@MUTATIONS.in_client("login.refresh")
def no_new_login(patch: pytest.MonkeyPatch) -> None:
    """A refused refresh ends the client."""
    patch.setattr(login, "_REFUSED", ())


@MUTATIONS.in_client("login.refresh")
def logs_in_each_time(patch: pytest.MonkeyPatch) -> None:
    """An expired token is met by a new login in the place of a refresh."""

    def refreshed(self: login.Login) -> Any:
        self._tokens = None
        yield from ()

    patch.setattr(login.Login, "_refresh", refreshed)


@MUTATIONS.in_client("headers")
def anonymous_login(patch: pytest.MonkeyPatch) -> None:
    """Calls do not say that they come from the package."""
    patch.setattr(login, "CLIENT_HEADERS", {})


@MUTATIONS.in_client("login.two_factor")
def one_try(patch: pytest.MonkeyPatch) -> None:
    """A one-time code is requested once."""
    patch.setattr(login, "OTP_ATTEMPTS", 1)


@MUTATIONS.in_client("login.two_factor")
def endless_tries_of_a_code(patch: pytest.MonkeyPatch) -> None:
    """A one-time code is requested five times."""
    patch.setattr(login, "OTP_ATTEMPTS", 5)


@MUTATIONS.in_client
def shown_tokens(patch: pytest.MonkeyPatch) -> None:
    """Errors contain the tokens that refusals echo, and a job's token contains the session's."""
    right = Client.token
    patch.setattr(Client, "token", lambda self, ref: right(self, ref) + str(self.authorization()))


@MUTATIONS.in_client("apikey.face")
def wrong_face(patch: pytest.MonkeyPatch) -> None:
    """A key is used on the session face."""
    patch.setattr(service, "KEYED_QUEUE_ROUTE", profile.QUEUE_ROUTE)


@MUTATIONS.in_client("apikey.face")
def no_organization(patch: pytest.MonkeyPatch) -> None:
    """The organization is not named."""

    def headers(self: KeyAccess) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.key.reveal()}"}

    patch.setattr(KeyAccess, "headers", property(headers))


@MUTATIONS.in_client
def pays_twice(patch: pytest.MonkeyPatch) -> None:
    """A submission whose answer is lost is sent again."""
    patch.setattr(Submission, "_may_resend", lambda _self, _error: True)


@MUTATIONS.in_client("accepted.status")
def any_status_is_fine(patch: pytest.MonkeyPatch) -> None:
    """HTTP 302 is a success of a creation."""
    patch.setattr(answers, "SUCCESSES", range(200, 400))


@MUTATIONS.in_client("answers.json")
def any_kind_is_json(patch: pytest.MonkeyPatch) -> None:
    """A page that can be parsed is an answer."""
    right = service._json_object

    def parsed(response: Any) -> Any:
        return right(replace(response, headers={"content-type": "application/json"}))

    patch.setattr(service, "_json_object", parsed)


@MUTATIONS.in_client
def one_shape_is_read(patch: pytest.MonkeyPatch) -> None:
    """The newer shape of an outcome is not read."""
    right = service._read_media
    patch.setattr(service, "_read_media", lambda outcome: right({**outcome, "media_urls": None}))


@MUTATIONS.in_client
def one_video_twice(patch: pytest.MonkeyPatch) -> None:
    """A video that both shapes contain becomes two outputs."""
    right = service._read_media

    def read(outcome: Any) -> Any:
        yield from right({**outcome, "media_urls": None})
        yield from right({"media_urls": outcome.get("media_urls")})

    patch.setattr(service, "_read_media", read)


@MUTATIONS.in_client("status.values")
def dispatched_is_running(patch: pytest.MonkeyPatch) -> None:
    """A request that is dispatched counts as running."""
    patch.setattr(service, "STATES", MappingProxyType({**profile.STATES, "dispatched": JobState.RUNNING}))


@MUTATIONS.in_client
def ignored_reason(patch: pytest.MonkeyPatch) -> None:
    """The service's reason for a failure is missing."""
    read_otherwise(patch, lambda seen: replace(seen, reason=None))


@MUTATIONS.in_client
def over_at_once(patch: pytest.MonkeyPatch) -> None:
    """A creation that is answered by an end is taken at its word."""
    right = Client._read_submission

    def created(self: Client, response: Any) -> tuple[str, Snapshot]:
        return right(self, response)[0], self._read_job(self._open(response))

    patch.setattr(Client, "_read_submission", created)


@MUTATIONS.in_client("apikey.errors")
def policy_is_a_bad_request(patch: pytest.MonkeyPatch) -> None:
    """Content that is not allowed is any bad request."""
    patch.setattr(service, "_POLICY_STATUS", 0)


@MUTATIONS.in_client("apikey.errors")
def wrong_refusal(patch: pytest.MonkeyPatch) -> None:
    """A balance that is too low is a permission error."""
    right = answers.kind_by_status
    patch.setattr(
        answers,
        "kind_by_status",
        lambda status: errors.PermissionDeniedError if status == 402 else right(status),
    )


@MUTATIONS.in_client("errors.body")
def message_only(patch: pytest.MonkeyPatch) -> None:
    """The text of a refusal is read from message alone."""
    right = Client._refused
    patch.setattr(Client, "_refused", lambda self, response, payload: right(self, response, {**payload, "error": None}))


@MUTATIONS.in_client("client.validation")
def empty_payload(patch: pytest.MonkeyPatch) -> None:
    """An empty payload is sent."""
    patch.setattr(bodies, "payload", lambda value: value)


@MUTATIONS.in_client
def guessed_price(patch: pytest.MonkeyPatch) -> None:
    """A price in unknown words is taken for cents."""
    right = models.Model.estimate

    def estimate(self: models.Model, payload: Any) -> Decimal:
        known = self.price and replace(self.price, unit="cent", pricing_type="per_second")
        return right(replace(self, price=known), payload)

    patch.setattr(models.Model, "estimate", estimate)


@MUTATIONS.in_client("price.integer")
def dollars_for_cents(patch: pytest.MonkeyPatch) -> None:
    """Cents are taken for dollars."""
    patch.setattr(models, "PRICE_UNITS", MappingProxyType({**profile.PRICE_UNITS, "cent": Decimal(1)}))


@MUTATIONS.in_client
def open_purse(patch: pytest.MonkeyPatch) -> None:
    """A limit on what may be spent is not kept."""
    patch.setattr(MemoryLedger, "reserve", lambda *_arguments: "1")


@MUTATIONS.in_client("inputs.image")
def image_by_path(patch: pytest.MonkeyPatch) -> None:
    """A path is sent as a path."""

    def image(value: Any) -> Any:
        yield from ()
        return str(value)

    patch.setattr(bodies, "_image", image)


@MUTATIONS.in_client("times.seconds")
def milliseconds_for_seconds(patch: pytest.MonkeyPatch) -> None:
    """Times are read as milliseconds."""
    right = Client._read_record

    def read(self: Client, request: Any) -> Any:
        record = right(self, request)
        return replace(record, created_at=None if record.created_at is None else record.created_at // 1000)

    patch.setattr(Client, "_read_record", read)


@MUTATIONS.in_client("polling.interval")
def poll_every_second(patch: pytest.MonkeyPatch) -> None:
    """A client polls every second by default."""
    patch.setattr(PollPolicy, "delay", lambda _self, _poll: 1.0)


@MUTATIONS.in_client("polling.interval")
def poll_every_millisecond(patch: pytest.MonkeyPatch) -> None:
    """A client polls every millisecond by default."""
    patch.setattr(PollPolicy, "delay", lambda _self, _poll: 0.001)
