"""`soundstage env`: what is printed points every client at the server, in every shell."""

from __future__ import annotations

import re
import shlex
import shutil
import subprocess
import sys
from urllib.parse import urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from soundstage_cli.env import SHELLS, server_address, variables
from soundstage_cli.main import main
from soundstage_contracts import VENDORS, VendorFacts, load_facts

URL = "http://127.0.0.1:8080"
VALUES = st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"]), max_size=20)


def exported(shown: str) -> dict[str, str]:
    """Read the assignments of a POSIX shell."""
    return dict(shlex.split(line)[1].split("=", 1) for line in shown.splitlines())


@pytest.mark.parametrize("vendor", VENDORS)
def test_env_puts_the_server_in_the_place_of_the_vendors_host(vendor: str, capsys: pytest.CaptureFixture[str]) -> None:
    """The base variable is the fact file's address with https://HOST replaced by URL/SLUG, the path kept."""
    assert main(["env", vendor, "--url", f"{URL}/"]) == 0
    shown = exported(capsys.readouterr().out)
    vendor_facts = load_facts(vendor).vendors[vendor]
    base = f"{URL}/{vendor}{urlsplit(vendor_facts.base_url).path}"
    assert any(value.startswith(base) for value in shown.values())
    assert set(vendor_facts.environment) <= set(shown)
    assert not any(urlsplit(vendor_facts.base_url).hostname in value for value in shown.values())  # type: ignore[operator]  # a base address has a host


def test_a_servers_own_path_comes_before_the_slug() -> None:
    """A server behind another one keeps its path, and the vendor's path follows the slug."""
    vendor_facts = VendorFacts("acme", "https://api.acme.example/gemini/v1", {}, ())
    assert vendor_facts.base_url_at(URL) == f"{URL}/acme/gemini/v1"
    assert vendor_facts.base_url_at("https://ci.example/mocks/") == "https://ci.example/mocks/acme/gemini/v1"


def test_a_variable_may_be_the_base_address_or_its_host() -> None:
    """{base} is where the vendor's base address is found on the server, {host} where its host is, without the path."""
    named = {"ACME_URL": "{base}/models", "ACME_HOST": "{host}"}
    made = dict(variables([VendorFacts("acme", "https://api.acme.example/v1", named, ())], server_address(URL), {}))
    assert (made["ACME_URL"], made["ACME_HOST"]) == (f"{URL}/acme/v1/models", f"{URL}/acme")


def test_env_without_names_is_every_vendor(capsys: pytest.CaptureFixture[str]) -> None:
    """All vendors of the registry are pointed at the default address."""
    assert main(["env"]) == 0
    shown = exported(capsys.readouterr().out)
    assert all(set(vendor_facts.environment) <= set(shown) for vendor_facts in load_facts().vendors.values())
    assert shown["TOMOVIEE_BASE_URL"] == f"{URL}/tomoviee"
    assert shown["TOMOVIEE_APP_KEY"] == shown["TOMOVIEE_APP_SECRET"] == "soundstage"


def test_no_proxy_gains_the_server_and_loses_nothing() -> None:
    """The exceptions that were set stay, the server's host is added once, in both spellings."""
    made = dict(variables([], server_address(URL), {"NO_PROXY": "corp.example, 127.0.0.1"}))
    assert made == {"NO_PROXY": "corp.example,127.0.0.1", "no_proxy": "127.0.0.1"}
    assert dict(variables([], server_address("http://[::1]:9"), {}))["NO_PROXY"] == "::1"


@pytest.mark.skipif(shutil.which("sh") is None, reason="needs a POSIX shell")
def test_a_shell_takes_over_what_env_prints() -> None:
    """`eval "$(soundstage env)"` leaves the variables in the environment of the shell's children."""
    script = f'eval "$({shlex.quote(sys.executable)} -m soundstage_cli env)"; env'
    done = subprocess.run(["sh", "-c", script], capture_output=True, text=True, check=True)  # noqa: S607 - any sh will do
    assert f"TOMOVIEE_BASE_URL={URL}/tomoviee" in done.stdout.splitlines()


@given(VALUES)
def test_a_posix_shell_reads_any_value_back(value: str) -> None:
    """Quoting loses nothing and lets nothing run."""
    assert shlex.split(SHELLS["sh"]("NAME", value)) == ["export", f"NAME={value}"]


@given(VALUES)
def test_the_other_shells_read_any_value_back(value: str) -> None:
    """Within their quotes, fish and dotenv undo a backslash, PowerShell a doubled quote, no more."""
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
def test_a_bad_address_is_refused_before_anything_is_printed(url: str, capsys: pytest.CaptureFixture[str]) -> None:
    """The message has the value and what is allowed, and the exit code is 2."""
    assert main(["env", "--url", url]) == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.startswith(f"soundstage: --url is {url!r}; allowed: http://HOST[:PORT]")


def test_env_of_an_unknown_vendor_names_the_nearest(capsys: pytest.CaptureFixture[str]) -> None:
    """A misspelt slug is answered with the right one."""
    assert main(["env", "tomovee"]) == 2
    assert "did you mean 'tomoviee'?" in capsys.readouterr().err
