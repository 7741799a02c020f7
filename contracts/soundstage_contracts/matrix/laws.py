"""The laws of the matrix: what must be true of a call whatever the network does."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from soundstage import (
    ContentMismatch,
    DownloadRefused,
    DownloadUnsafe,
    JobState,
    SoundstageError,
    SubmitOutcomeUnknown,
    WaitTimeout,
)
from soundstage_contracts.matrix.cells import has_jobs
from soundstage_contracts.matrix.play import EXCHANGE, TIMEOUT

if TYPE_CHECKING:
    from collections.abc import Iterator

    from soundstage_contracts.matrix.cells import Cell
    from soundstage_contracts.matrix.play import Outcome

RETRIES: Final = 120.0
"""Seconds within which a request is sent again, by the default policy."""
SLACK: Final = 2.0
_PUBLIC: Final = frozenset({"email", "user_id"})
"""Arguments of clients that are no secrets."""


def one_charge(cell: Cell, outcome: Outcome) -> Iterator[str]:
    """One call makes at most one job."""
    if len(outcome.jobs) > 1 and has_jobs(cell.terms):
        yield f"{len(outcome.jobs)} jobs were started by one call"


def nothing_is_lost(cell: Cell, outcome: Outcome) -> Iterator[str]:
    """A job that exists is returned, or its outcome is unknown; a pending job's token is on every error about it."""
    if not has_jobs(cell.terms):
        return
    error = outcome.error
    if cell.call != "submit":
        if error is not None and getattr(error, "token", None) != outcome.token:
            yield f"{type(error).__name__} has no token of the job"
        return
    if error is None:
        if not any(outcome.job_id.endswith(job) or job.endswith(outcome.job_id) for job in outcome.jobs):
            yield f"the returned job {outcome.job_id} is none of the service's: {outcome.jobs}"
    elif not isinstance(error, SubmitOutcomeUnknown):
        if outcome.jobs:
            yield f"{type(error).__name__} was believed, and the job exists"
    elif not error.request_hash or error.operation != cell.operation.method:
        yield "the unknown outcome does not name its request"
    if outcome.found != "" and (outcome.found is None) == bool(outcome.jobs):
        yield f"resolve() returned {outcome.found}, and the service has {len(outcome.jobs)} jobs"


def error_tree(cell: Cell, outcome: Outcome) -> Iterator[str]:
    """Every error is one of the library's, with the vendor's name."""
    error = outcome.error
    if error is None:
        return
    if not isinstance(error, SoundstageError):
        yield f"{type(error).__module__}.{type(error).__name__} escaped: {error}"
    elif error.vendor != cell.terms.slug:
        yield f"{type(error).__name__} names the vendor {error.vendor}"


def time_kept(cell: Cell, outcome: Outcome) -> Iterator[str]:
    """A call ends within its time limit, however slowly a server sends."""
    limits = {"wait": TIMEOUT if cell.always else 1800.0, "save": 10 * (RETRIES + EXCHANGE)}
    limit = limits.get(cell.call, RETRIES + EXCHANGE)
    if cell.call == "cancel":  # the cancel, and a poll after it, each with its retries
        limit *= 2
    if outcome.seconds > limit + SLACK:
        yield f"took {outcome.seconds:g} s of {limit:g} s"


def outage_survived(cell: Cell, outcome: Outcome) -> Iterator[str]:
    """One bad exchange does not end a wait or a download, and a good job is a success afterwards."""
    if cell.always or cell.call not in ("wait", "save"):
        return
    # What the file's host sends in place of the file is its verdict: the download ends, and can be repeated.
    refused = cell.call == "save" and isinstance(outcome.error, (ContentMismatch, DownloadRefused, DownloadUnsafe))
    if outcome.error is not None and not (refused and cell.fault.kind in ("success", "redirect")):
        yield f"one fault ended the {cell.call}: {type(outcome.error).__name__}: {outcome.error}"
    elif cell.call == "wait" and outcome.error is None and outcome.value.state is not JobState.SUCCEEDED:
        yield f"one fault made the job {outcome.value.state}"


def wait_ends_with_its_token(cell: Cell, outcome: Outcome) -> Iterator[str]:
    """A wait that no poll answers ends by its own time limit, or by an outage, and not as a failed job."""
    if cell.call != "wait" or outcome.error is None or isinstance(outcome.error, WaitTimeout):
        return
    if hasattr(outcome.error, "job_id"):
        yield f"the job was taken for ended: {type(outcome.error).__name__}"


def files_whole(cell: Cell, outcome: Outcome) -> Iterator[str]:
    """A file is complete or absent."""
    if cell.call != "save":
        return
    # A response that is whole by its own length proves that its file is: the documented reading of a wrong length.
    by_length = cell.fault.name == "length too short"
    for name, content in outcome.files.items():
        if content not in outcome.wanted and not (by_length and any(one.startswith(content) for one in outcome.wanted)):
            yield f"{name} is not the file ({len(content)} bytes)"
    problems = getattr(outcome.value, "problems", ())
    if outcome.error is None and len(outcome.files) + len(problems) != len(outcome.wanted):
        yield f"{len(outcome.files)} of {len(outcome.wanted)} files were saved"


def secrets_hidden(cell: Cell, outcome: Outcome) -> Iterator[str]:
    """No message, note or log record contains a credential."""
    given = cell.terms.contract.credentials(outcome.account)
    # Test credentials beside the account's are words that addresses contain, too.
    secrets = [value for name, value in given.items() if name not in _PUBLIC and outcome.account in str(value)]
    if any(secret in text for secret in secrets for text in outcome.texts):
        shown = next(text for text in outcome.texts for secret in secrets if secret in text)
        yield f"a credential is shown: {shown[:200]}"


def nothing_left(cell: Cell, outcome: Outcome) -> Iterator[str]:
    """No connection and no thread is left."""
    del cell
    if outcome.left_open:
        yield f"{outcome.left_open} connections were left open"
    if outcome.threads:
        yield f"threads were left: {outcome.threads}"


LAWS: Final = (
    one_charge,
    nothing_is_lost,
    error_tree,
    time_kept,
    outage_survived,
    wait_ends_with_its_token,
    files_whole,
    secrets_hidden,
    nothing_left,
)


def broken_laws(cell: Cell, outcome: Outcome) -> list[str]:
    """Return what is wrong with an outcome, each with the name of the law."""
    return [f"{law.__name__}: {reason}" for law in LAWS for reason in law(cell, outcome)]


def both_alike(cell: Cell, blocking: Outcome, awaiting: Outcome) -> list[str]:
    """Return how the outcomes of the two clients differ."""
    # How long a job takes and how long a file is differs from account to account.
    counts = cell.call not in ("wait", "save")
    views = [
        (
            type(one.error).__name__,
            getattr(one.error, "status", None),
            type(one.value).__name__.removeprefix("Async"),
            one.exchanges if counts else 0,
            round(one.seconds, 3) if counts else 0,
        )
        for one in (blocking, awaiting)
    ]
    return [] if views[0] == views[1] else [f"both_alike: {views[0]} and {views[1]}"]
