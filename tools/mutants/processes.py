"""Run functions in forked processes whose output is thrown away, and receive what they return or report."""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import shutil
import sys
from importlib import import_module
from pathlib import Path
from tempfile import mkdtemp
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from multiprocessing.connection import Connection

_WARM: Final = ("anyio", "av", "fastapi", "httpx", "hypothesis.stateful", "orjson", "PIL.Image", "pytest", "respx")
"""Third-party packages that a forked process need not import again. None of ours: a mutant comes before them."""
_CONTEXT: Final = multiprocessing.get_context("fork")


class ProcessError(RuntimeError):
    """A process ended without its result; the text is its error."""


def warm_up(folder: Path) -> None:
    """Import what every run needs, and let later processes share compiled modules in *folder*."""
    sys.dont_write_bytecode = False
    sys.pycache_prefix = str(folder / "compiled")
    os.environ["HYPOTHESIS_STORAGE_DIRECTORY"] = str(folder / "hypothesis")
    os.environ["PYTEST_DEBUG_TEMPROOT"] = str(folder)
    for name in _WARM:
        import_module(name)


def call(function: Callable[..., Any], *arguments: Any) -> Any:
    """Return what *function* returns in a process of its own.

    Raises:
        ProcessError: It failed.
    """
    (result,) = _results(_call, function, arguments)
    return result


def stream(function: Callable[..., Any], *arguments: Any, **options: Any) -> Iterator[Any]:
    """Yield each tuple that *function* passes to its argument ``report`` in a process of its own, as it comes.

    Raises:
        ProcessError: It failed.
    """
    yield from _results(_stream, function, arguments, options)


def _results(target: Callable[..., Any], *arguments: Any) -> Iterator[Any]:
    receiving, sending = _CONTEXT.Pipe(duplex=False)
    # Made and removed here and not by the child, which may be killed.
    folder = mkdtemp(prefix="soundstage-mutants-")
    process = _CONTEXT.Process(target=_child, args=(sending, folder, target, *arguments))
    process.start()
    sending.close()  # so that the other end is readable when the process dies
    try:
        with contextlib.suppress(EOFError):
            while True:
                result = receiving.recv()
                if isinstance(result, ProcessError):
                    raise result
                yield result
        process.join()
        if process.exitcode:
            raise ProcessError(f"the process ended with {process.exitcode}")
    finally:
        process.terminate()
        process.join()
        shutil.rmtree(folder, ignore_errors=True)


def _call(sending: Connection, function: Callable[..., Any], arguments: tuple[Any, ...]) -> None:
    sending.send(function(*arguments))


def _stream(
    sending: Connection, function: Callable[..., Any], arguments: tuple[Any, ...], options: dict[str, Any]
) -> None:
    function(*arguments, report=lambda *values: sending.send(values), **options)


def _child(sending: Connection, folder: str, target: Callable[..., Any], *arguments: Any) -> None:
    """Call *target* in the empty *folder*, with its output thrown away."""
    if target is not _call or arguments[0].__module__.endswith(".execution"):
        os.chdir(folder)  # pytest must not find the project's own configuration
    # The descriptors and not sys.stdout: libraries in C write to the descriptors.
    with Path(os.devnull).open("w", encoding="utf-8") as silent:
        os.dup2(silent.fileno(), 1)
        os.dup2(silent.fileno(), 2)
    try:
        target(sending, *arguments)
    except Exception as error:  # noqa: BLE001 - reported to the caller
        sending.send(ProcessError(f"{type(error).__name__}: {error}"))
