"""`soundstage doctor`: checks of this machine, without requests to another one."""

from __future__ import annotations

import http.server
import socket
import sys
import threading
from importlib import metadata
from typing import TYPE_CHECKING, Any

import pytest

from soundstage_cli import doctor
from soundstage_cli.doctor import CheckResult
from soundstage_cli.env import server_address
from soundstage_cli.main import main
from soundstage_cli.options import is_loopback

if TYPE_CHECKING:
    from collections.abc import Iterator

URL = "http://127.0.0.1:8080"


def not_installed(name: str) -> None:
    """Replace a query about a distribution that is not installed."""
    raise metadata.PackageNotFoundError(name)


@pytest.fixture
def no_proxies(monkeypatch: pytest.MonkeyPatch) -> None:
    """Remove all proxies from the environment."""
    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)


@pytest.fixture
def server() -> Iterator[str]:
    """Serve one healthy path; every other path responds like another program."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            healthy = self.path == "/healthy/_soundstage/health"
            self.send_response(200 if healthy or self.path.startswith("/odd") else 404)
            self.end_headers()
            self.wfile.write(b'{"status": "ok"}' if healthy else b"<html>")

        def log_message(self, *_: object) -> None:
            """Log nothing."""

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as running:
        thread = threading.Thread(target=running.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield f"http://127.0.0.1:{running.server_port}"
        running.shutdown()
        thread.join()


def results(url: str = URL, **environ: str) -> dict[str, CheckResult]:
    """Run all checks and return their results by name."""
    return {found.name: found for found in doctor.run_checks(server_address(url), environ)}


@pytest.mark.usefixtures("no_proxies")
def test_packages_of_each_extra_have_versions() -> None:
    """The requirements of each extra are listed, installed ones with their version."""
    found = results()
    assert found["[contracts] hypothesis"] == CheckResult(
        "[contracts] hypothesis", "ok", metadata.version("hypothesis")
    )
    assert "[server] fastapi" in found
    assert "[server] soundstage" not in found


def test_missing_package_is_note_and_outdated_package_is_problem(monkeypatch: pytest.MonkeyPatch) -> None:
    """A missing package is a note with the install command; an outdated one is a problem."""
    lines = ["no-such-package; extra == 'server'", "pytest>=9999; extra == 'server'", "httpx>=0.27"]
    monkeypatch.setattr("importlib.metadata.requires", lambda _: lines)
    missing, outdated = list(doctor._check_packages("server"))
    assert (missing.status, missing.detail) == (
        "note",
        "not installed: pip install '.[server]' in a clone of the repository",
    )
    assert outdated.status == "problem"
    assert outdated.detail.endswith("needed: >=9999")


def test_source_tree_without_distribution_is_note(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without an installed distribution the extras are unknown, and that is a note."""
    monkeypatch.setattr("importlib.metadata.requires", not_installed)
    (found,) = doctor._check_packages("server")
    assert found.status == "note"


def test_encoders_are_opened() -> None:
    """The video and audio encoders are actually opened."""
    pytest.importorskip("av")
    assert {found.name: found.status for found in doctor._check_encoders()} == {
        "encoder libx264": "ok",
        "encoder libmp3lame": "ok",
    }


def test_missing_encoder_is_problem(monkeypatch: pytest.MonkeyPatch) -> None:
    """An encoder that PyAV was built without is a problem."""

    def broken(codec: str) -> None:
        raise ValueError(f"no {codec}")

    monkeypatch.setattr(doctor, "_open_encoder", broken)
    assert {found.status for found in doctor._check_encoders()} == {"problem"}


