"""Parameters as data: their rules, their defaults, and the fact behind each.

The same rows validate requests on the hot path and produce the JSON Schema on the vendor's page.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, NoReturn, Protocol, TypeGuard
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

_SHOWN: Final = 60


class FieldError(ValueError):
    """A parameter breaks its rule; the message names the field, what is allowed and the value.

    Attributes:
        field: The parameter.
        fact: The fact that states the rule, without the vendor's slug.
    """

    def __init__(self, field: str, allowed: str, value: object, fact: str, *, missing: bool = False) -> None:
        actual = "it is missing" if missing else f"got {_show(value)}"
        super().__init__(f"{field} must be {allowed}; {actual}")
        self.field = field
        self.fact = fact


class Rule(Protocol):
    """The rule that a parameter's value must follow."""

    @property
    def allowed(self) -> str:
        """What is allowed, in words."""
        ...

    @property
    def schema(self) -> Mapping[str, Any]:
        """What is allowed, as JSON Schema."""
        ...

    def accepts(self, value: object) -> bool:
        """Return whether *value* is allowed."""
        ...


@dataclass(frozen=True, slots=True)
class Text:
    """A string with a maximum length; empty only if allowed."""

    most: int | None = None
    empty: bool = False

    @property
    def allowed(self) -> str:
        """What is allowed, in words."""
        upto = "" if self.most is None else f" of at most {self.most} characters"
        return ("a string" if self.empty else "a non-empty string") + upto

    @property
    def schema(self) -> Mapping[str, Any]:
        """What is allowed, as JSON Schema."""
        most = {} if self.most is None else {"maxLength": self.most}
        return {"type": "string", "minLength": 0 if self.empty else 1, **most}

    def accepts(self, value: object) -> bool:
        """Return whether *value* is such a string."""
        return isinstance(value, str) and (self.empty or value != "") and (self.most is None or len(value) <= self.most)


@dataclass(frozen=True, slots=True)
class Choice:
    """One of a few values."""

    values: tuple[str | int, ...]

    @property
    def allowed(self) -> str:
        """What is allowed, in words."""
        shown = ", ".join(repr(value) for value in self.values)
        return shown if len(self.values) == 1 else f"one of {shown}"

    @property
    def schema(self) -> Mapping[str, Any]:
        """What is allowed, as JSON Schema."""
        return {"enum": list(self.values)}

    def accepts(self, value: object) -> bool:
        """Return whether *value* is one of them; True is not 1."""
        return not isinstance(value, bool) and isinstance(value, str | int) and value in self.values


@dataclass(frozen=True, slots=True)
class Integer:
    """A whole number in a range, both ends included; True is not a number, and 5.0 is not whole."""

    least: int
    most: int

    @property
    def allowed(self) -> str:
        """What is allowed, in words."""
        return f"a whole number from {self.least} to {self.most}"

    @property
    def schema(self) -> Mapping[str, Any]:
        """What is allowed, as JSON Schema."""
        return {"type": "integer", "minimum": self.least, "maximum": self.most}

    def accepts(self, value: object) -> bool:
        """Return whether *value* is such a number."""
        return isinstance(value, int) and not isinstance(value, bool) and self.least <= value <= self.most


@dataclass(frozen=True, slots=True)
class Number:
    """A number in a range, both ends included; True is not a number."""

    least: float
    most: float

    @property
    def allowed(self) -> str:
        """What is allowed, in words."""
        return f"a number from {self.least:g} to {self.most:g}"

    @property
    def schema(self) -> Mapping[str, Any]:
        """What is allowed, as JSON Schema."""
        return {"type": "number", "minimum": self.least, "maximum": self.most}

    def accepts(self, value: object) -> bool:
        """Return whether *value* is such a number."""
        return isinstance(value, int | float) and not isinstance(value, bool) and self.least <= value <= self.most


@dataclass(frozen=True, slots=True)
class Flag:
    """True or false; 1, 0 and texts are not accepted."""

    @property
    def allowed(self) -> str:
        """What is allowed, in words."""
        return "true or false"

    @property
    def schema(self) -> Mapping[str, Any]:
        """What is allowed, as JSON Schema."""
        return {"type": "boolean"}

    def accepts(self, value: object) -> bool:
        """Return whether *value* is one of the two."""
        return isinstance(value, bool)


