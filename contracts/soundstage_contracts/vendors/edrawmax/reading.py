"""Parses diagrams: Mermaid code, the shapes and words of an SVG, and the comparison of a PNG with its SVG.

Documents: mermaid.js.org/syntax and the SVG recommendation, as far as diagrams need them.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from io import BytesIO
from itertools import pairwise
from typing import TYPE_CHECKING, Any, Final
from xml.etree import ElementTree as ET

from PIL import Image

from soundstage_contracts.outcomes import require

if TYPE_CHECKING:
    from collections.abc import Iterator

SVG: Final = "{http://www.w3.org/2000/svg}"
GRID: Final = 40
"""How many points per side of the images are compared."""
NEAR: Final = 14
"""By how much a color may differ in one channel, of 255: the PNG is scaled down from a larger image."""

INK: Final = 80
"""The least contrast of words and their background, of 255."""

_ENTITY: Final = re.compile(r"#(\d+);")
_OWN: Final = re.compile(r"[\";<>`\\#]")
_NODE: Final = re.compile(r'(\w+)(?:\(\["(.*)"\]\)|\{"(.*)"\}|\["(.*)"\])')
_EDGE: Final = re.compile(r'(\w+) -->(?:\|"(.*)"\|)? (\w+)')
_TASK: Final = re.compile(r"(.+) :(t\d+), (\d{4}-\d{2}-\d{2}), (\d+)d")


@dataclass(frozen=True, slots=True)
class Chart:
    """A Mermaid flowchart: the text of each node, which nodes are questions, and the arrows with their labels."""

    nodes: dict[str, str]
    questions: frozenset[str]
    edges: tuple[tuple[str, str, str], ...]


def flowchart(code: str) -> Chart:
    """Parse a flowchart, line by line.

    Raises:
        BrokenLawError: A line is not Mermaid, or an arrow names an unknown node.
    """
    first, *lines = code.split("\n")
    require(first == "flowchart TD", f"it begins with {first!r}")
    nodes: dict[str, str] = {}
    questions: set[str] = set()
    edges: list[tuple[str, str, str]] = []
    for line in map(str.strip, lines):
        if line.startswith("accTitle: "):
            continue
        if edge := _EDGE.fullmatch(line):
            require(edge[1] in nodes and edge[3] in nodes, f"an arrow between unknown nodes: {line}")
            edges.append((edge[1], plain(edge[2] or ""), edge[3]))
            continue
        node = _NODE.fullmatch(line)
        require(node is not None, f"no line of a flowchart: {line!r}")
        assert node is not None  # noqa: S101 - for the type checker
        nodes[node[1]] = plain(next(part for part in node.groups()[1:] if part is not None))
        if node[3] is not None:
            questions.add(node[1])
    return Chart(nodes, frozenset(questions), tuple(edges))


def mindmap(code: str) -> list[tuple[int, str]]:
    """Parse a mind map into its topics, each with its depth; the root has 0."""
    first, root, *lines = code.split("\n")
    require(first == "mindmap", f"it begins with {first!r}")
    found = re.fullmatch(r'  root\(\("(.*)"\)\)', root)
    require(found is not None, f"no root: {root!r}")
    topics = [(0, plain(found[1] if found else ""))]
    for line in lines:
        node = re.fullmatch(r'( +)N\d+\["(.*)"\]', line)
        require(node is not None, f"no line of a mind map: {line!r}")
        topics += [(len(node[1]) // 2 - 1, plain(node[2]))] if node else []
    return topics


def gantt(code: str) -> list[tuple[str, str, int]]:
    """Parse a Gantt chart into its tasks, each with its first day and its length in days."""
    first, title, form, *lines = code.split("\n")
    require(first == "gantt" and title.startswith("    title "), f"it begins with {first!r} and {title!r}")
    require(form == "    dateFormat YYYY-MM-DD", f"no format of dates: {form!r}")
    tasks = []
    for line in map(str.strip, lines):
        if line.startswith("section "):
            continue
        task = _TASK.fullmatch(line)
        require(task is not None, f"no line of a Gantt chart: {line!r}")
        tasks += [(plain(task[1]), task[3], int(task[4]))] if task else []
    return tasks


def timeline(code: str) -> list[list[str]]:
    """Parse a timeline into its points, each with its details."""
    first, title, *lines = code.split("\n")
    require(first == "timeline" and title.startswith("    title "), f"it begins with {first!r} and {title!r}")
    return [[plain(part) for part in line.strip().split(" : ")] for line in lines]


def plain(text: str) -> str:
    """Return *text* with Mermaid's escaped characters replaced.

    Raises:
        BrokenLawError: A character that Mermaid reserves is not escaped.
    """
    require(not _OWN.search(_ENTITY.sub("", text)), f"not escaped: {text!r}")
    return _ENTITY.sub(lambda found: chr(int(found[1])), text)


@dataclass(slots=True)
class Drawing:
    """An SVG: its size in its own units, its areas in drawing order with their colors, its words, and its lines."""

    width: float
    height: float
    areas: list[tuple[list[tuple[float, float]], tuple[int, ...]]] = field(default_factory=list)
    words: list[str] = field(default_factory=list)
    places: list[tuple[str, tuple[float, float, float, float]]] = field(default_factory=list)
    unsure: list[tuple[float, float, float, float]] = field(default_factory=list)


def drawing(content: bytes) -> Drawing:
    """Parse an SVG as the simulator writes it.

    Raises:
        BrokenLawError: It is no SVG, or has an element that the simulator does not write.
    """
    root = ET.fromstring(content)  # noqa: S314 - our own simulator wrote it
    require(root.tag == f"{SVG}svg", f"no SVG: {root.tag}")
    _, _, width, height = (float(part) for part in root.attrib["viewBox"].split())
    read = Drawing(width, height)
    for element in root:
        match element.tag.removeprefix(SVG):
            case "rect":
                _rectangle(read, element.attrib)
            case "path":
                _path(read, element.attrib)
            case "text":
                _text(read, element)
            case name:
                require(name in ("defs", "title"), f"an element <{name}>")
    return read


def shows_the_same(svg: Drawing, png: bytes) -> int:
    """Assert that a PNG has the colors of the SVG's areas away from lines and words; return the number of points.

    Raises:
        BrokenLawError: It has another shape, or another color at some point.
    """
    with Image.open(BytesIO(png)) as image:
        pixels = image.convert("RGB")
    scale = pixels.width / svg.width
    require(abs(pixels.height - svg.height * scale) <= 1, f"{pixels.size} is not {svg.width}x{svg.height}")
    compared = 0
    for x, y in _grid(svg):
        expected = _color_at(svg, x, y, 2.5 / scale)
        if expected is None:
            continue
        found: Any = pixels.getpixel((int(x * scale), int(y * scale)))
        near = all(abs(one - other) <= NEAR for one, other in zip(found, expected, strict=True))
        require(near, f"at {x:.0f},{y:.0f} the SVG is {expected}, and the PNG {found}")
        compared += 1
    return compared


def crop_of(svg: Drawing, png: bytes, letter: str) -> bytes:
    """Return the part of a PNG where the SVG has its only word with *letter*, in black and white.

    Raises:
        BrokenLawError: Nothing is there.
    """
    with Image.open(BytesIO(png)) as image:
        pixels = image.convert("L")
    scale = pixels.width / svg.width
    (place,) = [place for word, place in svg.places if letter.casefold() in word.casefold()]
    left, top, right, bottom = (round(side * scale) for side in place)
    part = pixels.crop((left, top, right, bottom))
    shades = part.tobytes()
    darkest, lightest = min(shades), max(shades)
    require(lightest - darkest > INK, f"nothing is at {place}")
    return bytes(shade > (darkest + lightest) // 2 for shade in shades)


def _rectangle(read: Drawing, given: dict[str, str]) -> None:
    x, y, width, height = (float(given[name]) for name in ("x", "y", "width", "height"))
    corners = [(x, y), (x + width, y), (x + width, y + height), (x, y + height)]
    read.areas.append((corners, _color(given["fill"])))
    radius = float(given.get("rx", 0))
    for left in (x, x + width - radius):  # a point here may be outside of the round corner
        for top in (y, y + height - radius):
            read.unsure.append((left, top, left + radius, top + radius))


def _path(read: Drawing, given: dict[str, str]) -> None:
    numbers = [float(number) for number in re.findall(r"-?\d+(?:\.\d+)?", given["d"])]
    points = list(zip(numbers[::2], numbers[1::2], strict=True))
    if given["fill"] == "none":
        for (x0, y0), (x1, y1) in pairwise(points):
            read.unsure.append((min(x0, x1) - 6, min(y0, y1) - 6, max(x0, x1) + 6, max(y0, y1) + 6))
        if "C" in given["d"]:
            across, down = zip(*points, strict=True)
            read.unsure.append((min(across) - 6, min(down) - 6, max(across) + 6, max(down) + 6))
        return
    read.areas.append((points, _color(given["fill"])))


def _text(read: Drawing, element: ET.Element) -> None:
    given, words = element.attrib, element.text or ""
    read.words.append(words)
    x, y, width, size = (float(given[name]) for name in ("x", "y", "textLength", "font-size"))
    left = x - width * {"start": 0.0, "middle": 0.5, "end": 1.0}[given["text-anchor"]]
    place = (left - 4, y - size * 1.1, left + width + 4, y + size * 0.4)
    read.places.append((words, place))
    read.unsure.append(place)


def _grid(svg: Drawing) -> Iterator[tuple[float, float]]:
    for row in range(GRID):
        for column in range(GRID):
            yield (column + 0.5) / GRID * svg.width, (row + 0.5) / GRID * svg.height
    for corners, _ in svg.areas[1:]:  # a small area may lie between the points of the grid
        across, down = zip(*corners, strict=True)
        yield (0.9 * min(across) + 0.1 * max(across), (min(down) + max(down)) / 2)
        yield ((min(across) + max(across)) / 2, 0.88 * max(down) + 0.12 * min(down))


def _color_at(svg: Drawing, x: float, y: float, margin: float) -> tuple[int, ...] | None:
    """Return the color at a point, or None near an edge, a line or a word."""
    for left, top, right, bottom in svg.unsure:
        if left - margin <= x <= right + margin and top - margin <= y <= bottom + margin:
            return None
    found: tuple[int, ...] | None = None
    for corners, color in svg.areas:
        inside = {_within(corners, x + dx, y + dy) for dx in (-margin, 0, margin) for dy in (-margin, 0, margin)}
        if len(inside) > 1:
            return None
        if True in inside:
            found = color
    return found


def _within(corners: list[tuple[float, float]], x: float, y: float) -> bool:
    inside = False
    for (x0, y0), (x1, y1) in zip(corners, [*corners[1:], corners[0]], strict=True):
        if (y0 > y) != (y1 > y) and x < (x1 - x0) * (y - y0) / (y1 - y0) + x0:
            inside = not inside
    return inside


def _color(text: str) -> tuple[int, ...]:
    return tuple(bytes.fromhex(text.removeprefix("#")))
