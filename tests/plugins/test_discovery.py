"""Vendors are found by entry points, without importing any; one that cannot be used is named and left out."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest

import soundstage_vendors
from soundstage_cli.main import main
from soundstage_contracts import FactError, load_facts, options, plugin
from soundstage_contracts.declarations.vendor import contract_of
from soundstage_contracts.facts.loader import unusable_facts
from soundstage_contracts.options import OptionError
from soundstage_contracts.registry import incomplete_vendors
from soundstage_server import World
from soundstage_vendors import UnknownVendorError, Vendor, VendorError
from soundstage_vendors.own import VENDORS

if TYPE_CHECKING:
    from pathlib import Path

    from tests.plugins.conftest import Install

FIELDS = {
    "api": 1,
    "slug": "acme",
    "title": "Acme",
    "client": "acme.client:Acme",
    "async_client": "acme.client:AsyncAcme",
    "facts": "acme:facts.toml",
}
DECLARED = """
from soundstage_vendors import Vendor

VENDOR = Vendor(
    api=1, slug="broken", title="Broken", client="MODULE:Client", async_client="MODULE:AsyncClient",
    facts="MODULE:facts.toml", MORE
)
"""


def declared(more: str = "") -> str:
    """Return the source of a plug-in's module that declares the vendor ``broken``; MODULE is its own name."""
    return DECLARED.replace("MORE", more)


def test_derived_fields_follow_from_the_others() -> None:
    """Profile, demo, terms and record are where a vendor usually has them, unless it names another place."""
    vendor = Vendor(**FIELDS, contract="acme.contract:CONTRACT", terms="acme.terms")  # type: ignore[arg-type]
    assert (vendor.profile, vendor.demo) == ("acme.client:PROFILE", "acme.contract:DEMO")
    assert (vendor.terms, vendor.shown) == ("acme.terms", "acme:facts_shown.json")
    assert vendor.service is None


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("api", 2, r"api is 2; this release has version 1 of the vendor interface: install"),
        ("api", True, "api is True; this release"),
        ("slug", "Acme", r"slug is 'Acme'; allowed: a-z, 0-9 and _, a letter first"),
        ("slug", 3, "slug is 3; allowed"),
        ("slug", "docs", "slug is 'docs', which is the name of something else"),
        ("slug", "async_acme", "slug is 'async_acme', which is the name of something else"),
        ("title", "", "title is ''; allowed: a line of text"),
        ("title", None, "title is None; allowed: a line of text"),
        ("client", "acme.client", "client is 'acme.client'; allowed: text such as \"package.module:NAME\""),
        ("facts", "acme:../facts.toml", 'facts is .*; allowed: text such as "package:folder/file"'),
        ("facts", "acme:/facts.toml", "facts is .*; allowed"),
        ("suite", "acme:suite", 'suite is .*; allowed: text such as "package.module"'),
        ("simulator", "acme:SERVICE", "simulator is no field of a Vendor; allowed: api, slug, title, client"),
    ],
)
def test_wrong_field_is_refused_by_name(field: str, value: object, message: str) -> None:
    """The error names the field, the value and what is allowed."""
    with pytest.raises(VendorError, match=message):
        Vendor(**{**FIELDS, field: value})  # type: ignore[arg-type]


def test_other_version_is_named_before_its_unknown_fields() -> None:
    """A plug-in for a later interface is refused for its version, not for a field that this one does not have."""
    with pytest.raises(VendorError, match="api is 2; this release has version 1"):
        Vendor(**{**FIELDS, "api": 2, "models": "acme:MODELS"})  # type: ignore[arg-type]


def test_discovery_imports_nothing_of_a_vendor(install: Install) -> None:
    """The slug is known, after this project's own, while the plug-in's module is not loaded."""
    module = install("zeta", 'raise RuntimeError("too early")')
    assert soundstage_vendors.slugs()[: len(VENDORS)] == tuple(VENDORS)
    assert "zeta" in soundstage_vendors.slugs()
    assert module not in sys.modules


