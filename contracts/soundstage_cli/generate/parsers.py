"""The parsers of `soundstage generate`: for the command, for a vendor, and for a capability, built from the catalog."""

from __future__ import annotations

import argparse
import inspect
import re
import shutil
import textwrap
from typing import TYPE_CHECKING, Any, Final

from soundstage._values.suggestions import did_you_mean
from soundstage_cli.errors import UsageError
from soundstage_cli.options import add_store_option, shorten
from soundstage_cli.parsers import StrictParser, set_completer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from soundstage_cli.generate.catalog import Capability, Option, Vendor
    from soundstage_cli.generate.option_types import OptionType

PROGRAM: Final = "soundstage generate"
TOKEN_METAVAR: Final = "TOKEN"  # noqa: S105 - a job token is an identifier and grants no access
_EPILOG: Final = """\
Credentials are read from the environment. Progress goes to standard error, file paths to standard output.

examples:
  soundstage generate                                      the vendors
  soundstage generate tomoviee                             the capabilities of one vendor
  soundstage generate tomoviee text_to_video --help        the options of one capability
  soundstage generate tomoviee text_to_video "A red fox in snow" --aspect-ratio 9:16 --out fox.mp4
  soundstage generate mediaio "Kling 3.0" --image https://example.com/fox.png --prompt "It looks up" --out fox.mp4
  soundstage generate edrawmax mindmap "Healthy life: sport, food, sleep" --lang en --out plan.svg
  token=$(soundstage generate tomoviee text_to_video "A red fox in snow" --no-wait)
  soundstage generate --resume "$token" --out fox.mp4
"""
_WIDEST: Final = 110
_MAX_CHOICES: Final = 12
"""The most choices that are shown in braces; more are listed in the help text."""


def root_parser() -> StrictParser:
    """Build the parser for a command without a vendor: help, and --resume."""
    parser = StrictParser(PROGRAM, "Generate media with any vendor's client.", _EPILOG)
    parser.usage = f"{PROGRAM} [VENDOR [CAPABILITY [PROMPT] [--OPTION VALUE ...]]]\n       {PROGRAM} --resume TOKEN"
    vendor = parser.add_argument("vendor", nargs="?", metavar="VENDOR", help="the vendor; without one, all are listed")
    set_completer(vendor, _slugs)
    parser.add_argument(
        "--resume",
        metavar=TOKEN_METAVAR,
        help="resume a job: its token, or VENDOR:CAPABILITY:ID",
    )
    add_output_options(parser, resuming=True)
    return parser


def _slugs(_: str) -> Iterable[str]:
    from soundstage_vendors import slugs

    return slugs()


def vendor_parser(vendor: Vendor) -> StrictParser:
    """Build the parser for *vendor* without a capability; the command lists its capabilities."""
    variables = ", ".join(vendor.profile.credentials.values()) or "none"
    epilog = f"Credentials: {variables}. Address: {vendor.profile.base_url_variable}, or --base-url."
    parser = StrictParser(f"{PROGRAM} {vendor.slug}", f"The capabilities of {vendor.profile.name}.", epilog)
    parser.usage = f"{PROGRAM} {vendor.slug} [CAPABILITY [PROMPT] [--OPTION VALUE ...]]"
    names = parser.add_argument(
        "capability", nargs="?", metavar="CAPABILITY", help="the capability; without one, all are listed"
    )
    set_completer(names, lambda _: [f"{one.name}\t{one.summary}" for one in vendor.capabilities])
    return parser


def capability_parser(vendor: Vendor, capability: Capability) -> StrictParser:
    """Build the parser for *capability*, with an option for each of its parameters."""
    name = capability.name if re.fullmatch(r"[\w.-]+", capability.name) else f'"{capability.name}"'
    program = f"{PROGRAM} {vendor.slug} {name}"
    parser = StrictParser(program, _paragraphs(vendor, capability), _facts_epilog(capability))
    words = capability.positional
    parser.usage = f"{parser.prog}{f' [{words.name.upper()}]' if words else ''} [--OPTION VALUE ...]"
    if words is not None:
        name = words.name.upper()
        parser.add_argument("words", nargs="?", default=argparse.SUPPRESS, metavar=name, help=_positional_help(words))
    group = parser.add_argument_group("input")
    for option in capability.options:
        _add_option(group, capability, option)
    if vendor.options and not capability.opens_account:
        client = parser.add_argument_group(f"client ({vendor.client.__name__})")
        for option in vendor.options:
            _add_option(client, capability, option)
    add_output_options(parser, resuming=False)
    return parser


