"""`Vendor`: what a plug-in declares, as names that are resolved when they are needed; version 1 of the interface."""

from __future__ import annotations

import re
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Final, Self

if TYPE_CHECKING:
    from collections.abc import Mapping

API: Final = 1
"""The version of the interface. A release with a new one names plug-ins that ask for the old one."""

RESERVED: Final = frozenset(
    {"docs", "redoc", "full_target", "real_hosts", "request", "soundstage", "soundstage_session", "target"}
)
"""No slugs: pages of the simulator, and fixtures of the pytest plugin."""

_SLUG: Final = re.compile(r"[a-z][a-z0-9_]*")
_MODULE: Final = r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)*"
_OBJECT: Final = (re.compile(rf"{_MODULE}:[A-Za-z_]\w*"), 'text such as "package.module:NAME"')
_PACKAGE: Final = (re.compile(_MODULE), 'text such as "package.module"')
_RESOURCE: Final = (
    re.compile(rf"{_MODULE}:(?!\.\.?(/|$))[^/:\\]+(/(?!\.\.?(/|$))[^/:\\]+)*"),
    'text such as "package:folder/file", relative to the package',
)
_TEXT: Final = (re.compile(r"\S(.*\S)?"), "a line of text")
_KINDS: Final[Mapping[str, tuple[re.Pattern[str], str]]] = {
    "title": _TEXT,
    "client": _OBJECT,
    "async_client": _OBJECT,
    "facts": _RESOURCE,
    "profile": _OBJECT,
    "service": _OBJECT,
    "contract": _OBJECT,
    "demo": _OBJECT,
    "terms": _PACKAGE,
    "suite": _PACKAGE,
    "shown": _RESOURCE,
    "record": _RESOURCE,
    "transcripts": _RESOURCE,
    "mistakes": _RESOURCE,
    "docs": _TEXT,
}


class VendorError(ValueError):
    """A vendor cannot be used; the text names the plug-in, the field and what is wrong with it."""


class UnknownVendorError(VendorError):
    """No installed vendor has this slug; the text lists the known ones."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Vendor:
    """A vendor, as its plug-in declares it: the parts by name, so that nothing is imported before it is needed.

    Attributes:
        api: The version of this interface that the plug-in is written for, the number and not `API`.
        slug: The short name in commands, addresses, fixtures and facts, the same as that of the entry point: a-z, 0-9
            and _, a letter first.
        title: The name that people read.
        client: The sync client's class, as ``package.module:NAME``.
        async_client: The async client's class.
        facts: The fact file, as ``package:path``; it also has the variables of `soundstage env`.
        profile: The client's `VendorProfile`; by default ``PROFILE`` in the client's module.
        service: The simulator's service class.
        contract: The `VendorContract`.
        demo: The `DemoCall` tuple of `soundstage demo`; by default ``DEMO`` in the contract's module.
        terms: The module of the `Terms` for laws and failure matrix; by default the contract's module.
        suite: The package of ``test_*.py`` that bind the laws and prove the facts.
        shown: The record of which mistakes have shown which facts to fail; by default beside the fact file.
        record: The record of third-party programs and of the failure matrix; by default beside the fact file.
        transcripts: The folder of documented exchanges.
        mistakes: The file of planted mistakes.
        docs: The page for users: an address or a path.

    Raises:
        VendorError: *api* is another version, or a field is unknown or has a value that is not allowed.
    """

    api: int
    slug: str
    title: str
    client: str
    async_client: str
    facts: str
    profile: str | None = None
    service: str | None = None
    contract: str | None = None
    demo: str | None = None
    terms: str | None = None
    suite: str | None = None
    shown: str | None = None
    record: str | None = None
    transcripts: str | None = None
    mistakes: str | None = None
    docs: str | None = None

    if not TYPE_CHECKING:  # type checkers read the fields

        def __new__(cls, *_: object, **given: object) -> Self:
            """Check the version first: another one may have other fields."""
            check_api(given.get("api"))
            known = [each.name for each in fields(cls)]
            for name in given:
                if name not in known:
                    raise VendorError(f"{name} is no field of a Vendor; allowed: {', '.join(known)}")
            return object.__new__(cls)

    @classmethod
    def in_package(cls, package: str, *, api: int, slug: str, title: str, client: str, docs: str) -> Self:
        """Return a vendor whose package has every part under its usual name.

        The names are those that `soundstage new-vendor` writes: modules ``client`` (with *client*, and the same with
        ``Async`` before it), ``simulator`` (SERVICE) and ``contract`` (CONTRACT), folders ``suite``, ``transcripts``,
        ``mistakes``, and the fact file called after *slug*.
        """
        return cls(
            api=api,
            slug=slug,
            title=title,
            client=f"{package}.client:{client}",
            async_client=f"{package}.client:Async{client}",
            facts=f"{package}:{slug}.toml",
            service=f"{package}.simulator:SERVICE",
            contract=f"{package}.contract:CONTRACT",
            suite=f"{package}.suite",
            transcripts=f"{package}:transcripts",
            mistakes=f"{package}:mistakes/{slug}.py",
            docs=docs,
        )

    def __post_init__(self) -> None:
        """Derive the fields that are left out, and check all."""
        check_slug(self.slug)
        for name, (pattern, allowed) in _KINDS.items():
            value = getattr(self, name)
            required = name in {"title", "client", "async_client", "facts"}
            if (required or value is not None) and not (isinstance(value, str) and pattern.fullmatch(value)):
                raise VendorError(f"{name} is {value!r}; allowed: {allowed}")
        self._derive("profile", f"{self.client.partition(':')[0]}:PROFILE")
        self._derive("shown", f"{self.facts.removesuffix('.toml')}_shown.json")
        self._derive("record", f"{self.facts.removesuffix('.toml')}_record.json")
        if self.contract is not None:
            module = self.contract.partition(":")[0]
            self._derive("demo", f"{module}:DEMO")
            self._derive("terms", module)

    def _derive(self, name: str, value: str) -> None:
        if getattr(self, name) is None:
            object.__setattr__(self, name, value)


def check_api(version: object) -> None:
    """Check the version of the interface that a plug-in asks for.

    Raises:
        VendorError: This release has another one.
    """
    if version != API or isinstance(version, bool):
        hint = "install a release of soundstage that has it, or another release of the plug-in"
        raise VendorError(f"api is {version!r}; this release has version {API} of the vendor interface: {hint}")


def check_slug(slug: object) -> None:
    """Check the slug of a vendor.

    Raises:
        VendorError: It is no slug, or it means something else.
    """
    if not isinstance(slug, str) or not _SLUG.fullmatch(slug):
        raise VendorError(f"slug is {slug!r}; allowed: a-z, 0-9 and _, a letter first")
    if slug in RESERVED or slug.startswith("async_"):
        raise VendorError(f"slug is {slug!r}, which is the name of something else; allowed: another one")
