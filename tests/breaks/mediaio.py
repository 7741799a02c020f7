"""Mutations of Media.io: mistakes in the simulator or the client, each of which a contract must catch."""

from __future__ import annotations

from dataclasses import replace
from itertools import repeat
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import orjson

from soundstage import JobState, PollPolicy, errors
from soundstage._protocol import responses
from soundstage._values.messages import Request
from soundstage._values.state import Media
from soundstage.vendors.mediaio import bodies, profile
from soundstage.vendors.mediaio import client as methods
from soundstage.vendors.mediaio import service as conversation
from soundstage.vendors.mediaio.endpoints import ENDPOINTS
from soundstage.vendors.mediaio.service import MediaIOService as Client
from soundstage_contracts.facts.tables import load_table
from soundstage_contracts.mutation.mutations import Mutations
from soundstage_server.kit.inputs import MediaLink, media_fields
from soundstage_server.media import Video
from soundstage_server.model.fields import Choice, Field, ListOf, Text
from soundstage_server.model.lifecycle import Fate
from soundstage_server.vendors.mediaio import MediaIOService as Api
from soundstage_server.vendors.mediaio import outputs, refusals, service
from soundstage_server.vendors.mediaio.capabilities import CAPABILITIES, FILES
from soundstage_server.world import uploads

if TYPE_CHECKING:
    from collections.abc import Callable

    import pytest

    from soundstage.vendors.mediaio.bodies import Parameter
    from soundstage_contracts.facts.tables import Endpoint, Table

MUTATIONS = Mutations("mediaio")


def rule(patch: pytest.MonkeyPatch, code: str, name: str, change: Callable[[Field], Field]) -> None:
    """Let the parameter *name* of an endpoint be another in the simulator's table."""
    found = CAPABILITIES[code]
    fields = tuple(change(field) if field.name == name else field for field in found.fields)
    patch.setitem(CAPABILITIES, code, replace(found, fields=fields))
    patch.setitem(FILES, code, media_fields(fields))


def retable(patch: pytest.MonkeyPatch, method: str, name: str, **changes: Any) -> None:
    """Let the parameter *name* of an endpoint be another in the client's table."""
    found = ENDPOINTS[method]
    parameters = tuple(replace(one, **changes) if one.name == name else one for one in found.parameters)
    table = MappingProxyType({**ENDPOINTS, method: replace(found, parameters=parameters)})
    patch.setattr(conversation, "ENDPOINTS", table)
    patch.setattr(methods, "ENDPOINTS", table)


@MUTATIONS.in_simulator
def one_value_too_many(patch: pytest.MonkeyPatch) -> None:
    """Kling 3.0 also takes 12s."""
    rule(
        patch, "i2v-kling-v3-0", "duration",
        lambda field: replace(field, rule=Choice(("5s", "8s", "10s", "12s", "15s", "5s "))),
    )  # fmt: skip


@MUTATIONS.in_simulator
def one_value_too_few(patch: pytest.MonkeyPatch) -> None:
    """Nano Banana does not take 21:9."""
    rule(
        patch, "i2i-banana", "ratio",
        lambda field: replace(field, rule=Choice(("9:16", "16:9", "1:1", "4:3", "3:4", "3:2", "2:3"))),
    )  # fmt: skip


@MUTATIONS.in_simulator
def prompts_without_end(patch: pytest.MonkeyPatch) -> None:
    """Google Veo 3.1 takes a prompt of any length."""
    rule(patch, "i2v-veo-v3-1", "prompt", lambda field: replace(field, rule=Text()))


@MUTATIONS.in_simulator
def ten_images(patch: pytest.MonkeyPatch) -> None:
    """Seedream 4.0 takes ten images."""
    rule(patch, "i2i-seedream-v4-0", "images", lambda field: replace(field, rule=ListOf(MediaLink(), 1, 10)))


@MUTATIONS.in_simulator
def another_default(patch: pytest.MonkeyPatch) -> None:
    """Vidu Q3 makes image-to-video clips of eight seconds by default."""
    rule(patch, "i2v-vidu-q3", "duration", lambda field: replace(field, default="8s"))


@MUTATIONS.in_simulator
def wrong_fact(patch: pytest.MonkeyPatch) -> None:
    """A wrong shot type cites the fact of the prompt."""
    rule(patch, "t2v-wan-v2-6", "shot_type", lambda field: replace(field, fact="endpoint.t2v-wan-v2-6.prompt"))


@MUTATIONS.in_simulator
def larger_files(patch: pytest.MonkeyPatch) -> None:
    """Wan 2.2 takes files of 20 MB."""
    rule(
        patch, "i2v-wan-v2-2", "image",
        lambda field: replace(field, rule=replace(field.rule, bytes=20_000_000)),  # type: ignore[type-var] # a MediaLink
    )  # fmt: skip


