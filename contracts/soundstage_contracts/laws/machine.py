"""The state machine that every job vendor must survive: any order of creating, reading, waiting, ordering, downloading.

Hypothesis drives the real client against a simulator and keeps a small model beside it. The laws:

- a state never goes back, and a final state stays;
- there is an output if and only if a job succeeded, and it can be downloaded;
- ids are unique, and accounts never meet;
- money is conserved, no action of a client charges twice, and what did not succeed is given back;
- every response can be parsed, and every refusal names a fact;
- a callback is sent once for each end, with the state that a poll shows;
- a lost response is an unknown outcome, and never a second submission; a temporary fault ends no read.
"""

from __future__ import annotations

import queue
import sys
from dataclasses import dataclass, replace
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, ClassVar

from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    MultipleResults,
    RuleBasedStateMachine,
    invariant,
    multiple,
    precondition,
    rule,
)

from soundstage import JobState, errors
from soundstage_contracts.declarations.vendor import WORDS
from soundstage_contracts.outcomes import BrokenLawError, require
from soundstage_contracts.simulators.callback_receiver import CallbackReceiver
from soundstage_contracts.simulators.control import ControlError, account_name

if TYPE_CHECKING:
    from soundstage import Job, Output
    from soundstage_contracts.declarations.vendor import VendorContract
    from soundstage_contracts.simulators.control import AccountBalance
    from soundstage_contracts.simulators.target import Target

_RANK = {JobState.QUEUED: 0, JobState.RUNNING: 1}
_LOST = ("reset_before", "reset_during", "reset_after", "truncate", "malformed")
"""Faults after which it is unknown whether a submission arrived."""
_PASSING: tuple[dict[str, Any], ...] = (
    {"kind": "status", "status": 503},
    {"kind": "status", "status": 429, "retry_after": 3},
    {"kind": "reset_before"},
    {"kind": "reset_after"},
    {"kind": "truncate"},
)
"""Faults that a read outlives."""
_AMOUNTS = ("available", "reserved", "spent", "granted")
_LONGEST = 1800.0 * 12
"""Account seconds after which every job is over, a slow one that times out included."""


@dataclass(slots=True)
class _Caller:
    """The model of an account: its client and its jobs."""

    name: str
    client: Any
    created: int = 0
    price: float = 0.0


@dataclass(slots=True)
class _Seen:
    """The model of a job: whose it is, what it costs, how it must end, and the furthest that it was seen."""

    job: Job
    caller: _Caller
    price: float
    must_end: JobState
    furthest: int = 0
    wants: bool = False
    """Whether the job has a callback address."""
    born: float = 0.0
    """The account's time at its creation."""


