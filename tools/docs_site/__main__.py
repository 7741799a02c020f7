"""Assembles, builds and checks the documentation site: `python -m tools.docs_site`."""

from __future__ import annotations

import argparse
import shutil
import subprocess
import sys
from pathlib import Path

from tools.docs_site.api_pages import api_pages
from tools.docs_site.assemble import ROOT, SOURCE, Assembly, repository_files
from tools.docs_site.check import check_site
from tools.docs_site.diagrams import draw_missing
from tools.docs_site.fact_pages import fact_pages, vendor_notes

SITE = ROOT / "build" / "site"


def assemble() -> None:
    """Write every page into `SOURCE`."""
    files = repository_files()
    draw_missing((ROOT / name).read_text(encoding="utf-8") for name in files if name.endswith(".md"))
    Assembly(ROOT, SOURCE, repository_files()).run({**api_pages(), **fact_pages()}, vendor_notes())


def write_error_catalog() -> None:
    """Write docs/errors.md."""
    from tools.docs_site.error_catalog import error_catalog

    (ROOT / "docs" / "errors.md").write_text(error_catalog(), encoding="utf-8")


def build(*, material: bool) -> int:
    """Build the site with Zensical, or with Material for MkDocs, in strict mode; return the exit code."""
    shutil.rmtree(SITE, ignore_errors=True)
    program = Path(sys.executable).with_name("mkdocs" if material else "zensical")
    return subprocess.run([program, "build", "--clean", "--strict"], cwd=ROOT, check=False).returncode


def main() -> int:
    """Do what the arguments request, by default everything."""
    parser = argparse.ArgumentParser(prog="python -m tools.docs_site", description=__doc__)
    parser.add_argument("--assemble", action="store_true", help="write the pages to build/docs, and end")
    parser.add_argument("--errors", action="store_true", help="write docs/errors.md, and end")
    parser.add_argument("--check", action="store_true", help="check the site in build/site as it is")
    parser.add_argument("--material", action="store_true", help="build with Material for MkDocs in place of Zensical")
    args = parser.parse_args()
    if args.errors:
        write_error_catalog()
        return 0
    if not args.check:
        assemble()
    if args.assemble:
        return 0
    if not args.check and (code := build(material=args.material)):
        return code
    problems = list(check_site(SITE))
    print("\n".join(problems) or "Every link has a target, and no page loads anything from elsewhere.")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
