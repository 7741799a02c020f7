"""Credentials: where they come from, and a type that does not show them."""

from __future__ import annotations

import hashlib
import os
import re
from typing import TYPE_CHECKING

from soundstage._values.redaction import MASK
from soundstage._values.unpicklable import Unpicklable
from soundstage._values.validation import invalid
from soundstage.errors import MissingCredential

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

_LABEL_BYTES = 3  # few enough that a guessed password cannot be confirmed by the label
_VISIBLE = re.compile(r"[\x21-\x7e]+\Z")


class Secret(Unpicklable):
    """A credential that repr, str, format and pickle do not reveal."""

    _alternative = "pass the credential again where it is needed"

    def __init__(self, value: str) -> None:
        self.__value = value

    def reveal(self) -> str:
        """Return the credential itself, for the one place that sends it."""
        return self.__value

    def __repr__(self) -> str:
        """Show a mask."""
        return f"Secret({MASK})"

    def __str__(self) -> str:
        """Show a mask."""
        return MASK


def find_credential(
    vendor: str, argument: str, given: str | None, variable: str, environ: Mapping[str, str] = os.environ
) -> Secret:
    """Return the credential that was passed, or else the one in the environment.

    Args:
        vendor: The slug of the service.
        argument: The name of the client's argument.
        given: The value of that argument.
        variable: The environment variable to read when the argument is None.
        environ: The environment.

    Raises:
        MissingCredential: Neither has one; the message names both places.
        InvalidArgument: It contains characters that no HTTP header may carry, a line break most often.
    """
    # An empty argument is an error of its own: falling back would use another account's credential.
    where, value = (argument, given) if given is not None else (variable, environ.get(variable))
    if not value:
        raise MissingCredential(
            f"no credential: pass {argument}= or set the environment variable {variable}",
            vendor=vendor,
            argument=argument,
            variable=variable,
        )
    return _visible(where, value)


def account_label(identity: Iterable[str]) -> str:
    """Return a label that differs between accounts, and from which *identity*, their credentials, cannot be derived."""
    text = "\n".join(identity).encode()
    return hashlib.scrypt(text, salt=b"soundstage account", n=1 << 10, r=8, p=1, dklen=_LABEL_BYTES).hex()


def _visible(where: str, value: object) -> Secret:
    if not isinstance(value, str) or not _VISIBLE.match(value):
        invalid(where, value, "visible ASCII characters, without spaces or line breaks", shown=MASK)
    return Secret(value)
