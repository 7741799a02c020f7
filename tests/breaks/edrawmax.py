"""Mutations of EdrawMax: mistakes in the simulator or the client, each of which a contract must catch."""

from __future__ import annotations

import time
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, get_args
from urllib.parse import urlsplit

from soundstage import errors
from soundstage._protocol.downloads import Download, SaveOptions
from soundstage._protocol.service import Service as ClientService
from soundstage._protocol.spending import Spending, known
from soundstage._values.messages import Quote
from soundstage.vendors.edrawmax import bodies, diagrams, profile
from soundstage.vendors.edrawmax import service as conversation
from soundstage_contracts.mutation.mutations import Mutations
from soundstage_server.media import FlowchartEdge, FlowchartNode
from soundstage_server.model.fields import Choice
from soundstage_server.model.lifecycle import Fate, Lifecycle, Stage
from soundstage_server.model.messages import Identity, RefusedError, json_response
from soundstage_server.vendors.edrawmax import EdrawMaxService as Maker
from soundstage_server.vendors.edrawmax import capabilities, mermaid, outline, outputs, refusals, service
from soundstage_server.vendors.edrawmax.words import WORDS

if TYPE_CHECKING:
    import pytest

MUTATIONS = Mutations("edrawmax")
Client = conversation.EdrawMaxService


def say_otherwise(patch: pytest.MonkeyPatch, name: str, **changes: Any) -> None:
    """Let a refusal of the simulator have other data."""
    right = getattr(refusals, name)
    wrong = replace(right, **changes)
    patch.setattr(Maker, "codes", {key: wrong if one is right else one for key, one in Maker.codes.items()})
    patch.setattr(
        Maker,
        "refusals",
        Maker.refusals._replace(**{field: wrong for field, one in Maker.refusals._asdict().items() if one is right}),
    )


@MUTATIONS.in_simulator("error.render")
def wrong_code(patch: pytest.MonkeyPatch) -> None:
    """A failed rendering has the code of a failed generation."""
    say_otherwise(patch, "RENDER", code=212200)


@MUTATIONS.in_simulator("error.risk")
def wrong_words(patch: pytest.MonkeyPatch) -> None:
    """A risk is refused in other words."""
    say_otherwise(patch, "RISK", message="risk control")


@MUTATIONS.in_simulator("answer.file_names")
def numbered_files(patch: pytest.MonkeyPatch) -> None:
    """Files are called by their numbers."""
    patch.setattr(Maker, "result_names", ())


@MUTATIONS.in_simulator
def no_data_member(patch: pytest.MonkeyPatch) -> None:
    """A refusal has no data, not even null."""

    def envelope(data: Any, code: int = 0, message: str = "", *, status: int = 200) -> Any:
        return json_response({"code": code, "msg": message, **({} if data is None else {"data": data})}, status)

    patch.setattr(service, "_envelope", envelope)


@MUTATIONS.in_simulator
def statuses_by_default(patch: pytest.MonkeyPatch) -> None:
    """Refusals have HTTP statuses in the default dialect."""
    patch.setattr(Maker, "dialects", {**Maker.dialects, "errors": ("http", "envelope")})


@MUTATIONS.in_simulator
def no_fact(patch: pytest.MonkeyPatch) -> None:
    """A refusal names no fact."""
    patch.setattr(Maker, "_cite_fact", lambda _self, answer, _refused: answer)


@MUTATIONS.in_simulator("generate.params")
def blank_prompt(patch: pytest.MonkeyPatch) -> None:
    """A prompt of blanks is drawn."""
    right = Maker._parameters

    def parameters(self: Maker, call: Any) -> Any:
        try:
            return right(self, call)
        except RefusedError:
            body = call.json()
            if isinstance(body, dict) and isinstance(body.get("prompt"), str) and body["prompt"]:
                return {"prompt": body["prompt"], "lang": "cn"}
            raise

    patch.setattr(Maker, "_parameters", parameters)


@MUTATIONS.in_simulator("lang.enum")
def a_language_too_many(patch: pytest.MonkeyPatch) -> None:
    """A thirteenth language is taken."""
    fields = tuple(
        replace(field, rule=Choice((*capabilities.LANGUAGES, "zh_CN"))) if field.name == "lang" else field
        for field in capabilities.CHECKED
    )
    patch.setattr(service, "CHECKED", fields)
    patch.setitem(WORDS, "zh_CN", WORDS["cn"])


@MUTATIONS.in_simulator("generate.params")
def english_by_default(patch: pytest.MonkeyPatch) -> None:
    """Without a language it is English."""
    fields = tuple(replace(field, default="en") if field.name == "lang" else field for field in capabilities.CHECKED)
    patch.setattr(service, "CHECKED", fields)


