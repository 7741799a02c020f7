"""A real PostgreSQL server for tests: a new cluster on loopback, run by an unprivileged user, removed at the end."""

from __future__ import annotations

import os
import pwd
import shutil
import socket
import subprocess
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

DEBIAN = Path("/usr/lib/postgresql")
USERS = ("postgres", "daemon")


def binaries() -> Path | None:
    """Return the folder with the programs of the server, which Debian keeps off the search path; None without any."""
    found = shutil.which("initdb")
    if found is not None:
        return Path(found).parent
    folders = sorted(DEBIAN.glob("*/bin/initdb"), key=lambda path: int(path.parts[-3]))
    return folders[-1].parent if folders else None


def unprivileged() -> dict[str, Any]:
    """Return options of subprocess that run a program as a user who is not root: the server refuses to be root."""
    if os.geteuid() != 0:
        return {}
    users = {entry.pw_name: entry for entry in pwd.getpwall()}
    user = next(users[name] for name in USERS if name in users)
    return {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}


def cluster(programs: Path) -> Iterator[str]:
    """Start a server with the *programs* in a folder, yield the address of its database, and stop it."""
    folder = Path(tempfile.mkdtemp(prefix="soundstage-postgres-"))
    identity = unprivileged()

    def run(program: str, *arguments: str) -> None:
        command = [str(programs / program), "--pgdata", str(folder / "data"), *arguments]
        # The server keeps the standard output: a pipe would never end.
        with (folder / "output").open("wb") as output:
            subprocess.run(command, cwd=folder, stdout=output, stderr=output, check=True, **identity)

    try:
        if identity:
            os.chown(folder, identity["user"], identity["group"])
        run("initdb", "--no-sync", "--auth=trust", "--username=tester", "--encoding=UTF8")
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        # fsync protects from a loss of power only, which no test has.
        settings = f"-p {port} -c listen_addresses=127.0.0.1 -c unix_socket_directories= -c fsync=off"
        run("pg_ctl", "--wait", "--options", settings, "start")
        try:
            yield f"postgresql://tester@127.0.0.1:{port}/postgres"
        finally:
            run("pg_ctl", "--mode", "immediate", "stop")
    finally:
        shutil.rmtree(folder)
