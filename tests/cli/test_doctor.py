"""`soundstage doctor`: everything on this machine is looked at, nothing beyond it."""

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

if TYPE_CHECKING:
    from collections.abc import Iterator

URL = "http://127.0.0.1:8080"


def not_installed(name: str) -> None:
    """Stand in for a query about a distribution that is not there."""
    raise metadata.PackageNotFoundError(name)


@pytest.fixture
def healthy(monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine without proxies."""
    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)


@pytest.fixture
def server() -> Iterator[str]:
    """The address of a small server that is well on one path and ill on the others."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            well = self.path == "/well/_soundstage/health"
            self.send_response(200 if well or self.path.startswith("/odd") else 404)
            self.end_headers()
            self.wfile.write(b'{"status": "ok"}' if well else b"<html>")

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as running:
        thread = threading.Thread(target=running.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield f"http://127.0.0.1:{running.server_port}"
        running.shutdown()
        thread.join()


def results(url: str = URL, **environ: str) -> dict[str, CheckResult]:
    """Examine this machine and name what was found by its name."""
    return {found.name: found for found in doctor.run_checks(server_address(url), environ)}


@pytest.mark.usefixtures("healthy")
def test_doctor_finds_every_package_of_every_extra_with_its_version() -> None:
    """Each extra's own requirements are listed, installed ones with their version."""
    found = results()
    assert found["[contracts] hypothesis"] == CheckResult(
        "[contracts] hypothesis", "ok", metadata.version("hypothesis")
    )
    assert "[server] fastapi" in found
    assert "[server] soundstage" not in found


def test_doctor_tells_missing_and_outdated_packages_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    """A package that is not there is a note with the command to type; one that is too old is a problem."""
    lines = ["no-such-package; extra == 'server'", "pytest>=9999; extra == 'server'", "httpx>=0.27"]
    monkeypatch.setattr("importlib.metadata.requires", lambda _: lines)
    missing, outdated = list(doctor._check_packages("server"))
    assert (missing.status, missing.detail) == ("note", "not installed: pip install 'soundstage[server]'")
    assert outdated.status == "problem"
    assert outdated.detail.endswith("needed: >=9999")


def test_doctor_in_a_bare_source_tree_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without an installed distribution nobody knows the extras, and doctor does not guess."""
    monkeypatch.setattr("importlib.metadata.requires", not_installed)
    (found,) = doctor._check_packages("server")
    assert found.status == "note"


def test_doctor_opens_both_encoders() -> None:
    """The encoders of films and sounds are really opened."""
    pytest.importorskip("av")
    assert {found.name: found.status for found in doctor._check_encoders()} == {
        "encoder libx264": "ok",
        "encoder libmp3lame": "ok",
    }


def test_doctor_reports_an_encoder_that_does_not_open(monkeypatch: pytest.MonkeyPatch) -> None:
    """An encoder that PyAV was built without is a problem."""

    def broken(codec: str) -> None:
        raise ValueError(f"no {codec}")

    monkeypatch.setattr(doctor, "_open_encoder", broken)
    assert {found.status for found in doctor._check_encoders()} == {"problem"}


def test_doctor_without_pyav_says_what_is_lost(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without PyAV there is one note and no traceback."""
    monkeypatch.setitem(sys.modules, "av", None)
    (found,) = doctor._check_encoders()
    assert found.status == "note"


@pytest.mark.parametrize(("family", "status"), [("DejaVu Sans", "ok"), ("", "note")])
def test_doctor_lists_the_fonts_in_use(monkeypatch: pytest.MonkeyPatch, family: str, status: str) -> None:
    """Each font is named with its origin; scripts without a font are a note."""
    fonts = pytest.importorskip("soundstage_server.media.fonts")
    row = fonts.FontInUse("Greek", family, "fontconfig" if family else None, "/fonts/a.ttf" if family else "")
    monkeypatch.setattr(fonts, "fonts_in_use", lambda: (fonts.FontInUse("plain English", "Own", "Pillow", ""), row))
    found = doctor._check_fonts()
    shown = "DejaVu Sans from fontconfig /fonts/a.ttf" if family else "none, shown as code points"
    assert (found.status, found.detail) == (status, f"plain English: Own from Pillow; Greek: {shown}")


def test_doctor_without_pillow_reports_no_fonts(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the server extra there is one note and no traceback."""
    monkeypatch.setitem(sys.modules, "soundstage_server.media.fonts", None)
    assert doctor._check_fonts().status == "note"


def test_doctor_hears_a_server_that_is_well(server: str) -> None:
    """A healthy server is quoted; a path before the control address is kept."""
    found = doctor._check_server(server_address(f"{server}/well"))
    assert (found.status, found.detail) == ("ok", 'answers: {"status": "ok"}')


@pytest.mark.parametrize("path", ["/ill", "/odd"])
def test_doctor_knows_a_strange_program_on_the_port(server: str, path: str) -> None:
    """A port that something else holds is a note with a way out."""
    found = doctor._check_server(server_address(server + path))
    assert found.status == "note"
    assert found.detail.endswith("soundstage serve --port 0")


def test_doctor_sees_a_free_port() -> None:
    """Where nothing listens, the port is free and the command to serve there is named."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    found = doctor._check_server(server_address(f"http://127.0.0.1:{port}"))
    assert (found.status, f"soundstage serve --port {port}" in found.detail) == ("ok", True)


@pytest.mark.parametrize("url", ["http://mock.example:8080", "https://192.0.2.1"])
def test_doctor_never_leaves_the_machine(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """An address elsewhere is not asked."""
    monkeypatch.setattr(doctor, "_request_health", lambda *_: pytest.fail("asked"))
    assert doctor._check_server(server_address(url)).detail == "not asked: it is not on this machine"


def test_doctor_asks_localhost_by_name_and_by_tls() -> None:
    """`localhost` is this machine; a TLS address without a server there is quietly not healthy."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    assert doctor._is_loopback("localhost")
    assert doctor._request_health(server_address(f"https://127.0.0.1:{port}"), "127.0.0.1", port) is None


@pytest.mark.usefixtures("healthy")
def test_doctor_finds_a_proxy_that_would_catch_the_server(monkeypatch: pytest.MonkeyPatch) -> None:
    """A proxy without an exception for the server is a problem, with one it is not."""
    assert doctor._check_proxies(server_address(URL)).detail == "none is set"
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:3128")
    assert doctor._check_proxies(server_address(URL)).status == "problem"
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    assert doctor._check_proxies(server_address(URL)).status == "ok"


def test_doctor_names_credentials_and_never_shows_them() -> None:
    """Which variables are set is told; no value is anywhere in the results."""
    found = results(TOMOVIEE_APP_SECRET="hush-hush")
    assert found["variables tomoviee"].detail == "set: TOMOVIEE_APP_SECRET"
    assert "hush-hush" not in repr(found)
    assert results()["variables tomoviee"].detail == "none is set"


@pytest.mark.parametrize(
    ("statuses", "status", "words"),
    [
        ([], "ok", "Ready."),
        (["ok"], "ok", "Ready."),
        (["ok", "note", "note"], "note", "Ready, with notes on 1, 2."),
        (["note", "problem"], "problem", "Not ready: see 1."),
    ],
)
def test_doctor_ends_with_one_line(statuses: list[Any], status: str, words: str) -> None:
    """The worst finding decides, and the line says where to look."""
    assert doctor.summarize(CheckResult(str(place), found, "") for place, found in enumerate(statuses)) == (
        status,
        words,
    )


@pytest.mark.usefixtures("healthy")
def test_doctor_exits_with_1_only_for_a_problem(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Notes do not fail a build; problems do."""
    monkeypatch.setattr(doctor, "run_checks", lambda *_: [CheckResult("port", "note", "taken")])
    assert main(["doctor"]) == 0
    monkeypatch.setattr(doctor, "run_checks", lambda *_: [CheckResult("proxies", "problem", "caught")])
    assert main(["doctor"]) == 1
    assert capsys.readouterr().out.splitlines()[-1] == "Not ready: see proxies."