@MUTATIONS.in_simulator
def narrower_pictures(patch: pytest.MonkeyPatch) -> None:
    """Kling 2.1 refuses the steepest ratio that is documented."""
    rule(
        patch, "i2v-kling-v2-1", "image",
        lambda field: replace(field, rule=replace(field.rule, ratios=(0.41, 2.5))),  # type: ignore[type-var] # a MediaLink
    )  # fmt: skip


@MUTATIONS.in_simulator("hailuo23.cross_field")
def no_cross_rule(patch: pytest.MonkeyPatch) -> None:
    """Hailuo 2.3 makes ten seconds in 1080P."""
    patch.setitem(CAPABILITIES, "i2v-minimax-v2-3", replace(CAPABILITIES["i2v-minimax-v2-3"], needs=None))


@MUTATIONS.in_simulator
def one_code_for_all_keys(patch: pytest.MonkeyPatch) -> None:
    """A wrong key is 374004 on the queries, too."""
    patch.setattr(service, "WRONG_KEY_ON_QUERY", refusals.UNAUTHENTICATED)


@MUTATIONS.in_simulator
def expired_is_wrong(patch: pytest.MonkeyPatch) -> None:
    """An expired key is refused as a wrong one is."""
    patch.setattr(Api, "credential_refusal", lambda _self, _word: refusals.WRONG_KEY)


@MUTATIONS.in_simulator("envelope")
def refusals_by_http(patch: pytest.MonkeyPatch) -> None:
    """Refusals come with HTTP 400."""
    right = Api.refuse
    patch.setattr(Api, "refuse", lambda self, refused, call: right(self, refused, call)._replace(status=400))


@MUTATIONS.in_simulator("envelope")
def no_data_in_refusals(patch: pytest.MonkeyPatch) -> None:
    """A refusal has no data at all."""
    right = Api._envelope

    def answered(self: Api, data: Any, code: int = 0, message: str = "") -> Any:
        answer = right(self, data, code, message)
        body = orjson.loads(answer.body)
        if code:
            del body["data"]
        return answer._replace(body=orjson.dumps(body))

    patch.setattr(Api, "_envelope", answered)


@MUTATIONS.in_simulator
def one_trace_for_all(patch: pytest.MonkeyPatch) -> None:
    """Every answer has the same trace id."""
    patch.setattr(service, "count", lambda: repeat(0))


@MUTATIONS.in_simulator("errors.task_not_found")
def open_tasks(patch: pytest.MonkeyPatch) -> None:
    """Everybody can read everybody's tasks."""
    right = Api.poll

    def poll(self: Api, call: Any) -> Any:
        task = self.tasks.get(call.path_values["task_id"])
        if task is not None:
            call.caller = task.account
        return right(self, call)

    patch.setattr(Api, "poll", poll)


@MUTATIONS.in_simulator
def words_of_one_reading(patch: pytest.MonkeyPatch) -> None:
    """The second vocabulary uses completed."""
    patch.setattr(service, "PAGES", {"waiting": "pending", "timeout": "failed"})


@MUTATIONS.in_simulator
def a_result_is_an_object(patch: pytest.MonkeyPatch) -> None:
    """A result is no array."""
    right = Api._envelope

    def answered(self: Api, data: Any, code: int = 0, message: str = "") -> Any:
        if "result" in data:
            data = {**data, "result": data["result"][0]}
        return right(self, data, code, message)

    patch.setattr(Api, "_envelope", answered)


@MUTATIONS.in_simulator
def a_balance_that_waits(patch: pytest.MonkeyPatch) -> None:
    """Credits go down only when a task has ended."""

    def credits_left(self: Api, call: Any) -> Any:
        call.account.settle(call.now)
        money = call.account.ledger
        return self._envelope({"credits": money.available + money.reserved})

    patch.setattr(Api, "credits", credits_left)


@MUTATIONS.in_simulator
def one_price_for_any_count(patch: pytest.MonkeyPatch) -> None:
    """Four images cost as much as one."""
    patch.setattr(Api, "price", lambda _self, operation, _params: CAPABILITIES[operation].price)


@MUTATIONS.in_simulator
def always_one_picture(patch: pytest.MonkeyPatch) -> None:
    """There is one image, whatever counts is."""
    right = outputs._images
    patch.setattr(outputs, "_images", lambda task, name: right(task, name)[:1])


@MUTATIONS.in_simulator
def always_sound(patch: pytest.MonkeyPatch) -> None:
    """Every video has sound."""
    patch.setattr(outputs, "Video", lambda *args, **options: Video(*args, **{**options, "audio": True}))


