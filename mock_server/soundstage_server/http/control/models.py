"""The bodies of control calls, each field with what it means and what is allowed."""

from __future__ import annotations

from typing import Final

from pydantic import BaseModel, ConfigDict, Field

from soundstage_server.http.control.accounts import FORMS
from soundstage_server.model.clock import MAX_SPEED, MIN_SPEED, ClockKind
from soundstage_server.model.faults import FaultBody, FaultKind
from soundstage_server.model.scenarios import Order
from soundstage_server.world.options import MAX_REDIRECTS

_MOST: Final = 1e12
_LONGEST: Final = 4096
_ONE_VENDOR: Final = "Match this vendor only, by its slug."
_ONE_ACCOUNT: Final = f"Match one account only, {FORMS}; it need not exist yet."
_TIMES: Final = "How many matches it is for; null is no limit."


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid", allow_inf_nan=False)


class ClockChange(_Body):
    """A new kind of clock; its time does not jump."""

    kind: ClockKind = Field(
        description="`real`, `scaled` by `speed`, `auto` (every poll moves its job forward) or `manual` (only the "
        "control API moves time)."
    )
    speed: float = Field(
        default=1.0, ge=MIN_SPEED, le=MAX_SPEED, description="Simulated seconds per second; for `scaled` only."
    )


class Advance(_Body):
    """Seconds to move forward, for the world or for one account."""

    seconds: float = Field(ge=0, description="How far, in simulated seconds.")
    account: str | None = Field(default=None, description=f"The account, {FORMS}; without it, the world.")


class Money(_Body):
    """An account's new available balance, in whole units."""

    available: float = Field(
        ge=0,
        le=_MOST,
        description="The balance in the account's unit, credits or US dollars; what is reserved stays.",
    )


class NewAccount(_Body):
    """A caller of a vendor that is to have an account before its first request."""

    vendor: str = Field(description="The vendor's slug.")
    credential: str = Field(min_length=1, max_length=_LONGEST, description="What the caller authenticates with.")


class Limits(_Body):
    """An account's limits; null removes a limit, one that is left out stays as it is."""

    at_once: int | None = Field(default=None, ge=1, description="Unfinished tasks at once.")
    per_minute: int | None = Field(default=None, ge=1, description="Requests per minute of the account's own time.")


class NewScenario(_Body):
    """An order for future tasks."""

    then: Order = Field(description="What happens to a task that matches.")
    code: str | None = Field(default=None, description="For `refuse`: the vendor's code to refuse with.")
    vendor: str | None = Field(default=None, description=_ONE_VENDOR)
    account: str | None = Field(default=None, description=_ONE_ACCOUNT)
    operation: str | None = Field(default=None, description="Match this capability only, such as `text_to_video`.")
    contains: str | None = Field(default=None, description="Match prompts that contain this text only.")
    times: int | None = Field(default=None, ge=1, description=_TIMES)


class NewFault(_Body):
    """A fault between clients and a vendor."""

    kind: FaultKind = Field(description="What goes wrong.")
    vendor: str | None = Field(default=None, description=_ONE_VENDOR)
    account: str | None = Field(default=None, description=_ONE_ACCOUNT)
    method: str | None = Field(default=None, description="Match this HTTP method only; not for callbacks.")
    path: str | None = Field(default=None, description="Text within the vendor's own path, without the slug.")
    times: int | None = Field(default=None, ge=1, description=_TIMES)
    probability: float = Field(default=1.0, gt=0, le=1, description="The chance that a match has the fault.")
    seed: int | None = Field(default=None, description="Of that chance; null: the world's seed and the fault's id.")
    status: int | None = Field(default=None, description="For `status`: 408, 409, 425, 429 or 5xx.")
    retry_after: float | None = Field(
        default=None, ge=0, description="For `status`: the seconds in Retry-After; null leaves it out."
    )
    body: FaultBody = Field(
        default="empty", description="For `status`: no body, a proxy's HTML page, or JSON that is not the vendor's."
    )
    seconds: float | None = Field(
        default=None, ge=0, description="Simulated seconds, for `latency`, `slow` and `callback_late`."
    )
    done: bool = Field(default=False, description="Whether the work is done, for `status` and `hang`.")


class ResultRules(BaseModel):
    """How results are served."""

    model_config = ConfigDict(extra="forbid")

    redirects: int = Field(
        ge=0, le=MAX_REDIRECTS, description="How often a result's address redirects before the file is sent."
    )
