"""The catalog of `soundstage generate`: every vendor's capabilities and their options.

It is derived from the signatures and docstrings of the vendors' clients, so a new method needs no change here.
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

import soundstage_vendors
from soundstage._client.client import SyncClient
from soundstage_cli.errors import UsageError
from soundstage_cli.generate.option_types import OptionType, option_type
from soundstage_cli.parsers import suggestion
from soundstage_contracts.registry import describe_missing, vendors_with
from soundstage_vendors import UnknownVendorError, VendorError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from soundstage._values.profile import VendorProfile

_CLIENT_PARAMETERS: Final = {
    "self",
    "base_url",
    "http",
    "clock",
    "poll",
    "retry",
    "timeout",
    "on_event",
    "spend_limit",
    "store",
    "reuse",
}
"""Parameters that every client has; they are not options of a vendor."""
_POSITIONAL: Final = ("prompt", "text")
"""Names of parameters that may be given as the positional argument; the first one found is it."""
_SECTION: Final = re.compile(r"^(?P<name>Args|Returns|Raises|Facts): ?(?P<rest>.*)$")
_ARGUMENT: Final = re.compile(r"^ {4}(?P<name>\w+): (?P<text>.*)$")
_AS_FOR: Final = re.compile(r"As (?:for|in) `(?P<method>\w+)`")


@dataclass(frozen=True, slots=True)
class Option:
    """One parameter of a method.

    Attributes:
        name: Its name in Python.
        type: The values that it accepts.
        default: Its default; `inspect.Parameter.empty` if it has none.
        help: Its description in the method's docstring.
    """

    name: str
    type: OptionType
    default: Any
    help: str

    @property
    def flag(self) -> str:
        """Its name on the command line, without the leading dashes."""
        return self.name.strip("_").replace("_", "-")

    @property
    def required(self) -> bool:
        """Whether it is required."""
        return self.default is inspect.Parameter.empty and not self.type.optional

    @property
    def defaults_to_none(self) -> bool:
        """Whether the method must be passed None if the option is not given."""
        return self.default is inspect.Parameter.empty and self.type.optional


@dataclass(frozen=True, slots=True)
class Capability:
    """One capability of a vendor.

    Attributes:
        method: The name of the client's method.
        api_name: The vendor's own name for it, or None if that is the same.
        description: What it does, in one paragraph.
        options: Its parameters, in the order of the signature.
        facts: The keys of the facts that the docstring cites.
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
        """Its name in lists: the vendor's own name, or the method's."""
        return self.api_name or self.method

    @property
    def summary(self) -> str:
        """The first sentence of the description."""
        return re.split(r"(?<=[.;])\s", self.description, maxsplit=1)[0].rstrip(".;")

    @property
    def positional(self) -> Option | None:
        """The option that may be given as the positional argument: the prompt, or else the first required one."""
        named = {option.name: option for option in self.options}
        preferred = next((named[name] for name in _POSITIONAL if name in named), None)
        return preferred or next((option for option in self.options if option.required), None)


@dataclass(frozen=True, slots=True)
class Vendor:
    """One vendor, as its client declares it.

    Attributes:
        profile: Its profile.
        client: Its sync client class.
        capabilities: Its capabilities, in the order of the methods.
        options: The client's own parameters, without credentials and the common ones.
        parameters: The names of all parameters of its client.
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
        """Return the capability called *name*: a method, with dashes or underscores, or the vendor's own name."""
        for normalize in (str, _normalized):  # an exact match takes precedence
            for capability in self.capabilities:
                if normalize(name) in {normalize(capability.method), normalize(capability.name)}:
                    return capability
        return None


def _normalized(name: str) -> str:
    return re.sub(r"[\W_]+", "", name.casefold())


def vendors_with_client() -> tuple[str, ...]:
    """Return the vendors whose client exists: a new one is declared before its client is written."""
    return vendors_with("client")


def load_profile(slug: str) -> VendorProfile:
    """Return the profile of the client of *slug*.

    Raises:
        VendorError: There is no such vendor, or it is broken.
    """
    profile: VendorProfile = soundstage_vendors.load(slug, "profile")
    return profile


