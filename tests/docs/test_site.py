"""The documentation site: pages are assembled with every link, and the check of the built site finds what is wrong."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

import soundstage
from soundstage_contracts import VENDORS, load_facts
from tools.docs_site.api_pages import api_pages
from tools.docs_site.assemble import ROOT, Assembly, repository_files, site_path
from tools.docs_site.check import check_site
from tools.docs_site.diagrams import FOLDER, diagrams_of, picture_name
from tools.docs_site.fact_pages import anchor, fact_pages, page_path
from tools.docs_site.links import rewrite_links

if TYPE_CHECKING:
    from pathlib import Path

NAVIGATION = (ROOT / "mkdocs.yml").read_text(encoding="utf-8").partition("\nnav:\n")[2]


def assemble(root: Path, pages: dict[str, str], generated: dict[str, str] | None = None) -> Path:
    """Write *pages* as a repository, assemble it, and return the folder with the pages of the site."""
    for name, text in pages.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text, encoding="utf-8")
    Assembly(root, root / "out", frozenset(pages)).run(generated or {})
    return root / "out"


def test_links_to_files_of_the_repository_become_pages(tmp_path: Path) -> None:
    """A page of the root is moved, an example is a page with its code, and a folder is a page with its files."""
    index = "# A\n[b](guides/b.md#c) [d](../SECURITY.md) [e](../examples/e.py) [f](../examples) `[g](../no)`\n"
    pages = {
        "docs/README.md": index,
        "docs/guides/b.md": "# B\n\n[up](../README.md) [example](../../examples/e.py)\n",
        "SECURITY.md": "# D\n[docs](docs/README.md)\n",
        "examples/e.py": "print()\n",
    }
    out = assemble(tmp_path, pages)
    links = "[b](guides/b.md#c) [d](project/security.md) [e](files/examples/e_py.md) [f](files/examples.md)"
    assert (out / "index.md").read_text() == f"# A\n{links} `[g](../no)`\n"
    assert "[up](../index.md) [example](../files/examples/e_py.md)" in (out / "guides/b.md").read_text()
    assert "[docs](../index.md)" in (out / "project/security.md").read_text()
    assert "````py\nprint()\n````" in (out / "files/examples/e_py.md").read_text()
    assert "- [e.py](examples/e_py.md)" in (out / "files/examples.md").read_text()


def test_link_without_a_target_is_refused(tmp_path: Path) -> None:
    """The message has the page and the link."""
    with pytest.raises(ValueError, match=r"^docs/README\.md: no file of the repository is 'gone\.md'"):
        assemble(tmp_path, {"docs/README.md": "# A\n[b](gone.md)\n"})


def test_code_is_not_rewritten() -> None:
    """Links in code blocks and code spans stay as they are, and so do addresses of other sites."""
    text = "```md\n[a](b.md)\n```\n`[a](b.md)` [a](https://example.com/b.md) [a](mailto:b) [a](b.md#c)"
    assert rewrite_links(text, lambda link: f"<{link.path}{link.anchor}>") == text.replace("(b.md#c)", "(<b.md#c>)")


SITE = {
    "index.html": '<link rel="stylesheet" href="a.css"><h1 id="top">A</h1><a href="b/#end">b</a><img src="b/c.png">',
    "b/index.html": '<h2 id="end">B</h2><a href="../#top">a</a><a href="https://example.com">elsewhere</a>',
    "b/c.png": "",
    "a.css": "p { background: url(data:image/png;base64,AA) }",
}


@pytest.mark.parametrize(
    ("page", "addition", "problem"),
    [
        (None, "", None),
        ("index.html", '<a href="c/">c</a>', "index.html links c/, which does not exist"),
        ("index.html", '<a href="b/#gone">b</a>', "index.html links b/#gone, which does not exist"),
        ("b/index.html", '<img src="d.png">', "b/index.html links d.png, which does not exist"),
        ("b/index.html", '<script src="//example.com/a.js"></script>', "b/index.html loads //example.com/a.js"),
        ("index.html", '<link rel="icon" href="https://a.example/i">', "index.html loads https://a.example/i"),
        ("index.html", "<style>p{background:url(http://a.example/p)}</style>", "index.html loads http://a.example/p"),
        ("index.html", '<img srcset="http://a.example/p 2x">', "index.html loads http://a.example/p"),
        ("a.css", "@import 'https://a.example/f.css';", "a.css loads https://a.example/f.css"),
    ],
)
def test_check_finds_dead_links_and_loads_from_elsewhere(
    page: str | None, addition: str, problem: str | None, tmp_path: Path
) -> None:
    """A complete site has no problem, and each mistake is one sentence."""
    for name, text in SITE.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text + (addition if name == page else ""))
    assert list(check_site(tmp_path)) == ([] if problem is None else [problem])


def test_every_page_is_in_the_navigation() -> None:
    """Every page of docs/ and every generated page can be reached from the menu."""
    names = {name for name in repository_files() if name.startswith("docs/") and name.endswith(".md")}
    paths = {*map(site_path, names), *api_pages(), *map(page_path, VENDORS)}
    assert sorted(path for path in paths if f": {path}\n" not in NAVIGATION) == []


def test_every_public_name_has_an_entry_in_the_reference() -> None:
    """The API reference contains every public name of the client library."""
    text = "".join(api_pages().values())
    missing = {name for name in soundstage.__all__ if f"soundstage.{name}\n" not in text}
    missing -= {name for name in missing if f"soundstage.errors.{name}\n" in text}
    assert missing == {"__version__"}


def test_every_fact_is_on_its_page() -> None:
    """Each fact has an anchor, its certainty and its proof, and links name anchors that exist."""
    pages = fact_pages()
    for vendor in VENDORS:
        page = pages[page_path(vendor)]
        for fact in load_facts(vendor).values():
            (row,) = [line for line in page.splitlines() if f'id="{anchor(fact.id)}"' in line]
            assert f"| {fact.certainty} | {fact.binds} |" in row
            assert not fact.needs_contract or "`test_" in row or "machine" in row.lower()
        linked = {part.partition(")")[0] for part in page.split("](#")[1:]}
        assert [name for name in linked if f'id="{name}"' not in page] == []


def test_every_diagram_has_a_picture() -> None:
    """The committed pictures are those of the diagrams: `python -m tools.docs_site` draws and removes them."""
    pages = [ROOT / name for name in repository_files() if name.endswith(".md")]
    wanted = {picture_name(diagram) for page in pages for diagram in diagrams_of(page.read_text(encoding="utf-8"))}
    assert {path.name for path in FOLDER.iterdir()} == wanted, "run `python -m tools.docs_site`"
