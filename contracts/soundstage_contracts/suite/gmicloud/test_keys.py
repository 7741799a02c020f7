"""Contracts of GMI Cloud's API keys: created and listed on the session face, used on the API-key face."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from soundstage_contracts import proves
from soundstage_contracts.vendors.gmicloud.raw_client import (
    PROFILE,
    ROOT,
    RawClient,
    SessionRawClient,
    assert_refused,
    success_of,
)

if TYPE_CHECKING:
    from soundstage_contracts.simulators.target import Target

MONTH = 30 * 24 * 3600
MEMBERS = {"id", "name", "type", "scope", "partialKey", "expiresAt", "createdAt", "owner"}


@pytest.fixture
def session(target: Target) -> SessionRawClient:
    """Return a raw client that has logged in."""
    return SessionRawClient(target)


def keys_path(session: SessionRawClient) -> str:
    """Return the route of the keys of the caller's organization."""
    return f"/organizations/{session.get(PROFILE)['organization']['id']}/api-keys"


def create_key(session: SessionRawClient, **body: Any) -> str:
    """Create a key as the vendor's package does, and return it."""
    expires = int(session.target.control.now(session.name)) + MONTH
    given = {"name": "ci", "type": "", "scope": "ie_model", "expiresAt": expires, **body}
    created = success_of(session.post(keys_path(session), given))
    assert set(created) == {"key"}
    return str(created["key"])


@proves("gmicloud:keys.create", "gmicloud:keys.list", side="server")
def test_created_keys_are_listed_without_the_key(session: SessionRawClient) -> None:
    """Each key is listed with its documented members, which describe it and do not contain it."""
    assert session.get(keys_path(session)) == {"keys": []}
    now = int(session.target.control.now(session.name))
    keys = [create_key(session), create_key(session, name="other", expiresAt=0)]
    assert len(set(keys)) == 2
    listed = session.get(keys_path(session))["keys"]
    assert [set(one) for one in listed] == [MEMBERS] * 2
    assert [(one["name"], one["scope"], one["expiresAt"]) for one in listed] == [
        ("ci", "ie_model", now + MONTH),
        ("other", "ie_model", 0),
    ]
    assert len({one["id"] for one in listed}) == 2
    assert [one["createdAt"] for one in listed] == [now] * 2
    owner = session.get(PROFILE)["user"]
    assert [one["owner"] for one in listed] == [owner] * 2
    assert set(owner) == {"id", "email", "firstName", "lastName"}
    assert all(isinstance(value, str) and value for value in owner.values())
    assert not any(key in json.dumps(listed) for key in keys)
    for key, one in zip(keys, listed, strict=True):
        shown = [part for part in one["partialKey"].split("...") if part]
        assert shown
        assert all(part in key for part in shown)
        assert sum(map(len, shown)) < len(key) / 4


@proves("gmicloud:keys.create", "gmicloud:keys.list", side="server")
@pytest.mark.parametrize("given", [{}, {"type": "user"}, {"scope": "ie_model"}, {"type": "user", "scope": "ie_model"}])
def test_listed_key_has_the_type_and_scope_of_its_creation(session: SessionRawClient, given: dict[str, str]) -> None:
    """Only a name is required; the type and the scope that were sent are listed, and others are empty."""
    success_of(session.post(keys_path(session), {"name": "ci", **given}))
    (listed,) = session.get(keys_path(session))["keys"]
    assert {"type": listed["type"], "scope": listed["scope"]} == {"type": "", "scope": "", **given}


@proves("gmicloud:keys.use", side="server")
def test_created_key_works_on_its_face_until_it_expires(session: SessionRawClient) -> None:
    """A key starts requests of the account that created it, until it expires; the session face refuses it."""
    bearer = {"Authorization": f"Bearer {create_key(session)}"}
    keyed = RawClient(session.target, session.account, bearer)
    request = keyed.create()
    assert session.read(request)["request_id"] == request
    stranger = SessionRawClient(session.target, session.account, bearer)
    assert_refused(stranger.send("GET", PROFILE), 401)
    session.advance(MONTH + 1)
    assert "expired" in assert_refused(keyed.send("GET", f"{keyed.queue}/models"), 401)
    session.use_tokens(success_of(session.finish_login(success_of(session.start_login())["authToken"])))
    forever = RawClient(
        session.target, session.account, {"Authorization": f"Bearer {create_key(session, expiresAt=0)}"}
    )
    session.advance(24 * MONTH)
    assert forever.read(request)["request_id"] == request


@proves("gmicloud:keys.create", "gmicloud:keys.refused", side="server")
@pytest.mark.parametrize(("member", "value"), [("name", None), ("name", ""), ("expiresAt", 1), ("expiresAt", "soon")])
def test_broken_key_request_is_refused(session: SessionRawClient, member: str, value: Any) -> None:
    """A name that is missing or an expiry in the past is HTTP 400, its message names it, and no key is created."""
    body = {"name": "ci", "expiresAt": 0, member: value}
    assert member in assert_refused(session.post(keys_path(session), body), 400)
    assert session.get(keys_path(session)) == {"keys": []}


@proves("gmicloud:keys.refused", side="server")
def test_keys_of_another_organization_are_not_found(session: SessionRawClient) -> None:
    """Keys of an organization are created and listed by its own users alone."""
    other = keys_path(SessionRawClient(session.target))
    for refused in (session.send("GET", other), session.post(other, {"name": "ci"})):
        assert_refused(refused, 404, "keys.refused")
    without = session.target.http().get(f"{session.target.base_url('gmicloud')}{ROOT}{other}")
    assert without.status_code == 401
