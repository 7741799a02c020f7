"""The jobs that a test's program has started, as the simulator knows them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from soundstage_contracts.declarations.operations import method_of, wire_names

if TYPE_CHECKING:
    from collections.abc import Iterable

__tracebackhide__ = True  # a test that fails here shows its own lines, and not those of this module


@dataclass(frozen=True, slots=True)
class SimulatedJob:
    """One job, as it was when it was read.

    Attributes:
        id: The vendor's id of the job.
        vendor: The vendor's slug.
        operation: The vendor's own name of what is made, such as ``tm_text2video_b``.
        state: The vendor's word or number for its state.
        final: Whether it has ended.
        fate: How it ends: ``succeed``, ``fail``, ``block``, ``timeout`` or ``cancel``.
        progress: Percent.
        price: What it costs if it succeeds, in the vendor's unit.
        created: When it was started, in seconds of the account's time since 1970.
        changes: When its state changes, likewise.
    """

    id: str
    vendor: str
    operation: str
    state: str | int
    final: bool
    fate: str
    progress: int
    price: float
    created: float
    changes: tuple[float, ...]

    @property
    def method(self) -> str:
        """The client's method that starts such a job."""
        return method_of(self.vendor, self.operation)

    def __repr__(self) -> str:
        """Return the job as one line."""
        return f"<{self}>"

    def __str__(self) -> str:
        """Return vendor, operation, id and state."""
        end = "ended" if self.final else "not ended"
        return f"{self.vendor} {self.operation} {self.id}: state {self.state}, {end}, fate {self.fate}"


def read_job(task: dict[str, Any]) -> SimulatedJob:
    """Return a task of the control API as a job."""
    known = {name: task[name] for name in SimulatedJob.__slots__ if name != "changes"}
    return SimulatedJob(**known, changes=tuple(task["changes"]))


class JobLog(list[SimulatedJob]):
    """Jobs, oldest first; a list that does not change when the program starts more.

    Args:
        jobs: The jobs.
        about: Whose they are, for messages.
    """

    def __init__(self, jobs: Iterable[SimulatedJob], about: str) -> None:
        super().__init__(jobs)
        self._about = about

    def matching(self, operation: str | None = None, *, fate: str | None = None, final: bool | None = None) -> JobLog:
        """Return the jobs of *operation*, a method of the client or the vendor's own name, with this *fate* or end.

        Raises:
            ValueError: A vendor of these jobs has no such operation.
        """
        found = [
            job
            for job in self
            if (operation is None or job.operation in wire_names(job.vendor, operation))
            and fate in (None, job.fate)
            and final in (None, job.final)
        ]
        return JobLog(found, self._about)

    def assert_one(
        self, operation: str | None = None, *, fate: str | None = None, final: bool | None = None
    ) -> SimulatedJob:
        """Return the one job that matches; the arguments are those of `matching`.

        Raises:
            AssertionError: There is none, or more than one; the text lists all jobs.
        """
        return self.assert_count(1, operation, fate=fate, final=final)[0]

    def assert_none(self, operation: str | None = None, *, fate: str | None = None, final: bool | None = None) -> None:
        """Check that no job matches; the arguments are those of `matching`.

        Raises:
            AssertionError: There is one; the text lists all jobs.
        """
        self.assert_count(0, operation, fate=fate, final=final)

    def assert_count(
        self, count: int, operation: str | None = None, *, fate: str | None = None, final: bool | None = None
    ) -> JobLog:
        """Return the jobs that match, of which there are *count*; the other arguments are those of `matching`.

        Raises:
            AssertionError: There are more or fewer; the text lists all jobs.
        """
        found = self.matching(operation, fate=fate, final=final)
        if len(found) != count:
            given = {"operation": operation, "fate": fate, "final": final}
            wanted = ", ".join(f"{name} {value!r}" for name, value in given.items() if value is not None) or "any"
            first = f"expected {count or 'no'} job{'' if count == 1 else 's'} ({wanted}), {self._about}; "
            raise AssertionError("\n  ".join([f"{first}found {len(found)} of {len(self)}", *map(str, self)]))
        return found
