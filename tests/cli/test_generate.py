"""`soundstage generate`: lists, help, results, and argument checks before anything is sent."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest

from soundstage_cli.demo.media_info import describe_media
from soundstage_cli.generate.catalog import load_vendor
from soundstage_cli.main import main
from soundstage_contracts.facts.loader import load_facts
from soundstage_vendors.own import VENDORS

if TYPE_CHECKING:
    from pathlib import Path

    from soundstage_server.model.account import Account

VIDEO = ("generate", "tomoviee", "text_to_video", "A red fox")
FAST_POLL = ("--poll", "0.001")
pytestmark = pytest.mark.usefixtures("environ")
SECRET = "planted-secret-0123456789"


def test_without_arguments_lists_vendors(capsys: pytest.CaptureFixture[str]) -> None:
    """Every vendor has a line with its capabilities."""
    assert main(["generate"]) == 0
    output = capsys.readouterr().out
    for slug in VENDORS:
        assert re.search(rf"^  {slug} +{re.escape(load_vendor(slug).profile.name)}: ", output, re.MULTILINE)


@pytest.mark.parametrize("slug", VENDORS)
def test_vendor_lists_capabilities(slug: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Each capability has its name and one sentence."""
    assert main(["generate", slug]) == 0
    output = capsys.readouterr().out
    for capability in load_vendor(slug).capabilities:
        assert capability.name in output
        assert capability.summary


@pytest.mark.parametrize(
    ("slug", "method"), [(slug, one.method) for slug in VENDORS for one in load_vendor(slug).capabilities]
)
def test_help_describes_every_option(slug: str, method: str, capsys: pytest.CaptureFixture[str]) -> None:
    """`--help` describes each parameter of the method and cites facts that exist."""
    capability = load_vendor(slug).find(method)
    assert capability
    with pytest.raises(SystemExit) as end:
        main(["generate", slug, method, "--help"])
    assert end.value.code == 0
    output = capsys.readouterr().out
    for option in capability.options:
        assert f"--{option.flag}" in output
        assert option.help, f"{method} does not describe {option.name}"
    assert set(capability.facts) <= set(load_facts(slug))


def test_capability_name_variants() -> None:
    """Dashes, spaces, capitals and the vendor's own name find the same capability."""
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


def test_video_is_saved_and_path_printed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Standard output has the path only, standard error every state, and the file is a video."""
    assert main([*VIDEO, "--aspect_ratio", "9:16", "--out", "new/fox.mp4", *FAST_POLL]) == 0
    output = capsys.readouterr()
    assert output.out == "new/fox.mp4\n"
    assert describe_media(tmp_path / "new/fox.mp4").startswith("H.264")
    for state in ("job ", "queued", "running", "succeeded"):
        assert f"tomoviee text_to_video: {state}" in output.err
    assert "\x1b" not in output.err
    assert [path.name for path in tmp_path.rglob("*")] == ["new", "fox.mp4"]


def test_several_results_are_numbered(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Two images become -1 and -2, and the JSON output lists both."""
    words = ["generate", "tomoviee", "image-to-image", "A fox", "--reference-image", "https://e.test/a.png"]
    assert main([*words, "--batch-size", "2", "--out", "pair.jpg", "--json", *FAST_POLL]) == 0
    output = json.loads(capsys.readouterr().out)
    assert output["files"] == ["pair-1.png", "pair-2.png"]
    assert (output["state"], output["error"], len(output["outputs"])) == ("succeeded", None, 2)
    assert all((tmp_path / file).is_file() for file in output["files"])


