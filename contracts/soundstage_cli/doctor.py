"""`soundstage doctor`: checks this installation without any request to another machine."""

from __future__ import annotations

import json
import os
import platform
import socket
import sys
from dataclasses import dataclass
from fractions import Fraction
from importlib import metadata
from typing import TYPE_CHECKING, Final, Literal
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

from soundstage_cli.env import DEFAULT_URL, server_address
from soundstage_cli.errors import install_command, needs_extra
from soundstage_cli.options import is_loopback
from soundstage_contracts.facts.loader import load_facts, unusable_facts
from soundstage_vendors import VendorError, find, left_out, load, slugs
from soundstage_vendors.discovery import origin
from soundstage_vendors.parts import is_ours

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterable, Iterator, Mapping
    from urllib.parse import SplitResult

HELP = "check this installation, without any request to another machine"

Status = Literal["ok", "note", "problem"]

_EPILOG: Final = """\
Variables are listed by name, never with their values. A problem makes the exit code 1; a note does not.

examples:
  soundstage doctor
  soundstage doctor --url http://127.0.0.1:9000
"""
_STYLES: Final[Mapping[Status, str]] = {"ok": "green", "note": "yellow", "problem": "bold red"}
_EXTRAS: Final = ("server", "contracts", "run", "postgres")
_ENCODERS: Final[Mapping[str, Mapping[str, object]]] = {
    "libx264": {"width": 64, "height": 64, "pix_fmt": "yuv420p", "time_base": Fraction(1, 24)},
    "libmp3lame": {"sample_rate": 44100, "layout": "stereo", "format": "s16p", "time_base": Fraction(1, 44100)},
}
_CONNECT_SECONDS: Final = 2.0


@dataclass(frozen=True, slots=True)
class CheckResult:
    """The result of one check: its name, its status and what was found."""

    name: str
    status: Status
    detail: str


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the address of the server to check."""
    parser.epilog = _EPILOG
    parser.add_argument("--url", default=DEFAULT_URL, help="the address of the local server (default: %(default)s)")


def run(args: argparse.Namespace) -> int:
    """Run every check, print a table of the results and a summary line."""
    from soundstage_cli.console import Printer

    url = server_address(args.url)
    printer = Printer("soundstage doctor")
    results = list(run_checks(url, os.environ))
    rows = [(found.name, (found.status, _STYLES[found.status]), found.detail) for found in results]
    printer.table(("check", "status", "detail"), rows)
    status, words = summarize(results)
    printer.line(words, _STYLES[status])
    return 1 if status == "problem" else 0


def run_checks(url: SplitResult, environ: Mapping[str, str]) -> Iterator[CheckResult]:
    """Check Python, the extras, the encoders, the server at *url*, proxies, variables and plug-ins, in this order."""
    yield CheckResult("python", "ok", f"{platform.python_version()} on {platform.system()} ({sys.executable})")
    for extra in _EXTRAS:
        yield from _check_packages(extra)
    yield from _check_encoders()
    yield _check_fonts()
    yield _check_server(url)
    yield _check_proxies(url)
    yield from _check_variables(environ)
    yield from _check_vendors()


def summarize(results: Iterable[CheckResult]) -> tuple[Status, str]:
    """Return the worst status of *results* and a summary line."""
    names: dict[Status, list[str]] = {"ok": [], "note": [], "problem": []}
    for found in results:
        names[found.status].append(found.name)
    if names["problem"]:
        return "problem", f"Not ready: see {', '.join(dict.fromkeys(names['problem']))}."
    if names["note"]:
        return "note", f"Ready, with notes on {', '.join(dict.fromkeys(names['note']))}."
    return "ok", "Ready."


def _check_packages(extra: str) -> Iterator[CheckResult]:
    with needs_extra("contracts", "soundstage doctor"):
        from packaging.requirements import Requirement

    try:
        declared = metadata.requires("soundstage") or []
    except metadata.PackageNotFoundError:
        yield CheckResult(f"[{extra}]", "note", "soundstage itself is not installed, so its extras are unknown")
        return
    # Requirements that do not apply as they are belong to an extra.
    wanted = [found for found in map(Requirement, declared) if found.marker and not found.marker.evaluate()]
    for requirement in wanted:  # one with extras of its own refers to soundstage itself, as [all] does
        if requirement.marker and requirement.marker.evaluate({"extra": extra}) and not requirement.extras:
            yield _check_package(extra, requirement.name, str(requirement.specifier))


def _check_package(extra: str, name: str, wanted: str) -> CheckResult:
    from packaging.specifiers import SpecifierSet

    label = f"[{extra}] {name}"
    try:
        version = metadata.version(name)
    except metadata.PackageNotFoundError:
        return CheckResult(label, "note", f"not installed: {install_command(extra)}")
    if not SpecifierSet(wanted).contains(version, prereleases=True):
        return CheckResult(label, "problem", f"{version}; needed: {wanted}")
    return CheckResult(label, "ok", version)


def _check_encoders() -> Iterator[CheckResult]:
    try:
        import av
    except ModuleNotFoundError:
        yield CheckResult(
            "encoders", "note", "PyAV is not installed: the simulator makes no video or audio without the server extra"
        )
        return
    for codec in _ENCODERS:
        try:
            _open_encoder(codec)
        except (av.error.FFmpegError, ValueError) as error:
            yield CheckResult(f"encoder {codec}", "problem", f"PyAV {av.__version__} cannot open it: {error}")
        else:
            yield CheckResult(f"encoder {codec}", "ok", f"opens in PyAV {av.__version__}")


def _open_encoder(codec: str) -> None:
    import av

    context = av.CodecContext.create(codec, "w")
    for name, value in _ENCODERS[codec].items():
        setattr(context, name, value)
    context.open()


def _check_fonts() -> CheckResult:
    try:
        from soundstage_server.media.fonts import fonts_in_use
    except ModuleNotFoundError:
        return CheckResult("fonts", "note", "Pillow is not installed: no images and videos without the server extra")
    fonts = fonts_in_use()
    places = {row: "" if row.origin == "package" else f" {row.path}".rstrip() for row in fonts}
    known = [f"{row.scripts}: {row.family} from {row.origin}{place}" for row, place in places.items() if row.origin]
    missing = [f"{row.scripts}: none, shown as code points" for row in fonts if not row.origin]
    return CheckResult("fonts", "note" if missing else "ok", "; ".join(known + missing))


def _check_server(url: SplitResult) -> CheckResult:
    host, port = url.hostname or "", url.port or (443 if url.scheme == "https" else 80)
    name = f"server {url.geturl()}"
    if not is_loopback(host):
        return CheckResult(name, "note", "not checked: it is not on this machine")
    health = _request_health(url)
    if health is not None:
        failure = _client_failure(url)
        if failure:
            return CheckResult(name, "problem", f"responds, but not to a client of this environment: {failure}")
        return CheckResult(name, "ok", f"responds: {health}")
    try:
        with socket.create_server((host, port), family=socket.AF_INET6 if ":" in host else socket.AF_INET):
            return CheckResult(
                name, "ok", f"not running, and port {port} is free; start it: soundstage serve --port {port}"
            )
    except OSError as error:
        return CheckResult(
            name, "note", f"port {port} is not available ({error.strerror}); use another: soundstage serve --port 0"
        )


def _request_health(url: SplitResult) -> str | None:
    """Return what the server responds to a request that uses no proxy; None if it is no healthy simulator."""
    import httpx

    try:
        response = httpx.get(_health_url(url), timeout=_CONNECT_SECONDS, trust_env=False)
        return json.dumps(response.json()) if response.status_code == httpx.codes.OK else None
    except (httpx.HTTPError, httpx.InvalidURL, ValueError):
        return None


def _client_failure(url: SplitResult) -> str:
    """Return why the clients' HTTP library does not reach the healthy server at *url*; empty if it does."""
    import httpx

    addresses = [address for scheme, address in getproxies().items() if scheme in (url.scheme, "all")]
    if not all(is_loopback(urlsplit(address).hostname or "") for address in addresses):
        return ""  # the request could leave this machine; the check of proxies has the result
    try:
        response = httpx.get(_health_url(url), timeout=_CONNECT_SECONDS)
    except (httpx.HTTPError, httpx.InvalidURL, ValueError) as error:
        return f"{type(error).__name__}: {error}"
    return "" if response.status_code == httpx.codes.OK else f"HTTP {response.status_code}"


