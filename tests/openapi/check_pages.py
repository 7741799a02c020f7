"""Tests the simulator against its OpenAPI pages: ``python tests/openapi/check_pages.py [VENDOR ...]``.

Schemathesis generates valid and invalid requests from each page and sends them to the simulator. The exit code is 1 if
a response is a server error, or has a status, a content type or a schema that the page does not document.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
from tempfile import TemporaryDirectory

from soundstage_contracts import VENDORS
from soundstage_contracts.declarations.vendor import contract_of
from soundstage_server import Server, World

CHECKS = "not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance"


def check(vendor: str, url: str, examples: int, seed: int) -> int:
    """Check the page of *vendor* on the simulator at *url* and return the exit code of Schemathesis."""
    headers = contract_of(vendor).headers("schemathesis-0123456789")
    credentials = [part for name, value in headers.items() for part in ("--header", f"{name}: {value}")]
    command = [sys.executable, "-m", "schemathesis.cli", "run", f"{url}/{vendor}/openapi.json", *credentials]
    options = ["--checks", CHECKS, "--max-examples", str(examples), "--seed", str(seed), "--workers", "1"]
    with TemporaryDirectory(prefix="soundstage-pages-") as folder:  # Schemathesis writes files there
        return subprocess.run([*command, *options], cwd=folder, check=False).returncode


def main() -> int:
    """Check the pages that are named on the command line, or all."""
    parser = argparse.ArgumentParser(description="Test the simulator against its OpenAPI pages.")
    parser.add_argument(
        "vendors", nargs="*", default=VENDORS, metavar="VENDOR", help="a vendor to check (default: all)"
    )
    parser.add_argument("--examples", type=int, default=50, help="requests per operation (default 50)")
    parser.add_argument("--seed", type=int, default=0, help="random seed (default 0)")
    options = parser.parse_args()
    with World(clock="auto", media="small") as world, Server(world) as server:
        failed = [vendor for vendor in options.vendors if check(vendor, server.url, options.examples, options.seed)]
    sys.stdout.write("failed: " + ", ".join(failed) + "\n" if failed else "the simulator conforms to every page\n")
    return int(bool(failed))


if __name__ == "__main__":
    sys.exit(main())
