"""Turns a parameter's annotation into an option's kind: which words it takes, and what value each of them is."""

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
    """What one option takes.

    Attributes:
        choices: Each word of a fixed list, as it is typed, and the value it is.
        shown: The words that help and completion show, one for each value.
        types: The plain types that other words may be of, tried in this order: int, float, dict, Path, str.
        is_switch: Whether it is given without a word, or refused with ``--no-``.
        repeatable: Whether it may be given several times.
        keys: The members of an object that is given as JSON, where they are known.
        factory: What an object that was given as JSON becomes.
        optional: Whether nothing, None, may stand in its place.
        allows_url: Whether a file may be named by a web address, too.
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
        """What may be typed, for a message."""
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
        """What stands for the value in a usage line; None for the option's own name."""
        if len(self.types) == 1 and not self.shown:
            return {int: "N", float: "X", dict: "JSON", Path: "PATH", str: None}[self.types[0]]
        return ("PATH|URL" if self.allows_url else "PATH") if Path in self.types else None

    def read(self, text: str) -> Any:
        """Return the value that *text* is.

        Raises:
            ValueError: It is none; the message says what is allowed.
        """
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
        if one is dict:
            raise ValueError(text)
        if one is Path:
            if text.startswith(_URL_PREFIXES):
                raise ValueError(text)
            return Path(text)
        return one(text)

    def _object(self, text: str) -> Any:
        """Read JSON, or the JSON in a file."""
        try:
            value = json.loads(Path(text[1:]).read_text(encoding="utf-8") if text.startswith("@") else text)
        except (OSError, ValueError) as error:
            raise ValueError(f"JSON, or @FILE.json ({error})") from None
        return value if self.factory is None else _build(self.factory, value)


def option_type(annotation: Any) -> OptionType:
    """Return the kind of a parameter with *annotation*, resolved; what is unknown is text or JSON."""
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
    """The alternatives of a union, without None."""
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
    """Every word of the literals and enumerations among *parts*, and those to show: one for each value."""
    words: dict[str, Any] = {}
    shown: list[str] = []
    for part in parts:
        if typing.get_origin(part) is Literal:
            shown += _shown(typing.get_args(part))
            words = {str(value): value for value in reversed(typing.get_args(part))} | words
        elif isinstance(part, type) and issubclass(part, Enum):
            named = {one.name.casefold().replace("_", "-"): one for one in part}
            valued = {str(one.value): one for one in part}
            words |= named | valued | {value.casefold(): one for value, one in valued.items()}
            shown += named if any(value.isdigit() for value in valued) else valued
    return words, tuple(_once(words, shown))


def _shown(values: tuple[Any, ...]) -> Iterator[str]:
    """The words of a literal, without the numbers that stand for one of its texts, such as 5 beside "5s"."""
    texts = {re.sub(r"\D", "", value) for value in values if isinstance(value, str)}
    return (str(value) for value in values if isinstance(value, str) or str(value) not in texts)


def _once(words: Mapping[str, Any], shown: Iterable[str]) -> Iterator[str]:
    """One word for each value, the first."""
    values: list[Any] = []
    for word in shown:
        if words[word] not in values:
            values.append(words[word])
            yield word


def _plain(parts: Iterable[Any]) -> tuple[type, ...]:
    found = {one for part in parts for one in _plain_types(part)}
    return tuple(one for one in (int, float, dict, Path, str) if one in found)


def _plain_types(part: Any) -> tuple[type, ...]:
    """The plain types of words that are read as *part*; none where only its own words are."""
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
    """An instance of the dataclass *cls* from the object *value*.

    Raises:
        ValueError: It has other members, or they have values that are not allowed.
    """
    if not isinstance(value, dict) or not set(value) <= set(_keys(cls)):
        raise ValueError(f"a JSON object with {', '.join(_keys(cls))}")
    try:
        return cls(**value)
    except TypeError:
        raise ValueError(f"a JSON object with {', '.join(_keys(cls))}, and none of them missing") from None
