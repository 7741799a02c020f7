"""Writes the files of a new vendor's package from the templates in `template/`."""

from __future__ import annotations

import keyword
import os
import shutil
import tempfile
from pathlib import Path
from typing import Final

import soundstage_vendors
from soundstage_vendors import VendorError
from soundstage_vendors.vendor import check_slug

_TEMPLATES: Final = Path(__file__).with_name("template")
_ENDING: Final = ".in"


class ScaffoldError(ValueError):
    """The package cannot be written; the text names the argument, its value and what is allowed."""


def distribution_of(slug: str) -> str:
    """Return the name of the distribution of the vendor *slug*."""
    return f"soundstage-{slug.replace('_', '-')}"


def write_package(slug: str, out: Path) -> list[Path]:
    """Write the package of the vendor *slug* into *out*, a folder that does not exist, and return its files.

    Raises:
        ScaffoldError: *slug* is no slug or is that of an installed vendor, or *out* exists or cannot be written; then
            nothing is left behind.
    """
    _check(slug, out)
    try:
        # Complete or absent: the files are written beside the folder, which then appears with all of them.
        beside = Path(tempfile.mkdtemp(prefix=f".{out.name}.", dir=out.parent))
    except OSError as error:
        raise _unwritable(out, error) from None
    try:
        beside.chmod(0o777 & ~_umask())
        names = _write(slug, beside)
        if os.path.lexists(out):  # made since the check: a rename would replace an empty folder
            raise ScaffoldError(f"--out is '{out}', which exists; allowed: a folder that does not exist yet")
        beside.rename(out)
    except OSError as error:
        raise _unwritable(out, error) from None
    finally:
        shutil.rmtree(beside, ignore_errors=True)
    return [out / name for name in names]


def _check(slug: str, out: Path) -> None:
    try:
        check_slug(slug)
    except VendorError as error:
        raise ScaffoldError(str(error)) from None
    if keyword.iskeyword(slug):
        raise ScaffoldError(f"slug is {slug!r}, a word of Python, which no fixture can have; allowed: another one")
    if slug in soundstage_vendors.slugs() or slug in soundstage_vendors.left_out():
        raise ScaffoldError(f"slug is {slug!r}, which is an installed vendor; allowed: another one")
    if os.path.lexists(out):
        raise ScaffoldError(f"--out is '{out}', which exists; allowed: a folder that does not exist yet")
    if not out.parent.is_dir():
        raise ScaffoldError(f"--out is '{out}'; allowed: a folder in one that exists, which '{out.parent}' is not")


def _unwritable(out: Path, error: OSError) -> ScaffoldError:
    return ScaffoldError(f"--out is '{out}', which cannot be written: {error.strerror or error}")


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


def _write(slug: str, folder: Path) -> list[Path]:
    """Write every file below *folder*, and return their paths in it."""
    title = " ".join(part.capitalize() for part in slug.split("_") if part)
    package = f"soundstage_{slug}"
    values = {
        "slug": slug,
        "Title": title,
        "Class": title.replace(" ", ""),
        "VAR": slug.upper(),
        "host": slug.replace("_", "-").strip("-"),
        "package": package,
        "distribution": distribution_of(slug),
    }
    # Names of files that a template cannot have: those with the slug, and one that is hidden.
    renamed = {"src": f"src/{package}", "github": ".github"}
    files = {"facts.toml": f"{slug}.toml", "mistakes.py": f"{slug}.py", "test_vendor.py": f"test_{slug}.py"}
    names = []
    for template in sorted(_TEMPLATES.rglob(f"*{_ENDING}")):
        text = template.read_text(encoding="utf-8")
        for name, value in values.items():
            text = text.replace(f"@{name}@", value)
        top, *rest = template.relative_to(_TEMPLATES).parts
        path = Path(renamed.get(top, top), *rest)
        path = path.with_name(files.get(path.name.removesuffix(_ENDING), path.name.removesuffix(_ENDING)))
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text, encoding="utf-8", newline="\n")
        names.append(path)
    return names
