"""Veo behind the proxy and on Google's own host: keys, create calls, operations, files, the form of refusals.

Documents: the page and the script of the proxy at api.thucchien.ai, ai.google.dev/gemini-api/docs/video, and litellm
1.109.1, read and run in November 2026.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import parse_qs

import orjson

from soundstage_server.kit.results import file_count
from soundstage_server.kit.service import Service
from soundstage_server.model.fields import FieldError
from soundstage_server.model.ledger import USD
from soundstage_server.model.lifecycle import Fate
from soundstage_server.model.messages import JSON, Identity, RefusedError, Request, Response, Route, json_response
from soundstage_server.model.suggestions import did_you_mean
from soundstage_server.vendors.veo.capabilities import BODY, FACTS, MODELS, TIMES, parse_parameters
from soundstage_server.vendors.veo.outputs import base36, delivered, file_key, file_name, filtered, key_of, media_for
from soundstage_server.vendors.veo.refusals import (
    CODES,
    DETAILS,
    FILE_NOT_FOUND,
    INVALID,
    NO_KEY,
    PROXY_REFUSALS,
    PROXY_TYPES,
    REFUSALS,
    UNKNOWN_MODEL,
    UNKNOWN_ROUTE,
)

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence

    from soundstage_server.media import Video
    from soundstage_server.model.account import Account, Task
    from soundstage_server.model.lifecycle import Lifecycle
    from soundstage_server.world.world import World

PROXY: Final = "/gemini"  # errors.where: the proxy's path prefix
GOOGLE: Final = "https://generativelanguage.googleapis.com"  # result.uri
RETENTION: Final = 2 * 24 * 3600.0  # download.retention
INTERNAL_CODE: Final = 13  # poll.error_codes
TYPE: Final = "type.googleapis.com/google.ai.generativelanguage.v1beta.PredictLongRunningResponse"  # poll.done

_CREATED: Final = {"name": "models/veo-3.0-generate-preview/operations/idrk08ltkg0a"}


class VeoService(Service):
    """The simulated Veo: the proxy and Google's host at once."""

    slug = "veo"
    title = "Veo"
    hosts = ("api.thucchien.ai", "generativelanguage.googleapis.com")
    unit = USD
    credential_headers = (b"x-goog-api-key",)  # auth.header
    refusals = REFUSALS
    codes = CODES
    dialects = {"uri": ("by_path", "own", "google")}  # noqa: RUF012 - a table, as every vendor has it
    operations = tuple(MODELS)
    reasons = {  # noqa: RUF012 - a table, as every vendor has it
        Fate.FAIL: "the video could not be made: an internal error",
        Fate.BLOCK: "the video breaks the rules on safe content",
    }

    def __init__(self, world: World) -> None:
        super().__init__(world)
        self._files: dict[int, tuple[Task, int]] = {}
        self._extended: dict[str, float] = {}

    def routes(self) -> Iterable[Route]:
        """Return the routes through the proxy and on Google's host (create.route, poll.route, download.redirect)."""
        for prefix in (PROXY, ""):
            yield Route(
                "POST",
                f"{prefix}/v1beta/models/{{model}}:predictLongRunning",
                self.create,
                "Start a video",
                FACTS,
                BODY,
                _CREATED,
                paid=True,
            )
            poll = ("poll.route", "poll.done", "poll.error", "poll.filtered", "result.uri")
            yield Route(
                "GET",
                f"{prefix}/v1beta/models/{{model}}/operations/{{operation}}",
                self.poll,
                "Read an operation",
                poll,
            )
            file = ("download.redirect", "download.query", "download.owner", "download.retention")
            known = f"{prefix}/v1beta/files/{{file}}:download"
            mangled = f"{prefix}/v1beta/files/{{address:path}}/v1beta/files/{{file}}:download"
            for path in (known, mangled):
                yield Route(
                    "GET",
                    path,
                    partial(self.redirect, prefix),
                    "Redirect to a file's content",
                    file,
                    statuses=(302,),
                )
            path = f"{prefix}/download/v1beta/files/{{file}}:download"
            yield Route("GET", path, self.download, "Send a file", ("download.through_proxy", *file[1:]))

    def lifecycle(self, operation: str) -> Lifecycle:
        """Return the states of an operation (poll.route, generation.times)."""
        del operation  # all models have the same
        return TIMES

    def credentials(self, headers: Mapping[bytes, bytes], query: bytes) -> tuple[bytes | None, ...]:
        """Return the key, from the query or from the header (auth.header)."""
        given = parse_qs(query.decode("latin-1")).get("key") if b"key=" in query else None
        return (given[0].encode("latin-1") if given else headers.get(b"x-goog-api-key"),)

    def identify(self, credentials: tuple[bytes | None, ...]) -> Identity:
        """Return the key."""
        (key,) = credentials
        if not key:
            raise RefusedError(NO_KEY)
        return Identity(key.decode("latin-1"))

    def create(self, request: Request) -> Response:
        """Start a video; the response is the operation's name alone (create.route)."""
        name = request.path_values["model"]
        return json_response({"name": self.submit(request, name, self._parameters(name, request)).id})

    def _parameters(self, name: str, request: Request) -> dict[str, Any]:
        """Return the validated parameters of a create call for the model *name*."""
        model = MODELS.get(name)
        if model is None:
            raise RefusedError(UNKNOWN_MODEL, f"models/{name}{did_you_mean(name, MODELS)}")
        try:
            params = parse_parameters(model, self.parse_body(BODY, request))
        except FieldError as error:
            raise RefusedError(INVALID, str(error), error.fact) from None
        if "video" in params:
            self._file(request, params["video"])
        return params

    def poll(self, request: Request) -> Response:
        """Return an operation: its name alone until it is done (poll.done, poll.error, poll.filtered)."""
        name = "models/{model}/operations/{operation}".format_map(request.path_values)
        task = self.own_task(request, name, name)
        if not self.observe(request, task).final:
            return json_response({"name": name})
        if task.fate not in (Fate.SUCCEED, Fate.BLOCK):
            error = {"code": INTERNAL_CODE, "message": self.reason(task)}
            return json_response({"name": name, "done": True, "error": error})
        response = {"@type": TYPE, "generateVideoResponse": self._video_response(request, task)}
        return json_response({"name": name, "done": True, "response": response})

    def _video_response(self, request: Request, task: Task) -> dict[str, Any]:
        """Return the videos of an operation, and the number and reasons of those that are withheld."""
        requested = file_count(task.params["sampleCount"])
        if task.fate is Fate.BLOCK:
            return filtered(requested)
        made = delivered(task.params)
        samples = [{"video": {"uri": self._uri(request, task, number)}} for number in range(made)]
        return {"generatedSamples": samples, **(filtered(requested - made) if made < requested else {})}

    def _uri(self, request: Request, task: Task, number: int) -> str:
        """Return the URL of a file, which depends on where its operation is polled (result.uri)."""
        reading = self.dialect("uri", task.account)
        if reading == "by_path":
            reading = "google" if _through_proxy(request) else "own"
        host = GOOGLE if reading == "google" else self.base_url(request) + (PROXY if _through_proxy(request) else "")
        return f"{host}/v1beta/files/{file_name(task.id, number)}:download?alt=media"

    def redirect(self, prefix: str, request: Request) -> Response:
        """Redirect to the content of a file: on the same host, below /download (download.redirect)."""
        name = request.path_values["file"]
        self._file(request, name)
        self._check_alt(request)
        query = request.scope["query_string"].decode("latin-1")
        if "address" in request.path_values:  # the URL in the path had a query of its own
            query = query.partition(":download?")[0]
        location = f"{self.base_url(request)}{prefix}/download/v1beta/files/{name}:download?{query}".removesuffix("?")
        return Response(302, b"", [(b"location", location.encode("latin-1"))])

    def download(self, request: Request) -> Response:
        """Send the content of a file (download.through_proxy)."""
        video = self._file(request, request.path_values["file"])
        self._check_alt(request)
        return Response(200, b"", [], media=video)

    def _file(self, request: Request, name: str) -> Video:
        """Return the caller's file *name*.

        Raises:
            RefusedError: It does not exist, has expired or is another account's (download.owner, download.retention).
        """
        key = key_of(name)
        task, number = (None, 0) if key is None else self._files.get(key, (None, 0))
        if task is None or task.account is not request.caller or not task.ends <= request.now:
            raise RefusedError(FILE_NOT_FOUND, name)
        made = media_for(task) if task.fate is Fate.SUCCEED else []
        if number >= len(made):
            raise RefusedError(FILE_NOT_FOUND, name)
        if request.now >= max(task.ends, self._extended.get(name, 0.0)) + RETENTION:
            raise RefusedError(FILE_NOT_FOUND, name, "download.retention")
        return made[number]

    def _check_alt(self, request: Request) -> None:
        alt = request.query_values().get("alt", "media").partition(":")[0]
        if alt != "media":
            raise RefusedError(INVALID, f"alt must be 'media'; got {alt!r}", "download.query")

    def index_task(self, task: Task) -> None:
        """Index a task, its files, and the file that it extends."""
        super().index_task(task)
        for number in range(file_count(task.params["sampleCount"])):
            self._files[file_key(task.id, number)] = (task, number)
        extended = task.params.get("video")
        if extended is not None:
            self._extended[extended] = max(task.created, self._extended.get(extended, 0.0))

    def forget(self, accounts: Collection[Account]) -> None:
        """Forget *accounts*, their tasks and their files."""
        super().forget(accounts)
        self._files = {key: entry for key, entry in self._files.items() if entry[0].account not in accounts}
        self._extended = {name: at for name, at in self._extended.items() if key_of(name) in self._files}

    def drop_tasks(self, tasks: Iterable[Task]) -> None:
        """Forget *tasks* and their files."""
        for task in (tasks := tuple(tasks)):
            for number in range(file_count(task.params["sampleCount"])):
                self._files.pop(file_key(task.id, number), None)
                self._extended.pop(file_name(task.id, number), None)
        super().drop_tasks(tasks)

    def unknown_route(self, request: Request, allowed: Sequence[str]) -> Response:
        """Refuse an unknown route with 404, whatever its method (route.unknown)."""
        return super().unknown_route(request, allowed)._replace(status=UNKNOWN_ROUTE.status)

    def refuse(self, refused: RefusedError, request: Request) -> Response:
        """Return the proxy's envelope for its own refusals, and Google's for all others (errors.where)."""
        own = PROXY_REFUSALS.get(refused.refusal) if _through_proxy(request) else None
        if own is not None:
            refused.refusal, refused.fact = own, own.fact
        refusal, message = refused.refusal, refused.message
        error: dict[str, Any]
        if refusal.code in PROXY_TYPES:
            error = {"message": message, "type": refusal.code, "param": "None", "code": str(refusal.status)}
        else:
            error = {"code": refusal.status, "message": message, "status": refusal.code}
            if refusal in DETAILS:
                error["details"] = DETAILS[refusal]
        return Response(refusal.status, orjson.dumps({"error": error}), [JSON])

    def result_urls(self, task: Task) -> list[str]:
        """Return the proxy's URLs of the videos of *task*; they require its key."""
        names = (file_name(task.id, number) for number in range(delivered(task.params)))
        return [f"{task.base}{PROXY}/download/v1beta/files/{name}:download?alt=media" for name in names]

    def outputs(self, task: Task) -> Sequence[Video]:
        """Return the videos of a successful *task*."""
        return media_for(task)

    def price(self, operation: str, params: Mapping[str, Any]) -> int:
        """Return millionths of a dollar, by the seconds of video (charge, charge.prices)."""
        model = MODELS[operation]
        rate = model.price_4k if params["resolution"] == "4k" else model.price
        return rate * int(params["durationSeconds"]) * delivered(params)

    def make_task_id(self, operation: str, now: float, seed: int) -> str:
        """Return ``models/{model}/operations/{id}`` (operation.name)."""
        del now
        return f"models/{operation}/operations/{base36(seed)}"


def _through_proxy(request: Request) -> bool:
    return request.path.startswith(f"{PROXY}/")
