"""Generate the parts of Media.io's client that list every endpoint: the table, the typed methods, the overloads.

    python tools/mediaio_methods.py            write the modules that are not up to date, and print their paths
    python tools/mediaio_methods.py --check    print their paths, and fail if there are any

It reads the table of endpoints in the facts. The generated modules belong to the client and do not import the facts.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
from pathlib import Path
from textwrap import wrap
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

ROOT: Final = Path(__file__).resolve().parents[1]
TABLE: Final = ROOT / "contracts" / "soundstage_contracts" / "facts" / "mediaio_endpoints.json"
PACKAGE: Final = ROOT / "clients" / "soundstage" / "vendors" / "mediaio"
WIDTH: Final = 120

SOURCE: Final = """\
Source: the pages of the API's endpoints, read in November 2026. `tools/mediaio_methods.py` generates this module;
do not edit it.
"""
MODULES: Final = {
    "text-to-image": ("text_to_image", "TextToImage", "Images from a text"),
    "image-to-image": ("image_to_image", "ImageToImage", "Images from images and a text"),
    "image-to-video": ("image_to_video", "ImageToVideo", "Videos that start with an image"),
    "text-to-video": ("text_to_video", "TextToVideo", "Videos from a text"),
}
RESULTS: Final = {"text-to-image": "an image", "image-to-image": "an image"}
"""The result of a capability; that of the others is a video."""
DESCRIPTIONS: Final = {
    "ratio": "Aspect ratio",
    "aspect_ratio": "Aspect ratio",
    "size": "Aspect ratio",
    "resolution": "Output resolution",
    "duration": "Duration in seconds",
    "counts": "Number of images",
    "shot_type": "Several shots or a single one",
    "multi_shots": "Whether the video has several shots",
    "generate_audio": "Whether the video has sound",
}
RESTRICTIONS: Final = {("Hailuo 2.3", "resolution"): "1080P only with 6s"}
"""Restrictions of a parameter that its own values do not show."""


class Parameter:
    """One parameter of an endpoint, and the Python code for it."""

    def __init__(self, data: dict[str, Any], endpoint: str) -> None:
        self.data = data
        self.endpoint = endpoint
        self.name: str = data["name"]
        self.required: bool = data["required"]
        self.choices: list[str] = data.get("enum", [])

    @property
    def is_switch(self) -> bool:
        """Whether its values are True and False."""
        return set(self.choices) == {"True", "False"}

    @property
    def numbers(self) -> list[int]:
        """Its values as integers, where they are integers or seconds."""
        found = [re.fullmatch(r"(\d+)s?", choice) for choice in self.choices]
        return [int(one[1]) for one in found if one]

    @property
    def annotation(self) -> str:
        """Its type: the vendor's strings, and the natural Python values beside them."""
        if self.is_switch:
            return 'bool | Literal["True", "False"]'
        if self.choices:
            return f"Literal[{', '.join([*map(quoted, self.choices), *map(str, self.numbers)])}]"
        if self.data["type"] == "array<string>":
            return "list[str] | tuple[str, ...]"
        return "str" if self.required else "str | None"

    @property
    def default(self) -> str:
        """The default of the method's argument."""
        own: str | None = self.data.get("default")
        if own is None:
            return "None"
        natural = self.is_switch or own.isdigit()
        return own if natural else quoted(own)

    @property
    def row(self) -> str:
        """Its entry in the client's table."""
        arguments = [quoted(self.name)]
        arguments += ["required=True"] if self.required else []
        if self.choices:
            arguments += [f"choices=({', '.join(map(quoted, self.choices))}{',' if len(self.choices) == 1 else ''})"]
        elif "max_items" in self.data:
            arguments += [f"most={self.data['max_items']}"]
        elif "max_length" in self.data:
            arguments += [f"longest={self.data['max_length']}"]
        return f"Parameter({', '.join(arguments)})"

    @property
    def description(self) -> str:
        """Its description in the method's docstring."""
        if self.choices:
            more = RESTRICTIONS.get((self.endpoint, self.name), "")
            values = "" if self.is_switch else f": {_or(self.choices)}"
            return f"{DESCRIPTIONS[self.name]}{values}{'; ' if more else ''}{more}."
        if "formats" in self.data:
            return self._file_limits()
        optional = "" if self.required else "; None omits it"
        return f"Description of the result, at most {self.data['max_length']} characters{optional}."

    def _file_limits(self) -> str:
        """Formats, size, sides and, for a video, frame rate and length of an input file."""
        data = self.data
        formats = _or(list(dict.fromkeys(name.replace("JPG", "JPEG") for name in data["formats"])))
        many = f"Addresses of 1 to {data['max_items']} files" if "max_items" in data else "Address of a file"
        sides = (data["min_pixels"].partition("x")[0], data["max_pixels"].partition("x")[0])
        limits = [
            f"{many} of {formats}",
            f"at most {data['max_megabytes']:g} MB",
            "{} to {} pixels a side".format(*sides),
        ]
        if "min_aspect" in data:
            limits.append(f"width to height {data['min_aspect']} to {data['max_aspect']}")
        if "min_fps" in data:
            limits.append(f"{data['min_fps']} to {data['max_fps']} frames a second")
            limits.append(f"{data['min_seconds']} to {data['max_seconds']} s")
        return f"{', '.join(limits)}."


