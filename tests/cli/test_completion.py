"""`soundstage completion`: candidates, quoting and scripts for each shell."""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import sys
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from soundstage_cli.candidates import candidates
from soundstage_cli.commands import COMMANDS
from soundstage_cli.completion import complete_bash, quote_word, split_words
from soundstage_cli.generate import catalog
from soundstage_cli.generate.catalog import load_vendor
from soundstage_cli.main import main
from soundstage_vendors.own import VENDORS

if TYPE_CHECKING:
    from pathlib import Path

SCRIPT_CALL = """\
{script}
COMP_LINE={line}
COMP_POINT=${{#COMP_LINE}}
COMP_WORDS=(soundstage)
_soundstage
printf '%s\\n' "${{COMPREPLY[@]}}"
"""


def completions(line: str) -> list[str]:
    """Return the completions of *line* in bash."""
    return list(complete_bash(line))


@pytest.fixture
def _name_with_spaces(monkeypatch: pytest.MonkeyPatch) -> None:
    """Give one capability a vendor name with spaces."""
    tomoviee = load_vendor("tomoviee")
    first, *others = tomoviee.capabilities
    renamed = replace(tomoviee, capabilities=(replace(first, api_name="Video from Text 2.0"), *others))
    monkeypatch.setattr(catalog, "load_vendor", lambda _: renamed)


@pytest.mark.parametrize(
    ("line", "offered"),
    [
        ("soundstage ", [name for name, _ in COMMANDS]),
        ("soundstage gen", ["generate"]),
        ("soundstage nothing x", []),
        ("soundstage generate ", [*VENDORS]),
        ("soundstage generate tomoviee image", ["image_to_video", "image_to_image"]),
        ("soundstage generate nothing ", []),
        ("soundstage generate tomoviee nothing ", []),
        ("soundstage generate tomoviee text_to_video --aspect-ratio 1", ["16:9", "1:1"]),
        ("soundstage generate tomoviee text_to_video --aspect-ratio 16:", ["9"]),
        ("soundstage generate tomoviee text_to_video --aspect-ratio=9", ["9:16"]),
        ("soundstage generate tomoviee text-to-video 'A fox' --res", ["--resolution"]),
        ("soundstage generate tomoviee text_to_video --resolution 720p --res", []),
        ("soundstage generate tomoviee text_to_video --camera-move fpv", ["fpv-drone", "fpv-shot"]),
        ("soundstage generate tomoviee text_to_video --prompt ", []),
        ("soundstage generate tomoviee text_to_video --out fil", []),
        ("soundstage generate tomoviee text_to_video 'A fo", []),
        ("soundstage generate --res", ["--resume"]),
        ("soundstage env tomo", ["tomoviee"]),
        ("soundstage env tomoviee tomo", ["tomoviee"]),
        ("soundstage env --shell po", ["powershell"]),
        ("soundstage demo --vendor tomoviee --vendor tomo", ["tomoviee"]),
        ("soundstage facts tomo", ["tomoviee"]),
        ("soundstage facts tomoviee:img2v", ["img2video.params"]),
        ("soundstage completion z", ["zsh"]),
    ],
)
def test_bash_completions(line: str, offered: list[str]) -> None:
    """Commands, vendors, capabilities, unused options and values are completed from bash's last word break."""
    assert completions(line) == offered


@pytest.mark.parametrize("slug", VENDORS)
def test_all_options_and_values_are_completed(slug: str) -> None:
    """Completion offers every option of a capability and every value that help shows."""
    for capability in load_vendor(slug).capabilities:
        typed = ["generate", slug, capability.name]
        offered = {found.word: found.description for found in candidates(typed, "--")}
        assert {f"--{option.flag}" for option in capability.options} <= set(offered)
        assert all(offered[f"--{option.flag}"] for option in capability.options)
        for option in capability.options:
            if not option.type.is_switch:
                values = [found.word for found in candidates([*typed, f"--{option.flag}"], "")]
                assert values == list(option.type.shown)
                assert all(option.type.parse(value) is not None for value in values)


