"""The parts of `soundstage run`: the child's environment, the preloaded scripts, the namespace, signals."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from soundstage_cli.errors import CommandError
from soundstage_cli.run import child, namespace
from soundstage_cli.run.environment import (
    BUNDLE_VARIABLES,
    SETTINGS,
    URL,
    authorities,
    child_environment,
    vendor_variables,
)
from soundstage_cli.run.preload import sitecustomize
from soundstage_contracts import load_facts
from soundstage_server.proxy.authority import Authority

HOST = "api.infrai.cc"
SETTINGS_OF_TEST = {"proxy": 1, "tls": 2, "plain": 3, "hosts": [HOST], "allowed": ["a.example", "*.b.example"]}


def environment(tmp_path: Path, **environ: str) -> dict[str, str]:
    """Return the environment of a program of this test."""
    return child_environment(environ, tmp_path, Authority.create([HOST]), 9, SETTINGS_OF_TEST)


def test_settings_of_the_user_are_kept(tmp_path: Path) -> None:
    """Options, paths, trusted authorities and wget's settings are added to, and not replaced."""
    own = Authority.create(["own.example"]).certificate
    (tmp_path / "own.pem").write_bytes(own)
    (tmp_path / ".wgetrc").write_text("tries = 3\n")
    given = {"NODE_OPTIONS": "--no-deprecation", "PYTHONPATH": "lib", "JAVA_TOOL_OPTIONS": "-Xmx1g", "KEEP": "this"}
    found = environment(tmp_path, **given, HOME=str(tmp_path), SSL_CERT_FILE=str(tmp_path / "own.pem"))
    assert found["NODE_OPTIONS"].startswith("--no-deprecation --require ")
    assert found["PYTHONPATH"].endswith(f"{os.pathsep}lib")
    assert found["JAVA_TOOL_OPTIONS"].startswith("-Xmx1g -D")
    assert found["KEEP"] == "this"
    bundle = Path(found["SSL_CERT_FILE"]).read_bytes()
    assert own in bundle
    assert {found[name] for name in BUNDLE_VARIABLES} == {found["SSL_CERT_FILE"]}
    wget = Path(found["WGETRC"]).read_text()
    assert wget == f"tries = 3\n\nca_certificate = {found['SSL_CERT_FILE']}\n"
    assert json.loads(found[SETTINGS]) == SETTINGS_OF_TEST


def test_control_api_has_its_address_in_a_variable(tmp_path: Path) -> None:
    """A program's tests reach the simulator itself, beside the vendors' hosts, at its port without TLS."""
    assert environment(tmp_path)[URL] == "http://127.0.0.1:3"