class Endpoint:
    """One generation endpoint, and the Python code for it."""

    def __init__(self, data: dict[str, Any]) -> None:
        self.data = data
        self.name: str = data["name"]
        self.capability: str = data["capability"]
        self.result = RESULTS.get(self.capability, "a video")
        found = [Parameter(one, self.name) for one in data["parameters"]]
        needed = sorted((one for one in found if one.required), key=lambda one: one.name != "prompt")
        self.parameters = (*needed, *(one for one in found if not one.required))

    @property
    def method(self) -> str:
        """The name of its method."""
        return re.sub(r"[^a-z0-9]+", "_", self.name.lower()).strip("_")

    @property
    def kind(self) -> str:
        """The kind of its outputs."""
        return "image" if self.capability in RESULTS else "video"

    @property
    def typed(self) -> str:
        """The name of the type of its parameters."""
        return "".join(word.capitalize() for word in self.method.split("_")) + "Parameters"

    def row(self) -> Iterator[str]:
        """Its entry in the client's table."""
        yield "        Endpoint("
        yield f"            {quoted(self.name)},"
        yield f"            {quoted(self.method)},"
        yield f"            {quoted(self.data['path'])},"
        yield f"            {quoted(self.kind)},"
        yield "            ("
        yield from (f"                {one.row}," for one in self.parameters)
        yield "            ),"
        yield "        ),"

    def dictionary(self) -> Iterator[str]:
        """Its keyword arguments as a type."""
        yield f"class {self.typed}(TypedDict, total=False):"
        yield f'    """The parameters of `generate({quoted(self.name)}, ...)`."""'
        yield ""
        for one in self.parameters:
            yield f"    {one.name}: {f'Required[{one.annotation}]' if one.required else one.annotation}"

    def overload(self, *, awaiting: bool) -> Iterator[str]:
        """Its overload of `generate`."""
        define, returns = ("async def", "AsyncJob") if awaiting else ("def", "Job")
        yield "    @overload"
        line = (
            f"    {define} generate(self, name: Literal[{quoted(self.name)}], "
            f"**parameters: Unpack[{self.typed}]) -> {returns}: ..."
        )
        if len(line) <= WIDTH:
            yield line
            return
        yield f"    {define} generate("
        yield f"        self, name: Literal[{quoted(self.name)}], **parameters: Unpack[{self.typed}]"
        yield f"    ) -> {returns}: ..."

    def definition(self) -> Iterator[str]:
        """Its method."""
        yield "    @submission"
        yield f"    def {self.method}("
        yield "        self,"
        yield from (f"        {one.name}: {one.annotation}," for one in self.parameters if one.required)
        yield "        *,"
        yield from (
            f"        {one.name}: {one.annotation} = {one.default}," for one in self.parameters if not one.required
        )
        yield "    ) -> Flow[StartedJob]:"
        yield f'        """Start {self.result} by {self.name}; it costs credits.'
        yield ""
        yield "        Args:"
        for one in self.parameters:
            yield from _wrapped(f"{one.name}: {one.description}", "            ", "                ")
        yield ""
        number = "`counts` images" if any(one.name == "counts" for one in self.parameters) else None
        yield "        Returns:"
        outputs = number or re.sub("^an? ", "one ", self.result)
        yield f"            A queued job; its `outputs` will be {outputs}. Raises the errors of `generate`."
        yield ""
        code = self.data["model_code"]
        facts = ", ".join(f"endpoint.{code}.{one.name}" for one in self.parameters)
        yield from _wrapped(f"Facts: mediaio:{facts}.", "        ", "            ")
        yield '        """'
        given = ", ".join(f"{quoted(one.name)}: {one.name}" for one in self.parameters)
        line = f"        return self._submit({quoted(self.method)}, {{{given}}})"
        if len(line) <= WIDTH:
            yield line
            return
        yield "        return self._submit("
        yield f"            {quoted(self.method)},"
        line = f"            {{{given}}},"
        if len(line) <= WIDTH:
            yield line
        else:
            yield "            {"
            yield from (f"                {quoted(one.name)}: {one.name}," for one in self.parameters)
            yield "            },"
        yield "        )"


