"""The base class of all errors, and the errors of a call that sends nothing."""

# ruff: noqa: N818 - the name of an error is what happened (JobFailed, NoOutput); the suffix is for refusals by an API

from __future__ import annotations

from typing import Any

_LONGEST = 2000  # characters of a message: a service or a caller may give megabytes


class SoundstageError(Exception):
    """The base class of every error that this library raises.

    Attributes:
        message: What happened, in a sentence.
        vendor: The slug of the service, such as "tomoviee".
        code: The service's own code.
        request_id: The service's id of the exchange, for its support.
        status: The HTTP status.
        body: The text of the response, secrets masked, cut after 16384 characters.
        token: Resumes the job by `client.job_from_token()`.
        retry_after: Seconds that the service requests to wait.
    """

    def __init__(
        self,
        message: str = "",
        *,
        vendor: str | None = None,
        code: int | str | None = None,
        request_id: str | None = None,
        status: int | None = None,
        body: str | None = None,
        token: str | None = None,
        retry_after: float | None = None,
    ) -> None:
        if len(message) > _LONGEST:
            message = f"{message[:_LONGEST]}… ({len(message)} characters)"
        super().__init__(message)
        self.message = message
        self.vendor = vendor
        self.code = code
        self.request_id = request_id
        self.status = status
        self.body = body
        self.token = token
        self.retry_after = retry_after

    def __str__(self) -> str:
        """Return the message with code, status and request id, which identify the exchange in the service's logs."""
        facts = (("code", self.code), ("HTTP", self.status), ("request id", self.request_id))
        known = ", ".join(f"{name} {value}" for name, value in facts if value is not None)
        text = f"{self.message} ({known})" if known else self.message
        return f"{self.vendor}: {text}" if self.vendor else text


class InvalidArgument(SoundstageError, ValueError):
    """An argument is not allowed; nothing was sent and nothing was spent.

    Attributes:
        field: The name of the argument.
        value: The value; its repr after pickling, unless it is plain data.
        allowed: What is allowed.
    """

    def __init__(self, message: str = "", *, field: str = "", value: object = None, allowed: str = "") -> None:
        super().__init__(message)
        self.field = field
        self.value = value
        self.allowed = allowed

    def __reduce__(self) -> tuple[Any, ...]:
        """Keep a plain value as it is, and any other as its repr."""
        # Any object may be an invalid argument, and most of them cannot be pickled.
        plain = self.value is None or isinstance(self.value, (str, int, float))
        value = self.value if plain else repr(self.value)
        return type(self), self.args, {**self.__dict__, "value": value}


class TokenError(InvalidArgument):
    """A job token is not one, or belongs to another service or address."""


class MissingCredential(SoundstageError):
    """A credential was neither passed nor found in the environment.

    Attributes:
        argument: The argument for it.
        variable: The environment variable for it.
    """

    def __init__(self, message: str = "", *, vendor: str | None = None, argument: str = "", variable: str = "") -> None:
        super().__init__(message, vendor=vendor)
        self.argument = argument
        self.variable = variable


class UnsupportedError(SoundstageError):
    """The service documents no such call, such as cancel."""


class ClientClosed(SoundstageError):
    """The client was closed before this call; nothing was sent."""
