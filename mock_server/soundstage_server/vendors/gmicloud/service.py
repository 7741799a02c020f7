"""GMI Cloud: login and tokens, models, requests and their outcomes on both faces, the form of refusals.

Documents: the vendor's package gmicloud 0.1.10 and its guide, and docs.gmicloud.ai, read in November 2026.
"""

from __future__ import annotations

from bisect import bisect_right
from typing import TYPE_CHECKING, Any, Final

from soundstage_server.kit.inputs import InputLimits, media_fields
from soundstage_server.kit.service import Service, bearer_token
from soundstage_server.kit.uuids import uuid_text
from soundstage_server.model.credentials import account_name, credential_rule
from soundstage_server.model.fields import Choice, Field, FieldError, Text, check
from soundstage_server.model.ledger import USD
from soundstage_server.model.lifecycle import Fate
from soundstage_server.model.messages import Identity, RefusedError, Request, Response, Route, json_response
from soundstage_server.model.suggestions import did_you_mean
from soundstage_server.vendors.gmicloud.capabilities import CENT, CREATED, MODELS, QUEUED, TIMES, detail_of, fields_of
from soundstage_server.vendors.gmicloud.keys import CREATE_KEY, ApiKeys
from soundstage_server.vendors.gmicloud.outputs import media_for, seconds_of
from soundstage_server.vendors.gmicloud.payloads import Members, content_of
from soundstage_server.vendors.gmicloud.refusals import (
    CODES,
    INVALID,
    LOGIN_FAILED,
    NOT_FOUND,
    REFUSALS,
    UNAUTHENTICATED,
    UNKNOWN_MODEL,
    WRONG_FACE,
    WRONG_TOKEN,
)
from soundstage_server.vendors.gmicloud.sessions import CODE, TRIES, TWO_FACTORS, Sessions, organization_id, user_id

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence

    from soundstage_server.media import MediaSpec
    from soundstage_server.model.account import Account, Task
    from soundstage_server.model.lifecycle import Lifecycle, TaskState
    from soundstage_server.vendors.gmicloud.sessions import Claims
    from soundstage_server.world.world import World

ROOT: Final = "/api/v1"
QUEUE: Final = f"{ROOT}/ie/requestqueue"
KEYED: Final = f"{QUEUE}/apikey"  # apikey.face


_ERROR_PATHS: Final = ("/ie/artifact", "/ie/task", "/ie/requestqueue")  # errors.body
_CREDENTIALS: Final = (
    Field("email", Text(), "login.tokens", required=True),
    Field("password", Text(), "login.tokens", required=True),
)
_SESSION: Final = (
    Field("type", Choice(("native",)), "login.session", required=True),
    Field("authToken", Text(), "login.session", required=True),
    Field("otpCode", Text(), "login.session"),
)
_REFRESH: Final = (Field("refreshToken", Text(), "login.refresh", required=True),)
_CREATE: Final = (
    Field("model", Text(), "requests.create", required=True),
    Field("payload", Members(), "requests.payload", required=True),
)
_FIELDS: Final = {name: (fields_of(model), media_fields(fields_of(model))) for name, model in MODELS.items()}
"""The fields of a payload, and those of them that name files, by model."""
_TOKENS: Final = {"accessToken": "eyJhbGciOiJIUzI1NiJ9.e30.sig", "refreshToken": "eyJhbGciOiJIUzI1NiJ9.e30.sig"}
_MADE: Final = {
    "request_id": "ec6f1f1b-6c37-4b57-8f0d-4c4ba0f4a9b3",
    "model": "Wan-AI_Wan2.1-T2V-14B",
    "status": "queued",
    "created_at": 1753427199,
    "queued_at": 1753427199,
    "updated_at": 1753427199,
}


