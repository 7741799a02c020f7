"""The cells of the matrix: which calls of a vendor meet which faults, and which of them a run tries."""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal

import soundstage_vendors
from soundstage_contracts.laws.terms import Terms
from soundstage_contracts.matrix.faults import FAULTS, Fault

if TYPE_CHECKING:
    from collections.abc import Iterator

    from soundstage_contracts.laws.declarations import Operation

Call = Literal["submit", "refresh", "wait", "save", "cancel"]
CALLS: Final[tuple[Call, ...]] = ("submit", "refresh", "wait", "save", "cancel")
QUICK: Final = 151
"""One cell of so many is part of the quick run."""


@dataclass(frozen=True, slots=True)
class Cell:
    """One call under one fault; it is tried with the blocking and with the awaiting client.

    Attributes:
        terms: The face of a vendor.
        operation: The operation that the job is of.
        call: What meets the fault.
        fault: The fault.
        always: Whether every exchange of the call has it, and not the first alone.
    """

    terms: Terms
    operation: Operation
    call: Call
    fault: Fault
    always: bool

    def __str__(self) -> str:
        """Return the name of the cell, which does not change from run to run."""
        often = "always" if self.always else "once"
        return f"{self.terms} {self.operation} {self.call}: {self.fault.name}, {often}"

    @property
    def row(self) -> tuple[str, str]:
        """The row of the table that counts the cell: the face and the call."""
        return str(self.terms), self.call


def faces(vendor: str) -> list[Terms]:
    """Return everything that *vendor* declares to the laws."""
    module = soundstage_vendors.load(vendor, "terms")
    return [value for value in vars(module).values() if isinstance(value, Terms)]


def has_jobs(terms: Terms) -> bool:
    """Whether a call starts a job, in place of returning the work."""
    return bool(terms.formats)


def cells(vendor: str) -> Iterator[Cell]:
    """Yield every cell of a vendor: all operations are submitted, and the first one's job meets the other calls."""
    for terms in faces(vendor):
        for operation in terms.operations:
            for call in _calls(terms) if operation is terms.first else ("submit",):
                for fault in FAULTS:
                    for always in (False, True) if operation is terms.first else (False,):
                        yield Cell(terms, operation, call, fault, always)


def _calls(terms: Terms) -> tuple[Call, ...]:
    if not has_jobs(terms):
        return ("submit", "save")
    return CALLS if terms.contract.cancels else CALLS[:-1]


def is_quick(cell: Cell) -> bool:
    """Whether the cell is part of the quick run; by its name, so that a new fault does not change the others."""
    return zlib.crc32(str(cell).encode()) % QUICK == 0


def in_part(cell: Cell, number: int, of: int) -> bool:
    """Whether the cell is in part *number*, from 1, of *of* parts of about the same size."""
    return zlib.crc32(str(cell).encode()) // QUICK % of == number - 1
