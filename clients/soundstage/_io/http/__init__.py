"""The transport: the one package that uses the HTTP library, httpx, or httpx2 where the caller injects a client of it.

Own requests use connections of httpcore, without httpx in front of them; where there is a proxy, or where a mock or
instrumentation has replaced a part of httpx, they use a client of httpx. Either is created at the first request, with a
TLS context that is created once and shared. A paid request uses a connection that is new or was just in use, so that a
stale one never makes an outcome unknown. An injected client is used with its own settings and never closed here. Own
connections belong to one process and one event loop. No redirect is followed here. Every exchange has a deadline, and
the body of a response that is read whole has a greatest size.
"""

from __future__ import annotations

from soundstage._io.http.awaiting import AsyncStream, AsyncTransport
from soundstage._io.http.blocking import SyncStream, SyncTransport
from soundstage._io.http.library import AsyncHttp, HttpT, SyncHttp

__all__ = ["AsyncHttp", "AsyncStream", "AsyncTransport", "HttpT", "SyncHttp", "SyncStream", "SyncTransport"]
