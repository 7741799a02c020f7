"""`soundstage new-vendor`: the arguments, and what is printed."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final

from soundstage_cli.errors import UsageError

if TYPE_CHECKING:
    import argparse

HELP = "write an installable package with a new vendor: client, simulator, contract, facts and tests"

_EPILOG: Final = """\
The package works at once, with one capability that is made up; each file states what to write next.
docs/new_vendor.md leads from the vendor's documents to gold.

examples:
  soundstage new-vendor acme                   write ./soundstage-acme
  soundstage new-vendor acme --out ../acme     write it into a folder that does not exist yet
  pip install -e "./soundstage-acme[test]"
  soundstage demo --vendor acme
  pytest --pyargs soundstage_acme.suite
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the slug and the folder."""
    parser.epilog = _EPILOG
    parser.add_argument("slug", metavar="SLUG", help="the vendor's short name: a-z, 0-9 and _, a letter first")
    parser.add_argument("--out", metavar="DIR", help="the folder to write, which must not exist (./soundstage-SLUG)")


def run(args: argparse.Namespace) -> int:
    """Write the package.

    Raises:
        UsageError: The slug is none or is taken, or the folder exists or cannot be written; nothing is left behind.
    """
    from soundstage_cli.new_vendor.scaffold import ScaffoldError, distribution_of, write_package

    out = Path(args.out) if args.out else Path(distribution_of(args.slug))
    try:
        files = write_package(args.slug, out)
    except ScaffoldError as error:
        raise UsageError(str(error)) from None
    lines = sum(len(file.read_text(encoding="utf-8").splitlines()) for file in files)
    print(f"wrote {out}: {len(files)} files, {lines} lines; each states what to write next")
    print(f'next: pip install -e "{out}[test]" && pytest --pyargs soundstage_{args.slug}.suite')
    return 0
