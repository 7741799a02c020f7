"""The world: all state of a simulator. No module has state of its own."""

from __future__ import annotations

import os
import threading
from collections import Counter
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Self

from soundstage_server import _registry
from soundstage_server.media import MediaCache
from soundstage_server.model.account import Account
from soundstage_server.model.bounds import check_count
from soundstage_server.model.clock import Clock
from soundstage_server.model.credentials import account_name, credential_rule
from soundstage_server.model.dialects import Dialects
from soundstage_server.model.faults import Fault, Faults
from soundstage_server.model.journal import Journal
from soundstage_server.model.rate_limit import SlidingWindow
from soundstage_server.model.scenarios import Scenario, Scenarios
from soundstage_server.world import snapshot as records
from soundstage_server.world.callbacks.dispatcher import CallbackDispatcher
from soundstage_server.world.hung_connections import HungConnections
from soundstage_server.world.options import MediaSize, check_fault, check_options, check_scenario, parse_public_url
from soundstage_server.world.persistence import Persistence
from soundstage_server.world.retention import Retention
from soundstage_server.world.trial import check_tasks
from soundstage_server.world.uploads import UploadStore
from soundstage_server.world.verification import RequestPattern, verify

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping
    from os import PathLike
    from types import EllipsisType

    from soundstage_server.model.account import Task
    from soundstage_server.model.callbacks import CallbackAttempt
    from soundstage_server.model.journal import JournalEntry
    from soundstage_server.world.vendor_service import VendorService


