"""Runs the program: signals reach it first, its exit code is passed on, and nothing that it started is left running."""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
import sys
import time
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from types import FrameType

_FORWARDED: Final = tuple(
    getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP", "SIGQUIT") if hasattr(signal, name)
)
_SUBREAPER: Final = 36  # PR_SET_CHILD_SUBREAPER of prctl(2)
_GRACE_SECONDS: Final = 2.0
_PAUSE_SECONDS: Final = 0.02
_SIGNALED: Final = 128


def run_child(command: Sequence[str], environ: Mapping[str, str], meanwhile: Callable[[], None]) -> int:
    """Run *command* until it ends, and return its exit code; after a signal, 128 and the signal's number.

    *meanwhile* is called as soon as the program has started; whatever it raises ends the program.

    Raises:
        OSError: It cannot be started.
    """
    others = set(_descendants())
    with _adopting_orphans(), _forwarding() as started:
        process = subprocess.Popen(command, env=environ)  # noqa: S603 - the user's own command
        started(process)
        try:
            meanwhile()
        except BaseException:
            process.kill()
            raise
        finally:
            code = process.wait()
            _end_descendants(others)
    return _SIGNALED - code if code < 0 else code


@contextmanager
def _forwarding() -> Iterator[_Signals]:
    """Pass signals on to the program until the end of the block, and do not end by them."""
    signals = _Signals()
    before = {number: signal.signal(number, signals.received) for number in _FORWARDED}
    try:
        yield signals
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


class _Signals:
    """Signals for a program, which may come before it has started."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[bytes] | None = None
        self._early: list[int] = []

    def __call__(self, process: subprocess.Popen[bytes]) -> None:
        """Pass on what came before the start, and from now on at once."""
        self._process = process
        for number in self._early:
            process.send_signal(number)

    def received(self, number: int, _: FrameType | None) -> None:
        if number in (signal.SIGINT, getattr(signal, "SIGQUIT", None)) and _in_foreground():
            return  # the terminal has sent it to the program as well
        if self._process is None:
            self._early.append(number)
        else:
            with suppress(OSError):
                self._process.send_signal(number)


def _in_foreground() -> bool:
    """Return whether the keys of a terminal send signals to this process and its program alike."""
    if sys.platform == "win32":
        return True
    try:
        terminal = os.open("/dev/tty", os.O_RDONLY | os.O_NOCTTY)
    except OSError:
        return False
    try:
        return os.tcgetpgrp(terminal) == os.getpgrp()
    except OSError:
        return False
    finally:
        os.close(terminal)


@contextmanager
def _adopting_orphans() -> Iterator[None]:
    """Be the parent of what the program leaves behind, so that it can be found (Linux)."""
    if sys.platform != "linux":
        yield
        return
    libc = ctypes.CDLL(None)
    libc.prctl(_SUBREAPER, 1, 0, 0, 0)
    try:
        yield
    finally:
        libc.prctl(_SUBREAPER, 0, 0, 0, 0)


def _end_descendants(others: set[int]) -> None:
    """End the processes that the program has left running: SIGTERM, then SIGKILL; *others* are not the program's."""
    for number in (signal.SIGTERM, signal.SIGKILL) if sys.platform == "linux" else ():
        deadline = time.monotonic() + _GRACE_SECONDS
        for pid in _running(others):
            with suppress(OSError):
                os.kill(pid, number)
        while _running(others) and time.monotonic() < deadline:
            time.sleep(_PAUSE_SECONDS)


def _running(others: set[int]) -> list[int]:
    """Return the running descendants of this process without *others*, and collect those that have ended."""
    found = [pid for pid in _descendants() if pid not in others]
    for pid in found:
        with suppress(ChildProcessError):  # it is the child of another descendant, which collects it
            os.waitpid(pid, os.WNOHANG)
    return [pid for pid in found if Path(f"/proc/{pid}").exists()]


def _descendants() -> list[int]:
    """Return the descendants of this process (Linux)."""
    parents = {}
    for entry in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):  # a process may end at any time
            # The name of the program is in parentheses, and may itself contain spaces and parentheses.
            parents[int(entry.parent.name)] = int(entry.read_text(errors="replace").rpartition(")")[2].split()[1])
    found = [os.getpid()]
    for pid in found:
        found += [child for child, parent in parents.items() if parent == pid]
    return found[1:]
