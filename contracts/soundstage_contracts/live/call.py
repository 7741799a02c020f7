"""Make one live call and record every request and response."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote

from soundstage import JobState, errors
from soundstage_contracts.live.differences import ComparedExchange, Difference
from soundstage_contracts.outcomes import require
from soundstage_contracts.simulators.recorder import (
    Exchange,
    ExchangeRecorder,
    Redaction,
    start_recording,
    stop_recording,
)
from soundstage_contracts.transcripts.replay import load_transcripts, member_at

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from soundstage_contracts.declarations.live import LiveCall

DOWNLOAD: Final = "download"
"""The phase of exchanges that fetch a file. They are not compared: the client has validated the file already."""

_MAX_WRITTEN: Final = 20_000
"""Characters of a body in a recorded transcript."""
_ENUMERATED: Final = re.compile(r"(^|[._])(status|state|code|type)$")
_PLACEHOLDER: Final = re.compile(r"\{[^}]*\}")


@dataclass(slots=True)
class RecordedCall:
    """A call, its exchanges and its result.

    Attributes:
        call: The call.
        client: The client that makes it.
        inputs: The inputs of the run.
        redaction: Removes secrets from what is recorded.
        compared: Whether it went to a live service and was compared with the simulator.
        error: What the call raised, if anything.
        differences: Where the service and the simulator differ.
    """

    call: LiveCall
    client: Any
    inputs: Mapping[str, str]
    redaction: Redaction
    compared: bool = False
    error: Exception | None = None
    differences: list[Difference] = field(default_factory=list)
    _recorder: ExchangeRecorder = field(default_factory=lambda: ExchangeRecorder(None))
    _job: str = ""

    @property
    def base_url(self) -> str:
        """The address of the service."""
        return str(self.client.base_url)

    def make(self) -> None:
        """Make the call; an exception is kept as `error`."""
        mark = start_recording(self._recorder)
        try:
            self._run()
        except Exception as error:  # noqa: BLE001 - raised by raise_for_outcome, after the comparison
            self.error = error
            self._recorder.label("broken off")
        finally:
            stop_recording(mark)

    def redacted_exchanges(self) -> list[dict[str, Any]]:
        """Return the exchanges as JSON without secrets."""
        return [
            {"phase": each.phase, **self.redaction.exchange(each, _MAX_WRITTEN)} for each in self._recorder.exchanges
        ]

    def compared_exchanges(self) -> Iterator[ComparedExchange]:
        """Return the exchanges in the form in which they are compared; downloads are left out."""
        for exchange in self._recorder.exchanges:
            if exchange.response is None or exchange.phase == DOWNLOAD:
                continue
            kind = exchange.response.headers.get("content-type", "")
            shown = self.redaction.exchange(exchange, None)
            body = shown["response"] if isinstance(shown["response"], dict | list) else None
            yield ComparedExchange(shown["method"], self._route(exchange), exchange.phase, shown["status"], kind, body)

    def raise_for_outcome(self) -> None:
        """Raise if the contract of the call is broken.

        Raises:
            BrokenLawError: The service differs from the simulator in a way that breaks programs.
            Exception: What the call itself raised.
        """
        if self.error is not None:
            raise self.error
        broken = [str(each) for each in self.differences if each.severity == "breaking"]
        require(not broken, "the service differs from the simulator: " + "; ".join(broken))

    @property
    def failed(self) -> bool:
        """Whether the contract of the call is broken."""
        return self.error is not None or any(each.severity == "breaking" for each in self.differences)

    def _run(self) -> None:
        call = self.call
        try:
            result = call.call(self.client, self.inputs)
        except errors.SoundstageError as refusal:
            self._recorder.label("refused")
            if call.refused is None or not isinstance(refusal, call.refused):
                raise
            return
        self._recorder.label("made" if call.refused is None else "refused")
        require(call.refused is None, f"{call.name} must be refused; it returned {result}")
        if hasattr(result, "updates"):
            self._job = result.id
            self._poll(result)
        if call.tier == "generation":
            with TemporaryDirectory(prefix="soundstage-live-") as folder:
                result.save(folder)
            self._recorder.label(DOWNLOAD)

    def _poll(self, job: Any) -> None:
        """Poll a job until it ends; a call of the tier ``cancel`` cancels it first.

        Raises:
            Exception: The job's own error, or an AssertionError, when it ends in another state than it must.
        """
        if self.call.tier == "free":
            return
        if self.call.tier == "cancel":
            job.cancel()
            self._recorder.label("canceled")
        for snapshot in job.updates():
            if snapshot.state is JobState.UNKNOWN:
                detail = f"{snapshot.state_raw!r} was received, which is not documented"
                self.differences.append(Difference("new", "the state of a job", detail))
            self._recorder.label(f"job is {snapshot.state.value}")
        wanted = JobState.CANCELED if self.call.tier == "cancel" else JobState.SUCCEEDED
        if job.state is not wanted:
            raise job.error or AssertionError(f"the job ended {job.state.value}, not {wanted.value}")

    def _route(self, exchange: Exchange) -> str:
        """Return the path below the base address, with ``{id}`` for the job's id, which differs in every run."""
        route = str(exchange.request.url).removeprefix(self.base_url).partition("?")[0]
        if self._job:
            route = route.replace(quote(self._job, safe=""), "{id}").replace(self._job, "{id}")
        return self.redaction.text(route)


def documented_values(vendor: str) -> dict[str, list[Any]]:
    """Return the values that the transcripts of *vendor* document for states and codes, by route and member."""
    values: dict[str, list[Any]] = {}
    for transcript in load_transcripts(vendor):
        for step in transcript.steps:
            for path in filter(_ENUMERATED.search, step.literal):
                place = f"{step.method} {_PLACEHOLDER.sub('{id}', step.path)} {path}"
                values.setdefault(place, []).append(member_at(step.response, path))
    return values
