"""Checks a built site: every link and anchor has a target, and no page loads anything from elsewhere."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from typing import TYPE_CHECKING, Final
from urllib.parse import unquote, urldefrag, urljoin, urlsplit

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_BASE: Final = "https://site.invalid/"
_LOADING: Final = {
    *("script", "img", "iframe", "embed", "source", "video", "audio", "track", "input", "object"),
    "link",
}
_NAVIGATED: Final = {"canonical", "next", "prev", "alternate"}
"""Relations of <link> that a browser does not load."""
_CSS_URL: Final = re.compile(r"url\(\s*['\"]?([^'\")]+)|@import\s+['\"]([^'\"]+)")


class Page(HTMLParser):
    """The links of one HTML page, and the ids that links may name.

    Attributes:
        links: The addresses that a reader may follow.
        loads: The addresses that a browser loads by itself.
        ids: Every id of the page.
    """

    def __init__(self, text: str) -> None:
        super().__init__()
        self.links: list[str] = []
        self.loads: list[str] = []
        self.ids: set[str] = set()
        self._in_style = False
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Collect the addresses and the id of one element."""
        values = {name: value or "" for name, value in attrs}
        self.ids.update({values.get("id", ""), values.get("name", "")} - {""})
        self._in_style = tag == "style"
        if "style" in values:
            self.loads += css_addresses(values["style"])
        loads = tag in _LOADING and not (tag == "link" and set(values.get("rel", "").split()) & _NAVIGATED)
        place = self.loads if loads else self.links
        place += [values[name] for name in ("href", "src", "data", "poster") if values.get(name)]
        self.loads += [part.split()[0] for part in values.get("srcset", "").split(",") if part.strip()]

    def handle_data(self, data: str) -> None:
        """Collect the addresses in a style sheet inside the page."""
        if self._in_style:
            self.loads += css_addresses(data)
            self._in_style = False


def css_addresses(text: str) -> list[str]:
    """Return what a style sheet loads, without data inside it."""
    found = (first or second for first, second in _CSS_URL.findall(text))
    return [address for address in found if not address.startswith(("data:", "#"))]


def check_site(site: Path) -> Iterator[str]:
    """Yield a sentence for each link without a target and each load from elsewhere."""
    pages = {path.relative_to(site).as_posix(): Page(path.read_text(encoding="utf-8")) for path in site.rglob("*.html")}
    for name, page in sorted(pages.items()):
        for address in page.loads:
            if not _is_local(address, name):
                yield f"{name} loads {address}"
        for address in [*page.loads, *page.links]:
            if _is_local(address, name) and not _has_target(site, pages, name, address):
                yield f"{name} links {address}, which does not exist"
    for path in sorted(site.rglob("*.css")):
        name = path.relative_to(site).as_posix()
        for address in css_addresses(path.read_text(encoding="utf-8")):
            if not _is_local(address, name):
                yield f"{name} loads {address}"


def _is_local(address: str, page: str) -> bool:
    """Whether *address* on *page* is inside the site; data inside the page is not, and loads nothing."""
    if urlsplit(address).scheme == "data":
        return True
    return urljoin(_BASE + page, address).startswith(_BASE)


def _has_target(site: Path, pages: dict[str, Page], page: str, address: str) -> bool:
    if urlsplit(address).scheme in {"data", "mailto", "javascript"}:
        return True
    url, anchor = urldefrag(urljoin(_BASE + page, address))
    name = unquote(urlsplit(url).path).lstrip("/")
    if not name or name.endswith("/"):
        name += "index.html"
    if not (site / name).is_file():
        return False
    return not anchor or name not in pages or unquote(anchor) in pages[name].ids or anchor.startswith("__")
