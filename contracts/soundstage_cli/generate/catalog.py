"""The table that `soundstage generate` is made from: every vendor's capabilities and their options.

Nothing is written down here: a vendor's client says what it can do, by the signatures and docstrings of its methods.
"""

from __future__ import annotations

import inspect
import pkgutil
import re
import sys
import typing
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache, partial
from importlib import import_module
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, Final

from soundstage._client.client import SyncClient
from soundstage._registry import VENDORS
from soundstage_cli.generate.option_types import Kind, kind_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from soundstage._values.profile import VendorProfile

_PLUMBING: Final = {"self", "base_url", "http", "clock", "poll", "retry", "timeout", "on_event"}
"""Parameters of every client that are no matter of a vendor's."""
_WORDS: Final = ("prompt", "text")
"""Parameters that are given without naming them, the first that there is."""
_SECTION: Final = re.compile(r"^(?P<name>Args|Returns|Raises|Facts): ?(?P<rest>.*)$")
_ARGUMENT: Final = re.compile(r"^ {4}(?P<name>\w+): (?P<text>.*)$")
_AS_FOR: Final = re.compile(r"As (?:for|in) `(?P<method>\w+)`")


@dataclass(frozen=True, slots=True)
class Option:
    """One parameter of a method.

    Attributes:
        name: Its name in Python.
        kind: What it takes.
        default: What it is when it is not given; `inspect.Parameter.empty` where it must be.
        help: What the method's docstring says of it.
    """

    name: str
    kind: Kind
    default: Any
    help: str

    @property
    def word(self) -> str:
        """Its name on the command line, without the dashes."""
        return self.name.strip("_").replace("_", "-")

    @property
    def required(self) -> bool:
        """Whether it must be given."""
        return self.default is inspect.Parameter.empty and not self.kind.optional

    @property
    def nothing(self) -> bool:
        """Whether it is None where it is not given, and the method asks for that to be said."""
        return self.default is inspect.Parameter.empty and self.kind.optional


@dataclass(frozen=True, slots=True)
class Capability:
    """One thing that a vendor can do.

    Attributes:
        method: The client's method.
        api_name: The vendor's own name for it, where that differs.
        about: What it does, a paragraph.
        options: Its parameters, in the order of the method.
        facts: The keys of the facts that say so.
        opens: Whether it is called on the client's class, as what opens an account is, and needs no credentials.
    """

    method: str
    api_name: str | None
    about: str
    options: tuple[Option, ...]
    facts: tuple[str, ...]
    opens: bool = False

    @property
    def name(self) -> str:
        """What it is called in lists: the vendor's own name, or the method's."""
        return self.api_name or self.method

    @property
    def sentence(self) -> str:
        """The first sentence of what it does."""
        return re.split(r"(?<=[.;])\s", self.about, maxsplit=1)[0].rstrip(".;")

    @property
    def words(self) -> Option | None:
        """The option that is given without its name: the prompt, or else the first that must be given."""
        named = {option.name: option for option in self.options}
        spoken = next((named[name] for name in _WORDS if name in named), None)
        return spoken or next((option for option in self.options if option.required), None)


@dataclass(frozen=True, slots=True)
class Vendor:
    """One vendor, as its client has it.

    Attributes:
        profile: What it declares.
        client: Its blocking client.
        capabilities: What it can do, in the order of its methods.
        options: What its client can be told beside credentials and address.
        takes: The names of all arguments of its client.
    """

    profile: VendorProfile
    client: type[Any]
    capabilities: tuple[Capability, ...]
    options: tuple[Option, ...]
    takes: frozenset[str]

    @property
    def slug(self) -> str:
        """Its name on the command line."""
        return self.profile.slug

    def find(self, name: str) -> Capability | None:
        """Return the capability that *name* means: a method, with dashes or not, or the vendor's own name."""
        for of in (str, _plainly):
            for capability in self.capabilities:
                if of(name) in {of(capability.method), of(capability.name)}:
                    return capability
        return None


def _plainly(name: str) -> str:
    return re.sub(r"[\W_]+", "", name.casefold())


def profile_of(slug: str) -> VendorProfile:
    """Return what the client of *slug*, which is in the registry, declares."""
    profile: VendorProfile = import_module(VENDORS[slug].module).PROFILE
    return profile


@cache
def vendor_of(slug: str) -> Vendor:
    """Read the client of *slug*, which is in the registry."""
    entry = VENDORS[slug]
    client, profile = getattr(import_module(entry.module), entry.client), profile_of(slug)
    names = {method: name for name, method in profile.api_names.items()}
    scope = _Scope(entry.module)
    methods = dict(_methods(client))
    texts = {name: _Text(inspect.getdoc(method) or "") for name, method in methods.items()}
    capabilities = tuple(
        Capability(
            method=name,
            api_name=names.get(name),
            about=texts[name].about,
            options=tuple(_options(method, scope, partial(_told, texts, name))),
            facts=tuple(_facts(slug, texts[name].sections.get("Facts", ""))),
            opens=isinstance(inspect.getattr_static(client, name), classmethod),
        )
        for name, method in methods.items()
    )
    told = _Text(inspect.getdoc(client.__init__) or "").arguments
    own = (option for option in _options(client.__init__, scope, lambda name: told.get(name, "")))
    options = tuple(option for option in own if option.name not in profile.credentials)
    return Vendor(profile, client, capabilities, options, frozenset(inspect.signature(client).parameters))


