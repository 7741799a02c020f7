"""Puts the vendors' OpenAPI pages to the proof with Schemathesis: ``python tests/openapi/check_pages.py [VENDOR ...]``.

A simulator serves its pages and answers what Schemathesis makes of them, valid and not. No answer may be a server
error, have a status that its page does not show, or another shape or content type than its page says. Otherwise the
exit code is 1.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
from tempfile import TemporaryDirectory

from soundstage_contracts import VENDORS
from soundstage_contracts.simulators.session import contract_of
from soundstage_server import Server, World

CHECKS = "not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance"


def check(vendor: str, url: str, examples: int, seed: int) -> int:
    """Check the page of *vendor* on the simulator at *url*, and return the exit code of Schemathesis."""
    headers = contract_of(vendor).headers("schemathesis-0123456789")
    credentials = [part for name, value in headers.items() for part in ("--header", f"{name}: {value}")]
    command = [sys.executable, "-m", "schemathesis.cli", "run", f"{url}/{vendor}/openapi.json", *credentials]
    options = ["--checks", CHECKS, "--max-examples", str(examples), "--seed", str(seed), "--workers", "1"]
    with TemporaryDirectory(prefix="soundstage-pages-") as folder:  # where Schemathesis leaves its notes
        return subprocess.run([*command, *options], cwd=folder, check=False).returncode


def main() -> int:
    """Check the pages that the command line names, or all."""
    parser = argparse.ArgumentParser(description="Put the OpenAPI pages to the proof.")
    parser.add_argument("vendors", nargs="*", default=VENDORS, metavar="VENDOR", help="whose page (default: every one)")
    parser.add_argument("--examples", type=int, default=50, help="how many requests an operation (default 50)")
    parser.add_argument("--seed", type=int, default=0, help="where the search begins (default 0)")
    asked = parser.parse_args()
    with World(clock="auto", media="small") as world, Server(world) as server:
        failed = [vendor for vendor in asked.vendors if check(vendor, server.url, asked.examples, asked.seed)]
    sys.stdout.write("failed: " + ", ".join(failed) + "\n" if failed else "every page holds\n")
    return int(bool(failed))


if __name__ == "__main__":
    sys.exit(main())