@dataclass(frozen=True, slots=True)
class Link:
    """An http or https address."""

    @property
    def allowed(self) -> str:
        """What is allowed, in words."""
        return "an http or https URL"

    @property
    def schema(self) -> Mapping[str, Any]:
        """What is allowed, as JSON Schema."""
        return {"type": "string", "format": "uri", "pattern": "^[Hh][Tt][Tt][Pp][Ss]?://"}

    def accepts(self, value: object) -> bool:
        """Return whether *value* is such an address, with a host and without spaces or control characters."""
        if not isinstance(value, str) or " " in value or not value.isprintable():
            return False
        try:
            parts = urlsplit(value)
            return parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
        except ValueError:  # an invalid port, half an IPv6 address
            return False


@dataclass(frozen=True, slots=True)
class Group:
    """An object with rules for its members; an error names the member that breaks its rule."""

    fields: tuple[Field, ...]

    @property
    def allowed(self) -> str:
        """What is allowed, in words."""
        return f"an object of {', '.join(field.name for field in self.fields)}"

    @property
    def schema(self) -> Mapping[str, Any]:
        """What is allowed, as JSON Schema."""
        return schema(self.fields)

    def accepts(self, value: object) -> bool:
        """Return whether *value* is such an object."""
        if not isinstance(value, dict):
            return False
        try:
            check(self.fields, value)
        except FieldError:
            return False
        return True


@dataclass(frozen=True, slots=True)
class ListOf:
    """A list with a minimum and maximum length whose items follow one rule; an error names the wrong item."""

    rule: Rule
    least: int
    most: int

    @property
    def allowed(self) -> str:
        """What is allowed, in words."""
        return f"a list of {self.least} to {self.most} items, each {self.rule.allowed}"

    @property
    def schema(self) -> Mapping[str, Any]:
        """What is allowed, as JSON Schema."""
        return {"type": "array", "items": self.rule.schema, "minItems": self.least, "maxItems": self.most}

    def accepts(self, value: object) -> bool:
        """Return whether *value* is such a list."""
        return self.has_valid_length(value) and all(self.rule.accepts(item) for item in value)

    def has_valid_length(self, value: object) -> TypeGuard[list[object]]:
        """Return whether *value* is a list that is neither too short nor too long."""
        return isinstance(value, list) and self.least <= len(value) <= self.most


@dataclass(frozen=True, slots=True)
class Field:
    """One parameter: its name, its rule, the fact behind it, whether it is required, and its default."""

    name: str
    rule: Rule
    fact: str
    required: bool = False
    default: Any = None


def check(fields: Iterable[Field], body: Mapping[str, Any]) -> dict[str, Any]:
    """Return the parameters of *body* that *fields* name, with defaults filled in.

    A null counts as absent; a parameter that no field names is ignored.

    Raises:
        FieldError: A required parameter is missing, or one breaks its rule.
    """
    params = {}
    for field in fields:
        name = field.name
        # Most parameters are left out, so that case comes first.
        if name not in body or (value := body[name]) is None:
            if field.required:
                raise FieldError(name, field.rule.allowed, None, field.fact, missing=True)
            if field.default is not None:
                params[name] = field.default
        elif field.rule.accepts(value):
            params[name] = value
        else:
            _refuse(name, field.rule, value, field.fact)
    return params


def schema(fields: Iterable[Field]) -> dict[str, Any]:
    """Return the JSON Schema of a body with *fields*."""
    fields = tuple(fields)
    return {
        "type": "object",
        "required": [field.name for field in fields if field.required],
        "properties": {
            field.name: {
                **field.rule.schema,
                "description": f"Fact {field.fact}.",
                **({} if field.default is None else {"default": field.default}),
            }
            for field in fields
        },
    }


def _refuse(name: str, rule: Rule, value: Any, fact: str) -> NoReturn:
    """Report the innermost part of *value* that breaks its rule, such as ``masks[2].mask``.

    Raises:
        FieldError: Always.
    """
    if isinstance(rule, Group) and isinstance(value, dict):
        for field in rule.fields:
            inner = value.get(field.name)
            if inner is None and field.required:
                raise FieldError(f"{name}.{field.name}", field.rule.allowed, None, field.fact, missing=True)
            if inner is not None and not field.rule.accepts(inner):
                _refuse(f"{name}.{field.name}", field.rule, inner, field.fact)
    if isinstance(rule, ListOf) and rule.has_valid_length(value):
        for index, item in enumerate(value):
            if not rule.rule.accepts(item):
                _refuse(f"{name}[{index}]", rule.rule, item, fact)
    raise FieldError(name, rule.allowed, value, fact)


def _show(value: object) -> str:
    text = repr(value)
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}... ({type(value).__name__})"
