"""`soundstage jobs`: what a job store has, and how it is resumed, saved and forgotten from the shell."""

from __future__ import annotations

import json
import os
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from soundstage import (
    Cloudsway,
    JobRecord,
    Origin,
    PermissionDeniedError,
    RecordState,
    SkippingClock,
    SQLiteJobStore,
    Tomoviee,
)
from soundstage._io.http import SyncTransport
from soundstage.vendors.cloudsway import CloudswayService
from soundstage_cli.candidates import candidates
from soundstage_cli.main import main

if TYPE_CHECKING:
    from collections.abc import Iterator

    from soundstage_server import Server
    from soundstage_server.model.account import Account

pytestmark = pytest.mark.usefixtures("environ")


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[SQLiteJobStore]:
    """The store that the environment names."""
    monkeypatch.setenv("SOUNDSTAGE_STORE", str(tmp_path / "jobs.db"))
    with SQLiteJobStore(tmp_path / "jobs.db") as made:
        yield made


@pytest.fixture
def client(store: SQLiteJobStore) -> Iterator[Tomoviee]:
    """A client of the environment's account."""
    with Tomoviee(store=store, clock=SkippingClock()) as made:
        yield made


def interrupt(store: SQLiteJobStore, monkeypatch: pytest.MonkeyPatch, kind: Any = Tomoviee) -> str:
    """Submit a job, be interrupted before the response is read, and return the id of its record."""
    with monkeypatch.context() as patch, kind(store=store, clock=SkippingClock()) as made:
        send = SyncTransport.send

        def interrupted(self: Any, request: Any) -> Any:
            send(self, request)
            raise KeyboardInterrupt

        patch.setattr(SyncTransport, "send", interrupted)
        with pytest.raises(KeyboardInterrupt):
            made.text_to_video("A red fox")
    return store.records()[-1].id


@pytest.fixture(autouse=True)
def pipe(monkeypatch: pytest.MonkeyPatch) -> None:
    """Output without a width, which a worker of pytest-xdist otherwise has."""
    monkeypatch.delenv("COLUMNS", raising=False)


def run(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, str, str]:
    """Run a command, and return its code and what it printed."""
    fast = ("--poll", "0.001") if words[:1] in {("resume",), ("save",)} else ()
    code = main(["jobs", *words, *fast])
    printed = capsys.readouterr()
    return code, printed.out, printed.err


