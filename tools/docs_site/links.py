"""Finds and rewrites the links of a Markdown page; code blocks and code spans stay as they are."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_CODE: Final = re.compile(r"^( *)(```+|~~~+)[^\n]*\n.*?^\1\2 *$|`[^`\n]+`", re.MULTILINE | re.DOTALL)
_LINK: Final = re.compile(r"(?P<head>\]\(|<img src=\"|<source srcset=\")(?P<path>[^)\s#\"]*)(?P<anchor>#[^)\s\"]*)?")
_ELSEWHERE: Final = re.compile(r"[a-z][a-z0-9+.-]*:|//", re.IGNORECASE)


class Link(NamedTuple):
    """The path of a relative link, empty for a place on the same page, and its anchor with the ``#``."""

    path: str
    anchor: str


def rewrite_links(text: str, rewrite: Callable[[Link], str]) -> str:
    """Return *text* with every relative link replaced by what *rewrite* returns for it."""

    def replaced(found: re.Match[str]) -> str:
        link = Link(found["path"], found["anchor"] or "")
        outside = _ELSEWHERE.match(link.path) or not (link.path or link.anchor)
        return found[0] if outside else found["head"] + rewrite(link)

    return "".join(part if is_code else _LINK.sub(replaced, part) for part, is_code in _parts(text))


def _parts(text: str) -> Iterator[tuple[str, bool]]:
    """Yield the parts of *text* in order, and whether each is code."""
    end = 0
    for found in _CODE.finditer(text):
        yield text[end : found.start()], False
        yield found[0], True
        end = found.end()
    yield text[end:], False
