"""The persistence of a world: its state file, and its return to what the file contains when a save fails.

What a response promises is written before it is sent. If it cannot be written (a full disk), neither may it stay in
memory: a task that is listed, or credits that are reserved, but that the file will never contain.
"""

from __future__ import annotations

import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final, Protocol

import orjson

from soundstage_server.model.clock import LATEST
from soundstage_server.world import snapshot

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator, Mapping

    from soundstage_server.model.account import Account
    from soundstage_server.model.clock import Clock
    from soundstage_server.model.dialects import Dialects
    from soundstage_server.model.faults import Faults
    from soundstage_server.model.scenarios import Scenarios
    from soundstage_server.world.callbacks.dispatcher import CallbackDispatcher
    from soundstage_server.world.snapshot import SavedSettings, SavedWorld
    from soundstage_server.world.state_file import SavedAccount, StateFile
    from soundstage_server.world.vendor_service import VendorService

_SETTINGS: Final = ("seed", "dialects", "scenarios", "callback_faults")


class Persistent(Protocol):
    """What is saved and restored of a world."""

    seed: int
    clock: Clock
    dialects: Dialects
    scenarios: Scenarios
    faults: Faults
    services: dict[str, VendorService]
    callback_dispatcher: CallbackDispatcher

    def accounts(self) -> Iterator[Account]:
        """Iterate over the accounts."""

    def is_current(self, account: Account) -> bool:
        """Return whether the world still has this account."""

    def replace_accounts(self, accounts: Iterable[Account], now: float) -> None:
        """Replace all accounts."""

    def reset(self, account: Account | None = None, *, save: bool = True) -> None:
        """Remove an account, or all."""


