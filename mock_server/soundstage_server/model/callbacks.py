"""The records of callbacks: those to send, and the attempts that were made."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, NamedTuple

if TYPE_CHECKING:
    from concurrent.futures import Future

    from soundstage_server.model.account import Task
    from soundstage_server.model.faults import CallbackFaultKind

Outcome = Literal["delivered", "failed", "refused", "lost"]


class PendingCallback(NamedTuple):
    """A callback to send.

    Attributes:
        due: When it is due on the account's clock.
        number: Its position in the order of creation.
        task: The task that it reports.
        url: The receiver.
        state_time: The account's time at which the task is in the state that the callback reports.
        attempt: 1 for the first attempt.
        fault: The fault that it has.
        sent: Done when the first attempt has ended, for a response that waits for it.
    """

    due: float
    number: int
    task: Task
    url: str
    state_time: float
    attempt: int
    fault: CallbackFaultKind | None = None
    sent: Future[None] | None = None


class CallbackAttempt(NamedTuple):
    """One attempt to send a callback, with its result.

    Attributes:
        number: Its position among the attempts of the world.
        account: The account's name.
        task: The task's id.
        url: The receiver, without secrets.
        attempt: 1 for the first attempt.
        at: The account's time.
        outcome: ``delivered``, ``failed``, ``refused`` because the host is not allowed, or ``lost`` by a fault.
        status: The receiver's HTTP status; None if there was no response.
        detail: What happened, in words.
        body: The body that was sent, or was lost.
        fault: The fault that it had.
    """

    number: int
    account: str
    task: str
    url: str
    attempt: int
    at: float
    outcome: Outcome
    status: int | None
    detail: str
    body: str
    fault: CallbackFaultKind | None = None
