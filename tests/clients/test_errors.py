"""The error tree: as drawn, picklable, copyable."""

from __future__ import annotations

import copy
import pickle
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from soundstage import errors

CLASSES = [getattr(errors, name) for name in errors.__all__]
TEXTS = st.text(max_size=20)


def drawn() -> list[tuple[str, str]]:
    """The pairs of child and parent that the docstring draws."""
    stack: list[tuple[int, str]] = []
    pairs: list[tuple[str, str]] = []
    for line in (errors.__doc__ or "").splitlines():
        name = line.strip(" │├└─").partition(" ")[0]
        if name not in errors.__all__:
            continue
        column = line.index(name)
        while stack and stack[-1][0] >= column:
            stack.pop()
        pairs.append((name, stack[-1][1] if stack else "Exception"))
        stack.append((column, name))
    return pairs


def test_the_drawing_is_the_tree() -> None:
    """The tree in the docstring holds every class once, under its own base."""
    actual = [(kind.__name__, kind.__bases__[0].__name__) for kind in CLASSES]
    assert sorted(drawn()) == sorted(actual)


def test_a_bad_argument_is_also_a_value_error() -> None:
    """Code that knows nothing of this library still understands a bad argument."""
    assert issubclass(errors.InvalidArgument, ValueError)


@pytest.mark.parametrize("kind", CLASSES)
@given(
    message=TEXTS,
    details=st.fixed_dictionaries(
        {"code": st.integers() | TEXTS, "status": st.integers(), "body": TEXTS, "token": TEXTS, "request_id": TEXTS}
    ),
)
def test_every_error_survives_pickle_and_copy(
    kind: type[errors.SoundstageError], message: str, details: dict[str, Any]
) -> None:
    """An error that crosses a process or is copied says the same as before, with all it carries."""
    error = kind(message)
    error.__dict__.update(details)
    error.vendor = "tomoviee"
    error.add_note("a note")
    for twin in (pickle.loads(pickle.dumps(error)), copy.copy(error), copy.deepcopy(error)):  # noqa: S301 - our own bytes
        assert type(twin) is kind
        assert str(twin) == str(error)
        assert twin.__dict__ == error.__dict__


@pytest.mark.parametrize("kind", CLASSES)
def test_every_error_has_the_common_facts(kind: type[errors.SoundstageError]) -> None:
    """Whatever is caught can be asked for the same things; what is not known is None."""
    error = kind("said")
    assert error.message == "said"
    for name in ("vendor", "code", "request_id", "status", "body", "token", "retry_after"):
        assert getattr(error, name) is None


def test_a_value_that_is_not_plain_is_pickled_as_its_repr() -> None:
    """A bad argument may be anything, and the error about it still crosses a process."""
    error = errors.InvalidArgument("bad", field="on_event", value=lambda: None, allowed="nothing")
    assert "lambda" in pickle.loads(pickle.dumps(error)).value  # noqa: S301 - our own bytes


def test_the_text_names_what_helps_to_find_it() -> None:
    """The text of an error has vendor, code, status and request id, where they are known."""
    error = errors.ApiError("no", vendor="tomoviee", code=680400, status=400, request_id="r1")
    assert str(error) == "tomoviee: no (code 680400, HTTP 400, request id r1)"
    assert str(errors.ApiError("no")) == "no"
