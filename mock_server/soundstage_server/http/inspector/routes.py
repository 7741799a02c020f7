"""The inspector's routes in the control API: what the page reads, and the fate of one task."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Final, Literal

from fastapi import APIRouter, HTTPException, Path, Query
from fastapi.responses import StreamingResponse
from pydantic import BaseModel, ConfigDict, Field

from soundstage_server.http.control.accounts import VendorInPath  # noqa: TC001 - FastAPI reads it
from soundstage_server.http.control.body import BoundedRoute
from soundstage_server.http.inspector import views
from soundstage_server.http.inspector.stream import changes
from soundstage_server.model.asgi import CONTROL
from soundstage_server.model.bounds import shown
from soundstage_server.model.lifecycle import Fate

if TYPE_CHECKING:
    from collections.abc import Callable

    from soundstage_server.model.account import Task
    from soundstage_server.world.world import World

_LONGEST: Final = 200

TaskId = Annotated[str, Path(description="The vendor's id of the task.")]
Group = Literal["waiting", "running", "succeeded", "fail", "block", "timeout", "cancel"]


class NewFate(BaseModel):
    """How an unfinished task ends, now."""

    model_config = ConfigDict(extra="forbid")

    fate: Literal["succeed", "fail", "block", "timeout", "cancel"] = Field(description="How the task ends.")


def router(world: World, stopping: Callable[[], bool]) -> APIRouter:
    """Return the inspector's routes for *world*; the stream of events ends when *stopping* is true."""
    routes = APIRouter(prefix=CONTROL, tags=["control"], route_class=BoundedRoute)

    @routes.get("/inspector")
    def overview() -> dict[str, Any]:
        """Show the clock, the newest accounts with their money, the bill, the orders and the faults."""
        return views.overview(world)

    @routes.get("/inspector/tasks")
    def tasks(  # noqa: PLR0917 - the parameters of the query
        vendor: Annotated[str | None, Query(description="The vendor's slug.")] = None,
        account: Annotated[str | None, Query(description="The account's name.")] = None,
        state: Annotated[Group | None, Query(description="The group of states.")] = None,
        text: Annotated[
            str | None, Query(max_length=_LONGEST, description="Text in id, prompt, operation, state or account.")
        ] = None,
        offset: Annotated[int, Query(ge=0, le=views.MAX_SCANNED, description="How many newer ones to skip.")] = 0,
        limit: Annotated[int, Query(ge=1, le=1000, description="How many, at most.")] = 100,
    ) -> dict[str, Any]:
        """List the newest tasks that match, newest first."""
        return views.task_list(world, views.TaskFilter(vendor, account, state, text), offset, limit)

    @routes.get("/inspector/events", response_class=StreamingResponse)
    async def events() -> StreamingResponse:
        """Send an event whenever something has changed."""
        return StreamingResponse(
            changes(world, stopping), media_type="text/event-stream", headers={"cache-control": "no-store"}
        )

    @routes.get("/tasks/{vendor}/{task:path}")
    def show(vendor: VendorInPath, task: TaskId) -> dict[str, Any]:
        """Show a task with its parameters, files, states, money, requests and callbacks."""
        return views.task_detail(world, _task(world, vendor, task))

    @routes.put("/tasks/{vendor}/{task:path}")
    def end(vendor: VendorInPath, task: TaskId, change: NewFate) -> dict[str, Any]:
        """End an unfinished task now; its money is settled and its callbacks are sent as for any other end."""
        found = _task(world, vendor, task)
        with world.transaction((found.account,)):
            ended = world.services[vendor].end_early(found, found.account.now(), Fate(change.fate))
        if not ended:
            raise HTTPException(409, f"the task {task!r} has ended already, with the fate {found.fate.value!r}")
        return views.task_detail(world, found)

    return routes


def _task(world: World, vendor: str, task: str) -> Task:
    found = views.find_task(world, vendor, task)
    if found is None:
        raise HTTPException(404, f"{shown(vendor)} has no task {shown(task)}; GET {CONTROL}/tasks lists them")
    return found
