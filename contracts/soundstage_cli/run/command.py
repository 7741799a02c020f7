"""`soundstage run`: any program, unchanged, with the vendors' hosts simulated and every other host refused."""

from __future__ import annotations

import argparse
import os
import re
import shutil
import sys
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Final

from soundstage_cli.errors import CommandError, UsageError, needs_extra
from soundstage_cli.simulated import add_world_arguments, open_world

if TYPE_CHECKING:
    from collections.abc import Sequence

    from soundstage_cli.run.report import Report
    from soundstage_server.proxy.rules import Rules

HELP = "run a program, unchanged, with the vendors' hosts simulated and every other host refused"

_COMMAND: Final = "soundstage run"
_EPILOG: Final = """\
The program gets a proxy, the certificate of the simulator for every common stack, placeholder credentials, and its own
arguments and streams. Its exit code is passed on; 127: there is no such program, 126: it cannot be run.

examples:
  soundstage run -- python video.py
  soundstage run --allow '*.amazonaws.com' --report run.json -- node video.mjs
  soundstage run --fail-on double,leak,unresolved -- go run .
  soundstage run --offline-proof -- ./video.sh           a network with loopback alone (Linux)
"""
_HOST: Final = re.compile(r"(\*\.)?[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*|[0-9A-Fa-f:]+")
_NOT_FOUND, _NOT_EXECUTABLE = 127, 126
_HTTPS, _HTTP = 443, 80


class _NoProgramError(CommandError):
    exit_code = _NOT_FOUND


class _NotExecutableError(CommandError):
    exit_code = _NOT_EXECUTABLE


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the world, the hosts, the report and the program."""
    parser.epilog = _EPILOG
    parser.usage = "soundstage run [OPTIONS] -- PROGRAM [ARGUMENTS]"
    add_world_arguments(parser, speed="auto")
    parser.add_argument(
        "--allow",
        action="append",
        default=[],
        metavar="HOST",
        help="pass requests to this host on, untouched; *.example.com allows every host below it; repeatable",
    )
    parser.add_argument(
        "--offline-proof",
        action="store_true",
        help="run in a network namespace with loopback alone: the kernel stops whatever ignores the proxy (Linux)",
    )
    parser.add_argument("--report", metavar="FILE", help="write costs, refused hosts and every exchange there, as JSON")
    parser.add_argument(
        "--fail-on",
        metavar="LIST",
        default="",
        help="exit with 1 although the program succeeded, for: double (a job submitted twice), leak (a refused host), "
        "unresolved (a job whose end the program has not seen); separated by commas",
    )
    parser.add_argument("program", nargs=argparse.REMAINDER, metavar="PROGRAM", help="the program and its arguments")


def run(args: argparse.Namespace) -> int:
    """Run the program, print what it has done on standard error, and return its exit code."""
    from soundstage_cli.run.report import CHECKS

    checks = [check.strip() for check in args.fail_on.split(",") if check.strip()]
    for check in checks:
        if check not in CHECKS:
            raise UsageError(f"--fail-on is {args.fail_on!r}; allowed: {', '.join(CHECKS)}, separated by commas")
    command = _program(args.program)
    path = _report_path(args.report)
    if args.speed is None and args.state is None:
        args.speed = "auto"
    report = _simulate(args, command)
    failed = report.failed(checks)
    for line in (*report.lines(), *(f"failed: --fail-on {check}" for check in failed)):
        print(f"soundstage run: {line}", file=sys.stderr)
    if path is not None:
        try:
            report.write(path)
        except OSError as error:  # such as a full disk
            raise CommandError(f"the report cannot be written: {error}") from None
    return report.exit_code or int(bool(failed))


def _program(words: Sequence[str]) -> list[str]:
    """Return the command, its program found.

    Raises:
        UsageError: There is none.
        CommandError: There is no such program (127), or it cannot be run (126).
    """
    command = list(words[1:] if words[:1] == ["--"] else words)
    if not command:
        raise UsageError("no program is given; allowed: soundstage run [OPTIONS] -- PROGRAM [ARGUMENTS]")
    if shutil.which(command[0]) is None:
        if os.path.dirname(command[0]) and Path(command[0]).exists():  # noqa: PTH120 - Path drops "./"
            raise _NotExecutableError(f"{command[0]} is not executable; chmod +x, or name its interpreter")
        raise _NoProgramError(f"there is no program {command[0]!r}; it is searched for in PATH")
    return command


def _report_path(text: str | None) -> Path | None:
    """Return the path of the report.

    Raises:
        UsageError: It cannot be written.
    """
    if text is None:
        return None
    path = Path(text).absolute()
    existed = path.exists()
    try:
        # Only opening it shows whether it can be written; an earlier report stays until there is a new one.
        with path.open("a", encoding="utf-8"):
            pass
        if not existed:
            path.unlink()
    except OSError as error:
        allowed = "a file that can be written, in a folder that exists"
        raise UsageError(f"--report is {text!r}; allowed: {allowed} ({error.strerror})") from None
    return path


def _simulate(args: argparse.Namespace, command: list[str]) -> Report:
    """Run *command* between a proxy and a simulator, and return what has happened."""
    from soundstage_cli.run.child import run_child
    from soundstage_cli.run.environment import child_environment
    from soundstage_cli.run.report import Report

    with needs_extra("run", _COMMAND):
        from soundstage_cli.run.servers import Servers
        from soundstage_server.proxy.authority import Authority

    with ExitStack() as opened:
        folder = Path(opened.enter_context(TemporaryDirectory(prefix="soundstage-run-")))
        world = opened.enter_context(open_world(args, _COMMAND))
        hosts = [host for service in world.services.values() for host in service.hosts]
        rules = _rules(args.allow, hosts)
        if args.offline_proof:
            from soundstage_cli.run import namespace

            namespace.enter(hosts, folder)
        authority = Authority.create(hosts)
        # In a namespace, the vendors' own ports are free, and programs that read no proxy variable connect to them.
        ports = (_HTTP, _HTTPS) if args.offline_proof else (0, 0)
        servers = opened.enter_context(Servers(world, authority, rules, ports))
        environ = child_environment(os.environ, folder, authority, servers.port, servers.settings)
        try:
            code = run_child(command, environ, lambda: servers.start(hosts))
        except OSError as error:  # such as a script whose interpreter does not exist
            raise _NotExecutableError(f"{command[0]} cannot be started: {error.strerror}") from None
        return Report.of(world, servers.proxy, code)


def _rules(allowed: Sequence[str], simulated: Sequence[str]) -> Rules:
    """Return the rules of the proxy, checked."""
    from soundstage_server.proxy.rules import Rules, Way

    for pattern in allowed:
        if not _HOST.fullmatch(pattern):
            raise UsageError(f"--allow is {pattern!r}; allowed: a host or *.HOST, without scheme, port or path")
    for host in simulated:
        if Rules((), allowed).way(host) is Way.PASSED:
            raise UsageError(f"--allow includes {host}, a vendor's host: what it answers is the simulator's")
    return Rules(simulated, allowed)
