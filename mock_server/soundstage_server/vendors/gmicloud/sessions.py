"""The tokens of the session face, which expire by the account's own clock.

Documents: the vendor's package gmicloud 0.1.10 and docs.gmicloud.ai, read in November 2026. Tokens are JWTs, signed
with the world's seed, so that they stay valid when the server is restarted.
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
    from collections.abc import Mapping

    from soundstage_server.model.account import Account
    from soundstage_server.world.world import World

Kind = Literal["auth", "access", "refresh", "key"]

# Facts: how long each token lives, in seconds (login.lifetimes), and the second factor (login.two_factor_on).
LIVES: Final[Mapping[str, int]] = {"auth": 600, "access": 24 * 3600, "refresh": 30 * 24 * 3600}
TWO_FACTORS: Final = "2fa-"
CODE: Final = "123456"
TRIES: Final = 3  # login.two_factor

_HEAD: Final = b'{"alg":"HS256","typ":"JWT"}'
_PARTS: Final = 3


class Claims(NamedTuple):
    """The claims of a token: its kind, its owner, when it expires, and its unique id."""

    kind: str
    email: str
    expires: int
    id: str


class Sessions:
    """Issues and verifies tokens; only wrong codes are stored.

    Args:
        world: Its seed is the key.
    """

    def __init__(self, world: World) -> None:
        self._world = world
        self._wrong: dict[str, tuple[int, int]] = {}
        self._issued = 0

    def token(self, kind: Kind, email: str, now: float, expires: int | None = None) -> str:
        """Return a new token of *kind* for *email*, issued at the account's time *now*; 0 in *expires* is never."""
        self._issued += 1
        drawn = f"{self._world.seed}/{email}/{now}/{self._issued}/{self._world.requests}"
        claims = {
            "userId": user_id(email),
            "email": email,
            "type": kind,
            "iat": int(now),
            "exp": int(now) + LIVES[kind] if expires is None else expires,
            "jti": blake2b(drawn.encode(errors="replace"), digest_size=12).hexdigest(),
        }
        signed = b".".join(_text(part) for part in (_HEAD, orjson.dumps(claims)))
        return b".".join((signed, _text(_signature(self._world.seed, signed)))).decode()

    def pair(self, email: str, now: float) -> dict[str, str]:
        """Return a new access token and a new refresh token (login.session, login.refresh)."""
        return {"accessToken": self.token("access", email, now), "refreshToken": self.token("refresh", email, now)}

    def read(self, token: str) -> Claims | None:
        """Return the claims of a token of this world, expired or not; None if it is not one."""
        return _read(self._world.seed, token)

    def count_wrong_code(self, auth: Claims, now: float) -> bool:
        """Count a wrong code; return whether *auth* may be tried again (login.two_factor)."""
        self._wrong = {name: entry for name, entry in self._wrong.items() if entry[1] > now}
        tries = self.wrong_codes(auth) + 1
        self._wrong[auth.id] = (tries, auth.expires)
        return tries < TRIES

    def wrong_codes(self, auth: Claims) -> int:
        """Return the number of wrong codes for *auth*."""
        return self._wrong.get(auth.id, (0, 0))[0]


def user_id(email: str) -> str:
    """Return the id of the user *email*, which is the same in every world."""
    return _uuid("user", email)


def organization_id(account: Account) -> str:
    """Return the id of the organization of *account* (login.profile)."""
    return _organization_id(account.name)


@lru_cache(maxsize=1024)
def _organization_id(name: str) -> str:
    """Return the id of an account's organization; cached, since every response about a request contains it."""
    return _uuid("organization", name)


@lru_cache(maxsize=1024)
def _read(seed: int, token: str) -> Claims | None:
    """Return the claims of *token* if *seed* signed it; cached, since every call of a session sends its token."""
    signed, _, signature = token.encode(errors="replace").rpartition(b".")
    if token.count(".") != _PARTS - 1 or not hmac.compare_digest(signature, _text(_signature(seed, signed))):
        return None
    try:
        claims = orjson.loads(_bytes(signed.partition(b".")[2]))
        return Claims(claims["type"], claims["email"], claims["exp"], claims["jti"])
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
