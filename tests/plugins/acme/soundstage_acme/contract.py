"""What Acme declares to the contracts. Source: docs.acme.example, read in November 2026."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from hypothesis import strategies as st

from soundstage import JobState, errors
from soundstage_acme.client import Acme, AsyncAcme
from soundstage_contracts.vendor_kit import (
    BadCredential,
    Callbacks,
    DemoCall,
    JobMachine,
    JobView,
    Operation,
    RawClient,
    RawRequest,
    Refusal,
    ResponseFormat,
    Terms,
    VendorContract,
    check_cites,
    require,
    strategies,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    import httpx

SIZES = ("256x256", "512x512")
STATES = {"queued": JobState.QUEUED, "done": JobState.SUCCEEDED, "failed": JobState.FAILED}
BODIES = st.fixed_dictionaries({"prompt": strategies.prompts(most=80)}, optional={"size": st.sampled_from(SIZES)})

BROKEN = st.sampled_from([("prompt", {}), ("prompt", {"prompt": ""}), ("size", {"prompt": "A fox", "size": "1x1"})])


def credentials(account: str) -> Mapping[str, str]:
    """Return a client's arguments for *account*."""
    return {"api_key": account}


def headers(account: str) -> Mapping[str, str]:
    """Return the headers that authenticate *account*."""
    return {"Authorization": f"Bearer {account}"}


DEMO = (DemoCall("text_to_image", {"prompt": "A paper boat", "size": "256x256"}),)
CONTRACT = VendorContract(
    slug="acme",
    client=Acme,
    async_client=AsyncAcme,
    credentials=credentials,
    headers=headers,
    operations={"text_to_image": BODIES},
    ends={"fail": JobState.FAILED, "block": JobState.FAILED, "timeout": JobState.FAILED, "cancel": JobState.FAILED},
    callback="callback",
    at_once=5,
)


class AcmeMachine(JobMachine):
    """The state machine of every job vendor, for Acme."""

    contract = CONTRACT


INVALID = Refusal(code="invalid", status=400, error=errors.BadRequestError)
NO_KEY = Refusal(code="no_key", status=401, error=errors.AuthenticationError)
NO_CREDIT = Refusal(code="no_credit", status=402, error=errors.InsufficientCreditsError)
NOT_FOUND = Refusal(code="not_found", status=404, error=errors.NotFoundError)
TOO_MANY = Refusal(code="too_many", status=429, error=errors.RateLimitError)


class AcmeRawClient(RawClient):
    """Sends plain HTTP requests to Acme."""

    slug = "acme"

    @classmethod
    def headers(cls, account: str) -> Mapping[str, str]:
        """Return the headers that authenticate *account*."""
        return headers(account)

    @classmethod
    def creation_request(cls, operation: Operation, body: Mapping[str, Any]) -> RawRequest:
        """Return the request that starts an image."""
        del operation
        return RawRequest("POST", "/v1/images", dict(body))

    @classmethod
    def status_request(cls, job: str, operation: Operation) -> RawRequest:
        """Return the request that polls an image."""
        del operation
        return RawRequest("GET", f"/v1/images/{job}")

    def created_id(self, response: httpx.Response, operation: Operation) -> str:
        """Check that an image was started, and return its id."""
        del operation
        data = response.json()
        require(set(data) == {"id", "status"} and data["status"] == "queued", f"no new image: {data}")
        return str(data["id"])

    def job_view(self, response: httpx.Response) -> JobView:
        """Return what a poll shows."""
        data = response.json()
        return JobView(data["status"], data.get("error", ""), [data["url"]] if "url" in data else [])

    def check_refused(self, response: httpx.Response, refusal: Refusal, reading: str = "") -> str:
        """Check that *response* is *refusal*, and return its message."""
        del reading
        error = response.json()["error"]
        require((response.status_code, error["code"]) == (refusal.status, refusal.code), f"not {refusal}: {error}")
        check_cites("acme", response, refusal.fact)
        return str(error["message"])


def _polled(name: str, word: str, urls: tuple[str, ...] = (), reason: str = "") -> dict[str, Any]:
    return {"id": name, "status": word, **({"url": urls[0]} if urls else {}), **({"error": reason} if reason else {})}


TERMS = Terms(
    contract=CONTRACT,
    raw_client=AcmeRawClient,
    hosts=("api.acme.example",),
    operations=(
        Operation(
            method="text_to_image",
            required={"prompt": "A fox"},
            bodies=BODIES,
            broken=BROKEN,
            defaults={"size": "512x512"},
            seconds=(2, 20),
            outputs=("image",),
            price=lambda _: 2.0,
        ),
    ),
    formats=(
        ResponseFormat(
            name="image",
            created=lambda name: {"id": name, "status": "queued"},
            polled=_polled,
            states=STATES,
            unknown=("cooking",),
            ids=st.text("abcdef/?#% ", min_size=1, max_size=8).filter(str.strip).map(lambda text: f"i{text}d"),
            without_id=({}, {"status": "queued"}),
            without_output=({"id": "a", "status": "done"},),
        ),
    ),
    refusals=(INVALID, NO_KEY, NO_CREDIT, NOT_FOUND, TOO_MANY),
    malformed=INVALID,
    invalid=INVALID,
    not_found=NOT_FOUND,
    no_credit=NO_CREDIT,
    too_many=TOO_MANY,
    rejected={"invalid-": NO_KEY},
    bad_credentials=(BadCredential(name="none", headers=lambda _: {}, refusal=NO_KEY),),
    retention=30 * 24 * 3600.0,
    callbacks=Callbacks(parameter="callback"),
    machine=AcmeMachine,
    pace=(2.0, 2.0),
    facts={
        "test_valid_body_is_accepted": ["routes"],
        "test_requests_go_to_documented_routes_with_credentials": ["routes"],
        "test_account_without_credit_is_refused": ["errors"],
        "test_every_refusal_has_the_documented_form": ["errors"],
        "test_every_refusal_has_its_client_error": ["errors"],
        "test_job_is_queued_then_running_then_succeeded": ["states"],
        "test_every_state_word_is_read": ["states"],
    },
)
