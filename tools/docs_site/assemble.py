"""Copies the pages into one folder in which every link has a target.

In the repository a page links files outside of docs/, such as ARCHITECTURE.md or an example. On the site, the Markdown
files of the root are pages below ``project/``, and every other linked file or folder gets a page below ``files/``.
"""

from __future__ import annotations

import posixpath
import shutil
import subprocess
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Final

from tools.docs_site.diagrams import replace_diagrams
from tools.docs_site.links import rewrite_links

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tools.docs_site.links import Link

ROOT: Final = Path(__file__).parents[2]
SOURCE: Final = ROOT / "build" / "docs"
"""The folder with the assembled pages, which mkdocs.yml names as `docs_dir`."""

INDEX: Final = "docs/README.md"
_ROOT_PAGES: Final = ("ARCHITECTURE.md", "CONTRIBUTING.md", "CHANGELOG.md", "SECURITY.md")
_LANGUAGES: Final = {".mjs": "js", ".yml": "yaml", ".mod": "text", "": "dockerfile"}


class Assembly:
    """One run: the pages that are copied, and the files that their links need.

    Attributes:
        root: The repository.
        target: The folder for the pages.
        files: Every file of the repository, relative to it.
    """

    def __init__(self, root: Path, target: Path, files: frozenset[str]) -> None:
        self.root = root
        self.target = target
        self.files = files
        self._shown: dict[str, str] = {}

    def run(self, generated: Mapping[str, str], notes: Mapping[str, str] | None = None) -> None:
        """Write every page.

        Args:
            generated: The text of further pages by their path on the site.
            notes: Page of the site to a paragraph below its title.

        Raises:
            ValueError: A link has no target in the repository.
        """
        shutil.rmtree(self.target, ignore_errors=True)
        for name in sorted(self.files):
            if name.startswith("docs/") and name.endswith((".png", ".svg", ".jpg", ".css")):
                self._place(name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(self.root / name, self._place(name))
            elif name in _ROOT_PAGES or (name.startswith("docs/") and name.endswith(".md")):
                self._write(site_path(name), _noted(self._page(name), (notes or {}).get(site_path(name))))
        for path, text in generated.items():
            self._write(path, text)
        while self._shown:
            for path, name in list(self._shown.items()):
                del self._shown[path]
                if not (self.target / path).exists():
                    self._write(path, self._file_page(path, name))

    def _page(self, name: str) -> str:
        text = rewrite_links((self.root / name).read_text(encoding="utf-8"), lambda link: self._linked(name, link))
        return replace_diagrams(text, site_path(name))

    def _linked(self, page: str, link: Link) -> str:
        """Return *link* of the repository's *page* as it is on the site."""
        if not link.path:
            return link.anchor
        name = posixpath.normpath(posixpath.join(posixpath.dirname(page), link.path))
        folder = f"{name}/"
        if name not in self.files and not any(file.startswith(folder) for file in self.files):
            raise ValueError(f"{page}: no file of the repository is {link.path!r}")
        path = site_path(name)
        if path.startswith("files/"):
            self._shown[path] = name
        return posixpath.relpath(path, posixpath.dirname(site_path(page)) or ".") + link.anchor

    def _file_page(self, path: str, name: str) -> str:
        """Return the page at *path* about the file or folder *name* of the repository."""
        if name in self.files:
            text = (self.root / name).read_text(encoding="utf-8")
            if name.endswith(".md"):
                return rewrite_links(text, lambda link: self._linked(name, link))
            suffix = PurePosixPath(name).suffix
            language = _LANGUAGES.get(suffix, suffix.removeprefix("."))
            return f"# {PurePosixPath(name).name}\n\n`{name}`\n\n````{language}\n{text.rstrip()}\n````\n"
        inside = sorted(file for file in self.files if file.startswith(f"{name}/"))
        here = posixpath.dirname(path)
        lines = []
        for file in inside:
            page = site_path(file)
            self._shown[page] = file
            lines.append(f"- [{file.removeprefix(name)[1:]}]({posixpath.relpath(page, here)})")
        return f"# {name}/\n\n" + "\n".join(lines) + "\n"

    def _place(self, name: str) -> Path:
        return self.target / site_path(name)

    def _write(self, path: str, text: str) -> None:
        place = self.target / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(text, encoding="utf-8")


def _noted(text: str, note: str | None) -> str:
    title, rest = text.split("\n", 1)
    return text if note is None else f"{title}\n\n{note}\n{rest}"


def site_path(name: str) -> str:
    """Return where the file or folder *name* of the repository is among the pages of the site."""
    if name in {INDEX, "README.md"}:
        return "index.md"
    if name.startswith("docs/"):
        return name.removeprefix("docs/")
    if name in _ROOT_PAGES:
        return f"project/{name.lower()}"
    return f"files/{name.removesuffix('.md').replace('.', '_')}.md"


def repository_files(root: Path = ROOT) -> frozenset[str]:
    """Return every file of the repository that git tracks or would track."""
    command = ("git", "ls-files", "--cached", "--others", "--exclude-standard", "-z")
    listed = subprocess.run(command, cwd=root, check=True, capture_output=True, text=True).stdout.split("\0")
    return frozenset(name for name in listed if name and (root / name).is_file())
