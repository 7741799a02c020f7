"""`soundstage ca`: the certificate of the authority that signs for `soundstage serve --tls`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final

from soundstage_cli.errors import CommandError, UsageError, needs_extra

if TYPE_CHECKING:
    import argparse

    from soundstage_server.proxy.authority import Authority

HELP = "write the certificate of the authority that signs for serve --tls"

_EPILOG: Final = """\
The authority is made at its first use and kept in the user's folder for data, or in $SOUNDSTAGE_CA_FOLDER. It may
sign for the vendors' hosts and this machine only. What trusts the file accepts a server with --tls as those hosts.

examples:
  soundstage ca --out soundstage-ca.pem
  NODE_EXTRA_CA_CERTS=soundstage-ca.pem node video.mjs
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the file."""
    parser.epilog = _EPILOG
    parser.add_argument("--out", metavar="FILE", required=True, help="the file to write, in PEM; - is standard output")


def run(args: argparse.Namespace) -> int:
    """Write the certificate; its key stays in the folder."""
    path = Path(args.out)
    if args.out != "-" and (path.is_dir() or not path.absolute().parent.is_dir()):
        raise UsageError(f"--out is {args.out!r}; allowed: a file in a folder that exists, or -")
    authority = authority_of_user("soundstage ca")
    if args.out == "-":
        sys.stdout.write(authority.certificate.decode())
        return 0
    try:
        path.write_bytes(authority.certificate)
    except OSError as error:
        raise CommandError(f"--out: {path} cannot be written: {error.strerror}") from None
    print(f"the certificate is valid until {authority.expires:%Y-%m-%d}; its key is in {_folder()}", file=sys.stderr)
    return 0


def authority_of_user(command: str) -> Authority:
    """Return the authority that is kept for this user, made now if there is none.

    Raises:
        CommandError: The run extra is missing, or the folder cannot be used.
    """
    with needs_extra("run", command):
        from soundstage_server import _registry
        from soundstage_server.proxy.kept import kept_authority
    try:
        return kept_authority(_folder(), _registry.hosts())
    except OSError as error:
        hint = "SOUNDSTAGE_CA_FOLDER names another folder"
        raise CommandError(f"the authority in {_folder()} cannot be used: {error}; {hint}") from None


def _folder() -> Path:
    from soundstage_server.proxy.kept import folder

    return folder()
