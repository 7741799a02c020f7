"""Mistakes in fal's client and simulator that its contracts must catch, as functions; `fal.toml` has the other ones."""

from __future__ import annotations

from typing import TYPE_CHECKING

from soundstage_contracts.mutation.mutations import Mutations
from soundstage_fal import simulator
from soundstage_server.vendor_kit import Identity, RefusedError

if TYPE_CHECKING:
    import pytest

    from soundstage_server.vendor_kit import Request, Response

MUTATIONS = Mutations("fal")


@MUTATIONS.in_simulator("auth.key")
def any_scheme(patch: pytest.MonkeyPatch) -> None:
    """A key is accepted under any scheme."""

    def identify(_: simulator.FalQueue, credentials: tuple[bytes | None, ...]) -> Identity:
        key = (credentials[0] or b"").partition(b" ")[2].decode().strip()
        if not key:
            raise RefusedError(simulator.UNAUTHENTICATED, "Authorization must be Key <key>")
        return Identity(key)

    patch.setattr(simulator.FalQueue, "identify", identify)


@MUTATIONS.in_simulator("submit.once")
def equal_submissions_are_one(patch: pytest.MonkeyPatch) -> None:
    """A submission that equals an earlier one of the account is answered as that one was."""
    right = simulator.FalQueue.create
    earlier: dict[object, Response] = {}

    def create(self: simulator.FalQueue, request: Request) -> Response:
        key = (request.caller, request.path, request.body)
        return earlier[key] if key in earlier else earlier.setdefault(key, right(self, request))

    patch.setattr(simulator.FalQueue, "create", create)
