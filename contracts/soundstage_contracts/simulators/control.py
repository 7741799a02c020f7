"""A client of the simulator's control API, over HTTP and in-process alike."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Literal

if TYPE_CHECKING:
    from collections.abc import Sequence

    import httpx

__tracebackhide__ = True  # a test that fails here shows its own lines, and not those of this module

_ROOT: Final = "/_soundstage"
_NAMES: Final = 50  # names of accounts in one request, whose address has a longest length

Order = Literal["fail", "block", "block_later", "timeout", "cancel", "slow", "never", "refuse"]


class ControlError(Exception):
    """The simulator refused a control request; the text is its response.

    Attributes:
        status: The HTTP status of the response; 0 if there was none.
    """

    def __init__(self, text: str, status: int = 0) -> None:
        super().__init__(text)
        self.status = status


@dataclass(frozen=True, slots=True)
class AccountBalance:
    """The balance of an account, in whole units (credits, or US dollars)."""

    unit: str
    available: float
    reserved: float
    spent: float
    granted: float
    entries: tuple[dict[str, Any], ...] = ()


def account_name(vendor: str, credential: str) -> str:
    """Return the control API's name for the account that uses *credential* with *vendor*."""
    return "acct_" + hashlib.sha256(f"{vendor}:{credential}".encode()).hexdigest()[:12]


class Control:
    """Controls a simulator and reads its state.

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
        return dict(self._request("GET", "/health"))

    def advance(self, seconds: float, account: str | None = None) -> float:
        """Advance the clock of the world, or of *account*, by *seconds*, and return the new time."""
        return float(self._request("POST", "/clock/advance", json={"seconds": seconds, "account": account})["now"])

    def now(self, account: str | None = None) -> float:
        """Return the time of the world, or of *account*, in seconds since 1970."""
        return float(self._request("GET", "/clock", params=_only(account))["now"])

    def accounts(self, names: Sequence[str] | None = None) -> list[dict[str, Any]]:
        """Return every account: its vendor, time, tasks, balance and double submissions.

        Args:
            names: Return these accounts alone, as far as they exist.
        """
        if names is None:
            return list(self._request("GET", "/accounts"))
        parts = [names[start : start + _NAMES] for start in range(0, len(names), _NAMES)]
        return [each for part in parts for each in self._request("GET", "/accounts", params={"account": list(part)})]

    def open_account(self, vendor: str, credential: str) -> dict[str, Any]:
        """Return the account that uses *credential* with *vendor*, which need not have sent a request yet."""
        return dict(self._request("POST", "/accounts", json={"vendor": vendor, "credential": credential}))

    def money(self, vendor: str, account: str) -> AccountBalance:
        """Return the balance of *account* and every ledger entry."""
        answer = self._request("GET", f"/ledger/{vendor}/{account}")
        return AccountBalance(**{**answer, "entries": tuple(answer["entries"])})

    def set_balance(self, vendor: str, account: str, available: float) -> None:
        """Set the available balance of *account* to *available* whole units."""
        self._request("PUT", f"/ledger/{vendor}/{account}", json={"available": available})

    def limit(self, account: str, **limits: int | None) -> dict[str, int | None]:
        """Limit *account* to ``at_once`` unfinished tasks and ``per_minute`` requests (None: no limit)."""
        return dict(self._request("PUT", f"/limits/{account}", json=limits))

    def tasks(self, account: str | None = None) -> list[dict[str, Any]]:
        """Return the newest tasks of *account*, or of all, newest last."""
        return list(self._request("GET", "/tasks", params=_only(account)))

    def requests(self, account: str | None = None) -> list[dict[str, Any]]:
        """Return the journal of *account*, or all of it, oldest first, with every secret redacted."""
        return list(self._request("GET", "/requests", params=_only(account)))

    def order(self, then: Order, **which: Any) -> int:
        """Place a scenario order for future tasks, and return its id.

        Args:
            then: What the order does to a task.
            **which: ``vendor``, ``account``, ``operation``, ``contains``, ``times``, and ``code`` for a refusal.
        """
        return int(self._request("POST", "/scenarios", json={"then": then, **which})["id"])

    def clear_orders(self) -> None:
        """Delete every scenario order."""
        self._request("DELETE", "/scenarios")

    def fault(self, kind: str, **which: Any) -> int:
        """Inject a fault between callers and a vendor, and return its id.

        Args:
            kind: The fault: ``status``, ``reset_before``, ``reset_after`` (processed, and the response is lost) ...,
                or one of callbacks, such as ``callback_twice``, of a vendor that sends callbacks.
            **which: ``vendor``, ``account``, ``method``, ``path``, ``times``, and the options of the kind.
        """
        if isinstance(method := which.get("method"), str):
            which["method"] = method.upper()
        return int(self._request("POST", "/scenarios/faults", json={"kind": kind, **which})["id"])

    def callbacks(self, account: str | None = None) -> dict[str, Any]:
        """Return the callbacks of *account*, or all: the ``attempts`` made, and the ``waiting`` ones."""
        return dict(self._request("GET", "/callbacks", params=_only(account)))

    def upload(self, name: str, content: bytes) -> dict[str, Any]:
        """Upload a file to the simulator, and return its description with its ``url``."""
        return dict(self._request("POST", "/files", params={"name": name}, content=content))

    def dialects(self, account: str | None = None, **chosen: str) -> dict[str, str]:
        """Select dialects by name (dots as ``__``: ``tomoviee__errors="http"``) and return the current ones."""
        if not chosen:
            return dict(self._request("GET", "/dialects", params=_only(account)))
        names = {name.replace("__", "."): reading for name, reading in chosen.items()}
        return dict(self._request("PUT", "/dialects", params=_only(account), json=names))

    def facts(self) -> dict[str, int]:
        """Return the facts that refusals can cite, each with the number of times it was cited."""
        return dict(self._request("GET", "/facts"))

    def reset(self, account: str | None = None) -> None:
        """Delete all state, or that of *account*."""
        self._request("POST", "/reset", params=_only(account))

    def _request(self, method: str, path: str, **options: Any) -> Any:
        response = self._http.request(method, self._root + path, **options)
        if response.is_error:
            raise ControlError(
                f"{method} {_ROOT}{path}: HTTP {response.status_code}: {_reason(response)}", response.status_code
            )
        return response.json() if response.content else None


def _only(account: str | None) -> dict[str, str]:
    return {} if account is None else {"account": account}


def _reason(response: httpx.Response) -> str:
    """Return the sentence of a refusal; the body as it is where it has none."""
    try:
        body = response.json()
    except ValueError:
        return response.text
    detail = body.get("detail") if isinstance(body, dict) else None
    return detail if isinstance(detail, str) else response.text
