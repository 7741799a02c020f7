"""The law about callbacks: what a receiver does with those that are early, doubled, out of order, late or wrong."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, Final

import anyio

from soundstage import CallbackReceiver, JobState
from soundstage_contracts.laws.binding import law
from soundstage_contracts.simulators.asgi_server import AsgiServer
from soundstage_contracts.simulators.control import account_name

if TYPE_CHECKING:
    from soundstage import Callback
    from soundstage_contracts.laws.terms import Terms
    from soundstage_contracts.simulators.target import Target

SECRET: Final = "signs-the-callbacks-of-contracts"  # noqa: S105 - of a receiver that lives for one contract
LATE: Final = 3600.0
"""Account seconds by which a late callback is late."""
_LONG: Final = 4000.0
"""Account seconds after which every job has ended."""
_LIMIT: Final = 20.0
"""Real seconds that everything takes at most."""
_EVERY: Final = 0.05
"""Real seconds without a callback after which the account's time moves on, and a receiver polls."""


@law("client", fault="callback_faults", needs=["callbacks"])
def test_receiver_acts_once_on_the_right_end_under_every_fault(vendor: Terms, target: Target, fault: str) -> None:
    """Early, doubled, out of order, late, lost or tampered with: one end is reported at most, and as a poll has it."""
    for word, end in (("", JobState.SUCCEEDED), ("fail", JobState.FAILED)):
        anyio.run(partial(_play, vendor, target, fault, word, end))


async def _play(vendor: Terms, target: Target, fault: str, word: str, end: JobState) -> None:
    """Run one job whose callbacks all have *fault*, and check what the receiver reported."""
    callbacks, account = vendor.callbacks, target.new_account()
    assert callbacks is not None
    name = account_name(vendor.slug, account)
    reported: list[tuple[str, str, JobState, list[str]]] = []

    async def on_end(callback: Callback) -> None:
        job = callback.job
        reported.append((callback.reference, job.id, job.state, [output.url for output in job.outputs]))

    async with target.async_http() as http:
        client = target.async_client(vendor.contract, account, http=http)
        receiver = CallbackReceiver(client, on_end, secret=SECRET)
        async with AsgiServer(receiver) as server:
            seconds = {"seconds": LATE} if fault == "callback_late" else {}
            target.control.fault(fault, vendor=vendor.slug, account=name, **seconds)
            address = receiver.addresses.url(server.url, "order-7")
            arguments = vendor.first.arguments({**vendor.first.with_outcome(word), callbacks.parameter: address})
            job = await getattr(client, vendor.first.method)(**arguments)
            assert bool(reported) == (fault == "callback_early")
            await _receive(target, name, server, callbacks.expected(fault))
            await receiver.wait(job, every=_EVERY, timeout=_LIMIT)
            await _note(target, name, fault)
    truth = await _truth(vendor, target, account, job.id)
    assert (job.state, [output.url for output in job.outputs]) == truth
    assert job.state is end
    assert reported == ([] if fault == "callback_lost" else [("order-7", job.id, *truth)])
    assert [task["id"] for task in target.control.tasks(name)] == [job.id]


async def _receive(target: Target, name: str, server: AsgiServer, expected: int) -> None:
    """Let the time of the account *name* pass until *server* has answered *expected* requests."""
    with anyio.fail_after(_LIMIT):
        target.control.advance(_LONG, name)
        while server.answered < expected:
            if not await server.next_answer(_EVERY):
                # Held back for a minute of the account's time, which starts at an unknown moment.
                target.control.advance(_LONG, name)


async def _note(target: Target, name: str, fault: str) -> None:
    """Wait until the simulator has noted an attempt with *fault*: it does so after it has read the response."""
    with anyio.fail_after(_LIMIT):
        while fault not in _faults_of(target, name):  # noqa: ASYNC110 - the simulator may be another process
            await anyio.sleep(_EVERY)


def _faults_of(target: Target, name: str) -> set[str | None]:
    return {attempt["fault"] for attempt in target.control.callbacks(name)["attempts"]}


async def _truth(vendor: Terms, target: Target, account: str, job_id: str) -> tuple[JobState, list[str]]:
    """Return the end of a job and its files as a client sees them that knows of no callback."""
    async with target.async_http() as http:
        client: Any = target.async_client(vendor.contract, account, http=http)
        job = await client.job(job_id, vendor.first.method).refresh()
        return job.state, [output.url for output in job.outputs]
