"""`soundstage generate` with every vendor: each demo call works from the shell."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, fields, is_dataclass, replace
from enum import Enum
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from soundstage_cli.demo.media_info import describe_media
from soundstage_cli.generate.catalog import load_vendor
from soundstage_cli.main import main
from soundstage_vendors.own import VENDORS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from soundstage_contracts.declarations.vendor import DemoCall

pytestmark = pytest.mark.usefixtures("environ")

FAST_POLL = ("--poll", "0.001")
CALLS = [
    (slug, number, call)
    for slug in VENDORS
    for number, call in enumerate(import_module(f"soundstage_contracts.vendors.{slug}").DEMO)
]


def command_line(slug: str, call: DemoCall) -> list[str]:
    """Return *call* as command line arguments, with the vendor's own name."""
    capability = load_vendor(slug).find(call.method)
    assert capability
    options = {option.name: option for option in capability.options}
    words = ["generate", slug, capability.name]
    for name, value in call.arguments.items():
        words += option_arguments(options[name].flag, value)
    return words


def option_arguments(name: str, value: Any) -> Iterator[str]:
    """Yield the option *name* with *value* as arguments."""
    if isinstance(value, bool):
        yield f"--{name}" if value else f"--no-{name}"
    elif isinstance(value, list | tuple):
        for one in value:
            yield from option_arguments(name, one)
    else:
        to_json = asdict(value) if is_dataclass(value) and not isinstance(value, type) else value
        text = json.dumps(to_json, default=str) if isinstance(to_json, Mapping) else to_json
        yield f"--{name}={text.name.lower() if isinstance(text, Enum) else text}"


@pytest.mark.parametrize(
    ("slug", "call"),
    [(slug, call) for slug, _, call in CALLS],
    ids=[f"{slug}-{call.method}-{number}" for slug, number, call in CALLS],
)
def test_every_demo_call_works_as_dry_run(
    slug: str, call: DemoCall, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    """The arguments of each demo call pass every check of the client."""
    arguments = {name: bytes_to_files(value, tmp_path / name) for name, value in call.arguments.items()}
    assert main([*command_line(slug, type(call)(call.method, arguments)), "--dry-run"]) == 0
    output = json.loads(capsys.readouterr().out)
    assert output["method"] == "POST"


def bytes_to_files(value: Any, path: Path) -> Any:
    """Replace all bytes in *value* by the path of a file."""
    if is_dataclass(value) and not isinstance(value, type):
        return replace(value, **{each.name: bytes_to_files(getattr(value, each.name), path) for each in fields(value)})
    if isinstance(value, list | tuple):
        return [bytes_to_files(one, path.with_name(f"{path.name}-{number}")) for number, one in enumerate(value)]
    if not isinstance(value, bytes):
        return value
    path.write_bytes(value)
    return path


@pytest.mark.parametrize("slug", VENDORS)
def test_first_demo_call_of_each_vendor(slug: str, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    """The paths on standard output are files that decode."""
    call = next(call for vendor, _, call in CALLS if vendor == slug)
    arguments = {name: bytes_to_files(value, tmp_path / name) for name, value in call.arguments.items()}
    assert main([*command_line(slug, type(call)(call.method, arguments)), "--out", "made", *FAST_POLL]) == 0
    paths = capsys.readouterr().out.splitlines()
    assert paths
    for path in paths:
        assert Path(path).parent == Path("made")
        assert describe_media(Path(path))


def test_vendor_name_with_spaces(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    """Media.io's own name of an endpoint makes a video under the requested name."""
    words = ["generate", "mediaio", "Kling 3.0", "--image", "https://e.test/fox.png", "--prompt", "A fox"]
    assert main([*words, "--duration", "5", "--no-generate-audio", "--out", "fox.mp4", *FAST_POLL]) == 0
    assert capsys.readouterr().out == "fox.mp4\n"
    assert describe_media(tmp_path / "fox.mp4").startswith("H.264 ")


def test_plain_results_are_json(capsys: pytest.CaptureFixture[str]) -> None:
    """A balance is printed as a number and a list of models as a list, without hidden fields."""
    assert main(["generate", "mediaio", "credits"]) == 0
    assert json.loads(capsys.readouterr().out) > 0
    assert main(["generate", "gmicloud", "models"]) == 0
    assert {"id", "parameters"} <= set(json.loads(capsys.readouterr().out)[0])


def test_max_spend_is_enforced(capsys: pytest.CaptureFixture[str]) -> None:
    """A call that would exceed --max-spend is not sent, and the exit code is 1."""
    assert main(["generate", "gmicloud", "text_to_video", "A fox", "--max-spend", "0.01", *FAST_POLL]) == 1
    assert "the limit per_job is 0.01; nothing was sent" in capsys.readouterr().err


def test_max_spend_needs_a_documented_price(capsys: pytest.CaptureFixture[str]) -> None:
    """With --max-spend a call of unknown price is not sent, and an amount that is no number is a usage error."""
    words = ["generate", "tomoviee", "text_to_video", "A fox", *FAST_POLL]
    assert main([*words, "--max-spend", "100"]) == 1
    assert "the price of text_to_video is unknown (no document states it)" in capsys.readouterr().err
    assert main([*words, "--max-spend", "much"]) == 2
    assert "--max-spend is 'much'; allowed: an amount" in capsys.readouterr().err


def test_account_is_opened_without_credentials(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Infrai's trial account is opened from the shell, and its key is saved but not printed."""
    monkeypatch.delenv("INFRAI_API_KEY")
    kept = tmp_path / "credentials"
    assert main(["generate", "infrai", "activate", "--credentials-file", str(kept)]) == 0
    shown = capsys.readouterr().out
    assert json.loads(shown)["credentials_file"] == str(kept)
    words = ["generate", "infrai", "generate", "A fox", "--credentials-file", str(kept)]
    assert main([*words, "--out", "fox.mp4", *FAST_POLL]) == 0
    assert capsys.readouterr().out == "fox.mp4\nfox.png\n"