@MUTATIONS.in_simulator
def platforms_are_checked(patch: pytest.MonkeyPatch) -> None:
    """A platform outside of the list is refused."""
    patch.setattr(service, "CHECKED", capabilities.BODY)


@MUTATIONS.in_simulator("answer.flowchart")
def source_code_everywhere(patch: pytest.MonkeyPatch) -> None:
    """A flowchart's code is called source_code, too."""
    right = Maker.create

    def generate(self: Maker, operation: str, call: Any) -> Any:
        answer = right(self, operation, call)
        return answer._replace(body=answer.body.replace(b"mermaid_code", b"source_code"))

    patch.setattr(Maker, "create", generate)


@MUTATIONS.in_simulator("error.concurrency")
def no_concurrency_limit(patch: pytest.MonkeyPatch) -> None:
    """Any number of requests is taken at once."""
    right = Maker.authenticate

    def enter(self: Maker, identity: Any) -> Any:
        account = right(self, identity)
        account.at_once = None
        return account

    patch.setattr(Maker, "authenticate", enter)


@MUTATIONS.in_simulator
def no_time_at_all(patch: pytest.MonkeyPatch) -> None:
    """A diagram takes no time, whatever the clock."""
    ends = {Fate.SUCCEED: "done", Fate.FAIL: "failed"}
    patch.setattr(Maker, "lifecycle", lambda _self, _operation: Lifecycle((Stage("working", 0, 0),), ends))


@MUTATIONS.in_simulator
def answers_do_not_wait(patch: pytest.MonkeyPatch) -> None:
    """An answer leaves before its diagram is done."""
    right = Maker.create
    patch.setattr(Maker, "create", lambda self, name, call: right(self, name, call)._replace(until=None))


@MUTATIONS.in_simulator("auth.none")
def everybody_is_zero(patch: pytest.MonkeyPatch) -> None:
    """X-User-ID is not read."""
    patch.setattr(Maker, "identify", lambda _self, _given: Identity("0"))


@MUTATIONS.in_simulator
def failures_are_drawn(patch: pytest.MonkeyPatch) -> None:
    """A word that lets a request fail draws a diagram all the same."""
    patch.setattr(Maker, "_refuse_as_planned", lambda *_given: None)


@MUTATIONS.in_simulator
def one_way_out(patch: pytest.MonkeyPatch) -> None:
    """A question has one way out."""
    right = outputs._edges
    patch.setattr(
        outputs, "_edges", lambda steps, words: (link for link in right(steps, words) if link.label != words.no)
    )


@MUTATIONS.in_simulator
def steps_in_another_order(patch: pytest.MonkeyPatch) -> None:
    """The points of a prompt are drawn from the last to the first."""
    right = outline.flatten
    patch.setattr(outputs, "flatten", lambda points: reversed(list(right(points))))


@MUTATIONS.in_simulator
def always_english(patch: pytest.MonkeyPatch) -> None:
    """What is added to a prompt is English in every language."""
    patch.setattr(outputs, "WORDS", dict.fromkeys(WORDS, WORDS["en"]))


@MUTATIONS.in_simulator
def another_picture(patch: pytest.MonkeyPatch) -> None:
    """The PNG shows another flowchart than the SVG."""
    right = outputs.media_for

    def media_for(task: Any) -> Any:
        png: Any
        png, svg = right(task)
        if task.operation != "flowchart":
            return [replace(png, seed=png.seed + 1), svg]
        flow = replace(
            png.content,
            nodes=(*png.content.nodes, FlowchartNode("more")),
            edges=(*png.content.edges, FlowchartEdge(0, 1)),
        )
        return [replace(png, content=flow), svg]

    patch.setattr(outputs, "media_for", media_for)


@MUTATIONS.in_simulator
def a_picture_without_words(patch: pytest.MonkeyPatch) -> None:
    """The PNG has the boxes and no words in them."""
    from soundstage_server.media.diagrams import scene_png

    patch.setattr(scene_png, "_write", lambda *_given: None)


@MUTATIONS.in_simulator
def two_pngs(patch: pytest.MonkeyPatch) -> None:
    """The SVG is a PNG as well."""
    right: Any = outputs.media_for
    patch.setattr(outputs, "media_for", lambda task: [replace(one, format="png") for one in right(task)])


@MUTATIONS.in_simulator
def quotes_as_they_are(patch: pytest.MonkeyPatch) -> None:
    """What Mermaid reads as its own is not written out."""
    patch.setattr(mermaid, "_escaped", lambda text, _special: text)