class GMICloudService(Service):
    """The simulated GMI Cloud."""

    slug = "gmicloud"
    title = "GMI Cloud"
    hosts = ("console.gmicloud.ai",)
    unit = USD
    credential_headers = (b"authorization",)
    refusals = REFUSALS
    codes = CODES
    dialects = {"outcome": ("both", "old", "new")}  # noqa: RUF012 - a table, as every vendor has it
    operations = tuple(MODELS)
    input_limits = InputLimits(20_000_000, "inputs.limits", INVALID, INVALID)
    reasons = {  # noqa: RUF012 - a table, as every vendor has it
        Fate.FAIL: "generation failed",
        Fate.BLOCK: "the request violates the content policy",
        Fate.CANCEL: "the request was cancelled",
    }

    def __init__(self, world: World) -> None:
        super().__init__(world)
        self.sessions = Sessions(world)
        self.api_keys = ApiKeys()

    def routes(self) -> Iterable[Route]:
        """Return the routes of login, of the session face and of the API-key face."""
        yield Route(
            "POST", f"{ROOT}/me/auth-tokens", self.create_auth_token, "Start a login with e-mail and password",
            ("login.tokens",), _CREDENTIALS, {"authToken": "eyJhbGciOiJIUzI1NiJ9.e30.sig", "is2FARequired": False},
            open=True,
        )  # fmt: skip
        yield Route(
            "POST", f"{ROOT}/me/sessions", self.create_session,
            "Finish a login, with the code of a second factor where needed",
            ("login.session", "login.two_factor", "login.two_factor_on", "login.lifetimes"), _SESSION, _TOKENS,
            open=True,
        )  # fmt: skip
        yield Route(
            "PATCH", f"{ROOT}/me/sessions", self.refresh_session, "Exchange a refresh token for new tokens",
            ("login.refresh",), _REFRESH, _TOKENS, open=True,
        )  # fmt: skip
        yield Route("GET", f"{ROOT}/me/profile", self.profile, "Show the logged-in user", ("login.profile",))
        keys = f"{ROOT}/organizations/{{organization_id}}/api-keys"
        yield Route(
            "POST", keys, self.create_key, "Create an API key", ("keys.create", "keys.use"), CREATE_KEY, {"key": "..."}
        )
        yield Route("GET", keys, self.list_keys, "List the API keys", ("keys.list",))
        model = ("models.detail", "models.parameter", "price.integer", "price.unit")
        yield Route("GET", f"{QUEUE}/models", self.list_models, "List the models", ("models.list", "models.known"))
        yield Route("GET", f"{QUEUE}/models/{{model_id}}", self.describe_model, "Describe a model", model)
        yield Route("GET", f"{QUEUE}/requests", self.list_tasks, "List the requests of a model", ("requests.list",))
        yield Route(
            "GET", f"{KEYED}/models", self.list_model_ids, "List the models by id", ("apikey.face", "models.more")
        )
        yield Route(
            "GET", f"{KEYED}/models/{{model_id}}", self.describe_model, "Describe a model", ("apikey.face", *model)
        )
        made = ("requests.create", "requests.payload", "requests.ranges", "accepted.status", "times.seconds")
        read = ("requests.detail", "status.values", "outcome.shape", "outcome.other", "outcome.file")
        for face, root in ((), QUEUE), (("apikey.face", "apikey.created"), KEYED):
            yield Route(
                "POST", f"{root}/requests", self.create, "Make a request", (*made, *face), _CREATE, _MADE, paid=True
            )
            yield Route("GET", f"{root}/requests/{{request_id}}", self.poll, "Read a request", (*read, *face))

    def lifecycle(self, operation: str) -> Lifecycle:
        """Return the states of a request (status.values, times.generation)."""
        del operation  # all models have the same
        return TIMES

    # Authentication.

    def respond(self, route: Route, request: Request) -> Response:
        """Answer *request*; its credential must belong to the face that it came to (faces.apart)."""
        if not route.open:
            try:
                self._match_face(request)
            except RefusedError as refused:
                return self._cite_fact(self.refuse(refused, request), refused)
        return super().respond(route, request)

    def _match_face(self, request: Request) -> None:
        token = bearer_token(request.headers.get(b"authorization"))
        claims = self.sessions.read(token)
        is_session = claims is not None and claims.kind != "key"
        if request.path.startswith(KEYED):
            if is_session:
                raise RefusedError(WRONG_FACE, "the API-key face takes an API key")
        elif not is_session:
            error = "the access token was not issued by a login" if token else "no access token was given"
            raise RefusedError(WRONG_TOKEN, error)

    def identify(self, credentials: tuple[bytes | None, ...]) -> Identity:
        """Return the API key, or the e-mail address that an access token was issued for."""
        token = bearer_token(credentials[0])
        if not token:
            raise RefusedError(UNAUTHENTICATED, "Authorization must be Bearer and an API key")
        claims = self.sessions.read(token)
        if claims is None:
            return Identity(token)
        if claims.kind == "key":
            if 0 < claims.expires <= self._now_of(claims.email):
                raise RefusedError(UNAUTHENTICATED, "the key has expired")
            return Identity(claims.email)
        if claims.kind != "access" or claims.expires <= self._now_of(claims.email):
            raise RefusedError(
                WRONG_TOKEN, "it has expired" if claims.kind == "access" else f"it is a token of kind {claims.kind}"
            )
        return Identity(claims.email)

    def is_lasting(self, credentials: tuple[bytes | None, ...]) -> bool:
        """Return whether the credential is an API key of the caller's own choice; issued keys and tokens expire."""
        return self.sessions.read(bearer_token(credentials[0])) is None

    def authenticate(self, identity: Identity) -> Account:
        """Return the account of an e-mail address or a key; the password must be that of the first login."""
        refusal = UNAUTHENTICATED if identity.secret is None else LOGIN_FAILED
        if refused := credential_rule(identity.credential).refused:
            raise RefusedError(refusal, f"the credential is {refused}")
        account = self.world.account(self.slug, identity.credential)
        if identity.secret is not None and not account.accepts(identity.secret):
            raise RefusedError(LOGIN_FAILED, "wrong e-mail or password")
        return account

    def _now_of(self, email: str) -> float:
        """Return the time of the account of *email*, without creating an account."""
        name = account_name(self.slug, email)
        return (self.world.account_by_name(name) if self.world.is_account(name) else self.world.clock).now()

    # Login.

    def create_auth_token(self, request: Request) -> Response:
        """Issue an authToken for e-mail and password (login.tokens)."""
        given = self.parse_body(_CREDENTIALS, request)
        self._log_in(request, Identity(given["email"], given["password"]))
        token = self.sessions.token("auth", given["email"], request.now)
        return json_response({"authToken": token, "is2FARequired": given["email"].startswith(TWO_FACTORS)})

    def create_session(self, request: Request) -> Response:
        """Exchange an authToken, with the code of a second factor where needed, for tokens (login.session)."""
        given = self.parse_body(_SESSION, request)
        auth = self._token_of(request, given["authToken"], "auth")
        if auth.email.startswith(TWO_FACTORS):
            self._check_code(auth, given.get("otpCode"), request.now)
        return json_response(self.sessions.pair(auth.email, request.now))

    def _check_code(self, auth: Claims, code: str | None, now: float) -> None:
        """Refuse wrong codes; the third one invalidates the authToken (login.two_factor, login.refused)."""
        if self.sessions.wrong_codes(auth) >= TRIES:
            raise RefusedError(LOGIN_FAILED, "three wrong codes: log in again")
        if code is None:
            raise RefusedError(LOGIN_FAILED, "otpCode is needed: the account has a second factor")
        if code != CODE:
            may_retry = self.sessions.count_wrong_code(auth, now)
            raise RefusedError(LOGIN_FAILED, "wrong code" if may_retry else "the third wrong code: log in again")

    def refresh_session(self, request: Request) -> Response:
        """Exchange a refresh token that has not expired for new tokens (login.refresh)."""
        token = self.parse_body(_REFRESH, request)["refreshToken"]
        return json_response(self.sessions.pair(self._token_of(request, token, "refresh").email, request.now))

    def _token_of(self, request: Request, token: str, kind: str) -> Claims:
        """Return the claims of a token of *kind*, and log its owner in."""
        claims = self.sessions.read(token)
        if claims is None or claims.kind != kind:
            raise RefusedError(LOGIN_FAILED, f"not issued here as a token of kind {kind}")
        if claims.expires <= self._now_of(claims.email):
            raise RefusedError(LOGIN_FAILED, f"the {kind} token has expired: log in again")
        self._log_in(request, Identity(claims.email))
        return claims

    def _log_in(self, request: Request, identity: Identity) -> None:
        request.caller = self.authenticate(identity)
        request.now = request.caller.now()

    def profile(self, request: Request) -> Response:
        """Return the logged-in user and their organization (login.profile)."""
        organization = {"id": organization_id(request.account), "role": "owner"}
        return json_response({"user": self._user(request), "organization": organization})

    def _user(self, request: Request) -> dict[str, str]:
        claims = self.sessions.read(bearer_token(request.headers[b"authorization"]))
        email = claims.email if claims else ""
        return {"id": user_id(email), "email": email, "firstName": "Sound", "lastName": "Stage"}

    # API keys.

    def create_key(self, request: Request) -> Response:
        """Create an API key of the caller's organization (keys.create, keys.use)."""
        self._check_organization(request)
        given = self.parse_body(CREATE_KEY, request)
        if 0 < given["expiresAt"] <= request.now:
            error = f"expiresAt must be 0 or a time to come in seconds; got {given['expiresAt']}"
            raise RefusedError(INVALID, error, "keys.create")
        owner = self._user(request)
        key = self.sessions.token("key", owner["email"], request.now, given["expiresAt"])
        self.api_keys.add(request.account, key, given, owner, request.now)
        return json_response({"key": key})

    def list_keys(self, request: Request) -> Response:
        """Return the API keys of the caller's organization, without the keys themselves (keys.list)."""
        self._check_organization(request)
        return json_response({"keys": self.api_keys.of(request.account)})

    def _check_organization(self, request: Request) -> None:
        if request.path_values["organization_id"] != organization_id(request.account):
            raise RefusedError(NOT_FOUND, "no such organization", "keys.refused")

    def forget(self, accounts: Collection[Account]) -> None:
        """Forget *accounts*, their tasks and their keys."""
        super().forget(accounts)
        self.api_keys.forget(accounts)

    # Models.

    def list_models(self, request: Request) -> Response:
        """Return all models (models.list)."""
        del request
        return json_response({"models": [detail_of(model) for model in MODELS.values()]})

    def list_model_ids(self, request: Request) -> Response:
        """Return the ids of all models (apikey.face)."""
        del request
        return json_response({"model_ids": list(MODELS)})

    def describe_model(self, request: Request) -> Response:
        """Return the description of a model (models.detail)."""
        return json_response(detail_of(MODELS[self._known_model(request.path_values["model_id"])]))

    def _known_model(self, name: str) -> str:
        if name not in MODELS:
            known = did_you_mean(name, MODELS) or f", which is not one of {', '.join(MODELS)}"
            raise RefusedError(UNKNOWN_MODEL, f"no model {name}{known}")
        return name

    # Requests.

    def create(self, request: Request) -> Response:
        """Create a request (requests.create); its model validates the payload (requests.payload)."""
        body = self.parse_body(_CREATE, request)
        name = self._known_model(body["model"])
        task = self.submit(request, name, self._parameters(name, body["payload"]))
        times = self._times(request, task, task.state_at(request.now, TIMES))
        return json_response({"request_id": task.id, "model": name, **times})

    def _parameters(self, name: str, payload: dict[str, Any]) -> dict[str, Any]:
        """Return the validated parameters in *payload*, and the payload as it was sent, which polls return."""
        fields, files = _FIELDS[name]
        try:
            params = check(fields, payload)
        except FieldError as error:
            raise RefusedError(INVALID, str(error), error.fact) from None
        content = content_of(params.get("image", ""))
        if content is not None:  # stored as an upload, so that the same rules apply as to a hosted file
            params["image"] = self.world.add_upload("image", content)
        self.validate_inputs(files, params)
        return {**params, "payload": payload}

    def poll(self, request: Request) -> Response:
        """Return the current state of a request (requests.detail)."""
        task = self.own_task(request, request.path_values["request_id"])
        return json_response(self._task_data(request, task, self.observe(request, task)))

    def list_tasks(self, request: Request) -> Response:
        """Return the caller's requests of a model, or all (requests.list); this does not move the account's time."""
        model = request.query_values().get("model_id")
        mine = [task for task in request.account.tasks if model in (None, task.operation)]
        shown = [self._task_data(request, task, task.state_at(request.now, TIMES)) for task in mine]
        return json_response({"requests": shown, "total": len(shown)})

    def _task_data(self, request: Request, task: Task, state: TaskState) -> dict[str, Any]:
        return {
            "request_id": task.id,
            "model": task.operation,
            **self._times(request, task, state),
            "payload": task.params["payload"],
            "outcome": self._outcome(task, state),
            "is_public": False,
            "org_id": organization_id(task.account),
            "qworker_id": "" if state.word in (CREATED, QUEUED) else f"qworker-{task.seed & 0xFFFF:04x}",
        }

    def _times(self, request: Request, task: Task, state: TaskState) -> dict[str, Any]:
        """Return the status and the times (times.seconds); the API-key face shows created requests as queued."""
        word = QUEUED if state.word == CREATED and request.path.startswith(KEYED) else state.word
        left = bisect_right(task.changes, request.now)
        created = int(task.created)
        updated = int(task.changes[left - 1]) if left else created
        return {"status": word, "created_at": created, "queued_at": created, "updated_at": updated}

    def _outcome(self, task: Task, state: TaskState) -> dict[str, Any] | None:
        """Return the outcome of a request in its account's dialect (outcome.shape, outcome.other)."""
        if not state.final:
            return None
        if task.fate is not Fate.SUCCEED:
            return {"error": self.reason(task)}
        video, thumbnail = self.result_urls(task)
        reading = self.dialect("outcome", task.account)
        old = {} if reading == "new" else {"video_url": video, "thumbnail_image_url": thumbnail}
        new = {} if reading == "old" else {"media_urls": [{"id": "0", "url": video}]}
        return {**old, **new}

    # Called by shared code.

    def refuse(self, refused: RefusedError, request: Request) -> Response:
        """Return the message under ``error`` or ``message``, depending on the path (errors.body)."""
        field = "error" if any(path in request.path for path in _ERROR_PATHS) else "message"
        return json_response({field: refused.message}, refused.refusal.status)

    def outputs(self, task: Task) -> Sequence[MediaSpec]:
        """Return the video of a successful *task* and its thumbnail."""
        return media_for(task)

    def price(self, operation: str, params: Mapping[str, Any]) -> int:
        """Return what a request costs: the model's price for each second (charge, price.unit)."""
        return MODELS[operation].cents * CENT * seconds_of(params)

    def make_task_id(self, operation: str, now: float, seed: int) -> str:
        """Return a UUID (outcome.other)."""
        del operation
        return uuid_text((int(now) & 0xFFFF_FFFF) << 96 | seed << 32 | int(now * 1000) & 0xFFFF_FFFF)
