"""What Acme declares to the contracts. Source: docs.acme.example, read in November 2026."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from hypothesis import strategies as st

from soundstage import JobState, errors
from soundstage_acme.client import Acme, AsyncAcme
from soundstage_contracts.vendor_kit import (
    Callbacks,
    DemoCall,
    KeyRawClient,
    Operation,
    Refusal,
    ResponseFormat,
    Terms,
    VendorContract,
    bad_keys,
    data_of,
    job_machine,
    key_argument,
    key_headers,
    require,
    strategies,
)

if TYPE_CHECKING:
    import httpx

SIZES = ("256x256", "512x512")
STATES = {"queued": JobState.QUEUED, "done": JobState.SUCCEEDED, "failed": JobState.FAILED}
BODIES = st.fixed_dictionaries({"prompt": strategies.prompts(most=80)}, optional={"size": st.sampled_from(SIZES)})

BROKEN = st.sampled_from([("prompt", {}), ("prompt", {"prompt": ""}), ("size", {"prompt": "A fox", "size": "1x1"})])


DEMO = (DemoCall("text_to_image", {"prompt": "A paper boat", "size": "256x256"}),)
CONTRACT = VendorContract(
    slug="acme",
    client=Acme,
    async_client=AsyncAcme,
    credentials=key_argument,
    headers=key_headers,
    operations={"text_to_image": BODIES},
    ends={"fail": JobState.FAILED, "block": JobState.FAILED, "timeout": JobState.FAILED, "cancel": JobState.FAILED},
    callback="callback",
    at_once=5,
)


INVALID = Refusal(code="invalid", status=400, error=errors.BadRequestError)
NO_KEY = Refusal(code="no_key", status=401, error=errors.AuthenticationError)
NO_CREDIT = Refusal(code="no_credit", status=402, error=errors.InsufficientCreditsError)
NOT_FOUND = Refusal(code="not_found", status=404, error=errors.NotFoundError)
TOO_MANY = Refusal(code="too_many", status=429, error=errors.RateLimitError)


class AcmeRawClient(KeyRawClient):
    """Sends plain HTTP requests to Acme."""

    slug = "acme"
    creation_path = "/v1/images"
    status_path = "/v1/images/{}"

    def created_id(self, response: httpx.Response, operation: Operation) -> str:
        """Check that an image was started, and return its id."""
        data = data_of(response)
        require(set(data) == {"id", "status"} and data["status"] == "queued", f"no new image: {data}")
        return super().created_id(response, operation)


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
    bad_credentials=bad_keys(NO_KEY),
    retention=30 * 24 * 3600.0,
    callbacks=Callbacks(parameter="callback"),
    machine=job_machine(CONTRACT),
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
