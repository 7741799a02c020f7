"""EdrawMax's protocol: one request for a diagram, its response, its refusals, and the one retry.

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
    """The diagram in a response: the URLs of its two files, and the diagram as code."""

    kind: Kind
    png_url: str
    svg_url: str
    mermaid_code: str | None
    source_code: str | None
    raw: object


class EdrawMaxService(Service):
    """EdrawMax's diagram service, as one client uses it."""

    def __init__(self, user: str, trusted: TrustedHosts, settings: Settings) -> None:
        self._user = user
        self._trusted = trusted
        super().__init__(settings, {})

    def authorization(self) -> Mapping[str, str]:
        """Return the header with the user, which is not a credential (auth.none)."""
        return {"X-User-ID": self._user}

    def untrusted_reason(self, url: str) -> str | None:
        """Return why nothing may be downloaded from *url*, or None (download.trusted_hosts)."""
        # A response is text from another machine: its URLs may point anywhere, also into the user's own network. The
        # vendor's downloader therefore has a list of hosts; a user adds to it explicitly, never the service.
        if self._trusted.trust(url):
            return None
        reason = super().untrusted_reason(url)
        return reason and f"{reason}; name it in trusted_hosts= of the client if you trust it"

    def submit(self, kind: Kind, body: Mapping[str, object]) -> Flow[Drawn]:
        """Request a diagram, and once more after a short wait if the failure may pass (error.retry_policy).

        Raises:
            ApiError: The service refused; a failure that may pass, for the second time.
            ConnectionFailed: There is no response.
        """
        # Nothing is charged (pricing), so a request whose response was lost may be sent again like a refused one, and
        # no outcome is ever unknown. The documents allow one retry in all, whatever the retry policy allows.
        request = Request("POST", self.url(GENERATE_ROUTE + kind), self.authorization(), body)
        yield from self.spending.free()  # pricing
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

    def poll(self, ref: JobRef, timeout: float | None) -> Flow[Snapshot]:
        """Refuse: there are no jobs.

        Raises:
            UnsupportedError: Every call returns the diagram itself.
        """
        del timeout
        yield from ()
        message = f"{self.profile.name} returns the diagram itself: there is no job {ref.id}"
        raise errors.UnsupportedError(message, vendor=self.profile.slug)

    def _attempt(self, kind: Kind, request: Request) -> Flow[Drawn | errors.ApiError | errors.ConnectionFailed]:
        """Send a request, and return the diagram or an error that may pass; raise any other error."""
        # A request that never left counts as no attempt: the retry policy alone bounds how often it is tried.
        response = yield from self.retried(lambda: self._send(request), _never_left)
        if isinstance(response, errors.ConnectionFailed):
            return response
        try:
            return self._read_diagram(kind, response)
        except errors.ApiError as refusal:
            if refusal.code in RETRY_CODES:
                return refusal
            raise

    def _send(self, request: Request) -> Flow[Response | errors.ConnectionFailed]:
        """Send once; return the error if the response was lost, and raise it if the request never left."""
        try:
            return (yield from self.traced(request))
        except NotSent as error:
            raise self.unreachable(error) from None
        except TransportError as error:
            return self.unreachable(error)

    def _read_diagram(self, kind: Kind, response: Response) -> Drawn:
        """Return the diagram in a response (answer.flowchart, answer.others)."""
        envelope = self._open(response)
        data = responses.as_object(envelope.get("data"))
        png, svg = (self.required_text(data, f"data.{name}", response) for name in ("png_url", "svg_url"))
        mermaid, source = (_text(data.get(name)) for name in ("mermaid_code", "source_code"))
        return Drawn(kind, png, svg, mermaid, source, envelope)

    def _open(self, response: Response) -> dict[str, Any]:
        """Return the envelope of a response; its code decides, whatever the HTTP status is (error.http_status).

        Raises:
            ApiError: The code refuses, or the response is not an envelope.
        """
        envelope = responses.json_object(response)
        code = responses.as_integer(envelope.get("code"))
        if code is None:
            kind = responses.kind_by_status(response.status)
            message = f"the response is not a {{code, msg, data}} envelope (HTTP {response.status})"
            raise self.refusal(kind, message, response)
        if code != 0:
            raise self._refused(response, envelope, code)
        return envelope

    def _refused(self, response: Response, envelope: Mapping[str, Any], code: int) -> errors.ApiError:
        """Return the error for a code, or else for the HTTP status."""
        kind = responses.kind_by_code(REFUSALS.get(code), response.status)
        message = str(envelope.get("msg") or f"refused with code {code}")
        return self.refusal(kind, message, response, code=code)


def _never_left(error: errors.SoundstageError) -> bool:
    """Whether the request was never received, so that the next attempt is the first one."""
    return isinstance(error, errors.ConnectionFailed)


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None