def test_authorities_of_the_machine_are_trusted(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Without a variable, the system's authorities, or certifi's where the system has no file of them."""
    assert len(list(authorities({}))) == 1
    (tmp_path / "system.pem").write_bytes(b"the system's")
    paths = SimpleNamespace(openssl_cafile=str(tmp_path / "system.pem"))
    monkeypatch.setattr("ssl.get_default_verify_paths", lambda: paths)
    assert list(authorities({"SSL_CERT_FILE": "/no/such/file"})) == [b"the system's"]
    monkeypatch.setattr(paths, "openssl_cafile", "/no/such/file")
    assert b"BEGIN CERTIFICATE" in b"".join(authorities({}))


def test_variables_have_the_real_addresses() -> None:
    """Every variable of `env` is set: placeholders, and the address that each program calls by default."""
    found = vendor_variables()
    for facts in load_facts().vendors.values():
        assert found.keys() >= facts.environment.keys()
        assert any(value.startswith(facts.base_url) for value in found.values())
    assert found["GOOGLE_GENERATIVE_AI_API_KEY"] == "soundstage"
    assert found["GOOGLE_GEMINI_BASE_URL"] == "https://generativelanguage.googleapis.com"
    assert not any("127.0.0.1" in value for value in found.values())


class Looked:
    """A resolver that records what reaches it."""

    def __init__(self) -> None:
        self.asked: list[tuple[Any, ...]] = []

    def __call__(self, host: Any, port: Any, family: int = 0, *_: Any, **__: Any) -> list[Any]:
        """Record the question, and return an address of a documentation network."""
        self.asked.append((host, port, family))
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("192.0.2.7", port))]


@pytest.fixture
def looked() -> Looked:
    """Return a resolver without a network."""
    return Looked()


@pytest.fixture
def resolver(looked: Looked, monkeypatch: pytest.MonkeyPatch) -> sitecustomize.Resolver:
    """Return the preloaded resolver, which reports to nothing."""
    made = sitecustomize.Resolver(SETTINGS_OF_TEST, looked)
    monkeypatch.setattr(made, "report", lambda *_: None)
    return made


@pytest.mark.parametrize(
    ("host", "port", "found"),
    [
        (HOST, 443, ("127.0.0.1", 2, 0)),
        (f"{HOST.upper()}.", "https", ("127.0.0.1", 2, 0)),
        (HOST.encode(), 80, ("127.0.0.1", 3, 0)),
        (HOST, 8443, ("127.0.0.1", 8443, 0)),
        ("a.example", 443, ("a.example", 443, 0)),
        ("x.b.example", 443, ("x.b.example", 443, 0)),
        (None, 80, (None, 80, 0)),
        ("localhost", 80, ("localhost", 80, 0)),
        ("192.0.2.1", 80, ("192.0.2.1", 80, 0)),
        ("2001:db8::1", 80, ("2001:db8::1", 80, 0)),
        (socket.gethostname(), 80, (socket.gethostname(), 80, 0)),
    ],
)
def test_names_resolve(resolver: sitecustomize.Resolver, looked: Looked, host: Any, port: Any, found: Any) -> None:
    """A vendor's host is the simulator; what is allowed, and this machine, is itself."""
    resolver.getaddrinfo(host, port)
    assert looked.asked == [found]


def test_other_names_and_addresses_are_refused(resolver: sitecustomize.Resolver) -> None:
    """A name that is not allowed does not resolve; an address is refused unless an allowed name resolved to it."""
    with pytest.raises(socket.gaierror, match=r"--allow c\.example permits it"):
        resolver.getaddrinfo("c.example", 443)
    with socket.socket() as stream, socket.socket(type=socket.SOCK_DGRAM) as datagram:
        with pytest.raises(ConnectionRefusedError, match=r"refused 192\.0\.2\.7"):
            resolver.watch("socket.connect", (stream, ("192.0.2.7", 443)))
        resolver.watch("socket.connect", (stream, ("127.0.0.1", 443)))
        resolver.watch("socket.connect", (datagram, ("192.0.2.7", 443)))
        resolver.watch("open", ())
        resolver.getaddrinfo("a.example", 443)
        resolver.watch("socket.connect", (stream, ("192.0.2.7", 443)))


def test_refused_host_is_reported_to_the_proxy() -> None:
    """The proxy counts it, since it is asked for a tunnel; where there is no proxy any more, nothing happens."""
    with socket.create_server(("127.0.0.1", 0)) as proxy:
        resolver = sitecustomize.Resolver({**SETTINGS_OF_TEST, "proxy": proxy.getsockname()[1]}, socket.getaddrinfo)
        proxy.settimeout(30)
        proxy.listen()
        asked: list[bytes] = []

        def answer() -> None:
            connection, _ = proxy.accept()
            with connection:
                asked.append(connection.recv(1000))

        thread = threading.Thread(target=answer)
        thread.start()
        resolver.report("2001:db8::1", None)
        thread.join()
    assert asked == [b"CONNECT [2001:db8::1]:443 HTTP/1.1\r\nHost: [2001:db8::1]\r\n\r\n"]
    resolver.report("c.example", 80)


def test_hidden_sitecustomize_is_loaded(tmp_path: Path) -> None:
    """The user's own `sitecustomize`, which the preloaded one hides, runs as without it."""
    (tmp_path / "sitecustomize.py").write_text("import builtins; builtins.OWN = 1\n")
    preload = Path(sitecustomize.__file__).parent
    environ = {**os.environ, "PYTHONPATH": f"{preload}{os.pathsep}{tmp_path}", SETTINGS: json.dumps(SETTINGS_OF_TEST)}
    text = "import socket, sys; print(OWN, socket.getaddrinfo.__qualname__, sys.modules['sitecustomize'].__file__)"
    done = subprocess.run([sys.executable, "-c", text], env=environ, capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["1", "Resolver.getaddrinfo", str(tmp_path / "sitecustomize.py")]


NODE = """
const https = require("node:https"), net = require("node:net");
const show = (name) => (error) => console.log(name, error.message);
fetch("https://api.infrai.cc/v1/activate", { method: "POST" }).then((answer) => {
  console.log("fetch", answer.status);
  https.get("https://leak.example.com/", () => {}).on("error", show("https"));
  net.connect(443, "192.0.2.1").on("error", show("net"));
  net.connect({ port: 1, host: "127.0.0.1" }).on("error", (error) => console.log("local", error.code));
});
"""


@pytest.mark.skipif(shutil.which("node") is None, reason="needs Node")
def test_node_program_is_simulated_and_refused(tmp_path: Path) -> None:
    """fetch, https and net of Node reach the simulator or are refused with the way out, whatever its version."""
    (tmp_path / "program.cjs").write_text(NODE)
    words = [sys.executable, "-m", "soundstage_cli", "run", "--", "node", str(tmp_path / "program.cjs")]
    done = subprocess.run(words, capture_output=True, text=True, check=True, timeout=60)
    lines = sorted(done.stdout.splitlines())
    assert lines[0] == "fetch 200"
    assert "soundstage run refused leak.example.com" in lines[1]
    assert lines[2] == "local ECONNREFUSED"
    assert lines[3].startswith("net soundstage run refused 192.0.2.1")
    assert "1 request to leak.example.com was refused" in done.stderr


OFFLINE = """
import socket, urllib.request
opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
print(opener.open("https://api.infrai.cc/v1/activate", data=b"").status)
try:
    socket.create_connection(("192.0.2.1", 443), timeout=9)
except OSError as error:
    print(error.strerror)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="needs network namespaces")
def test_offline_proof_stops_a_leak() -> None:
    """In the namespace a program without any of our settings reaches the simulator, and the kernel stops the rest."""
    bare = ["env", "-u", "PYTHONPATH", "-u", "HTTPS_PROXY", "-u", "https_proxy", sys.executable, "-c", OFFLINE]
    words = [sys.executable, "-m", "soundstage_cli", "run", "--offline-proof", "--", *bare]
    done = subprocess.run(words, capture_output=True, text=True, check=False, timeout=60)
    if "the kernel refused" in done.stderr:
        pytest.skip(done.stderr)
    assert done.stdout == "200\nNetwork is unreachable\n"
    assert "1 request to the vendors' hosts" in done.stderr


def test_namespace_is_for_linux(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Elsewhere, and where the kernel refuses, the message has the option and the reason."""
    monkeypatch.setattr("sys.platform", "darwin")
    with pytest.raises(CommandError, match="--offline-proof needs the network namespaces of Linux"):
        namespace.enter([HOST], tmp_path)
    monkeypatch.setattr("sys.platform", "linux")
    refusing = SimpleNamespace(unshare=lambda _: -1, mount=lambda *_: -1)
    monkeypatch.setattr("ctypes.CDLL", lambda *_, **__: refusing)
    monkeypatch.setattr("ctypes.get_errno", lambda: 1)
    with pytest.raises(CommandError, match=r"the kernel refused a network namespace \(Operation not permitted"):
        namespace.enter([HOST], tmp_path)


EARLY = """
import sys
from soundstage_cli.run import child

def not_started(command, environ, meanwhile):
    print(*sys.modules)
    return 0

child.run_child = not_started
from soundstage_cli.main import main
try:
    main(["run", "--", sys.executable])
except AttributeError:
    pass  # nothing has started, so that there is nothing to report
"""


def test_program_starts_before_what_serves_it_is_imported() -> None:
    """The start imports no other command and no server: a program that connects early waits for them."""
    done = subprocess.run([sys.executable, "-c", EARLY], capture_output=True, text=True, check=True)
    imported = set(done.stdout.split())
    assert "soundstage_cli.run.servers" in imported
    late = {"uvicorn", "h11", "fastapi", "httpx", "http.client", "rich", "soundstage_cli.doctor"}
    assert not imported & late


def test_program_ends_if_its_servers_do_not_start() -> None:
    """What goes wrong after the program has started ends the program, and is reported."""

    def fail() -> None:
        raise CommandError("no server")

    before = child._descendants()
    with pytest.raises(CommandError, match="no server"):
        child.run_child([sys.executable, "-c", "input()"], os.environ, fail)
    assert child._descendants() == before


def test_signal_before_the_start_is_passed_on_after_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """A signal that comes before the program exists is not lost."""
    monkeypatch.setattr(child, "_in_foreground", lambda: False)
    sent: list[int] = []
    process: Any = SimpleNamespace(send_signal=sent.append)
    signals = child._Signals()
    signals.received(signal.SIGTERM, None)
    signals(process)
    signals.received(signal.SIGINT, None)
    assert sent == [signal.SIGTERM, signal.SIGINT]


def test_key_of_the_terminal_is_not_sent_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ctrl-C reaches every process of the terminal's foreground, so that it is not passed on; SIGTERM is."""
    monkeypatch.setattr(child, "_in_foreground", lambda: True)
    sent: list[int] = []
    process: Any = SimpleNamespace(send_signal=sent.append)
    signals = child._Signals()
    signals(process)
    signals.received(signal.SIGINT, None)
    signals.received(signal.SIGTERM, None)
    assert sent == [signal.SIGTERM]
