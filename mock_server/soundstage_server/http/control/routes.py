"""The control API under ``/_soundstage``: clocks, accounts, scenarios, faults, dialects, snapshots.

It belongs to no vendor, so its errors are plain: HTTP 404 or 422 with ``detail``. Python has methods for all of this.
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated, Any, Final, cast

from fastapi import APIRouter, HTTPException, Query, Response
from fastapi.responses import JSONResponse

from soundstage_server.http.control import traffic
from soundstage_server.http.control.accounts import (
    AccountInPath,
    AccountName,
    AccountNames,
    VendorInPath,
    account_or_404,
    account_or_all,
    accounts_named,
    name_to_match,
)
from soundstage_server.http.control.body import BoundedRoute
from soundstage_server.http.control.models import (  # noqa: TC001 - FastAPI reads the annotations
    Advance,
    ClockChange,
    Limits,
    Money,
    NewAccount,
    NewFault,
    NewScenario,
)
from soundstage_server.http.control.views import account_view, ledger_view, task_view
from soundstage_server.http.health import health
from soundstage_server.model.asgi import CONTROL
from soundstage_server.model.bounds import MAX_SHOWN, shown
from soundstage_server.model.faults import Fault
from soundstage_server.model.scenarios import Scenario

if TYPE_CHECKING:
    from collections.abc import Iterator

    from fastapi import Request
    from fastapi.exceptions import RequestValidationError

    from soundstage_server.model.journal import Journal
    from soundstage_server.world.world import World

_LONGEST_DETAIL: Final = 1500

OrderId = Annotated[int | None, Query(alias="id", description="The order's id; without it, all.")]
FaultId = Annotated[int | None, Query(alias="id", description="The fault's id; without it, all.")]
Newest = Annotated[int, Query(ge=1, le=10_000, description="How many, at most.")]


def router(world: World) -> APIRouter:
    """Return the control API of *world*."""
    routes = APIRouter(prefix=CONTROL, tags=["control"], route_class=BoundedRoute)
    _clock_routes(routes, world)
    _account_routes(routes, world)
    _money_routes(routes, world)
    _scenario_routes(routes, world)
    _fault_routes(routes, world)
    _dialect_routes(routes, world)
    _snapshot_routes(routes, world)
    traffic.add_to(routes, world)

    @routes.get("/health")
    def show_health() -> dict[str, Any]:
        """Show that the simulator is running, its version and its vendors."""
        return health(world)

    @routes.get("/facts")
    def facts() -> dict[str, int]:
        """List the facts that refusals can cite, each with the number of citations."""
        known = sorted(f"{slug}:{fact}" for slug, service in world.services.items() for fact in service.facts())
        return {fact: world.citations[fact] for fact in known}

    @routes.post("/reset", status_code=204, response_model=None)
    def reset(account: AccountName = None) -> None:
        """Remove everything, or everything of one account with its orders, faults and dialects; the clock is kept."""
        world.reset(account_or_all(world, account))

    return routes


def _clock_routes(routes: APIRouter, world: World) -> None:
    @routes.get("/clock")
    def clock(account: AccountName = None) -> dict[str, Any]:
        """Show the time of the world, or of one account."""
        now = (account_or_all(world, account) or world.clock).now()
        return {"kind": world.clock.kind, "speed": world.clock.speed, "now": now}

    @routes.put("/clock")
    def change_clock(change: ClockChange) -> dict[str, Any]:
        """Change the kind of clock."""
        with _value_errors_as_422(), world.transaction(()):
            world.clock.change(change.kind, change.speed)
        return clock()

    @routes.post("/clock/advance")
    def advance(step: Advance) -> dict[str, Any]:
        """Move time forward, the world's or one account's."""
        with _value_errors_as_422():
            world.advance(step.seconds, account_or_all(world, step.account))
        return clock(step.account)


def _account_routes(routes: APIRouter, world: World) -> None:
    @routes.get("/accounts")
    def accounts(account: AccountNames = None) -> list[dict[str, Any]]:
        """List the accounts, in the order of their first use."""
        with world.lock:
            known = world.accounts() if account is None else accounts_named(world, account)
            return [account_view(one) for one in known]

    @routes.post("/accounts")
    def open_account(caller: NewAccount) -> dict[str, Any]:
        """Return a caller's account, which need not have sent a request yet."""
        with _value_errors_as_422():
            return account_view(world.open_account(caller.vendor, caller.credential))

    @routes.get("/tasks")
    def tasks(account: AccountName = None, limit: Newest = 100) -> list[dict[str, Any]]:
        """List the newest tasks, newest last."""
        found = list(world.tasks(account_or_all(world, account)))
        return [task_view(world, task) for task in sorted(found, key=lambda task: task.created)[-limit:]]

    @routes.delete("/requests", status_code=204, response_model=None)
    def forget_requests(account: AccountName = None) -> None:
        """Clear the journal of one account, or all of it."""
        with world.lock:
            for journal in _journals(world, account):
                journal.clear()