def _health_url(url: SplitResult) -> str:
    return f"{url.geturl().rstrip('/')}/_soundstage/health"


def _check_proxies(url: SplitResult) -> CheckResult:
    proxies = getproxies()
    shown = ", ".join(f"{scheme} {_without_credentials(address)}" for scheme, address in sorted(proxies.items()))
    if proxies.keys().isdisjoint((url.scheme, "all")):
        return CheckResult("proxies", "ok", f"none for {url.scheme} ({shown})" if shown else "none set")
    if proxy_bypass(url.hostname or ""):
        return CheckResult("proxies", "ok", f"bypassed for {url.hostname} ({shown})")
    return CheckResult(
        "proxies",
        "problem",
        f'requests to {url.hostname} would use a proxy ({shown}); add an exception: eval "$(soundstage env)"',
    )


def _without_credentials(address: str) -> str:
    """Return the address of a proxy without user and password; the value of NO_PROXY is unchanged."""
    scheme, separator, rest = address.rpartition("://")
    return f"{scheme}{separator}{rest.rpartition('@')[2]}"


def _check_variables(environ: Mapping[str, str]) -> Iterator[CheckResult]:
    for facts in load_facts().vendors.values():
        names = [name for name in facts.environment if environ.get(name)]
        yield CheckResult(f"variables {facts.vendor}", "ok", f"set: {', '.join(names)}" if names else "none set")


def _check_vendors() -> Iterator[CheckResult]:
    """Load what plug-ins declare, their simulators and clients included, and name everything that is broken."""
    problems = {**unusable_facts(), **left_out()}
    for slug in slugs():
        if slug in problems or is_ours(slug):
            continue
        try:
            for part in ("client", "async_client", "profile", "service", "contract"):
                if getattr(find(slug), part) is not None:
                    load(slug, part)
        except VendorError as error:
            problems[slug] = str(error)
        except ModuleNotFoundError as error:
            yield CheckResult(f"vendor {slug}", "note", f"not all parts are checked: {error.name} is not installed")
        else:
            yield CheckResult(f"vendor {slug}", "ok", f"{find(slug).title}, from {origin(slug)}")
    for slug, sentence in problems.items():
        yield CheckResult(f"vendor {slug}", "problem", sentence)
