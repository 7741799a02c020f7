"""The three parsers of `soundstage generate`: of the whole, of a vendor, and of a capability, made from the table."""

from __future__ import annotations

import argparse
import inspect
import re
import shutil
import textwrap
from typing import TYPE_CHECKING, Any, Final

from soundstage_cli.errors import UsageError
from soundstage_cli.options import shown
from soundstage_cli.parsers import StrictParser, completes

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from soundstage_cli.generate.catalog import Capability, Option, Vendor
    from soundstage_cli.generate.option_types import Kind

PROGRAM: Final = "soundstage generate"
TOKEN_METAVAR: Final = "TOKEN"  # noqa: S105 - a job's token names it and authorizes nobody
_EPILOG: Final = """\
Credentials come from the environment. Progress goes to standard error, the paths of the files to standard output.

examples:
  soundstage generate                                      the vendors
  soundstage generate tomoviee                             what one can do
  soundstage generate tomoviee text_to_video --help        what that can be told
  soundstage generate tomoviee text_to_video "A red fox in snow" --aspect-ratio 9:16 --out fox.mp4
  soundstage generate mediaio "Kling 3.0" --image https://example.com/fox.png --prompt "It looks up" --out fox.mp4
  soundstage generate edrawmax mindmap "Healthy life: sport, food, sleep" --lang en --out plan.svg
  token=$(soundstage generate tomoviee text_to_video "A red fox in snow" --no-wait)
  soundstage generate --resume "$token" --out fox.mp4
"""
_WIDEST: Final = 110
_SHOWN: Final = 12
"""As many words are shown in braces; more of them stand in the text."""


def outer_parser() -> StrictParser:
    """Make the parser of what comes without a vendor: help, and going on with a job."""
    parser = StrictParser(PROGRAM, "Make something by any vendor's client, from the shell.", _EPILOG)
    parser.usage = f"{PROGRAM} [VENDOR [CAPABILITY [PROMPT] [--OPTION VALUE ...]]]\n       {PROGRAM} --resume TOKEN"
    vendor = parser.add_argument("vendor", nargs="?", metavar="VENDOR", help="whose client; alone, lists all")
    completes(vendor, _slugs)
    parser.add_argument(
        "--resume",
        metavar=TOKEN_METAVAR,
        help="go on with a job: the token of one, or VENDOR:CAPABILITY:ID of one whose id is known",
    )
    add_endings(parser, resuming=True)
    return parser


def _slugs(_: str) -> Iterable[str]:
    from soundstage._registry import VENDORS

    return VENDORS


def vendor_parser(vendor: Vendor) -> StrictParser:
    """Make the parser of *vendor* without a capability: it lists them."""
    variables = ", ".join(vendor.profile.credentials.values()) or "none"
    epilog = f"Credentials: {variables}. Address: {vendor.profile.base_url_variable}, or --base-url."
    parser = StrictParser(f"{PROGRAM} {vendor.slug}", f"What {vendor.profile.name} can do.", epilog)
    parser.usage = f"{PROGRAM} {vendor.slug} [CAPABILITY [PROMPT] [--OPTION VALUE ...]]"
    names = parser.add_argument("capability", nargs="?", metavar="CAPABILITY", help="what to make; alone, lists all")
    completes(names, lambda _: [f"{one.name}\t{one.sentence}" for one in vendor.capabilities])
    return parser


def capability_parser(vendor: Vendor, capability: Capability) -> StrictParser:
    """Make the parser of *capability*, with an option for each of its parameters."""
    name = capability.name if re.fullmatch(r"[\w.-]+", capability.name) else f'"{capability.name}"'
    parser = StrictParser(f"{PROGRAM} {vendor.slug} {name}", _paragraphs(vendor, capability), _knowledge(capability))
    words = capability.words
    parser.usage = f"{parser.prog}{f' [{words.name.upper()}]' if words else ''} [--OPTION VALUE ...]"
    if words is not None:
        name = words.name.upper()
        parser.add_argument("words", nargs="?", default=argparse.SUPPRESS, metavar=name, help=_same(words))
    told = parser.add_argument_group("what to make")
    for option in capability.options:
        _add_option(told, capability, option)
    if vendor.options and not capability.opens:
        client = parser.add_argument_group(f"the client ({vendor.client.__name__})")
        for option in vendor.options:
            _add_option(client, capability, option)
    add_endings(parser, resuming=False)
    return parser