def test_options_are_offered_for_empty_word() -> None:
    """Options are offered for an empty word, and none for the beginning of a free text."""
    assert "--aspect-ratio" in completions("soundstage generate tomoviee text_to_video ")
    assert completions("soundstage generate tomoviee text_to_video x") == []


@pytest.mark.usefixtures("_name_with_spaces")
@pytest.mark.parametrize(
    ("line", "offered"),
    [
        ("soundstage generate tomoviee Vi", ["Video\\ from\\ Text\\ 2.0"]),
        ("soundstage generate tomoviee Video\\ f", ["Video\\ from\\ Text\\ 2.0"]),
        ('soundstage generate tomoviee "Video f', ["Video from Text 2.0"]),
        ("soundstage generate tomoviee 'Video f", ["Video from Text 2.0"]),
        ('soundstage generate tomoviee "Video from Text 2.0" --res', ["--resolution"]),
    ],
)
def test_completion_keeps_quoting_style(line: str, offered: list[str]) -> None:
    """Spaces get a backslash outside of quotes and stay unchanged inside."""
    assert completions(line) == offered


@pytest.mark.skipif(shutil.which("bash") is None, reason="needs bash")
@pytest.mark.parametrize(
    ("line", "offered"),
    [
        ("soundstage generate tomo", ["tomoviee"]),
        ("soundstage generate tomoviee re", ["redrawing", "recognition"]),
        ("soundstage generate tomoviee text_to_video --aspect-ratio 16:", ["9"]),
        ('soundstage generate tomoviee text_to_video "A fox & a \\"hare\\"" --resolution 1', ["1080p"]),
    ],
)
def test_bash_runs_script(line: str, offered: list[str], tmp_path: Path) -> None:
    """The function in the script runs the program and fills COMPREPLY."""
    program = tmp_path / "soundstage"
    program.write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} -m soundstage_cli "$@"\n', encoding="utf-8")
    program.chmod(0o755)
    command = [sys.executable, "-m", "soundstage_cli", "completion", "bash"]
    script = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    call = SCRIPT_CALL.format(script=script, line=shlex.quote(line))
    environ = {**os.environ, "PATH": f"{tmp_path}{os.pathsep}{os.environ['PATH']}"}
    done = subprocess.run(["bash", "-c", call], capture_output=True, text=True, check=True, env=environ)  # noqa: S607 - any bash will do
    assert done.stdout.split("\n")[:-1] == offered


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_script_syntax_is_valid(shell: str, capsys: pytest.CaptureFixture[str]) -> None:
    """The shell parses the script without an error, if it is installed."""
    assert main(["completion", shell]) == 0
    script = capsys.readouterr().out
    assert f"made by: soundstage completion {shell}" in script
    if shutil.which(shell) is None:
        pytest.skip(f"needs {shell}")
    done = subprocess.run([shell, "-n"], input=script, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize("shell", ["zsh", "fish"])
def test_zsh_and_fish_get_descriptions(shell: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Each line has a word, a tab and one sentence; these shells quote by themselves."""
    assert main(["completion", shell, "--words", "generate", "tomoviee", "recog"]) == 0
    assert capsys.readouterr().out == "recognition\tStart masks of the objects in an image (tm_reference_img2mask)\n"
    assert main(["completion", shell, "--words", "generate", "tomoviee", "text_to_video", "--aspect-ratio", "'16"]) == 0
    assert capsys.readouterr().out == "16:9\t\n"
    assert main(["completion", shell, "--words"]) == 2


@given(st.lists(st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs", "Z"]), min_size=1), min_size=1))
def test_word_splitting_reverses_quoting(typed: list[str]) -> None:
    """Splitting reverses the quoting of the shell and of `quote_word`."""
    assert split_words(shlex.join(typed)) == (typed, "")
    assert split_words(" ".join(quote_word(word, "") for word in typed)) == (typed, "")
    for quote in "\"'":
        if not any("'" in word for word in typed):
            line = " ".join(f"{quote}{quote_word(word, quote)}{quote}" for word in typed)
            assert split_words(line) == (typed, "")
            assert split_words(line[:-1]) == (typed, quote)
