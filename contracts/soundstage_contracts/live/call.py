"""One live call, made with a client whoever answers, with all that is said written down."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote

from soundstage import JobState, errors
from soundstage_contracts.live.differences import Difference, Said
from soundstage_contracts.outcomes import require
from soundstage_contracts.simulators.recorder import (
    Exchange,
    ExchangeRecorder,
    Redaction,
    start_recording,
    stop_recording,
)
from soundstage_contracts.transcripts.replay import load_transcripts

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from soundstage_contracts.declarations.live import LiveCall

DOWNLOAD: Final = "download"
"""The phase of exchanges that fetch a file: the client has looked at what came, so they are not compared."""

_WRITTEN: Final = 20_000
_WORDY: Final = re.compile(r"(^|[._])(status|state|code|type)$")
_NAME: Final = re.compile(r"\{[^}]*\}")


@dataclass(slots=True)
class Played:
    """A call, and what came of it.

    Attributes:
        call: The call.
        client: Who makes it.
        inputs: What it is given.
        redaction: Takes the secrets out of what was said.
        compared: Whether a service was asked, and compared with the simulator.
        trouble: What went wrong, if something did.
        found: Where the service and the simulator differ.
    """

    call: LiveCall
    client: Any
    inputs: Mapping[str, str]
    redaction: Redaction
    compared: bool = False
    trouble: Exception | None = None
    found: list[Difference] = field(default_factory=list)
    _recorder: ExchangeRecorder = field(default_factory=lambda: ExchangeRecorder(None))
    _job: str = ""

    @property
    def base_url(self) -> str:
        """Where the service is."""
        return str(self.client.base_url)

    def make(self) -> None:
        """Make the call; what goes wrong is kept as `trouble`."""
        mark = start_recording(self._recorder)
        try:
            self._act()
        except Exception as trouble:  # noqa: BLE001 - whatever came is told, after it was compared
            self.trouble = trouble
            self._recorder.label("broken off")
        finally:
            stop_recording(mark)

    def plain(self) -> list[dict[str, Any]]:
        """Return what was said without its secrets, as it can be written down."""
        return [{"phase": each.phase, **self.redaction.exchange(each, _WRITTEN)} for each in self._recorder.exchanges]

    def said(self) -> Iterator[Said]:
        """Return what was said as it is compared."""
        for exchange in self._recorder.exchanges:
            if exchange.response is None or exchange.phase == DOWNLOAD:
                continue
            kind = exchange.response.headers.get("content-type", "")
            shown = self.redaction.exchange(exchange, None)
            body = shown["answer"] if isinstance(shown["answer"], dict | list) else None
            yield Said(shown["method"], self._route(exchange), exchange.phase, shown["status"], kind, body)

    def settle(self) -> None:
        """End the contract as it must end.

        Raises:
            BrokenLawError: The service answers otherwise than the simulator in a way that breaks programs.
            Exception: What the call itself met.
        """
        if self.trouble is not None:
            raise self.trouble
        broken = [str(each) for each in self.found if each.severity == "breaking"]
        require(not broken, "the service differs from the simulator: " + "; ".join(broken))

    @property
    def failed(self) -> bool:
        """Whether the contract of the call fails."""
        return self.trouble is not None or any(each.severity == "breaking" for each in self.found)

    def _act(self) -> None:
        call = self.call
        try:
            made = call.call(self.client, self.inputs)
        except errors.SoundstageError as refusal:
            self._recorder.label("refused")
            if call.refused is None or not isinstance(refusal, call.refused):
                raise
            return
        self._recorder.label("made" if call.refused is None else "refused")
        require(call.refused is None, f"{call.name} must be refused; it was answered: {made}")
        if hasattr(made, "updates"):
            self._job = made.id
            self._follow(made)
        if call.rung == "generation":
            with TemporaryDirectory(prefix="soundstage-live-") as folder:
                made.save(folder)
            self._recorder.label(DOWNLOAD)

    def _follow(self, job: Any) -> None:
        """Look at a job until it is over: done, or cancelled if that was asked."""
        if self.call.rung == "free":
            return
        if self.call.rung == "cancel":
            job.cancel()
            self._recorder.label("cancelled")
        for snapshot in job.updates():
            if snapshot.state is JobState.UNKNOWN:
                says = f"{snapshot.state_raw!r} came, which nobody documents"
                self.found.append(Difference("new", "the word for a job's state", says))
            self._recorder.label(f"job is {snapshot.state.value}")
        wanted = JobState.CANCELED if self.call.rung == "cancel" else JobState.SUCCEEDED
        if job.state is not wanted:
            raise job.error or AssertionError(f"the job ended {job.state.value}, not {wanted.value}")

    def _route(self, exchange: Exchange) -> str:
        route = str(exchange.request.url).removeprefix(self.base_url).partition("?")[0]
        if self._job:
            route = route.replace(quote(self._job, safe=""), "{id}").replace(self._job, "{id}")
        return self.redaction.text(route)


def documented_words(vendor: str) -> dict[str, list[Any]]:
    """Return the values that the transcripts of *vendor* promise for states and codes, by route and path."""
    words: dict[str, list[Any]] = {}
    for transcript in load_transcripts(vendor):
        for step in transcript.steps:
            for path in filter(_WORDY.search, step.literal):
                place = f"{step.method} {_NAME.sub('{id}', step.path)} {path}"
                words.setdefault(place, []).append(_at(step.answer, path))
    return words


def _at(value: Any, path: str) -> Any:
    for name in path.split("."):
        value = value[name]
    return value
