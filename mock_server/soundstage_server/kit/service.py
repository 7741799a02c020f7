"""The base class of every vendor's service: authentication, validation, submission, lookup and refusals.

A vendor is a subclass: its facts as class attributes, its routes as data, its handlers as short methods. Nothing here
depends on which vendor it is.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from functools import lru_cache
from itertools import count
from math import ceil
from sys import intern
from typing import TYPE_CHECKING, Any, ClassVar

from soundstage_server.kit import results
from soundstage_server.kit.bodies import flaw_of
from soundstage_server.kit.inputs import validate_inputs
from soundstage_server.model.account import Account, Task, TooManyError, fingerprint
from soundstage_server.model.clock import LATEST
from soundstage_server.model.credentials import account_name, credential_rule
from soundstage_server.model.fields import FieldError, check
from soundstage_server.model.ledger import InsufficientError, Unit
from soundstage_server.model.lifecycle import Fate, Lifecycle, TaskState
from soundstage_server.model.messages import (
    FACT_HEADER,
    Identity,
    Refusal,
    Refusals,
    RefusedError,
    Request,
    Response,
    Route,
)
from soundstage_server.model.scenarios import ORDINARY
from soundstage_server.model.suggestions import did_you_mean
from soundstage_server.world.vendor_service import VendorService

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence

    from soundstage_server.kit.inputs import InputLimits
    from soundstage_server.media import MediaSpec
    from soundstage_server.model.asgi import Scope
    from soundstage_server.model.fields import Field
    from soundstage_server.model.lifecycle import CallbackPlan
    from soundstage_server.model.rate_limit import SlidingWindow
    from soundstage_server.model.scenarios import Plan
    from soundstage_server.world.world import World


class Service(VendorService, ABC):
    """One simulated vendor in one world; `VendorService` describes the attributes that are not described here."""

    slug: ClassVar[str]
    title: ClassVar[str]
    hosts: ClassVar[tuple[str, ...]]
    unit: ClassVar[Unit]
    at_once: ClassVar[int | None] = None
    result_names: ClassVar[tuple[str, ...]] = ()
    is_synchronous: ClassVar[bool] = False
    """Whether the response is the result itself: there is no payment and no task to read later."""
    sends_retry_after: ClassVar[bool] = False
    """Whether the vendor documents a Retry-After header with its refusal of too many requests."""
    credential_headers: ClassVar[tuple[bytes, ...]]
    """The headers that together identify the caller, in lower case."""
    dialects: ClassVar[Mapping[str, tuple[str, ...]]] = {}
    refusals: ClassVar[Refusals]
    codes: ClassVar[Mapping[str, Refusal]]
    operations: ClassVar[tuple[str, ...]]
    reasons: ClassVar[Mapping[Fate, str]]
    """The vendor's message for each fate of a task that did not succeed."""
    result_seconds: ClassVar[int] = 30 * 24 * 3600
    input_limits: ClassVar[InputLimits | None] = None
    """The vendor's limits on every input file; None if it documents none."""
    callback_plan: ClassVar[CallbackPlan | None] = None
    """When the vendor calls back; None if it does not. The body is made by `callback_body`."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.tasks: dict[str, Task] = {}
        self._known: dict[tuple[bytes | None, ...], Account] = {}

    # What a vendor implements or overrides.

    @abstractmethod
    def routes(self) -> Iterable[Route]:
        """Return the vendor's routes."""

    @abstractmethod
    def lifecycle(self, operation: str) -> Lifecycle:
        """Return the states of a task of *operation*."""

    @abstractmethod
    def identify(self, credentials: tuple[bytes | None, ...]) -> Identity:
        """Return the identity in the values of `credential_headers`.

        Raises:
            RefusedError: They are missing or malformed.
        """

    @abstractmethod
    def refuse(self, refused: RefusedError, request: Request) -> Response:
        """Return *refused* in the vendor's own shape."""

    @abstractmethod
    def outputs(self, task: Task) -> Sequence[MediaSpec]:
        """Return what a successful *task* has produced."""

    @abstractmethod
    def price(self, operation: str, params: Mapping[str, Any]) -> int:
        """Return the price of a task, in the smallest parts of the vendor's unit."""

    def make_task_id(self, operation: str, now: float, seed: int) -> str:
        """Return an id for a task created *now*; *seed* is 64 bits of its own."""
        return f"{operation}-{int(now)}-{seed:016x}"

    def credentials(self, headers: Mapping[bytes, bytes], query: bytes) -> tuple[bytes | None, ...]:
        """Return the values that `identify` takes: those of `credential_headers`, unless a vendor overrides this."""
        del query  # for vendors that also accept a key in the query
        return tuple(map(headers.get, self.credential_headers))

    def is_lasting(self, credentials: tuple[bytes | None, ...]) -> bool:
        """Return whether these *credentials*, which were accepted, always name the same account: they do not expire."""
        del credentials  # for vendors that also issue tokens
        return True

    def credential_refusal(self, word: str) -> Refusal:
        """Return the refusal of a credential whose first word is ``invalid`` or ``expired``."""
        del word  # for vendors that distinguish the two
        return self.refusals.unauthenticated

    def callback_body(self, task: Task, state: TaskState) -> Mapping[str, Any]:
        """Return the body of a callback about *task*, which is in *state*; vendors that call back override this."""
        return {"id": task.id, "state": state.word}

    def callback_headers(self, task: Task, body: bytes) -> Mapping[str, str]:
        """Return a callback's headers beside its Content-Type; vendors that sign callbacks override this.

        Args:
            task: The task that it is about.
            body: Its bytes. Each attempt asks again, so that a time in the headers is that of the attempt.
        """
        del task, body  # most vendors sign nothing
        return {}

    def text_of(self, params: Mapping[str, Any]) -> str:
        """Return the text that is searched for in-band words and matched by scenarios."""
        return str(params.get("prompt") or "")

    # What every vendor shares.

    def respond(self, route: Route, request: Request) -> Response:
        """Authenticate and handle *request*, or render its refusal. The caller has the world's lock."""
        try:
            if not route.open:
                request.caller = caller = self._account_of(request)
                request.now = caller.now()
                if caller.rate_limit is not None:
                    self._enforce_rate_limit(caller.rate_limit, request)
            return route.handle(request)
        except RefusedError as refused:
            return self._cite_fact(self.refuse(refused, request), refused)

    def unknown_route(self, request: Request, allowed: Sequence[str]) -> Response:
        """Refuse a request that no route takes; *allowed* are the methods that its path would take."""
        methods = ", ".join(allowed)
        if methods:
            detail = f"{request.path} takes {methods}, not {request.method}"
        else:
            routes = {route.path for route in self.routes() if "{" not in route.path}
            detail = f"no route {request.method} {request.path}{did_you_mean(request.path, routes)}"
            if "//" in request.path:
                detail += " (slashes are doubled: end the base URL without one)"
        if b"access-control-request-method" in request.headers:
            detail += " (a browser's preflight: CORS headers are sent with --cors only)"
        refused = RefusedError(self.refusals.unknown_route, detail)
        response = self._cite_fact(self.refuse(refused, request), refused)
        if not methods:
            return response._replace(status=404)
        return response._replace(status=405, headers=[*response.headers, (b"allow", methods.encode())])

    def parse_body(self, fields: Iterable[Field], request: Request) -> dict[str, Any]:
        """Parse and validate the JSON body of *request*.

        Raises:
            RefusedError: The body is not a JSON object, or a parameter breaks its rule.
        """
        try:
            body = request.json()
        except ValueError as error:
            detail = f"the body must be a JSON object; {flaw_of(request, error)}"
            raise RefusedError(self.refusals.unreadable, detail) from None
        if not isinstance(body, dict):
            raise RefusedError(self.refusals.unreadable, f"the body must be a JSON object; got {type(body).__name__}")
        try:
            return check(fields, body)
        except FieldError as error:
            raise RefusedError(self.refusals.invalid, str(error), error.fact) from None

    def validate_inputs(self, fields: Iterable[Field], params: dict[str, Any]) -> None:
        """Check the input files that *params* name, and replace those sent in base64 by their digests.

        Raises:
            RefusedError: A file breaks a rule of its parameter or the vendor's limit, or does not exist.
        """
        if self.input_limits is not None:
            validate_inputs(self.world, self.input_limits, fields, params)

    def submit(self, request: Request, operation: str, params: dict[str, Any]) -> Task:
        """Create a paid task, or refuse it with nothing spent.

        Raises:
            RefusedError: A scenario orders it, the account has too many unfinished tasks, or it cannot pay.
        """
        account, now = request.account, request.now
        text = self.text_of(params)
        plan = self.world.scenarios.plan(self.slug, account.name, operation, text)
        if plan is not ORDINARY:
            self._refuse_as_planned(plan)
        # Ended tasks first give back what they reserved and make room.
        account.settle(now)
        task_id, seed = self._new_task_id(operation, account, now)
        early = self._early_changes(operation, request, params, plan) if self.world.faults.callbacks else None
        task = Task(
            task_id,
            account,
            operation,
            params,
            now,
            self._changes(operation, now, seed, plan) if early is None else early,
            plan.fate,
            seed,
            self.price(operation, params),
            self.base_url(request),
        )
        # The price is reserved before the task is visible anywhere: a refusal leaves nothing behind.
        try:
            account.check_concurrency()
            account.admit(task, fingerprint(operation, params))
        except TooManyError:
            raise RefusedError(self.refusals.too_many) from None
        except InsufficientError:
            raise RefusedError(self.refusals.no_credit) from None
        self.index_task(task)
        if self.callback_plan is not None and self.callback_plan.field in params:
            if early is None:
                self.world.callback_dispatcher.schedule(task)
            else:
                request.hold = self.world.callback_dispatcher.schedule_early(task)
        return task

    def index_task(self, task: Task) -> None:
        """Add *task* to the index by id, at its creation and when it is restored; a vendor may add more indexes.

        An idempotency key, or a caller's own id for a task, is part of the task's params and indexed here, so that a
        restart forgets none of them.
        """
        self.tasks[task.id] = task

    def end_early(self, task: Task, now: float, fate: Fate = Fate.CANCEL) -> bool:
        """End *task* at its account's time *now* with another *fate*: money is released, callbacks report the new end.

        Returns:
            Whether it was unfinished; if not, nothing has changed.
        """
        if task.ends <= now:
            return False
        task.account.end_early(task, now, fate)
        self.world.callback_dispatcher.reschedule(task)
        return True

    def base_url(self, request: Request) -> str:
        """Return the base of the result URLs of *request*: the world's public URL, or the address of the request."""
        public = self.world.public_url
        # Interned, since a million tasks share a few addresses.
        return intern(request.base if public is None else f"{public}/{self.slug}")

    def own_task(self, request: Request, task_id: object, detail: str = "") -> Task:
        """Return the caller's task *task_id*.

        Raises:
            RefusedError: There is no such task, or it belongs to another account: the refusal is the same.
        """
        task = self.tasks.get(task_id) if isinstance(task_id, str) else None
        if task is None or task.account is not request.caller or self.has_expired(task, request.now):
            raise RefusedError(self.refusals.not_found or self.refusals.unknown_route, detail)
        return task

    def has_expired(self, task: Task, now: float) -> bool:
        """Return whether the retention of *task* has ended at its account's time *now*, so that it is unknown."""
        return now - task.ends > self.world.retention.kept

    def dialect(self, name: str, account: Account | None) -> str:
        """Return the reading of this vendor's dialect *name* for *account*; None is a caller who is not identified."""
        return self.world.dialects.reading(f"{self.slug}.{name}", None if account is None else account.name)

    def observe(self, request: Request, task: Task) -> TaskState:
        """Return the state of *task* now; under the clock ``auto``, then move the account's time to its next change."""
        state = task.state_at(request.now, self.lifecycle(task.operation))
        if state.next_change < LATEST and not state.final:
            request.account.advance_to_next_change(request.now, state.next_change)
        return state

    def result_urls(self, task: Task) -> list[str]:
        """Return the addresses of what *task* has produced."""
        return [results.sign_url(task, index, medium, self.world) for index, medium in enumerate(self.outputs(task))]

    def reason(self, task: Task) -> str:
        """Return why *task* did not succeed; a fate for which the vendor has no message is named in it."""
        known = self.reasons.get(task.fate)
        return known or f"{self.reasons[Fate.FAIL]} ({task.fate.value})"

    def check_code(self, code: str | None) -> None:
        """Check the *code* of a scenario.

        Raises:
            ValueError: The vendor has no refusal with this code; the message lists the codes.
        """
        if code is not None and code not in self.codes:
            raise ValueError(f"code must be one of {', '.join(self.codes)}; got {code!r}")

    def forget(self, accounts: Collection[Account]) -> None:
        """Remove *accounts* and their tasks from the indexes."""
        self._known = {key: kept for key, kept in self._known.items() if kept not in accounts}
        self.tasks = {key: kept for key, kept in self.tasks.items() if kept.account not in accounts}

    def drop_tasks(self, tasks: Iterable[Task]) -> None:
        """Remove *tasks*, whose retention has ended, from the indexes; a vendor with more indexes overrides this."""
        for task in tasks:
            self.tasks.pop(task.id, None)

    def facts(self) -> set[str]:
        """Return the ids, without the slug, of the facts that this service can cite."""
        cited = {refusal.fact for refusal in (*self.codes.values(), *self.refusals) if refusal is not None}
        for route in self.routes():
            cited.update(route.facts, (field.fact for field in route.body))
        return cited

    def authenticate(self, identity: Identity) -> Account:
        """Return the account of *identity*, created at its first use.

        Raises:
            RefusedError: The credential's first word refuses it, or the secret differs from the one at its first use.
        """
        refused = credential_rule(identity.credential).refused
        if refused:
            raise RefusedError(self.credential_refusal(refused), f"the credential is {refused}")
        account = self.world.account(self.slug, identity.credential)
        if not account.accepts(identity.secret):
            raise RefusedError(self.refusals.unauthenticated, "the secret is not the one that this account first used")
        return account

    def _account_of(self, request: Request) -> Account:
        credentials = self.credentials(request.headers, request.scope["query_string"])
        known = self._known.get(credentials)
        if known is not None:
            return known
        # Authenticated once per credential: a poll finds its account in the dictionary above.
        account = self.authenticate(self.identify(credentials))
        if self.is_lasting(credentials):
            self._known[credentials] = account
        return account

    def _enforce_rate_limit(self, limit: SlidingWindow, request: Request) -> None:
        """Refuse *request* if the rate limit is used up; under ``auto``, then move its time to the next slot."""
        opens = limit.acquire(request.now)
        if opens is None:
            return
        wait = ceil(opens - request.now)
        # Without the move, a client under a frozen clock would be refused forever.
        request.account.advance_to_next_change(request.now, opens)
        refusal = self.refusals.too_fast or self.refusals.too_many
        detail = f"more than {limit.per_minute} requests a minute"
        raise RefusedError(refusal, detail, retry_after=wait if self.sends_retry_after else None)

    def claimed_account(self, scope: Scope) -> str | None:
        """Return the name of the account that a request claims to come from, without authenticating it."""
        try:
            identity = self.identify(self.credentials(dict(scope["headers"]), scope["query_string"]))
        except RefusedError:
            return None
        return account_name(self.slug, identity.credential)

    def _new_task_id(self, operation: str, account: Account, now: float) -> tuple[str, int]:
        """Return an unused task id, and the seed that belongs to it."""
        for attempt in count():
            # The upper half makes the id, the lower half the seed: an id does not reveal the task's durations.
            bits = account.draw_bits(self.world.seed, attempt)
            task_id = self.make_task_id(operation, now, bits >> 64)
            if task_id not in self.tasks:
                return task_id, bits & 0xFFFF_FFFF_FFFF_FFFF
        raise AssertionError  # pragma: no cover - count() does not end

    def _changes(self, operation: str, now: float, seed: int, plan: Plan) -> tuple[float, ...]:
        """Return when a task leaves each stage; a vendor that answers with the result has none that never ends."""
        never = plan.never and not self.is_synchronous
        return self.lifecycle(operation).changes(now, seed, plan.fate, slow=plan.slow, never=never)

    def _early_changes(
        self, operation: str, request: Request, params: Mapping[str, Any], plan: Plan
    ) -> tuple[float, ...] | None:
        """Return the times of a task that ends at once, as its callback is to overtake its response; None ordinarily.

        The fault is saved with the request, and undone with it.
        """
        faults, called = self.world.faults, self.callback_plan
        if called is None or called.field not in params or plan.never:
            return None
        if faults.take_callback(self.slug, request.account.name, ("callback_early",)) is None:
            return None
        return (request.now,) * len(self.lifecycle(operation).stages)

    def _refuse_as_planned(self, plan: Plan) -> None:
        if plan.refuse is not None:
            raise RefusedError(self.codes[plan.refuse], "ordered by a scenario")
        # Some vendors check the prompt at creation, others start a task that then fails.
        at_creation = self.is_synchronous or not plan.later
        if at_creation and self.refusals.blocked is not None and plan.fate is Fate.BLOCK:
            raise RefusedError(self.refusals.blocked)

    def _cite_fact(self, response: Response, refused: RefusedError) -> Response:
        if refused.retry_after is not None:
            response = response._replace(headers=[*response.headers, (b"retry-after", b"%d" % refused.retry_after)])
        fact = f"{self.slug}:{refused.fact}"
        self.world.citations[fact] += 1
        return response._replace(headers=[*response.headers, (FACT_HEADER, fact.encode())], fact=fact)


@lru_cache(maxsize=1024)
def bearer_token(header: bytes | None) -> str:
    """Return the token of an ``Authorization: Bearer`` header; empty if there is none."""
    scheme, _, token = (header or b"").partition(b" ")
    return token.strip().decode("latin-1") if scheme.lower() == b"bearer" else ""