@pytest.mark.parametrize("out", [(), ("--out", "videos"), ("--out", "videos/"), ("--out", "of.today/")])
def test_folder_gets_files_named_after_job(
    out: tuple[str, ...], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Without --out it is the current folder."""
    assert main([*VIDEO, *out, *FAST_POLL]) == 0
    (path,) = capsys.readouterr().out.splitlines()
    assert (tmp_path / path).is_file()
    assert (tmp_path / path).parent == tmp_path / (out[1] if out else "")


def test_resume_by_token_and_by_id(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """--no-wait prints a token and saves nothing; --resume accepts it, or vendor, capability and id."""
    assert main([*VIDEO, "--no-wait"]) == 0
    token = capsys.readouterr().out.strip()
    assert list(tmp_path.iterdir()) == []
    named = f"tomoviee:text_to_video:{json.loads(token)['id']}"
    for number, text in enumerate((token, named)):
        assert main(["generate", "--resume", text, "--out", f"{number}.mp4", *FAST_POLL]) == 0
        assert capsys.readouterr().out == f"{number}.mp4\n"
    assert (tmp_path / "0.mp4").read_bytes() == (tmp_path / "1.mp4").read_bytes()


def test_no_wait_with_json(capsys: pytest.CaptureFixture[str]) -> None:
    """--no-wait --json prints the job as one line of JSON."""
    assert main([*VIDEO, "--no-wait", "--json"]) == 0
    (line,) = capsys.readouterr().out.splitlines()
    output = json.loads(line)
    assert (output["vendor"], output["capability"], output["state"]) == ("tomoviee", "text_to_video", "queued")
    assert json.loads(output["token"])["id"] == output["id"]


def test_values_are_converted(capsys: pytest.CaptureFixture[str]) -> None:
    """Enum names, numbers and switches become the values of the request body."""
    body = dry_run_body(capsys, *VIDEO, "--camera-move", "FPV_DRONE", "--resolution=1080p")
    assert (body["camera_move_index"], body["resolution"], body["prompt"]) == (21, "1080p", "A red fox")
    assert dry_run_body(capsys, *VIDEO, "--camera-move", "7")["camera_move_index"] == 7
    music = ("generate", "tomoviee", "text_to_music", "--prompt", "Piano", "--duration", "20")
    assert dry_run_body(capsys, *music, "--no-disable-translate")["disable_translate"] is False
    assert dry_run_body(capsys, *music, "--disable-translate")["disable_translate"] is True


def test_dry_run_sends_nothing(account: Account, environ: dict[str, str], capsys: pytest.CaptureFixture[str]) -> None:
    """--dry-run prints method, URL and body of the first request, without credentials."""
    assert main([*VIDEO, "--dry-run"]) == 0
    output = capsys.readouterr()
    request = json.loads(output.out)
    assert (request["method"], request["url"].startswith(environ["TOMOVIEE_BASE_URL"])) == ("POST", True)
    assert SECRET not in output.out + output.err
    assert len(account.tasks) == 0


@pytest.mark.parametrize(
    ("words", "price", "missing"),
    [
        (("tomoviee", "text_to_video", "A fox"), "(no document states it)", "TOMOVIEE_APP_KEY, TOMOVIEE_APP_SECRET"),
        (("infrai", "generate", "A fox"), "", "INFRAI_API_KEY"),
        (("gmicloud", "text_to_video", "A fox"), "the service states the price", "GMI_API_KEY"),
        (("gmicloud", "models"), "it starts no job, so it has no price", "GMI_API_KEY"),
        (("edrawmax", "flowchart", "A fox"), "the price is 0 credits", ""),
    ],
    ids=["no price", "infrai", "requested", "no job", "no key"],
)
def test_dry_run_needs_no_credential_and_shows_the_price(
    words: tuple[str, ...],
    price: str,
    missing: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """The price, or why it is unknown, is on standard error, with the names of the credentials that are not set."""
    for variable in load_vendor(words[0]).profile.credentials.values():
        monkeypatch.delenv(variable, raising=False)
    assert main(["generate", *words, "--dry-run"]) == 0
    output = capsys.readouterr()
    assert json.loads(output.out)["url"]
    assert price in output.err
    assert "nothing was sent\n" in output.err
    assert (f"not set: {missing}; the real call needs them" in output.err) is bool(missing)


def test_dry_run_states_the_documented_price(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A price that the documents state is computed from the arguments."""
    monkeypatch.delenv("LITELLM_API_KEY", raising=False)
    monkeypatch.setenv("LITELLM_BASE_URL", "https://generativelanguage.googleapis.com")
    assert main(["generate", "veo", "generate_videos", "A fox", "--dry-run"]) == 0
    assert "veo generate_videos: the price is 3.20 USD\n" in capsys.readouterr().err


def dry_run_body(capsys: pytest.CaptureFixture[str], *words: str) -> dict[str, Any]:
    """Return the body that the command would send."""
    capsys.readouterr()
    assert main([*words, "--dry-run"]) == 0
    body: dict[str, Any] = json.loads(capsys.readouterr().out)["body"]
    return body


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("tomovee",), "unknown vendor 'tomovee'; did you mean 'tomoviee'?; allowed: tomoviee"),
        (("tomoviee", "text_to_vidoe"), "did you mean 'text_to_video'?"),
        (("tomoviee", "text_to_video"), "the prompt is missing"),
        (("tomoviee", "text_to_video", "a", "--prompt", "b"), "--prompt is given twice"),
        (("tomoviee", "text_to_video", "a", "b"), "'b' is unknown"),
        (("tomoviee", "text_to_video", "a", "--aspekt-ratio", "1:1"), "did you mean '--aspect-ratio'?"),
        (("tomoviee", "text_to_video", "a", "--aspect", "1:1"), "'--aspect' is unknown"),
        (("tomoviee", "text_to_video", "a", "--aspect-ratio", "2:1"), "--aspect-ratio is '2:1'; allowed: 16:9, "),
        (("tomoviee", "text_to_video", "a", "--camera-move", "up"), "--camera-move is 'up'; allowed: orbit, "),
        (("tomoviee", "text_to_video", "a", "--camera-move", "77"), "--camera-move is 77; allowed: "),
        (("tomoviee", "text_to_video", "a", "--camera-move", "orbitt"), "; did you mean 'orbit'?"),
        (
            ("cloudsway", "text_to_video", "a", "--model-name", "kling-v3"),
            "Master, MaaS_KeLing_V2.6; did you mean 'kling-v2-6'?",
        ),
        (("tomoviee", "text_to_video", " "), "--prompt is ' '; allowed: a string that is not blank"),
        (("tomoviee", "image_to_video", "a"), "--image"),
        (("tomoviee", "text_to_video", "a", "--resolution", "x" * 500), "--resolution is 'xxxxx"),
        (("tomoviee", "text_to_video", "a", "--poll", "0"), "--poll is '0'; allowed: seconds, at least 0.001"),
        (("tomoviee", "text_to_video", "a", "--timeout", "soon"), "--timeout is 'soon'; allowed: seconds"),
        (("tomoviee", "text_to_video", "a", "--no-wait", "--out", "x.mp4"), "so --out is not allowed"),
        (("tomoviee", "text_to_video", "a", "--out", ""), "--out is ''; allowed: a writable file or folder"),
        (
            ("tomoviee", "text_to_video", "a", "--out", "taken/x.mp4"),
            "--out is 'taken/x.mp4'; allowed: a writable file or",
        ),
        (("tomoviee", "text_to_video", "a", "--out", "/dev/null"), "--out is '/dev/null'; allowed: a writable file or"),
        (("tomoviee", "text_to_video", "a", "--base-url", "ftp://x"), "--base-url is 'ftp://x'; allowed: an absolute"),
        (("--json", "tomoviee", "text_to_video", "a"), "is unknown"),
        (("--json", "tomoviee"), "options come after vendor and capability"),
        (("--resume", "what"), "--resume is 'what'; allowed: a token"),
        (("--resume", "[1]"), "--resume is '[1]'; allowed: a token"),
        (("--resume", '{"vendor": "tomoviee"}'), "--resume: this job token is not allowed here"),
    ],
)
def test_invalid_arguments_are_usage_errors(
    words: tuple[str, ...],
    message: str,
    account: Account,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """The exit code is 2, the message has what is allowed, and no file and no job is left."""
    (tmp_path / "taken").write_text("mine", encoding="utf-8")
    assert main(["generate", *words]) == 2
    output = capsys.readouterr()
    assert output.out == ""
    assert message in output.err
    assert output.err.startswith("soundstage: ")
    assert "x" * 100 not in output.err
    assert len(account.tasks) == 0
    assert [path.name for path in tmp_path.iterdir()] == ["taken"]


def test_missing_credential_names_variables(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The message has the missing variable, all variables that are read, and how to use a simulator."""
    monkeypatch.delenv("TOMOVIEE_APP_SECRET")
    assert main([*VIDEO]) == 2
    output = capsys.readouterr().err
    assert output.startswith("soundstage: TOMOVIEE_APP_SECRET is not set (")
    assert "TOMOVIEE_APP_KEY, TOMOVIEE_APP_SECRET" in output
    assert 'eval "$(soundstage env tomoviee)"' in output


def test_token_of_other_address_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    """Credentials are sent to the address that the user sets, never to one in a token."""
    assert main([*VIDEO, "--no-wait"]) == 0
    token = capsys.readouterr().out.strip()
    elsewhere = ("--base-url", "http://127.0.0.1:9/tomoviee")
    assert main(["generate", "--resume", token, *elsewhere]) == 2
    assert "a token of tomoviee at http://127.0.0.1:9/tomoviee" in capsys.readouterr().err


def test_generate_needs_no_extra() -> None:
    """No package of the server or contracts extras is needed to generate or to list."""
    heavy = ("PIL", "av", "fastapi", "hypothesis", "pydantic", "pytest", "respx", "rich", "starlette", "uvicorn")
    program = (
        f"import sys; sys.modules.update(dict.fromkeys({heavy}))\n"
        "from soundstage_cli.main import main\n"
        f"sys.exit(main({[*VIDEO, *FAST_POLL]}) or main(['generate', 'tomoviee']))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert (done.returncode, "Traceback" in done.stderr) == (0, False), done.stderr


def test_root_parser_imports_no_client() -> None:
    """The parser of the whole command line imports no client."""
    program = "import sys; from soundstage_cli.commands import build_parser; build_parser(); print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert {"httpx", "soundstage_cli.generate.catalog"}.isdisjoint(done.stdout.split())