def add_output_options(parser: StrictParser, *, resuming: bool) -> None:
    """Add the options for output, waiting and address."""
    group = parser.add_argument_group("output")
    group.add_argument(
        "--out",
        metavar="PATH",
        help="a file such as fox.mp4 (several results: fox-1.mp4, fox-2.mp4), or a folder (default: the current one)",
    )
    group.add_argument("--json", action="store_true", help="print one JSON object instead of paths")
    group.add_argument("--timeout", metavar="S", help="the longest wait in seconds (default: the vendor's)")
    group.add_argument("--poll", metavar="S", help="seconds between two polls (default: the vendor's)")
    add_store_option(group)
    group.add_argument("--base-url", metavar="URL", help="the vendor's address (default: the environment variable)")
    if not resuming:
        group.add_argument(
            "--max-spend",
            metavar="AMOUNT",
            help="refuse the call if it costs more, or if no document states its price; in the vendor's unit",
        )
        group.add_argument("--no-wait", action="store_true", help="print the job's token, for --resume, and exit")
        group.add_argument(
            "--dry-run", action="store_true", help="check everything and print the first request instead of sending it"
        )


def _positional_help(option: Option) -> str:
    return f"the same as --{option.flag}{'' if option.required else ' (optional)'}"


def _add_option(group: argparse._ArgumentGroup, capability: Capability, option: Option) -> None:
    names = {one.name: f"--{one.flag}" for one in capability.options}
    text = re.sub(r"`([^`]+)`", lambda found: names.get(found[1], found[1]), option.help)
    wanted = option.required and option is not capability.positional
    shared: dict[str, Any] = {"dest": option.name, "default": argparse.SUPPRESS, "required": wanted}
    choices = "" if option.type.is_switch else _choices(option.type)
    shared["help"] = " ".join(filter(None, [text, choices, _default(option)])).replace("%", "%%")
    if option.type.is_switch:
        group.add_argument(f"--{option.flag}", action=argparse.BooleanOptionalAction, **shared)
        return
    action = group.add_argument(
        f"--{option.flag}",
        type=_reader(option),
        action="append" if option.type.repeatable else "store",
        metavar=_metavar(option),
        **shared,
    )
    set_completer(action, lambda _: option.type.shown)


def _reader(option: Option) -> Callable[[str], Any]:
    def read(text: str) -> Any:
        try:
            return option.type.parse(text)
        except ValueError as error:
            hint = did_you_mean(text, option.type.shown)
            raise UsageError(f"--{option.flag} is {shorten(text)}; allowed: {error}{hint}") from None

    return read


def _metavar(option: Option) -> str:
    offered = option.type.shown
    if offered and len(offered) <= _MAX_CHOICES and not option.type.types:
        return "{" + ",".join(offered) + "}"
    return option.type.metavar or option.flag.rpartition("-")[2].upper()


def _choices(type_: OptionType) -> str:
    """Return the part of the help text that lists the allowed values."""
    parts = []
    if type_.keys:
        parts.append(f"JSON with {', '.join(type_.keys)}, or @FILE.json.")
    elif type_.types == (dict,):
        parts.append("JSON, or @FILE.json.")
    if type_.shown and (len(type_.shown) > _MAX_CHOICES or type_.types):
        parts.append(f"{'Such as' if type_.types else 'One of'}: {', '.join(type_.shown)}.")
    if type_.repeatable:
        parts.append("May be given several times.")
    return " ".join(parts)


def _default(option: Option) -> str:
    if option.default in {None, inspect.Parameter.empty} or isinstance(option.default, list | dict | tuple):
        return ""
    words = option.type.choices
    shown_default = next((word for word in option.type.shown if words[word] == option.default), option.default)
    return f"(default: {shown_default})"


def _paragraphs(vendor: Vendor, capability: Capability) -> str:
    known = capability.name if capability.name == capability.method else f"{capability.name} ({capability.method})"
    return f"{vendor.profile.name}, {known}.\n\n{_filled(capability.description)}"


def _facts_epilog(capability: Capability) -> str:
    """Return the facts that the method's docstring cites."""
    from soundstage_contracts.facts.loader import load_facts

    if not capability.facts:
        return ""
    book = load_facts(capability.facts[0].partition(":")[0])
    texts = [f"{key}: {book[key].statement}" for key in capability.facts if key in book]
    return "facts (soundstage facts FACT shows the source):\n" + "\n".join(_filled(one, "  ") for one in texts)


def width() -> int:
    """Return the width of help texts."""
    return min(_WIDEST, shutil.get_terminal_size().columns) - 2


def _filled(text: str, indent: str = "") -> str:
    further = f"{indent}  " if indent else ""
    text_only = text.replace("`", "")
    return textwrap.fill(text_only, width(), initial_indent=indent, subsequent_indent=further, break_on_hyphens=False)


def format_columns(rows: Sequence[tuple[str, str]]) -> str:
    """Format *rows* of a name and a text as two columns; a text starts below its name if the name is long."""
    column = min(max((len(name) for name, _ in rows), default=0), width() // 2) + 2
    lines = []
    for name, text in rows:
        cut = textwrap.wrap(text.replace("`", ""), width() - column - 2) or [""]
        fits = len(name) < column
        lines += [f"  {name:<{column}}{cut[0] if fits else ''}".rstrip()]
        lines += [f"{'':<{column + 2}}{line}" for line in (cut[1:] if fits else cut)]
    return "\n".join(lines)
