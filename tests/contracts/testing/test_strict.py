"""A strict run fails the test that leaves something behind, by name."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from soundstage_contracts.options import OptionError, _output
from tests.contracts.test_plugin import session

if TYPE_CHECKING:
    from pathlib import Path

PROBLEMS = """
import socket

import pytest
from soundstage import SubmitOutcomeUnknown


def test_leak(simulator):
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as sock:
        sock.setblocking(False)
        try:
            sock.connect(("192.0.2.1", 443))
        except OSError:
            pass


def test_double(tomoviee):
    tomoviee.text_to_video("A fox")
    tomoviee.text_to_video("A fox")


def test_unused_order(simulator, tomoviee):
    simulator.tomoviee.order("fail", contains="bear")
    tomoviee.text_to_video("A fox")


def test_unused_fault(simulator):
    simulator.tomoviee.fault("reset_after", path="/nothing")


def test_unresolved(simulator, tomoviee):
    simulator.tomoviee.fault("reset_after", times=1)
    with pytest.raises(SubmitOutcomeUnknown):
        tomoviee.text_to_video("A fox")
"""
HARMLESS = """
import pytest
from soundstage import SubmitOutcomeUnknown


def test_used_order_and_fault(simulator, tomoviee):
    simulator.tomoviee.order("fail")
    simulator.tomoviee.fault("status", status=503, path="task", times=1)
    assert tomoviee.text_to_video("A fox").wait().state.value == "failed"


def test_resolved(simulator, cloudsway):
    simulator.cloudsway.fault("reset_after", times=1)
    with pytest.raises(SubmitOutcomeUnknown) as unknown:
        cloudsway.text_to_video("A fox")
    assert unknown.value.resolve()


@pytest.mark.soundstage_allow("double")
def test_allowed(tomoviee):
    tomoviee.text_to_video("A fox")
    tomoviee.text_to_video("A fox")


def test_without_the_simulator():
    pass


class TestOwn:
    @pytest.fixture
    def simulator(self):
        return 5

    def test_own_fixture_of_the_same_name(self, simulator):
        assert simulator == 5
"""


def test_strict_run_fails_each_test_that_leaves_something(tmp_path: Path) -> None:
    """A leak, a double submission, an unused order or fault, and a lost job each fail their test, with the reason."""
    code, printed = session(tmp_path, PROBLEMS, "--soundstage-strict")
    assert code == 1, printed
    assert "5 failed" in printed
    for line in (
        "leak: 1 connections to 192.0.2.1:443",
        "double: tomoviee tm_text2video_b: ",
        "unused: the order 'fail' for tomoviee contains='bear' met no task",
        "unused: the fault 'reset_after' for tomoviee path='/nothing' met no request",
        "was started, its response met the fault 'reset_after', and nothing has looked for it since",
    ):
        assert line in printed, printed


def test_ordinary_run_fails_none_of_them(tmp_path: Path) -> None:
    """Without the option, the same tests pass."""
    code, printed = session(tmp_path, PROBLEMS)
    assert code == 0, printed


OF_OTHERS = """
import pytest
from soundstage import Tomoviee


def submit_twice(url):
    with Tomoviee("program-key", "program-secret", base_url=f"{url}/tomoviee") as program:
        program.text_to_video("A fox")
        program.text_to_video("A fox")


def test_program_with_its_own_credential(simulator):
    submit_twice(simulator.url)


def test_next_one(simulator):
    assert not simulator.doubles_of_others()


@pytest.mark.soundstage_allow("double")
def test_that_may(simulator):
    submit_twice(simulator.url)
"""


def test_strict_run_sees_double_submissions_with_other_credentials(tmp_path: Path) -> None:
    """A program's own credential hides no double submission; the test during which it was made fails, and no other."""
    code, printed = session(tmp_path, OF_OTHERS, "--soundstage-strict", "-p", "no:randomly")
    assert code == 1, printed
    assert "1 failed, 2 passed" in printed
    assert "FAILED test_theirs.py::test_program_with_its_own_credential" in printed
    assert "double: tomoviee tm_text2video_b with another credential than the test's: " in printed


def test_strict_run_passes_what_leaves_nothing(tmp_path: Path) -> None:
    """Orders and faults that were met, resolved outcomes, what a mark allows, and other fixtures pass; by ini, too."""
    code, printed = session(tmp_path, HARMLESS, "-o", "soundstage_strict=true")
    assert code == 0, printed


def test_output_that_cannot_be_written_is_refused_before_the_run(tmp_path: Path) -> None:
    """A folder, and a place below a file, are refused by the name of the option; missing folders are made later."""
    file = tmp_path / "file"
    file.touch()
    for bad in (tmp_path, file / "report.html"):
        with pytest.raises(OptionError, match=r"--soundstage-report is .*; allowed: a file that can be written"):
            _output("--soundstage-report", str(bad))
    for good in (file, tmp_path / "new" / "report.html"):
        assert _output("--soundstage-report", str(good)) == good
    assert _output("--soundstage-report", None) is None
