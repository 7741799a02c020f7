"""A login that keeps itself: tokens are fetched when they are first needed, and refreshed once however many need them.

Source: the vendor's package gmicloud 0.1.10; facts are cited by id.
"""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

from soundstage import errors
from soundstage._values.messages import Request, Response, alone, run
from soundstage._values.unpicklable import Live
from soundstage._values.validation import text
from soundstage.vendors.gmicloud.profile import AUTH_TOKENS_ROUTE, CLIENT_HEADERS, OTP_ATTEMPTS, SESSIONS_ROUTE

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from soundstage._values.messages import Flow
    from soundstage.vendors.gmicloud.access import LoginAccess, Otp
    from soundstage.vendors.gmicloud.service import GMICloudService

T = TypeVar("T")

_LOGIN_KEY = "login"
_REFUSED = (errors.AuthenticationError, errors.PermissionDeniedError, errors.BadRequestError, errors.NotFoundError)


class Tokens(NamedTuple):
    """What a session gives: a token for every call, and one for fresh tokens (login.session)."""

    access: str
    refresh: str

    def __repr__(self) -> str:
        return "Tokens(***)"


class Login(Live):
    """The session of one client, in which many flows may be at work at once."""

    _instead = "a client logs in by itself"

    def __init__(self, service: GMICloudService, access: LoginAccess) -> None:
        self._service = service
        self._access = access
        self._tokens: Tokens | None = None
        self._failures = 0
        self._failure: errors.SoundstageError | None = None

    @property
    def headers(self) -> Mapping[str, str]:
        """What every call of the session carries (headers)."""
        token = {} if self._tokens is None else {"Authorization": f"Bearer {self._tokens.access}"}
        return {**CLIENT_HEADERS, **token}

    def entered(self, refused: Mapping[str, str] | None = None) -> Flow[Mapping[str, str]]:
        """Return the headers of a session; a new one if those *refused* are still the newest (auth.expired).

        Raises:
            AuthenticationError: E-mail, password or one-time code are refused.
            MissingCredential: A one-time code is asked for, and there is none.
            ConnectionFailed: The service cannot be reached.
        """
        failures = self._failures
        if self._tokens is None or self.headers == refused:
            yield from alone(_LOGIN_KEY, lambda: self._renewed(refused, failures))
        return self.headers

    def _renewed(self, refused: Mapping[str, str] | None, failures: int) -> Flow[None]:
        """Get tokens, unless whoever was here meanwhile has got them, or has failed to."""
        if self._tokens is not None and self.headers != refused:
            return
        if self._failure is not None and self._failures != failures:
            raise copy.copy(self._failure)
        try:
            fresh = yield from self._refreshed()
            self._keep(fresh or (yield from self._logged_in()))
        except errors.SoundstageError as trouble:
            self._failure = trouble
            self._failures += 1
            raise

    def _keep(self, tokens: Tokens) -> None:
        self._service.hide(*tokens)
        self._tokens = tokens

    def _refreshed(self) -> Flow[Tokens | None]:
        """Return fresh tokens for the refresh token; None if there is none that is taken (login.refresh)."""
        if self._tokens is None:
            return None
        try:
            return (yield from self._ask("PATCH", SESSIONS_ROUTE, {"refreshToken": self._tokens.refresh}, self._pair))
        except _REFUSED:
            self._tokens = None
            return None

    def _logged_in(self) -> Flow[Tokens]:
        credentials = {"email": self._access.email, "password": self._access.password.reveal()}
        token, two_factors = yield from self._ask("POST", AUTH_TOKENS_ROUTE, credentials, self._auth_token)
        if not two_factors:
            return (yield from self._session(token, None))
        return (yield from self._two_factors(token))

    def _two_factors(self, token: str) -> Flow[Tokens]:
        """End a login that wants a code: one that is given is sent once, one that is asked for up to three times."""
        otp = self._access.otp
        if otp is None:
            message = "this account has a second factor: pass otp=, a code or what asks for one"
            raise errors.MissingCredential(message, vendor=self._service.profile.slug, argument="otp")
        tries = 1 if isinstance(otp, str) else OTP_ATTEMPTS
        while True:
            tries -= 1
            code = yield from run(lambda: _code(otp))
            self._service.hide(code)
            try:
                return (yield from self._session(token, code))
            except _REFUSED:
                if not tries:
                    raise

    def _session(self, token: str, code: str | None) -> Flow[Tokens]:
        body = {"type": "native", "authToken": token, "otpCode": code}
        return (yield from self._ask("POST", SESSIONS_ROUTE, body, self._pair))

    def _ask(self, method: str, path: str, body: object, understand: Callable[[Response], T]) -> Flow[T]:
        request = Request(method, self._service.url(path), CLIENT_HEADERS, body)
        return (yield from self._service.read(request, understand))

    def _auth_token(self, response: Response) -> tuple[str, bool]:
        """The authToken, and whether a code is needed with it (login.tokens)."""
        said = self._service.answered(response)
        token = self._named(said, "authToken", response)
        return token, said.get("is2FARequired") is True

    def _pair(self, response: Response) -> Tokens:
        said = self._service.answered(response)
        return Tokens(self._named(said, "accessToken", response), self._named(said, "refreshToken", response))

    def _named(self, said: Mapping[str, Any], name: str, response: Response) -> str:
        token = said.get(name)
        if not isinstance(token, str) or not token.isascii() or not token.isprintable() or not token:
            raise self._service.refusal(errors.UnreadableAnswerError, f"the answer names no {name}", response)
        self._service.hide(token)
        return token


def _code(otp: Otp) -> str:
    return text("otp", otp if isinstance(otp, str) else otp()).strip()
