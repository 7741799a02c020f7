"""Request bodies: the parameters of a call are checked and converted before anything is sent.

Source: the pages of the API's endpoints; facts are cited by id. On the wire every value is a string: '5s', 'True', '4'
(values.are_strings); the natural Python values 5, True and 4 are accepted beside them.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING, NoReturn, cast

from soundstage._values import validation
from soundstage._values.messages import omit_none

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Literal, TypeAlias

    from soundstage._values.messages import Flow
    from soundstage._values.state import StartedJob

    Body: TypeAlias = dict[str, object]


@dataclass(frozen=True, slots=True)
class Parameter:
    """One parameter of an endpoint.

    Attributes:
        name: The name, in Python and on the wire.
        required: Whether it must be given.
        choices: The allowed strings, if it is an enumeration.
        longest: The most characters, if it is a text.
        most: The most addresses, if it is a list.
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
        name: The vendor's exact name (names.unique).
        method: The client's method that calls it.
        path: The route.
        kind: The kind of its outputs.
        parameters: The parameters that it takes.
    """

    name: str
    method: str
    path: str
    kind: Literal["image", "video"]
    parameters: tuple[Parameter, ...]


class EndpointMethods(ABC):
    """Base of the generated methods; the client implements the submission."""

    @abstractmethod
    def _submit(self, method: str, given: Mapping[str, object]) -> Flow[StartedJob]: ...


def body(endpoint: Endpoint, given: Mapping[str, object]) -> Body:
    """Return the checked parameters of a call in wire format (request.wrapper); None is omitted.

    Raises:
        InvalidArgument: A value is not allowed, or excludes another.
    """
    filled = omit_none({one.name: _value(one, given[one.name]) for one in endpoint.parameters})
    # The one rule of the documents that spans two parameters (hailuo23.cross_field); the table cannot express it.
    if endpoint.name == "Hailuo 2.3" and (filled["resolution"], filled["duration"]) == ("1080P", "10s"):
        validation.invalid("resolution", "1080P", "768P where duration is 10s; 1080P needs a duration of 6s")
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
    """Return the wire's string for *value*, also for a natural Python value: 5 is '5s', True is 'True', 4 is '4'."""
    # bool is checked first because it is a subclass of int: True is 'True' and never '1'.
    written = {value} if isinstance(value, str) else set[str]()
    if isinstance(value, int):
        written = {str(value)} if isinstance(value, bool) else {str(int(value)), f"{int(value)}s"}
    for choice in parameter.choices:
        if choice in written:
            return choice
    return _reject_choice(parameter, value)


def _reject_choice(parameter: Parameter, value: object) -> NoReturn:
    """Raise the error that lists the vendor's strings and the natural Python values."""
    natural = [choice.removesuffix("s") for choice in parameter.choices if choice.removesuffix("s").isdigit()]
    allowed = "one of " + ", ".join(map(repr, parameter.choices))
    if natural:
        allowed += f", or the numbers {', '.join(natural)}"
    elif "True" in parameter.choices:
        allowed += ", or Python's own True and False"
    validation.invalid(parameter.name, value, allowed)


def _addresses(name: str, value: object, most: int) -> list[str]:
    """Return a list of addresses; a bare address is refused (images.array)."""
    allowed = f"a list of 1 to {most} http:// or https:// addresses"
    if not isinstance(value, (list, tuple)):
        validation.invalid(name, value, allowed)
    addresses = list(cast("list[object]", value))
    if not 1 <= len(addresses) <= most:
        validation.invalid(name, None, allowed, shown=f"<{len(addresses)} addresses>")
    return [validation.web_address(name, address) for address in addresses]
