"""Images that a request carries, by address, path or bytes; checked before anything is sent."""

from __future__ import annotations

import base64
import errno
import struct
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, TypeAlias, cast

from soundstage._values.media_type import mismatch
from soundstage._values.messages import run
from soundstage._values.validation import invalid, web_address

if TYPE_CHECKING:
    from soundstage._values.messages import Flow

ImageInput: TypeAlias = str | bytes | PathLike[str]
"""An image: its http or https address, a path (as text or as a path object), or its bytes."""

_FORMATS = {b"\x89PNG\r\n\x1a\n": "image/png", b"\xff\xd8\xff": "image/jpeg"}
_BASE64 = ("data:", "iVBORw0KGgo")  # a data address, or the signature of a PNG
_LONGEST_PATH = 4096  # no system has a longer one
_PNG_HEAD = 24
_MARK = 0xFF
_APP1, _SCAN = 0xE1, 0xDA
_ORIENTATION = 0x0112  # the tag of EXIF
_TURNED = frozenset({5, 6, 7, 8})  # its values for an image that is turned by 90 degrees
_FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}  # the markers of a JPEG that contain its size


def load_image(field: str, value: Any, *, most: int, address: bool = True) -> Flow[str | bytes]:
    """Return the address of an image unchanged, or else the bytes of the image.

    Args:
        field: The name of the argument.
        value: An `ImageInput`.
        most: The greatest size, in bytes.
        address: Whether the service accepts an address.

    Raises:
        InvalidArgument: It is none of these, does not exist, is empty, too large, or neither PNG nor JPEG.
    """
    if isinstance(value, str) and value.lower().startswith(("http://", "https://")):
        if not address:
            invalid(field, value, "a path or bytes; this service accepts no address")
        return web_address(field, value)
    if isinstance(value, (bytes, bytearray)):
        return _checked(field, bytes(value), f"{len(value)} bytes", most)
    if isinstance(value, str) and (value.startswith(_BASE64) or len(value) > _LONGEST_PATH):
        invalid(field, value, "an http(s) address, a path or bytes; this is base64: pass the bytes that it encodes")
    if not isinstance(value, (str, PathLike)) or value == "":
        forms = "an http(s) address, a path or bytes" if address else "a path or bytes"
        invalid(field, cast("object", value), f"a PNG or JPEG image, as {forms}")
    path = Path(cast("str | PathLike[str]", value))
    content = yield from run(lambda: _read(field, path, most))
    return _checked(field, content, repr(str(path)), most)


def base64_text(content: bytes) -> str:
    """Return *content* in base64, without the prefix of a data URL."""
    return base64.b64encode(content).decode()


def image_media_type(content: bytes) -> str:
    """Return the media type of an image that `load_image` accepted."""
    return next(kind for sign, kind in _FORMATS.items() if content.startswith(sign))


def image_size(content: bytes) -> tuple[int, int] | None:
    """Return width and height of a PNG or JPEG in pixels, from its header; None where the header has none."""
    if content.startswith(b"\x89PNG"):
        return struct.unpack(">II", content[16:24]) if len(content) >= _PNG_HEAD else None
    place = 2
    while place + 9 <= len(content) and content[place] == _MARK:
        kind, length = content[place + 1], int.from_bytes(content[place + 2 : place + 4], "big")
        if kind in _FRAMES:
            height, width = struct.unpack(">HH", content[place + 5 : place + 9])
            return width, height
        place += 1 if kind == _MARK else 2 + length  # a marker may be padded with more bytes FF
    return None


def is_turned(content: bytes) -> bool:
    """Whether a PNG or JPEG is shown with width and height exchanged, by the orientation in its EXIF data."""
    exif = _png_exif(content) if content.startswith(b"\x89PNG") else _jpeg_exif(content)
    order: Literal["little", "big"] = "little" if exif.startswith(b"II") else "big"
    directory = int.from_bytes(exif[4:8], order)
    for number in range(int.from_bytes(exif[directory : directory + 2], order)):
        begin = directory + 2 + 12 * number  # an entry has 12 bytes: tag, type, count, value
        if begin + 12 > len(exif):
            return False
        if int.from_bytes(exif[begin : begin + 2], order) == _ORIENTATION:
            return int.from_bytes(exif[begin + 8 : begin + 10], order) in _TURNED
    return False


def _jpeg_exif(content: bytes) -> bytes:
    """Return the EXIF data of a JPEG, or b""."""
    place = 2
    while place + 4 <= len(content) and content[place] == _MARK:
        kind, length = content[place + 1], int.from_bytes(content[place + 2 : place + 4], "big")
        if kind == _MARK:
            place += 1
        elif kind == _APP1 and content[place + 4 : place + 10] == b"Exif\0\0":
            return content[place + 10 : place + 2 + length]
        elif kind == _SCAN:
            break
        else:
            place += 2 + length
    return b""


def _png_exif(content: bytes) -> bytes:
    """Return the EXIF data of a PNG, or b""."""
    place = 8
    while place + 8 <= len(content):
        length, name = struct.unpack(">I4s", content[place : place + 8])
        if name == b"eXIf":
            return content[place + 8 : place + 8 + length]
        place += 12 + length
    return b""


def _read(field: str, path: Path, most: int) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(most + 1)  # one byte more than allowed shows that the file is too large
    except (OSError, ValueError) as error:
        number = error.errno if isinstance(error, OSError) else errno.EINVAL
        why = {errno.ENOENT: "it does not exist", errno.EISDIR: "it is a folder"}.get(number or 0, str(error))
        invalid(field, path, f"a file that can be read ({why})", shown=repr(str(path)))


def _checked(field: str, content: bytes, shown: str, most: int) -> bytes:
    if len(content) > most:
        invalid(field, content, f"an image of at most {most} bytes", shown=shown)
    if not content.startswith(tuple(_FORMATS)):
        found = mismatch("image", content) or "an image of another format"
        invalid(field, content, f"a PNG or JPEG image, and this is {found}", shown=shown)
    return content