def _money_routes(routes: APIRouter, world: World) -> None:
    @routes.get("/ledger/{vendor}/{account}")
    def ledger(vendor: VendorInPath, account: AccountInPath) -> dict[str, Any]:
        """Show an account's money in whole units, with every movement."""
        return ledger_view(world, account_or_404(world, account, vendor))

    @routes.put("/ledger/{vendor}/{account}")
    def put_ledger(vendor: VendorInPath, account: AccountInPath, money: Money) -> dict[str, Any]:
        """Set an account's available balance."""
        owner = account_or_404(world, account, vendor)
        with _value_errors_as_422(), world.transaction((owner,)):
            owner.settle(owner.now())
            owner.ledger.set_available(owner.ledger.unit.to_parts(money.available), owner.now())
        return ledger_view(world, owner)

    @routes.get("/limits/{account}")
    def limits(account: AccountInPath) -> dict[str, int | None]:
        """Show an account's limits."""
        owner = account_or_404(world, account)
        return {"at_once": owner.at_once, "per_minute": owner.rate_limit.per_minute if owner.rate_limit else None}

    @routes.put("/limits/{account}")
    def put_limits(account: AccountInPath, change: Limits) -> dict[str, int | None]:
        """Change an account's limits."""
        with _value_errors_as_422():
            world.limit(account_or_404(world, account), **change.model_dump(exclude_unset=True))
        return limits(account)


def _scenario_routes(routes: APIRouter, world: World) -> None:
    @routes.get("/scenarios")
    def scenarios() -> list[dict[str, Any]]:
        """List the orders that still apply."""
        with world.lock:
            return [order.as_dict() for order in world.scenarios]

    @routes.post("/scenarios", status_code=201)
    def add(order: NewScenario) -> dict[str, Any]:
        """Order what happens to future tasks."""
        with _value_errors_as_422():
            return world.scenario(Scenario(**_for_account(world, order))).as_dict()

    @routes.delete("/scenarios", status_code=204, response_model=None)
    def clear(number: OrderId = None) -> None:
        """Remove one order, or all."""
        with world.transaction(()):
            removed = world.scenarios.clear(number)
        if not removed and number is not None:
            raise HTTPException(404, f"no scenario has the id {shown(number)}")


def _fault_routes(routes: APIRouter, world: World) -> None:
    @routes.get("/scenarios/faults")
    def faults() -> list[dict[str, Any]]:
        """List the faults that still apply."""
        with world.lock:
            return [fault.as_dict() for fault in world.faults]

    @routes.post("/scenarios/faults", status_code=201)
    def inject(fault: NewFault) -> dict[str, Any]:
        """Inject a fault into future requests or callbacks."""
        with _value_errors_as_422():
            return world.fault(Fault(**_for_account(world, fault))).as_dict()

    @routes.delete("/scenarios/faults", status_code=204, response_model=None)
    def remove(number: FaultId = None) -> None:
        """Remove one fault, or all."""
        removed = world.clear_faults(number)
        if not removed and number is not None:
            raise HTTPException(404, f"no fault has the id {shown(number)}")


def _for_account(world: World, order: NewScenario | NewFault) -> dict[str, Any]:
    return {**order.model_dump(), "account": name_to_match(world, order.account, order.vendor)}


def _snapshot_routes(routes: APIRouter, world: World) -> None:
    @routes.get("/snapshot")
    def snapshot() -> Response:
        """Return the state of the world."""
        return Response(world.capture().as_json(), media_type="application/json")

    @routes.put("/snapshot", status_code=204, response_model=None)
    def restore(snapshot: dict[str, Any]) -> None:
        """Replace the state of the world by a snapshot."""
        with _value_errors_as_422():
            world.restore(snapshot)


def _dialect_routes(routes: APIRouter, world: World) -> None:
    @routes.get("/dialects")
    def dialects(account: AccountName = None) -> dict[str, str]:
        """Show the reading of every dialect."""
        owner = account_or_all(world, account)
        return world.dialects.readings(owner.name if owner else None)

    @routes.put("/dialects")
    def choose(chosen: dict[str, str], account: AccountName = None) -> dict[str, str]:
        """Choose readings for the world or for one account."""
        owner = account_or_all(world, account)
        with _value_errors_as_422(), world.transaction(()):
            world.dialects.choose(chosen, owner.name if owner else None)
        return dialects(account)


def refuse(_: Request, error: Exception) -> JSONResponse:
    """Refuse an invalid request; the message names each field, its value and what is allowed."""
    invalid = cast("RequestValidationError", error)
    detail = "; ".join(_describe(error) for error in invalid.errors())
    # The name of a field is the caller's own text, too, and there may be many.
    return JSONResponse({"detail": detail[:_LONGEST_DETAIL]}, 422)


def report_unsaved(_: Request, error: Exception) -> JSONResponse:
    """Report that the state file could not be written, so that nothing was changed."""
    return JSONResponse({"detail": str(error)}, 500)


def _describe(error: dict[str, Any]) -> str:
    if error["type"] == "json_invalid":
        return f"body: it is not JSON ({error['ctx']['error']})"
    field = ".".join(str(part) for part in error["loc"][1:]) or str(error["loc"][0])
    # In ASCII, since a value may contain half a surrogate pair, which UTF-8 cannot encode.
    return f"{field}: {error['msg']}; got {error['input']!a:.{MAX_SHOWN}}"


@contextmanager
def _value_errors_as_422() -> Iterator[None]:
    """Turn a ValueError, whose message names field, value and what is allowed, into HTTP 422."""
    try:
        yield
    except ValueError as error:
        # A message repeats the value that was sent, which may be long.
        raise HTTPException(422, f"{error}"[:_LONGEST_DETAIL]) from None


def _journals(world: World, account: str | None) -> list[Journal]:
    owner = account_or_all(world, account)
    return [owner.journal] if owner else [*(one.journal for one in world.accounts()), world.anonymous_journal]
