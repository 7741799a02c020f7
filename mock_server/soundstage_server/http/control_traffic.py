"""The control API's part on what comes and goes: checks on the journal, callbacks, held files, results."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Annotated, Any

import fastapi
from fastapi import APIRouter, HTTPException, Query
from fastapi.responses import FileResponse
from pydantic import BaseModel, ConfigDict, Field

from soundstage_server.model.asgi import origin
from soundstage_server.world.verification import RequestPattern
from soundstage_server.world.world import MAX_REDIRECTS

if TYPE_CHECKING:
    from collections.abc import Callable

    from soundstage_server.model.account import Account
    from soundstage_server.world.callbacks import CallbackAttempt, PendingCallback
    from soundstage_server.world.world import World

    Choose = Callable[[World, str | None], Account | None]

AccountName = Annotated[str | None, Query(description="The account, as `GET accounts` names it; none means all.")]
Method = Annotated[str | None, Query(description="The HTTP method.")]
Path = Annotated[str | None, Query(description="The vendor's own path, without the slug; `*` stands for anything.")]
Contains = Annotated[str | None, Query(description="Text in the body or the query, secrets redacted.")]


class ResultRules(BaseModel):
    """How results are handed out from now on."""

    model_config = ConfigDict(extra="forbid")

    redirects: int = Field(ge=0, le=MAX_REDIRECTS, description="How often a result's address redirects first.")


def add_to(routes: APIRouter, world: World, choose: Choose) -> None:
    """Add this part to *routes*; *choose* returns the account that a request names, or refuses with 404."""
    _request_routes(routes, world, choose)
    _callback_routes(routes, world, choose)
    _result_routes(routes, world)
    _file_routes(routes, world)


def _request_routes(routes: APIRouter, world: World, choose: Choose) -> None:
    @routes.get("/requests")
    def requests(
        account: AccountName = None, method: Method = None, path: Path = None, contains: Contains = None
    ) -> list[dict[str, Any]]:
        """Show the journal, oldest first; without an account, all of it."""
        entries = world.journal(choose(world, account))
        return [entry.redacted() for entry in RequestPattern(method, path, None, contains).matching(entries)]

    @routes.get("/requests/count")
    def count(
        account: AccountName = None, method: Method = None, path: Path = None, contains: Contains = None
    ) -> dict[str, Any]:
        """Count the requests in the journal that are meant; if there is none, show which come nearest."""
        entries = world.journal(choose(world, account))
        wanted = RequestPattern(method, path, None, contains)
        found = len(wanted.matching(entries))
        return {"count": found, "kept": len(entries), "nearest": [] if found else wanted.nearest(entries)}


def _callback_routes(routes: APIRouter, world: World, choose: Choose) -> None:
    @routes.get("/callbacks")
    def callbacks(account: AccountName = None) -> dict[str, Any]:
        """Show the callbacks that were sent, failed or were refused, and those to come."""
        owner = choose(world, account)
        return {
            "attempts": [_attempt(attempt) for attempt in world.callbacks(owner)],
            "waiting": [_waiting(waiting) for waiting in world.callback_dispatcher.pending(owner)],
        }


def _result_routes(routes: APIRouter, world: World) -> None:
    @routes.get("/results")
    def results() -> ResultRules:
        """Show how results are handed out."""
        return ResultRules(redirects=world.redirects)

    @routes.put("/results")
    def put_results(rules: ResultRules) -> ResultRules:
        """Let every result's address redirect so often before it hands out the file."""
        world.redirects = rules.redirects
        return rules


def _file_routes(routes: APIRouter, world: World) -> None:
    @routes.post("/files", status_code=201)
    async def hold(
        request: fastapi.Request, name: Annotated[str, Query(description="What the file is called.")]
    ) -> dict[str, Any]:
        """Keep the body as a file, and say what it is and under which address a create call can name it."""
        content = await _content(request, world.uploads.max_bytes)
        try:
            held = await asyncio.to_thread(world.uploads.add, name, content)
        except ValueError as error:
            raise HTTPException(422, str(error)) from None
        return held.as_dict(world.public_url or origin(request.scope))

    @routes.head("/files/{key}/{name}", include_in_schema=False)
    @routes.get("/files/{key}/{name}")
    def held_file(key: str, name: str) -> FileResponse:
        """Hand out a held file."""
        held = world.uploads.get(key)
        if held is None or held.name != name:
            raise HTTPException(404, f"no file is held under {key}/{name}")
        return FileResponse(held.path, media_type=held.media_type)


async def _content(request: fastapi.Request, most: int) -> bytes:
    pieces, size = [], 0
    async for piece in request.stream():
        pieces.append(piece)
        size += len(piece)
        if size > most:
            raise HTTPException(413, f"a held file must have at most {most} bytes")
    return b"".join(pieces)


def _attempt(attempt: CallbackAttempt) -> dict[str, Any]:
    fields = attempt._asdict()
    fields["said"] = fields.pop("detail")
    return fields


def _waiting(waiting: PendingCallback) -> dict[str, Any]:
    account = waiting.task.account.name
    return {"account": account, "task": waiting.task.id, "due": waiting.due, "attempt": waiting.attempt}
