"""The certificate authority: trusted for the vendors' hosts and for this machine, and for nothing else."""

from __future__ import annotations

import shutil
import ssl
import subprocess
from typing import TYPE_CHECKING

import certifi
import pytest
import trustme

from soundstage_server.proxy.authority import Authority, java_trust_store

if TYPE_CHECKING:
    from pathlib import Path

HOST, OTHER = "api.vendor.example", "bank.example"


@pytest.fixture(scope="module")
def authority() -> Authority:
    """Create an authority for one host."""
    return Authority.create([HOST])


def handshake(server: ssl.SSLContext, client: ssl.SSLContext, name: str) -> str | None:
    """Perform a handshake in memory and return the protocol that was agreed on.

    Raises:
        SSLError: One side refused the other.
    """
    one, two = ssl.MemoryBIO(), ssl.MemoryBIO()
    sides = [
        client.wrap_bio(one, two, server_hostname=name),
        server.wrap_bio(two, one, server_side=True),
    ]
    for _ in range(4):
        for side in sides:
            try:
                side.do_handshake()
            except ssl.SSLWantReadError:
                continue
    return sides[0].selected_alpn_protocol()


@pytest.mark.parametrize("name", [HOST, "localhost", "soundstage", "127.0.0.1", "::1"])
def test_certificate_is_that_of_host_and_machine(authority: Authority, name: str) -> None:
    """A client that trusts it accepts the server under each of its names, and HTTP/1.1 in place of HTTP/2."""
    client = authority.client_context()
    client.set_alpn_protocols(["h2", "http/1.1"])
    assert handshake(authority.server_context([HOST]), client, name) == "http/1.1"


def test_client_without_trust_refuses(authority: Authority) -> None:
    """A client that does not trust the authority refuses its certificates."""
    with pytest.raises(ssl.SSLCertVerificationError):
        handshake(authority.server_context([HOST]), ssl.create_default_context(), HOST)


def test_other_hosts_are_outside_of_its_constraint(authority: Authority) -> None:
    """A certificate for another site is refused, although the authority that is trusted has signed it."""
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    trustme.CA.from_pem(authority.certificate, authority.key).issue_cert(OTHER).configure_cert(server)
    with pytest.raises(ssl.SSLCertVerificationError, match="permitted subtree violation"):
        handshake(server, authority.client_context(), OTHER)


def test_repr_has_no_key(authority: Authority) -> None:
    """The key is not shown."""
    assert repr(authority) == "<Authority>"


def test_bundle_has_every_authority(authority: Authority) -> None:
    """The bundle is the other authorities and this one, and OpenSSL reads all of them."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.load_verify_locations(cafile=certifi.where())
    others = len(context.get_ca_certs())
    with open(certifi.where(), "rb") as file:  # noqa: PTH123 - certifi names a file
        bundle = authority.bundle([file.read()])
    context.load_verify_locations(cadata=bundle.decode())
    assert len(context.get_ca_certs()) == others + 1


@pytest.mark.skipif(shutil.which("keytool") is None, reason="needs Java")
def test_java_reads_the_trust_store(authority: Authority, tmp_path: Path) -> None:
    """Java finds the authority in the trust store as one that it may trust."""
    store = tmp_path / "store.p12"
    store.write_bytes(java_trust_store(authority.bundle([])))
    command = ["keytool", "-list", "-keystore", str(store), "-storepass", "changeit"]
    listed = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert "trustedCertEntry" in listed
