"""What to say when it did not end well, and what to do then: nothing that was paid for is given up."""

from __future__ import annotations

import shlex
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from soundstage import errors
from soundstage_cli.errors import CommandError, UsageError
from soundstage_cli.options import shorten

if TYPE_CHECKING:
    from soundstage_cli.generate.catalog import Vendor

_QUOTED: Final = 40
"""So much of a value stands in the library's own message, unless it was masked there."""


def resume_command(token: str, again: str) -> str:
    """Return what to type to go on with the job that *token* names; *again* are the options to repeat."""
    return f"soundstage generate --resume {shlex.quote(token)}{again}"


def command_error(vendor: Vendor, error: errors.SoundstageError, again: str) -> CommandError:
    """Return *error* in words of the command line."""
    if isinstance(error, errors.MissingCredential):
        return UsageError(f"{error.variable} is not set ({error.message}).{_variables(vendor)}")
    if isinstance(error, errors.TokenError):
        return UsageError(f"--resume: {error.message} (--base-url says where the vendor is)")
    if isinstance(error, errors.InvalidArgument):
        return UsageError(_argument(error))
    if isinstance(error, errors.AuthenticationError):
        return CommandError(f"{error}{_variables(vendor)}")
    if error.token and not isinstance(error, errors.JobError):
        return CommandError(f"{error}\nNothing is lost. Go on with it:\n  {resume_command(error.token, again)}")
    return CommandError(str(error))


def _argument(error: errors.InvalidArgument) -> str:
    """What is wrong with an argument, by the name of its option."""
    if not error.field or error.value is None:
        return error.message
    masked = repr(error.value)[:_QUOTED] not in error.message
    value = str(error.value) if masked else shorten(error.value)
    return f"--{error.field.replace('_', '-')} is {value}; allowed: {error.allowed}"


def _variables(vendor: Vendor) -> str:
    """Where credentials come from."""
    names = ", ".join(vendor.profile.credentials.values()) or "nothing"
    return (
        f"\n{vendor.profile.name} reads {names} from the environment. For a local simulator, in two shells:"
        f'\n  soundstage serve\n  eval "$(soundstage env {vendor.slug})"'
    )


def unknown_outcome_message(vendor: Vendor, lost: errors.SubmitOutcomeUnknown, again: str) -> str:
    """Return the story of a paid request whose answer never came, and what to do about it."""
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
            f"{vendor.slug}: {lost.operation} was sent, and no answer says what became of it ({lost.reason}).",
            "It may have been taken in and charged for. Nothing was sent again.",
            f"  1. Look for it in your account at {vendor.profile.name}: sent about {when}{known}.",
            f"  2. If it is there, go on with it: soundstage generate --resume {name}{again}",
            "  3. If it is not there, run the same command again.",
        )
    )