class World:
    """All the state of one simulator: clock, accounts, tasks, money, scenarios, journal, media.

    Args:
        clock: The clock, or what ``--speed`` takes: simulated seconds a second, ``"manual"`` or ``"auto"``.
        seed: Makes everything random repeatable: durations, ids, images.
        public_url: The base of result URLs; None takes the address that each request was sent to.
        media: ``"small"`` keeps ratio, duration and format but makes results cheap, for contract runs.
        dialects: Which reading to use where documents contradict each other, by name (``{"tomoviee.errors": "http"}``).
        vendors: The slugs to simulate; None is all that can be, and `left_out` then names the others.
        state: A file that keeps the state, so that a world made of it continues where the last one ended, after a
            SIGKILL too. The clock also continues, unless *clock* is given. None keeps nothing.
        redirects: How often the address of a result redirects before it returns the file.
        retention: How many seconds of its account's time a finished task is kept, and an idle account; None keeps both
            for ever. The default is 60 days, and None under the clock ``manual``.
        callbacks_to: Hosts, in addition to this machine's own names, that callbacks may be sent to.

    Raises:
        ValueError: An argument has a value that is not allowed; the message names both.
        StateError: The state file cannot be used; it was not changed.

    A world is a context manager; `close` removes the media that it made. Its methods may be called from any thread.
    """

    def __init__(
        self,
        *,
        clock: Clock | str | float | None = None,
        seed: int | None = None,
        public_url: str | None = None,
        media: MediaSize = "full",
        dialects: Mapping[str, str] | None = None,
        vendors: Iterable[str] | None = None,
        callbacks_to: Iterable[str] = (),
        redirects: int = 0,
        retention: float | EllipsisType | None = ...,
        state: str | PathLike[str] | None = None,
    ) -> None:
        check_options(media, redirects)
        self.clock = clock if isinstance(clock, Clock) else Clock.parse("real" if clock is None else str(clock))
        self.seed = 0 if seed is None else seed
        self.public_url = parse_public_url(public_url)
        self.redirects = redirects
        self.lock = threading.RLock()
        self._process = os.getpid()
        self.scenarios, self.faults = Scenarios(), Faults()
        self.hung_connections = HungConnections()
        self.media_cache, self.uploads = MediaCache(small=media == "small"), UploadStore()
        self.services: dict[str, VendorService]
        self.services, self.left_out = _registry.open_services(self, vendors)
        self._by_name: dict[str, Account] = {}
        self.callback_dispatcher = CallbackDispatcher(
            self.lock, self.clock, self.services, self.is_current, self._take_callback_fault, callbacks_to
        )
        self.anonymous_journal, self.requests = Journal(), 0
        self.citations: Counter[str] = Counter()
        self.dialects = Dialects({slug: service.dialects for slug, service in self.services.items()}, dialects or {})
        self.persistence = Persistence(self)
        self.retention = Retention(self, retention)
        if state is not None:
            # Imported here: a world without a state file needs neither SQLite nor file locks.
            from soundstage_server.world.state_file import StateFile

            self.persistence.open(StateFile(state), own_clock=clock is not None, seed=seed, dialects=dialects or {})

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Stop callbacks, and remove the media and the uploads of this world. Safe to call twice.

        In a forked child this does nothing: files and connections belong to the process that made the world.
        """
        if os.getpid() != self._process:
            return
        self.hung_connections.close()
        self.callback_dispatcher.close()
        self.uploads.close()
        self.media_cache.close()
        with self.lock:
            self.persistence.close()

    def save(self) -> None:
        """Write what Python has changed to the state file, if there is one; requests are saved as they come.

        Raises:
            StateError: It could not be written; the world is again as it was at the last save.
        """
        with self.lock:
            self.persistence.save()

    @contextmanager
    def transaction(self, accounts: Collection[Account] | None = None) -> Iterator[None]:
        """Change the world in a block, and save it at its end; with a state file, a block that fails changes nothing.

        Args:
            accounts: The accounts that the block changes, apart from the world's own settings; None is any.

        Raises:
            StateError: The changes could not be written; the world is as it was before.
        """
        with self.lock, self.persistence.transaction(accounts):
            yield

    def snapshot(self) -> dict[str, Any]:
        """Return the state of this world as JSON; no credential and no secret can be read from it."""
        return self.capture().as_dict()

    def capture(self) -> records.Capture:
        """Return the state of this world as it is now; it is turned into JSON later, without stopping requests."""
        with self.lock:
            self.persistence.commit()
            return records.Capture(self.persistence.record(), self.accounts())

    def restore(self, snapshot: object) -> None:
        """Replace the state by *snapshot*: ids, states, money and time. Journals, faults and uploads are kept.

        Raises:
            ValueError: It is no snapshot, or does not fit this world; nothing has changed.
            StateError: It could not be written to the state file; nothing has changed.
        """
        saved = records.parse(snapshot, self.services, self.clock)
        # Trial services: a task that a vendor cannot read must be found before anything is replaced.
        check_tasks({slug: _registry.load(slug)(self) for slug in self.services}, saved.accounts)
        with self.transaction():
            self.persistence.apply(saved)

    def replace_accounts(self, accounts: Iterable[Account], now: float) -> None:
        """Replace all accounts by *accounts*, as they were at the world's time *now*; journals are kept by name."""
        with self.lock:
            before, self._by_name = self._by_name, {account.name: account for account in accounts}
            self.callback_dispatcher.forget(frozenset(before.values()))
            for service in self.services.values():
                service.forget(frozenset(before.values()))
            for account in self.accounts():
                if account.name in before:
                    account.journal = before[account.name].journal
                for task in account.tasks:
                    self.services[account.vendor].index_task(task)
                    # Callbacks that were due before the snapshot was made have been sent.
                    self.callback_dispatcher.schedule(task, after=now + account.offset)

    def account(self, vendor: str, credential: str) -> Account:
        """Return the account of *credential* at *vendor*, created at its first use."""
        name = account_name(vendor, credential)
        with self.lock:
            account = self._by_name.get(name)
            if account is None:
                service = self.services[vendor]
                account = Account(vendor, credential, self.clock, service.unit, service.at_once)
                account.opened = account.now()
                self._by_name[name] = account
            return account

    @property
    def account_count(self) -> int:
        """How many accounts there are."""
        return len(self._by_name)

    def accounts_of_request(self, caller: Account | None, known: int) -> list[Account]:
        """Return the accounts that a request may have changed: its *caller*, and those after the first *known*."""
        if len(self._by_name) == known:
            return [] if caller is None else [caller]
        new = list(self._by_name.values())[known:]
        return new if caller is None or caller in new else [caller, *new]

    def open_account(self, vendor: str, credential: str) -> Account:
        """Return the account of *credential* at *vendor* before its first request.

        Raises:
            ValueError: The vendor is not simulated, or refuses such a credential; the message names what is allowed.
        """
        if vendor not in self.services:
            raise ValueError(f"vendor must be one of {', '.join(self.services)}; got {vendor!r}")
        refused = credential_rule(credential).refused
        if refused is not None:
            raise ValueError(f"credential must not begin with {refused}-: such a caller is refused and has no account")
        opened: list[Account] = []
        with self.transaction(opened):
            opened.append(self.account(vendor, credential))
        return opened[0]

    def account_by_name(self, account: str) -> Account:
        """Return the account with the name *account* (``acct_...``).

        Raises:
            KeyError: There is none.
        """
        return self._by_name[account]

    def accounts(self) -> Iterator[Account]:
        """Iterate over the accounts, in the order of their first use."""
        return iter(tuple(self._by_name.values()))

    def accounts_named(self, names: Iterable[str]) -> list[Account]:
        """Return the accounts that have one of the *names*; a name without an account is left out."""
        return [self._by_name[name] for name in names if name in self._by_name]

    def tasks(self, account: Account | None = None) -> Iterator[Task]:
        """Iterate over the tasks of *account*, or of all accounts."""
        for owner in self.accounts() if account is None else (account,):
            yield from tuple(owner.tasks)

    def advance(self, seconds: float, account: Account | None = None) -> None:
        """Move the world's time, or that of *account* alone, forward by *seconds*.

        Raises:
            ValueError: *seconds* is negative or not finite.
        """
        with self.transaction(() if account is None else (account,)):
            (account or self.clock).advance(seconds)
        with self.lock:
            self.retention.sweep()

    def scenario(self, order: Scenario) -> Scenario:
        """Add an order for future tasks, and return it with its id.

        Raises:
            ValueError: It names a vendor, a capability or a code that does not exist; the message lists those that do.
        """
        with self.lock:
            check_scenario(order, self.services)
            with self.transaction(()):
                self.scenarios.add(order)
            return order

    def fault(self, fault: Fault) -> Fault:
        """Inject a fault into future requests or callbacks, and return it with its id.

        Raises:
            ValueError: It names a vendor that is not simulated, or that sends no callbacks; the message lists those
                that do.
            StateError: A fault of callbacks could not be written to the state file; it was not added.
        """
        with self.lock:
            check_fault(fault, self.services)
            if not fault.is_callback:
                return self.faults.add(fault, self.seed)
            with self.transaction(()):
                return self.faults.add(fault, self.seed)

    def clear_faults(self, number: int | None = None) -> int:
        """Remove the fault *number*, or all; return how many were removed.

        Raises:
            StateError: It could not be written to the state file; nothing was removed.
        """
        with self.lock:
            if not self.faults.callbacks:
                return self.faults.clear(number)
            with self.transaction(()):
                return self.faults.clear(number)

    def _take_callback_fault(self, account: Account, kinds: Collection[str]) -> Fault | None:
        """Return the fault, of one of *kinds*, of a callback of *account*, counted as used."""
        if not self.faults.callbacks:
            return None
        try:
            with self.transaction(()):
                return self.faults.take_callback(account.vendor, account.name, kinds)
        except records.StateError:
            return None  # what cannot be counted has not happened: the callback is sent as it is

    def journal(self, account: Account | None = None) -> list[JournalEntry]:
        """Return the exchanges of *account*, or of all accounts and of unauthenticated callers; oldest first."""
        with self.lock:
            owners = self.accounts() if account is None else (account,)
            journals = [owner.journal for owner in owners] + ([self.anonymous_journal] if account is None else [])
            return sorted((entry for journal in journals for entry in journal), key=lambda entry: entry.number)

    def verify(
        self,
        *,
        method: str | None = None,
        path: str | None = None,
        body: Mapping[str, Any] | None = None,
        contains: str | None = None,
        account: Account | str | None = None,
        times: int | None = None,
    ) -> list[JournalEntry]:
        """Return the requests that match: exactly *times* of them, or at least one if that is None.

        Args:
            method: The HTTP method.
            path: The vendor's own path, without the slug; ``*`` matches anything.
            body: Members that the JSON body must have, among others.
            contains: Text in the body or the query, after redaction.
            account: The account that made them, or its name.
            times: How many there must be; 0 means none.

        Raises:
            VerificationError: There are more or fewer; the message lists the most similar ones.
            KeyError: No account has that name.
        """
        owner = self.account_by_name(account) if isinstance(account, str) else account
        return verify(RequestPattern(method, path, body, contains), self.journal(owner), times)

    def add_upload(self, name: str, content: bytes) -> str:
        """Store a file, and return its path below the server's address, for use in create calls.

        Raises:
            ValueError: The name or the size is not allowed.
        """
        return self.uploads.add(name, content).address

    def callbacks(self, account: Account | None = None) -> list[CallbackAttempt]:
        """Return the callback attempts for *account*, or for all; oldest first."""
        return self.callback_dispatcher.attempts(account)

    def settle_callbacks(self, timeout: float = 10.0) -> None:
        """Wait until no callback is due; under the clock ``auto``, which moves to the next one, until none is pending.

        Raises:
            TimeoutError: *timeout* real seconds have passed.
        """
        self.callback_dispatcher.settle(timeout)

    def limit(
        self,
        account: Account,
        *,
        at_once: int | EllipsisType | None = ...,
        per_minute: int | EllipsisType | None = ...,
    ) -> None:
        """Limit the unfinished tasks of *account*, and its requests per minute of its own time.

        None removes a limit; one that is not given stays as it is.

        Raises:
            ValueError: A limit is not from 1 to a billion.
        """
        for name, limit in {"at_once": at_once, "per_minute": per_minute}.items():
            if limit is not ...:
                check_count(name, limit)
        with self.transaction((account,)):
            if at_once is not ...:
                account.at_once = at_once
            if per_minute is not ...:
                account.rate_limit = None if per_minute is None else SlidingWindow(per_minute)

    def reset(self, account: Account | None = None, *, save: bool = True) -> None:
        """Remove everything, or everything of *account* with the orders, faults and dialects that name it.

        The clock and the dialects of the world are kept. With *save* false, the state file is left as it is: what it
        does not contain is removed.
        """
        with self.transaction(None if account is None else (account,)) if save else self.lock:
            if account is not None and save:
                self.remove_accounts(frozenset((account,)))
            else:
                self._forget(frozenset(self.accounts() if account is None else (account,)))
            if account is None:
                self.scenarios.clear()
        if account is None:
            self.uploads.clear()
            self.faults.clear()
            self.anonymous_journal.clear()
            self.citations.clear()

    def remove_accounts(self, gone: Collection[Account]) -> None:
        """Remove accounts from memory, with the orders, faults and dialects that name them."""
        self._forget(gone)
        for account in gone:
            self.scenarios.forget(account.name)
            self.dialects.forget(account.name)
            self.faults.forget(account.name)

    def _forget(self, gone: Collection[Account]) -> None:
        for service in self.services.values():
            service.forget(gone)
        self.callback_dispatcher.forget(gone)
        self._by_name = {name: kept for name, kept in self._by_name.items() if kept not in gone}

    def is_current(self, account: Account) -> bool:
        """Return whether the world still has this account, and not another one of its name."""
        return self._by_name.get(account.name) is account

    def is_account(self, account: str) -> bool:
        """Return whether there is an account with this name."""
        return account in self._by_name
