"""A network namespace with loopback alone (Linux): the kernel guarantees that nothing leaves the machine.

Inside it, the vendors' names are in the hosts file, and the simulator listens on their ports: programs that read no
proxy variable reach it as well.
"""

from __future__ import annotations

import ctypes
import errno
import os
import socket
import struct
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final

from soundstage_cli.errors import CommandError

if TYPE_CHECKING:
    from collections.abc import Iterable

_NEW_USER, _NEW_NETWORK, _NEW_MOUNTS = 0x1000_0000, 0x4000_0000, 0x0002_0000  # unshare(2)
_RECURSIVE_PRIVATE: Final = 0x4000 | 0x4_0000  # mount(2): MS_REC, MS_PRIVATE
_BIND: Final = 0x1000  # mount(2): MS_BIND
_SET_FLAGS: Final = 0x8914  # ioctl SIOCSIFFLAGS
_UP: Final = 1
_HOSTS: Final = "/etc/hosts"


def enter(hosts: Iterable[str], folder: Path) -> None:
    """Move this process, and what it starts, into a namespace with loopback alone, where *hosts* are this machine.

    Raises:
        CommandError: The system has no namespaces, or does not permit them.
    """
    if sys.platform != "linux":
        raise CommandError("--offline-proof needs the network namespaces of Linux; without it, the proxy refuses")
    libc = ctypes.CDLL(None, use_errno=True)
    user, group = os.getuid(), os.getgid()
    # Root needs no user namespace, and a container may forbid one; everybody else is permitted the rest by it.
    if (user or libc.unshare(_NEW_NETWORK | _NEW_MOUNTS)) and libc.unshare(_NEW_USER | _NEW_NETWORK | _NEW_MOUNTS):
        reason = os.strerror(ctypes.get_errno())
        raise CommandError(
            f"--offline-proof: the kernel refused a network namespace ({reason}); containers often forbid them, and "
            "user namespaces may be disabled (sysctl kernel.unprivileged_userns_clone, user.max_user_namespaces)"
        )
    if user:
        Path("/proc/self/setgroups").write_text("deny")
        Path("/proc/self/uid_map").write_text(f"{user} {user} 1")
        Path("/proc/self/gid_map").write_text(f"{group} {group} 1")
    _raise_loopback()
    _name_hosts(libc, hosts, folder)


def _raise_loopback() -> None:
    import fcntl

    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        fcntl.ioctl(any_socket, _SET_FLAGS, struct.pack("16sh14x", b"lo", _UP))


def _name_hosts(libc: ctypes.CDLL, hosts: Iterable[str], folder: Path) -> None:
    """Show the processes of this namespace a hosts file that has *hosts* as well."""
    known = Path(_HOSTS).read_text(encoding="utf-8", errors="replace") if Path(_HOSTS).is_file() else ""
    written = folder / "hosts"
    written.write_text(f"{known}\n127.0.0.1 {' '.join(hosts)}\n", encoding="utf-8")
    written.chmod(0o644)
    private = libc.mount(None, b"/", None, _RECURSIVE_PRIVATE, None)
    if private or libc.mount(os.fsencode(written), _HOSTS.encode(), None, _BIND, None):
        code = ctypes.get_errno()
        raise CommandError(f"--offline-proof: the kernel refused a hosts file of its own ({errno.errorcode[code]})")
