"""The conversation with EdrawMax: how a diagram is asked for, what the answer says, and when it is asked for again.

Source: the vendor's edrawmax-diagram skill and its reference; facts are cited by id.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from soundstage import errors
from soundstage._protocol import responses
from soundstage._protocol.service import Service, Settings
from soundstage._values.events import RetryScheduled
from soundstage._values.messages import Flow, NotSent, Request, Response, TransportError, pause
from soundstage.vendors.edrawmax.profile import GENERATE_ROUTE, REFUSALS, RETRY_CODES, RETRY_DELAY, SUPPORT_HINT

if TYPE_CHECKING:
    from collections.abc import Mapping

    from soundstage._values.state import JobRef, Snapshot
    from soundstage.vendors.edrawmax.hosts import TrustedHosts
    from soundstage.vendors.edrawmax.profile import Kind


@dataclass(frozen=True, slots=True)
class Drawn:
    """What the service answered: where the two files are, and the diagram as code."""

    kind: Kind
    png_url: str
    svg_url: str
    mermaid_code: str | None
    source_code: str | None
    raw: object


class EdrawMaxService(Service):
    """How the service is asked and answers. Nothing is charged, so that no outcome is ever in doubt (pricing)."""

    def __init__(self, user: str, trusted: TrustedHosts, settings: Settings) -> None:
        self._user = user
        self._trusted = trusted
        super().__init__(settings, {})

    def authorization(self) -> Mapping[str, str]:
        """Who calls, which is no credential (auth.none)."""
        return {"X-User-ID": self._user}

    def poll(self, ref: JobRef, timeout: float | None) -> Flow[Snapshot]:
        """Refuse.

        Raises:
            UnsupportedError: Every call answers the diagram itself: there are no jobs.
        """
        del timeout
        yield from ()
        message = f"{self.profile.name} answers the diagram itself: there is no job {ref.id}"
        raise errors.UnsupportedError(message, vendor=self.profile.slug)

    def untrusted_reason(self, url: str) -> str | None:
        """Why nothing may be fetched from *url* (download.trusted_hosts); None, too, where the user trusts its host."""
        if self._trusted.hold(url):
            return None
        distrust = super().untrusted_reason(url)
        return distrust and f"{distrust}; trusted_hosts= of the client may name others"

    def submit(self, kind: Kind, body: Mapping[str, object]) -> Flow[Drawn]:
        """Ask for a diagram, and once more after a short wait if it failed for the moment (error.retry_policy).

        Raises:
            ApiError: The service refused; of what may pass, for the second time.
            ConnectionFailed: There is no answer.
        """
        request = Request("POST", self.url(GENERATE_ROUTE + kind), self.authorization(), body)
        first = yield from self._attempt(kind, request)
        if isinstance(first, Drawn):
            return first
        wait, policy = max(RETRY_DELAY, first.retry_after or 0.0), self.settings.retry
        if policy.attempts == 1 or wait > policy.within:
            raise first
        self.emit(RetryScheduled(self.profile.slug, 1, wait, str(first)))
        yield from pause(wait)
        second = yield from self._attempt(kind, request)
        if isinstance(second, Drawn):
            return second
        second.message = f"{second.message}; {SUPPORT_HINT}"
        second.args = (second.message,)
        raise second

    def _attempt(self, kind: Kind, request: Request) -> Flow[Drawn | errors.ApiError | errors.ConnectionFailed]:
        """Ask once, and return what came of it: a diagram, or an error that may pass; any other is raised."""
        response = yield from self.retried(lambda: self._send(request), _never_left)
        if isinstance(response, errors.ConnectionFailed):
            return response
        try:
            return self._read_diagram(kind, response)
        except errors.ApiError as refused:
            if refused.code in RETRY_CODES:
                return refused
            raise

    def _send(self, request: Request) -> Flow[Response | errors.ConnectionFailed]:
        """Send once; return the error of an answer that was lost, and raise that of a request that never left."""
        try:
            return (yield from self.traced(request))
        except NotSent as trouble:
            raise self.unreachable(trouble) from None
        except TransportError as trouble:
            return self.unreachable(trouble)

    def _read_diagram(self, kind: Kind, response: Response) -> Drawn:
        """The diagram in an answer (answer.flowchart, answer.others)."""
        answer = self._open(response)
        data = responses.as_object(answer.get("data"))
        png, svg = data.get("png_url"), data.get("svg_url")
        if not (isinstance(png, str) and png and isinstance(svg, str) and svg):
            raise self.refusal(errors.UnreadableAnswerError, "the answer names no data.png_url and svg_url", response)
        mermaid, source = (_text(data.get(name)) for name in ("mermaid_code", "source_code"))
        return Drawn(kind, png, svg, mermaid, source, answer)

    def _open(self, response: Response) -> dict[str, Any]:
        """The answer, whose code is 0; the code decides, whatever the HTTP status is (error.http_status).

        Raises:
            ApiError: It is not, or the answer is no envelope.
        """
        try:
            answer = responses.as_object(response.json())
        except ValueError:
            answer = {}
        code = answer.get("code")
        if not isinstance(code, int) or isinstance(code, bool):
            said = f"an answer that is no {{code, msg, data}} envelope (HTTP {response.status})"
            raise self.refusal(responses.kind_by_status(response.status), said, response)
        if code != 0:
            low = response.status < responses.REFUSALS
            kind = REFUSALS.get(code) or (errors.ApiError if low else responses.kind_by_status(response.status))
            message = str(answer.get("msg") or f"refused with code {code}")
            raise self.refusal(kind, message, response, code=code)
        return answer


def _never_left(trouble: errors.SoundstageError) -> bool:
    """Whether the request was never received, so that sending it again is sending it once."""
    return isinstance(trouble, errors.ConnectionFailed)


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None