def test_narrow_terminal_shows_whole_ids(
    store: SQLiteJobStore, client: Tomoviee, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """In 80 columns the record, the job's id and its parameters have lines of their own, and nothing is cut."""
    monkeypatch.setenv("COLUMNS", "80")
    job = client.text_to_video("A red fox")
    lines = run(capsys, "list")[1].splitlines()
    assert lines[0].startswith(f"{store.records()[0].id[:8]}  running  tomoviee text_to_video  ")
    assert lines[1].strip() == job.id
    assert "A red fox" in lines[2]


def test_list_shows_what_is_left(store: SQLiteJobStore, client: Tomoviee, capsys: pytest.CaptureFixture[str]) -> None:
    """An open job has a line with its record, its id and its parameters; a settled one only with --all."""
    store.records()  # creates the file
    assert run(capsys, "list", "--all")[1] == "the job store is empty\n"
    job = client.text_to_video("A red fox")
    code, output, _ = run(capsys)
    assert code == 0
    assert re.search(rf"{store.records()[0].id[:8]} +running +tomoviee +text_to_video +{job.id} .*A red fox", output)
    job.wait().settle()
    assert run(capsys, "list")[1] == "nothing is left to do\n"
    assert job.id in run(capsys, "list", "--all")[1]


def test_list_prints_json(client: Tomoviee, capsys: pytest.CaptureFixture[str]) -> None:
    """Programs get every field."""
    job = client.text_to_video("A red fox")
    (fields,) = json.loads(run(capsys, "--json")[1])
    assert (fields["job"], fields["state"], fields["vendor"]) == (job.id, "running", "tomoviee")


def test_save_waits_and_saves(store: SQLiteJobStore, client: Tomoviee, capsys: pytest.CaptureFixture[str]) -> None:
    """The files are saved, their paths printed, and nothing is left to do."""
    client.text_to_video("A red fox")
    code, output, _ = run(capsys, "save", store.records()[0].id[:6], "--out", "videos")
    assert (code, Path(output.strip()).is_file()) == (0, True)
    assert run(capsys, "list")[1] == "nothing is left to do\n"


def test_resume_waits_for_every_job(
    store: SQLiteJobStore, client: Tomoviee, capsys: pytest.CaptureFixture[str]
) -> None:
    """`resume --all` prints how each job ended, and fails if one did."""
    jobs = [client.text_to_video(prompt) for prompt in ("A red fox", "soundstage:fail")]
    code, output, _ = run(capsys, "resume", "--all")
    assert code == 1
    assert [line.partition(" (")[0] for line in output.splitlines()] == [
        f"{jobs[0].id}: succeeded",
        f"{jobs[1].id}: failed",
    ]
    (left,) = [record for record in store.records() if record.state.open]
    assert left.job_id == jobs[0].id
    assert json.loads(run(capsys, "resume", jobs[0].id, "--json")[1])["state"] == "succeeded"


def test_forget_prints_the_token(store: SQLiteJobStore, client: Tomoviee, capsys: pytest.CaptureFixture[str]) -> None:
    """A record that is removed by mistake does not lose its job."""
    job = client.text_to_video("A red fox")
    code, output, _ = run(capsys, "forget", store.records()[0].id)
    assert (code, store.records()) == (0, [])
    assert output.rstrip().endswith(job.to_token())


def test_unknown_outcome_names_what_to_do(
    store: SQLiteJobStore, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where only the vendor knows, the message states what to look for; the record stays until it is forgotten."""
    record = interrupt(store, monkeypatch)
    code, _, problem = run(capsys, "resume", record[:8])
    assert code == 1
    assert "the outcome is unknown: look at the vendor for a job of text_to_video" in problem
    assert run(capsys, "forget", record)[0] == 0
    assert store.records() == []


def test_unknown_outcome_is_resolved(
    store: SQLiteJobStore, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A job that the service finds by the caller's name is waited for."""
    record = interrupt(store, monkeypatch, Cloudsway)
    code, output, _ = run(capsys, "resume", record)
    assert (code, output.rstrip().partition(": ")[2]) == (0, "succeeded")
    assert store.records()[0].job_id == output.partition(":")[0]


def test_job_that_was_not_started_is_removed(store: SQLiteJobStore, capsys: pytest.CaptureFixture[str]) -> None:
    """Where the service knows no job of the name nothing was paid, and nothing is left to do."""
    lost_record(store, "cloudsway")
    code, _, problem = run(capsys, "resume", "lost")
    assert (code, store.records()) == (1, [])
    assert "nothing was started" in problem


def test_service_that_refuses_to_answer_is_named(
    store: SQLiteJobStore, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """If the service cannot be asked, the outcome is still unknown."""
    lost_record(store, "cloudsway")
    monkeypatch.setattr(CloudswayService, "find", lambda *_: fail(PermissionDeniedError("not today")))
    code, _, problem = run(capsys, "resume", "lost")
    assert (code, len(store.records())) == (1, 1)
    assert "the outcome is still unknown: not today" in problem


def test_vendor_of_another_release_is_named(store: SQLiteJobStore, capsys: pytest.CaptureFixture[str]) -> None:
    """A record of a vendor that this release does not know is left alone."""
    lost_record(store, "tomorrow")
    code, _, problem = run(capsys, "resume", "lost")
    assert (code, len(store.records())) == (1, 1)
    assert "no installed vendor is called tomorrow" in problem


def lost_record(store: SQLiteJobStore, vendor: str) -> None:
    """Add a record of unknown outcome."""
    origin = Origin(vendor, os.environ["CLOUDSWAY_BASE_URL"], "account")
    fields: dict[str, Any] = {"request_hash": "1", "match_hash": "1", "external_id": "never-sent"}
    lost = JobRecord(id="lost", origin=origin, operation="text_to_video", state=RecordState.UNKNOWN, **fields)
    store.add(lost)


def fail(error: Exception) -> Any:
    """Return a flow that raises *error*."""
    yield from ()
    raise error


def test_missing_extra_is_named(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """The address of a PostgreSQL database needs psycopg."""
    monkeypatch.setitem(sys.modules, "psycopg", None)
    code, _, problem = run(capsys, "--store", "postgresql://127.0.0.1/x")
    assert (code, "needs the extra soundstage[postgres]" in problem) == (1, True)


def test_request_that_is_being_sent_is_left_alone(
    store: SQLiteJobStore, client: Tomoviee, capsys: pytest.CaptureFixture[str]
) -> None:
    """A record whose process still runs is neither resumed nor removed."""
    template = client.text_to_video("A red fox")
    (record,) = store.records()
    store.add(record.changed(id="f" * 32, job_id=None, state=type(record.state).SENDING))
    for action in ("resume", "forget"):
        code, _, problem = run(capsys, action, "ffff")
        assert (code, "another process is sending this request" in problem) == (1, True)
    assert template.id in run(capsys, "list")[1]


def test_job_follows_a_replaced_key(
    store: SQLiteJobStore, client: Tomoviee, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A job is polled with the credentials of now, and belongs to them if the service agrees."""
    client.text_to_video("A red fox")
    (record,) = store.records()
    store.update(record.changed(origin=record.origin._replace(account="before")))
    assert client.recover(own=True) == []
    assert run(capsys, "resume", record.id)[0] == 0
    assert [one.record.id for one in client.recover(own=True)] == [record.id]
    monkeypatch.setenv("TOMOVIEE_APP_KEY", "a-stranger-0123456789")
    code, _, problem = run(capsys, "resume", record.id)
    assert (code, "started with other credentials" in problem) == (1, True)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["liste"], "jobs has no action 'liste'; did you mean 'list'?"),
        (["list", "3f2a"], "'3f2a' is unknown"),
        (["save"], "save: name records, or give --all"),
        (["save", "--all", "3f2a"], "save: name records, or give --all, not both"),
        (["forget"], "forget: name the records"),
        (["forget", "--all"], "'--all' is unknown"),
        (["resume", "3f2a", "--timeout", "soon"], "--timeout is 'soon'; allowed: seconds"),
        (["resume", "3f2a"], "no record is named '3f2a'"),
        (["resume", ""], "'' names 2 records"),
    ],
)
def test_mistakes_are_named(
    client: Tomoviee, capsys: pytest.CaptureFixture[str], words: list[str], message: str
) -> None:
    """Every mistake is one line and exit code 2."""
    for prompt in ("A red fox", "A wolf"):
        client.text_to_video(prompt)
    code, output, problem = run(capsys, *words)
    assert (code, output) == (2, "")
    assert message in problem


@pytest.mark.parametrize(
    ("store_option", "code", "message"),
    [
        ([], 2, "no job store is named: give --store, or set SOUNDSTAGE_STORE"),
        (["--store", "absent.db"], 1, "there is no job store at absent.db"),
        (["--store", ":memory:"], 2, "--store: path=':memory:' is not allowed"),
        (["--store", "notes.txt"], 1, "is damaged, or is no SQLite file"),
        (["--store", "postgresql://u:planted@127.0.0.1:1/x"], 1, "the job store in PostgreSQL (127.0.0.1/x)"),
    ],
)
def test_store_that_cannot_be_used_is_named(
    capsys: pytest.CaptureFixture[str], store_option: list[str], code: int, message: str
) -> None:
    """No store, no such file, no database, no server: a sentence, without the password."""
    Path("notes.txt").write_text("notes " * 1000)
    found, output, problem = run(capsys, "list", *store_option)
    assert (found, output) == (code, "")
    assert message in problem
    assert "planted" not in problem


def test_completion_offers_actions_and_records(store: SQLiteJobStore, client: Tomoviee) -> None:
    """Actions have descriptions; records are those that are left to do."""
    client.text_to_video("A red fox")
    assert {found.word for found in candidates(["jobs"], "")} >= {"list", "resume", "save", "forget"}
    (offered,) = [found for found in candidates(["jobs", "save"], "") if not found.word.startswith("-")]
    assert (offered.word, offered.description) == (store.records()[0].id[:8], "tomoviee running")
    assert "--out" in {found.word for found in candidates(["jobs", "save"], "--")}


def test_completion_needs_no_store() -> None:
    """Without a store there are no records to offer, and no error."""
    assert [found.word for found in candidates(["jobs", "save"], "x")] == []


def test_generate_records_its_job(store: SQLiteJobStore, account: Account, simulator: Server) -> None:
    """`soundstage generate` with a store can be continued by `soundstage jobs`."""
    assert main(["generate", "tomoviee", "text_to_video", "A red fox", "--no-wait"]) == 0
    (record,) = store.records()
    (task,) = simulator.world.tasks(account)
    assert (record.state.value, record.job_id) == ("running", task.id)
    assert main(["generate", "tomoviee", "text_to_video", "A wolf", "--poll", "0.001", "--out", "wolf.mp4"]) == 0
    assert [one.state.value for one in store.records()] == ["running", "saved"]
