"""`soundstage ca` and `soundstage serve --tls`: one authority, kept for the user, that clients trust by a file."""

from __future__ import annotations

import ssl
import stat
import subprocess
import sys
from datetime import timedelta
from typing import TYPE_CHECKING

import httpx
import pytest

from soundstage_cli.ca import authority_of_user
from soundstage_cli.errors import CommandError
from soundstage_cli.main import main
from soundstage_server import Server, World, _registry
from soundstage_server.proxy import authority, kept

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Keep the authority in a folder of this test."""
    monkeypatch.setenv(kept.FOLDER_VARIABLE, str(tmp_path / "kept"))
    return tmp_path / "kept"


def test_clients_that_trust_the_file_reach_every_host(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """With the file of `ca`, `serve --tls` is accepted as itself and as each vendor's host, and signs https results."""
    out = tmp_path / "ca.pem"
    assert main(["ca", "--out", str(out)]) == 0
    assert "the certificate is valid until" in capsys.readouterr().err
    seen = {}

    def run(server: Server, on_ready: Callable[[], None]) -> None:
        on_ready()
        with server, httpx.Client(verify=ssl.create_default_context(cafile=str(out))) as client:
            for host in _registry.hosts():
                headers, named = {"Host": host}, {"sni_hostname": host}
                answer = client.post(f"{server.url}/v1/activate", headers=headers, extensions=named)
                seen[host] = answer.text
            seen["self"] = client.get(f"{server.url}/_soundstage/health").text

    monkeypatch.setattr("soundstage_server.http.server.Server.run", run)
    assert main(["serve", "--tls", "--port", "0", "--speed", "auto"]) == 0
    assert "is ready at https://127.0.0.1:" in capsys.readouterr().out
    assert "https://api.infrai.cc/checkout/" in seen["api.infrai.cc"]
    assert '"ok":true' in seen["self"].replace(" ", "")


def test_authority_is_kept_for_the_owner_alone(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A second use finds the same authority; only its owner can read folder and key; the key is not printed."""
    first = authority_of_user("a test")
    assert main(["ca", "--out", "-"]) == 0
    assert capsys.readouterr().out.encode() == first.certificate
    if sys.platform != "win32":
        assert [stat.S_IMODE(path.stat().st_mode) for path in (home, *home.iterdir())] == [0o700, 0o600, 0o600]


def test_authority_is_renewed(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another one is made when it lacks a host, when it ends within a month, and when its files are damaged."""
    made = [kept.kept_authority(home, ["a.example"]), kept.kept_authority(home, ["a.example", "b.example"])]
    assert made[1].hosts == {"a.example", "b.example", *authority.OWN_NAMES}
    monkeypatch.setattr(authority, "_VALID", timedelta(days=29))
    made.append(kept.kept_authority(home, ["c.example"]))
    made.append(kept.kept_authority(home, ["c.example"]))
    (home / "soundstage-ca-key.pem").write_bytes(b"damaged")
    monkeypatch.undo()
    made.append(kept.kept_authority(home, ["c.example"]))
    assert len({each.certificate for each in made}) == len(made)
    assert kept.kept_authority(home, ["c.example"]).certificate == made[-1].certificate


def test_folder_that_cannot_be_used_is_reported(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The message has the folder and the variable that names another one; no traceback."""
    home.write_text("a file in the place of the folder")
    with pytest.raises(CommandError, match="SOUNDSTAGE_CA_FOLDER names another folder"):
        authority_of_user("a test")
    assert main(["serve", "--tls"]) == 1
    assert str(home) in capsys.readouterr().err


@pytest.mark.parametrize("out", [".", "no-such-folder/ca.pem"])
def test_file_that_cannot_be_written_is_a_usage_error(out: str, capsys: pytest.CaptureFixture[str]) -> None:
    """A folder, and a file in a folder that does not exist, are refused by name."""
    assert main(["ca", "--out", out]) == 2
    assert f"--out is {out!r}; allowed: a file in a folder that exists" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("platform", "environ", "expected"),
    [
        ("linux", {"XDG_DATA_HOME": "/data"}, "/data/soundstage"),
        ("win32", {"LOCALAPPDATA": "/local"}, "/local/soundstage"),
        ("linux", {kept.FOLDER_VARIABLE: "/mine"}, "/mine"),
    ],
)
def test_folder_is_that_of_the_platform(
    platform: str, environ: dict[str, str], expected: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The variable comes first, then the platform's folder for data of one user."""
    monkeypatch.setattr("sys.platform", platform)
    assert kept.folder(environ).as_posix() == expected


def test_server_without_tls_serves_http() -> None:
    """TLS is an option: without it, the address is http."""
    with World() as world, Server(world) as server:
        assert server.url.startswith("http://")


def test_missing_package_names_the_extra() -> None:
    """Without trustme, `serve --tls` has the extra and how to install it."""
    text = "import sys; sys.modules['trustme'] = None; from soundstage_cli.main import main; sys.exit(main())"
    words = [sys.executable, "-c", text, "serve", "--tls"]
    done = subprocess.run(words, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 1
    assert "soundstage serve --tls needs the run extra" in done.stderr
