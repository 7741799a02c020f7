"""The control API under ``/_understudy``: what a test or a developer tells the simulator, and asks it.

It is not a vendor's, so its errors are plain: HTTP 404 or 422 with ``detail``. All of it can be said in Python, too.
"""

from __future__ import annotations

from importlib.metadata import version
from typing import TYPE_CHECKING, Annotated, Any

from fastapi import APIRouter, HTTPException, Query
from pydantic import BaseModel, ConfigDict, Field

from understudy_server.application import CONTROL
from understudy_server.clock import Kind
from understudy_server.scenarios import Order, Scenario

if TYPE_CHECKING:
    from understudy_server.accounts import Account
    from understudy_server.tasks import Task
    from understudy_server.world import World

AccountName = Annotated[str | None, Query(description="The account, as `GET accounts` names it; none means all.")]


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid", allow_inf_nan=False)


class ClockChange(_Body):
    """Another clock from now on; its time does not jump."""

    kind: Kind
    speed: float = Field(default=1.0, gt=0, description="Simulated seconds a second, for `scaled`.")


class Advance(_Body):
    """Time to move forward, for the world or for one account."""

    seconds: float = Field(ge=0)
    account: str | None = None


class Money(_Body):
    """What an account holds from now on, in whole units."""

    available: float = Field(ge=0)


class NewScenario(_Body):
    """An order for tasks to come."""

    then: Order
    code: str | None = None
    vendor: str | None = None
    account: str | None = None
    operation: str | None = None
    contains: str | None = None
    times: int | None = Field(default=None, ge=1)


def router(world: World) -> APIRouter:
    """Return the control API of *world*."""
    routes = APIRouter(prefix=CONTROL, tags=["control"])
    _clock_routes(routes, world)
    _account_routes(routes, world)
    _scenario_routes(routes, world)
    _dialect_routes(routes, world)

    @routes.get("/health")
    def health() -> dict[str, Any]:
        """Say that the simulator answers, which version it is and whom it plays."""
        return {
            "ok": True,
            "version": version("understudy"),
            "vendors": list(world.services),
            "clock": world.clock.kind,
        }

    @routes.get("/facts")
    def facts() -> dict[str, int]:
        """List the facts that refusals can cite, each with how often it was cited."""
        known = sorted(f"{slug}:{fact}" for slug, service in world.services.items() for fact in service.facts())
        return {fact: world.citations[fact] for fact in known}

    @routes.post("/reset", status_code=204)
    def reset(account: AccountName = None) -> None:
        """Forget everything, or everything about one account; the clock stays."""
        world.reset(_named(world, account) if account else None)

    return routes


def _clock_routes(routes: APIRouter, world: World) -> None:
    @routes.get("/clock")
    def clock(account: AccountName = None) -> dict[str, Any]:
        """Tell the time of the world, or of one account."""
        now = _named(world, account).now() if account else world.clock.now()
        return {"kind": world.clock.kind, "speed": world.clock.speed, "now": now}

    @routes.put("/clock")
    def change_clock(change: ClockChange) -> dict[str, Any]:
        """Change the kind of clock."""
        world.clock.change(change.kind, change.speed)
        return clock()

    @routes.post("/clock/advance")
    def advance(step: Advance) -> dict[str, Any]:
        """Move time forward, the world's or one account's."""
        world.advance(step.seconds, _named(world, step.account) if step.account else None)
        return clock(step.account)


