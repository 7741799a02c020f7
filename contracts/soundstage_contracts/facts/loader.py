"""Loads the fact files: what is known of each vendor's API, one statement for each fact.

A fact is named ``vendor:id`` everywhere: in a contract's `@proves`, in the simulator's refusals, in the journal and on
the command line. The files ship with the package and are validated strictly: a mistake in one is a `FactError` that
names the file, the fact, the field, the value and what is allowed.
"""

from __future__ import annotations

import difflib
import re
import tomllib
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cache
from itertools import chain
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final, Literal, cast, get_args
from urllib.parse import urlsplit

import soundstage_vendors
from soundstage_contracts.facts.tables import load_table
from soundstage_contracts.registry import describe_missing
from soundstage_vendors import UnknownVendorError, VendorError
from soundstage_vendors.parts import is_ours

Certainty = Literal["documented", "contradicted", "inferred"]
Binds = Literal["server", "client", "both", "advice"]
Side = Literal["server", "client"]

_SLUG: Final = re.compile(r"[a-z0-9_]+")
_ID: Final = re.compile(r"[a-z0-9_]+([.-][a-z0-9_]+)*")
_VARIABLE: Final = re.compile(r"[A-Z][A-Z0-9_]*")
_BASE_URL: Final = re.compile(r"https://[a-z0-9.-]+(/[^\s/?#]+)*")
_SIDES: Final[Mapping[Binds, frozenset[Side]]] = MappingProxyType(
    {
        "server": frozenset({"server"}),
        "client": frozenset({"client"}),
        "both": frozenset({"server", "client"}),
        "advice": frozenset(),
    }
)


class FactError(ValueError):
    """A fact file that breaks its rules, or a fact or vendor that does not exist."""


@dataclass(frozen=True, slots=True)
class Fact:
    """One statement about a vendor's API, its source, and the sides that it binds.

    Attributes:
        vendor: The vendor's slug.
        id: The fact's name among the vendor's.
        statement: The statement; where documents disagree, the reading that is taken.
        source: The document and place of the statement, in the abbreviations that the head of the fact file explains.
        certainty: How well it is known; `contradicted` facts give the other reading in `but`.
        binds: The side that must comply; `advice` binds neither.
        but: The contradicting statement of a second document.
        unshown: Side to the reason why no mistake there that violates the fact can be seen from outside.
    """

    vendor: str
    id: str
    statement: str
    source: str
    certainty: Certainty
    binds: Binds
    but: str | None = None
    unshown: Mapping[Side, str] = field(default_factory=dict, hash=False)

    @property
    def key(self) -> str:
        """The fact's name among all vendors': ``vendor:id``."""
        return f"{self.vendor}:{self.id}"

    @property
    def sides(self) -> frozenset[Side]:
        """The sides that must comply with the fact; none for advice."""
        return _SIDES[self.binds]

    @property
    def needs_contract(self) -> bool:
        """Whether a contract must prove the fact: it is documented and binds a side."""
        return self.certainty == "documented" and bool(self.sides)


@dataclass(frozen=True, slots=True)
class VendorFacts:
    """One vendor's fact file.

    Attributes:
        vendor: The vendor's slug.
        base_url: The address that the vendor's base variable replaces, scheme and path included, no slash at the end.
        environment: The variables that point a client at a local server; ``{base}`` stands for `base_url` on that
            server, ``{host}`` for its host.
        facts: The statements, in the file's order.
        readers: The program or library that reads each variable of `environment`.
        real_addresses: The addresses of those variables whose reader has another host than that of `base_url`.
    """

    vendor: str
    base_url: str
    environment: Mapping[str, str]
    facts: tuple[Fact, ...]
    readers: Mapping[str, str] = field(default_factory=dict)
    real_addresses: Mapping[str, str] = field(default_factory=dict)

    def base_url_at(self, server: str) -> str:
        """Return the address of `base_url` on the simulator at *server*: the slug for the host, and the same path."""
        return f"{self.host_url_at(server)}{urlsplit(self.base_url).path}"

    def host_url_at(self, server: str) -> str:
        """Return the address of the host of `base_url` on the simulator at *server*: the slug, without a path."""
        return f"{server.rstrip('/')}/{self.vendor}"

    def environment_at(self, server: str | None = None) -> dict[str, str]:
        """Return the variables for the simulator at *server*; without one, with the vendor's own addresses."""
        if server is None:
            host = urlsplit(self.base_url)._replace(path="").geturl()
            return _fill(self.environment, self.base_url, host) | dict(self.real_addresses)
        return _fill(self.environment, self.base_url_at(server), self.host_url_at(server))