@MUTATIONS.in_simulator
def tasks_at_once(patch: pytest.MonkeyPatch) -> None:
    """All tasks of a Gantt chart begin on the first day."""
    right = outputs.gantt_chart

    def schedule(*given: Any) -> Any:
        made = right(*given)
        return replace(made, tasks=tuple(replace(task, start=0) for task in made.tasks))

    patch.setattr(outputs, "gantt_chart", schedule)


@MUTATIONS.in_simulator
def results_for_ever(patch: pytest.MonkeyPatch) -> None:
    """The address of a file never expires."""
    patch.setattr(Maker, "result_seconds", 10**9)


@MUTATIONS.in_client("error.retry_policy")
def asked_for_ever(patch: pytest.MonkeyPatch) -> None:
    """A temporary refusal is retried twice."""
    right = Client.submit

    def submit(self: Client, kind: Any, body: Any) -> Any:
        try:
            return (yield from right(self, kind, body))
        except errors.ApiError as error:
            if error.code not in profile.RETRY_CODES:
                raise
            return (yield from right(self, kind, body))

    patch.setattr(Client, "submit", submit)


@MUTATIONS.in_client("error.concurrency", "error.generation", "error.render", "error.retry_policy")
def never_again(patch: pytest.MonkeyPatch) -> None:
    """A temporary refusal is not retried."""
    patch.setattr(conversation, "RETRY_CODES", frozenset[int]())


@MUTATIONS.in_client("error.risk")
def risks_are_tried_again(patch: pytest.MonkeyPatch) -> None:
    """Content that was refused is sent again."""
    patch.setattr(conversation, "RETRY_CODES", profile.RETRY_CODES | {2406})


@MUTATIONS.in_client("error.panic")
def panics_are_tried_again(patch: pytest.MonkeyPatch) -> None:
    """An internal error is retried."""
    patch.setattr(conversation, "RETRY_CODES", profile.RETRY_CODES | {500})


@MUTATIONS.in_client
def no_wait(patch: pytest.MonkeyPatch) -> None:
    """The second request leaves at once."""
    patch.setattr(conversation, "RETRY_DELAY", 0.0)


@MUTATIONS.in_client("error.retry_policy")
def no_contact(patch: pytest.MonkeyPatch) -> None:
    """A lasting failure does not name the contact."""
    patch.setattr(conversation, "SUPPORT_HINT", "try later")


@MUTATIONS.in_client("error.risk")
def wrong_meaning(patch: pytest.MonkeyPatch) -> None:
    """Refused content is called a bad request."""
    patch.setattr(conversation, "REFUSALS", MappingProxyType({**profile.REFUSALS, 2406: errors.BadRequestError}))


@MUTATIONS.in_client("auth.none")
def no_user(patch: pytest.MonkeyPatch) -> None:
    """The client does not say who calls."""
    patch.setattr(Client, "authorization", lambda _self: {})


@MUTATIONS.in_client("auth.none")
def user_in_the_body(patch: pytest.MonkeyPatch) -> None:
    """The client sends the user in the body, too."""
    right = bodies.request
    patch.setattr(bodies, "request", lambda *given: {**right(*given), "user_id": 1})


@MUTATIONS.in_client("lang.enum")
def traditional_is_simplified(patch: pytest.MonkeyPatch) -> None:
    """A Chinese locale is simplified wherever it is spoken."""
    patch.setattr(bodies, "TRADITIONAL_CHINESE", frozenset[str]())


@MUTATIONS.in_client("lang.enum")
def locales_as_they_are(patch: pytest.MonkeyPatch) -> None:
    """A locale is sent as it was given."""
    patch.setattr(bodies, "language", lambda lang: lang)


@MUTATIONS.in_client("platform.enum")
def platforms_unchecked(patch: pytest.MonkeyPatch) -> None:
    """Any platform is sent."""
    patch.setattr(bodies, "get_args", lambda kind: ("amiga", *get_args(kind)))


@MUTATIONS.in_client("generate.routes")
def another_route(patch: pytest.MonkeyPatch) -> None:
    """Every diagram is requested as a flowchart."""
    right = Client._attempt
    patch.setattr(Client, "_attempt", lambda self, _kind, request: right(self, "flowchart", request))


@MUTATIONS.in_client("download.trusted_hosts")
def any_host(patch: pytest.MonkeyPatch) -> None:
    """Files are fetched from anywhere."""
    patch.setattr(Client, "untrusted_reason", lambda _self, _url: None)


@MUTATIONS.in_client("download.trusted_hosts")
def any_ending(patch: pytest.MonkeyPatch) -> None:
    """A host is trusted whose name merely ends like a documented one."""
    right = ClientService.untrusted_reason

    def untrusted_reason(self: Any, url: str) -> str | None:
        trusted = tuple(host.removeprefix(".") for host in self.profile.trusted_hosts or ())
        return None if (conversation_host(url)).endswith(trusted) else right(self, url)

    patch.setattr(ClientService, "untrusted_reason", untrusted_reason)


