"""`soundstage generate`: any vendor's client from the shell, with options derived from its methods."""

from __future__ import annotations

import argparse
import json
import sys
from typing import TYPE_CHECKING, Any, Final

import soundstage_vendors
from soundstage_cli.errors import UsageError, print_left_out
from soundstage_cli.options import parse_seconds, shorten

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from soundstage import Job, SpendLimit
    from soundstage_cli.generate.catalog import Capability, Vendor
    from soundstage_cli.parsers import StrictParser

HELP = "generate media with any vendor's client and save it"

_NO_OPTIONS: Final = "\0"
"""A prefix that no option has, so that argparse passes every word on."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Accept any words: the options depend on the vendor and the capability."""
    parser.prefix_chars = _NO_OPTIONS
    parser.add_argument("words", nargs=argparse.REMAINDER)


def run(args: argparse.Namespace) -> int:
    """List capabilities, generate something, or resume a job."""
    parser, vendor, capability, rest = resolve(args.words)
    options = parser.parse(rest)
    if vendor is not None and capability is not None:
        return _generate(vendor, capability, options)
    if vendor is not None:
        return _show_capabilities(vendor)
    if options.resume is not None:
        return _resume(options)
    if options.vendor is not None:
        raise UsageError("options come after vendor and capability; see soundstage generate --help")
    return _show_vendors()


def resolve_parser(words: Sequence[str]) -> tuple[StrictParser, Sequence[str]]:
    """Return the parser of the remaining *words* and those words, for completion."""
    parser, _, _, rest = resolve(words)
    return parser, rest


def resolve(words: Sequence[str]) -> tuple[StrictParser, Vendor | None, Capability | None, Sequence[str]]:
    """Return the parser of the remaining *words*, the vendor and the capability that they name, and those words.

    Raises:
        UsageError: The vendor or the capability is unknown.
    """
    from soundstage_cli.generate.catalog import load_vendor
    from soundstage_cli.generate.parsers import capability_parser, root_parser, vendor_parser
    from soundstage_cli.parsers import suggestion

    if not words or words[0].startswith("-"):
        return root_parser(), None, None, words
    slug = words[0]
    vendor = load_vendor(slug)
    if len(words) == 1 or words[1].startswith("-"):
        return vendor_parser(vendor), vendor, None, words[1:]
    capability = vendor.find(words[1])
    if capability is None:
        names = [name for one in vendor.capabilities for name in (one.name, one.method)]
        hint = f"{suggestion(words[1], names)}; soundstage generate {slug} lists them"
        raise UsageError(f"{vendor.profile.name} has no capability {words[1]!r}{hint}")
    return capability_parser(vendor, capability), vendor, capability, words[2:]


def _show_vendors() -> int:
    from soundstage_cli.generate.catalog import load_vendor, vendors_with_client
    from soundstage_cli.generate.parsers import format_columns

    vendors, rows, left_out = [], [], {}
    for slug in vendors_with_client():
        try:
            vendors.append(load_vendor(slug))
        except UsageError as error:
            left_out[slug] = str(error)
    for vendor in vendors:
        names = ", ".join(capability.name for capability in vendor.capabilities)
        rows.append((vendor.slug, f"{vendor.profile.name}: {names}"))
    head = "soundstage generate VENDOR CAPABILITY"
    print(f"{head}\n\n{format_columns(rows)}\n\nsoundstage generate VENDOR lists the capabilities of one vendor.")
    print_left_out({**left_out, **soundstage_vendors.left_out()})
    return 0


def _show_capabilities(vendor: Vendor) -> int:
    from soundstage_cli.generate.parsers import format_columns

    rows = [(_quoted(capability.name), capability.summary) for capability in vendor.capabilities]
    head = f"soundstage generate {vendor.slug} CAPABILITY"
    print(f"{head}\n\n{format_columns(rows)}\n\n{head} --help lists its options.")
    return 0


def _quoted(name: str) -> str:
    return f'"{name}"' if " " in name else name


