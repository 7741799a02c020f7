"""Names of requests: keys and ids by which a paid request can be found again."""

from __future__ import annotations

import uuid


class GeneratedName(str):
    """A name that this library made up, because the caller gave none: it does not make two calls different."""

    __slots__ = ()

    @classmethod
    def new(cls) -> GeneratedName:
        """Return a new, unique name."""
        return cls(uuid.uuid4())
