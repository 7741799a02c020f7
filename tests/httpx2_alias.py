"""A pytest plugin: everything that imports httpx gets httpx2. `nox -s httpx2` runs the client's tests with it."""

from __future__ import annotations

import httpx2

httpx2.alias_httpx()
