"""The control API of a simulator, from Python: what tests tell it and ask it, over HTTP or in process alike."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Literal

if TYPE_CHECKING:
    import httpx

_ROOT: Final = "/_soundstage"

Order = Literal["fail", "block", "timeout", "cancel", "slow", "refuse"]


class ControlError(Exception):
    """The simulator did not do what it was told; the text is its answer."""


@dataclass(frozen=True, slots=True)
class AccountBalance:
    """What an account holds, in whole units (credits, or US dollars)."""

    unit: str
    available: float
    reserved: float
    spent: float
    granted: float
    entries: tuple[dict[str, Any], ...] = ()


def account_name(vendor: str, credential: str) -> str:
    """Return the name that the control API has for whoever presents *credential* to *vendor*."""
    return "acct_" + hashlib.sha256(f"{vendor}:{credential}".encode()).hexdigest()[:12]


class Control:
    """Tells a simulator what to do, and asks it what it knows.

    Args:
        http: An `httpx.Client` that reaches the simulator.
        url: The simulator's address, without a slug.

    Every method raises `ControlError` when the simulator refuses.
    """

    def __init__(self, http: httpx.Client, url: str) -> None:
        self._http = http
        self._root = url.rstrip("/") + _ROOT

    def health(self) -> dict[str, Any]:
        """Return version, vendors and kind of clock."""
        return dict(self._ask("GET", "/health"))

    def advance(self, seconds: float, account: str | None = None) -> float:
        """Move time forward by *seconds*, the world's or that of *account*; return what the clock then shows."""
        return float(self._ask("POST", "/clock/advance", json={"seconds": seconds, "account": account})["now"])

    def now(self, account: str | None = None) -> float:
        """Return the time of the world, or of *account*, in seconds since 1970."""
        return float(self._ask("GET", "/clock", params=_only(account))["now"])

    def accounts(self) -> list[dict[str, Any]]:
        """Return every account: its vendor, time, tasks, money and double submissions."""
        return list(self._ask("GET", "/accounts"))

    def money(self, vendor: str, account: str) -> AccountBalance:
        """Return what *account* holds and every movement."""
        answer = self._ask("GET", f"/ledger/{vendor}/{account}")
        return AccountBalance(**{**answer, "entries": tuple(answer["entries"])})

    def put_money(self, vendor: str, account: str, available: float) -> None:
        """Let *account* hold *available* whole units from now on."""
        self._ask("PUT", f"/ledger/{vendor}/{account}", json={"available": available})

    def tasks(self, account: str | None = None) -> list[dict[str, Any]]:
        """Return the newest tasks of *account*, or of all, newest last."""
        return list(self._ask("GET", "/tasks", params=_only(account)))

    def requests(self, account: str | None = None) -> list[dict[str, Any]]:
        """Return the journal of *account*, or all of it, oldest first, with every secret redacted."""
        return list(self._ask("GET", "/requests", params=_only(account)))

    def order(self, then: Order, **which: Any) -> int:
        """Order what happens to tasks to come, and return the order's id.

        Args:
            then: What happens.
            **which: ``vendor``, ``account``, ``operation``, ``contains``, ``times``, and ``code`` for a refusal.
        """
        return int(self._ask("POST", "/scenarios", json={"then": then, **which})["id"])

    def clear_orders(self) -> None:
        """Drop every order."""
        self._ask("DELETE", "/scenarios")

    def fault(self, kind: str, **which: Any) -> int:
        """Plant a fault between callers and a vendor, and return its id.

        Args:
            kind: What goes wrong: ``status``, ``reset_before``, ``reset_after`` (done, and the answer is lost) ...
            **which: ``vendor``, ``account``, ``method``, ``path``, ``times``, and what the kind takes.
        """
        return int(self._ask("POST", "/scenarios/faults", json={"kind": kind, **which})["id"])

    def callbacks(self, account: str | None = None) -> dict[str, Any]:
        """Return the callbacks of *account*, or all: ``attempts`` that were made, and those ``waiting``."""
        return dict(self._ask("GET", "/callbacks", params=_only(account)))

    def hold(self, name: str, content: bytes) -> dict[str, Any]:
        """Let the simulator hold a file, and return what it is and its ``url``."""
        return dict(self._ask("POST", "/files", params={"name": name}, content=content))

    def dialects(self, account: str | None = None, **chosen: str) -> dict[str, str]:
        """Choose readings by name (dots as ``__``: ``tomoviee__errors="http"``) and return those in force."""
        if not chosen:
            return dict(self._ask("GET", "/dialects", params=_only(account)))
        names = {name.replace("__", "."): reading for name, reading in chosen.items()}
        return dict(self._ask("PUT", "/dialects", params=_only(account), json=names))

    def facts(self) -> dict[str, int]:
        """Return the facts that refusals can cite, each with how often it was cited."""
        return dict(self._ask("GET", "/facts"))

    def reset(self, account: str | None = None) -> None:
        """Forget everything, or everything about *account*."""
        self._ask("POST", "/reset", params=_only(account))

    def _ask(self, method: str, path: str, **options: Any) -> Any:
        answer = self._http.request(method, self._root + path, **options)
        if answer.is_error:
            raise ControlError(f"{method} {_ROOT}{path}: HTTP {answer.status_code}: {answer.text}")
        return answer.json() if answer.content else None


def _only(account: str | None) -> dict[str, str]:
    return {} if account is None else {"account": account}
