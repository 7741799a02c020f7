"""`soundstage doctor`: what this machine has and lacks. It asks this machine alone; nothing leaves it."""

from __future__ import annotations

import http.client
import ipaddress
import json
import os
import platform
import socket
import sys
from dataclasses import dataclass
from fractions import Fraction
from importlib import metadata
from typing import TYPE_CHECKING, Final, Literal
from urllib.request import getproxies, proxy_bypass

from soundstage_cli.env import DEFAULT_URL, server_address
from soundstage_cli.errors import needs_extra
from soundstage_contracts.facts.loader import load_facts

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterable, Iterator, Mapping
    from urllib.parse import SplitResult

HELP = "tell what this machine has and lacks, without leaving it"

Verdict = Literal["ok", "note", "problem"]

_EPILOG: Final = """\
Credentials are named, never shown. A problem makes the exit code 1; a note does not.

examples:
  soundstage doctor
  soundstage doctor --url http://127.0.0.1:9000
"""
_STYLES: Final[Mapping[Verdict, str]] = {"ok": "green", "note": "yellow", "problem": "bold red"}
_EXTRAS: Final = ("server", "contracts")
_ENCODERS: Final[Mapping[str, Mapping[str, object]]] = {
    "libx264": {"width": 64, "height": 64, "pix_fmt": "yuv420p", "time_base": Fraction(1, 24)},
    "libmp3lame": {"sample_rate": 44100, "layout": "stereo", "format": "s16p", "time_base": Fraction(1, 44100)},
}
_CONNECT_SECONDS: Final = 2.0


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at, what to think of it, and what was seen."""

    subject: str
    verdict: Verdict
    seen: str


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the server to look for."""
    parser.epilog = _EPILOG
    parser.add_argument("--url", default=DEFAULT_URL, help="the local server's address (default: %(default)s)")


def run(args: argparse.Namespace) -> int:
    """Look at everything, show it, and end with one line."""
    from soundstage_cli.console import Screen

    url = server_address(args.url)
    screen = Screen("soundstage doctor")
    findings = list(examine(url, os.environ))
    rows = [(found.subject, (found.verdict, _STYLES[found.verdict]), found.seen) for found in findings]
    screen.table(("what", "is", "seen"), rows)
    verdict, words = conclude(findings)
    screen.line(words, _STYLES[verdict])
    return 1 if verdict == "problem" else 0


def examine(url: SplitResult, environ: Mapping[str, str]) -> Iterator[Finding]:
    """Look at Python, the extras, the encoders, the server at *url*, the proxies and the credentials, in that order."""
    yield Finding("python", "ok", f"{platform.python_version()} on {platform.system()} ({sys.executable})")
    for extra in _EXTRAS:
        yield from _packages(extra)
    yield from _encoders()
    yield _server(url)
    yield _proxies(url)
    yield from _credentials(environ)


def conclude(findings: Iterable[Finding]) -> tuple[Verdict, str]:
    """Sum *findings* up in a verdict and one line."""
    subjects: dict[Verdict, list[str]] = {"ok": [], "note": [], "problem": []}
    for found in findings:
        subjects[found.verdict].append(found.subject)
    if subjects["problem"]:
        return "problem", f"Not ready: see {', '.join(dict.fromkeys(subjects['problem']))}."
    if subjects["note"]:
        return "note", f"Ready, with notes on {', '.join(dict.fromkeys(subjects['note']))}."
    return "ok", "Ready."


def _packages(extra: str) -> Iterator[Finding]:
    with needs_extra("contracts", "soundstage doctor"):
        from packaging.requirements import Requirement

    try:
        declared = metadata.requires("soundstage") or []
    except metadata.PackageNotFoundError:
        yield Finding(f"[{extra}]", "note", "soundstage itself is not installed, so its extras are unknown")
        return
    wanted = [found for found in map(Requirement, declared) if found.marker and not found.marker.evaluate()]
    for requirement in wanted:
        if requirement.marker and requirement.marker.evaluate({"extra": extra}) and not requirement.extras:
            yield _package(extra, requirement.name, str(requirement.specifier))


def _package(extra: str, name: str, wanted: str) -> Finding:
    from packaging.specifiers import SpecifierSet

    subject = f"[{extra}] {name}"
    try:
        version = metadata.version(name)
    except metadata.PackageNotFoundError:
        return Finding(subject, "note", f"not installed: pip install 'soundstage[{extra}]'")
    if not SpecifierSet(wanted).contains(version, prereleases=True):
        return Finding(subject, "problem", f"{version}; needed: {wanted}")
    return Finding(subject, "ok", version)


def _encoders() -> Iterator[Finding]:
    try:
        import av
    except ModuleNotFoundError:
        yield Finding("encoders", "note", "PyAV is not installed: no films and sounds without the server extra")
        return
    for codec in _ENCODERS:
        try:
            _open_encoder(codec)
        except (av.error.FFmpegError, ValueError) as error:
            yield Finding(f"encoder {codec}", "problem", f"PyAV {av.__version__} cannot open it: {error}")
        else:
            yield Finding(f"encoder {codec}", "ok", f"opens in PyAV {av.__version__}")


def _open_encoder(codec: str) -> None:
    import av

    context = av.CodecContext.create(codec, "w")
    for name, value in _ENCODERS[codec].items():
        setattr(context, name, value)
    context.open()


def _server(url: SplitResult) -> Finding:
    host, port = url.hostname or "", url.port or (443 if url.scheme == "https" else 80)
    subject = f"server {url.geturl()}"
    if not _is_loopback(host):
        return Finding(subject, "note", "not asked: it is not on this machine")
    health = _health(url, host, port)
    if health is not None:
        return Finding(subject, "ok", f"answers: {health}")
    try:
        with socket.create_server((host, port), family=socket.AF_INET6 if ":" in host else socket.AF_INET):
            return Finding(subject, "ok", f"nothing answers and port {port} is free: soundstage serve --port {port}")
    except OSError as error:
        return Finding(subject, "note", f"port {port} cannot be had ({error.strerror}): soundstage serve --port 0")


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _health(url: SplitResult, host: str, port: int) -> str | None:
    kind = http.client.HTTPSConnection if url.scheme == "https" else http.client.HTTPConnection
    connection = kind(host, port, timeout=_CONNECT_SECONDS)
    try:
        connection.request("GET", f"{url.path.rstrip('/')}/_soundstage/health")
        response = connection.getresponse()
        answer = json.loads(response.read()) if response.status == http.client.OK else None
    except (OSError, http.client.HTTPException, ValueError):
        return None
    finally:
        connection.close()
    return None if answer is None else json.dumps(answer)


def _proxies(url: SplitResult) -> Finding:
    caught = [name for name in (url.scheme, "all") if name in getproxies()]
    if not caught:
        return Finding("proxies", "ok", "none is set")
    if proxy_bypass(url.hostname or ""):
        return Finding("proxies", "ok", f"set, but not for {url.hostname}")
    return Finding(
        "proxies", "problem", f'{url.hostname} goes through a proxy: eval "$(soundstage env)" makes it an exception'
    )


def _credentials(environ: Mapping[str, str]) -> Iterator[Finding]:
    for sheet in load_facts().sheets.values():
        names = [name for name in sheet.environment if environ.get(name)]
        yield Finding(f"variables {sheet.vendor}", "ok", f"set: {', '.join(names)}" if names else "none is set")
