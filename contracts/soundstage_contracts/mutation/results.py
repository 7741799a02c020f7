"""The results file of a mutation run, which lets a later run skip what has not changed.

A verdict is reused while its fingerprint is the same: the mutation's own source and all sources that the vendor's
contracts run on. One entry for each mutation::

    {"version": 1, "verdicts": {"tomoviee/lost-refund": {"fingerprint": "...", "outcome": "caught", ...}}}
"""

from __future__ import annotations

import ast
import hashlib
import json
import sys
from dataclasses import asdict
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import soundstage_vendors
from soundstage_contracts.facts.shown import shown_path
from soundstage_contracts.mutation.edits import load_edits
from soundstage_contracts.mutation.mutations import MutationError
from soundstage_contracts.mutation.worker import NO_MUTATION, Verdict
from soundstage_vendors.parts import packages_of

if TYPE_CHECKING:
    from collections.abc import Iterator

VERSION: Final = 1
_PACKAGES: Final = ("soundstage", "soundstage_server", "soundstage_contracts")
_SUFFIXES: Final = frozenset({".py", ".toml", ".json"})


class Results:
    """Verdicts by mutation, kept in the file *path* if there is one.

    Raises:
        MutationError: The file is not a results file.
    """

    def __init__(self, path: Path | None = None) -> None:
        self._path = path
        self._entries: dict[str, dict[str, Any]] = {}
        if path is not None and path.exists():
            try:
                data = json.loads(path.read_text(encoding="utf-8"))
                if data["version"] != VERSION:
                    raise MutationError(f"{path}: version is {data['version']!r}; allowed: {VERSION}")
                self._entries = dict(data["verdicts"])
            except (ValueError, KeyError, TypeError) as error:
                if isinstance(error, MutationError):
                    raise
                raise MutationError(f"{path}: not a results file of mutations: {error}") from None

    def reusable(self, key: str, fingerprint: str) -> Verdict | None:
        """Return the verdict of *key* if it is as it must be and nothing that it rests on has changed."""
        entry = self._entries.get(key)
        expected = "survived" if key.endswith(f"/{NO_MUTATION}") else "caught"
        if entry is None or entry["fingerprint"] != fingerprint or entry["outcome"] != expected:
            return None
        return Verdict(**{name: value for name, value in entry.items() if name != "fingerprint"})

    def last_contract(self, key: str) -> str:
        """Return the contract that caught the mutation *key* last, whatever has changed since; or an empty text."""
        return str(self._entries.get(key, {}).get("contract", ""))

    def keep(self, key: str, fingerprint: str, verdict: Verdict) -> None:
        """Store a verdict, and write the file at once, so that an interrupted run can be resumed."""
        self._entries[key] = {"fingerprint": fingerprint, **asdict(verdict)}
        if self._path is None:
            return
        text = json.dumps({"version": VERSION, "verdicts": dict(sorted(self._entries.items()))}, indent=1)
        beside = self._path.with_name(f".{self._path.name}.new")
        beside.write_text(text + "\n", encoding="utf-8")
        beside.replace(self._path)


def fingerprints(home: Path, ids: list[str]) -> dict[str, str]:
    """Return the fingerprint of each mutation *ids* of the file *home*, and of the baseline."""
    common = _common(home.stem)
    shared, own = _split(home.read_text(encoding="utf-8"))
    own |= {edit.id: f"{edit.shows}{edit.source}" for edit in load_edits(home)}
    found = {NO_MUTATION: common.hexdigest()}
    for id_ in ids:
        digest = common.copy()
        digest.update(shared.encode())
        digest.update(own.get(id_, "").encode())
        found[id_] = digest.hexdigest()
    return found


def source_fingerprint(vendor: str) -> str:
    """Return the fingerprint of all sources that the contracts of *vendor* run on."""
    return _common(vendor).hexdigest()


def _common(vendor: str) -> hashlib._Hash:
    common = hashlib.sha256(f"{sys.version_info[:2]} {version('hypothesis')} {version('pytest')}".encode())
    for source in _sources(vendor):
        common.update(source.read_bytes())
    return common


def _sources(vendor: str) -> Iterator[Path]:
    """Return every source that the contracts of *vendor* run on: the packages without the other vendors' rows."""
    known = soundstage_vendors.slugs()
    others = {slug for slug in known if slug != vendor}
    written = shown_path(vendor) if vendor in known else None
    for package in dict.fromkeys([*_PACKAGES, *(packages_of(vendor) if vendor in known else ())]):
        spec = find_spec(package)
        for root in map(Path, (spec.submodule_search_locations or ()) if spec is not None else ()):
            for path in sorted(root.rglob("*")):
                parts = path.relative_to(root).with_suffix("").parts
                # What a run writes is no source of it.
                if path == written:
                    continue
                if path.suffix in _SUFFIXES and others.isdisjoint(parts) and "__pycache__" not in parts:
                    yield path


def _split(text: str) -> tuple[str, dict[str, str]]:
    """Return the shared code of a file of mutations, and the source of each mutation by its id."""
    tree = ast.parse(text)
    own = {
        node.name.replace("_", "-"): ast.unparse(node)
        for node in tree.body
        if isinstance(node, ast.FunctionDef) and any("MUTATIONS." in ast.unparse(each) for each in node.decorator_list)
    }
    names = {id_.replace("-", "_") for id_ in own}
    shared = [node for node in tree.body if not (isinstance(node, ast.FunctionDef) and node.name in names)]
    return "\n".join(map(ast.unparse, shared)), own
