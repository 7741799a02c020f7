"""A live run: make each call once to the service and once to a simulator, and compare the two.

Nothing is sent that the plan does not allow. With any other target than ``live`` the same calls are a rehearsal: they
go to the simulator alone, and prove that the calls themselves work.
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
from soundstage_contracts.declarations.vendor import contract_of
from soundstage_contracts.facts.loader import load_facts
from soundstage_contracts.live.call import RecordedCall, documented_values
from soundstage_contracts.live.differences import differences
from soundstage_contracts.live.plan import BudgetMeter, LiveRunPlan, PlannedCall, plan_calls
from soundstage_contracts.outcomes import unchecked
from soundstage_contracts.simulators.recorder import Redaction, with_recording
from soundstage_contracts.simulators.target import Target

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from soundstage_contracts.declarations.live import LiveCall, LivePlan
    from soundstage_contracts.declarations.vendor import VendorContract
    from soundstage_contracts.options import RunOptions

_TIMEOUT: Final = 120.0
"""Seconds that a service may take to respond."""
_HEADERS: Final = {"User-Agent": f"soundstage-contracts/{__version__}"}


class LiveRun:
    """The live calls of a run: the plan of each vendor, its cost, and a simulator to compare with.

    Args:
        options: The options of the run.
        rehearsal: The simulator that takes the place of the services; None calls the services themselves.

    A context manager: it closes what it opened.
    """

    def __init__(self, options: RunOptions, rehearsal: Target | None = None) -> None:
        self._options = options
        self._rehearsal = rehearsal
        self._opened = ExitStack()
        self._twin: Target | None = None
        self.plans: dict[str, LiveRunPlan] = {}

    def __enter__(self) -> Self:
        """Return the run itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close what the run opened."""
        self._opened.close()

    def plan_calls(self, vendors: Iterable[str]) -> list[PlannedCall]:
        """Return which calls of *vendors* would be made and which skipped, sending nothing."""
        return [each for vendor in vendors for each in plan_calls(vendor, _live_plan(vendor), self._plan_for(vendor))]

    def missing_credentials(self, vendors: Iterable[str]) -> list[str]:
        """Return, for each of *vendors* whose calls a missing credential would skip, the client's message."""
        return list(filter(None, (_missing_credential(contract_of(vendor)) for vendor in vendors)))

    def close(self, reason: str) -> None:
        """Skip every further call of every vendor, because of *reason*."""
        for run_plan in self.plans.values():
            run_plan.closed_reason = run_plan.closed_reason or reason

    def run_call(self, vendor: str, call: LiveCall) -> RecordedCall:
        """Make *call*, and compare the service's responses with those of the simulator.

        Raises:
            Unchecked: The call is skipped; the text gives the reason.
        """
        contract = contract_of(vendor)
        if self._rehearsal is not None:
            return _call_simulator(contract, call, self._rehearsal, _live_plan(vendor).examples)
        run_plan = self._plan_for(vendor)
        if reason := run_plan.skip_reason(call):
            unchecked(reason)
        recorded = self._call_service(contract, call, run_plan)
        twin = _call_simulator(contract, call, self._simulator(), self._options.inputs)
        recorded.compared = True
        live, simulated = list(recorded.compared_exchanges()), list(twin.compared_exchanges())
        recorded.differences += differences(live, simulated, documented_values(vendor))
        # Before the transcript is written, which may fail: no further call must be paid for after a failed one.
        if recorded.failed:
            run_plan.failed_call = call.name
        if self._options.record is not None:
            _write_transcript(self._options.record / vendor / f"{call.name}.json", vendor, recorded)
        return recorded

    def _call_service(self, contract: VendorContract, call: LiveCall, run_plan: LiveRunPlan) -> RecordedCall:
        """Call the service itself, and read the balance before and after a paid call."""
        meter, read_balance = run_plan.meter, _live_plan(contract.slug).balance
        with _client(contract) as client:
            if read_balance is not None and meter.first_balance is None and call.tier != "free":
                meter.record_balance(read_balance(client))
            meter.charge(call)  # before the call: a call whose outcome is unknown may have been paid for
            redaction = Redaction(secrets_in_environment(contract.slug))
            recorded = RecordedCall(call, client, self._options.inputs, redaction)
            recorded.make()
            if read_balance is not None and call.tier != "free":
                meter.record_balance(read_balance(client))
        # An error of the call itself explains more than the overrun that it may have caused.
        if recorded.error is None and meter.overrun:
            recorded.error = AssertionError(meter.overrun)
        return recorded

    def _plan_for(self, vendor: str) -> LiveRunPlan:
        if vendor not in self.plans:
            meter = BudgetMeter(vendor, _live_plan(vendor).unit, self._options.budget(vendor))
            # A dry run plans for a budget, and needs no credential: nothing is sent.
            closed = "" if self._options.dry_run else _missing_credential(contract_of(vendor))
            self.plans[vendor] = LiveRunPlan(meter, self._options.inputs, closed)
        return self.plans[vendor]

    def _simulator(self) -> Target:
        if self._twin is None:
            self._twin = self._opened.enter_context(Target(seed=self._options.seed))
        return self._twin


def secrets_in_environment(vendor: str) -> tuple[str, ...]:
    """Return the values of the environment variables that hold the credentials of *vendor*."""
    facts = load_facts(vendor).vendors[vendor]
    # An example with a placeholder ({base}) is an address and no secret.
    names = [name for name, example in facts.environment.items() if "{" not in example]
    return tuple(value for name in names if (value := os.environ.get(name)))


def _live_plan(vendor: str) -> LivePlan:
    live = contract_of(vendor).live
    if live is None:
        raise LookupError(f"{vendor} declares no live plan")
    return live


def _client(contract: VendorContract) -> Any:
    """Return a client of the service itself: credentials and address come from the environment or the facts."""
    limits = httpx.Limits(max_keepalive_connections=0)  # a stale connection would leave a payment's outcome unknown
    http = httpx.Client(**with_recording({"limits": limits, "timeout": _TIMEOUT, "headers": _HEADERS}))
    client = contract.client(http=http, clock=SystemClock())
    if client.base_url == load_facts(contract.slug).vendors[contract.slug].base_url:
        return client
    options = contract.options(client.base_url)  # the user named another address, which is thereby trusted
    return contract.client(http=http, clock=SystemClock(), **options) if options else client


def _missing_credential(contract: VendorContract) -> str:
    """Return the client's error when a credential is missing, or an empty text."""
    try:
        # Only the client knows which variables it needs; making one sends nothing.
        with _client(contract):
            return ""
    except errors.SoundstageError as missing:
        return str(missing)


def _call_simulator(
    contract: VendorContract, call: LiveCall, target: Target, inputs: Mapping[str, str]
) -> RecordedCall:
    """Make *call* to a simulator, as a new account."""
    account = target.new_account()
    client = target.client(contract, account, clock=target.advancing_clock())
    recorded = RecordedCall(call, client, inputs, Redaction(tuple(contract.credentials(account).values())))
    recorded.make()
    return recorded


def _write_transcript(path: Path, vendor: str, recorded: RecordedCall) -> None:
    """Write a live call into the file *path*, without secrets."""
    transcript = {
        "vendor": vendor,
        "call": recorded.call.name,
        "about": recorded.call.about,
        "service": recorded.base_url,
        "date": datetime.now(tz=UTC).date().isoformat(),
        "exchanges": recorded.redacted_exchanges(),
        "differences": [str(each) for each in recorded.differences],
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(transcript, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
