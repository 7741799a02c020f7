"""A live run: each call of the ladder once to the service and once to a simulator, and what differs between them.

Nothing is sent that the plan does not allow. Against a simulator in the services' place (any target but ``live``) the
same calls are a rehearsal: they are made there alone, and show that the plan itself holds.
"""

from __future__ import annotations

import json
import os
from contextlib import ExitStack
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final, Self

import httpx

from soundstage import SystemClock, errors
from soundstage._version import __version__
from soundstage_contracts.facts.loader import load_facts
from soundstage_contracts.live.call import Played, documented_words
from soundstage_contracts.live.differences import differences
from soundstage_contracts.live.plan import Climb, Purse, Step, plan
from soundstage_contracts.outcomes import unchecked
from soundstage_contracts.simulators.recorder import Redaction, with_recording
from soundstage_contracts.simulators.session import contract_of
from soundstage_contracts.simulators.target import Target

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from soundstage_contracts.declarations.live import LiveCall, LivePlan
    from soundstage_contracts.declarations.vendor import VendorContract
    from soundstage_contracts.options import RunOptions

_PATIENCE: Final = 120.0
"""Seconds that a service may take to answer."""
_HEADERS: Final = {"User-Agent": f"soundstage-contracts/{__version__}"}


class LiveRun:
    """The live part of a run: for each vendor a ladder, its money, and a simulator to compare with.

    Args:
        choices: What was asked for.
        rehearsal: The simulator that takes the services' place; None to ask the services themselves.

    A context manager: it closes what it opened.
    """

    def __init__(self, options: RunOptions, rehearsal: Target | None = None) -> None:
        self._options = options
        self._rehearsal = rehearsal
        self._opened = ExitStack()
        self._twin: Target | None = None
        self.climbs: dict[str, Climb] = {}

    def __enter__(self) -> Self:
        """Return the run itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close what the run opened."""
        self._opened.close()

    def plan(self, vendors: Iterable[str]) -> list[Step]:
        """Return what would be asked of *vendors*, and what not, sending nothing."""
        return [step for vendor in vendors for step in plan(vendor, _plan_of(vendor), self._climb(vendor))]

    def close(self, reason: str) -> None:
        """Let nothing be sent to anybody, because of *reason*."""
        for climb in self.climbs.values():
            climb.closed = climb.closed or reason

    def play(self, vendor: str, call: LiveCall) -> Played:
        """Make *call*, and compare what is said with what the simulator says to the same.

        Raises:
            Unchecked: The call is not made; the text says why.
        """
        contract = contract_of(vendor)
        if self._rehearsal is not None:
            return _play_simulated(contract, call, self._rehearsal, _plan_of(vendor).examples)
        climb = self._climb(vendor)
        if against := climb.against(call):
            unchecked(against)
        played = self._ask(contract, call, climb)
        twin = _play_simulated(contract, call, self._simulator(), self._options.inputs)
        played.compared = True
        played.found += differences(list(played.said()), list(twin.said()), documented_words(vendor))
        if played.failed:
            climb.fallen = call.name
        if self._options.record is not None:
            _write_down(self._options.record / vendor / f"{call.name}.json", vendor, played)
        return played

    def _ask(self, contract: VendorContract, call: LiveCall, climb: Climb) -> Played:
        """Ask the service itself, and watch the balance where there is one to read."""
        balance = _plan_of(contract.slug).balance
        with _client(contract) as client:
            if balance is not None and climb.purse.held is None and call.rung != "free":
                climb.purse.read(balance(client))
            climb.purse.pay(call)
            played = Played(call, client, self._options.inputs, Redaction(secrets_in_environment(contract.slug)))
            played.make()
            if balance is not None and call.rung != "free":
                climb.purse.read(balance(client))
        if played.trouble is None and climb.purse.passed:
            played.trouble = AssertionError(climb.purse.passed)
        return played

    def _climb(self, vendor: str) -> Climb:
        if vendor not in self.climbs:
            purse = Purse(vendor, _plan_of(vendor).unit, self._options.budget(vendor))
            self.climbs[vendor] = Climb(purse, self._options.inputs, _missing(contract_of(vendor)))
        return self.climbs[vendor]

    def _simulator(self) -> Target:
        if self._twin is None:
            self._twin = self._opened.enter_context(Target(seed=self._options.seed))
        return self._twin


def secrets_in_environment(vendor: str) -> tuple[str, ...]:
    """Return the values of the variables that hold what *vendor* must know and nobody else."""
    sheet = load_facts(vendor).sheets[vendor]
    names = [name for name, example in sheet.environment.items() if "{" not in example]
    return tuple(value for name in names if (value := os.environ.get(name)))


def _plan_of(vendor: str) -> LivePlan:
    live = contract_of(vendor).live
    if live is None:
        raise LookupError(f"{vendor} declares no live plan")
    return live


def _client(contract: VendorContract) -> Any:
    """Return a client of the service itself: credentials and address come from the environment or the facts."""
    limits = httpx.Limits(max_keepalive_connections=0)  # a stale connection would leave a payment's outcome unknown
    http = httpx.Client(**with_recording({"limits": limits, "timeout": _PATIENCE, "headers": _HEADERS}))
    client = contract.client(http=http, clock=SystemClock())
    if client.base_url == load_facts(contract.slug).sheets[contract.slug].base_url:
        return client
    options = contract.options(client.base_url)  # whoever names another address trusts it
    return contract.client(http=http, clock=SystemClock(), **options) if options else client


def _missing(contract: VendorContract) -> str:
    """Return which credential is missing; nothing when a client can be made."""
    try:
        with _client(contract):
            return ""
    except errors.SoundstageError as missing:
        return str(missing)


def _play_simulated(contract: VendorContract, call: LiveCall, target: Target, inputs: Mapping[str, str]) -> Played:
    """Make *call* to a simulator, as a new account."""
    account = target.new_account()
    client = target.client(contract, account, clock=target.moving_clock())
    played = Played(call, client, inputs, Redaction(tuple(contract.credentials(account).values())))
    played.make()
    return played


def _write_down(path: Path, vendor: str, played: Played) -> None:
    """Write a live call down, without a secret."""
    transcript = {
        "vendor": vendor,
        "call": played.call.name,
        "about": played.call.about,
        "service": played.base_url,
        "date": datetime.now(tz=UTC).date().isoformat(),
        "exchanges": played.plain(),
        "differences": [str(each) for each in played.found],
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(transcript, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