def _fill(environment: Mapping[str, str], base: str, host: str) -> dict[str, str]:
    return {name: value.replace("{base}", base).replace("{host}", host) for name, value in environment.items()}


class FactBook(Mapping[str, Fact]):
    """Every loaded fact by its key, and the fact file of each vendor."""

    def __init__(self, vendors: Iterable[VendorFacts]) -> None:
        """Combine the fact files of *vendors*, each vendor once."""
        self.vendors: Final[Mapping[str, VendorFacts]] = MappingProxyType(
            {vendor_facts.vendor: vendor_facts for vendor_facts in vendors}
        )
        self._facts: Final = {fact.key: fact for vendor_facts in self.vendors.values() for fact in vendor_facts.facts}

    def __getitem__(self, key: str) -> Fact:
        return self._facts[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self._facts)

    def __len__(self) -> int:
        return len(self._facts)

    def find(self, key: str) -> Fact:
        """Return the fact *key*.

        Raises:
            FactError: There is none; the message suggests the nearest one.
        """
        if key not in self._facts:
            raise FactError(f"no fact is called {key!r}{_nearest(key, self._facts)}")
        return self._facts[key]


def load_facts(vendor: str | None = None) -> FactBook:
    """Load the facts of *vendor*, or of every vendor that has a fact file; one whose file is broken is left out.

    Raises:
        FactError: The vendor does not exist, is broken or has no fact file, or its file breaks a rule.
    """
    if vendor is None:
        return FactBook(_usable(_vendor_facts).values())
    known = soundstage_vendors.slugs()
    try:
        if not soundstage_vendors.exists(vendor, "facts"):
            raise FactError(describe_missing(vendor))
    except UnknownVendorError:
        raise FactError(f"no vendor is called {vendor!r}{_nearest(vendor, known)}; known: {', '.join(known)}") from None
    except VendorError as error:
        raise FactError(str(error)) from None
    return FactBook([_vendor_facts(vendor)])


def load_heads() -> Iterator[VendorFacts]:
    """Yield the fact file of every vendor without its facts, which takes a tenth of the time.

    A file that breaks a rule before its first fact is left out.
    """
    yield from _usable(_head).values()


def unusable_facts() -> dict[str, str]:
    """Return a sentence for each vendor that is broken, or whose fact file breaks a rule."""
    sentences = soundstage_vendors.broken()
    for vendor in soundstage_vendors.slugs():
        try:
            if vendor not in sentences and soundstage_vendors.exists(vendor, "facts"):
                _vendor_facts(vendor)
        except (FactError, VendorError) as error:
            sentences[vendor] = str(error)
    return sentences


def _usable(read: Callable[[str], VendorFacts]) -> dict[str, VendorFacts]:
    found: dict[str, VendorFacts] = {}
    for vendor in soundstage_vendors.slugs():
        # A broken vendor must not take the others with it; `unusable_facts` names it.
        with suppress(FactError, VendorError):
            if soundstage_vendors.exists(vendor, "facts"):
                found[vendor] = read(vendor)
    return found


def _file(vendor: str) -> Path:
    found = soundstage_vendors.resource(vendor, "facts")
    if not isinstance(found, Path):
        raise FactError(f"{vendor}: its fact file is {found}; allowed: a file of a package in a folder")
    return found


