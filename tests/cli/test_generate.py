"""`soundstage generate`: any client from the shell, with what is typed checked before anything is sent."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest

from soundstage._registry import VENDORS
from soundstage_cli.demo.media_info import describe_media
from soundstage_cli.generate.catalog import load_vendor
from soundstage_cli.main import main
from soundstage_contracts.facts.loader import load_facts

if TYPE_CHECKING:
    from pathlib import Path

    from soundstage_server.model.account import Account

FILM = ("generate", "tomoviee", "text_to_video", "A red fox")
SOON = ("--poll", "0.001")
pytestmark = pytest.mark.usefixtures("environ")
SECRET = "planted-secret-0123456789"


def test_alone_it_lists_the_vendors(capsys: pytest.CaptureFixture[str]) -> None:
    """Every vendor has a line with what it can do."""
    assert main(["generate"]) == 0
    said = capsys.readouterr().out
    for slug in VENDORS:
        assert re.search(rf"^  {slug} +{re.escape(load_vendor(slug).profile.name)}: ", said, re.MULTILINE)


@pytest.mark.parametrize("slug", VENDORS)
def test_a_vendor_alone_lists_its_capabilities(slug: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Each capability has its name as it can be typed, and a sentence."""
    assert main(["generate", slug]) == 0
    said = capsys.readouterr().out
    for capability in load_vendor(slug).capabilities:
        assert capability.name in said
        assert capability.summary


@pytest.mark.parametrize(
    ("slug", "method"), [(slug, one.method) for slug in VENDORS for one in load_vendor(slug).capabilities]
)
def test_help_tells_of_every_option(slug: str, method: str, capsys: pytest.CaptureFixture[str]) -> None:
    """`--help` names each parameter of the method, says what it is, and cites facts that exist."""
    capability = load_vendor(slug).find(method)
    assert capability
    with pytest.raises(SystemExit) as end:
        main(["generate", slug, method, "--help"])
    assert end.value.code == 0
    said = capsys.readouterr().out
    for option in capability.options:
        assert f"--{option.flag}" in said
        assert option.help, f"{method} says nothing of {option.name}"
    assert set(capability.facts) <= set(load_facts(slug))


def test_a_method_is_found_by_any_of_its_names() -> None:
    """Dashes, spaces, capitals and the vendor's own name mean the same capability."""
    tomoviee = load_vendor("tomoviee")
    method = tomoviee.find("text_to_video")
    assert method
    for name in ("text-to-video", "Text to Video", "TEXT_TO_VIDEO"):
        assert tomoviee.find(name) is method
    assert tomoviee.find("text_to_vide") is None
    for slug in VENDORS:
        for name, of in load_vendor(slug).profile.api_names.items():
            found = load_vendor(slug).find(name)
            assert found
            assert (found.method, found.name) == (of, name)


