"""The control API's routes for traffic: the journal, callbacks, results and uploads."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Annotated, Any

import fastapi
from fastapi import APIRouter, HTTPException, Query
from fastapi.responses import FileResponse

from soundstage_server.http.control.accounts import AccountName, account_or_all
from soundstage_server.http.control.body import read_bounded
from soundstage_server.http.control.models import ResultRules
from soundstage_server.model.asgi import origin
from soundstage_server.model.bounds import shown
from soundstage_server.model.journal.redaction import redact_body
from soundstage_server.world.verification import RequestPattern

if TYPE_CHECKING:
    from soundstage_server.model.callbacks import CallbackAttempt, PendingCallback
    from soundstage_server.world.world import World


Method = Annotated[str | None, Query(description="The HTTP method.")]
Path = Annotated[str | None, Query(description="The vendor's own path, without the slug; `*` matches anything.")]
Contains = Annotated[str | None, Query(description="Text in the body or the query, after redaction.")]


FileKey = Annotated[str, fastapi.Path(description="The part of the upload's address that is its own.")]
FileName = Annotated[str, fastapi.Path(description="The file's name.")]


def add_to(routes: APIRouter, world: World) -> None:
    """Add these routes to *routes*."""
    _request_routes(routes, world)
    _callback_routes(routes, world)
    _result_routes(routes, world)
    _file_routes(routes, world)


def _request_routes(routes: APIRouter, world: World) -> None:
    @routes.get("/requests")
    def requests(
        account: AccountName = None, method: Method = None, path: Path = None, contains: Contains = None
    ) -> list[dict[str, Any]]:
        """Show the journal, oldest first; without an account, all of it."""
        entries = world.journal(account_or_all(world, account))
        return [entry.redacted() for entry in RequestPattern(method, path, None, contains).matching(entries)]

    @routes.get("/requests/count")
    def count(
        account: AccountName = None, method: Method = None, path: Path = None, contains: Contains = None
    ) -> dict[str, Any]:
        """Count the matching requests in the journal; if there is none, show the most similar ones."""
        entries = world.journal(account_or_all(world, account))
        wanted = RequestPattern(method, path, None, contains)
        matching = len(wanted.matching(entries))
        nearest = [] if matching else wanted.nearest(entries)
        return {"count": matching, "kept": len(entries), "nearest": nearest}


def _callback_routes(routes: APIRouter, world: World) -> None:
    @routes.get("/callbacks")
    def callbacks(account: AccountName = None) -> dict[str, Any]:
        """Show the callback attempts, and the callbacks to send."""
        owner = account_or_all(world, account)
        return {
            "attempts": [_attempt(attempt) for attempt in world.callbacks(owner)],
            "waiting": [_waiting(waiting) for waiting in world.callback_dispatcher.pending(owner)],
        }


def _result_routes(routes: APIRouter, world: World) -> None:
    @routes.get("/results")
    def results() -> ResultRules:
        """Show how results are served."""
        return ResultRules(redirects=world.redirects)

    @routes.put("/results")
    def put_results(rules: ResultRules) -> ResultRules:
        """Set how often each result's address redirects before the file is sent."""
        world.redirects = rules.redirects
        return rules


def _file_routes(routes: APIRouter, world: World) -> None:
    @routes.post("/files", status_code=201)
    async def upload(
        request: fastapi.Request, name: Annotated[str, Query(description="The file's name.")]
    ) -> dict[str, Any]:
        """Store the body as a file, and return its properties and the URL for create calls."""
        content = await read_bounded(request, world.uploads.max_bytes)
        try:
            stored = await asyncio.to_thread(world.uploads.add, name, content)
        except ValueError as error:
            raise HTTPException(422, str(error)) from None
        except OSError as error:
            raise HTTPException(507, f"the file cannot be stored: {error}") from None
        return stored.as_dict(world.public_url or origin(request.scope))

    @routes.head("/files/{key}/{name}", include_in_schema=False)
    @routes.get("/files/{key}/{name}")
    def download(key: FileKey, name: FileName) -> FileResponse:
        """Return an uploaded file."""
        stored = world.uploads.get(key)
        if stored is None or stored.name != name:
            raise HTTPException(404, f"no file was uploaded as {shown(f'{key}/{name}')}")
        return FileResponse(stored.path, media_type=stored.media_type)


def _attempt(attempt: CallbackAttempt) -> dict[str, Any]:
    fields = attempt._asdict()
    fields["said"] = fields.pop("detail")  # codespell:ignore said
    fields["body"] = redact_body(fields["body"])
    return fields


def _waiting(waiting: PendingCallback) -> dict[str, Any]:
    task, due = waiting.task, waiting.due
    rest = {"attempt": waiting.attempt, "fault": waiting.fault}
    return {"account": task.account.name, "task": task.id, "due": due, **rest}
