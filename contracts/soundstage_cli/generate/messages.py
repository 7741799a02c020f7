"""Error messages of `soundstage generate`: what failed, and how to keep a job that was paid for."""

from __future__ import annotations

import shlex
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from soundstage import errors
from soundstage_cli.errors import CommandError, UsageError
from soundstage_cli.options import shorten

if TYPE_CHECKING:
    from soundstage_cli.generate.catalog import Vendor

_QUOTED_LENGTH: Final = 40
"""The length of a value that the library quotes in its own message, unless the value is masked there."""


def resume_command(token: str, options: str) -> str:
    """Return the command that resumes the job of *token*, with *options*, the repeated options of this command."""
    return f"soundstage generate --resume {shlex.quote(token)}{options}"


def command_error(vendor: Vendor, error: errors.SoundstageError, options: str) -> CommandError:
    """Convert *error* of the client library into an error of the command line."""
    if isinstance(error, errors.MissingCredential):
        return UsageError(f"{error.variable} is not set ({error.message}).{_variables(vendor)}")
    if isinstance(error, errors.TokenError):
        return UsageError(f"--resume: {error.message} (--base-url sets the vendor's address)")
    if isinstance(error, errors.InvalidArgument):
        return UsageError(_argument(error))
    if isinstance(error, errors.AuthenticationError):
        return CommandError(f"{error}{_variables(vendor)}")
    if error.token and not isinstance(error, errors.JobError):
        return CommandError(f"{error}\nThe job is not lost. Resume it:\n  {resume_command(error.token, options)}")
    return CommandError(str(error))


def _argument(error: errors.InvalidArgument) -> str:
    """Describe an invalid argument by the name of its option."""
    if not error.field or error.value is None or error.field.isupper():  # a variable of the environment is no option
        return error.message
    # The library masks secrets in its messages. A value that is not quoted there must not be quoted here.
    masked = repr(error.value)[:_QUOTED_LENGTH] not in error.message
    value = str(error.value) if masked else shorten(error.value)
    return f"--{error.field.replace('_', '-')} is {value}; allowed: {error.allowed}"


def _variables(vendor: Vendor) -> str:
    """Return the variables that hold the credentials, and how to use a simulator instead."""
    names = ", ".join(vendor.profile.credentials.values()) or "nothing"
    return (
        f"\n{vendor.profile.name} reads {names} from the environment. For a local simulator, in two shells:"
        f'\n  soundstage serve\n  eval "$(soundstage env {vendor.slug})"'
    )


def no_server(vendor: Vendor, base_url: str) -> CommandError:
    """Return the error for a local address without a server; nothing was sent."""
    parts = urlsplit(base_url)
    port = "" if parts.port is None else f" --port {parts.port}"
    return CommandError(
        f"no server is running at {parts.scheme}://{parts.netloc}, and nothing was sent. Start one in another shell:"
        f"\n  soundstage serve{port}"
        f"\nFor the real service, unset {vendor.profile.base_url_variable} or set --base-url."
    )


def unknown_outcome_message(vendor: Vendor, lost: errors.SubmitOutcomeUnknown, options: str) -> str:
    """Return the message for a paid request without a response, with the steps that find its job."""
    when = datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC")
    marks = {
        "external id": lost.external_id,
        "idempotency key": lost.idempotency_key,
        "request id": lost.request_id,
        "request hash": lost.request_hash,
    }
    known = "".join(f", {name} {value}" for name, value in marks.items() if value)
    name = f"{vendor.slug}:{lost.operation}:ID"
    return "\n".join(
        (
            f"{vendor.slug}: {lost.operation} was sent, but no response arrived ({lost.reason}).",
            "The service may have accepted and charged it. It was not sent again.",
            f"  1. Search your account at {vendor.profile.name} for a job sent about {when}{known}.",
            f"  2. If there is one, resume it: soundstage generate --resume {name}{options}",
            "  3. If there is none, run the same command again.",
            *([f"It is record {lost.record_id[:8]} of the job store: see soundstage jobs."] if lost.record_id else []),
        )
    )
