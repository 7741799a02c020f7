"""`soundstage env`: the printed variables point every client at the server, in every shell."""

from __future__ import annotations

import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from soundstage_cli.env import SHELLS, server_address, variables
from soundstage_cli.main import main
from soundstage_contracts import VENDORS, VendorFacts, load_facts

URL = "http://127.0.0.1:8080"
VALUES = st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"]), max_size=20)


def exported(output: str) -> dict[str, str]:
    """Parse the assignments of a POSIX shell."""
    return dict(shlex.split(line)[1].split("=", 1) for line in output.splitlines())


@pytest.mark.parametrize("vendor", VENDORS)
def test_base_url_points_at_server(vendor: str, capsys: pytest.CaptureFixture[str]) -> None:
    """The base variable is the vendor's address with https://HOST replaced by URL/SLUG and the path kept."""
    assert main(["env", vendor, "--url", f"{URL}/"]) == 0
    output = exported(capsys.readouterr().out)
    facts = load_facts(vendor).vendors[vendor]
    base = f"{URL}/{vendor}{urlsplit(facts.base_url).path}"
    assert any(value.startswith(base) for value in output.values())
    assert set(facts.environment) <= set(output)
    assert not any(urlsplit(facts.base_url).hostname in value for value in output.values())  # type: ignore[operator]  # a base address has a host


def test_server_path_precedes_slug() -> None:
    """The path of a server behind a reverse proxy is kept, before the slug and the vendor's path."""
    facts = VendorFacts("acme", "https://api.acme.example/gemini/v1", {}, ())
    assert facts.base_url_at(URL) == f"{URL}/acme/gemini/v1"
    assert facts.base_url_at("https://ci.example/mocks/") == "https://ci.example/mocks/acme/gemini/v1"


def test_base_and_host_placeholders() -> None:
    """{base} becomes the vendor's base address on the server, {host} the same without the vendor's path."""
    named = {"ACME_URL": "{base}/models", "ACME_HOST": "{host}"}
    found = dict(variables([VendorFacts("acme", "https://api.acme.example/v1", named, ())], server_address(URL), {}))
    assert (found["ACME_URL"], found["ACME_HOST"]) == (f"{URL}/acme/v1/models", f"{URL}/acme")


def test_default_is_every_vendor(capsys: pytest.CaptureFixture[str]) -> None:
    """Without names, all vendors of the registry get the default address."""
    assert main(["env"]) == 0
    output = exported(capsys.readouterr().out)
    assert all(set(facts.environment) <= set(output) for facts in load_facts().vendors.values())
    assert output["TOMOVIEE_BASE_URL"] == f"{URL}/tomoviee"
    assert output["TOMOVIEE_APP_KEY"] == output["TOMOVIEE_APP_SECRET"] == "soundstage"


def test_no_proxy_is_extended() -> None:
    """Existing exceptions stay, and the server's host is added once, in both spellings."""
    found = dict(variables([], server_address(URL), {"NO_PROXY": "corp.example, 127.0.0.1"}))
    assert found == {"NO_PROXY": "corp.example,127.0.0.1", "no_proxy": "127.0.0.1"}
    assert dict(variables([], server_address("http://[::1]:9"), {}))["NO_PROXY"] == "::1"


@pytest.mark.skipif(shutil.which("sh") is None, reason="needs a POSIX shell")
def test_shell_evaluates_output() -> None:
    """`eval "$(soundstage env)"` sets the variables for the shell's child processes."""
    script = f'eval "$({shlex.quote(sys.executable)} -m soundstage_cli env)"; env'
    done = subprocess.run(["sh", "-c", script], capture_output=True, text=True, check=True)  # noqa: S607 - any sh will do
    assert f"TOMOVIEE_BASE_URL={URL}/tomoviee" in done.stdout.splitlines()


@given(VALUES)
def test_posix_quoting_round_trips(value: str) -> None:
    """POSIX quoting keeps every value and executes nothing."""
    assert shlex.split(SHELLS["sh"]("NAME", value)) == ["export", f"NAME={value}"]


@given(VALUES)
def test_other_quoting_round_trips(value: str) -> None:
    """Quotes are escaped with a backslash in fish and dotenv, and doubled in PowerShell."""
    fish = SHELLS["fish"]("NAME", value).removeprefix("set -gx NAME '").removesuffix("'")
    assert re.sub(r"\\([\\'])", r"\1", fish) == value
    powershell = SHELLS["powershell"]("NAME", value).removeprefix("$env:NAME = '").removesuffix("'")
    assert powershell.replace("''", "'") == value
    dotenv = SHELLS["dotenv"]("NAME", value).removeprefix("NAME=")
    assert dotenv == value or re.sub(r"\\([\\'])", r"\1", dotenv[1:-1]) == value


@pytest.mark.parametrize(
    "url",
    [
        "",
        "foo",
        "ftp://127.0.0.1",
        "http://",
        "http://h:99999",
        "http://h:x",
        "http://u:p@h",
        "http://h/?a",
        "http://h h",
    ],
)
def test_invalid_url_is_usage_error(url: str, capsys: pytest.CaptureFixture[str]) -> None:
    """The message has the value and what is allowed, nothing is printed, and the exit code is 2."""
    assert main(["env", "--url", url]) == 2
    output = capsys.readouterr()
    assert output.out == ""
    assert output.err.startswith(f"soundstage: --url is {url!r}; allowed: http://HOST[:PORT]")


def test_unknown_vendor_has_suggestion(capsys: pytest.CaptureFixture[str]) -> None:
    """The message for a misspelled slug suggests the right one."""
    assert main(["env", "tomovee"]) == 2
    assert "did you mean 'tomoviee'?" in capsys.readouterr().err


@pytest.mark.parametrize("vendor", VENDORS)
def test_explain_names_what_reads_each_variable(vendor: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Each variable has a program that reads it, and the documents name the same."""
    assert main(["env", vendor, "--explain"]) == 0
    facts = load_facts(vendor).vendors[vendor]
    assert facts.readers.keys() == facts.environment.keys()
    output = capsys.readouterr().out
    page = (Path(__file__).parents[2] / "docs" / "command_line.md").read_text(encoding="utf-8")
    for name, reader in facts.readers.items():
        assert f"{name}={facts.environment_at(URL)[name]}  {reader}\n" in output
        (row,) = [line for line in page.splitlines() if line.startswith("| `") and f"`{name}`" in line]
        assert reader.partition(" (")[0] in row
