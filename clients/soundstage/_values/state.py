"""The state of a job, its snapshots, its history and its token: values that are the same for every vendor."""

from __future__ import annotations

import enum
import json
from dataclasses import dataclass, field, replace
from typing import Any

from soundstage import errors
from soundstage._values.redaction import hide_query

_TOKEN_VERSION = 1


class JobState(enum.Enum):
    """The state of a job in words of this library; `Job.state_raw` is the service's own word."""

    QUEUED = "queued"
    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELED = "canceled"
    EXPIRED = "expired"
    UNKNOWN = "unknown"

    @property
    def final(self) -> bool:
        """Whether the job will never change again; an unknown state is not final."""
        return self in _FINAL


_FINAL = frozenset({JobState.SUCCEEDED, JobState.FAILED, JobState.CANCELED, JobState.EXPIRED})
_RANK = {JobState.QUEUED: 0, JobState.RUNNING: 1, **dict.fromkeys(_FINAL, 2)}
_ENDINGS = {
    JobState.FAILED: errors.JobFailed,
    JobState.CANCELED: errors.JobCanceled,
    JobState.EXPIRED: errors.JobExpired,
}


@dataclass(frozen=True, slots=True)
class Media:
    """One output: its address and its kind (video, image, audio, mask, ...).

    Attributes:
        url: The address; one that starts with `data:` contains the file itself.
        kind: The kind.
        guessed: Whether the service does not report the kind, so that the bytes of the file may show another one.
    """

    url: str
    kind: str
    guessed: bool = field(default=False, repr=False, compare=False)

    def __repr__(self) -> str:
        """Show the address without its query, which may be a signature."""
        return f"Media(url={hide_query(self.url)!r}, kind={self.kind!r})"


@dataclass(frozen=True, slots=True)
class Snapshot:
    """What one response reports about a job; success without output is read as a failure (`NoOutput`).

    Attributes:
        state: The state.
        state_raw: The service's own word or number for it.
        progress: Percent from 0 to 100, where the service reports it.
        media: The outputs; not empty if and only if `state` is SUCCEEDED.
        reason: Why the job failed, in the service's words.
        failure: The class of `JobError` that fits best, where the state alone does not decide it.
        code: The service's own code for the failure.
        cost: The price of the job in the service's own unit, where it is reported.
        raw: The parsed response.
        named: Every id that the response gives to the job; empty where the service's response has none.
    """

    state: JobState
    state_raw: str | int | bool | None = None
    progress: float | None = None
    media: tuple[Media, ...] = ()
    reason: str | None = None
    failure: type[errors.JobError] | None = None
    code: int | str | None = None
    cost: float | None = None
    raw: Any = field(default=None, repr=False)
    named: tuple[str, ...] = field(default=(), repr=False, compare=False)

    def __post_init__(self) -> None:
        # One rule for every vendor, applied where a snapshot comes into being so that no reader can forget it:
        # success without output is a failure. A caller who paid for a file would otherwise get neither file nor error.
        if self.state is not JobState.SUCCEEDED:
            self._change(media=())
        elif not self.media:
            reason = self.reason or "the service reports success and names no output"
            self._change(state=JobState.FAILED, reason=reason, failure=errors.NoOutput)

    def _change(self, **fields: object) -> None:
        for name, value in fields.items():
            object.__setattr__(self, name, value)  # the dataclass is frozen

    def problem(self) -> tuple[type[errors.JobError], str] | None:
        """Return the class and the message of the error that this state means, or None for a state that is no error."""
        if self.state not in _ENDINGS:
            return None
        return self.failure or _ENDINGS[self.state], self.reason or f"the job ended as {self.state.value}"


@dataclass(frozen=True, slots=True)
class History:
    """The newest accepted snapshot of a job; a stale response does not change it.

    A final state stays, with one exception: an output that appears replaces a success without output.

    Attributes:
        latest: The newest snapshot that was accepted.
        rank: The furthest progress so far: 0 queued, 1 running, 2 over.
    """

    latest: Snapshot
    rank: int = 0

    def after(self, snapshot: Snapshot) -> History:
        """Return the history with *snapshot* accepted, or this one when that would go back."""
        # Polls may overlap, and a service behind several servers may answer from an old copy: a job that was running
        # must not be shown as queued again, and a final state must not change.
        over = self.latest.state.final
        # Some services report success a moment before the address of the output: the output may still replace "none".
        if self.latest.failure is errors.NoOutput and snapshot.state is JobState.SUCCEEDED:
            over = False
        rank = _RANK.get(snapshot.state, self.rank)
        if rank < self.rank or (over and snapshot.state is not self.latest.state):
            return self
        if snapshot.cost is None and self.latest.cost is not None:  # often only the first response has it
            snapshot = replace(snapshot, cost=self.latest.cost)
        return History(snapshot, rank)


@dataclass(frozen=True, slots=True)
class JobRef:
    """What identifies a job: its id, and the method that started it, where that is known."""

    id: str
    operation: str | None = None


@dataclass(frozen=True, slots=True)
class StartedJob:
    """A job that was started, and its first snapshot."""

    ref: JobRef
    snapshot: Snapshot


def write_token(vendor: str, base_url: str, ref: JobRef) -> str:
    """Return all that is needed to find the job again, as versioned JSON without secrets."""
    return json.dumps(
        {
            "soundstage": _TOKEN_VERSION,
            "vendor": vendor,
            "id": ref.id,
            "operation": ref.operation,
            "base_url": base_url,
        }
    )


def read_token(vendor: str, base_url: str, token: str) -> JobRef:
    """Return the job that *token* identifies.

    Raises:
        TokenError: It is not a token, or one of another service or address.
    """
    try:
        fields = json.loads(token)
        version, job_id, operation = fields["soundstage"], fields["id"], fields["operation"]
        origin = (fields["vendor"], fields["base_url"])
    except (ValueError, TypeError, KeyError, RecursionError):
        raise _bad_token("a string that to_token() returned") from None
    if version != _TOKEN_VERSION:
        raise _bad_token(f"a token of version {_TOKEN_VERSION}")
    # A token of another address is refused: the client would send its credentials for a job that is not there.
    if origin != (vendor, base_url):
        raise _bad_token(f"a token of {vendor} at {base_url}")
    if not isinstance(job_id, str) or not job_id or not isinstance(operation, (str, type(None))):
        raise _bad_token("a token with the id of a job")
    return JobRef(job_id, operation)


def _bad_token(allowed: str) -> errors.TokenError:
    return errors.TokenError(
        f"this job token is not allowed here: {allowed}", field="token", value=None, allowed=allowed
    )
