"""The error tree: drawn in the docstring, picklable, copyable."""

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
    """Return the pairs of child and parent in the docstring."""
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


def test_docstring_draws_the_error_tree() -> None:
    """The docstring lists every class once, under its base class."""
    actual = [(kind.__name__, kind.__bases__[0].__name__) for kind in CLASSES]
    assert sorted(drawn()) == sorted(actual)


def test_invalid_argument_is_a_value_error() -> None:
    """Code that does not know this library can catch an invalid argument."""
    assert issubclass(errors.InvalidArgument, ValueError)


@pytest.mark.parametrize("kind", CLASSES)
@given(
    message=TEXTS,
    details=st.fixed_dictionaries(
        {"code": st.integers() | TEXTS, "status": st.integers(), "body": TEXTS, "token": TEXTS, "request_id": TEXTS}
    ),
)
def test_error_survives_pickle_and_copy(
    kind: type[errors.SoundstageError], message: str, details: dict[str, Any]
) -> None:
    """A pickled or copied error has the same message and attributes."""
    error = kind(message)
    error.__dict__.update(details)
    error.vendor = "tomoviee"
    error.add_note("a note")
    for twin in (pickle.loads(pickle.dumps(error)), copy.copy(error), copy.deepcopy(error)):  # noqa: S301 - our own bytes
        assert type(twin) is kind
        assert str(twin) == str(error)
        assert twin.__dict__ == error.__dict__


@pytest.mark.parametrize("kind", CLASSES)
def test_error_has_the_common_attributes(kind: type[errors.SoundstageError]) -> None:
    """Every error has the same attributes; an unknown one is None."""
    error = kind("what happened")
    assert error.message == "what happened"
    for name in ("vendor", "code", "request_id", "status", "body", "token", "retry_after"):
        assert getattr(error, name) is None


def test_complex_value_is_pickled_as_repr() -> None:
    """The error about any argument can be pickled."""
    error = errors.InvalidArgument("bad", field="on_event", value=lambda: None, allowed="nothing")
    assert "lambda" in pickle.loads(pickle.dumps(error)).value  # noqa: S301 - our own bytes


def test_message_has_vendor_code_status_and_request_id() -> None:
    """The text of an error has vendor, code, status and request id, where they are known."""
    error = errors.ApiError("no", vendor="tomoviee", code=680400, status=400, request_id="r1")
    assert str(error) == "tomoviee: no (code 680400, HTTP 400, request id r1)"
    assert str(errors.ApiError("no")) == "no"