@cache
def load_vendor(slug: str) -> Vendor:
    """Inspect the client of *slug*.

    Raises:
        UsageError: There is no such vendor, it has no client yet, or it is broken; the text names what to do next.
    """
    try:
        if not soundstage_vendors.exists(slug, "client"):
            raise UsageError(describe_missing(slug))
        client, profile = soundstage_vendors.load(slug, "client"), load_profile(slug)
    except UnknownVendorError:
        known = soundstage_vendors.slugs()
        raise UsageError(f"unknown vendor {slug!r}{suggestion(slug, known)}; allowed: {', '.join(known)}") from None
    except VendorError as error:
        raise UsageError(str(error)) from None
    names = {method: name for name, method in profile.api_names.items()}
    scope = _AnnotationScope(client.__module__.rpartition(".")[0] or client.__module__)
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
    """The client's own public methods without ``*args`` or ``**kwargs``, in source order."""
    shared = set(dir(SyncClient))
    # Base classes come first, so that an overridden method keeps its place in the list.
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
    # The client's methods are wrappers; their annotations belong to the module of the wrapped function.
    globalns = getattr(inspect.unwrap(method), "__globals__", {})
    for name, parameter in inspect.signature(method).parameters.items():
        if name not in _CLIENT_PARAMETERS:
            type_ = option_type(scope.resolve(parameter.annotation, globalns))
            yield Option(name, type_, parameter.default, help_of(name))


class _Docstring:
    """A parsed docstring: the description, the arguments, and the other sections."""

    def __init__(self, text: str) -> None:
        self.arguments: dict[str, str] = {}
        self.sections: dict[str, str] = {}
        self.description = ""
        section, name = "", ""
        for line in text.splitlines():
            if found := _SECTION.match(line):
                section, line = found["name"], found["rest"]  # noqa: PLW2901 - the heading is not part of its section
            if section == "Args":
                if argument := _ARGUMENT.match(line):
                    name, line = argument["name"], argument["text"]  # noqa: PLW2901 - likewise
                self.arguments[name] = f"{self.arguments.get(name, '')} {line.strip()}".strip()
            elif section:
                self.sections[section] = f"{self.sections.get(section, '')} {line.strip()}".strip()
            elif line.strip() or not self.description:
                self.description = f"{self.description} {line.strip()}".strip()
            else:
                section = "more"  # a second paragraph is too long for the help
        self.arguments.pop("", None)  # lines before the first argument


def _option_help(texts: Mapping[str, _Docstring], method: str, option: str) -> str:
    """Return the description of *option* in *method*'s docstring, or in that of the method it refers to."""
    text = texts[method].arguments.get(option, "")
    if pointer := _AS_FOR.match(text):
        return texts[pointer["method"]].arguments.get(option, text) if pointer["method"] in texts else text
    # Vendors document a parameter that several methods share only once.
    elsewhere = (text.arguments[option] for text in texts.values() if option in text.arguments)
    return text or next(elsewhere, f"The {option.replace('_', ' ')}.")


def _facts(slug: str, listed: str) -> Iterator[str]:
    """Yield the keys in a line such as ``tomoviee:text2video.params, video.common.``."""
    for word in filter(None, re.split(r"[,\s]+", listed.rstrip("."))):
        yield word if ":" in word else f"{slug}:{word}"


class _AnnotationScope(Mapping[str, Any]):
    """Every name that a vendor's annotations may use.

    Names imported under ``TYPE_CHECKING`` do not exist in the module at run time, so they are looked up elsewhere.
    """

    def __init__(self, module: str) -> None:
        self._places = ("soundstage", module, "typing", "collections.abc", "os", "pathlib")
        self._package = module

    def resolve(self, annotation: object, globalns: dict[str, Any]) -> Any:
        """Return the type that *annotation* names, or `Any` if it cannot be resolved."""
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

    # The evaluation of an annotation only looks names up; Mapping requires the other two methods.
    def __iter__(self) -> Iterator[str]:
        return iter(())

    def __len__(self) -> int:
        return 0


@cache
def _modules(package: str) -> tuple[Any, ...]:
    """The modules of the vendor and the private modules of the library."""
    home = import_module(package)
    below: Iterable[Any] = pkgutil.iter_modules(getattr(home, "__path__", ()), f"{package}.")
    own = [home, *(import_module(found.name) for found in below)]
    return (*own, *(module for name, module in list(sys.modules.items()) if name.startswith("soundstage._")))
