"""Runs a subcommand and returns its exit code: 0 success, 1 failure, 2 usage error, 130 Ctrl-C, 143 SIGTERM."""

from __future__ import annotations

# Nothing else is imported here: a Ctrl-C during an import outside of `main` would print a traceback.
import gc
import sys

TYPE_CHECKING = False  # `typing` itself takes some milliseconds to import
if TYPE_CHECKING:
    from collections.abc import Sequence

INTERRUPTED = 130
TERMINATED = 143
_GC_FIRST = 50_000


class Terminated(KeyboardInterrupt):
    """The process was asked to end by SIGTERM; it cleans up and reports what is unfinished, as after Ctrl-C."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line *argv* (the arguments of this process when None) and return its exit code.

    Raises:
        SystemExit: The arguments request help or the version (0), or are invalid (2).
    """
    thresholds = gc.get_threshold()
    try:
        # What is imported stays: collecting as often as by default only takes a part of the start.
        gc.set_threshold(_GC_FIRST, *thresholds[1:])
        with _Termination():
            return _run(sys.argv[1:] if argv is None else argv)
    except Terminated:
        print(file=sys.stderr)
        return TERMINATED
    except KeyboardInterrupt:
        print(file=sys.stderr)
        return INTERRUPTED
    finally:
        gc.set_threshold(*thresholds)


class _Termination:
    """Raises `Terminated` at the first SIGTERM of the block, unless the program that started this one handles it."""

    def __enter__(self) -> None:
        import signal
        import threading

        self._installed = (
            threading.current_thread() is threading.main_thread()  # no other thread may set a handler
            and signal.getsignal(signal.SIGTERM) is signal.SIG_DFL
        )
        if self._installed:
            signal.signal(signal.SIGTERM, self._terminate)

    def __exit__(self, *_: object) -> None:
        import signal

        if self._installed:
            signal.signal(signal.SIGTERM, signal.SIG_DFL)

    def _terminate(self, *_: object) -> None:
        import signal

        # timeout(1) and supervisors often send it twice. The second one must not break off the clean-up.
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        raise Terminated


def _run(argv: Sequence[str]) -> int:
    from soundstage_cli.commands import parse
    from soundstage_cli.errors import CommandError
    from soundstage_vendors import VendorError

    for stream in (sys.stdout, sys.stderr):
        # An encoding without a character, such as ASCII, is no reason to fail.
        if getattr(stream, "errors", None) == "strict":
            stream.reconfigure(errors="backslashreplace")  # type: ignore[union-attr]  # only a real stream is strict
    try:
        args = parse(argv)
        code: int = args.run(args)
        sys.stdout.flush()
    except CommandError as error:
        print(f"soundstage: {error}", file=sys.stderr)
        return error.exit_code
    except VendorError as error:  # of a plug-in, which the command needed
        print(f"soundstage: {error}", file=sys.stderr)
        return CommandError.exit_code
    except BrokenPipeError:  # the reader, such as head or less, closed the pipe: no error of ours
        _discard_remaining_output()
        return 0
    return code


def _discard_remaining_output() -> None:
    """Redirect standard output to the null device, so that the interpreter's final flush cannot fail."""
    import os
    from contextlib import suppress

    with suppress(OSError, ValueError):  # a replaced stream may have no file descriptor
        stream = sys.stdout.fileno()
        null = os.open(os.devnull, os.O_WRONLY)
        os.dup2(null, stream)
        os.close(null)
