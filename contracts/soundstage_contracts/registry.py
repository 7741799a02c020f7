"""What the vendors have of the parts that contracts need, and what a new vendor still lacks.

A vendor of this project is a row of files in three packages, one from outside a package of its own; both declare their
parts in a `soundstage_vendors.Vendor`. While one is incomplete or broken, everything that iterates over the vendors
works with the others and names the missing parts.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

import soundstage_vendors
from soundstage_vendors import VendorError
from soundstage_vendors.parts import is_ours

if TYPE_CHECKING:
    from soundstage_vendors.parts import FilePart, ObjectPart

_FOLDERS: Final = {"soundstage": "clients", "soundstage_server": "mock_server", "soundstage_contracts": "contracts"}


class Part(NamedTuple):
    """One part of a vendor.

    Attributes:
        field: The field of `Vendor` that names it.
        name: What it is.
        example: A file of the part, where the field names a folder; ``{}`` stands for the slug.
    """

    field: ObjectPart | FilePart
    name: str
    example: str = ""

    def exists(self, vendor: str) -> bool:
        """Return whether *vendor* has the part, without importing it.

        Raises:
            VendorError: The vendor is broken.
        """
        return soundstage_vendors.exists(vendor, self.field)

    def file(self, vendor: str) -> str:
        """Return the file to write for *vendor*, relative to the repository or to the plug-in's own folder."""
        reference = getattr(soundstage_vendors.find(vendor), self.field)
        if reference is None:
            return f"its part and name it in the field {self.field} of its Vendor"
        package, _, path = str(reference).partition(":")
        if self.field in {"facts", "transcripts"}:
            where = f"{package.replace('.', '/')}/{path}"
        else:
            where = package.replace(".", "/") + ("" if self.example or is_ours(vendor) else ".py")
        folder = f"{_FOLDERS[package.partition('.')[0]]}/" if is_ours(vendor) else ""
        ending = self.example or ("/__init__.py" if self.field != "facts" and is_ours(vendor) else "")
        return f"{folder}{where}{ending.format(vendor)}"


FACT_FILE: Final = Part("facts", "fact file")
PARTS: Final = (
    FACT_FILE,
    Part("service", "simulator"),
    Part("client", "client"),
    Part("transcripts", "transcripts", "/*.json"),
    Part("contract", "contract package"),
    Part("suite", "suite", "/test_*.py"),
)
"""The parts of a vendor, in the order in which they are written (see CONTRIBUTING.md)."""


class MissingPart(NamedTuple):
    """A part that a vendor lacks, and the file to write for it."""

    name: str
    file: str


def missing_parts(vendor: str) -> tuple[MissingPart, ...]:
    """Return the parts that *vendor* lacks, in the order in which to write them; none for a complete vendor.

    Raises:
        VendorError: The vendor is broken.
    """
    return tuple(MissingPart(part.name, part.file(vendor)) for part in PARTS if not part.exists(vendor))


def vendors_with(*fields: ObjectPart | FilePart) -> tuple[str, ...]:
    """Return the vendors that have the parts in these *fields* of `Vendor`, in the registry's order."""
    return tuple(vendor for vendor in soundstage_vendors.slugs() if _has(vendor, fields))


def complete_vendors() -> tuple[str, ...]:
    """Return the vendors that have every part, in the registry's order."""
    return vendors_with(*(part.field for part in PARTS))


def incomplete_vendors() -> dict[str, str]:
    """Return the other vendors, each with a sentence: what is missing and the file to write next, or what is broken."""
    sentences = soundstage_vendors.broken()
    for vendor in soundstage_vendors.slugs():
        if vendor not in sentences:
            try:
                if missing_parts(vendor):
                    sentences[vendor] = describe_missing(vendor)
            except VendorError as error:
                sentences[vendor] = str(error)
    return sentences


def describe_missing(vendor: str) -> str:
    """Return a sentence that names the missing parts of *vendor*, and the file to write next.

    Raises:
        VendorError: The vendor is broken.
    """
    missing = missing_parts(vendor)
    if not missing:
        return f"{vendor} is complete"
    return f"{vendor} is incomplete: no {', no '.join(part.name for part in missing)}; write {missing[0].file} next"


def _has(vendor: str, fields: tuple[ObjectPart | FilePart, ...]) -> bool:
    try:
        return all(soundstage_vendors.exists(vendor, field) for field in fields)
    except VendorError:
        return False
