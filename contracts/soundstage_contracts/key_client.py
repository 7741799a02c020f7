"""What vendors with one API key and JSON bodies have in common, as their contracts declare it."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Any, ClassVar, Final

from soundstage import JobState, errors
from soundstage_contracts.declarations.vendor import VendorContract
from soundstage_contracts.laws.declarations import BadCredential, Operation, RawRequest, Refusal
from soundstage_contracts.laws.machine import JobMachine
from soundstage_contracts.laws.raw_client import JobView, RawClient, check_cites
from soundstage_contracts.outcomes import require

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import httpx


_BY_STATUS: Final[Mapping[int, type[errors.ApiError]]] = {
    400: errors.BadRequestError,
    401: errors.AuthenticationError,
    402: errors.InsufficientCreditsError,
    403: errors.PermissionDeniedError,
    404: errors.NotFoundError,
    409: errors.ConflictError,
    422: errors.BadRequestError,
    429: errors.RateLimitError,
}
"""What a refusal with this HTTP status means, unless a vendor documents something else."""


def key_argument(account: str) -> Mapping[str, str]:
    """Return the arguments of a client that authenticate *account*."""
    return {"api_key": account}


def key_headers(account: str, scheme: str = "Bearer") -> Mapping[str, str]:
    """Return the raw headers that authenticate *account*."""
    return {"Authorization": f"{scheme} {account}"}


def bad_keys(refusal: Refusal, scheme: str = "Bearer") -> Sequence[BadCredential]:
    """Return headers without a key of *scheme*, each of which is refused by *refusal*."""
    other = "Basic" if scheme == "Bearer" else "Bearer"
    given = {"none": None, "empty": "", "bare": scheme, "other": f"{other} a2V5"}
    return [
        BadCredential(
            name=name,
            headers=lambda _, value=value: {} if value is None else {"Authorization": value},  # type: ignore[misc]
            refusal=refusal,
            message=scheme,
        )
        for name, value in given.items()
    ]


def key_contract(slug: str, client: type[Any], async_client: type[Any], **declared: Any) -> VendorContract:
    """Return the contract of a vendor with one API key, whose jobs end as failed or succeeded.

    Args:
        slug: The vendor.
        client: Its sync client class.
        async_client: Its async client class.
        **declared: The other attributes of `VendorContract`.
    """
    ends = dict.fromkeys(("fail", "block", "timeout", "cancel"), JobState.FAILED)
    keyed = {"credentials": key_argument, "headers": key_headers, "ends": ends}
    return VendorContract(slug=slug, client=client, async_client=async_client, **{**keyed, **declared})


def refusal_terms(scheme: str = "Bearer", **codes: tuple[int | str, int] | Refusal) -> dict[str, Any]:
    """Return the arguments of `Terms` about refusals.

    Args:
        scheme: The word before the key in the header Authorization.
        **codes: The code and HTTP status of ``unauthenticated``, ``invalid``, ``not_found``, ``no_credit`` and
            ``too_many``; any other name is one more refusal. The status decides the error; where it does not, as with
            refusals that have HTTP 200, a `Refusal` has all three.

    Raises:
        ValueError: The status of a refusal decides no error.
    """
    found = {name: one if isinstance(one, Refusal) else _refusal(name, *one) for name, one in codes.items()}
    terms: dict[str, Any] = {
        name: found[name] for name in ("invalid", "not_found", "no_credit", "too_many") if name in found
    }
    no_key = found["unauthenticated"]
    terms.update(refusals=tuple(found.values()), malformed=found.get("invalid"), rejected={"invalid-": no_key})
    return {**terms, "bad_credentials": bad_keys(no_key, scheme)}


def _refusal(name: str, code: int | str, status: int) -> Refusal:
    error = errors.InsufficientCreditsError if name == "no_credit" else _BY_STATUS.get(status)
    if error is None:
        allowed = f"one of {', '.join(map(str, _BY_STATUS))}, or Refusal(code=..., status={status}, error=...)"
        raise ValueError(f"{name} has HTTP {status}; allowed: {allowed}")
    return Refusal(code=code, status=status, error=error)


def data_of(response: httpx.Response) -> dict[str, Any]:
    """Return the object in a successful response.

    Raises:
        BrokenLawError: It is a refusal.
    """
    require(response.status_code == HTTPStatus.OK, f"HTTP {response.status_code}: {response.text}")
    found: dict[str, Any] = response.json()
    return found


def job_machine(vendor: VendorContract) -> type[JobMachine]:
    """Return the state machine of every job vendor, for *vendor*."""
    return type(f"{vendor.slug.title()}Machine", (JobMachine,), {"contract": vendor, "__module__": __name__})


class KeyRawClient(RawClient):
    """Sends plain HTTP requests to a vendor with one route that starts jobs and one that polls them.

    Attributes:
        scheme: The word before the key.
        creation_path: The path that starts a job.
        status_path: The path that polls a job; ``{}`` stands for its id.
    """

    scheme: ClassVar[str] = "Bearer"
    creation_path: ClassVar[str] = ""
    status_path: ClassVar[str] = ""

    @classmethod
    def headers(cls, account: str) -> Mapping[str, str]:
        """Return the headers that authenticate *account*."""
        return key_headers(account, cls.scheme)

    @classmethod
    def creation_request(cls, operation: Operation, body: Mapping[str, Any]) -> RawRequest:
        """Return the request that starts a job."""
        del operation  # for vendors whose operations have routes of their own
        return RawRequest("POST", cls.creation_path, dict(body))

    @classmethod
    def status_request(cls, job: str, operation: Operation) -> RawRequest:
        """Return the request that polls a job."""
        del operation  # likewise
        return RawRequest("GET", cls.status_path.format(job))

    def created_id(self, response: httpx.Response, operation: Operation) -> str:
        """Return the member id of the response to a creation."""
        del operation
        return str(data_of(response)["id"])

    def job_view(self, response: httpx.Response) -> JobView:
        """Return the members status, error and url of a poll; an absent url is no file."""
        data = data_of(response)
        return JobView(data["status"], data.get("error") or "", [data["url"]] if data.get("url") else [])

    def refusal_of(self, response: httpx.Response) -> tuple[Any, str]:
        """Return code and message of a refusal: those of ``{"error": {"code": ..., "message": ...}}``."""
        error = response.json()["error"]
        return error["code"], str(error["message"])

    def check_refused(self, response: httpx.Response, refusal: Refusal, reading: str = "") -> str:
        """Check that *response* is *refusal*, and return its message.

        Raises:
            BrokenLawError: It is not, or it cites no fact.
        """
        code, message = self.refusal_of(response)
        found, expected = (response.status_code, code), (refusal.status_in(reading), refusal.code)
        require(found == expected, f"not {expected}: {response.text}")
        check_cites(self.slug, response, refusal.fact)
        return message
