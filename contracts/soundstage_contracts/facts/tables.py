"""Endpoint tables: files beside a fact file, in which every parameter of every endpoint is a fact.

A table is JSON: ``{"source": ..., "endpoints": [{"name", "model_code", "capability", "method", "path", "parameters",
"path_parameters"}]}``. A parameter has a name, a type, whether it is required, and any of the limits in `LIMITS`. Its
fact is called ``endpoint.<model_code>.<parameter>``.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from importlib import resources
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

LIMITS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "enum": "one of {}",
        "default": "{} by default",
        "max_length": "at most {} characters",
        "max_items": "at most {} of them",
        "formats": "files of {}",
        "max_megabytes": "at most {} MB",
        "min_pixels": "at least {} pixels",
        "max_pixels": "at most {} pixels",
        "min_aspect": "width to height at least {}",
        "max_aspect": "width to height at most {}",
        "min_fps": "at least {} frames a second",
        "max_fps": "at most {} frames a second",
        "min_seconds": "at least {} s",
        "max_seconds": "at most {} s",
        "note": "{}",
    }
)
"""The limits that a parameter may have, and the text of each in its fact."""

_PARAMETER: Final = ("name", "type", "required")
_ENDPOINT: Final = ("name", "model_code", "capability", "method", "path", "parameters", "path_parameters")


@dataclass(frozen=True, slots=True)
class Parameter:
    """One parameter of an endpoint.

    Attributes:
        name: Its name on the wire.
        type: Its type, as the document names it.
        required: Whether it is required.
        limits: Its limits, by the keys of `LIMITS`.
        in_path: Whether it is part of the path.
    """

    name: str
    type: str
    required: bool
    limits: Mapping[str, Any]
    in_path: bool = False

    @property
    def statement(self) -> str:
        """The statement of its fact, without the endpoint."""
        need = "required" if self.required else "optional"
        where = ", in the path" if self.in_path else ""
        parts = [f"{self.name} is {self.type}, {need}{where}"]
        parts += [words.format(_text(self.limits[key])) for key, words in LIMITS.items() if key in self.limits]
        return "; ".join(part.rstrip(".") for part in parts) + "."


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One endpoint of a table.

    Attributes:
        name: The vendor's exact name for it.
        code: The vendor's short name, which the facts' ids contain.
        capability: Its kind of work.
        method: The HTTP method.
        path: Its path.
        parameters: Its parameters.
    """

    name: str
    code: str
    capability: str
    method: str
    path: str
    parameters: tuple[Parameter, ...]

    def fact(self, parameter: str) -> str:
        """Return the id of the fact on the parameter of that name."""
        return f"endpoint.{self.code}.{parameter}"


@dataclass(frozen=True, slots=True)
class Table:
    """A whole table: its source, and its endpoints in the file's order."""

    source: str
    endpoints: tuple[Endpoint, ...]

    def statements(self) -> Iterator[tuple[str, str]]:
        """Return the id and the statement of every parameter's fact."""
        for endpoint in self.endpoints:
            for parameter in endpoint.parameters:
                statement = f"{endpoint.name} ({endpoint.method} {endpoint.path}): {parameter.statement}"
                yield endpoint.fact(parameter.name), statement


@cache
def load_table(file: str, folder: Path | None = None) -> Table:
    """Return the table that ships under the name *file*, in *folder*; by default that of this package's own fact files.

    Raises:
        ValueError: It breaks a rule.
    """
    places = resources.files("soundstage_contracts") / "facts" if folder is None else folder
    return parse_table((places / file).read_text(encoding="utf-8"))


def parse_table(text: str) -> Table:
    """Read one table's *text*.

    Raises:
        ValueError: It is not JSON, or a key is unknown or missing; the text names it.
    """
    data = _keyed(json.loads(text), "the table", ("source", "endpoints"))
    return Table(data["source"], tuple(map(_endpoint, data["endpoints"])))


def _endpoint(data: Any) -> Endpoint:
    row = _keyed(data, "an endpoint", _ENDPOINT)
    where = f"endpoint {row['name']!r}"
    inside = [_parameter(one, where) for one in row["parameters"]]
    before = [_parameter(one, where, in_path=True) for one in row["path_parameters"]]
    return Endpoint(row["name"], row["model_code"], row["capability"], row["method"], row["path"], (*before, *inside))


def _parameter(data: Any, where: str, *, in_path: bool = False) -> Parameter:
    row = _keyed(data, f"{where}, a parameter", _PARAMETER, tuple(LIMITS))
    limits = {key: value for key, value in row.items() if key not in _PARAMETER}
    return Parameter(row["name"], row["type"], row["required"], MappingProxyType(limits), in_path)


def _keyed(data: Any, where: str, required: tuple[str, ...], optional: tuple[str, ...] = ()) -> dict[str, Any]:
    if not isinstance(data, dict):
        raise ValueError(f"{where} is {data!r}; allowed: an object")  # noqa: TRY004 - a mistake in a file, not in a call
    known = (*required, *optional)
    for key in data:
        if key not in known:
            raise ValueError(f"{where}: {key} is unknown; allowed: {', '.join(known)}")
    for key in required:
        if key not in data:
            raise ValueError(f"{where}: {key} is missing; needed: {', '.join(required)}")
    return data


def _text(value: Any) -> str:
    if isinstance(value, list):
        return ", ".join(map(str, value))
    return f"{value:g}" if isinstance(value, float) else str(value)
