"""Which hosts the proxy simulates, passes on and refuses."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from soundstage_server.proxy.rules import Address, Rules, Way

HOSTS = st.from_regex(r"[a-z]{1,5}(\.[a-z]{1,5}){0,3}", fullmatch=True)
VENDOR = "api.vendor.example"


@given(host=HOSTS, allowed=HOSTS)
def test_only_named_hosts_have_a_way(host: str, allowed: str) -> None:
    """A host is simulated, allowed by its own name, or refused, unless it is this machine."""
    rules = Rules([VENDOR], [allowed.upper()])
    assert rules.way(VENDOR) is Way.SIMULATED
    assert rules.way(allowed) is Way.PASSED
    assert (rules.way(host) is Way.PASSED) == (host in (allowed, "localhost"))


@given(host=HOSTS, parent=HOSTS)
def test_wildcard_allows_what_is_below_it(host: str, parent: str) -> None:
    """`*.parent` allows hosts below it, and neither it nor a host whose name merely ends alike."""
    rules = Rules([], [f"*.{parent}"])
    assert rules.way(f"{host}.{parent}") is Way.PASSED
    assert rules.way(parent) is Way.REFUSED
    assert rules.way(f"x{parent}x") is Way.REFUSED


@given(host=HOSTS, port=st.none() | st.integers(0, 65_535), tls=st.booleans())
def test_address_has_the_port_of_its_scheme(host: str, port: int | None, tls: bool) -> None:  # noqa: FBT001 - drawn
    """A port that is not written is that of the scheme; a name is in lower case and without its final dot."""
    expected = port if port is not None else 443 if tls else 80
    written = host.upper() if port is None else f"{host.upper()}.:{port}"
    assert Address.parse(written, tls=tls) == Address(host, expected)
    assert Address.parse(f"[::1]:{expected}") == Address("::1", expected)
    assert str(Address("::1", 1)) == "[::1]:1"


@pytest.mark.parametrize("text", ["", ":443", "host:port", "host:-1"])
def test_invalid_address_is_refused(text: str) -> None:
    """An address without a host, or with a port that is no number, is an error that shows it."""
    with pytest.raises(ValueError, match="HOST"):
        Address.parse(text)


@pytest.mark.parametrize("host", ["127.0.0.1", "::1", "localhost"])
def test_this_machine_is_passed_on(host: str) -> None:
    """A program may use its own servers through the proxy."""
    assert Rules([]).way(host) is Way.PASSED
