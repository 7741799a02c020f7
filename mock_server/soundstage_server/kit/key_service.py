"""A simulated service with one API key, one set of states and JSON refusals: what most vendors' services share."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from soundstage_server.kit.service import Service
from soundstage_server.model.lifecycle import Fate, Lifecycle
from soundstage_server.model.messages import Identity, RefusedError, Request, Response, json_response

if TYPE_CHECKING:
    from collections.abc import Mapping


class KeyService(Service):
    """A service whose callers send ``Authorization: <scheme> <key>``; any key is an account.

    Attributes:
        scheme: The word before the key.
        times: The states of every task.
    """

    scheme: ClassVar[str] = "Bearer"
    times: ClassVar[Lifecycle]
    credential_headers = (b"authorization",)
    reasons: ClassVar[Mapping[Fate, str]] = {
        Fate.FAIL: "the task failed",
        Fate.BLOCK: "refused by the content policy",
    }

    def __init_subclass__(cls, **options: Any) -> None:
        """Derive the table of codes from the refusals, where the class has no table of its own."""
        super().__init_subclass__(**options)
        if "refusals" in vars(cls) and "codes" not in vars(cls):
            cls.codes = {str(one.code): one for one in cls.refusals if one is not None}

    def lifecycle(self, operation: str) -> Lifecycle:
        """Return the states of a task, which are the same for every operation."""
        del operation  # for vendors whose operations differ
        return self.times

    def identify(self, credentials: tuple[bytes | None, ...]) -> Identity:
        """Return the key.

        Raises:
            RefusedError: There is none, or the scheme is another.
        """
        scheme, _, key = (credentials[0] or b"").decode("latin-1").partition(" ")
        if scheme.lower() != self.scheme.lower() or not key.strip():
            raise RefusedError(self.refusals.unauthenticated, f"Authorization must be {self.scheme} <key>")
        return Identity(key.strip())

    def refuse(self, refused: RefusedError, request: Request) -> Response:
        """Return ``{"error": {"code": ..., "message": ...}}`` with the status of the refusal."""
        del request  # for vendors whose refusals name it
        error = {"code": refused.refusal.code, "message": refused.message}
        return json_response({"error": error}, refused.refusal.status)
