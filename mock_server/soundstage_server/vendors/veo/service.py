"""How Veo behaves behind the proxy and on Google's own host: keys, create calls, operations, files, refusals.

Documents: the page and the script of the proxy at api.thucchien.ai, ai.google.dev/gemini-api/docs/video, and litellm
1.109.1, read and run in November 2026.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import parse_qs

import orjson

from soundstage_server.kit.service import Service
from soundstage_server.model.fields import FieldError
from soundstage_server.model.ledger import USD
from soundstage_server.model.lifecycle import Fate, Lifecycle, Stage
from soundstage_server.model.messages import JSON, Identity, RefusedError, Request, Response, Route, json_response
from soundstage_server.model.suggestions import did_you_mean
from soundstage_server.vendors.veo.capabilities import BODY, FACTS, MODELS, read
from soundstage_server.vendors.veo.outputs import delivered, file_name, filtered, media_for, word
from soundstage_server.vendors.veo.refusals import (
    CODES,
    DETAILS,
    FILE_NOT_FOUND,
    INVALID,
    NO_KEY,
    NOT_FOUND,
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
    from soundstage_server.world.world import World

PROXY: Final = "/gemini"  # errors.where: what stands before the path at the proxy
GOOGLE: Final = "https://generativelanguage.googleapis.com"  # result.uri
RETENTION: Final = 2 * 24 * 3600.0  # download.retention
INTERNAL_CODE: Final = 13  # poll.error_codes
TIMES: Final = Lifecycle(
    (Stage("running", 11.0, 360.0),),  # generation.times
    {Fate.SUCCEED: "done", Fate.FAIL: "error", Fate.BLOCK: "filtered"},
)
TYPE: Final = "type.googleapis.com/google.ai.generativelanguage.v1beta.PredictLongRunningResponse"  # poll.done

_CREATED: Final = {"name": "models/veo-3.0-generate-preview/operations/idrk08ltkg0a"}


class VeoService(Service):
    """Veo, as the simulator plays it: proxy and Google's host at once."""

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
        Fate.FAIL: "the film could not be made: an internal error",
        Fate.BLOCK: "the film breaks the rules on safe content",
    }

    def __init__(self, world: World) -> None:
        super().__init__(world)
        self._files: dict[str, tuple[Task, int]] = {}
        self._extended: dict[str, float] = {}

    def routes(self) -> Iterable[Route]:
        """Return the routes, through the proxy and without it (create.route, poll.route, download.redirect)."""
        for before in (PROXY, ""):
            yield Route(
                "POST",
                f"{before}/v1beta/models/{{model}}:predictLongRunning",
                self.create,
                "Start a film",
                FACTS,
                BODY,
                _CREATED,
                paid=True,
            )
            poll = ("poll.route", "poll.done", "poll.error", "poll.filtered", "result.uri")
            yield Route(
                "GET",
                f"{before}/v1beta/models/{{model}}/operations/{{operation}}",
                self.poll,
                "Read an operation",
                poll,
            )
            file = ("download.redirect", "download.query", "download.owner", "download.retention")
            known = f"{before}/v1beta/files/{{file}}:download"
            mangled = f"{before}/v1beta/files/{{address:path}}/v1beta/files/{{file}}:download"
            for path in (known, mangled):
                yield Route(
                    "GET",
                    path,
                    partial(self.redirect, before),
                    "Redirect to a file's content",
                    file,
                    statuses=(302,),
                )
            path = f"{before}/download/v1beta/files/{{file}}:download"
            yield Route("GET", path, self.download, "Send a file", ("download.through_proxy", *file[1:]))

    def lifecycle(self, operation: str) -> Lifecycle:
        """Return the states of a film (poll.route, generation.times)."""
        del operation
        return TIMES

    def credentials(self, headers: Mapping[bytes, bytes], query: bytes) -> tuple[bytes | None, ...]:
        """Return the key, from the query or from the header (auth.header)."""
        given = parse_qs(query.decode("latin-1")).get("key") if b"key=" in query else None
        return (given[0].encode("latin-1") if given else headers.get(b"x-goog-api-key"),)

    def identify(self, credentials: tuple[bytes | None, ...]) -> Identity:
        """Return whom the key names."""
        (key,) = credentials
        if not key:
            raise RefusedError(NO_KEY)
        return Identity(key.decode("latin-1"))

    def create(self, request: Request) -> Response:
        """Start a film, and answer its operation's name and nothing else (create.route)."""
        name = request.path_values["model"]
        model = MODELS.get(name)
        if model is None:
            raise RefusedError(UNKNOWN_MODEL, f"models/{name}{did_you_mean(name, MODELS)}")
        try:
            params = read(model, self.parse_body(BODY, request))
        except FieldError as error:
            raise RefusedError(INVALID, str(error), error.fact) from None
        if "video" in params:
            self._file(request, params["video"])
        return json_response({"name": self.submit(request, name, params).id})

    def poll(self, request: Request) -> Response:
        """Answer what an operation is now (poll.done, poll.error, poll.filtered); until it is over, its name alone."""
        name = "models/{model}/operations/{operation}".format_map(request.path_values)
        task = self.tasks.get(name)
        if task is None or task.account is not request.caller:
            raise RefusedError(NOT_FOUND, name)
        if not self.observe(request, task).final:
            return json_response({"name": name})
        if task.fate not in (Fate.SUCCEED, Fate.BLOCK):
            error = {"code": INTERNAL_CODE, "message": self.reason(task)}
            return json_response({"name": name, "done": True, "error": error})
        told = {"@type": TYPE, "generateVideoResponse": self._video_response(request, task)}
        return json_response({"name": name, "done": True, "response": told})

    def _video_response(self, request: Request, task: Task) -> dict[str, Any]:
        """Return the films of an operation, and what is said of those that are withheld."""
        asked = int(task.params["sampleCount"])
        if task.fate is Fate.BLOCK:
            return filtered(asked)
        made = delivered(task.params)
        samples = [{"video": {"uri": self._uri(request, task, number)}} for number in range(made)]
        return {"generatedSamples": samples, **(filtered(asked - made) if made < asked else {})}

    def _uri(self, request: Request, task: Task, number: int) -> str:
        """Return the address of a file, by where its operation is read (result.uri)."""
        reading = self.world.dialects.reading("veo.uri", task.account.name)
        if reading == "by_path":
            reading = "google" if _through_proxy(request) else "own"
        host = GOOGLE if reading == "google" else self.base_url(request) + (PROXY if _through_proxy(request) else "")
        return f"{host}/v1beta/files/{file_name(task.id, number)}:download?alt=media"

    def redirect(self, before: str, request: Request) -> Response:
        """Answer where the content of a file is: on the same host, under /download (download.redirect)."""
        name = request.path_values["file"]
        self._file(request, name)
        self._check_alt(request)
        query = request.scope["query_string"].decode("latin-1")
        if "address" in request.path_values:  # an address in the path has brought its own question mark along
            query = query.partition(":download?")[0]
        place = f"{self.base_url(request)}{before}/download/v1beta/files/{name}:download?{query}".removesuffix("?")
        return Response(302, b"", [(b"location", place.encode("latin-1"))])

    def download(self, request: Request) -> Response:
        """Send the content of a file (download.through_proxy)."""
        film = self._file(request, request.path_values["file"])
        self._check_alt(request)
        return Response(200, b"", [], media=film)

    def _file(self, request: Request, name: str) -> Video:
        """Return a file that is there and the caller's.

        Raises:
            RefusedError: It is not, or not any more: nobody is told which (download.owner, download.retention).
        """
        task, number = self._files.get(name, (None, 0))
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
        """Know a task, its files, and the file that it extends."""
        super().index_task(task)
        for number in range(int(task.params["sampleCount"])):
            self._files[file_name(task.id, number)] = (task, number)
        extended = task.params.get("video")
        if extended is not None:
            self._extended[extended] = max(task.created, self._extended.get(extended, 0.0))

    def forget(self, accounts: Collection[Account]) -> None:
        """Forget *accounts*, their tasks and their files."""
        super().forget(accounts)
        self._files = {name: found for name, found in self._files.items() if found[0].account not in accounts}
        self._extended = {name: at for name, at in self._extended.items() if name in self._files}

    def unknown_route(self, request: Request, allowed: Sequence[str]) -> Response:
        """Refuse a call that no route takes: not found, whatever its method (route.unknown)."""
        return super().unknown_route(request, allowed)._replace(status=UNKNOWN_ROUTE.status)

    def refuse(self, refused: RefusedError, request: Request) -> Response:
        """Return the proxy's envelope for what is the proxy's to refuse, and Google's otherwise (errors.where)."""
        refusal = refused.refusal
        own = PROXY_REFUSALS.get(refusal) if _through_proxy(request) else None
        if own is not None:
            refusal, refused.fact = own, own.fact  # what is cited is what was said
        message = f"{refusal.message}: {refused.detail}" if refused.detail else refusal.message
        error: dict[str, Any]
        if refusal.code in PROXY_TYPES:
            error = {"message": message, "type": refusal.code, "param": "None", "code": str(refusal.status)}
        else:
            error = {"code": refusal.status, "message": message, "status": refusal.code}
            if refusal in DETAILS:
                error["details"] = DETAILS[refusal]
        return Response(refusal.status, orjson.dumps({"error": error}), [JSON])

    def result_urls(self, task: Task) -> list[str]:
        """Return where the proxy has the films of *task*; they need its key."""
        names = (file_name(task.id, number) for number in range(delivered(task.params)))
        return [f"{task.base}{PROXY}/download/v1beta/files/{name}:download?alt=media" for name in names]

    def outputs(self, task: Task) -> Sequence[Video]:
        """Return what *task* has made."""
        return media_for(task)

    def price(self, operation: str, params: Mapping[str, Any]) -> int:
        """Return millionths of a dollar: so many seconds of film (charge, charge.prices)."""
        model = MODELS[operation]
        rate = model.price_4k if params["resolution"] == "4k" else model.price
        return rate * int(params["durationSeconds"]) * delivered(params)

    def make_task_id(self, operation: str, now: float, seed: int) -> str:
        """Return ``models/{model}/operations/{id}`` (operation.name)."""
        del now
        return f"models/{operation}/operations/{word(seed)}"


def _through_proxy(request: Request) -> bool:
    return request.path.startswith(f"{PROXY}/")