class Persistence:
    """Saves and restores one world. Its methods are called with the world's lock held.

    Attributes:
        file: The state file; None if nothing is kept.
    """

    def __init__(self, world: Persistent) -> None:
        self._world = world
        self.file: StateFile | None = None
        self._waiting: list[tuple[list[Account], Callable[[snapshot.StateError], None]]] = []

    @property
    def is_waiting(self) -> bool:
        """Whether requests wait for `commit`."""
        return bool(self._waiting)

    def record(self) -> dict[str, Any]:
        """Return the record of the world without its accounts."""
        world = self._world
        return snapshot.dump_world(world.seed, world.clock, world.dialects, world.scenarios, world.faults)

    def save(self) -> None:
        """Write everything that has changed, if there is a file.

        Raises:
            StateError: It could not be written; what was not saved is undone, in memory, too.
        """
        self.commit()
        if self.file is not None:
            try:
                self.file.save_all(self.record(), self._world.accounts())
            except snapshot.StateError:
                self.revert()
                raise

    def save_request(self, accounts: Iterable[Account]) -> None:
        """Write what a request of *accounts* has changed, if there is a file.

        Raises:
            StateError: It could not be written; `revert` is called by the caller.
        """
        if self.file is not None:
            self.file.save(self.record(), accounts)

    def save_later(self, accounts: list[Account], on_failure: Callable[[snapshot.StateError], None]) -> None:
        """Let the next `commit` write what a request of *accounts* has changed.

        Whatever else saves commits first, so that a failure undoes nothing that was written. If the commit fails, all
        that it would have written is undone, and *on_failure* is called if the request may have shown some of it.
        """
        self._waiting.append((accounts, on_failure))

    def commit(self) -> None:
        """Write in one transaction what the waiting requests have changed, or undo it."""
        if not self._waiting:
            return
        try:
            self.save_request(dict.fromkeys(account for accounts, _ in self._waiting for account in accounts))
        except snapshot.StateError as error:
            self.undo(error)
        else:
            self._waiting.clear()

    def undo(self, error: snapshot.StateError, accounts: Iterable[Account] = ()) -> None:
        """Undo what a request of *accounts* and the waiting ones have changed; these fail with *error*.

        What one account's requests have changed since the last commit cannot be distinguished.
        """
        waiting, self._waiting = self._waiting, []
        changed = self._revert_some([*accounts, *(account for owners, _ in waiting for account in owners)])
        for owners, on_failure in waiting:
            # A request of accounts that have not changed has shown nothing that was undone, and keeps its response.
            if changed is None or not changed.isdisjoint(owners):
                on_failure(error)

    @contextmanager
    def transaction(self, accounts: Collection[Account] | None) -> Iterator[None]:
        """Save what the block changes in *accounts*, or in any; if the block or the save fails, nothing has changed."""
        clock = self._world.clock
        self.commit()
        before = (clock.kind, clock.speed, clock.now())
        try:
            yield
            if self.file is not None and accounts is None:
                self.file.save_all(self.record(), self._world.accounts())
            elif self.file is not None and accounts is not None:
                kept = [account for account in accounts if self._world.is_current(account)]
                self.file.save(self.record(), kept, set(accounts).difference(kept))
        except BaseException:
            if self.file is not None:
                clock.restore(*before)
                self.revert()
            raise

    def revert(self, accounts: Iterable[Account] | None = None) -> None:
        """Put *accounts*, or all, and the settings of the world back to what the file contains.

        The file is what a restart would find, so it is the one state in which memory and file agree.
        """
        if self.file is None:
            return
        saved = self.file.saved()
        if accounts is None and self._were_replaced(saved):
            for one in saved.values():
                snapshot.revert_account(one.account, orjson.loads(one.record), one.lengths)
            self._world.replace_accounts([one.account for one in saved.values()], self._world.clock.now())
            self._revert_settings(self.file.saved_record)
        else:
            self._revert_some(list(self._world.accounts() if accounts is None else accounts))

    def _revert_some(self, accounts: list[Account]) -> set[Account] | None:
        """Revert *accounts* and the settings; return the accounts that had changed, or None if the settings had."""
        if self.file is None:
            return set()
        saved = self.file.saved()
        changed = {one for one in dict.fromkeys(accounts) if self._revert_account(one, saved.get(one.name))}
        return None if self._revert_settings(self.file.saved_record) else changed

    def open(self, file: StateFile, *, own_clock: bool, seed: int | None, dialects: Mapping[str, str]) -> None:
        """Continue where *file* ends, or begin to write it; what the world was made with applies from now on.

        Args:
            file: The state file, which this closes on an error.
            own_clock: Whether the world was given a clock, which then continues from the time in the file.
            seed: The seed that the world was given, if any: it cannot differ from the one in the file.
            dialects: The dialects that the world was given.

        Raises:
            StateError: The file cannot be used; it was not changed.
        """
        world = self._world
        kind, speed = world.clock.kind, world.clock.speed
        try:
            loaded = file.load()
            if loaded is not None:
                saved = self._parse(file, loaded)
                if seed not in (None, saved.settings.seed):
                    raise file.unusable(f"its seed is {saved.settings.seed}; got {seed}")  # noqa: TRY301 - closed below
                self._continue(file, saved)
                file.note_loaded(world.accounts(), loaded["world"])
                if own_clock:
                    world.clock.change(kind, speed)
            world.dialects.choose(dialects)
            file.save_all(self.record(), world.accounts())
        except BaseException:
            file.close()
            raise
        self.file = file

    def _continue(self, file: StateFile, saved: SavedWorld) -> None:
        try:
            self.apply(saved, runs_on=True)
        except Exception as error:  # noqa: BLE001 - as in `_parse`: parameters that a vendor does not know raise anything
            raise file.unusable(f"it is damaged ({type(error).__name__}: {error})") from None

    def apply(self, saved: SavedWorld, *, runs_on: bool = False) -> None:
        """Become *saved*; with *runs_on*, a real clock has run on since it was saved."""
        world = self._world
        ran = max(0.0, time.time() - saved.saved_at) if runs_on and saved.kind == "real" else 0.0
        world.clock.restore(saved.kind, saved.speed, min(LATEST, saved.now + ran))
        self._apply_settings(saved.settings)
        world.replace_accounts(saved.accounts, saved.now)

    def close(self) -> None:
        """Save and close the file.

        Raises:
            StateError: The last changes could not be written; the file is closed all the same.
        """
        file = self.file
        try:
            self.save()
        finally:
            self.file = None
            if file is not None:
                file.close()

    def _parse(self, file: StateFile, loaded: object) -> SavedWorld:
        try:
            return snapshot.parse(loaded, self._world.services, self._world.clock)
        except snapshot.RecordError as error:
            raise file.unusable(error) from None
        except Exception as error:  # noqa: BLE001 - a damaged record raises anything, and none may end in a traceback
            raise file.unusable(f"it is damaged ({type(error).__name__}: {error})") from None

    def _were_replaced(self, saved: Mapping[str, SavedAccount]) -> bool:
        """Return whether the world has other accounts than the file, apart from new ones."""
        now = {account.name: account for account in self._world.accounts()}
        return any(now.get(name) is not one.account for name, one in saved.items())

    def _revert_account(self, account: Account, saved: SavedAccount | None) -> bool:
        """Revert *account*; return whether it had changed."""
        world = self._world
        if saved is None:  # the file has never contained it
            world.reset(account, save=False)
            return True
        if orjson.dumps(snapshot.dump_account(account)) == saved.record and account.lengths == saved.lengths:
            return False
        dropped, undone = snapshot.revert_account(account, orjson.loads(saved.record), saved.lengths)
        if dropped:
            self._unindex(account)
        if dropped or undone:
            world.callback_dispatcher.drop(account, [*dropped, *undone])
        for task in undone:
            world.callback_dispatcher.schedule(task, after=account.now())
        return True

    def _unindex(self, account: Account) -> None:
        """Let the vendor's indexes contain only the tasks that *account* still has."""
        service = self._world.services[account.vendor]
        service.forget(frozenset({account}))
        for task in account.tasks:
            service.index_task(task)

    def _revert_settings(self, record: Mapping[str, Any] | None) -> bool:
        """Revert the settings of the world; return whether they had changed."""
        world, now = self._world, self.record()
        if record is None or all(record.get(name) == now[name] for name in _SETTINGS):
            return False
        self._apply_settings(snapshot.parse_settings(record, world.services))
        return True

    def _apply_settings(self, settings: SavedSettings) -> None:
        world = self._world
        world.seed, world.dialects, world.scenarios = settings.seed, settings.dialects, settings.scenarios
        world.faults.restore_callbacks(settings.callback_faults, settings.faults_given, settings.seed)