def test_a_film_is_made_and_its_path_is_all_that_is_printed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Standard output has the path, standard error every state, and the film is what was asked for."""
    assert main([*FILM, "--aspect_ratio", "9:16", "--out", "new/fox.mp4", *SOON]) == 0
    said = capsys.readouterr()
    assert said.out == "new/fox.mp4\n"
    assert describe_media(tmp_path / "new/fox.mp4").startswith("H.264")
    for state in ("job ", "queued", "running", "succeeded"):
        assert f"tomoviee text_to_video: {state}" in said.err
    assert "\x1b" not in said.err
    assert [path.name for path in tmp_path.rglob("*")] == ["new", "fox.mp4"]


def test_several_results_of_one_name_are_numbered(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Two pictures become -1 and -2, with --json an object tells of both."""
    words = ["generate", "tomoviee", "image-to-image", "A fox", "--reference-image", "https://e.test/a.png"]
    assert main([*words, "--batch-size", "2", "--out", "pair.jpg", "--json", *SOON]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["files"] == ["pair-1.png", "pair-2.png"]
    assert (told["state"], told["error"], len(told["outputs"])) == ("succeeded", None, 2)
    assert all((tmp_path / file).is_file() for file in told["files"])


@pytest.mark.parametrize("out", [(), ("--out", "films"), ("--out", "films/"), ("--out", "of.today/")])
def test_a_folder_gets_files_named_after_the_job(
    out: tuple[str, ...], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Without --out it is the folder that one is in."""
    assert main([*FILM, *out, *SOON]) == 0
    (path,) = capsys.readouterr().out.splitlines()
    assert (tmp_path / path).is_file()
    assert (tmp_path / path).parent == tmp_path / (out[1] if out else "")


def test_a_token_goes_on_in_another_process(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """--no-wait prints a token and saves nothing; --resume takes it, or vendor, capability and id."""
    assert main([*FILM, "--no-wait"]) == 0
    token = capsys.readouterr().out.strip()
    assert list(tmp_path.iterdir()) == []
    named = f"tomoviee:text_to_video:{json.loads(token)['id']}"
    for number, text in enumerate((token, named)):
        assert main(["generate", "--resume", text, "--out", f"{number}.mp4", *SOON]) == 0
        assert capsys.readouterr().out == f"{number}.mp4\n"
    assert (tmp_path / "0.mp4").read_bytes() == (tmp_path / "1.mp4").read_bytes()


def test_a_token_as_json(capsys: pytest.CaptureFixture[str]) -> None:
    """--no-wait --json prints what is known of the job, in one line."""
    assert main([*FILM, "--no-wait", "--json"]) == 0
    (line,) = capsys.readouterr().out.splitlines()
    told = json.loads(line)
    assert (told["vendor"], told["capability"], told["state"]) == ("tomoviee", "text_to_video", "queued")
    assert json.loads(told["token"])["id"] == told["id"]


def test_values_are_read_as_the_method_wants_them(capsys: pytest.CaptureFixture[str]) -> None:
    """Names of an enumeration, numbers, and switches with their opposite become the values on the wire."""
    body = dry_run_body(capsys, *FILM, "--camera-move", "FPV_DRONE", "--resolution=1080p")
    assert (body["camera_move_index"], body["resolution"], body["prompt"]) == (21, "1080p", "A red fox")
    assert dry_run_body(capsys, *FILM, "--camera-move", "7")["camera_move_index"] == 7
    music = ("generate", "tomoviee", "text_to_music", "--prompt", "Piano", "--duration", "20")
    assert dry_run_body(capsys, *music, "--no-disable-translate")["disable_translate"] is False
    assert dry_run_body(capsys, *music, "--disable-translate")["disable_translate"] is True


def test_a_rehearsal_sends_nothing_and_shows_no_secret(
    account: Account, environ: dict[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    """--dry-run prints method, address and body of what would be sent, and no credential."""
    assert main([*FILM, "--dry-run"]) == 0
    said = capsys.readouterr()
    told = json.loads(said.out)
    assert (told["method"], told["url"].startswith(environ["TOMOVIEE_BASE_URL"])) == ("POST", True)
    assert SECRET not in said.out + said.err
    assert len(account.tasks) == 0


def dry_run_body(capsys: pytest.CaptureFixture[str], *words: str) -> dict[str, Any]:
    """Return the body that the command line would send."""
    capsys.readouterr()
    assert main([*words, "--dry-run"]) == 0
    body: dict[str, Any] = json.loads(capsys.readouterr().out)["body"]
    return body


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("tomovee",), "no vendor is called 'tomovee'; did you mean 'tomoviee'?; known: tomoviee"),
        (("tomoviee", "text_to_vidoe"), "did you mean 'text_to_video'?"),
        (("tomoviee", "text_to_video"), "the prompt is missing"),
        (("tomoviee", "text_to_video", "a", "--prompt", "b"), "--prompt is given twice"),
        (("tomoviee", "text_to_video", "a", "b"), "'b' is unknown"),
        (("tomoviee", "text_to_video", "a", "--aspekt-ratio", "1:1"), "did you mean '--aspect-ratio'?"),
        (("tomoviee", "text_to_video", "a", "--aspect", "1:1"), "'--aspect' is unknown"),
        (("tomoviee", "text_to_video", "a", "--aspect-ratio", "2:1"), "--aspect-ratio is '2:1'; allowed: 16:9, "),
        (("tomoviee", "text_to_video", "a", "--camera-move", "up"), "--camera-move is 'up'; allowed: orbit, "),
        (("tomoviee", "text_to_video", "a", "--camera-move", "77"), "--camera-move is 77; allowed: "),
        (("tomoviee", "text_to_video", " "), "--prompt is ' '; allowed: a string that is not blank"),
        (("tomoviee", "image_to_video", "a"), "--image"),
        (("tomoviee", "text_to_video", "a", "--resolution", "x" * 500), "--resolution is 'xxxxx"),
        (("tomoviee", "text_to_video", "a", "--poll", "0"), "--poll is '0'; allowed: seconds, of at least 0.001"),
        (("tomoviee", "text_to_video", "a", "--timeout", "soon"), "--timeout is 'soon'; allowed: seconds"),
        (("tomoviee", "text_to_video", "a", "--no-wait", "--out", "x.mp4"), "--out has no place"),
        (("tomoviee", "text_to_video", "a", "--out", ""), "--out is ''; allowed: a file or folder that can be"),
        (("tomoviee", "text_to_video", "a", "--out", "taken/x.mp4"), "--out is 'taken/x.mp4'; allowed: a file or"),
        (("tomoviee", "text_to_video", "a", "--out", "/dev/null"), "--out is '/dev/null'; allowed: a file or"),
        (("tomoviee", "text_to_video", "a", "--base-url", "ftp://x"), "--base-url is 'ftp://x'; allowed: an absolute"),
        (("--json", "tomoviee", "text_to_video", "a"), "is unknown"),
        (("--json", "tomoviee"), "options come after vendor and capability"),
        (("--resume", "what"), "--resume is 'what'; allowed: a token"),
        (("--resume", "[1]"), "--resume is '[1]'; allowed: a token"),
        (("--resume", '{"vendor": "tomoviee"}'), "--resume: this job token is not allowed here"),
    ],
)
def test_a_mistake_is_named_and_nothing_is_sent(
    words: tuple[str, ...],
    said: str,
    account: Account,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """The exit code is 2, the message says what is allowed, and no file and no job is left."""
    (tmp_path / "taken").write_text("mine", encoding="utf-8")
    assert main(["generate", *words]) == 2
    told = capsys.readouterr()
    assert told.out == ""
    assert said in told.err
    assert told.err.startswith("soundstage: ")
    assert "x" * 100 not in told.err
    assert len(account.tasks) == 0
    assert [path.name for path in tmp_path.iterdir()] == ["taken"]


def test_a_missing_credential_is_answered_with_the_variables(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The message names what is not set, all that is read, and the way to a simulator."""
    monkeypatch.delenv("TOMOVIEE_APP_SECRET")
    assert main([*FILM]) == 2
    said = capsys.readouterr().err
    assert said.startswith("soundstage: TOMOVIEE_APP_SECRET is not set (")
    assert "TOMOVIEE_APP_KEY, TOMOVIEE_APP_SECRET" in said
    assert 'eval "$(soundstage env tomoviee)"' in said


def test_a_token_of_another_place_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    """Credentials go where the user says, and never where a token says."""
    assert main([*FILM, "--no-wait"]) == 0
    token = capsys.readouterr().out.strip()
    elsewhere = ("--base-url", "http://127.0.0.1:9/tomoviee")
    assert main(["generate", "--resume", token, *elsewhere]) == 2
    assert "a token of tomoviee at http://127.0.0.1:9/tomoviee" in capsys.readouterr().err


def test_the_client_alone_is_enough() -> None:
    """Nothing of the server or contracts extras is loaded to make a film or to list capabilities."""
    heavy = ("PIL", "av", "fastapi", "hypothesis", "pydantic", "pytest", "respx", "rich", "starlette", "uvicorn")
    program = (
        f"import sys; sys.modules.update(dict.fromkeys({heavy}))\n"
        "from soundstage_cli.main import main\n"
        f"sys.exit(main({[*FILM, *SOON]}) or main(['generate', 'tomoviee']))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert (done.returncode, "Traceback" in done.stderr) == (0, False), done.stderr


def test_other_commands_do_not_pay_for_the_clients() -> None:
    """The parser of the whole command line imports no client."""
    program = "import sys; from soundstage_cli.main import build_parser; build_parser(); print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert {"httpx", "soundstage", "soundstage_cli.generate.catalog"}.isdisjoint(done.stdout.split())