@MUTATIONS.in_simulator
def blocked_without_a_word(patch: pytest.MonkeyPatch) -> None:
    """A blocked task has the state failed."""
    patch.setattr(Api, "reasons", {**Api.reasons, Fate.BLOCK: "generation failed"})


@MUTATIONS.in_client("request.wrapper")
def no_wrapper(patch: pytest.MonkeyPatch) -> None:
    """Parameters are sent without data around them."""

    def request(method: str, url: str, headers: Any, body: Any, **options: Any) -> Request:
        return Request(method, url, headers, body.get("data", body), **options)

    patch.setattr(conversation, "Request", request)


@MUTATIONS.in_client("values.are_strings")
def plain_numbers(patch: pytest.MonkeyPatch) -> None:
    """Numbers are sent as numbers."""
    right = bodies._choice

    def choice(parameter: Parameter, value: object) -> Any:
        checked = right(parameter, value)
        return int(checked) if checked.isdigit() else checked

    patch.setattr(bodies, "_choice", choice)


@MUTATIONS.in_client("values.are_strings")
def switches_in_small_letters(patch: pytest.MonkeyPatch) -> None:
    """True is sent as true, as JSON would."""
    right = bodies._choice
    patch.setattr(
        bodies, "_choice",
        lambda parameter, value: right(parameter, value).lower() if value is True else right(parameter, value),
    )  # fmt: skip


@MUTATIONS.in_client
def numbers_of_any_kind(patch: pytest.MonkeyPatch) -> None:
    """5.0 is taken for 5."""
    right = bodies._choice
    patch.setattr(
        bodies, "_choice",
        lambda parameter, value: right(parameter, int(value) if isinstance(value, float) else value),
    )  # fmt: skip


@MUTATIONS.in_client
def undocumented_value(patch: pytest.MonkeyPatch) -> None:
    """Kling 2.6 is called with 15 seconds, too."""
    retable(patch, "kling_2_6", "duration", choices=("5s", "10s", "15s", "11s"))


@MUTATIONS.in_client
def prompts_of_any_length(patch: pytest.MonkeyPatch) -> None:
    """A prompt of Imagen 4 may be longer than it may."""
    retable(patch, "imagen_4", "prompt", longest=2000)


@MUTATIONS.in_client
def a_bare_address(patch: pytest.MonkeyPatch) -> None:
    """A single address for images is put into a list."""
    right = bodies._addresses

    def addresses(name: str, value: object, most: int) -> list[str]:
        return right(name, [value] if isinstance(value, str) else value, most)

    patch.setattr(bodies, "_addresses", addresses)


@MUTATIONS.in_client("hailuo23.cross_field")
def no_rule_across(patch: pytest.MonkeyPatch) -> None:
    """Hailuo 2.3 is called with what does not go together."""
    right = bodies.body

    def body(endpoint: Any, given: Any) -> Any:
        return right(replace(endpoint, name="Hailuo"), given)

    patch.setattr(bodies, "body", body)


@MUTATIONS.in_client
def the_shorter_name(patch: pytest.MonkeyPatch) -> None:
    """'Wan 2.6 (Text To Video)' is called as 'Wan 2.6' is."""
    found = ENDPOINTS["wan_2_6_text_to_video"]
    table = {**ENDPOINTS, "wan_2_6_text_to_video": replace(found, path=ENDPOINTS["wan_2_6"].path)}
    patch.setattr(conversation, "ENDPOINTS", table)


@MUTATIONS.in_client
def half_of_the_words(patch: pytest.MonkeyPatch) -> None:
    """The second vocabulary is not known."""
    known = {word: state for word, state in profile.STATES.items() if word not in {"pending", "succeeded"}}
    patch.setattr(conversation, "STATES", known)


@MUTATIONS.in_client
def a_timeout_is_no_end(patch: pytest.MonkeyPatch) -> None:
    """A task that timed out still runs."""
    patch.setattr(conversation, "STATES", {**profile.STATES, "timeout": JobState.RUNNING})


@MUTATIONS.in_client
def only_arrays(patch: pytest.MonkeyPatch) -> None:
    """A result is read only if it is an array of objects with a preview."""

    def addresses(result: Any) -> Any:
        found = result if isinstance(result, list) else []
        return iter([one["preview"] for one in found if isinstance(one, dict) and one.get("preview")])

    patch.setattr(conversation, "_addresses", addresses)


@MUTATIONS.in_client
def paths_as_addresses(patch: pytest.MonkeyPatch) -> None:
    """The vendor's own path of a result is taken for its address."""
    patch.setattr(conversation, "URL_MEMBERS", ("val", "preview", "url"))
    patch.setattr(conversation, "is_web_address", bool)


