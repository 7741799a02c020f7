"""Content encodings: undo gzip and deflate in pieces of a limited size."""

from __future__ import annotations

import re
import zlib
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterator

ACCEPTED = "gzip, deflate"  # what a request accepts: encodings that are decoded here, within a limit of memory

_PIECE = 1 << 20  # bytes of decoded data at a time: a few bytes of gzip may decode to a thousand times as many
_ANY_HEADER = 32 + zlib.MAX_WBITS
_NO_HEADER = -zlib.MAX_WBITS
_GZIP = re.compile(rb"\x1f\x8b\x08")
_ZLIB = re.compile(rb"\x78[\x01\x5e\x9c\xda]")


class Inflate(Protocol):
    """What is used of an object of `zlib.decompressobj()`, whose class has no public name."""

    @property
    def eof(self) -> bool: ...

    @property
    def unconsumed_tail(self) -> bytes: ...

    def decompress(self, data: bytes, max_length: int, /) -> bytes: ...


class Decoder:
    """Decodes one body.

    The bytes decide: a body that is labeled with an encoding and does not start like one is passed on unchanged, as
    hosts of files label plain files (`aws-chunked`, or `gzip` for what was unpacked on the way).
    """

    def __init__(self, encoding: str) -> None:
        """Take the value of the Content-Encoding header, "" where there is none."""
        self._encoding = encoding.strip().lower()
        self._inflate: Inflate | None = None
        self._started = False

    @property
    def encoded(self) -> bool:
        """Whether the body that is being decoded is encoded; known after its first bytes."""
        return self._inflate is not None

    @property
    def complete(self) -> bool:
        """Whether no more bytes of an encoded body are missing."""
        return self._inflate is None or self._inflate.eof

    def feed(self, data: bytes) -> Iterator[bytes]:
        """Yield what *data* decodes to, in pieces of at most 1 MiB.

        Raises:
            ValueError: The encoded body is damaged.
        """
        if data and not self._started:
            self._started = True
            self._inflate = self._choose(data)
        if self._inflate is None:
            yield data
            return
        try:
            piece = data
            # A full piece means that more output may be waiting inside, also when all input has been consumed.
            while not self._inflate.eof and (data or len(piece) == _PIECE):
                piece = self._inflate.decompress(data, _PIECE)
                data = self._inflate.unconsumed_tail
                yield piece
        except zlib.error as error:
            raise ValueError(f"the {self._encoding} body is damaged: {error}") from None

    def _choose(self, data: bytes) -> Inflate | None:
        if self._encoding in {"gzip", "x-gzip"} and _GZIP.match(data):
            return zlib.decompressobj(_ANY_HEADER)
        if self._encoding == "deflate":
            return zlib.decompressobj(_ANY_HEADER if _ZLIB.match(data) else _NO_HEADER)
        return None
