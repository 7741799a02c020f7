"""Diagrams: two files of the same drawing, its code, and how they are saved.

Source: the vendor's edrawmax-diagram skill and its downloader; facts are cited by id.
"""

from __future__ import annotations

import contextlib
import time
from functools import partial
from typing import TYPE_CHECKING, Any, Concatenate, Generic, ParamSpec, overload

from soundstage import errors
from soundstage._client.descriptors import Awaiting, Blocking, DualMethod
from soundstage._client.outputs import AsyncOutput, Output
from soundstage._protocol.downloads import Download, SaveOptions
from soundstage._values.messages import Flow, run
from soundstage._values.state import Media
from soundstage._values.unpicklable import Unpicklable
from soundstage._values.validation import path
from soundstage.vendors.edrawmax.profile import FILE_NAME, OUTPUT_FOLDER

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Iterable
    from os import PathLike
    from pathlib import Path

    from soundstage._io.drivers import AsyncDriver, SyncDriver
    from soundstage._protocol.service import Service
    from soundstage.vendors.edrawmax.profile import Kind
    from soundstage.vendors.edrawmax.service import Drawn

P = ParamSpec("P")


class SavedDiagram(list["Path"]):
    """The files that were saved, the PNG first.

    Attributes:
        problems: Why one of the two was not saved; empty where both were.
    """

    def __init__(self, files: Iterable[Path] = (), problems: Iterable[Exception] = ()) -> None:
        super().__init__(files)
        self.problems: tuple[Exception, ...] = tuple(problems)


class _Drawing(Unpicklable):
    """The part of a diagram that both kinds of client share."""

    _alternative = "save its files, or keep its raw response"

    def __init__(self, service: Service, drawn: Drawn) -> None:
        self._service = service
        self._drawn = drawn
        self._media = Media(drawn.png_url, "image"), Media(drawn.svg_url, "image")

    @property
    def kind(self) -> Kind:
        """The kind: flowchart, infographic, gantt or mindmap."""
        return self._drawn.kind

    @property
    def mermaid_code(self) -> str | None:
        """A flowchart as Mermaid code; None for the others (`edrawmax:answer.flowchart`)."""
        return self._drawn.mermaid_code

    @property
    def source_code(self) -> str | None:
        """An infographic, a Gantt chart or a mind map as code; None for a flowchart (`edrawmax:answer.others`)."""
        return self._drawn.source_code

    @property
    def raw(self) -> object:
        """The parsed response."""
        return self._drawn.raw

    def __repr__(self) -> str:
        """Shows the kind."""
        return f"<{type(self).__name__} {self.kind}>"

    def _saving(self, folder: str | PathLike[str]) -> Flow[SavedDiagram]:
        """Save both files under one name; one that fails does not keep the other from being saved."""
        place = path("folder", folder)
        stem = yield from run(partial(_reserve, place))
        files: list[Path] = []
        problems: list[Exception] = []
        try:
            for media, ending in zip(self._media, (".png", ".svg"), strict=True):
                target = place / f"{stem}{ending}"
                try:
                    files.append((yield from Download(self._service, media, None, target, SaveOptions()).flow()))
                except (errors.DownloadError, OSError) as problem:
                    problems.append(problem)
        finally:
            _release(place, stem)
        if not files:
            problems[0].add_note(f"The other file was not saved either: {problems[1]}")
            raise problems[0]
        return SavedDiagram(files, problems)


class Diagram(_Drawing):
    """A diagram, by a blocking client."""

    def __init__(self, service: Service, driver: SyncDriver, drawn: Drawn) -> None:
        super().__init__(service, drawn)
        self._driver = driver

    @property
    def png(self) -> Output:
        """The diagram as a PNG."""
        return Output(self._service, self._driver, self._media[0], None)

    @property
    def svg(self) -> Output:
        """The same diagram as an SVG."""
        return Output(self._service, self._driver, self._media[1], None)

    def save(self, folder: str | PathLike[str] = OUTPUT_FOLDER) -> SavedDiagram:
        """Save both files as ``diagram_<time>.png`` and ``.svg``, and return their paths, the PNG first.

        The time is local, to the second; a second diagram of that second gets ``_2``, and nothing is overwritten.
        If one file cannot be saved, the other is, and `problems` of the returned list has the error.

        Args:
            folder: The folder; it is created if needed.

        Raises:
            DownloadError: Neither was saved: the error of the PNG, with a note on the SVG.
            OSError: Likewise, where the file system refuses.

        Facts: edrawmax:download.files, download.trusted_hosts.
        """
        return self._driver.run(self._saving(folder))


class AsyncDiagram(_Drawing):
    """A diagram, by an awaiting client."""

    def __init__(self, service: Service, driver: AsyncDriver, drawn: Drawn) -> None:
        super().__init__(service, drawn)
        self._driver = driver

    @property
    def png(self) -> AsyncOutput:
        """The diagram as a PNG."""
        return AsyncOutput(self._service, self._driver, self._media[0], None)

    @property
    def svg(self) -> AsyncOutput:
        """The same diagram as an SVG."""
        return AsyncOutput(self._service, self._driver, self._media[1], None)

    async def save(self, folder: str | PathLike[str] = OUTPUT_FOLDER) -> SavedDiagram:
        """Save both files, as `Diagram.save`; a thread writes them."""
        return await self._driver.run(self._saving(folder))


class diagram(DualMethod, Generic[P]):  # noqa: N801 - a decorator reads as one
    """A method that returns a diagram: a `Diagram` from a sync client, an `AsyncDiagram` from an async one."""

    starts_work = True

    def __init__(self, flow: Callable[Concatenate[Any, P], Flow[Drawn]]) -> None:
        def blocking(self: Any, *args: P.args, **kwargs: P.kwargs) -> Diagram:
            return Diagram(self._service, self._driver, self._run(flow(self, *args, **kwargs)))

        async def awaiting(self: Any, *args: P.args, **kwargs: P.kwargs) -> AsyncDiagram:
            return AsyncDiagram(self._service, self._driver, await self._run(flow(self, *args, **kwargs)))

        super().__init__(flow, blocking, awaiting, ("Diagram", "AsyncDiagram"))

    @overload
    def __get__(self, client: None, owner: type) -> Callable[Concatenate[Any, P], Any]: ...
    @overload
    def __get__(self, client: Blocking, owner: type) -> Callable[P, Diagram]: ...
    @overload
    def __get__(self, client: Awaiting, owner: type) -> Callable[P, Coroutine[Any, Any, AsyncDiagram]]: ...
    def __get__(self, client: Blocking | Awaiting | None, owner: type) -> object:
        return self._get(client, owner)


def _reserve(folder: Path) -> str:
    """Return a name that no file and no concurrent save has, and reserve it until `_release`."""
    folder.mkdir(parents=True, exist_ok=True)
    first = time.strftime(FILE_NAME)
    number = 1
    while True:
        stem = first if number == 1 else f"{first}_{number}"
        number += 1
        with contextlib.suppress(FileExistsError):
            # Creating a file exclusively is the one step that cannot succeed in two processes, so it comes before the
            # check for finished files.
            _reservation(folder, stem).touch(exist_ok=False)
            if not any((folder / f"{stem}{ending}").exists() for ending in (".png", ".svg")):
                return stem
            _release(folder, stem)


def _release(folder: Path, stem: str) -> None:
    with contextlib.suppress(OSError):
        _reservation(folder, stem).unlink(missing_ok=True)


def _reservation(folder: Path, stem: str) -> Path:
    """Return the path of the empty file that reserves a name while its files are downloaded."""
    return folder / f".{stem}.saving"