def _shown(vendor: str) -> str:
    """Return what messages call the fact file: its name, or for a plug-in's also the package."""
    file = _file(vendor)
    return file.name if is_ours(vendor) else f"{file.parent.name}/{file.name}"


def _read(vendor: str) -> str:
    try:
        return _file(vendor).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise FactError(f"{_shown(vendor)}: cannot be read: {error}") from None


def _head(vendor: str) -> VendorFacts:
    text = _read(vendor).partition("[[fact]]")[0]
    return _own(vendor, parse_facts(f"fact = []\n{text}", file=_shown(vendor), head=True))


def _vendor_facts(vendor: str) -> VendorFacts:
    return _parsed(vendor, _file(vendor))


@cache
def _parsed(vendor: str, file: Path) -> VendorFacts:
    return _own(vendor, parse_facts(_read(vendor), file=_shown(vendor), folder=file.parent))


def _own(vendor: str, vendor_facts: VendorFacts) -> VendorFacts:
    if vendor_facts.vendor != vendor:
        raise FactError(
            f"{_shown(vendor)}: vendor is {vendor_facts.vendor!r}; allowed: {vendor!r}, whose fact file it is"
        )
    return vendor_facts


def parse_facts(text: str, *, file: str, head: bool = False, folder: Path | None = None) -> VendorFacts:
    """Read one fact file's *text*.

    Args:
        text: The text.
        file: Its name in messages.
        head: Whether its facts are left out.
        folder: Where its endpoint tables are; by default the folder of this package's own fact files.

    Raises:
        FactError: The text is not TOML, or a key, value or name in it is not allowed.
    """
    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise FactError(f"{file}: not TOML: {error}") from None
    reader = _Reader(file, data)
    reader.keys(
        required=("vendor", "base_url", "environment", "fact"), optional=("tables", "readers", "real_addresses")
    )
    vendor = reader.text("vendor", _SLUG, "a slug")
    environment = _Reader(f"{file}, environment", reader.table("environment")).variables()
    readers = _Reader(f"{file}, readers", reader.data.get("readers", {})).variables(environment)
    real = _Reader(f"{file}, real_addresses", reader.data.get("real_addresses", {})).variables(environment)
    return VendorFacts(
        vendor=vendor,
        base_url=reader.text("base_url", _BASE_URL, "https://HOST[/PATH] without a slash at the end"),
        environment=MappingProxyType(environment),
        facts=() if head else tuple(_once(_every_fact(vendor, reader, file, folder), file)),
        readers=MappingProxyType(readers),
        real_addresses=MappingProxyType(real),
    )


def _every_fact(vendor: str, reader: _Reader, file: str, folder: Path | None) -> Iterator[Fact]:
    return chain(_parse_facts(vendor, reader.tables("fact"), file), _of_tables(vendor, reader, folder))


def _parse_facts(vendor: str, tables: list[Any], file: str) -> Iterator[Fact]:
    for number, table in enumerate(tables, 1):
        reader = _Reader(f"{file}, fact {number}", table)
        id_ = reader.text("id", _ID, "words of a-z, 0-9 and _ joined by dots or hyphens")
        yield _parse_fact(vendor, id_, _Reader(f"{file}, fact {id_!r}", table))


def _of_tables(vendor: str, reader: _Reader, folder: Path | None) -> Iterator[Fact]:
    """Return the facts of the endpoint tables that a fact file names; all are documented and bind both sides."""
    for file in reader.names("tables"):
        try:
            table = load_table(file, folder)
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise FactError(f"{reader.where}: tables names {file!r}, which cannot be used: {error}") from None
        for id_, statement in table.statements():
            if not _ID.fullmatch(id_):
                raise FactError(f"{file}: {id_!r} is no id; allowed: words of a-z, 0-9 and _ joined by dots or hyphens")
            yield Fact(vendor, id_, statement, table.source, "documented", "both")