def quoted(text: str) -> str:
    """Return *text* as a string of Python in double quotes."""
    return json.dumps(text)


def _or(words: Sequence[str]) -> str:
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} or {words[-1]}"


def _wrapped(text: str, first: str, rest: str) -> list[str]:
    return wrap(
        text, WIDTH, initial_indent=first, subsequent_indent=rest, break_long_words=False, break_on_hyphens=False
    )


def endpoints() -> list[Endpoint]:
    """Return the endpoints that generate something, in the table's order."""
    table = json.loads(TABLE.read_text(encoding="utf-8"))
    return [Endpoint(one) for one in table["endpoints"] if one["capability"] in MODULES]


def table(found: Sequence[Endpoint]) -> Iterator[str]:
    """Generate the client's own table of endpoints."""
    yield from ('"""Media.io\'s generation endpoints as data: their names, routes and parameters.', "")
    yield from (*SOURCE.splitlines(), '"""', "")
    yield "from __future__ import annotations"
    yield ""
    yield "from types import MappingProxyType"
    yield "from typing import TYPE_CHECKING, Final"
    yield ""
    yield "from soundstage.vendors.mediaio.bodies import Endpoint, Parameter"
    yield ""
    yield "if TYPE_CHECKING:"
    yield "    from collections.abc import Mapping"
    yield ""
    yield "_ALL: Final = ("
    for one in found:
        yield from (line[4:] for line in one.row())
    yield ")"
    yield ""
    yield "ENDPOINTS: Final[Mapping[str, Endpoint]] = MappingProxyType({one.method: one for one in _ALL})"
    yield '"""Every endpoint by the name of its method."""'


def methods(found: Sequence[Endpoint], capability: str) -> Iterator[str]:
    """Generate the module of a capability's methods."""
    _, kind, about = MODULES[capability]
    mine = [one for one in found if one.capability == capability]
    literal = any("Literal" in parameter.annotation for one in mine for parameter in one.parameters)
    yield from (f'"""{about}: one method for each of Media.io\'s endpoints, for both kinds of client.', "")
    yield from (*SOURCE.splitlines(), '"""', "")
    yield "from __future__ import annotations"
    yield ""
    yield f"from typing import TYPE_CHECKING{', Literal' if literal else ''}"
    yield ""
    yield "from soundstage._client.descriptors import submission"
    yield "from soundstage.vendors.mediaio.bodies import EndpointMethods"
    yield ""
    yield "if TYPE_CHECKING:"
    yield "    from soundstage._values.messages import Flow"
    yield "    from soundstage._values.state import StartedJob"
    yield ""
    yield ""
    yield f"class {kind}(EndpointMethods):"
    yield f'    """{about}."""'
    for one in mine:
        yield ""
        yield from one.definition()