def test_missing_pyav_is_note(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without PyAV there is one note and no traceback."""
    monkeypatch.setitem(sys.modules, "av", None)
    (found,) = doctor._check_encoders()
    assert found.status == "note"


def test_healthy_server_is_ok(server: str) -> None:
    """The response of a healthy server is shown; a path before the control route is kept."""
    found = doctor._check_server(server_address(f"{server}/healthy"))
    assert (found.status, found.detail) == ("ok", 'responds: {"status": "ok"}')


@pytest.mark.parametrize("path", ["/ill", "/odd"])
def test_other_program_on_port_is_note(server: str, path: str) -> None:
    """A port that another program uses is a note with a way out."""
    found = doctor._check_server(server_address(server + path))
    assert found.status == "note"
    assert found.detail.endswith("soundstage serve --port 0")


def test_free_port_is_ok() -> None:
    """If nothing listens, the port is free, and the command to serve there is shown."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    found = doctor._check_server(server_address(f"http://127.0.0.1:{port}"))
    assert (found.status, f"soundstage serve --port {port}" in found.detail) == ("ok", True)


@pytest.mark.parametrize(("family", "status"), [("DejaVu Sans", "ok"), ("", "note")])
def test_fonts_in_use_are_listed(monkeypatch: pytest.MonkeyPatch, family: str, status: str) -> None:
    """Each font is named with its origin; scripts without a font are a note."""
    fonts = pytest.importorskip("soundstage_server.media.fonts")
    row = fonts.FontInUse("Greek", family, "fontconfig" if family else None, "/fonts/a.ttf" if family else "")
    monkeypatch.setattr(fonts, "fonts_in_use", lambda: (fonts.FontInUse("plain English", "Own", "Pillow", ""), row))
    found = doctor._check_fonts()
    shown = "DejaVu Sans from fontconfig /fonts/a.ttf" if family else "none, shown as code points"
    assert (found.status, found.detail) == (status, f"plain English: Own from Pillow; Greek: {shown}")


def test_fonts_without_pillow_are_note(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the server extra there is one note and no traceback."""
    monkeypatch.setitem(sys.modules, "soundstage_server.media.fonts", None)
    assert doctor._check_fonts().status == "note"


@pytest.mark.parametrize("url", ["http://mock.example:8080", "https://192.0.2.1"])
def test_external_server_is_not_contacted(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """An address on another machine is not contacted."""
    monkeypatch.setattr(doctor, "_request_health", lambda *_: pytest.fail("contacted"))
    assert doctor._check_server(server_address(url)).detail == "not checked: it is not on this machine"


def test_localhost_and_tls_are_supported() -> None:
    """`localhost` is this machine; a TLS address without a server is not healthy."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    assert is_loopback("localhost")
    assert doctor._request_health(server_address(f"https://127.0.0.1:{port}")) is None


@pytest.mark.usefixtures("no_proxies")
def test_proxy_for_server_is_problem(monkeypatch: pytest.MonkeyPatch) -> None:
    """A proxy without an exception for the server is a problem; with one it is not."""
    assert doctor._check_proxies(server_address(URL)).detail == "none set"
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:3128")
    assert doctor._check_proxies(server_address(URL)).status == "problem"
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    assert doctor._check_proxies(server_address(URL)).status == "ok"


@pytest.mark.usefixtures("no_proxies")
def test_server_that_clients_do_not_reach_is_problem(server: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The request is made as the clients make it: a proxy that takes it is named by its error."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    monkeypatch.setenv("HTTP_PROXY", f"http://127.0.0.1:{port}")
    found = doctor._check_server(server_address(f"{server}/healthy"))
    assert found.status == "problem"
    assert found.detail.startswith("responds, but not to a client of this environment: ConnectError: ")


@pytest.mark.usefixtures("no_proxies")
def test_proxies_are_listed_without_credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each proxy of the environment has its address, also one for another scheme, but not its password."""
    monkeypatch.setenv("https_proxy", "http://user:hush-hush@proxy.example:3128")
    monkeypatch.setenv("no_proxy", ".example.com")
    found = doctor._check_proxies(server_address(URL))
    assert (found.status, found.detail) == ("ok", "none for http (https http://proxy.example:3128, no .example.com)")


def test_variables_are_listed_without_values() -> None:
    """The names of set variables are listed; no result contains a value."""
    found = results(TOMOVIEE_APP_SECRET="hush-hush")
    assert found["variables tomoviee"].detail == "set: TOMOVIEE_APP_SECRET"
    assert "hush-hush" not in repr(found)
    assert results()["variables tomoviee"].detail == "none set"


@pytest.mark.parametrize(
    ("statuses", "status", "summary"),
    [
        ([], "ok", "Ready."),
        (["ok"], "ok", "Ready."),
        (["ok", "note", "note"], "note", "Ready, with notes on 1, 2."),
        (["note", "problem"], "problem", "Not ready: see 1."),
    ],
)
def test_summary_has_worst_status(statuses: list[Any], status: str, summary: str) -> None:
    """The worst status determines the summary line, which lists the checks."""
    assert doctor.summarize(CheckResult(str(number), found, "") for number, found in enumerate(statuses)) == (
        status,
        summary,
    )


@pytest.mark.usefixtures("no_proxies")
def test_exit_code_is_1_only_for_problem(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """A note does not change the exit code; a problem does."""
    monkeypatch.setattr(doctor, "run_checks", lambda *_: [CheckResult("port", "note", "taken")])
    assert main(["doctor"]) == 0
    monkeypatch.setattr(doctor, "run_checks", lambda *_: [CheckResult("proxies", "problem", "caught")])
    assert main(["doctor"]) == 1
    assert capsys.readouterr().out.splitlines()[-1] == "Not ready: see proxies."
