"""What a vendor declares to the shared laws.

Every part but the contract and the raw client is optional. A law that needs a part which a vendor does not declare must
be listed in the vendor's `Terms.left_out`, with the reason; see `soundstage_contracts.laws.binding`.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

from soundstage_contracts.declarations.vendor import CALLBACK_FAULTS
from soundstage_contracts.facts.loader import VendorFacts, load_facts
from soundstage_contracts.laws.declarations import Named, StateWord
from soundstage_contracts.outcomes import require
from soundstage_contracts.transcripts.replay import Transcript, load_transcripts

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from soundstage import JobState
    from soundstage_contracts.declarations.vendor import VendorContract
    from soundstage_contracts.laws.declarations import BadCredential, Callbacks, Operation, Refusal, ResponseFormat
    from soundstage_contracts.laws.machine import JobMachine
    from soundstage_contracts.laws.raw_client import RawClient
    from soundstage_contracts.simulators.target import Target


@dataclass(frozen=True, kw_only=True)
class Terms(Named):
    """One face of a vendor, as the laws see it. A vendor with two faces (two logins, two addresses) has two.

    Attributes:
        contract: The vendor's clients and credentials.
        raw_client: Its plain HTTP client.
        face: The face, where the vendor has several.
        hosts: The documented hosts, each of which reaches the simulator without a slug in the path.
        operations: Its operations; the first is the one that laws about all operations alike use.
        formats: Its response formats.
        login: Answers a request that a client sends before any other, such as a login; None for other requests.
        refusals: Every documented refusal.
        error_dialect: The simulator's dialect that chooses the HTTP status of refusals.
        error_readings: The readings of that dialect; the first is the default.
        malformed: The refusal of a request body that is no JSON object.
        invalid: The refusal of a member that breaks its rule.
        not_found: The refusal of an unknown job.
        no_credit: The refusal of an account that cannot pay.
        too_many: The refusal of one job more than an account may have at once.
        blocked: The refusal of blocked content, where content is blocked at creation.
        bad_credentials: Headers that do not authenticate a caller.
        rejected: First word of an account's name (``invalid-``) to the refusal of that account.
        retention: Seconds of the account's time after which a result is deleted.
        pace: The least and the most seconds between two polls of a client by default.
        callbacks: Its callbacks, where it sends some.
        machine: The state machine that tries any order of events.
        transcripts_of: Whether a transcript of the vendor is about this face.
        effort: How many examples Hypothesis tries, as a share of what the run asks for; small where a vendor has many
            operations.
        facts: Law to the facts, without the slug, that it proves for this vendor.
        left_out: Law to the reason why it is not bound for this vendor.
    """

    contract: VendorContract
    raw_client: type[RawClient]
    face: str = ""
    hosts: Sequence[str] = ()
    operations: Sequence[Operation] = ()
    formats: Sequence[ResponseFormat] = ()
    login: Callable[[Any], Any] | None = None
    refusals: Sequence[Refusal] = ()
    error_dialect: str | None = None
    error_readings: Sequence[str] = ("",)
    malformed: Refusal | None = None
    invalid: Refusal | None = None
    not_found: Refusal | None = None
    no_credit: Refusal | None = None
    too_many: Refusal | None = None
    blocked: Refusal | None = None
    bad_credentials: Sequence[BadCredential] = ()
    rejected: Mapping[str, Refusal] = field(default_factory=dict)
    retention: float | None = None
    pace: tuple[float, float] | None = None
    callbacks: Callbacks | None = None
    machine: type[JobMachine] | None = None
    transcripts_of: Callable[[Transcript], bool] = lambda _: True
    effort: float = 1.0
    facts: Mapping[str, Sequence[str]] = field(default_factory=dict)
    left_out: Mapping[str, str] = field(default_factory=dict)

    def __repr__(self) -> str:
        return f"{self.slug}-{self.face}" if self.face else self.slug

    @property
    def slug(self) -> str:
        """The vendor."""
        return self.contract.slug

    @property
    def documented(self) -> VendorFacts:
        """The vendor's fact file."""
        return load_facts(self.slug).vendors[self.slug]

    @property
    def first(self) -> Operation:
        """The operation that laws about all operations alike use."""
        return self.operations[0]

    @cached_property
    def transcripts(self) -> tuple[Transcript, ...]:
        """The documented exchanges of this face."""
        return tuple(found for found in load_transcripts(self.slug) if self.transcripts_of(found))

    # The cases of laws. Each is a sequence; a law is bound where none of its sequences is empty.

    @property
    def leading(self) -> Sequence[Operation]:
        """The first operation, where one represents all."""
        return self.operations[:1]

    @property
    def callback_faults(self) -> Sequence[str]:
        """The faults that its callbacks may have."""
        return () if self.callbacks is None else CALLBACK_FAULTS

    @property
    def formats_with_unknown(self) -> Sequence[ResponseFormat]:
        """The formats with undocumented state words."""
        return [each for each in self.formats if each.unknown]

    @property
    def formats_with_ids(self) -> Sequence[ResponseFormat]:
        """The formats with job ids that the service may choose."""
        return [each for each in self.formats if each.ids is not None]

    @property
    def formats_with_names(self) -> Sequence[ResponseFormat]:
        """The formats whose polls name the job."""
        return [
            each
            for each in self.formats
            if "named-job" in json.dumps(each.polled("named-job", next(iter(each.states))))
        ]

    @property
    def formats_without_id(self) -> Sequence[ResponseFormat]:
        """The formats with responses that name no job."""
        return [each for each in self.formats if each.without_id]

    @property
    def formats_without_output(self) -> Sequence[ResponseFormat]:
        """The formats with responses that report success without a file."""
        return [each for each in self.formats if each.without_output]

    @property
    def started(self) -> Sequence[Operation]:
        """The operations whose jobs' outcome can be chosen by words; the first alone, as all end alike."""
        return [operation for operation in self.operations if operation.text is not None][:1]

    @property
    def broken(self) -> Sequence[Operation]:
        """The operations with broken bodies."""
        return [operation for operation in self.operations if operation.broken is not None]

    @property
    def broken_for_client(self) -> Sequence[Operation]:
        """The operations with broken arguments."""
        return [operation for operation in self.operations if operation.broken_arguments() is not None]

    @property
    def defaulted(self) -> Sequence[Operation]:
        """The operations with documented defaults."""
        return [operation for operation in self.operations if operation.defaults]

    @property
    def timed(self) -> Sequence[Operation]:
        """The operations with a documented duration."""
        return [operation for operation in self.operations if operation.seconds is not None]

    @property
    def failures(self) -> Sequence[str]:
        """The words that let a job end without success."""
        return [word for word in self.contract.ends if not (word == "block" and self.contract.refuses_blocked)]

    @property
    def words(self) -> Sequence[StateWord]:
        """Every documented state word of every format."""
        return [StateWord(each, word) for each in self.formats for word in each.states]

    @property
    def later_words(self) -> Sequence[StateWord]:
        """The state words after the first state."""
        first = next(iter(self.formats[0].states.values())) if self.formats else None
        return [case for case in self.words if case.state is not first]

    def state_of(self, word: Any) -> JobState:
        """Return the state that *word* means in any of the formats.

        Raises:
            BrokenLawError: No format has the word.
        """
        meanings = [each.states[word] for each in self.formats if word in each.states]
        require(bool(meanings), f"{word!r} is no documented state word")
        return meanings[0]

    def new_client(self, target: Target, account: str | None = None, **options: Any) -> Any:
        """Return the vendor's blocking client for *account*, a new one by default."""
        return target.client(self.contract, account or target.new_account(), **options)

    def new_raw_client(self, target: Target, account: str | None = None) -> RawClient:
        """Return the vendor's raw client for *account*, a new one by default."""
        return self.raw_client(target, account)