def overloads(found: Sequence[Endpoint]) -> Iterator[str]:
    """Generate the module of `generate`, which takes the vendor's exact names."""
    yield from ('"""`generate`: Media.io\'s endpoints by their exact names, with one overload for each.', "")
    yield from (*SOURCE.splitlines(), '"""', "")
    yield "from __future__ import annotations"
    yield ""
    yield "from abc import ABC, abstractmethod"
    yield "from typing import TYPE_CHECKING, Any, Literal, overload"
    yield ""
    yield "if TYPE_CHECKING:"
    yield "    from typing import Unpack"
    yield ""
    yield "    from soundstage._client.jobs import AsyncJob, Job"
    yield "    from soundstage.vendors.mediaio.parameters import ("
    yield from (f"        {name}," for name in sorted(one.typed for one in found))
    yield "    )"
    for awaiting in (False, True):
        yield from ("", "")
        yield f"class {'AwaitingGenerate' if awaiting else 'Generate'}(ABC):"
        yield f'    """`generate` of the {"awaiting" if awaiting else "blocking"} client."""'
        for one in found:
            yield ""
            yield from one.overload(awaiting=awaiting)
        define, returns, wait = ("async def", "AsyncJob", "await ") if awaiting else ("def", "Job", "")
        yield f"    {define} generate(self, name: str, **parameters: Any) -> {returns}:"
        yield '        """Start a job by an endpoint\'s exact name, such as "Kling 3.0"; it costs credits.'
        yield ""
        yield "        Args:"
        yield "            name: The vendor's name; each endpoint is also a method, such as `kling_3_0`."
        yield "            **parameters: The arguments of that method."
        yield ""
        yield "        Raises:"
        yield "            InvalidArgument: There is no such endpoint or parameter, or a value is not allowed."
        yield "            SubmitOutcomeUnknown: The request was sent, and its outcome is unknown."
        yield "            ApiError: Media.io refused; nothing was charged."
        yield ""
        yield "        Facts: mediaio:names.unique."
        yield '        """'
        yield f"        return {wait}self._generate(name, parameters)"
        yield ""
        yield "    @abstractmethod"
        yield f"    {define} _generate(self, name: str, parameters: dict[str, Any]) -> {returns}: ..."


def dictionaries(found: Sequence[Endpoint]) -> Iterator[str]:
    """Generate the module of the types of each endpoint's keyword arguments."""
    yield from ('"""The parameters of each of Media.io\'s endpoints, as types for editors and type checkers.', "")
    yield from (*SOURCE.splitlines(), '"""', "")
    yield "from typing import Literal, Required, TypedDict"
    for one in found:
        yield from ("", "")
        yield from one.dictionary()


def modules() -> dict[Path, str]:
    """Return each generated module and its text."""
    found = endpoints()
    made = {
        "endpoints": table(found),
        "parameters": dictionaries(found),
        "overloads": overloads(found),
        **{name: methods(found, capability) for capability, (name, _, _) in MODULES.items()},
    }
    return {PACKAGE / f"{name}.py": "\n".join(lines) + "\n" for name, lines in made.items()}


def outdated() -> dict[Path, str]:
    """Return the modules on disk that differ from their generated text, and that text."""
    return {
        path: text for path, text in modules().items() if not path.is_file() or path.read_text(encoding="utf-8") != text
    }


def main(arguments: Sequence[str] | None = None) -> int:
    """Write the modules, or check that they are up to date."""
    parser = argparse.ArgumentParser(description="Write Media.io's table, methods and overloads from the facts.")
    parser.add_argument("--check", action="store_true", help="write nothing, and fail if a module is not up to date")
    check = parser.parse_args(arguments).check
    changed = outdated()
    for path, text in changed.items():
        print(path.relative_to(ROOT))
        if not check:
            path.write_text(text, encoding="utf-8")
    return int(check and bool(changed))


if __name__ == "__main__":
    sys.exit(main())
