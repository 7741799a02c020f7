"""A caller without the vendor's client: plain HTTP, as a program in any language would send it."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple
from urllib.parse import quote

from soundstage_contracts.outcomes import require
from soundstage_contracts.simulators.control import ControlError, account_name

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import httpx

    from soundstage_contracts.laws.declarations import Body, Operation, RawRequest, Refusal
    from soundstage_contracts.simulators.control import AccountBalance
    from soundstage_contracts.simulators.target import Target


class JobView(NamedTuple):
    """What a poll shows of a job: its state word, the reason of a failure, and the addresses of its files."""

    word: Any
    reason: str
    urls: Sequence[str]


class RawClient(ABC):
    """Sends plain HTTP requests to a vendor's simulator; a subclass knows one vendor's requests and responses.

    Args:
        target: The simulator.
        account: The account; a new one by default.
        headers: Request headers in place of those that authenticate the account.
    """

    slug: ClassVar[str]
    longest: ClassVar[float] = 600.0
    """Account seconds after which every ordinary job is over."""

    def __init__(self, target: Target, account: str | None = None, headers: Mapping[str, str] | None = None) -> None:
        self.target = target
        self.account = account or target.new_account()
        self.name = account_name(self.slug, self.account)
        self.http = target.http(headers=dict(self.headers(self.account) if headers is None else headers))

    @classmethod
    @abstractmethod
    def headers(cls, account: str) -> Mapping[str, str]:
        """Return the headers that authenticate *account*."""

    @classmethod
    @abstractmethod
    def creation_request(cls, operation: Operation, body: Mapping[str, Any]) -> RawRequest:
        """Return the request that starts a job of *operation*."""

    @classmethod
    @abstractmethod
    def status_request(cls, job: str, operation: Operation) -> RawRequest:
        """Return the request that polls a job of *operation*."""

    @classmethod
    def quoted(cls, job: str) -> str:
        """Return a job's id as it is written in a path: one segment."""
        return quote(job, safe="")

    @abstractmethod
    def created_id(self, response: httpx.Response, operation: Operation) -> str:
        """Check that *response* accepts a creation as documented, and return the job's id.

        Raises:
            BrokenLawError: It does not.
        """

    @abstractmethod
    def job_view(self, response: httpx.Response) -> JobView:
        """Check that *response* shows a job as documented, and return what it shows.

        Raises:
            BrokenLawError: It does not.
        """

    @abstractmethod
    def check_refused(self, response: httpx.Response, refusal: Refusal, reading: str = "") -> str:
        """Check that *response* is *refusal* as documented, and return its message.

        Raises:
            BrokenLawError: It is not.
        """

    @classmethod
    def members(cls, body: Any) -> Body:
        """Return the parameters in the JSON *body* of a creation, without what the vendor wraps them in."""
        return dict(body)

    def send_request(self, request: RawRequest, base: str | None = None, **options: Any) -> httpx.Response:
        """Send *request* to the simulator, or to *base* in place of the vendor's address there."""
        if request.body is not None:
            options.setdefault("json", request.body)
        return self.http.request(request.method, (base or self.target.base_url(self.slug)) + request.path, **options)

    def submit_job(self, operation: Operation, body: Mapping[str, Any]) -> httpx.Response:
        """Ask for a job of *operation*."""
        return self.send_request(self.creation_request(operation, body))

    def start_job(self, operation: Operation, body: Mapping[str, Any] | None = None) -> str:
        """Start a job of *operation*, with its required members by default, and return the job's id."""
        return self.created_id(self.submit_job(operation, operation.required if body is None else body), operation)

    def poll_job(self, job: str, operation: Operation) -> httpx.Response:
        """Ask for the state of a job."""
        return self.send_request(self.status_request(job, operation))

    def read_job(self, job: str, operation: Operation) -> JobView:
        """Poll a job and return what is shown of it."""
        return self.job_view(self.poll_job(job, operation))

    def finish_job(self, job: str, operation: Operation) -> JobView:
        """Let a job end and return what is shown of it."""
        self.advance(self.longest)
        return self.read_job(job, operation)

    def introduce(self, operation: Operation) -> None:
        """Send a free request: a simulator knows an account from its first request on."""
        self.poll_job("nothing", operation)

    def fetch(self, url: str) -> httpx.Response:
        """Download a result, without a credential."""
        return self.target.http().get(url)

    def advance(self, seconds: float) -> None:
        """Move this account's clock."""
        self.target.control.advance(seconds, self.name)

    def money(self) -> AccountBalance:
        """Return the account's balance and ledger entries."""
        return self.target.control.money(self.slug, self.name)

    def jobs(self) -> list[str]:
        """Return the ids of the account's jobs, oldest first; none where the simulator does not know the account."""
        tasks = self._tasks()
        return [task["id"] for task in tasks or ()]

    def untouched(self) -> bool:
        """Return whether the account has no job and no ledger entry."""
        tasks = self._tasks()
        return tasks is None or (tasks == [] and self.money().entries == ())

    def _tasks(self) -> list[dict[str, Any]] | None:
        """Return the account's tasks; None where the simulator does not know the account.

        The list of all accounts is no way to find out, as a run has thousands of them.
        """
        try:
            return self.target.control.tasks(self.name)
        except ControlError as error:
            if "no account" not in str(error):
                raise
            return None


def check_cites(slug: str, response: httpx.Response, fact: str | None) -> None:
    """Check that a refusal names *fact*, or any fact of the vendor where it is None.

    Raises:
        BrokenLawError: It does not.
    """
    cited = response.headers.get("x-soundstage-fact", "")
    require(cited.startswith(f"{slug}:"), f"a refusal without a fact of {slug}: {response.text}")
    require(fact in (None, cited.partition(":")[2]), f"the refusal cites {cited}, not {fact}")