def _once(facts: Iterable[Fact], file: str) -> Iterator[Fact]:
    seen: set[str] = set()
    for number, fact in enumerate(facts, 1):
        if fact.id in seen:
            raise FactError(f"{file}, fact {number}: id is {fact.id!r}, which an earlier fact has; allowed: a new one")
        seen.add(fact.id)
        yield fact


def _parse_fact(vendor: str, id_: str, reader: _Reader) -> Fact:
    reader.keys(required=("id", "statement", "source", "certainty", "binds"), optional=("but", "unshown"))
    certainty = cast("Certainty", reader.choice("certainty", get_args(Certainty)))
    but = reader.text("but") if "but" in reader.data else None
    if (certainty == "contradicted") != (but is not None):
        raise FactError(f"{reader.where}: but is {but!r}, certainty {certainty!r}; allowed: both or neither")
    binds = cast("Binds", reader.choice("binds", get_args(Binds)))
    return Fact(
        vendor=vendor,
        id=id_,
        statement=reader.text("statement"),
        source=reader.text("source"),
        certainty=certainty,
        binds=binds,
        but=but,
        unshown=reader.reasons("unshown", _SIDES[binds]),
    )


class _Reader:
    """Reads typed values of one TOML table, and raises `FactError` for a wrong one."""

    def __init__(self, where: str, data: object) -> None:
        self.where = where
        if not isinstance(data, dict):
            raise FactError(f"{where}: is {data!r}; allowed: a table")
        self.data: dict[str, Any] = data

    def keys(self, *, required: tuple[str, ...], optional: tuple[str, ...] = ()) -> None:
        known = required + optional
        for key in self.data:
            if key not in known:
                raise FactError(f"{self.where}: {key} is unknown; allowed: {', '.join(known)}")
        for key in required:
            if key not in self.data:
                raise FactError(f"{self.where}: {key} is missing; needed: {', '.join(required)}")

    def text(self, key: str, pattern: re.Pattern[str] = re.compile(r"(?s)\S.*"), allowed: str = "some text") -> str:
        value = self.data.get(key)
        if not isinstance(value, str) or not pattern.fullmatch(value):
            raise FactError(f"{self.where}: {key} is {value!r}; allowed: {allowed}")
        return value

    def choice(self, key: str, allowed: tuple[str, ...]) -> str:
        return self.text(key, re.compile("|".join(allowed)), ", ".join(allowed))

    def table(self, key: str) -> object:
        return self.data[key]

    def tables(self, key: str) -> list[Any]:
        value = self.data[key]
        if not isinstance(value, list):
            raise FactError(f"{self.where}: {key} is {value!r}; allowed: tables headed [[{key}]]")
        return value

    def names(self, key: str) -> list[str]:
        value = self.data.get(key, [])
        if not isinstance(value, list) or not all(isinstance(name, str) for name in value):
            raise FactError(f"{self.where}: {key} is {value!r}; allowed: a list of file names")
        return value

    def reasons(self, key: str, sides: frozenset[Side]) -> Mapping[Side, str]:
        reader = _Reader(f"{self.where}, {key}", self.data.get(key, {}))
        reader.keys(required=(), optional=tuple(sorted(sides)))
        return MappingProxyType({side: reader.text(side) for side in sorted(sides) if side in reader.data})

    def variables(self, known: Iterable[str] | None = None) -> dict[str, str]:
        for name in self.data:
            if not _VARIABLE.fullmatch(name):
                raise FactError(f"{self.where}: {name!r} is no variable; allowed: A-Z, 0-9 and _")
            if known is not None and name not in known:
                raise FactError(f"{self.where}: {name} is not in environment; allowed: {', '.join(known)}")
        return {name: self.text(name) for name in self.data}


def _nearest(word: str, known: Iterable[str]) -> str:
    close = difflib.get_close_matches(word, list(known), n=1)
    return f"; did you mean {close[0]!r}?" if close else ""