def _account_routes(routes: APIRouter, world: World) -> None:
    @routes.get("/accounts")
    def accounts() -> list[dict[str, Any]]:
        """List the accounts, in the order of their first use."""
        return [_account(account) for account in world.accounts()]

    @routes.get("/tasks")
    def tasks(account: AccountName = None, limit: Annotated[int, Query(ge=1, le=10_000)] = 100) -> list[dict[str, Any]]:
        """List the newest tasks, newest last."""
        found = list(world.tasks(_named(world, account) if account else None))
        return [_task(world, task) for task in sorted(found, key=lambda task: task.created)[-limit:]]

    @routes.get("/ledger/{vendor}/{account}")
    def ledger(vendor: str, account: str) -> dict[str, Any]:
        """Show an account's money in whole units, with every movement."""
        return _ledger(world, _named(world, account, vendor))

    @routes.put("/ledger/{vendor}/{account}")
    def put_ledger(vendor: str, account: str, money: Money) -> dict[str, Any]:
        """Let an account hold so much from now on."""
        owner = _named(world, account, vendor)
        with world.lock:
            owner.settle(owner.now())
            owner.ledger.put(round(money.available * owner.ledger.unit.parts), owner.now())
        return _ledger(world, owner)

    @routes.get("/requests")
    def requests(account: AccountName = None) -> list[dict[str, Any]]:
        """Show the journal, oldest first; without an account, all of it."""
        journals = [_named(world, account).journal] if account else [a.journal for a in world.accounts()]
        if account is None:
            journals.append(world.strangers)
        with world.lock:
            entries = sorted(entry for journal in journals for entry in journal)
        return [entry.shown() for entry in entries]

    @routes.delete("/requests", status_code=204)
    def forget_requests(account: AccountName = None) -> None:
        """Forget the journal of one account, or all of it."""
        with world.lock:
            for owner in [_named(world, account)] if account else world.accounts():
                owner.journal.clear()
            if account is None:
                world.strangers.clear()


def _scenario_routes(routes: APIRouter, world: World) -> None:
    @routes.get("/scenarios")
    def scenarios() -> list[dict[str, Any]]:
        """List the orders that still hold."""
        return [order.shown() for order in world.scenarios]

    @routes.post("/scenarios", status_code=201)
    def add(order: NewScenario) -> dict[str, Any]:
        """Order what happens to tasks to come."""
        try:
            return world.scenario(Scenario(**order.model_dump())).shown()
        except ValueError as error:
            raise HTTPException(422, str(error)) from None

    @routes.delete("/scenarios", status_code=204)
    def clear(number: Annotated[int | None, Query(alias="id")] = None) -> None:
        """Drop one order, or all."""
        if not world.scenarios.clear(number) and number is not None:
            raise HTTPException(404, f"no scenario has the id {number}")


def _dialect_routes(routes: APIRouter, world: World) -> None:
    @routes.get("/dialects")
    def dialects(account: AccountName = None) -> dict[str, str]:
        """Show the reading of every dialect."""
        return world.dialects.shown(_named(world, account).name if account else None)

    @routes.put("/dialects")
    def choose(chosen: dict[str, str], account: AccountName = None) -> dict[str, str]:
        """Speak other readings from now on, to the world or to one account."""
        try:
            world.dialects.choose(chosen, _named(world, account).name if account else None)
        except ValueError as error:
            raise HTTPException(422, str(error)) from None
        return dialects(account)


def _named(world: World, account: str, vendor: str | None = None) -> Account:
    if not world.is_account(account) or vendor not in (None, world.named(account).vendor):
        raise HTTPException(404, f"no account is called {account!r}; GET {CONTROL}/accounts lists them")
    return world.named(account)


def _account(account: Account) -> dict[str, Any]:
    account.settle(account.now())
    return {
        "account": account.name,
        "vendor": account.vendor,
        "now": account.now(),
        "tasks": len(account.tasks),
        "unfinished": account.working,
        "at_once": account.at_once,
        "unit": account.ledger.unit.name,
        "available": account.ledger.unit.shown(account.ledger.available),
        "reserved": account.ledger.unit.shown(account.ledger.reserved),
        "spent": account.ledger.unit.shown(account.ledger.spent),
        "double_submissions": [double._asdict() for double in account.doubles],
    }


def _task(world: World, task: Task) -> dict[str, Any]:
    moment = task.at(task.account.now(), world.services[task.account.vendor].lifecycle(task.operation))
    return {
        "id": task.id,
        "vendor": task.account.vendor,
        "account": task.account.name,
        "operation": task.operation,
        "state": moment.word,
        "final": moment.final,
        "progress": moment.progress,
        "fate": task.fate,
        "created": task.created,
        "changes": task.changes,
        "price": task.account.ledger.unit.shown(task.price),
    }


def _ledger(world: World, account: Account) -> dict[str, Any]:
    with world.lock:
        account.settle(account.now())
        money = account.ledger
        return {
            "unit": money.unit.name,
            "available": money.unit.shown(money.available),
            "reserved": money.unit.shown(money.reserved),
            "spent": money.unit.shown(money.spent),
            "granted": money.unit.shown(money.granted),
            "entries": [{**entry._asdict(), "amount": money.unit.shown(entry.amount)} for entry in money.entries],
        }
