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
from soundstage_cli.generate.option_types import OptionType, option_type

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from soundstage._values.profile import VendorProfile

_CLIENT_PARAMETERS: Final = {"self", "base_url", "http", "clock", "poll", "retry", "timeout", "on_event"}
"""Parameters of every client that are no matter of a vendor's."""
_POSITIONAL: Final = ("prompt", "text")
"""Parameters that are given without naming them, the first that there is."""
_SECTION: Final = re.compile(r"^(?P<name>Args|Returns|Raises|Facts): ?(?P<rest>.*)$")
_ARGUMENT: Final = re.compile(r"^ {4}(?P<name>\w+): (?P<text>.*)$")
_AS_FOR: Final = re.compile(r"As (?:for|in) `(?P<method>\w+)`")


@dataclass(frozen=True, slots=True)
class Option:
    """One parameter of a method.

    Attributes:
        name: Its name in Python.
        type: What it takes.
        default: What it is when it is not given; `inspect.Parameter.empty` where it must be.
        help: What the method's docstring says of it.
    """

    name: str
    type: OptionType
    default: Any
    help: str

    @property
    def flag(self) -> str:
        """Its name on the command line, without the dashes."""
        return self.name.strip("_").replace("_", "-")

    @property
    def required(self) -> bool:
        """Whether it must be given."""
        return self.default is inspect.Parameter.empty and not self.type.optional

    @property
    def defaults_to_none(self) -> bool:
        """Whether it is None where it is not given, and the method needs None to be passed."""
        return self.default is inspect.Parameter.empty and self.type.optional


@dataclass(frozen=True, slots=True)
class Capability:
    """One thing that a vendor can do.

    Attributes:
        method: The client's method.
        api_name: The vendor's own name for it, where that differs.
        description: What it does, a paragraph.
        options: Its parameters, in the order of the method.
        facts: The keys of the facts that say so.
        opens_account: Whether it is a class method that needs no credentials, as one that opens an account.
    """

    method: str
    api_name: str | None
    description: str
    options: tuple[Option, ...]
    facts: tuple[str, ...]
    opens_account: bool = False

    @property
    def name(self) -> str:
        """What it is called in lists: the vendor's own name, or the method's."""
        return self.api_name or self.method

    @property
    def summary(self) -> str:
        """The first sentence of what it does."""
        return re.split(r"(?<=[.;])\s", self.description, maxsplit=1)[0].rstrip(".;")

    @property
    def positional(self) -> Option | None:
        """The option that is given without its name: the prompt, or else the first that must be given."""
        named = {option.name: option for option in self.options}
        preferred = next((named[name] for name in _POSITIONAL if name in named), None)
        return preferred or next((option for option in self.options if option.required), None)


@dataclass(frozen=True, slots=True)
class Vendor:
    """One vendor, as its client has it.

    Attributes:
        profile: What it declares.
        client: Its blocking client.
        capabilities: What it can do, in the order of its methods.
        options: What its client takes beside credentials and address.
        parameters: The names of all arguments of its client.
    """

    profile: VendorProfile
    client: type[Any]
    capabilities: tuple[Capability, ...]
    options: tuple[Option, ...]
    parameters: frozenset[str]

    @property
    def slug(self) -> str:
        """Its name on the command line."""
        return self.profile.slug

    def find(self, name: str) -> Capability | None:
        """Return the capability that *name* means: a method, with dashes or not, or the vendor's own name."""
        for of in (str, _normalized):
            for capability in self.capabilities:
                if of(name) in {of(capability.method), of(capability.name)}:
                    return capability
        return None


def _normalized(name: str) -> str:
    return re.sub(r"[\W_]+", "", name.casefold())


def load_profile(slug: str) -> VendorProfile:
    """Return what the client of *slug*, which is in the registry, declares."""
    profile: VendorProfile = import_module(VENDORS[slug].module).PROFILE
    return profile


@cache
def load_vendor(slug: str) -> Vendor:
    """Read the client of *slug*, which is in the registry."""
    entry = VENDORS[slug]
    client, profile = getattr(import_module(entry.module), entry.client), load_profile(slug)
    names = {method: name for name, method in profile.api_names.items()}
    scope = _AnnotationScope(entry.module)
    methods = dict(_methods(client))
    texts = {name: _Docstring(inspect.getdoc(method) or "") for name, method in methods.items()}
    capabilities = tuple(
        Capability(
            method=name,
            api_name=names.get(name),
            description=texts[name].description,
            options=tuple(_options(method, scope, partial(_option_help, texts, name))),
            facts=tuple(_facts(slug, texts[name].sections.get("Facts", ""))),
            opens_account=isinstance(inspect.getattr_static(client, name), classmethod),
        )
        for name, method in methods.items()
    )
    help_of = _Docstring(inspect.getdoc(client.__init__) or "").arguments
    own = (option for option in _options(client.__init__, scope, lambda name: help_of.get(name, "")))
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


def _options(method: Callable[..., Any], scope: _AnnotationScope, help_of: Callable[[str], str]) -> Iterator[Option]:
    globalns = getattr(inspect.unwrap(method), "__globals__", {})
    for name, parameter in inspect.signature(method).parameters.items():
        if name not in _CLIENT_PARAMETERS:
            type_ = option_type(scope.resolve(parameter.annotation, globalns))
            yield Option(name, type_, parameter.default, help_of(name))


class _Docstring:
    """A docstring, taken apart: what the method does, what its arguments are, and the other sections."""

    def __init__(self, text: str) -> None:
        self.arguments: dict[str, str] = {}
        self.sections: dict[str, str] = {}
        self.description = ""
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
            elif line.strip() or not self.description:
                self.description = f"{self.description} {line.strip()}".strip()
            else:
                section = "more"
        self.arguments.pop("", None)


def _option_help(texts: Mapping[str, _Docstring], method: str, option: str) -> str:
    """What *method*'s docstring says of *option*; where it points to another method, or is silent, what that says."""
    text = texts[method].arguments.get(option, "")
    if pointer := _AS_FOR.match(text):
        return texts[pointer["method"]].arguments.get(option, text) if pointer["method"] in texts else text
    elsewhere = (text.arguments[option] for text in texts.values() if option in text.arguments)
    return text or next(elsewhere, f"The {option.replace('_', ' ')}.")


def _facts(slug: str, listed: str) -> Iterator[str]:
    """The keys in a line such as ``tomoviee:text2video.params, video.common.``."""
    for word in filter(None, re.split(r"[,\s]+", listed.rstrip("."))):
        yield word if ":" in word else f"{slug}:{word}"


class _AnnotationScope(Mapping[str, Any]):
    """Every name that a vendor's annotations may use, those that are imported for type checkers alone among them."""

    def __init__(self, module: str) -> None:
        self._places = ("soundstage", module, "typing", "collections.abc", "os", "pathlib")
        self._package = module

    def resolve(self, annotation: object, globalns: dict[str, Any]) -> Any:
        """Return what *annotation* means; `Any` where that cannot be known."""
        if not isinstance(annotation, str):
            return Any if annotation is inspect.Parameter.empty else annotation
        holder = SimpleNamespace(__annotations__={"it": annotation})
        try:
            return typing.get_type_hints(holder, globalns=globalns, localns=self)["it"]
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