def conversation_host(url: str) -> str:
    """Return the host of *url*."""
    return urlsplit(url).hostname or ""


@MUTATIONS.in_client("download.trusted_hosts")
def plain_http(patch: pytest.MonkeyPatch) -> None:
    """Documented hosts are trusted without encryption."""
    right = ClientService.untrusted_reason
    patch.setattr(ClientService, "untrusted_reason", lambda self, url: right(self, url.replace("http://", "https://")))


@MUTATIONS.in_client
def home_is_trusted(patch: pytest.MonkeyPatch) -> None:
    """The service's own address is trusted without being named."""
    right = Client.untrusted_reason

    def untrusted_reason(self: Client, url: str) -> str | None:
        home = self.settings.base_url.partition("://")[2].partition("/")[0]
        return None if conversation_host(url) == home.partition(":")[0] else right(self, url)

    patch.setattr(Client, "untrusted_reason", untrusted_reason)


@MUTATIONS.in_client
def checked_after_the_request(patch: pytest.MonkeyPatch) -> None:
    """A host is looked at only when its answer is there."""
    right = Download._request

    def request(self: Download, part: Any) -> Any:
        kept, Download._check_address = Download._check_address, lambda *_given: None  # type: ignore[method-assign]
        try:
            head = yield from right(self, part)
        finally:
            Download._check_address = kept  # type: ignore[method-assign]
        self._check_address(self._url, None)
        return head

    def flow(self: Download) -> Any:
        kept, Download._check_address = Download._check_address, lambda *_given: None  # type: ignore[method-assign]
        try:
            return (yield from saved(self))
        finally:
            Download._check_address = kept  # type: ignore[method-assign]

    saved = Download.flow
    patch.setattr(Download, "_request", request)
    patch.setattr(Download, "flow", flow)


@MUTATIONS.in_client("download.files")
def all_or_nothing(patch: pytest.MonkeyPatch) -> None:
    """One file that fails takes the other with it."""

    def saving(self: Any, folder: Any) -> Any:
        stem = diagrams._reserve(Path(folder))
        files = []
        for media, ending in zip(self._media, (".png", ".svg"), strict=True):
            target = Path(folder) / f"{stem}{ending}"
            files.append((yield from Download(self._service, media, None, target, SaveOptions()).flow()))
        diagrams._release(Path(folder), stem)
        return diagrams.SavedDiagram(files)

    patch.setattr(diagrams._Drawing, "_saving", saving)


@MUTATIONS.in_client
def silent_problems(patch: pytest.MonkeyPatch) -> None:
    """A file that could not be saved is not mentioned."""
    right = diagrams.SavedDiagram
    patch.setattr(diagrams, "SavedDiagram", lambda files, _problems: right(files))


@MUTATIONS.in_client
def always_the_same_name(patch: pytest.MonkeyPatch) -> None:
    """A second diagram of one second replaces the first."""
    patch.setattr(
        diagrams,
        "_reserve",
        lambda folder: folder.mkdir(parents=True, exist_ok=True) or time.strftime(profile.FILE_NAME),
    )


@MUTATIONS.in_client("download.files")
def another_name(patch: pytest.MonkeyPatch) -> None:
    """Files are named with dashes."""
    patch.setattr(diagrams, "FILE_NAME", "diagram-%Y-%m-%d-%H%M%S")


@MUTATIONS.in_client
def swapped_files(patch: pytest.MonkeyPatch) -> None:
    """The PNG is saved as the SVG, and the SVG as the PNG."""
    right = Client._read_diagram

    def swapped(self: Client, kind: Any, response: Any) -> Any:
        made = right(self, kind, response)
        return replace(made, png_url=made.svg_url, svg_url=made.png_url)

    patch.setattr(Client, "_read_diagram", swapped)


@MUTATIONS.in_client("answer.flowchart")
def code_under_one_name(patch: pytest.MonkeyPatch) -> None:
    """All code is handed out as source_code."""
    right = Client._read_diagram

    def renamed(self: Client, kind: Any, response: Any) -> Any:
        made = right(self, kind, response)
        return replace(made, mermaid_code=None, source_code=made.mermaid_code or made.source_code)

    patch.setattr(Client, "_read_diagram", renamed)


@MUTATIONS.in_client
def diagram_costs_a_credit(patch: pytest.MonkeyPatch) -> None:
    """A diagram is taken to cost something."""
    patch.setattr(Spending, "free", lambda _self: iter([Quote(lambda: known(Decimal(1)))]))
