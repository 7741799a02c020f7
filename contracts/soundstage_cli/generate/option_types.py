"""Derives an option's type from a parameter's annotation: the allowed texts, and the value of each."""

from __future__ import annotations

import collections.abc
import json
import re
import types
import typing
from dataclasses import dataclass, field, fields, is_dataclass
from enum import Enum
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Literal

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

_LISTS: Final = (list, tuple, set, frozenset, collections.abc.Sequence, collections.abc.Iterable)
_PATHS: Final = (Path, PathLike, bytes)
_URL_PREFIXES: Final = ("http://", "https://", "gs://", "data:")


@dataclass(frozen=True, slots=True)
class OptionType:
    """The values that one option accepts.

    Attributes:
        choices: For each text of a fixed list, its value.
        shown: The choices that help and completion show, one for each value.
        types: The types of other values, tried in this order: int, float, dict, Path, str.
        is_switch: Whether it takes no value, and ``--no-`` negates it.
        repeatable: Whether it may be given several times.
        keys: The known members of a JSON object.
        factory: The class to make from a JSON object.
        optional: Whether None is allowed.
        allows_url: Whether a URL may take the place of a file path.
    """

    choices: Mapping[str, Any] = field(default_factory=dict)
    shown: tuple[str, ...] = ()
    types: tuple[type, ...] = ()
    is_switch: bool = False
    repeatable: bool = False
    keys: tuple[str, ...] = ()
    factory: type | None = None
    optional: bool = False
    allows_url: bool = False

    @property
    def allowed(self) -> str:
        """The allowed values, for a message."""
        names = {
            int: "a whole number",
            float: "a number",
            dict: "JSON or @FILE.json",
            Path: "a path",
            str: "any text",
        }
        return ", ".join((*self.shown, *(names[one] for one in self.types)))

    @property
    def metavar(self) -> str | None:
        """The placeholder in a usage line; None for the option's own name."""
        if len(self.types) == 1 and not self.shown:
            return {int: "N", float: "X", dict: "JSON", Path: "PATH", str: None}[self.types[0]]
        return ("PATH|URL" if self.allows_url else "PATH") if Path in self.types else None

    def parse(self, text: str) -> Any:
        """Parse *text*.

        Raises:
            ValueError: It is not allowed; the message is the list of allowed values.
        """
        # The exact text comes first: choices may differ only in case.
        for known in (text, text.casefold().replace("_", "-")):
            if known in self.choices:
                return self.choices[known]
        if dict in self.types and text.startswith(("{", "[", "@")):
            return self._object(text)
        for one in self.types:
            try:
                return self._as(one, text)
            except (ValueError, OSError):
                continue
        raise ValueError(self.allowed)

    @staticmethod
    def _as(one: type, text: str) -> Any:
        if one is dict:  # JSON was recognized by its first character before
            raise ValueError(text)
        if one is Path:
            if text.startswith(_URL_PREFIXES):  # the next type, str, takes it
                raise ValueError(text)
            return Path(text)
        return one(text)

    def _object(self, text: str) -> Any:
        """Parse JSON, or the JSON file that ``@FILE`` names."""
        try:
            value = json.loads(Path(text[1:]).read_text(encoding="utf-8") if text.startswith("@") else text)
        except (OSError, ValueError) as error:
            raise ValueError(f"JSON, or @FILE.json ({error})") from None
        return value if self.factory is None else _build(self.factory, value)


def option_type(annotation: Any) -> OptionType:
    """Return the type of an option for a parameter with the resolved *annotation*; Any becomes text or JSON."""
    parts = list(_parts(annotation))
    optional = type(None) in typing.get_args(annotation)
    if bool in parts:
        return OptionType(is_switch=True, optional=optional)
    elements = [element for part in parts if _is_list(part) for element in _elements(part)]
    scalars = [part for part in parts if not _is_list(part)]
    several = list(_flat([*scalars, *elements]))
    choices, shown = _choices(several)
    factory = next((part for part in several if isinstance(part, type) and is_dataclass(part)), None)
    keys = next((keys for part in several if (keys := _keys(part))), ())
    return OptionType(
        choices,
        shown,
        _plain(several),
        repeatable=bool(elements),
        keys=keys,
        factory=factory,
        optional=optional,
        allows_url=bytes in several,
    )


