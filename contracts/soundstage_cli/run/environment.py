"""The environment of the program: proxy, certificates for every common stack, and the vendors' variables."""

from __future__ import annotations

import json
import os
import shlex
import ssl
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import certifi

from soundstage_contracts.facts.loader import load_heads

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from soundstage_server.proxy.authority import Authority

PROXY_VARIABLES: Final = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "all_proxy")
NO_PROXY: Final = "localhost,127.0.0.1,::1"
BUNDLE_VARIABLES: Final = (
    "SSL_CERT_FILE",  # OpenSSL, Python's ssl and httpx, Go, Ruby, .NET on Linux, Rust's native certificates
    "REQUESTS_CA_BUNDLE",
    "CURL_CA_BUNDLE",
    "NODE_EXTRA_CA_CERTS",
    "DENO_CERT",
    "AWS_CA_BUNDLE",
    "GIT_SSL_CAINFO",
    "PIP_CERT",
    "HTTPLIB2_CA_CERTS",
    "CARGO_HTTP_CAINFO",
    "GRPC_DEFAULT_SSL_ROOTS_FILE_PATH",
    "NIX_SSL_CERT_FILE",
)
"""The variables that name a file of trusted authorities, each read by one stack or more."""
SETTINGS: Final = "SOUNDSTAGE_RUN"
"""The variable with the ports and hosts, as JSON, for the preloaded scripts."""
URL: Final = "SOUNDSTAGE_URL"
"""The variable with the simulator's own address, for programs that use its control API."""

_PRELOAD: Final = Path(__file__).with_name("preload")


def authorities(environ: Mapping[str, str]) -> Iterator[bytes]:
    """Yield the files of authorities that are trusted already: of the variables, and the system's or certifi's."""
    named = dict.fromkeys(environ[name] for name in BUNDLE_VARIABLES if environ.get(name))
    system = ssl.get_default_verify_paths()
    default = system.openssl_cafile if Path(system.openssl_cafile).is_file() else _debian_or_certifi()
    for path in dict.fromkeys([*named, default]):
        if Path(path).is_file():
            yield Path(path).read_bytes()


def _debian_or_certifi() -> str:
    # OpenSSL's default is often a folder of single files, beside which distributions keep one file of all.
    debian = "/etc/ssl/certs/ca-certificates.crt"
    return debian if Path(debian).is_file() else certifi.where()


def child_environment(
    environ: Mapping[str, str], folder: Path, authority: Authority, proxy_port: int, settings: Mapping[str, Any]
) -> dict[str, str]:
    """Return *environ* with what sends the requests for the vendors' hosts to the proxy; files are made in *folder*."""
    bundle = folder / "authorities.pem"
    bundle.write_bytes(authority.bundle(authorities(environ)))
    proxy = f"http://127.0.0.1:{proxy_port}"
    return {
        **environ,
        **dict.fromkeys(PROXY_VARIABLES, proxy),
        "NO_PROXY": NO_PROXY,
        "no_proxy": NO_PROXY,
        **dict.fromkeys(BUNDLE_VARIABLES, str(bundle)),
        **vendor_variables(),
        "NODE_USE_ENV_PROXY": "1",
        "NODE_OPTIONS": _joined(environ.get("NODE_OPTIONS"), f"--require {json.dumps(str(_PRELOAD / 'node.cjs'))}"),
        "PYTHONPATH": os.pathsep.join(filter(None, [str(_PRELOAD), environ.get("PYTHONPATH")])),
        "JAVA_TOOL_OPTIONS": _joined(environ.get("JAVA_TOOL_OPTIONS"), _java_options(bundle, folder, proxy_port)),
        "WGETRC": str(_wgetrc(environ, bundle, folder)),
        URL: f"http://127.0.0.1:{settings['plain']}",
        SETTINGS: json.dumps(settings),
    }


def vendor_variables() -> dict[str, str]:
    """Return the variables that `soundstage env` prints: placeholder credentials, and each vendor's real address."""
    return {name: value for facts in load_heads() for name, value in facts.environment_at().items()}


def _java_options(bundle: Path, folder: Path, port: int) -> str:
    from soundstage_server.proxy.authority import TRUST_STORE_PASSWORD, java_trust_store

    store = folder / "authorities.p12"
    store.write_bytes(java_trust_store(bundle.read_bytes()))
    options = {
        **{f"{scheme}.proxyHost": "127.0.0.1" for scheme in ("http", "https")},
        **{f"{scheme}.proxyPort": port for scheme in ("http", "https")},
        "http.nonProxyHosts": "localhost|127.*|[::1]",
        "javax.net.ssl.trustStore": store,
        "javax.net.ssl.trustStoreType": "PKCS12",
        "javax.net.ssl.trustStorePassword": TRUST_STORE_PASSWORD,
    }
    return " ".join(shlex.quote(f"-D{name}={value}") for name, value in options.items())


def _wgetrc(environ: Mapping[str, str], bundle: Path, folder: Path) -> Path:
    """Write wget's settings, which no variable for authorities replaces: the user's own, and the bundle."""
    own = Path(environ.get("WGETRC") or Path(environ.get("HOME", "/nonexistent")) / ".wgetrc")
    settings = own.read_text(encoding="utf-8", errors="surrogateescape") if own.is_file() else ""
    written = folder / "wgetrc"
    text = f"{settings}\nca_certificate = {bundle}\n"
    written.write_text(text, encoding="utf-8", errors="surrogateescape")
    return written


def _joined(*options: str | None) -> str:
    return " ".join(filter(None, options))
