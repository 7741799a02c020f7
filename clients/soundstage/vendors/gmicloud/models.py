"""What GMI Cloud tells of its models, their parameters and prices, and of requests that were made.

Source: the vendor's package gmicloud 0.1.10 and docs.gmicloud.ai; facts are cited by id.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, cast

from soundstage import errors
from soundstage._protocol.responses import as_object
from soundstage.vendors.gmicloud.profile import DURATION_MEMBERS, PER_REQUEST, PER_SECOND, PRICE_UNITS, PROFILE

if TYPE_CHECKING:
    from collections.abc import Mapping

    from soundstage._values.state import JobState, Media


@dataclass(frozen=True, slots=True)
class Parameter:
    """One parameter that a model declares (models.parameter).

    Attributes:
        key: Its name in a payload.
        display_name: Its name for people.
        category: The group it is shown in.
        type: numeric, text or boolean.
        required: Whether a payload must have it, where the service says so.
        least: The least value of a number.
        most: The greatest value of a number.
        step: The distance of two values of a number.
        default: What it is when a payload leaves it out; None where nothing is told.
    """

    key: str
    display_name: str = ""
    category: str = ""
    type: str = "text"
    required: bool | None = None
    least: float | None = None
    most: float | None = None
    step: float | None = None
    default: Any = None


@dataclass(frozen=True, slots=True)
class Price:
    """What a model costs: a whole number, and the words that say of what (price.integer, price.unit)."""

    amount: int
    pricing_type: str
    unit: str


@dataclass(frozen=True, slots=True)
class Model:
    """One model. With an API key a list has nothing but the ids; `client.model(id)` has the rest.

    Attributes:
        id: What requests name.
        kind: text-to-video, image-to-video, ...; "" where nothing is told.
        about: What it does, in the service's words.
        parameters: What its payloads may hold.
        price: What it costs, where that is told.
        raw: The answer itself.
    """

    id: str
    kind: str = ""
    about: str = ""
    parameters: tuple[Parameter, ...] = ()
    price: Price | None = None
    raw: Any = field(default=None, repr=False)

    def estimate(self, payload: Mapping[str, Any]) -> float:
        """US dollars that a request with *payload* costs.

        Raises:
            UnsupportedError: The price is not told, or in words that this library does not know; or the length is not
                told by the payload nor by the model's default.
        """
        price = self.price
        if price is None or price.amount < 0:
            raise _unpriced(self.id, "the service tells no price")
        worth = PRICE_UNITS.get(price.unit.strip().lower())
        kind = price.pricing_type.strip().lower()
        if worth is None or kind not in PER_SECOND | PER_REQUEST:
            raise _unpriced(self.id, f"the price is {price.amount} {price.unit} {price.pricing_type}")
        return price.amount * worth * (self._seconds(payload) if kind in PER_SECOND else 1)

    def _seconds(self, payload: Mapping[str, Any]) -> float:
        defaults = {parameter.key: parameter.default for parameter in self.parameters}
        for told in (payload, defaults):
            for name in DURATION_MEMBERS:
                seconds = told.get(name)
                if isinstance(seconds, (int, float)) and not isinstance(seconds, bool) and seconds > 0:
                    return float(seconds)
        raise _unpriced(self.id, f"the payload has no {' or '.join(DURATION_MEMBERS)}")


@dataclass(frozen=True, slots=True)
class RequestRecord:
    """One request of a list; `client.job(record.id)` goes on with it.

    Attributes:
        id: The service's name for it.
        model: The model it is for.
        state: Where it stands.
        state_raw: The service's own word.
        created_at: Unix seconds (times.seconds), where they are told.
        media: The results.
        raw: The answer itself.
    """

    id: str
    model: str
    state: JobState
    state_raw: str
    created_at: int | None = None
    media: tuple[Media, ...] = ()
    raw: Any = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Profile:
    """Who a client is logged in as (login.profile).

    Attributes:
        user_id: The service's name for the user.
        email: The user's e-mail.
        organization_id: The organization whose requests these are, and who pays.
        raw: The answer itself.
    """

    user_id: str
    email: str = field(repr=False)
    organization_id: str
    raw: Any = field(default=None, repr=False)


def read_model(said: Mapping[str, Any]) -> Model:
    """What an answer tells of a model (models.detail)."""
    parameters = said.get("parameters")
    found = cast("list[object]", parameters) if isinstance(parameters, list) else []
    return Model(
        _words(said, "model"),
        _words(said, "model_type"),
        _words(said, "brief_description"),
        tuple(_read_parameter(one) for one in map(as_object, found) if one.get("key") or one.get("name")),
        _read_price(as_object(said.get("price_info"))),
        said,
    )


def read_profile(said: Mapping[str, Any]) -> Profile:
    """What an answer tells of who is logged in (login.profile)."""
    user, organization = as_object(said.get("user")), as_object(said.get("organization"))
    return Profile(_words(user, "id"), _words(user, "email"), _words(organization, "id"), said)


def _read_parameter(said: Mapping[str, Any]) -> Parameter:
    required = said.get("required")
    numeric = said.get("type") == "numeric"
    value = said.get("value")
    return Parameter(
        _words(said, "key") or _words(said, "name"),
        _words(said, "display_name"),
        _words(said, "category"),
        _words(said, "type") or "text",
        required if isinstance(required, bool) else None,
        _number(said.get("min")) if numeric else None,
        _number(said.get("max")) if numeric else None,
        _number(said.get("step")) if numeric else None,
        None if value is None or value == "" else value,
    )


def _read_price(said: Mapping[str, Any]) -> Price | None:
    amount = said.get("price")
    if not isinstance(amount, int) or isinstance(amount, bool):
        return None
    return Price(amount, _words(said, "pricing_type"), _words(said, "unit"))


def _words(said: Mapping[str, Any], name: str) -> str:
    value = said.get(name)
    return value if isinstance(value, str) else ""


def _number(value: object) -> float | None:
    return float(value) if isinstance(value, (int, float)) and not isinstance(value, bool) else None


def _unpriced(model: str, why: str) -> errors.UnsupportedError:
    return errors.UnsupportedError(f"what a request to {model} costs cannot be told: {why}", vendor=PROFILE.slug)
