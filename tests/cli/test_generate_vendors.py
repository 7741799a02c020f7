"""`soundstage generate` with every vendor: what the demonstration calls in Python can be called from the shell."""

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
from soundstage_contracts.registry import VENDORS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from soundstage_contracts.declarations.vendor import DemoCall

pytestmark = pytest.mark.usefixtures("environ")

SOON = ("--poll", "0.001")
CALLS = [
    (slug, number, call)
    for slug in VENDORS
    for number, call in enumerate(import_module(f"soundstage_contracts.vendors.{slug}").DEMO)
]


def typed(slug: str, call: DemoCall) -> list[str]:
    """Return *call* as it is typed, by the vendor's own name of it."""
    capability = load_vendor(slug).find(call.method)
    assert capability
    options = {option.name: option for option in capability.options}
    words = ["generate", slug, capability.name]
    for name, value in call.arguments.items():
        words += spelled(options[name].flag, value)
    return words


def spelled(word: str, value: Any) -> Iterator[str]:
    """Yield the option *word* with *value*, as a shell has it."""
    if isinstance(value, bool):
        yield f"--{word}" if value else f"--no-{word}"
    elif isinstance(value, list | tuple):
        for one in value:
            yield from spelled(word, one)
    else:
        to_json = asdict(value) if is_dataclass(value) and not isinstance(value, type) else value
        text = json.dumps(to_json, default=str) if isinstance(to_json, Mapping) else to_json
        yield f"--{word}={text.name.lower() if isinstance(text, Enum) else text}"


@pytest.mark.parametrize(
    ("slug", "call"),
    [(slug, call) for slug, _, call in CALLS],
    ids=[f"{slug}-{call.method}-{number}" for slug, number, call in CALLS],
)
def test_every_call_of_the_demonstration_can_be_typed(
    slug: str, call: DemoCall, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    """Its arguments pass every check of the client, and the first request is shown."""
    arguments = {name: in_file(value, tmp_path / name) for name, value in call.arguments.items()}
    assert main([*typed(slug, type(call)(call.method, arguments)), "--dry-run"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["method"] == "POST"


def in_file(value: Any, path: Path) -> Any:
    """Return *value* with a path of a file in the place of all bytes in it."""
    if is_dataclass(value) and not isinstance(value, type):
        return replace(value, **{each.name: in_file(getattr(value, each.name), path) for each in fields(value)})
    if isinstance(value, list | tuple):
        return [in_file(one, path.with_name(f"{path.name}-{number}")) for number, one in enumerate(value)]
    if not isinstance(value, bytes):
        return value
    path.write_bytes(value)
    return path


@pytest.mark.parametrize("slug", VENDORS)
def test_every_vendor_makes_something(slug: str, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    """The first call of each, typed: the paths on standard output are files that decode."""
    call = next(call for vendor, _, call in CALLS if vendor == slug)
    arguments = {name: in_file(value, tmp_path / name) for name, value in call.arguments.items()}
    assert main([*typed(slug, type(call)(call.method, arguments)), "--out", "made", *SOON]) == 0
    paths = capsys.readouterr().out.splitlines()
    assert paths
    for path in paths:
        assert Path(path).parent == Path("made")
        assert describe_media(Path(path))


def test_a_vendors_own_name_is_enough(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    """Media.io's exact name of an endpoint, as its pages have it, makes a film of the right name."""
    words = ["generate", "mediaio", "Kling 3.0", "--image", "https://e.test/fox.png", "--prompt", "A fox"]
    assert main([*words, "--duration", "5", "--no-generate-audio", "--out", "film.mp4", *SOON]) == 0
    assert capsys.readouterr().out == "film.mp4\n"
    assert describe_media(tmp_path / "film.mp4").startswith("H.264 ")


def test_plain_answers_are_json(capsys: pytest.CaptureFixture[str]) -> None:
    """A balance is a number, and a list of models a list, without what their classes hide."""
    assert main(["generate", "mediaio", "credits"]) == 0
    assert json.loads(capsys.readouterr().out) > 0
    assert main(["generate", "gmicloud", "models"]) == 0
    assert {"id", "parameters"} <= set(json.loads(capsys.readouterr().out)[0])


def test_a_limit_of_the_client_holds_in_the_shell(capsys: pytest.CaptureFixture[str]) -> None:
    """What would cost more than --max-spend is not sent, and the exit code is 1."""
    assert main(["generate", "gmicloud", "text_to_video", "A fox", "--max-spend", "0.01", *SOON]) == 1
    assert "at most 0.01" in capsys.readouterr().err


def test_an_account_is_opened_without_credentials(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Infrai's trial account is opened from the shell, and its key is kept and not shown."""
    monkeypatch.delenv("INFRAI_API_KEY")
    kept = tmp_path / "credentials"
    assert main(["generate", "infrai", "activate", "--credentials-file", str(kept)]) == 0
    shown = capsys.readouterr().out
    assert json.loads(shown)["credentials_file"] == str(kept)
    words = ["generate", "infrai", "generate", "A fox", "--credentials-file", str(kept)]
    assert main([*words, "--out", "fox.mp4", *SOON]) == 0
    assert capsys.readouterr().out == "fox.mp4\nfox.png\n"
