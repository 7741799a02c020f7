"""Who is let in: the tokens of the session face, which expire on the account's own clock.

Documents: the vendor's package gmicloud 0.1.10 and docs.gmicloud.ai, read in November 2026. Tokens are JWTs, signed
with the world's seed, so that a server that was started again knows those that it gave.
"""

from __future__ import annotations

import hmac
from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error as Base64Error
from functools import lru_cache
from hashlib import blake2b, sha256
from typing import TYPE_CHECKING, Final, Literal, NamedTuple
from uuid import UUID

import orjson

if TYPE_CHECKING:
    from soundstage_server.model.account import Account
    from soundstage_server.world.world import World

Kind = Literal["auth", "access", "refresh"]

# Facts: how long each token lives, in seconds (login.lifetimes), and the second factor (login.two_factor_on).
LIVES: Final[dict[Kind, int]] = {"auth": 600, "access": 24 * 3600, "refresh": 30 * 24 * 3600}
TWO_FACTORS: Final = "2fa-"
CODE: Final = "123456"
TRIES: Final = 3  # login.two_factor

_HEAD: Final = b'{"alg":"HS256","typ":"JWT"}'
_PARTS: Final = 3


class Claims(NamedTuple):
    """What a token says: what it is for, whose it is, when it ends, and what tells it from all others."""

    kind: str
    email: str
    expires: int
    id: str


class Sessions:
    """Gives tokens and knows them again; nothing is remembered but wrong codes.

    Args:
        world: Whose seed signs.
    """

    def __init__(self, world: World) -> None:
        self._world = world
        self._wrong: dict[str, tuple[int, int]] = {}
        self._given = 0

    def token(self, kind: Kind, email: str, now: float) -> str:
        """Return a new token of *kind* for *email*, given at the account's time *now*."""
        self._given += 1
        drawn = f"{self._world.seed}/{email}/{now}/{self._given}/{self._world.requests}"
        claims = {
            "userId": user_id(email),
            "email": email,
            "type": kind,
            "iat": int(now),
            "exp": int(now) + LIVES[kind],
            "jti": blake2b(drawn.encode(errors="replace"), digest_size=12).hexdigest(),
        }
        signed = b".".join(_text(part) for part in (_HEAD, orjson.dumps(claims)))
        return b".".join((signed, _text(_signature(self._world.seed, signed)))).decode()

    def pair(self, email: str, now: float) -> dict[str, str]:
        """Return a fresh access token and a fresh refresh token (login.session, login.refresh)."""
        return {"accessToken": self.token("access", email, now), "refreshToken": self.token("refresh", email, now)}

    def read(self, token: str) -> Claims | None:
        """Return what a token of this world says, expired or not; None if it is none."""
        return _read(self._world.seed, token)

    def wrong(self, auth: Claims, now: float) -> bool:
        """Note a wrong code; return whether *auth* may be tried again (login.two_factor)."""
        self._wrong = {name: kept for name, kept in self._wrong.items() if kept[1] > now}
        tries = self.tries(auth) + 1
        self._wrong[auth.id] = (tries, auth.expires)
        return tries < TRIES

    def tries(self, auth: Claims) -> int:
        """Return how many wrong codes came with *auth*."""
        return self._wrong.get(auth.id, (0, 0))[0]


def user_id(email: str) -> str:
    """Return the id of the user *email*: the same in every world."""
    return _uuid("user", email)


def organization_id(account: Account) -> str:
    """Return the id of the organization that *account* stands for (login.profile)."""
    return _uuid("organization", account.name)


@lru_cache(maxsize=1024)
def _read(seed: int, token: str) -> Claims | None:
    """Return what *token* says if *seed* signed it; cached, since every call of a session brings its token."""
    signed, _, signature = token.encode(errors="replace").rpartition(b".")
    if token.count(".") != _PARTS - 1 or not hmac.compare_digest(signature, _text(_signature(seed, signed))):
        return None
    try:
        said = orjson.loads(_bytes(signed.partition(b".")[2]))
        return Claims(said["type"], said["email"], said["exp"], said["jti"])
    except (ValueError, Base64Error, TypeError, KeyError):  # pragma: no cover - nothing else is signed
        return None


def _signature(seed: int, signed: bytes) -> bytes:
    key = blake2b(f"{seed}/tokens".encode(), digest_size=32).digest()
    return hmac.new(key, signed, sha256).digest()


def _text(content: bytes) -> bytes:
    return urlsafe_b64encode(content).rstrip(b"=")


def _bytes(text: bytes) -> bytes:
    return urlsafe_b64decode(text + b"=" * (-len(text) % 4))


def _uuid(kind: str, name: str) -> str:
    return str(UUID(bytes=blake2b(f"{kind}/{name}".encode(errors="replace"), digest_size=16).digest(), version=4))