def _methods(client: type) -> Iterator[tuple[str, Callable[..., Any]]]:
    """The client's own public methods, in the order in which they are written, that take named arguments alone."""
    shared = set(dir(SyncClient))
    for owner in reversed(client.__mro__):
        for name in vars(owner):
            method = getattr(client, name)
            if not name.startswith("_") and name not in shared and callable(method) and _is_plain(method):
                shared.add(name)
                yield name, method


def _is_plain(method: Callable[..., Any]) -> bool:
    kinds = {parameter.kind for parameter in inspect.signature(method).parameters.values()}
    return kinds.isdisjoint({inspect.Parameter.VAR_KEYWORD, inspect.Parameter.VAR_POSITIONAL})


def _options(method: Callable[..., Any], scope: _Scope, told: Callable[[str], str]) -> Iterator[Option]:
    globalns = getattr(inspect.unwrap(method), "__globals__", {})
    for name, parameter in inspect.signature(method).parameters.items():
        if name not in _PLUMBING:
            kind = kind_of(scope.resolved(parameter.annotation, globalns))
            yield Option(name, kind, parameter.default, told(name))


class _Text:
    """A docstring, taken apart: what the method does, what its arguments are, and the other sections."""

    def __init__(self, text: str) -> None:
        self.arguments: dict[str, str] = {}
        self.sections: dict[str, str] = {}
        self.about = ""
        section, name = "", ""
        for line in text.splitlines():
            if found := _SECTION.match(line):
                section, line = found["name"], found["rest"]  # noqa: PLW2901 - the heading is no part of its section
            if section == "Args":
                if argument := _ARGUMENT.match(line):
                    name, line = argument["name"], argument["text"]  # noqa: PLW2901 - likewise
                self.arguments[name] = f"{self.arguments.get(name, '')} {line.strip()}".strip()
            elif section:
                self.sections[section] = f"{self.sections.get(section, '')} {line.strip()}".strip()
            elif line.strip() or not self.about:
                self.about = f"{self.about} {line.strip()}".strip()
            else:
                section = "more"
        self.arguments.pop("", None)


def _told(texts: Mapping[str, _Text], method: str, option: str) -> str:
    """What *method*'s docstring says of *option*; where it points to another method, or is silent, what that says."""
    said = texts[method].arguments.get(option, "")
    if pointer := _AS_FOR.match(said):
        return texts[pointer["method"]].arguments.get(option, said) if pointer["method"] in texts else said
    elsewhere = (text.arguments[option] for text in texts.values() if option in text.arguments)
    return said or next(elsewhere, f"The {option.replace('_', ' ')}.")


def _facts(slug: str, listed: str) -> Iterator[str]:
    """The keys in a line such as ``tomoviee:text2video.params, video.common.``."""
    for word in filter(None, re.split(r"[,\s]+", listed.rstrip("."))):
        yield word if ":" in word else f"{slug}:{word}"


class _Scope(Mapping[str, Any]):
    """Every name that a vendor's annotations may use, those that are imported for type checkers alone among them."""

    def __init__(self, module: str) -> None:
        self._places = ("soundstage", module, "typing", "collections.abc", "os", "pathlib")
        self._package = module

    def resolved(self, annotation: object, globalns: dict[str, Any]) -> Any:
        """Return what *annotation* means; `Any` where that cannot be told."""
        if not isinstance(annotation, str):
            return Any if annotation is inspect.Parameter.empty else annotation
        spoken = SimpleNamespace(__annotations__={"it": annotation})
        try:
            return typing.get_type_hints(spoken, globalns=globalns, localns=self)["it"]
        except (NameError, TypeError):
            return Any

    def __getitem__(self, name: str) -> Any:
        for place in (*_modules(self._package), *map(import_module, self._places)):
            if name in vars(place):
                return vars(place)[name]
        raise KeyError(name)

    def __iter__(self) -> Iterator[str]:
        return iter(())

    def __len__(self) -> int:
        return 0


@cache
def _modules(package: str) -> tuple[Any, ...]:
    """The vendor's modules, and the library's own that they stand on."""
    home = import_module(package)
    below: Iterable[Any] = pkgutil.iter_modules(getattr(home, "__path__", ()), f"{package}.")
    own = [home, *(import_module(found.name) for found in below)]
    return (*own, *(module for name, module in list(sys.modules.items()) if name.startswith("soundstage._")))