class JobMachine(RuleBasedStateMachine):
    """Drives one vendor; a subclass names the vendor's contract."""

    contract: ClassVar[VendorContract]
    target: ClassVar[Target]

    callers: Bundle[_Caller] = Bundle("callers")
    jobs: Bundle[_Seen] = Bundle("jobs")

    def __init__(self) -> None:
        super().__init__()
        self._callers: list[_Caller] = []
        self._seen: dict[str, _Seen] = {}
        self._folder = TemporaryDirectory(prefix="soundstage-")
        self._receiver = CallbackReceiver()
        self._callbacks_seen: set[tuple[str, bool]] = set()

    @rule(target=callers)
    def open_account(self) -> _Caller:
        """Open a new account."""
        credential = self.target.new_account()
        caller = _Caller(account_name(self.contract.slug, credential), self.target.client(self.contract, credential))
        self._callers.append(caller)
        return caller

    @rule(target=jobs, caller=callers, data=st.data(), word=st.sampled_from(("", *WORDS)), wants=st.booleans())
    def create(
        self,
        caller: _Caller,
        data: st.DataObject,
        word: str,
        wants: bool,  # noqa: FBT001 - a rule
    ) -> _Seen | MultipleResults[_Seen]:
        """Start a job, perhaps with a word in its prompt that chooses its outcome, perhaps with a callback."""
        if self._is_full(caller):
            return multiple()
        method = data.draw(st.sampled_from(sorted(self.contract.operations)), label="method")
        arguments = dict(data.draw(self.contract.operations[method], label="arguments"))
        if word:
            name = self.contract.texts.get(method, "prompt")
            arguments[name] = f"{arguments.get(name, '')[:100]} soundstage:{word}"
        wants = wants and self.contract.callback is not None
        if wants:
            arguments[str(self.contract.callback)] = self._receiver.url
        before = self._reserved(caller)
        if word == "block" and self.contract.refuses_blocked:
            self._refused(caller, method, arguments)
            return multiple()
        job: Job = getattr(caller.client, method)(**arguments)
        caller.created += 1
        # The price is what the simulator reserves: the machine has no price list that could be wrong in the same way.
        price = self._reserved(caller) - before
        require(price > 0, f"{method} was accepted and nothing was reserved for it")
        require(job.id not in self._seen, f"the id {job.id} was given twice")
        require(job.state in _RANK, f"a new job is {job.state}")
        ends = self.contract.ends.get(word, JobState.SUCCEEDED)
        seen = _Seen(job, caller, price, ends, _RANK[job.state], wants, self.target.control.now(caller.name))
        self._seen[job.id] = seen
        return seen

    @rule(target=jobs, caller=callers, data=st.data(), kind=st.sampled_from(_LOST))
    def create_and_lose_the_answer(
        self, caller: _Caller, data: st.DataObject, kind: str
    ) -> _Seen | MultipleResults[_Seen]:
        """Submit while the connection breaks: the outcome is unknown, and nothing is submitted twice."""
        if self._is_full(caller):
            return multiple()
        method = data.draw(st.sampled_from(sorted(self.contract.operations)), label="method")
        arguments = data.draw(self.contract.operations[method], label="arguments")
        before, reserved = self._task_ids(caller), self._reserved(caller)
        self.target.control.fault(kind, vendor=self.contract.slug, account=caller.name, times=1)
        found = self._submit_under_fault(caller, method, arguments, kind)
        # Only the simulator knows whether the lost request has arrived; its list is in the order of creation.
        made = self._task_ids(caller)[len(before) :]
        require(len(made) <= 1, f"one call made {len(made)} tasks: {made}")
        if self.contract.finds or self.contract.replays:
            require((found.id if found else None) == (made[0] if made else None), f"{made} was made, and {found} found")
        if not made:
            return multiple()
        caller.created += 1
        job = found or caller.client.job(made[0], method)
        price, now = self._reserved(caller) - reserved, self.target.control.now(caller.name)
        self._seen[job.id] = _Seen(job, caller, price, JobState.SUCCEEDED, born=now)
        return self._seen[job.id]

    def _submit_under_fault(self, caller: _Caller, method: str, arguments: dict[str, Any], kind: str) -> Job | None:
        """Submit; return the job where the vendor lets one be looked up, or replays a repeated submission."""
        try:
            job: Job | None = getattr(caller.client, method)(**arguments)
        except errors.SubmitOutcomeUnknown as unknown:
            require(unknown.operation == method, f"the error names {unknown.operation}, not {method}")
            require(not self.contract.replays, f"{method} broke off ({kind}) and was not sent again with its key")
            return unknown.resolve() if self.contract.finds else None
        require(self.contract.replays, f"{method} broke off ({kind}), and the client reports success")
        return job

    def _refused(self, caller: _Caller, method: str, arguments: dict[str, Any]) -> None:
        """Submit what the vendor blocks at once: it is refused for its content, and nothing is kept or reserved."""
        before, reserved = self._task_ids(caller), self._reserved(caller)
        try:
            getattr(caller.client, method)(**arguments)
        except errors.ContentPolicyError:
            require(
                self._task_ids(caller) == before and self._reserved(caller) == reserved,
                "refused, and yet it left traces",
            )
            return
        require(False, f"{method} takes content that the vendor blocks at once")

    @precondition(lambda self: self.contract.cancels)
    @rule(seen=jobs)
    def cancel(self, seen: _Seen) -> None:
        """Cancel a job: it is over, for good; what had ended before stays as it ended, and nothing else is paid for."""
        # Polled first: whether the job has ended by now decides what the cancel must do.
        ended = seen.job.refresh().state.final
        seen.job.cancel()
        if not ended:
            seen.must_end, seen.furthest = JobState.CANCELED, 2
        require(seen.job.refresh().state is seen.must_end, f"{seen.job.id} was cancelled and is {seen.job.state}")

    @rule(seen=jobs, fault=st.sampled_from(_PASSING))
    def read_during_a_fault(self, seen: _Seen, fault: dict[str, Any]) -> None:
        """Read a job during a temporary fault: the client retries and gets the state."""
        # Twice, so that the first retry fails, too.
        self.target.control.fault(**fault, vendor=self.contract.slug, account=seen.caller.name, times=2)
        self.read(seen)

    @rule(seen=jobs)
    def read(self, seen: _Seen) -> None:
        """Read a job: it never goes back, and ends as it must, with outputs if and only if it succeeded."""
        job = seen.job.refresh()
        rank = _RANK.get(job.state, 2)
        require(job.state is not JobState.UNKNOWN, f"an undocumented state word: {job.state_raw!r}")
        require(rank >= seen.furthest, f"{job.id} went back to {job.state}")
        seen.furthest = rank
        require(bool(job.outputs) == (job.state is JobState.SUCCEEDED), f"{job.state} with outputs {job.outputs}")
        if job.state.final:
            require(job.state is seen.must_end, f"{job.id} ended {job.state}, not {seen.must_end}")

    @rule(seen=jobs)
    def read_afresh(self, seen: _Seen) -> None:
        """Read a job by a handle made from its token: it has the same id, and a state that is no earlier."""
        job = seen.caller.client.job_from_token(seen.job.to_token()).refresh()
        require(job.id == seen.job.id, f"a token of {seen.job.id} gave {job.id}")
        require(_RANK.get(job.state, 2) >= seen.furthest, f"{job.id} went back to {job.state}")

    @rule(caller=callers, seconds=st.floats(0, 400))
    def let_time_pass(self, caller: _Caller, seconds: float) -> None:
        """Advance one account's clock, and no other's."""
        others = [other for other in self._callers if other is not caller and other.created]
        before = [self.target.control.now(other.name) for other in others]
        # The simulator knows an account from its first request on.
        if caller.created:
            self.target.control.advance(seconds, caller.name)
        drift = 5.0 if before else 0.0  # a real clock advances by itself
        for other, then in zip(others, before, strict=True):
            require(abs(self.target.control.now(other.name) - then) <= drift, f"the time of {other.name} moved, too")

    @precondition(lambda self: self._seen)
    @rule(seen=jobs, caller=callers)
    def read_job_of_another_account(self, seen: _Seen, caller: _Caller) -> None:
        """Poll another account's job: it does not exist for this account."""
        if caller is seen.caller:
            return
        try:
            caller.client.job(seen.job.id, seen.job.operation).refresh()
        except errors.NotFoundError:
            return
        require(False, f"{caller.name} can read {seen.job.id}, a job of {seen.caller.name}")

    @rule(seen=jobs)
    def finish(self, seen: _Seen) -> None:
        """Let a job end: it ends as it must, for good, and its files can be downloaded if and only if it succeeded."""
        self.target.control.advance(_LONGEST, seen.caller.name)
        job = seen.job.refresh()
        seen.furthest = 2
        require(job.state is seen.must_end, f"{job.id} ended {job.state}, not {seen.must_end}")
        if job.state is JobState.SUCCEEDED:
            require(job.error is None and bool(job.outputs), f"{job.id} succeeded with {job.error} and {job.outputs}")
            age = self.target.control.now(seen.caller.name) - seen.born
            # Later, the vendor may have deleted the files.
            for output in job.outputs if age < self.contract.keeps else ():
                self._save(job, output)
        else:
            require(job.error is not None, f"{job.id} failed and gives no reason")

    def _save(self, job: Job, output: Output) -> None:
        try:
            file = output.save(self._folder.name)
        except errors.DownloadError as error:
            require(False, f"{job.id} succeeded, and {output} cannot be saved: {error}")
        else:
            require(file.stat().st_size > 0, f"{job.id} succeeded, and {output} is empty")

    @invariant()
    def money_is_conserved(self) -> None:
        """Every unit is available, reserved or spent; what is spent is the price of what succeeded."""
        for caller in self._callers:
            if not caller.created:
                continue
            money = self._money(caller)
            require(money.available + money.reserved + money.spent == money.granted, f"money is not conserved: {money}")
            require(min(money.available, money.reserved, money.spent) >= 0, f"less than nothing: {money}")
            mine = [seen for seen in self._seen.values() if seen.caller is caller]
            succeeding = sum(seen.price for seen in mine if seen.must_end is JobState.SUCCEEDED)
            # At most, not exactly: a job that will succeed is charged only when it ends.
            require(money.spent <= succeeding, f"{money.spent} is spent; all that succeeds costs {succeeding}")
            require(
                money.reserved + money.spent <= sum(seen.price for seen in mine), f"charged beyond the prices: {money}"
            )

    @invariant()
    def nothing_was_submitted_twice(self) -> None:
        """The simulator has exactly the jobs that the clients started."""
        for caller in self._callers:
            if caller.created:
                found = len(self.target.control.tasks(caller.name))
                require(found == caller.created, f"{found} tasks exist, {caller.created} were created")

    def teardown(self) -> None:
        """When all jobs have ended, nothing is reserved, successes alone are charged, and each callback was sent."""
        try:
            if sys.exc_info()[0] is None:  # report the first broken law only
                self._settle_up()
                self._await_callbacks()
        finally:
            self._receiver.close()
            self._folder.cleanup()

    def _settle_up(self) -> None:
        for caller in self._callers:
            if not caller.created:
                continue
            self.target.control.advance(_LONGEST, caller.name)
            money = self._money(caller)
            mine = [seen for seen in self._seen.values() if seen.caller is caller]
            require(money.reserved == 0, f"{money.reserved} is still reserved when all is over")
            succeeded = sum(seen.price for seen in mine if seen.must_end is JobState.SUCCEEDED)
            require(money.spent == succeeded, f"{money.spent} was spent; what succeeded costs {succeeded}")

    def _await_callbacks(self) -> None:
        """Wait for every callback: each is sent once, with the state that a poll shows."""
        expected = {seen.job.id: seen for seen in self._seen.values() if seen.wants}
        per_job = 2 if self.contract.reports_changes else 1  # one for running, one for the end
        for _ in range(len(expected) * per_job):
            try:
                payload = self._receiver.next()
            except queue.Empty:
                raise BrokenLawError(f"no callback was sent for one of {', '.join(expected)}") from None
            job = self._callers[0].client.job_from_callback(payload)
            key = (job.id, job.state.final)
            require(
                job.id in expected and key not in self._callbacks_seen, f"unexpected or repeated callback: {payload}"
            )
            self._callbacks_seen.add(key)
            require(
                job.state in {expected[job.id].must_end, JobState.RUNNING},
                f"a callback reports that {job.id} ended {job.state}",
            )
            require(job.state.final or self.contract.reports_changes, f"callback before the end: {payload}")
        require(self._receiver.callbacks.empty(), "more callbacks were sent than expected")

    def _is_full(self, caller: _Caller) -> bool:
        """Return whether *caller* may have as many unfinished jobs as it may have at all."""
        unfinished = sum(seen.caller is caller and seen.furthest < len(_RANK) for seen in self._seen.values())
        return self.contract.at_once is not None and unfinished >= self.contract.at_once

    def _task_ids(self, caller: _Caller) -> list[str]:
        """Return the ids of the simulator's tasks of *caller*, oldest first."""
        try:
            return [task["id"] for task in self.target.control.tasks(caller.name)]
        except ControlError as unknown:
            if "no account" not in str(unknown):
                raise
            return []  # a simulator meets an account at its first call

    def _reserved(self, caller: _Caller) -> float:
        if not self._task_ids(caller):
            return 0.0
        return self._money(caller).reserved

    def _money(self, caller: _Caller) -> AccountBalance:
        """Return the balance of *caller* in whole millionths of a unit, so that fractions add up exactly."""
        money = self.target.control.money(self.contract.slug, caller.name)
        amounts = {name: round(getattr(money, name) * 1_000_000) for name in _AMOUNTS}
        return replace(money, **amounts)
