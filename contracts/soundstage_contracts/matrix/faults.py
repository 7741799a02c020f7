"""What can go wrong in one exchange, byte by byte: where it happens, whether the service did the work, what arrives.

A fault turns the true response into steps: bytes that arrive, seconds that pass before the next ones, and an error at
which the connection breaks. After the last step the connection is closed.
"""

from __future__ import annotations

import gzip
import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final, Literal

Step = bytes | float | None
"""Bytes that arrive, seconds that pass, or None where the connection is reset."""

Damage = Callable[[bytes], list[Step]]
Stage = Literal["connect", "write", "answer"]

RESET: Final = None
HANG: Final = math.inf
SLOW: Final = 9.0
"""Seconds between two bytes that drip; below the read timeout of any client, so that only a deadline ends it."""

_PAGE: Final = b"<html><head><title>Error</title></head><body><h1>Error</h1></body></html>"
_BODIES: Final = {
    "empty": (b"text/plain", b""),
    "page": (b"text/html", _PAGE),
    "text": (b"text/plain", b"upstream request failed"),
    "json": (b"application/json", b'{"error":"upstream"}'),
    "code": (b"application/json", b'{"code":-1,"message":"upstream"}'),
}
_TOO_MANY: Final = 429
_STATUSES: Final = (408, 425, 429, 500, 502, 503, 504, 520)
_LOCATIONS: Final = {
    "elsewhere": b"https://elsewhere.test/login",
    "itself": b"",
    "relative": b"//elsewhere.test/",
    "broken": b"http://[",
    "script": b"javascript:alert(1)",
    "missing": None,
}


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault.

    Attributes:
        name: The kind and the point, such as "cut at head".
        stage: Where it happens.
        done: Whether the service receives the request and does the work.
        damage: The true response to what arrives; b"" is the true response where the work is not done.
        writes: For the stage "write": how many pieces of the request are accepted.
    """

    name: str
    stage: Stage
    done: bool
    damage: Damage
    writes: int = 0

    @property
    def kind(self) -> str:
        """The first word of the name."""
        return self.name.partition(" ")[0]


def parts(raw: bytes) -> tuple[bytes, bytes]:
    """Return the head of a response, its last empty line included, and the body."""
    head, end, body = raw.partition(b"\r\n\r\n")
    return head + end, body


def points(raw: bytes) -> dict[str, int]:
    """Return the named boundaries of a response: how many bytes arrive before each."""
    head, body = parts(raw)
    return {
        "start": 0,
        "status": raw.find(b"\r\n") + 2,
        "header": len(head) // 2,
        "head": len(head),
        "first": len(head) + min(1, len(body)),
        "middle": len(head) + len(body) // 2,
        "last": max(len(head), len(raw) - 1),
        "whole": len(raw),
    }


POINTS: Final = ("start", "status", "header", "head", "first", "middle", "last", "whole")


def rewritten(raw: bytes, *lines: bytes, without: tuple[bytes, ...] = (), body: bytes | None = None) -> bytes:
    """Return a response with other headers: *without* some, and with *lines* added."""
    head, old = parts(raw)
    first, *headers = head.strip().split(b"\r\n")
    kept = [line for line in headers if line.partition(b":")[0].lower() not in without]
    return b"\r\n".join([first, *kept, *lines, b"", old if body is None else body])


def _until(point: str, *then: Step) -> Damage:
    return lambda raw: [raw[: points(raw)[point]], *then]


def _drip(point: str, size: int) -> Damage:
    def drip(raw: bytes) -> list[Step]:
        begin = points(raw)[point]
        steps: list[Step] = [raw[:begin]]
        for place in range(begin, len(raw), size):
            steps += [SLOW, raw[place : place + size]]
        return steps

    return drip


def _broken_off() -> Iterator[Fault]:
    yield Fault("connect refused", "connect", done=False, damage=lambda _: [RESET])
    yield Fault("connect hangs", "connect", done=False, damage=lambda _: [HANG])
    yield Fault("write fails at start", "write", done=False, damage=lambda _: [], writes=0)
    yield Fault("write fails at body", "write", done=False, damage=lambda _: [], writes=1)
    yield Fault("write fails after body", "write", done=True, damage=lambda _: [], writes=2)
    for name, then in (("cut", ()), ("reset", (RESET,)), ("hang", (HANG,))):
        yield Fault(f"{name} undone", "answer", done=False, damage=lambda _, then=then: [*then])  # type: ignore[misc]
        for point in POINTS:
            yield Fault(f"{name} at {point}", "answer", done=True, damage=_until(point, *then))
    for point, size in (("start", 1), ("head", 1), ("middle", 4)):
        yield Fault(f"drip from {point}", "answer", done=True, damage=_drip(point, size))
    yield Fault("late by 40 s", "answer", done=True, damage=lambda raw: [40.0, raw])


def _misframed() -> Iterator[Fault]:
    def framed(name: str, *lines: bytes, without: tuple[bytes, ...] = (b"content-length",)) -> Fault:
        return Fault(f"length {name}", "answer", True, lambda raw: [rewritten(raw, *lines, without=without)])

    def length(difference: int) -> Damage:
        return lambda raw: [
            rewritten(raw, b"Content-Length: %d" % (len(parts(raw)[1]) + difference), without=(b"content-length",))
        ]

    yield Fault("length too long", "answer", True, length(7))
    yield Fault("length too short", "answer", True, length(-1))
    yield framed("missing")
    yield framed("negative", b"Content-Length: -1")
    yield framed("no number", b"Content-Length: many")
    yield framed("twice", b"Content-Length: 3", without=())
    yield framed("chunks are none", b"Transfer-Encoding: chunked")

    def chunked(raw: bytes, end: bytes) -> list[Step]:
        _, body = parts(raw)
        chunk = b"%x\r\n%s\r\n" % (len(body), body) if body else b""
        return [rewritten(raw, b"Transfer-Encoding: chunked", without=(b"content-length",), body=chunk + end)]

    yield Fault("chunked whole", "answer", True, lambda raw: chunked(raw, b"0\r\n\r\n"))
    yield Fault("chunked without end", "answer", True, lambda raw: chunked(raw, b""))
    yield Fault("chunked with wrong size", "answer", True, lambda raw: chunked(raw, b"zz\r\n"))


def _garbled() -> Iterator[Fault]:
    yield Fault("garbage before", "answer", True, lambda raw: [b"\x00\xff garbage\r\n" + raw])
    yield Fault("garbage alone", "answer", True, lambda _: [b"\x16\x03\x01 not HTTP at all\r\n\r\n"])
    yield Fault("garbage undone", "answer", False, lambda _: [b"SSH-2.0-OpenSSH_9.6\r\n"])
    yield Fault("garbage after", "answer", True, lambda raw: [raw + b"HTTP/1.1 500 No\r\n\r\n"])
    yield Fault("header without colon", "answer", True, lambda raw: [rewritten(raw, b"no colon")])
    yield Fault("header with zero", "answer", True, lambda raw: [rewritten(raw, b"X-Odd: a\x00b")])
    yield Fault("informational first", "answer", True, lambda raw: [b"HTTP/1.1 103 Early Hints\r\n\r\n" + raw])
    yield Fault("encoding gzip", "answer", True, _encoded(b"gzip", gzip.compress))
    yield Fault("encoding is none", "answer", True, _encoded(b"gzip", lambda body: body))
    yield Fault("encoding cut", "answer", True, _encoded(b"gzip", lambda body: gzip.compress(body)[:-8]))
    yield Fault("encoding unknown", "answer", True, _encoded(b"x-odd", lambda body: body))


def _encoded(name: bytes, encode: Callable[[bytes], bytes]) -> Damage:
    def damage(raw: bytes) -> list[Step]:
        body = encode(parts(raw)[1])
        lines = (b"Content-Encoding: " + name, b"Content-Length: %d" % len(body))
        return [rewritten(raw, *lines, without=(b"content-length", b"content-encoding"), body=body)]

    return damage


def response(status: int, content_type: bytes, body: bytes, *lines: bytes) -> bytes:
    """Return a whole response."""
    head = (b"HTTP/1.1 %d Odd" % status, b"Content-Type: " + content_type, b"Content-Length: %d" % len(body))
    return b"\r\n".join([*head, *lines, b"", body])


def _replaced() -> Iterator[Fault]:
    def replaced(name: str, done: bool, raw: bytes) -> Fault:  # noqa: FBT001 - one of two columns of a table
        return Fault(f"{name}, {'done' if done else 'undone'}", "answer", done, lambda _: [raw])

    for done in (False, True):
        # 429 refuses by its meaning: a service that does the work nevertheless could not be called safely at all.
        for status in _STATUSES if not done else [status for status in _STATUSES if status != _TOO_MANY]:
            for name, (kind, body) in _BODIES.items():
                yield replaced(f"status {status} {name}", done, response(status, kind, body))
        for status in (503,) if done else (_TOO_MANY, 503):
            wait = response(status, b"text/plain", b"", b"Retry-After: 3")
            yield replaced(f"status {status} wait", done, wait)
        for name, (kind, body) in {**_BODIES, "null": (b"application/json", b"null")}.items():
            yield replaced(f"success {name}", done, response(200, kind, body))
        yield replaced("success 204", done, response(204, b"text/plain", b""))
        for status in (301, 302, 303, 307, 308):
            for name, location in _LOCATIONS.items():
                lines = () if location is None else (b"Location: " + location,)
                yield replaced(f"redirect {status} {name}", done, response(status, b"text/html", _PAGE, *lines))


FAULTS: Final = (*_broken_off(), *_misframed(), *_garbled(), *_replaced())
"""Every fault, in a fixed order."""
