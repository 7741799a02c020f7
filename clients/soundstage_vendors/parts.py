"""Resolves the parts that a `Vendor` names: imports an object, finds a file, or checks that a part exists."""

from __future__ import annotations

from importlib import import_module
from importlib.resources import files
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Literal, get_args

from soundstage_vendors.discovery import find, origin
from soundstage_vendors.failures import describe, raised_by
from soundstage_vendors.vendor import VendorError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from importlib.resources.abc import Traversable

ObjectPart = Literal["client", "async_client", "profile", "service", "contract", "demo", "terms", "suite"]
FilePart = Literal["facts", "shown", "record", "transcripts", "mistakes"]

OURS: Final = frozenset({"soundstage", "soundstage_cli", "soundstage_contracts", "soundstage_server"})
_FILES: Final = frozenset(get_args(FilePart))


def load(slug: str, part: ObjectPart) -> Any:
    """Import a part of the vendor *slug*: the object that its field names, or the module.

    Raises:
        VendorError: There is no such vendor, it does not have this part, or the part cannot be loaded.
        ModuleNotFoundError: This project's own code needs a package of an extra that is not installed.
    """
    reference = _reference(slug, part)
    module, _, name = reference.partition(":")
    try:
        loaded = import_module(module)
        return getattr(loaded, name) if name else loaded
    except ModuleNotFoundError as error:
        # The caller knows the extra. A module that the vendor itself lacks is the vendor's mistake.
        if error.name != module and raised_by(error, OURS):
            raise
        raise _failure(slug, part, error) from error
    except (Exception, SystemExit) as error:
        raise _failure(slug, part, error) from error


def resource(slug: str, part: FilePart) -> Traversable | None:
    """Return the file or folder of the vendor *slug*, which need not exist; None if the vendor names none.

    Raises:
        VendorError: There is no such vendor, or the package of the file cannot be loaded.
    """
    reference = getattr(find(slug), part)
    if reference is None:
        return None
    package, _, path = str(reference).partition(":")
    try:
        return files(package).joinpath(*path.split("/"))
    except (Exception, SystemExit) as error:
        raise _failure(slug, part, error) from error


def resources(slug: str, part: FilePart, suffix: str) -> Iterator[Traversable]:
    """Yield the files in a folder of the vendor *slug* whose names end with *suffix*, by name.

    Raises:
        VendorError: As `resource`.
    """
    folder = resource(slug, part)
    if folder is not None and folder.is_dir():
        yield from (each for each in sorted(folder.iterdir(), key=lambda each: each.name) if each.name.endswith(suffix))


def exists(slug: str, part: ObjectPart | FilePart) -> bool:
    """Return whether the vendor *slug* has a part, importing no more than the packages that contain it.

    Raises:
        VendorError: There is no such vendor, or a package that contains the part cannot be loaded.
    """
    reference = getattr(find(slug), part)
    if reference is None:
        return False
    if part == "transcripts":
        return any(resources(slug, part, ".json"))
    if part in _FILES:
        found = resource(slug, part)  # type: ignore[arg-type]  # it is one of the files
        return found is not None and found.is_file()
    folders = package_folders(slug, part)  # type: ignore[arg-type]  # it is no file
    return any(any(folder.glob("test_*.py")) for folder in folders) if part == "suite" else bool(folders)


def package_folders(slug: str, part: ObjectPart) -> list[Path]:
    """Return the folders of the package that a part names, or the folder of its module; none if there is none.

    Raises:
        VendorError: As `exists`.
    """
    module = str(getattr(find(slug), part) or "").partition(":")[0]
    if not module:
        return []
    try:
        spec = find_spec(module)
    except ModuleNotFoundError as error:
        if module == error.name or module.startswith(f"{error.name}."):
            return []
        raise _failure(slug, part, error) from error
    except (Exception, SystemExit) as error:
        raise _failure(slug, part, error) from error
    if spec is None:
        return []
    if spec.submodule_search_locations is not None:
        return [Path(each) for each in spec.submodule_search_locations if any(Path(each).glob("*.py"))]
    return [Path(spec.origin).parent] if spec.origin else []


def packages_of(slug: str) -> list[str]:
    """Return the top-level packages that the parts of the vendor *slug* are in.

    Raises:
        VendorError: There is no such vendor.
    """
    vendor = find(slug)
    named = [getattr(vendor, part) for part in (*get_args(ObjectPart), *get_args(FilePart))]
    return list(dict.fromkeys(str(each).partition(":")[0].partition(".")[0] for each in named if each is not None))


def is_ours(slug: str) -> bool:
    """Return whether the vendor *slug* is one of this project's."""
    from soundstage_vendors.own import VENDORS

    return slug in VENDORS and find(slug).client.partition(".")[0] in OURS


def _reference(slug: str, part: ObjectPart) -> str:
    reference = getattr(find(slug), part)
    if reference is None:
        raise VendorError(f"vendor {slug!r} ({origin(slug)}): {part} is missing; needed: package.module:NAME")
    return str(reference)


def _failure(slug: str, part: str, error: BaseException) -> VendorError:
    reference = getattr(find(slug), part)
    return VendorError(
        f"vendor {slug!r} ({origin(slug)}): {part} is {reference!r}, which cannot be loaded: {describe(error)}"
    )