def test_unknown_vendor_is_refused_with_the_nearest() -> None:
    """The error suggests the nearest slug, and lists all."""
    with pytest.raises(UnknownVendorError, match=r"no vendor is called 'tomovie'; did you mean 'tomoviee'\?; known: "):
        soundstage_vendors.find("tomovie")


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ('raise RuntimeError("no key")', r"cannot be loaded: RuntimeError: no key \(.*__init__.py, line 1\)"),
        ("import nothing_like_this", "cannot be loaded: ModuleNotFoundError: No module named 'nothing_like_this'"),
        ("def broken(:", r"cannot be loaded: SyntaxError: .*line 1"),
        ("raise SystemExit", r"cannot be loaded: SystemExit \(.*line 1\)"),
        ("OTHER = 1", "cannot be loaded: AttributeError: .*VENDOR"),
        ("VENDOR = 'acme'", "is 'acme'; allowed: a soundstage_vendors.Vendor"),
        (declared().replace('slug="broken"', 'slug="other"'), "slug is 'other'; allowed: 'broken', the name of the"),
        (declared().replace("api=1", "api=7"), "api is 7; this release has version 1"),
        (declared('service="nowhere"'), "service is 'nowhere'; allowed: text such as"),
        (declared().replace("api=1, ", ""), "api is None; this release has version 1"),
    ],
)
def test_broken_plugin_is_named_and_left_out(install: Install, source: str, message: str) -> None:
    """Whatever is wrong with a plug-in, the sentence names it, its distribution and the reason; others work."""
    module = install("broken", source)
    with pytest.raises(VendorError, match=message) as refusal:
        soundstage_vendors.find("broken")
    assert str(refusal.value).startswith(f"vendor 'broken' ({module}:VENDOR of {module} 1.0): ")
    assert soundstage_vendors.broken() == {"broken": str(refusal.value)}
    assert unusable_facts() == {"broken": str(refusal.value)}
    assert tuple(load_facts().vendors) == tuple(VENDORS)
    with pytest.raises(FactError, match="vendor 'broken'"):
        load_facts("broken")


def test_two_plugins_with_one_slug_are_refused_by_name(install: Install) -> None:
    """Neither is used, so that the order of installation chooses no vendor, and both are named."""
    first, second = install("twice", declared()), install("twice", declared())
    assert "twice" not in soundstage_vendors.slugs()
    named = f"{first}:VENDOR of {first} 1.0 and {second}:VENDOR of {second} 1.0; neither is used"
    with pytest.raises(VendorError, match=f"vendor 'twice' is declared by {named}: uninstall one of them"):
        soundstage_vendors.find("twice")


def test_slug_of_this_project_is_not_taken_over(install: Install) -> None:
    """A plug-in with the slug of one of our vendors is named beside it, and calls go to neither."""
    install("veo", declared())
    with pytest.raises(VendorError, match=r"own:veo of this project and plugin_\w+:VENDOR of .*; neither is used"):
        soundstage_vendors.find("veo")
    with World() as world:
        assert "veo" not in world.services
        assert "neither is used" in world.left_out["veo"]


def test_entry_point_with_a_wrong_name_is_refused(install: Install) -> None:
    """A name that is no slug is not offered anywhere."""
    module = install("Acme-2", declared())
    assert "Acme-2" not in soundstage_vendors.slugs()
    assert soundstage_vendors.left_out() == {
        "Acme-2": f"vendor 'Acme-2' ({module}:VENDOR of {module} 1.0): slug is 'Acme-2'; allowed: a-z, 0-9 and _, "
        "a letter first"
    }


@pytest.mark.parametrize(
    ("more", "message"),
    [
        ("", "service is missing; needed: package.module:NAME"),
        ('service="MODULE:SERVICE"', "service is 'MODULE:SERVICE', which cannot be loaded: AttributeError"),
        (
            'service="nowhere_of_test:SERVICE"',
            "cannot be loaded: ModuleNotFoundError: No module named 'nowhere_of",
        ),
        ('service="MODULE:Vendor"', "the slug of its service <class .*Vendor'> is .*; allowed: 'broken'"),
    ],
)
def test_service_that_cannot_be_loaded_is_left_out_of_a_world(install: Install, more: str, message: str) -> None:
    """A world simulates every other vendor, and refuses the broken one where it is asked for by name."""
    module = install("broken", declared(more))
    message = message.replace("MODULE", module)
    with World() as world:
        assert list(world.services) == list(VENDORS)
        assert list(world.left_out) == ["broken"]
    with pytest.raises(VendorError, match=message):
        World(vendors=["broken"])


