"""The parts of which a vendor's terms are made: operations, response formats, refusals."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from hypothesis import strategies as st

    from soundstage import JobState, SoundstageError

Body = dict[str, Any]
"""The parameters of one operation under their documented names, without what a vendor may wrap them in."""

BrokenBody = tuple[str, Body]
"""The name of a parameter, and a body in which that parameter alone is missing or breaks its rule."""

NO_OBJECT: Final = (b"", b"{", b"[]", b'"text"', b"null", b"\xff", b'{"prompt": NaN}')
"""Request bodies that are no JSON object."""


class RawRequest(NamedTuple):
    """A documented request: method, path below the vendor's host, and JSON body."""

    method: str
    path: str
    body: Any = None


class Named:
    """A declaration that is shown by its name: Hypothesis prints every field of a dataclass, whatever its repr is."""

    def _repr_pretty_(self, printer: Any, _cycle: bool) -> None:  # noqa: FBT001 - IPython's protocol
        printer.text(repr(self))


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation(Named):
    """One operation of a vendor: a method of its client, and the request that the method sends.

    Attributes:
        method: The client's method.
        label: What reports call it; by default the method.
        route: What names the operation in the path of a request.
        required: A body with the required members alone.
        bodies: Valid bodies.
        broken: Bodies in which one member is missing or breaks its rule, each with that member's name.
        broken_for_client: The same for the client, where it is not given the same as the service; by default `broken`
            without the bodies from which the named member is missing, which Python itself refuses.
        defaults: What an absent member means, as documented.
        sent_defaults: The defaults that the client sends; None where it sends all.
        filled: Required members that the client fills in itself, and their values.
        names: Member to the client's argument, where they differ.
        convert: Changes the values of arguments, where the client takes another type than JSON has.
        generated: Members that the client makes for each call.
        text: The member whose words choose the outcome of a job (``soundstage:fail``); None where there is none.
        outputs: The kinds of the files that `required` makes, in order.
        outputs_vary: Whether a job may make more of the last kind than `outputs` has.
        seconds: The least and the most seconds that a job takes, as documented.
        price: Body to its documented price in the vendor's unit.
    """

    method: str
    label: str = ""
    route: str = ""
    required: Mapping[str, Any]
    bodies: st.SearchStrategy[Body]
    broken: st.SearchStrategy[BrokenBody] | None = None
    broken_for_client: st.SearchStrategy[BrokenBody] | None = None
    defaults: Mapping[str, Any] = field(default_factory=dict)
    sent_defaults: Sequence[str] | None = None
    filled: Mapping[str, Any] = field(default_factory=dict)
    names: Mapping[str, str] = field(default_factory=dict)
    convert: Callable[[Body], dict[str, Any]] | None = None
    generated: tuple[str, ...] = ()
    text: str | None = "prompt"
    outputs: tuple[str, ...] = ("video",)
    outputs_vary: bool = False
    seconds: tuple[float, float] | None = None
    price: Callable[[Body], float] | None = None

    def __post_init__(self) -> None:
        unknown = set(self.sent_defaults or ()) - set(self.defaults)
        if unknown:
            raise ValueError(
                f"{self.method}: sent_defaults must be names in defaults; got {', '.join(sorted(unknown))}"
            )

    def __repr__(self) -> str:
        return self.label or self.method

    def argument(self, member: str) -> str:
        """Return the client's argument that becomes *member*."""
        return self.names.get(member, member)

    def arguments(self, body: Mapping[str, Any]) -> dict[str, Any]:
        """Return the client's arguments for *body*."""
        converted = dict(body) if self.convert is None else self.convert(dict(body))
        return {self.argument(member): value for member, value in converted.items()}

    def required_by_client(self) -> Body:
        """Return the required members that the client does not fill in."""
        return {name: value for name, value in self.required.items() if name not in self.filled}

    def added(self) -> Body:
        """Return what the client sends in place of arguments that are not given."""
        sent = self.defaults if self.sent_defaults is None else self.sent_defaults
        return {**{name: self.defaults[name] for name in sent}, **self.filled}

    def broken_arguments(self) -> st.SearchStrategy[BrokenBody] | None:
        """Return broken bodies for the client; one that lacks its broken member cannot be given as arguments."""
        return self.broken if self.broken_for_client is None else self.broken_for_client

    def with_outcome(self, word: str) -> Body:
        """Return a body whose text chooses the outcome *word*; ``""`` chooses success."""
        if not word:
            return dict(self.required)
        if self.text is None:
            raise ValueError(f"{self.method}: no member chooses the outcome; needed: text")
        return {**self.required, self.text: f"{self.required.get(self.text, 'A fox')} soundstage:{word}"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Callbacks(Named):
    """A vendor's callbacks.

    Attributes:
        parameter: The member of a create call that names the address.
        number: How many callbacks a job has that ends by itself.
    """

    parameter: str
    number: int = 1

    def expected(self, fault: str) -> int:
        """Return how many requests a receiver gets about one job whose callbacks all have *fault*."""
        # A job whose callback is early has ended at once, so that there is one state to report.
        return {"callback_early": 1, "callback_lost": 0, "callback_twice": 2 * self.number}.get(fault, self.number)


@dataclass(frozen=True, slots=True, kw_only=True)
class ResponseFormat(Named):
    """One format of a vendor's responses, so that a client can be given responses without a simulator.

    Attributes:
        name: What it is called among the vendor's formats.
        created: Job id to the response body of a creation.
        polled: ``polled(id, word, urls=(), reason="")`` is the response body of a poll.
        states: Every documented state word, and the state that it means.
        unknown: Words that no document has.
        without_id: Response bodies of a creation that name no job.
        without_output: Response bodies of a poll that report success and name no file.
        ids: Job ids that the service may choose.
        status_request: Job id to the request that polls it, where a job of this format is polled otherwise.
    """

    name: str
    created: Callable[[Any], Any]
    polled: Callable[..., Any]
    states: Mapping[Any, JobState]
    unknown: Sequence[Any] = ()
    without_id: Sequence[Any] = ()
    without_output: Sequence[Any] = ()
    ids: st.SearchStrategy[str] | None = None
    status_request: Callable[[str], RawRequest] | None = None

    def __repr__(self) -> str:
        return self.name

    def word(self, state: JobState) -> Any:
        """Return a documented word for *state*."""
        return next(word for word, meaning in self.states.items() if meaning is state)


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal(Named):
    """One refusal of a vendor, and the error that its client raises for it.

    Attributes:
        code: The code as the response has it, or the HTTP status where the vendor's refusals have no code.
        status: The HTTP status.
        error: The error that the client raises when a submission is refused so.
        statuses: Reading (a dialect of the simulator) to the HTTP status there, where it is not `status`.
        fact: The fact that the simulator cites, without the slug; None where it depends on the request.
        order: The name by which the control API orders it; by default the code.
        attempts: How many times a client that may try three times sends such a submission.
        has_code: Whether the client's error has the code.
    """

    code: int | str
    status: int
    error: type[SoundstageError]
    statuses: Mapping[str, int] = field(default_factory=dict)
    fact: str | None = None
    order: str = ""
    attempts: int = 1
    has_code: bool = True

    def __repr__(self) -> str:
        return self.order or str(self.code)

    @property
    def error_code(self) -> int | str | None:
        """The code of the client's error."""
        return self.code if self.has_code else None

    def status_in(self, reading: str) -> int:
        """Return the HTTP status in *reading*."""
        return self.statuses.get(reading, self.status)


@dataclass(frozen=True, slots=True, kw_only=True)
class BadCredential(Named):
    """Request headers that do not authenticate a caller.

    Attributes:
        name: What is wrong, in a word.
        headers: Account to the headers.
        refusal: How the service refuses them.
        message: What the message must contain.
    """

    name: str
    headers: Callable[[str], Mapping[str, str]]
    refusal: Refusal
    message: str = ""

    def __repr__(self) -> str:
        return self.name


@dataclass(frozen=True, slots=True)
class StateWord(Named):
    """A state word of a response format."""

    format: ResponseFormat
    word: Any

    def __repr__(self) -> str:
        return f"{self.format}-{self.word}"

    @property
    def state(self) -> JobState:
        """The state that the word means."""
        return self.format.states[self.word]
