"""The login session of one client: tokens are fetched when first needed and refreshed once for all callers.

Source: the vendor's package gmicloud 0.1.10; facts are cited by id.
"""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from soundstage import errors
from soundstage._values.messages import Request, exclusive, run
from soundstage._values.redaction import SecretHeaders
from soundstage._values.unpicklable import Unpicklable
from soundstage._values.validation import text
from soundstage.vendors.gmicloud.profile import AUTH_TOKENS_ROUTE, CLIENT_HEADERS, OTP_ATTEMPTS, PROFILE, SESSIONS_ROUTE

if TYPE_CHECKING:
    from collections.abc import Mapping

    from soundstage._values.messages import Flow
    from soundstage.vendors.gmicloud.access import LoginAccess, Otp

_LOGIN_KEY = "login"
_REFUSED = (errors.AuthenticationError, errors.PermissionDeniedError, errors.BadRequestError, errors.NotFoundError)


class Tokens(NamedTuple):
    """What a session issues: a token for every call, and one that fetches fresh tokens (login.session)."""

    access: str
    refresh: str

    def __repr__(self) -> str:
        return "Tokens(***)"


class TokenService(Protocol):
    """The part of the service that a login uses; a protocol, so that this module does not import the service."""

    def url(self, path: str) -> str:
        """Return the address of *path* at the service."""
        ...

    def hide(self, *secrets: str) -> None:
        """Mask *secrets* in every message from now on."""
        ...

    def read_tokens(self, request: Request, *names: str) -> Flow[dict[str, Any]]:
        """Send *request* and return the response, in which each of *names* is checked to be a token, and masked."""
        ...


class Login(Unpicklable):
    """The session of one client, which many flows may use at once."""

    _alternative = "a client logs in by itself"

    def __init__(self, service: TokenService, access: LoginAccess) -> None:
        self._service = service
        self._access = access
        self._tokens: Tokens | None = None
        self._failures = 0
        self._failure: errors.SoundstageError | None = None

    @property
    def headers(self) -> Mapping[str, str]:
        """The headers of every call of the session (headers)."""
        token = {} if self._tokens is None else {"Authorization": f"Bearer {self._tokens.access}"}
        return SecretHeaders({**CLIENT_HEADERS, **token})

    def authorize(self, refused: Mapping[str, str] | None = None) -> Flow[Mapping[str, str]]:
        """Return the headers of a session, with new tokens if those *refused* are still the newest (auth.expired).

        Raises:
            AuthenticationError: E-mail, password or one-time code are refused.
            MissingCredential: A one-time code is required and none was given.
            ConnectionFailed: The service cannot be reached.
        """
        failures = self._failures
        if self._tokens is None or self.headers == refused:
            yield from exclusive(_LOGIN_KEY, lambda: self._renew(refused, failures))
        return self.headers

    def _renew(self, refused: Mapping[str, str] | None, failures: int) -> Flow[None]:
        """Fetch tokens, unless a flow that ran while this one waited has fetched them, or has failed to."""
        # Many flows meet the same expired token, and the first one renews it. The others compare the headers that
        # were refused with the newest ones, or each would refresh again what is fresh; and the count of failures with
        # the one they saw before they waited, or each would repeat a login that was just refused.
        if self._tokens is not None and self.headers != refused:
            return
        if self._failure is not None and self._failures != failures:
            raise copy.copy(self._failure)
        try:
            fresh = yield from self._refresh()
            self._keep(fresh or (yield from self._log_in()))
        except errors.SoundstageError as error:
            self._failure = error
            self._failures += 1
            raise

    def _keep(self, tokens: Tokens) -> None:
        self._service.hide(*tokens)
        self._tokens = tokens

    def _refresh(self) -> Flow[Tokens | None]:
        """Exchange the refresh token for fresh tokens; None if there is none or it is refused (login.refresh)."""
        if self._tokens is None:
            return None
        try:
            return (yield from self._fetch_tokens("PATCH", {"refreshToken": self._tokens.refresh}))
        except _REFUSED:
            # The refresh token has expired, too: forget both, so that the caller logs in anew.
            self._tokens = None
            return None

    def _log_in(self) -> Flow[Tokens]:
        """Log in with e-mail and password, and with a one-time code if the account needs one (login.tokens)."""
        credentials = {"email": self._access.email, "password": self._access.password.reveal()}
        request = Request("POST", self._service.url(AUTH_TOKENS_ROUTE), CLIENT_HEADERS, credentials)
        response = yield from self._service.read_tokens(request, "authToken")
        auth_token: str = response["authToken"]
        if response.get("is2FARequired") is not True:
            return (yield from self._open_session(auth_token, None))
        return (yield from self._open_session_with_code(auth_token))

    def _open_session_with_code(self, auth_token: str) -> Flow[Tokens]:
        """Open a session with a one-time code: a fixed one is sent once, a callable is called up to three times."""
        otp = self._access.otp
        if otp is None:
            message = "this account has a second factor: pass otp=, a one-time code or a callable that returns one"
            raise errors.MissingCredential(message, vendor=PROFILE.slug, argument="otp")
        attempts = 1 if isinstance(otp, str) else OTP_ATTEMPTS
        while True:
            attempts -= 1
            code = yield from run(lambda: _code(otp))
            self._service.hide(code)
            try:
                return (yield from self._open_session(auth_token, code))
            except _REFUSED:
                if not attempts:
                    raise

    def _open_session(self, auth_token: str, code: str | None) -> Flow[Tokens]:
        return self._fetch_tokens("POST", {"type": "native", "authToken": auth_token, "otpCode": code})

    def _fetch_tokens(self, method: str, body: object) -> Flow[Tokens]:
        request = Request(method, self._service.url(SESSIONS_ROUTE), CLIENT_HEADERS, body)
        response = yield from self._service.read_tokens(request, "accessToken", "refreshToken")
        return Tokens(response["accessToken"], response["refreshToken"])


def _code(otp: Otp) -> str:
    return text("otp", otp if isinstance(otp, str) else otp()).strip()
