"""The authority that is kept on this machine, so that containers and browsers need to trust it once only."""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import TYPE_CHECKING, Final

from soundstage_server.proxy.authority import Authority

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

FOLDER_VARIABLE: Final = "SOUNDSTAGE_CA_FOLDER"
"""The variable with the folder of the authority, instead of the user's folder for data."""
_CERTIFICATE, _KEY = "soundstage-ca.pem", "soundstage-ca-key.pem"
_LEAST_LEFT: Final = timedelta(days=30)


def folder(environ: Mapping[str, str] = os.environ) -> Path:
    """Return the folder of the authority: that of the variable, or the user's for data."""
    if named := environ.get(FOLDER_VARIABLE):
        return Path(named)
    if sys.platform == "win32":
        return Path(environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local") / "soundstage"
    return Path(environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share") / "soundstage"


def kept_authority(where: Path, hosts: Collection[str]) -> Authority:
    """Return the authority in *where*; a new one if there is none, if it ends soon, or if it lacks one of *hosts*.

    Raises:
        OSError: The folder cannot be read or written.
    """
    with suppress(FileNotFoundError, ValueError):  # ValueError: a file that is no certificate or key
        kept = Authority((where / _CERTIFICATE).read_bytes(), (where / _KEY).read_bytes())
        if kept.expires - datetime.now(UTC) > _LEAST_LEFT and kept.hosts.issuperset(hosts):
            return kept
    made = Authority.create(hosts)
    where.mkdir(mode=0o700, parents=True, exist_ok=True)
    # The key first: a certificate without its key would be read as a pair that does not fit.
    _replace(where / _KEY, made.key)
    _replace(where / _CERTIFICATE, made.certificate)
    return made


def _replace(path: Path, content: bytes) -> None:
    """Write *content* whole or not at all, readable by its owner only."""
    with NamedTemporaryFile(dir=path.parent, delete=False) as file:  # its mode is 0600
        file.write(content)
    Path(file.name).replace(path)