def _parts(annotation: Any) -> Iterator[Any]:
    """Yield the members of a union, without None."""
    origin = typing.get_origin(annotation)
    if origin in {typing.Union, types.UnionType}:
        for one in typing.get_args(annotation):
            yield from _parts(one)
    elif origin is typing.Annotated or origin in {typing.Required, typing.NotRequired}:
        yield from _parts(typing.get_args(annotation)[0])
    elif annotation not in {None, type(None)}:
        yield annotation


def _flat(annotations: Iterable[Any]) -> Iterator[Any]:
    for one in annotations:
        yield from _parts(one)


def _is_list(annotation: Any) -> bool:
    return annotation in _LISTS or typing.get_origin(annotation) in _LISTS


def _elements(annotation: Any) -> Iterator[Any]:
    yield from (one for one in typing.get_args(annotation) or (str,) if one is not Ellipsis)


def _choices(parts: Iterable[Any]) -> tuple[dict[str, Any], tuple[str, ...]]:
    """Return every choice of the literals and enumerations among *parts*, and those to show: one for each value."""
    choices: dict[str, Any] = {}
    shown: list[str] = []
    for part in parts:
        if typing.get_origin(part) is Literal:
            shown += _shown(typing.get_args(part))
            # Reversed, so that of two values with the same text, such as "5" and 5, the first is used.
            choices = {str(value): value for value in reversed(typing.get_args(part))} | choices
        elif isinstance(part, type) and issubclass(part, Enum):
            named = {one.name.casefold().replace("_", "-"): one for one in part}
            valued = {str(one.value): one for one in part}
            choices |= named | valued | {value.casefold(): one for value, one in valued.items()}
            # A member's name explains more than a number does.
            shown += named if any(value.isdigit() for value in valued) else valued
    return choices, tuple(_first_of_each(choices, shown))


def _shown(values: tuple[Any, ...]) -> Iterator[str]:
    """Return the choices of a literal without numbers that repeat one of its texts, such as 5 beside "5s"."""
    texts = {re.sub(r"\D", "", value) for value in values if isinstance(value, str)}
    return (str(value) for value in values if isinstance(value, str) or str(value) not in texts)


def _first_of_each(choices: Mapping[str, Any], shown: Iterable[str]) -> Iterator[str]:
    """Yield the first choice for each value."""
    values: list[Any] = []
    for choice in shown:
        if choices[choice] not in values:
            values.append(choices[choice])
            yield choice


def _plain(parts: Iterable[Any]) -> tuple[type, ...]:
    found = {one for part in parts for one in _plain_types(part)}
    return tuple(one for one in (int, float, dict, Path, str) if one in found)


def _plain_types(part: Any) -> tuple[type, ...]:
    """Return the types of values that *part* allows beside its choices."""
    origin = typing.get_origin(part) or part
    if origin in {Literal, collections.abc.Callable} or (isinstance(origin, type) and issubclass(origin, Enum)):
        return ()
    if origin in {Any, object}:
        return dict, str
    if origin in {int, float, str}:
        return (origin,)
    return (Path,) if origin in _PATHS else (dict,)


def _keys(part: Any) -> tuple[str, ...]:
    if isinstance(part, type) and is_dataclass(part):
        return tuple(one.name for one in fields(part))
    return tuple(part.__annotations__) if typing.is_typeddict(part) else ()


def _build(cls: Any, value: Any) -> Any:
    """Make an instance of the dataclass *cls* from the JSON object *value*.

    Raises:
        ValueError: It has unknown or missing members, or values that are not allowed.
    """
    if not isinstance(value, dict) or not set(value) <= set(_keys(cls)):
        raise ValueError(f"a JSON object with {', '.join(_keys(cls))}")
    try:
        return cls(**value)
    except TypeError:
        raise ValueError(f"a JSON object with {', '.join(_keys(cls))}; a required one is missing") from None
