"""The rules of Media.io's parameters: bodies that are checked and translated whole before anything is sent.

Source: the pages of the API's endpoints; facts are cited by id. On the wire every value is a string: '5s', 'True', '4'
(values.are_strings); what is natural in Python, 5, True and 4, is taken beside them.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING, NoReturn, cast

from soundstage._values import validation

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Literal, TypeAlias

    from soundstage._values.messages import Flow
    from soundstage._values.state import Started

    Body: TypeAlias = dict[str, object]


@dataclass(frozen=True, slots=True)
class Parameter:
    """One parameter of an endpoint.

    Attributes:
        name: Its name, here and on the wire.
        required: Whether it must be given.
        choices: The strings that it may be, if they are counted.
        longest: How many characters it may have, if it is a text.
        most: How many addresses it may hold, if it is a list.
    """

    name: str
    required: bool = False
    choices: tuple[str, ...] = ()
    longest: int | None = None
    most: int | None = None


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One generation endpoint.

    Attributes:
        name: The vendor's exact name for it (names.unique).
        method: The method of a client that calls it.
        path: Its address.
        kind: What its results are.
        parameters: What it takes.
    """

    name: str
    method: str
    path: str
    kind: Literal["image", "video"]
    parameters: tuple[Parameter, ...]


class Starts(ABC):
    """What the methods of the endpoints stand on."""

    @abstractmethod
    def _start(self, method: str, given: Mapping[str, object]) -> Flow[Started]: ...


def body(endpoint: Endpoint, given: Mapping[str, object]) -> Body:
    """The parameters of a call, checked, as the wire has them (request.wrapper); what is None is left out.

    Raises:
        InvalidArgument: One is not allowed, or does not go with another.
    """
    checked = {one.name: _value(one, given[one.name]) for one in endpoint.parameters}
    filled = {name: value for name, value in checked.items() if value is not None}
    if endpoint.name == "Hailuo 2.3" and (filled["resolution"], filled["duration"]) == ("1080P", "10s"):
        validation.reject("resolution", "1080P", "768P where duration is 10s, as 1080P is for 6s alone")
    return filled


def _value(parameter: Parameter, value: object) -> object:
    name = parameter.name
    if parameter.choices:
        return _choice(parameter, value)
    if parameter.most is not None:
        return _addresses(name, value, parameter.most)
    if parameter.longest is None:
        return validation.web_address(name, value)
    if value is None and not parameter.required:
        return None
    return validation.text(name, value, longest=parameter.longest)


def _choice(parameter: Parameter, value: object) -> str:
    """The string for *value*, which may be what is natural in Python: 5 for '5s', True for 'True', 4 for '4'."""
    written = {value} if isinstance(value, str) else set[str]()
    if isinstance(value, int):
        written = {str(value)} if isinstance(value, bool) else {str(int(value)), f"{int(value)}s"}
    for choice in parameter.choices:
        if choice in written:
            return choice
    return _reject_choice(parameter, value)


def _reject_choice(parameter: Parameter, value: object) -> NoReturn:
    """Refuse *value* in the words of both: the vendor's strings, and what is natural in Python."""
    natural = [choice.removesuffix("s") for choice in parameter.choices if choice.removesuffix("s").isdigit()]
    allowed = "one of " + ", ".join(map(repr, parameter.choices))
    if natural:
        allowed += f", or the numbers {', '.join(natural)}"
    elif "True" in parameter.choices:
        allowed += ", or Python's own True and False"
    validation.reject(parameter.name, value, allowed)


def _addresses(name: str, value: object, most: int) -> list[str]:
    """A list of addresses; a bare address is none (images.array)."""
    allowed = f"a list of 1 to {most} http:// or https:// addresses"
    if not isinstance(value, (list, tuple)):
        validation.reject(name, value, allowed)
    addresses = list(cast("list[object]", value))
    if not 1 <= len(addresses) <= most:
        validation.reject(name, None, allowed, shown=f"<{len(addresses)} addresses>")
    return [validation.web_address(name, address) for address in addresses]
