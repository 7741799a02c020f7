"""The error catalog: whole, and each error is raised when it is provoked as the page describes."""

from __future__ import annotations

from pathlib import Path

import pytest

from soundstage import errors
from soundstage_contracts import VENDORS
from soundstage_server import World
from tools.docs_site.error_catalog import HEAD, network_section, vendor_section
from tools.docs_site.provocation import Provoker, Raised, client_table

PAGE = (Path(__file__).parents[2] / "docs" / "errors.md").read_text(encoding="utf-8")
SECTIONS = {text.partition("\n")[0]: f"## {text}" for text in PAGE.split("\n## ")[1:]}
REFRESH = "outdated: run `python -m tools.docs_site --errors`"


def codes_of(section: str) -> set[str]:
    """Return the codes in the first table of *section*."""
    table = section.partition("\n### ")[0]
    return {line.split("`")[1] for line in table.splitlines() if line.startswith("| `")}


@pytest.mark.parametrize("vendor", VENDORS)
def test_every_error_is_raised_as_described(vendor: str) -> None:
    """The section of a vendor is what comes out when every one of its errors is provoked again."""
    section = vendor_section(vendor)
    assert section.strip() == SECTIONS[section.partition("\n")[0][3:]].strip(), REFRESH


def test_faults_of_the_network_raise_as_described() -> None:
    """The table of faults is what comes out when each is injected again; the head is the tool's."""
    assert network_section().strip() == SECTIONS["Faults of the network"].strip(), REFRESH
    assert PAGE.startswith(HEAD), REFRESH


@pytest.mark.parametrize("vendor", VENDORS)
def test_every_code_is_on_the_page(vendor: str) -> None:
    """Every code that the simulator can send, and every one that the client knows, has a row."""
    with World() as world:
        service = world.services[vendor]
        assert codes_of(SECTIONS[service.title]) == {*service.codes, *client_table(vendor)}


def test_every_class_of_a_refusal_is_on_the_page() -> None:
    """Each error class that a service can cause is somewhere on the page."""
    caused = [name for name in errors.__all__ if issubclass(getattr(errors, name), errors.ApiError)]
    general = {"ApiError", "UnreadableAnswerError"}  # the base class, and a response that is not documented
    assert [name for name in caused if name not in general and f"`{name}`" not in PAGE] == []


def test_a_call_that_succeeds_raises_nothing() -> None:
    """What the page calls a success is one: neither the order nor the account of an earlier call has an effect."""
    with Provoker("infrai") as provoker:
        assert provoker.order("RATE_LIMITED").name == "RateLimitError"
        assert provoker.credential("broke-").name == "InsufficientCreditsError"
        assert provoker.word("none of the words") == Raised()