def _generate(vendor: Vendor, capability: Capability, options: argparse.Namespace) -> int:
    from soundstage_cli.generate.dry_run import dry_run
    from soundstage_cli.generate.output import check_destination
    from soundstage_cli.generate.runner import GenerateRunner

    if options.no_wait and options.out:
        raise UsageError("--no-wait saves nothing, so --out is not allowed; give --out to --resume")
    arguments = _arguments(vendor, capability, options)
    extra = {option.name: getattr(options, option.name) for option in vendor.options if hasattr(options, option.name)}
    if options.max_spend is not None:
        extra["spend_limit"] = _limit(options.max_spend)
    destination = check_destination(None if options.no_wait else options.out)
    _check_seconds(options)
    # A class method makes its own connection, so there is no client whose transport could capture the request.
    if options.dry_run and capability.opens_account:
        raise UsageError(f"--dry-run is not available for {capability.method}")
    if options.dry_run:
        found = dry_run(vendor, capability, arguments, extra, options.base_url)
        print(found.request)
        notes = [found.price, "nothing was sent"]
        notes += [f"not set: {', '.join(found.missing)}; the real call needs them"] if found.missing else []
        for note in notes:
            print(f"{vendor.slug} {capability.method}: {note}", file=sys.stderr)
        return 0
    runner = GenerateRunner(vendor, f"{vendor.slug} {capability.method}", options, destination)
    return runner.run(capability, arguments, extra)


def _arguments(vendor: Vendor, capability: Capability, options: argparse.Namespace) -> dict[str, Any]:
    """Return the method's arguments, with the positional one."""
    given = {
        option.name: getattr(options, option.name) for option in capability.options if hasattr(options, option.name)
    }
    defaults = {option.name: None for option in capability.options if option.defaults_to_none}
    positional = capability.positional
    if positional is None:
        return defaults | given
    if hasattr(options, "words"):
        if positional.name in given:
            raise UsageError(f"--{positional.flag} is given twice, once as a positional argument: {options.words!r}")
        given[positional.name] = _parse(positional.type.parse, f"--{positional.flag}", options.words)
    elif positional.required and positional.name not in given:
        raise UsageError(
            f"the {positional.flag} is missing; see soundstage generate {vendor.slug} {capability.method} --help"
        )
    return defaults | given


def _parse(parse: Callable[[str], Any], option: str, text: str) -> Any:
    try:
        return parse(text)
    except ValueError as error:
        raise UsageError(f"{option} is {shorten(text)}; allowed: {error}") from None


def _limit(amount: str) -> SpendLimit:
    """Return the limit of --max-spend."""
    from soundstage import InvalidArgument, SpendLimit

    try:
        return SpendLimit(per_job=amount)
    except InvalidArgument:
        raise UsageError(f"--max-spend is {shorten(amount)}; allowed: an amount such as 0.35, of at least 0") from None


def _check_seconds(options: argparse.Namespace) -> None:
    """Parse --timeout and --poll.

    Raises:
        UsageError: A value is not a number of seconds.
    """
    for name, least in (("timeout", 0.0), ("poll", 0.001)):
        text = getattr(options, name)
        if text is not None:
            setattr(options, name, parse_seconds(f"--{name}", text, least))


def _resume(options: argparse.Namespace) -> int:
    """Resume the job of a token or of VENDOR:CAPABILITY:ID."""
    from soundstage_cli.generate.catalog import load_vendor
    from soundstage_cli.generate.output import check_destination
    from soundstage_cli.generate.runner import GenerateRunner

    slug, find = _job_finder(options.resume)
    if not isinstance(slug, str):
        allowed = "a token printed by --no-wait, or VENDOR:CAPABILITY:ID"
        raise UsageError(f"--resume is {options.resume!r}; allowed: {allowed}")
    _check_seconds(options)
    options.no_wait = False
    return GenerateRunner(load_vendor(slug), slug, options, check_destination(options.out)).resume(find)


def _job_finder(text: str) -> tuple[object, Callable[[Any], Job]]:
    """Return the slug in *text*, None if there is none, and the function that gets the job from the client."""
    try:
        token: Mapping[str, Any] = json.loads(text)
        return token["vendor"], lambda client: client.job_from_token(text)
    except (ValueError, TypeError, KeyError, RecursionError):
        slug, _, rest = text.partition(":")
        operation, _, job_id = rest.partition(":")
        return slug if job_id else None, lambda client: client.job(job_id, operation or None)
