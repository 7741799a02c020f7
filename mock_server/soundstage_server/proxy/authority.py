"""A certificate authority for the vendors' hosts: a certificate of the simulator, and trust in it for every stack.

The authority may sign for the vendors' hosts and this machine only (a name constraint, RFC 5280 section 4.2.1.10): who
trusts it does not trust it for any other site, whatever becomes of its key.
"""

from __future__ import annotations

import ssl
import warnings
from datetime import UTC, datetime, timedelta
from ipaddress import ip_network
from typing import TYPE_CHECKING, Final, Self

import trustme
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import pkcs12
from cryptography.x509.oid import NameOID

if TYPE_CHECKING:
    from collections.abc import Iterable

OWN_NAMES: Final = ("localhost", "soundstage")
"""Names of the simulator itself: this machine, and the service of a compose file."""
TRUST_STORE_PASSWORD: Final = "changeit"  # noqa: S105 - it protects public certificates; Java wants one
_OWN_NETWORKS: Final = ("127.0.0.0/8", "::1/128")
_OWN_ADDRESSES: Final = ("127.0.0.1", "::1")
_VALID: Final = timedelta(days=365)
_BEFORE: Final = timedelta(days=1)
"""The clocks of containers and virtual machines differ a little."""


class Authority:
    """A certificate authority.

    Args:
        certificate: Its certificate, as PEM.
        key: Its private key, as PEM.

    Attributes:
        certificate: Its certificate, as PEM.
        key: Its private key, as PEM.
    """

    def __init__(self, certificate: bytes, key: bytes) -> None:
        self.certificate = certificate
        self.key = key
        self._issuer = trustme.CA.from_pem(certificate, key)

    def __repr__(self) -> str:
        """Return no key."""
        return "<Authority>"

    @classmethod
    def create(cls, hosts: Iterable[str]) -> Self:
        """Return a new authority that may sign for *hosts* and this machine only."""
        key = ec.generate_private_key(ec.SECP256R1())
        certificate = _certificate(key, hosts)
        return cls(
            certificate.public_bytes(serialization.Encoding.PEM),
            key.private_bytes(
                serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
            ),
        )

    @property
    def expires(self) -> datetime:
        """The end of the authority's validity."""
        return x509.load_pem_x509_certificate(self.certificate).not_valid_after_utc

    @property
    def hosts(self) -> frozenset[str]:
        """The names that the authority may sign for."""
        certificate = x509.load_pem_x509_certificate(self.certificate)
        permitted = certificate.extensions.get_extension_for_class(x509.NameConstraints).value.permitted_subtrees
        return frozenset(name.value for name in permitted or () if isinstance(name, x509.DNSName))

    def server_context(self, hosts: Iterable[str]) -> ssl.SSLContext:
        """Return the context of a server that is *hosts* and this machine."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        until = min(self.expires, datetime.now(UTC) + _VALID)
        names = dict.fromkeys((*hosts, *OWN_NAMES, *_OWN_ADDRESSES))
        self._issuer.issue_cert(*names, not_after=until).configure_cert(context)
        # A client that offers HTTP/2 as well falls back to the only protocol that the simulator speaks.
        context.set_alpn_protocols(["http/1.1"])
        return context

    def client_context(self) -> ssl.SSLContext:
        """Return the context of a client that trusts this authority beside those that the machine trusts."""
        context = ssl.create_default_context()
        self._issuer.configure_trust(context)
        return context

    def bundle(self, others: Iterable[bytes]) -> bytes:
        """Return *others*, PEM files of authorities, and this one, as one PEM file."""
        return b"\n".join([*others, self.certificate])


def java_trust_store(bundle: bytes) -> bytes:
    """Return the authorities in *bundle*, a PEM file, as a PKCS #12 file that Java reads as a trust store."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # some old authorities break a rule of today, which is not ours to judge
        entries = [pkcs12.PKCS12Certificate(each, None) for each in x509.load_pem_x509_certificates(bundle)]
    # One round: more of them would protect a password that everyone knows, and take a part of the start.
    builder = serialization.PrivateFormat.PKCS12.encryption_builder().kdf_rounds(1)
    encryption = builder.build(TRUST_STORE_PASSWORD.encode())
    return pkcs12.serialize_java_truststore(entries, encryption)


def _certificate(key: ec.EllipticCurvePrivateKey, hosts: Iterable[str]) -> x509.Certificate:
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Soundstage, a simulator on this machine")])
    public, now = key.public_key(), datetime.now(UTC)
    names: list[x509.GeneralName] = [x509.DNSName(host) for host in (*hosts, *OWN_NAMES)]
    names += [x509.IPAddress(ip_network(network)) for network in _OWN_NETWORKS]
    usage = x509.KeyUsage(
        digital_signature=False, content_commitment=False, key_encipherment=False, data_encipherment=False,
        key_agreement=False, key_cert_sign=True, crl_sign=True, encipher_only=False, decipher_only=False,
    )  # fmt: skip
    return (
        x509.CertificateBuilder(name, name, public, x509.random_serial_number(), now - _BEFORE, now + _VALID)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(x509.NameConstraints(permitted_subtrees=names, excluded_subtrees=None), critical=True)
        .add_extension(usage, critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(public), critical=False)
        .sign(key, hashes.SHA256())
    )
