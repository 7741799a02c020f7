"""What the world and the HTTP layer need from a vendor; `soundstage_server.kit.service` implements the shared part."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, Protocol

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence

    from soundstage_server.media import MediaSpec
    from soundstage_server.model.account import Account, Task
    from soundstage_server.model.asgi import Scope
    from soundstage_server.model.ledger import Unit
    from soundstage_server.model.lifecycle import CallbackPlan, Fate, Lifecycle, TaskState
    from soundstage_server.model.messages import (
        Identity,
        Refusal,
        Refusals,
        RefusedError,
        Request,
        Response,
        Route,
    )


class VendorService(Protocol):
    """One vendor in one world.

    Attributes:
        slug: The vendor's short name, and the first segment of its local address.
        title: The vendor's name on pages.
        hosts: The hosts that the vendor documents.
        unit: What the vendor charges in.
        at_once: How many unfinished tasks an ordinary account may have; None is no limit.
        is_synchronous: Whether the response is the result itself, so that there is no task to read later.
        credential_headers: The headers that together identify the caller, in lower case.
        dialects: The readings of each point where the documents contradict each other, the default first.
        refusals: The refusals that shared code raises.
        codes: Every refusal that a scenario may order, by its code as text.
        operations: The vendor's capabilities.
        result_seconds: How long a result's address is valid after the task has ended, in the account's seconds.
        result_names: The documented names of a task's files, in order; a file without one is called by its number.
        callback_plan: When the vendor calls back; None if it does not.
        tasks: The tasks by id.
    """

    slug: ClassVar[str]
    title: ClassVar[str]
    hosts: ClassVar[tuple[str, ...]]
    unit: ClassVar[Unit]
    at_once: ClassVar[int | None]
    is_synchronous: ClassVar[bool]
    credential_headers: ClassVar[tuple[bytes, ...]]
    dialects: ClassVar[Mapping[str, tuple[str, ...]]]
    refusals: ClassVar[Refusals]
    codes: ClassVar[Mapping[str, Refusal]]
    operations: ClassVar[tuple[str, ...]]
    result_seconds: ClassVar[int]
    result_names: ClassVar[tuple[str, ...]]
    callback_plan: ClassVar[CallbackPlan | None]
    tasks: dict[str, Task]

    def routes(self) -> Iterable[Route]:
        """Return the vendor's routes."""

    def respond(self, route: Route, request: Request) -> Response:
        """Respond to *request*. Called with the world's lock held."""

    def unknown_route(self, request: Request, allowed: Sequence[str]) -> Response:
        """Refuse a request that no route takes; *allowed* are the methods that its path would take."""

    def identify(self, credentials: tuple[bytes | None, ...]) -> Identity:
        """Return the identity in the values of `credential_headers`."""

    def claimed_account(self, scope: Scope) -> str | None:
        """Return the name of the account that a request claims to come from, without authenticating it."""

    def refuse(self, refused: RefusedError, request: Request) -> Response:
        """Return *refused* in the vendor's own shape."""

    def lifecycle(self, operation: str) -> Lifecycle:
        """Return the states of a task of *operation*."""

    def outputs(self, task: Task) -> Sequence[MediaSpec]:
        """Return what a successful *task* has produced."""

    def result_urls(self, task: Task) -> list[str]:
        """Return the addresses of what *task* has produced."""

    def callback_body(self, task: Task, state: TaskState) -> Mapping[str, Any]:
        """Return the body of a callback about *task*, which is in *state*."""

    def callback_headers(self, task: Task, body: bytes) -> Mapping[str, str]:
        """Return the vendor's own headers of a callback about *task* with this *body*."""

    def text_of(self, params: Mapping[str, Any]) -> str:
        """Return the text in the parameters of a task, usually its prompt."""

    def reason(self, task: Task) -> str:
        """Return the vendor's message about *task*, which did not succeed."""

    def index_task(self, task: Task) -> None:
        """Add *task* to the indexes, at its creation and when it is restored."""

    def end_early(self, task: Task, now: float, fate: Fate = ...) -> bool:
        """End an unfinished *task* at its account's time *now*; return whether it was unfinished."""

    def check_code(self, code: str | None) -> None:
        """Raise ValueError if the vendor has no refusal with this *code*."""

    def forget(self, accounts: Collection[Account]) -> None:
        """Remove *accounts* and their tasks from the indexes."""

    def drop_tasks(self, tasks: Iterable[Task]) -> None:
        """Remove *tasks*, whose retention has ended, from the indexes."""

    def facts(self) -> set[str]:
        """Return the ids of the facts, without the slug, that this service can cite."""