def test_service_that_raises_when_it_is_opened_is_left_out(install: Install) -> None:
    """A service that cannot be made for a world takes no other vendor with it."""
    install("broken", declared('service="MODULE:SERVICE"') + "class SERVICE:\n    slug = 'broken'\n")
    with World() as world:
        assert list(world.services) == list(VENDORS)
        assert "its service <class" in world.left_out["broken"]
        assert "cannot be opened: TypeError" in world.left_out["broken"]


def test_fact_file_that_does_not_parse_is_named(install: Install, tmp_path: Path) -> None:
    """The sentence names file and field, and the other vendors' facts load."""
    module = install("broken", declared())
    (tmp_path / module / "facts.toml").write_text('vendor = "broken"\nbase_url = 3\nfact = []\n[environment]\n')
    with pytest.raises(FactError, match=rf"{module}/facts.toml: base_url is 3; allowed: https://HOST"):
        load_facts("broken")
    assert list(unusable_facts()) == ["broken"]
    assert tuple(load_facts().vendors) == tuple(VENDORS)


def test_host_of_another_vendor_is_refused(install: Install) -> None:
    """Requests for one host cannot reach two vendors: the later one is left out, and the host is named."""
    service = (
        "class SERVICE:\n    slug = 'broken'\n    hosts = ('api.infrai.cc',)\n    def __init__(self, world): pass\n"
    )
    install("broken", declared('service="MODULE:SERVICE"') + service)
    with World() as world:
        assert list(world.services) == list(VENDORS)
        assert "hosts has 'api.infrai.cc', a host of infrai; allowed: hosts of its own" in world.left_out["broken"]


@pytest.mark.parametrize(
    "words",
    [["generate", "broken"], ["demo", "--vendor", "broken"], ["env", "broken"], ["facts", "broken"]],
)
def test_command_that_needs_a_broken_vendor_names_it(
    install: Install, words: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    """The command fails in one sentence, without a traceback."""
    install("broken", 'raise RuntimeError("no key")')
    assert main(words) == 2
    output = capsys.readouterr()
    assert output.out == ""
    assert "vendor 'broken' (" in output.err
    assert "cannot be loaded: RuntimeError: no key" in output.err


def test_commands_about_all_vendors_name_the_broken_one(install: Install, capsys: pytest.CaptureFixture[str]) -> None:
    """It is left out of the list, named on standard error, and a problem of the installation."""
    install("broken", 'raise RuntimeError("no key")')
    for words in (["env"], ["generate"]):
        assert main(words) == 0
        assert "soundstage: left out: vendor 'broken' (" in capsys.readouterr().err
    assert main(["doctor"]) == 1
    assert "Not ready: see vendor broken." in " ".join(capsys.readouterr().out.split())


def test_demo_of_a_vendor_without_a_contract_names_the_field(
    install: Install, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A part that a command needs and the vendor does not declare is named."""
    install("broken", declared())
    assert main(["demo", "--vendor", "broken", "--out", str(tmp_path / "out")]) == 1
    assert "contract is missing; needed: package.module:NAME" in capsys.readouterr().err


def test_broken_vendor_is_refused_where_its_contracts_are_asked_for(install: Install) -> None:
    """``--soundstage-vendor`` names the reason, and the fixture of the slug would raise it."""
    install("broken", 'raise RuntimeError("no key")')
    with pytest.raises(OptionError, match=r"--soundstage-vendor: vendor 'broken' \(.*no key"):
        options._vendor("--soundstage-vendor", "broken")
    with pytest.raises(VendorError, match="no key"):
        contract_of("broken")
    assert "broken" in incomplete_vendors()
    assert "broken_fixture" in vars(plugin._vendor_fixtures())
