"""Names the optional requirements that a part of the package needs, and how to install them."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

_OURS: Final = ("soundstage", "soundstage_server", "soundstage_contracts")

INSTALL: Final = (
    "run pip install '.[{extra}]' in the repository, or pip install 'soundstage-VERSION-py3-none-any.whl[{extra}]' "
    "with a built wheel"
)


class MissingExtraError(ImportError):
    """A package of an extra is not installed; the text names the extra and how to install it."""


@contextmanager
def needs_extra(extra: str, what: str) -> Iterator[None]:
    """Turn a package that is missing inside the block into an error that names the *extra* that *what* needs.

    Raises:
        MissingExtraError: An import failed. A missing module of our own is a bug and stays a ModuleNotFoundError.
    """
    try:
        yield
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] in _OURS:
            raise
        hint = INSTALL.format(extra=extra)
        raise MissingExtraError(f"{what} needs the {extra} extra ({error.name} is not installed): {hint}") from error
