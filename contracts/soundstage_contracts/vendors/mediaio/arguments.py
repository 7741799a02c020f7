"""What Media.io's endpoints take, read from the table of facts: for each parameter, what it may be and may not be.

Raw values are those of a caller without a client; natural ones are what Python's callers may write in their place.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

from hypothesis import strategies as st

from soundstage_contracts import strategies
from soundstage_contracts.facts.tables import load_table

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from soundstage_contracts.facts.tables import Endpoint, Parameter

TABLE: Final = load_table("mediaio_endpoints.json")
ENDPOINTS: Final = tuple(endpoint for endpoint in TABLE.endpoints if endpoint.capability != "query")
"""The 22 that generate something."""
BY_NAME: Final = {endpoint.name: endpoint for endpoint in ENDPOINTS}
PARAMETERS: Final = tuple((endpoint, parameter) for endpoint in ENDPOINTS for parameter in endpoint.parameters)
"""Every parameter of every endpoint."""
FACTS: Final = tuple(f"mediaio:{endpoint.fact(parameter.name)}" for endpoint, parameter in PARAMETERS)
"""The facts of these parameters."""

LINKS: Final = ("https://example.test/a.png", "http://127.0.0.1:9/b.mp4?Expires=1&Signature=x")
NO_LINKS: Final[tuple[Any, ...]] = ("", "not an address", "ftp://example.test/a.png", 5, True, {"url": LINKS[0]})
CROSSED: Final = {"resolution": "1080P", "duration": "10s"}
"""What does not go together (hailuo23.cross_field)."""


def method_of(endpoint: Endpoint) -> str:
    """Return the client's method for *endpoint*: its name, in small letters."""
    return re.sub(r"[^a-z0-9]+", "_", endpoint.name.lower()).strip("_")


def plain(endpoint: Endpoint, **changes: Any) -> dict[str, Any]:
    """Return the least that a call needs, and *changes*."""
    values = {"prompt": "A fox", "image": LINKS[0], "video": LINKS[1], "images": [LINKS[0]]}
    return {**{one.name: values[one.name] for one in endpoint.parameters if one.required}, **changes}


def accepted(parameter: Parameter) -> list[Any]:
    """Return values that *parameter* may have on the wire: all that can be counted, else the least and the most."""
    limits = parameter.limits
    if "enum" in limits:
        return list(limits["enum"])
    if "max_items" in limits:
        return [[LINKS[0]], list(LINKS), [LINKS[0]] * limits["max_items"]]
    if "formats" in limits:
        return list(LINKS)
    return ["x", "A red fox in fresh snow", "x" * limits["max_length"], "狐" * limits["max_length"]]


def refused(parameter: Parameter) -> list[Any]:
    """Return values that *parameter* may not have on the wire; None where it must not be missing."""
    limits = parameter.limits
    missing = [None] if parameter.required else []
    if "enum" in limits:
        near = [choice for value in limits["enum"] for choice in _near(value) if choice not in limits["enum"]]
        return [*missing, *near, "", 5, True, 1.5, [limits["enum"][0]], {"value": limits["enum"][0]}]
    if "max_items" in limits:
        lists = [[LINKS[0]] * (limits["max_items"] + 1), [], *([value] for value in NO_LINKS)]
        return [*missing, *lists, LINKS[0], {"0": LINKS[0]}]
    if "formats" in limits:
        return [*missing, *NO_LINKS, [LINKS[0]]]
    return [*missing, "", "x" * (limits["max_length"] + 1), "狐" * (limits["max_length"] + 1), 5, True, ["A fox"]]


def _near(value: str) -> Iterator[str]:
    """Return words that are almost *value*, as people write them."""
    yield from (value.lower(), value.upper(), f"{value} ", value[:-1], f"{value}0", value.replace(":", "x"))


def natural(parameter: Parameter) -> list[tuple[Any, Any]]:
    """Return what Python's callers may write, and the wire's value for it (values.are_strings)."""
    choices = parameter.limits.get("enum", [])
    switches = [(word == "True", word) for word in choices if word in {"True", "False"}]
    numbers = [(int(word.removesuffix("s")), word) for word in choices if word.removesuffix("s").isdigit()]
    return switches + numbers


def refused_by_client(parameter: Parameter) -> list[Any]:
    """Return values that a client must refuse for *parameter*, the natural ones among its wire's that are wrong."""
    mine = {repr(value) for value, _ in natural(parameter)}
    wrong = [value for value in refused(parameter) if value is not None and repr(value) not in mine]
    numbers = [value for value, _ in natural(parameter) if value is not True and value is not False]
    wrong += [0, -1, max(numbers) + 1, float(numbers[0]), True] if numbers else []
    wrong += [1, 0, "true", "false", "yes"] if natural(parameter) and not numbers else []
    return [*wrong, *([None] if parameter.required or "enum" in parameter.limits else []), object()]


def bodies(endpoint: Endpoint) -> st.SearchStrategy[dict[str, Any]]:
    """Return valid wire values of *endpoint*, those that do not go together left out."""
    values = {one.name: _values(one) for one in endpoint.parameters}
    required = {one.name: values[one.name] for one in endpoint.parameters if one.required}
    optional = {one.name: values[one.name] for one in endpoint.parameters if not one.required}
    drawn = st.fixed_dictionaries(required, optional=optional)
    if any("note" in one.limits for one in endpoint.parameters):
        drawn = drawn.filter(lambda body: not (body.items() >= CROSSED.items()))
    return drawn


def _values(parameter: Parameter) -> st.SearchStrategy[Any]:
    if "max_length" in parameter.limits:
        return strategies.prompts(most=min(80, parameter.limits["max_length"]))
    return st.sampled_from(accepted(parameter))


def naturally(endpoint: Endpoint, body: Mapping[str, Any]) -> dict[str, Any]:
    """Return *body* as Python's callers would write it."""
    written = {one.name: {raw: own for own, raw in natural(one)} for one in endpoint.parameters}
    return {name: written[name].get(value, value) if isinstance(value, str) else value for name, value in body.items()}


def arguments(endpoint: Endpoint) -> st.SearchStrategy[dict[str, Any]]:
    """Return valid arguments of the client's method, in strings or as is natural in Python."""
    return st.builds(
        lambda body, plainly: naturally(endpoint, body) if plainly else dict(body), bodies(endpoint), st.booleans()
    )
