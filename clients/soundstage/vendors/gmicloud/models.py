"""The models with their parameters and prices, the records of earlier requests, and the user's profile.

Source: the vendor's package gmicloud 0.1.10 and docs.gmicloud.ai; facts are cited by id.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from soundstage import errors
from soundstage._protocol.responses import as_list, as_number, as_object, as_text
from soundstage.vendors.gmicloud.profile import DURATION_MEMBERS, PER_REQUEST, PER_SECOND, PRICE_UNITS, PROFILE

if TYPE_CHECKING:
    from collections.abc import Mapping

    from soundstage._values.state import JobState, Media


@dataclass(frozen=True, slots=True)
class Parameter:
    """One parameter that a model declares (models.parameter).

    Attributes:
        key: The name in a payload.
        display_name: The name for people.
        category: The group that it is shown in.
        type: numeric, text or boolean.
        required: Whether a payload must have it; None if the response does not state it.
        least: The lowest number.
        most: The highest number.
        step: The step between two numbers.
        default: The value of a payload without it; None if there is none.
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
    """The price of a model: an integer, and the words for its unit (price.integer, price.unit)."""

    amount: int
    pricing_type: str
    unit: str


@dataclass(frozen=True, slots=True)
class Model:
    """One model. With an API key a list has only the ids; `client.model(id)` has the rest.

    Attributes:
        id: The id that requests name.
        kind: text-to-video, image-to-video, ...; "" if it is not stated.
        about: The service's description.
        parameters: The parameters of its payloads.
        price: The price; None if it is not stated.
        raw: The parsed response.
    """

    id: str
    kind: str = ""
    about: str = ""
    parameters: tuple[Parameter, ...] = ()
    price: Price | None = None
    raw: Any = field(default=None, repr=False)

    def estimate(self, payload: Mapping[str, Any]) -> Decimal:
        """Return the US dollars that a request with *payload* costs.

        Raises:
            UnsupportedError: The price is missing or in unknown units, or neither the payload nor the model's defaults
                have a duration.
        """
        price = self.price
        if price is None or price.amount < 0:
            raise _unpriced(self.id, "the model has no price")
        # Units are not documented. An unknown one is never guessed: an estimate that is too low would let a client
        # spend more than its limit.
        dollars = PRICE_UNITS.get(price.unit.strip().lower())
        kind = price.pricing_type.strip().lower()
        if dollars is None or kind not in PER_SECOND | PER_REQUEST:
            raise _unpriced(self.id, f"the price is {price.amount} {price.unit} {price.pricing_type}")
        return price.amount * dollars * (self._seconds(payload) if kind in PER_SECOND else Decimal(1))

    def _seconds(self, payload: Mapping[str, Any]) -> Decimal:
        defaults = {parameter.key: parameter.default for parameter in self.parameters}
        for values in (payload, defaults):
            for name in DURATION_MEMBERS:
                seconds = values.get(name)
                if isinstance(seconds, (int, float)) and not isinstance(seconds, bool) and 0 < seconds < math.inf:
                    return Decimal(repr(seconds))  # the shortest decimal number that is this float
        raise _unpriced(self.id, f"the payload has no {' or '.join(DURATION_MEMBERS)}")


@dataclass(frozen=True, slots=True)
class RequestRecord:
    """One request of a list; `client.job(record.id)` returns its job.

    Attributes:
        id: The id of the request.
        model: The id of the model.
        state: The state.
        state_raw: The service's own word.
        created_at: Unix seconds (times.seconds); None if missing.
        media: The outputs.
        raw: The parsed response.
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
    """The user who is logged in (login.profile).

    Attributes:
        user_id: The id of the user.
        email: The user's e-mail.
        organization_id: The organization that owns the requests and pays for them.
        raw: The parsed response.
    """

    user_id: str
    email: str = field(repr=False)
    organization_id: str
    raw: Any = field(default=None, repr=False)


def read_model(data: Mapping[str, Any]) -> Model:
    """Return the model in a response (models.detail)."""
    parameters = map(as_object, as_list(data.get("parameters")))
    return Model(
        _text(data, "model"),
        _text(data, "model_type"),
        _text(data, "brief_description"),
        tuple(_read_parameter(item) for item in parameters if item.get("key") or item.get("name")),
        _read_price(as_object(data.get("price_info"))),
        data,
    )


def read_profile(data: Mapping[str, Any]) -> Profile:
    """Return the user in a response (login.profile)."""
    user, organization = as_object(data.get("user")), as_object(data.get("organization"))
    return Profile(_text(user, "id"), _text(user, "email"), _text(organization, "id"), data)


def _read_parameter(data: Mapping[str, Any]) -> Parameter:
    required = data.get("required")
    numeric = data.get("type") == "numeric"
    value = data.get("value")
    return Parameter(
        _text(data, "key") or _text(data, "name"),
        _text(data, "display_name"),
        _text(data, "category"),
        _text(data, "type") or "text",
        required if isinstance(required, bool) else None,
        as_number(data.get("min")) if numeric else None,
        as_number(data.get("max")) if numeric else None,
        as_number(data.get("step")) if numeric else None,
        None if value is None or value == "" else value,
    )


def _read_price(data: Mapping[str, Any]) -> Price | None:
    amount = data.get("price")
    if not isinstance(amount, int) or isinstance(amount, bool):
        return None
    return Price(amount, _text(data, "pricing_type"), _text(data, "unit"))


def _text(data: Mapping[str, Any], name: str) -> str:
    return as_text(data.get(name)) or ""


def _unpriced(model: str, why: str) -> errors.UnsupportedError:
    return errors.UnsupportedError(f"the cost of a request to {model} is unknown: {why}", vendor=PROFILE.slug)
