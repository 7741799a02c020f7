"""The two kinds of credentials: e-mail and password, which a login exchanges for tokens; or an API key.

Source: the vendor's package gmicloud 0.1.10 and docs.gmicloud.ai; facts are cited by id.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

from soundstage._protocol.credentials import Secret, find_credential
from soundstage._values import validation
from soundstage._values.redaction import MASK, SecretHeaders
from soundstage.errors import InvalidArgument, MissingCredential
from soundstage.vendors.gmicloud.profile import PROFILE

Otp: TypeAlias = str | Callable[[], str]
"""A one-time code, or a callable that returns one."""

_NAMES = PROFILE.credentials


@dataclass(frozen=True, slots=True)
class KeyAccess:
    """An API key, and the organization that it is used for, if one is named (apikey.face)."""

    key: Secret
    organization: str | None = None

    @property
    def secrets(self) -> tuple[str, ...]:
        """The secrets that messages mask."""
        return (self.key.reveal(),)

    @property
    def identity(self) -> tuple[str, ...]:
        """What differs between accounts."""
        return self.secrets

    @property
    def headers(self) -> Mapping[str, str]:
        """The headers of every call."""
        named = {} if self.organization is None else {"X-Organization-ID": self.organization}
        return SecretHeaders({"Authorization": f"Bearer {self.key.reveal()}", **named})


@dataclass(frozen=True, slots=True)
class LoginAccess:
    """E-mail, password, and the source of one-time codes for a second factor (login.tokens, login.two_factor)."""

    email: str = field(repr=False)
    password: Secret
    otp: Otp | None = field(default=None, repr=False)

    @property
    def identity(self) -> tuple[str, ...]:
        """What differs between accounts."""
        return (self.email,)

    @property
    def secrets(self) -> tuple[str, ...]:
        """The secrets that messages mask."""
        return (self.password.reveal(), *((self.otp,) if isinstance(self.otp, str) else ()))


Access: TypeAlias = KeyAccess | LoginAccess


def find_access(
    email: str | None,
    password: str | None,
    otp: Otp | None,
    api_key: str | None,
    organization_id: str | None,
    *,
    environ: Mapping[str, str] = os.environ,
) -> Access:
    """Return the given credentials, or else those of the environment: e-mail and password first, then the key.

    Raises:
        InvalidArgument: A key was given together with a part of a login, or a value is not allowed.
        MissingCredential: There are none.
    """
    login = {name for name, value in (("email", email), ("password", password), ("otp", otp)) if value is not None}
    if api_key is not None and login:
        validation.invalid("api_key", api_key, f"None with {' and '.join(sorted(login))}", shown=MASK)
    use_login = api_key is None and (
        bool(login) or bool(environ.get(_NAMES["email"]) or environ.get(_NAMES["password"]))
    )
    if not use_login:
        if api_key is None and not environ.get(_NAMES["api_key"]):
            raise _missing()
        key = find_credential(PROFILE.slug, "api_key", api_key, _NAMES["api_key"], environ)
        return KeyAccess(key, _organization(organization_id))
    if organization_id is not None:
        validation.invalid("organization_id", organization_id, "None with e-mail and password")
    return LoginAccess(
        _login_text("email", email, environ), Secret(_login_text("password", password, environ)), _one_time_code(otp)
    )


def _login_text(argument: str, given: str | None, environ: Mapping[str, str]) -> str:
    """Return a part of a login; it is sent in a body, so that any character is allowed."""
    variable = _NAMES[argument]
    where, value = (argument, given) if given is not None else (variable, environ.get(variable))
    if not value:
        message = f"no credential: pass {argument}= or set the environment variable {variable}"
        raise MissingCredential(message, vendor=PROFILE.slug, argument=argument, variable=variable)
    try:
        return validation.text(where, value)
    except InvalidArgument:
        validation.invalid(where, value, "a string that is not blank and that can be encoded as UTF-8", shown=MASK)


def _one_time_code(otp: Otp | None) -> Otp | None:
    if otp is None or isinstance(otp, str):
        if otp is not None and not otp.strip():
            validation.invalid("otp", otp, "a code, or a plain callable that returns one", shown=MASK)
        return otp
    source: Callable[[], str] = validation.plain_callable("otp", otp)
    return source


def _organization(value: str | None) -> str | None:
    if value is None:
        return None
    if not validation.text("organization_id", value).isascii() or not value.isprintable() or " " in value:
        validation.invalid("organization_id", value, "visible ASCII characters, or None")
    return value


def _missing() -> MissingCredential:
    email, password, key = (_NAMES[name] for name in ("email", "password", "api_key"))
    return MissingCredential(
        f"no credential: pass email= and password=, or api_key=; or set {email} and {password}, or {key}",
        vendor=PROFILE.slug,
        argument="email",
        variable=email,
    )