def add_endings(parser: StrictParser, *, resuming: bool) -> None:
    """Declare what becomes of a result, and how it is asked for."""
    ends = parser.add_argument_group("what becomes of it")
    ends.add_argument(
        "--out",
        metavar="PATH",
        help="a file such as film.mp4 (several results become film-1.mp4, film-2.mp4), or a folder (default: this one)",
    )
    ends.add_argument("--json", action="store_true", help="print one JSON object instead of paths")
    ends.add_argument("--timeout", metavar="S", help="seconds to wait at most (default: the vendor's own patience)")
    ends.add_argument("--poll", metavar="S", help="seconds between two looks at a job (default: the vendor's own pace)")
    ends.add_argument("--base-url", metavar="URL", help="where the vendor is, instead of the variable")
    if not resuming:
        ends.add_argument("--no-wait", action="store_true", help="print the job's token, for --resume, and end")
        ends.add_argument("--dry-run", action="store_true", help="check everything and print what would be sent first")


def _same(option: Option) -> str:
    return f"the same as --{option.word}{'' if option.required else ' (not needed)'}"


def _add_option(group: argparse._ArgumentGroup, capability: Capability, option: Option) -> None:
    names = {one.name: f"--{one.word}" for one in capability.options}
    text = re.sub(r"`([^`]+)`", lambda found: names.get(found[1], found[1]), option.help)
    wanted = option.required and option is not capability.words
    shared: dict[str, Any] = {"dest": option.name, "default": argparse.SUPPRESS, "required": wanted}
    choices = "" if option.kind.flag else _choices(option.kind)
    shared["help"] = " ".join(filter(None, [text, choices, _default(option)])).replace("%", "%%")
    if option.kind.flag:
        group.add_argument(f"--{option.word}", action=argparse.BooleanOptionalAction, **shared)
        return
    action = group.add_argument(
        f"--{option.word}",
        type=_reader(option),
        action="append" if option.kind.many else "store",
        metavar=_metavar(option),
        **shared,
    )
    completes(action, lambda _: option.kind.offered)


def _reader(option: Option) -> Callable[[str], Any]:
    def read(text: str) -> Any:
        try:
            return option.kind.read(text)
        except ValueError as error:
            raise UsageError(f"--{option.word} is {shown(text)}; allowed: {error}") from None

    return read


def _metavar(option: Option) -> str:
    offered = option.kind.offered
    if offered and len(offered) <= _SHOWN and not option.kind.types:
        return "{" + ",".join(offered) + "}"
    return option.kind.metavar or option.word.rpartition("-")[2].upper()


def _choices(kind: Kind) -> str:
    """What the text of an option says after what the option is."""
    said = []
    if kind.keys:
        said.append(f"JSON with {', '.join(kind.keys)}, or @FILE.json.")
    elif kind.types == (dict,):
        said.append("JSON, or @FILE.json.")
    if kind.offered and (len(kind.offered) > _SHOWN or kind.types):
        said.append(f"{'Such as' if kind.types else 'One of'}: {', '.join(kind.offered)}.")
    if kind.many:
        said.append("May be given several times.")
    return " ".join(said)


def _default(option: Option) -> str:
    if option.default in {None, inspect.Parameter.empty} or isinstance(option.default, list | dict | tuple):
        return ""
    words = option.kind.words
    spoken = next((word for word in option.kind.offered if words[word] == option.default), option.default)
    return f"(default: {spoken})"


def _paragraphs(vendor: Vendor, capability: Capability) -> str:
    known = capability.name if capability.name == capability.method else f"{capability.name} ({capability.method})"
    return f"{vendor.profile.name}, {known}.\n\n{_filled(capability.about)}"


def _knowledge(capability: Capability) -> str:
    """What the facts that the method's docstring cites say."""
    from soundstage_contracts.facts.loader import load_facts

    if not capability.facts:
        return ""
    book = load_facts(capability.facts[0].partition(":")[0])
    told = [f"{key}: {book[key].says}" for key in capability.facts if key in book]
    return "what is known (soundstage facts FACT tells where from):\n" + "\n".join(_filled(one, "  ") for one in told)


def width() -> int:
    """Return how wide a text may be here."""
    return min(_WIDEST, shutil.get_terminal_size().columns) - 2


def _filled(text: str, indent: str = "") -> str:
    further = f"{indent}  " if indent else ""
    plain = text.replace("`", "")
    return textwrap.fill(plain, width(), initial_indent=indent, subsequent_indent=further, break_on_hyphens=False)


def listing(rows: Sequence[tuple[str, str]]) -> str:
    """Return *rows* of a name and a sentence as two columns, or below one another where a name is long."""
    column = min(max((len(name) for name, _ in rows), default=0), width() // 2) + 2
    lines = []
    for name, text in rows:
        cut = textwrap.wrap(text.replace("`", ""), width() - column - 2) or [""]
        fits = len(name) < column
        lines += [f"  {name:<{column}}{cut[0] if fits else ''}".rstrip()]
        lines += [f"{'':<{column + 2}}{line}" for line in (cut[1:] if fits else cut)]
    return "\n".join(lines)