@MUTATIONS.in_client
def everything_is_a_picture(patch: pytest.MonkeyPatch) -> None:
    """The output of an endpoint has the wrong kind."""
    patch.setattr(conversation, "Media", lambda url, _kind: Media(url, "image"))


@MUTATIONS.in_client("errors.credits")
def wrong_name_of_a_refusal(patch: pytest.MonkeyPatch) -> None:
    """Insufficient credits are a bad request."""
    patch.setattr(conversation, "REFUSALS", {**profile.REFUSALS, 490505: errors.BadRequestError})


@MUTATIONS.in_client("ids")
def no_trace(patch: pytest.MonkeyPatch) -> None:
    """The trace id of a refusal is lost."""
    patch.setattr(conversation, "_trace_id", lambda _answer: None)


@MUTATIONS.in_client("endpoint.generation-result.task_id")
def an_id_with_slashes(patch: pytest.MonkeyPatch) -> None:
    """An id is put into the path as it is."""
    patch.setattr(conversation, "quote", lambda text, **_options: text.replace("?", ""))


@MUTATIONS.in_client("credits.route")
def a_balance_of_anything(patch: pytest.MonkeyPatch) -> None:
    """A missing balance counts as 0."""
    patch.setattr(Client, "_read_credits", lambda self, response: self._open(response)[1].get("credits", 0))


@MUTATIONS.in_client
def blocked_is_failed(patch: pytest.MonkeyPatch) -> None:
    """What the content policy blocked is just any failure."""
    patch.setattr(responses, "content_failure", lambda *_: None)


@MUTATIONS.in_client("auth.header")
def a_key_as_bearer(patch: pytest.MonkeyPatch) -> None:
    """The key goes out in another header."""
    patch.setattr(Client, "authorization", lambda self: {"Authorization": f"Bearer {self._key.reveal()}"})


@MUTATIONS.in_client("polling.interval")
def poll_every_second(patch: pytest.MonkeyPatch) -> None:
    """A client polls every second by default."""
    patch.setattr(PollPolicy, "delay", lambda _self, _poll: 1.0)


@MUTATIONS.in_client("polling.interval")
def poll_every_millisecond(patch: pytest.MonkeyPatch) -> None:
    """A client polls every millisecond by default."""
    patch.setattr(PollPolicy, "delay", lambda _self, _poll: 0.001)


@MUTATIONS.in_simulator
def unmeasured_heic(patch: pytest.MonkeyPatch) -> None:
    """The sides of a HEIC file are not read."""
    patch.setattr(uploads, "_heic_size", lambda _path: (None, None))


def another_rule(field: Field) -> Field:
    """Return *field* with a rule that differs from the documented one in one value."""
    rule: Any = field.rule
    if isinstance(rule, Choice):
        return replace(field, rule=Choice((*rule.values[:-1], f"{rule.values[-1]}+")))
    if isinstance(rule, ListOf):
        return replace(field, rule=replace(rule, most=rule.most + 1))
    if isinstance(rule, MediaLink):
        return replace(field, rule=Text())
    return replace(field, rule=Text(rule.most + 1))


def other_limits(parameter: Parameter) -> dict[str, Any]:
    """Return what makes the limits of *parameter* differ from the documented ones in one value."""
    if parameter.choices:
        return {"choices": (*parameter.choices[:-1], f"{parameter.choices[-1]}+")}
    if parameter.most is not None:
        return {"most": parameter.most + 1}
    return {"longest": 10_000 if parameter.longest is None else parameter.longest + 1}


def plant_in_each_parameter(table: Table) -> None:
    """Register two mutations for each parameter of the table: its rule in the simulator, its limits in the client."""
    methods_by_name = {endpoint.name: method for method, endpoint in ENDPOINTS.items()}
    for endpoint in table.endpoints:
        for parameter in endpoint.parameters:
            if endpoint.name in methods_by_name:
                plant(endpoint, parameter.name, methods_by_name[endpoint.name])


def plant(endpoint: Endpoint, name: str, method: str) -> None:
    """Register the two mutations of the parameter *name* of *endpoint*."""

    def served(patch: pytest.MonkeyPatch) -> None:
        rule(patch, endpoint.code, name, another_rule)

    def sent(patch: pytest.MonkeyPatch) -> None:
        (parameter,) = (one for one in ENDPOINTS[method].parameters if one.name == name)
        retable(patch, method, name, **other_limits(parameter))

    # The runner starts with the cases of contracts whose names a mutation's name contains.
    for function, register in ((served, MUTATIONS.in_simulator), (sent, MUTATIONS.in_client)):
        function.__name__ = f"{method}_{name}_{function.__name__}"
        function.__doc__ = f"The rule for {name} of {endpoint.name} differs in one value."
        register(endpoint.fact(name))(function)


plant_in_each_parameter(load_table("mediaio_endpoints.json"))
